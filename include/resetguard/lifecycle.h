/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lifecycle: how soon the names of a TLD can be gone after their expiration date.
 *
 * A table in a file: suffix, days from expiry to deletion, days before expiry from
 * which a name is looked at daily; # begins a comment.
 */
#ifndef RESETGUARD_LIFECYCLE_H
#define RESETGUARD_LIFECYCLE_H

#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"

enum {
	LIFECYCLE_LINE_MAX = 1024,
	LIFECYCLE_ROWS_MAX = 10000,
	LIFECYCLE_DAYS_MAX = 366,
};

/* One row; watch_before 0: no row, the general rules hold. Seconds. */
struct lifecycle {
	int64_t gone_after;   /* from the expiration date */
	int64_t watch_before; /* the expiration date */
};

/* Read-only once made: any thread. */
struct lifecycle_table;

/* why says "FILE:LINE: ...". The caller frees. */
MUST_CHECK enum err lifecycle_read(const char *path, struct lifecycle_table **table,
				   struct why *why);
void lifecycle_free(struct lifecycle_table *table);

/* The row of the longest suffix that domain is or lies below. table may be NULL. */
struct lifecycle lifecycle_of(const struct lifecycle_table *table, const struct domain *domain);

#endif
