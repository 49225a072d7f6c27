/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_txn: a snapshot or write transaction of the cache, for cache*.c. */
#ifndef RESETGUARD_CACHE_TXN_H
#define RESETGUARD_CACHE_TXN_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include "resetguard/addresses.h"
#include "resetguard/store.h"

/* The cache's one record in the meta database. Key "cache"; version 1: version
 * 1, fingerprint 8, committed_at 4, history_sequence 4; little-endian. */
struct cache_meta {
	struct addresses_fingerprint fingerprint; /* of address.key */
	int64_t committed_at;
	uint32_t history_sequence; /* the last one given out */
};

struct cache_key {
	struct addresses_key key;
	struct addresses_fingerprint fingerprint;
	struct cache_key *older;
};

/* On a cache line of its own: its thread's neighbours write to theirs. */
struct cache_txn {
	alignas(64) struct store_txn *store;
	const struct cache_key *key;

	/* Of a write transaction. */
	struct cache_meta meta;
	int64_t now;
	bool written; /* there is something to commit */
	unsigned takers; /* who waits for changes that are added: 1 << enum outbox_taker */
	uint64_t outbox_dropped;
};

#endif
