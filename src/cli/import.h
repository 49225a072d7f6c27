/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: rows on their way into the cache.
 *
 * Merging: lapsed_at, changed_at, verified_at, unverified_at, registered_at by
 * maximum, first_seen_at by minimum, and never later than the oldest verified_at
 * of an address there; everything else from the record checked later.
 */
#ifndef RESETGUARD_IMPORT_H
#define RESETGUARD_IMPORT_H

#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "records.h"

/* A domain that was named: its text lies in names at offset. Times have 32 bits
 * as on disk, 0 for none. */
struct import_domain {
	size_t offset;
	uint32_t verified_at; /* of the domain itself: the oldest of its rows */
	uint32_t oldest;      /* verified_at of an address there */
};

struct import_address {
	struct address_hash hash;
	uint32_t verified_at;
};

struct import {
	struct cli *cli;

	char *names;
	size_t names_length;
	size_t names_size;
	struct import_domain *domain_rows;
	size_t domain_count;
	size_t domain_size;
	struct import_address *address_rows;
	size_t address_count;
	size_t address_size;
	struct records_row *json_rows; /* the batch in hand */
	size_t json_count;

	uint64_t domains;
	uint64_t new_domains;
	uint64_t addresses;
	uint64_t others;
	uint64_t unreadable;
};

/* A domain or address, verified_at 0 for none. ERR_DATA: it cannot be used. */
MUST_CHECK enum err import_name(struct import *import, const char *text, int64_t verified_at,
				struct why *why);
/* One line as exported. ERR_DATA: it cannot be used. */
MUST_CHECK enum err import_json(struct import *import, const char *text, size_t length,
				struct why *why);
/* Merges and commits what is in hand. */
MUST_CHECK enum err import_finish(struct import *import, struct why *why);
void import_free(struct import *import);

#endif
