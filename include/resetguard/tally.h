/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally: how often each of many names was met, in bounded memory.
 *
 * Space-Saving (Metwally, Agrawal and El Abbadi, 2005): as long as there are fewer
 * names than places every count is exact. Then a new name takes the place of the one
 * met least, and its count with it: what is met more often than total / places is
 * never missed, and a count is too large by at most its slack.
 *
 * One thread.
 */
#ifndef RESETGUARD_TALLY_H
#define RESETGUARD_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"

enum { TALLY_NAME_MAX = 255 }; /* what is longer is cut */

struct tally_row {
	const char *name; /* the tally's */
	uint64_t count;
	uint64_t slack; /* count is too large by at most this */
};

struct tally;

MUST_CHECK enum err tally_new(size_t places, struct tally **tally);
void tally_free(struct tally *tally);

/* The name was met once. */
void tally_add(struct tally *tally, const char *name);

/* How many names have a place. */
size_t tally_count(const struct tally *tally);
/* The ones met most often, most first, by name where that is equal. Returns how many,
 * at most most. Valid until the next tally_add. */
size_t tally_top(const struct tally *tally, struct tally_row *rows, size_t most);

#endif
