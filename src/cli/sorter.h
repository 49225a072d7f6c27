/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sorter: more rows than memory holds, brought into the order of their keys.
 *
 * Rows are gathered in one block of memory. When it is full, it is sorted and
 * written to a temporary file, which has no name, so that nothing of it stays
 * however the program ends. At the end what was written is merged. Rows that fit
 * into the block touch no file.
 *
 * The order is that of the bytes of the keys, a key before those that it begins:
 * the store's own. Of rows with one key there comes out one, folded of all.
 */
#ifndef RESETGUARD_SORTER_H
#define RESETGUARD_SORTER_H

#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"

enum { SORTER_KEY_MAX = 255, SORTER_VALUE_MAX = 16, SORTER_MEMORY_MIN = 4096 };

struct sorter;

struct sorter_options {
	const char *directory; /* for the temporary file; copied */
	size_t memory;	       /* of the block, and of what reads the file back: from
				  SORTER_MEMORY_MIN to below 4 GiB */
	size_t value_size;     /* of every row, at most SORTER_VALUE_MAX */
	/* Makes one value of two, in into. In any order, and not in that of adding. */
	void (*fold)(void *into, const void *from);
};

/* ERR_NO_MEMORY. */
MUST_CHECK enum err sorter_new(const struct sorter_options *options, struct sorter **sorter);
void sorter_free(struct sorter *sorter);

/* Copies key (1 to SORTER_KEY_MAX bytes) and value. ERR_FULL, ERR_IO...: of the
 * temporary file; nothing can be added or read after that. */
MUST_CHECK enum err sorter_add(struct sorter *sorter, const void *key, size_t length,
			       const void *value, struct why *why);
/* How many were added, those with one key counted each. */
uint64_t sorter_count(const struct sorter *sorter);

/* Once, after the last row was added. */
MUST_CHECK enum err sorter_finish(struct sorter *sorter, struct why *why);

struct sorter_row {
	size_t length;
	unsigned char key[SORTER_KEY_MAX];
	unsigned char value[SORTER_VALUE_MAX];
	uint64_t folded; /* of how many rows, added up: this one's place in sorter_count */
};

/* The next row in order. ERR_NOT_FOUND: that was the last one. */
MUST_CHECK enum err sorter_next(struct sorter *sorter, struct sorter_row *row, struct why *why);

#endif
