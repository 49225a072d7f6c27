/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: rows on their way into the cache.
 *
 * Names and addresses are gathered and brought into order first, since one account
 * may stand in two places in two spellings: of rows that collide the older date
 * counts. Then they are merged into the cache batch by batch. Exported rows are
 * merged in batches as they come. A batch is one transaction: whatever ends an
 * import leaves whole batches behind, and the same import again does the rest.
 *
 * Merging: lapsed_at, changed_at, verified_at, unverified_at, registered_at by
 * maximum, first_seen_at by minimum, and never later than the oldest verified_at
 * of an address there; everything else from the record checked later. A record in the
 * cache that makes no sense begins anew first, unverified until it is verified.
 */
#ifndef RESETGUARD_IMPORT_H
#define RESETGUARD_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "cli.h"

/* What keeps the rows of one kind in order, domains or addresses. */
enum { IMPORT_SORT_MEMORY = 64 << 20 };

struct import;

/* What has been done so far. */
struct import_counts {
	uint64_t domains; /* in the cache now */
	uint64_t new_domains;
	uint64_t addresses;
	uint64_t others; /* pins and events */
	uint64_t done;	 /* of the names and addresses that were gathered */
	uint64_t all;
};

struct import_options {
	struct cli *cli;	/* configuration, suffixes, cache; its now is that of the facts */
	int64_t (*clock)(void); /* the time of a commit */
	size_t sort_memory;
	/* Asked now and then while the names are stored: false ends that, with what
	 * was stored until then committed. */
	bool (*goes_on)(void *context, const struct import_counts *counts);
	void *context;
};

MUST_CHECK enum err import_new(const struct import_options *options, struct import **import);
void import_free(struct import *import);

/* A domain or address, verified_at 0 for none. ERR_DATA: it cannot be used. */
MUST_CHECK enum err import_name(struct import *import, const char *text, int64_t verified_at,
				struct why *why);
/* One line as exported. ERR_DATA: it cannot be used. */
MUST_CHECK enum err import_json(struct import *import, const char *text, size_t length,
				struct why *why);
/* Merges and commits what is in hand, until goes_on says no. */
MUST_CHECK enum err import_finish(struct import *import, struct why *why);

struct import_counts import_counts(const struct import *import);

#endif
