/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_txn: a snapshot or write transaction of the cache, for cache*.c. */
#ifndef RESETGUARD_CACHE_TXN_H
#define RESETGUARD_CACHE_TXN_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "resetguard/addresses.h"
#include "resetguard/cache.h"
#include "resetguard/store.h"

/* The cache's one record in the meta database. Key "cache"; version 1: version
 * 1, fingerprint 8, committed_at 4, history_sequence 4; little-endian. */
struct cache_meta {
	struct addresses_fingerprint fingerprint; /* of address.key */
	int64_t committed_at;
	uint32_t history_sequence; /* the last one given out */
};

enum { CACHE_META_SIZE = 1 + ADDRESSES_FINGERPRINT_SIZE + 4 + 4 };

struct bytes cache_meta_name(void);
void cache_meta_encode(const struct cache_meta *meta, unsigned char record[CACHE_META_SIZE]);
MUST_CHECK enum err cache_meta_decode(struct bytes record, struct cache_meta *meta);
/* The key that was staged for what is committed takes its place, another goes. In a
 * write transaction, so that nobody stages one meanwhile. */
MUST_CHECK enum err cache_settle_key(struct store *store, const char *cache_dir, struct why *why);

/* Never changed or freed while the cache is open, but for verified. */
struct cache_key {
	struct addresses_key key;
	struct addresses_fingerprint fingerprint;
	_Atomic uint64_t verified; /* store_snapshot_id of the last one it belongs to; 0: none */
	struct cache_key *older;
};

/* Who is told of records that make no sense: cache_options. */
struct cache_damage {
	void (*told)(void *context, const char *database, const char *name);
	void *context;
};

/* On a cache line of its own: its thread's neighbours write to theirs. */
struct cache_txn {
	alignas(64) struct store_txn *store;
	const struct cache_key *key;
	const struct cache_damage *damage;

	/* Of a write transaction. */
	struct cache_meta meta;
	int64_t now;
	bool written; /* there is something to commit */
	unsigned takers; /* who waits for changes that are added: 1 << enum outbox_taker */
	uint64_t outbox_dropped;
};

/* cache_write_begin at a time of the caller's; with after_future, also after a commit that
 * is yet to come. */
MUST_CHECK enum err cache_write_begin_at(struct cache *cache, int64_t now, bool after_future,
					 struct cache_txn **txn, struct why *why);

typedef enum err cache_store_opener(const struct store_options *, struct store **, struct why *);

/* The store below cache_dir, with the opener. */
MUST_CHECK enum err cache_open_store(const struct cache_options *options,
				     cache_store_opener *opener, struct store **store,
				     struct why *why);

#endif
