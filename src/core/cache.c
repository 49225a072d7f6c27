/* SPDX-License-Identifier: BSD-2-Clause */
/* cache: the records of the store as values, changed together. */
#include "resetguard/cache.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_layout.h"
#include "cache_txn.h"
#include "resetguard/cache_health.h"
#include "resetguard/log.h"
#include "resetguard/store.h"
#include "resetguard/time.h"
#include "resetguard/wire.h"

enum { KEY_TRIES = 3 }; /* snapshots, until one goes with the key that is there */

struct cache {
	struct store *store;
	char *cache_dir;
	struct cache_txn *txns; /* by store_txn_index */
	unsigned takers;	/* of changes; 1 << enum outbox_taker */

	/* The key that belongs to the last snapshot verified; it says itself which that
	 * is, since a restore may bring another key while older snapshots are read. */
	_Atomic(struct cache_key *) key;

	bool begins_anew; /* cache_options */
	struct cache_damage damage;
	bool key_is_staged; /* of the writer */

	pthread_mutex_t lock; /* for what follows, and to verify */
	struct cache_key *keys;
	enum err problem;
	struct why why; /* of problem */
};

/* ---- meta and key ---- */

static enum err read_meta(const struct cache *cache, struct store_txn *txn, struct cache_meta *meta,
			  struct why *why)
{
	struct bytes record;

	enum err err = store_get(txn, STORE_META, cache_meta_name(), &record);
	if (err == ERR_NOT_FOUND)
		return err_why(ERR_NO_INPUT, why, "%s is empty: run 'resetguard import'",
			       cache->cache_dir);
	if (err == ERR_OK)
		err = cache_meta_decode(record, meta);
	if (err == ERR_VERSION)
		return err_why(err, why,
			       "%s was made by a version of resetguard that this one does not know: "
			       "install that one, or move the cache away and import its export",
			       cache->cache_dir);
	if (err == ERR_DAMAGED)
		return err_why(err, why, "%s: its meta record is damaged: restore a backup",
			       cache->cache_dir);
	if (err != ERR_OK)
		return err_why(err, why, "%s: its meta record cannot be read: %s", cache->cache_dir,
			       err_text(err));
	return ERR_OK;
}

static bool fingerprint_equal(const struct addresses_fingerprint *a,
			      const struct addresses_fingerprint *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Any thread may be using the keys that were in use before: they stay. */
static enum err add_key(struct cache *cache, const struct addresses_key *key,
			struct cache_key **added, struct why *why)
{
	struct cache_key *new = calloc(1, sizeof *new);
	if (new == NULL)
		return err_why(ERR_NO_MEMORY, why, "%s: out of memory", cache->cache_dir);

	new->key = *key;
	new->fingerprint = addresses_key_fingerprint(key);
	new->older = cache->keys;
	cache->keys = new;
	*added = new;
	return ERR_OK;
}

/* The key that belongs to meta: one that was in use before, or that of the file. */
static enum err match_key(struct cache *cache, const struct cache_meta *meta,
			  struct cache_key **key, struct why *why)
{
	struct addresses_key read;

	for (struct cache_key *known = cache->keys; known != NULL; known = known->older) {
		if (fingerprint_equal(&known->fingerprint, &meta->fingerprint)) {
			*key = known;
			return ERR_OK;
		}
	}
	enum err err = cache_layout_find_key(cache->cache_dir, &meta->fingerprint, &read,
					     &cache->key_is_staged, why);
	return err == ERR_OK ? add_key(cache, &read, key, why) : err;
}

/* Whether this program can read what the transaction shows, and with which key. */
static enum err verify(struct cache *cache, struct store_txn *txn, struct cache_meta *meta,
		       struct cache_key **key, struct why *why)
{
	pthread_mutex_lock(&cache->lock);
	enum err err = read_meta(cache, txn, meta, &cache->why);
	if (err == ERR_OK)
		err = match_key(cache, meta, key, &cache->why);
	cache->problem = err;
	if (err != ERR_OK && why != NULL)
		*why = cache->why;
	pthread_mutex_unlock(&cache->lock);
	return err;
}

/* ---- opening ---- */

/* Without its store. NULL: out of memory. */
static struct cache *cache_new(const struct cache_options *options)
{
	size_t txns = (size_t)options->readers + 1;

	struct cache *new = calloc(1, sizeof *new);
	if (new == NULL)
		return NULL;
	pthread_mutex_init(&new->lock, NULL);
	new->takers = options->takers;
	new->cache_dir = strdup(options->cache_dir);
	new->begins_anew = options->begins_anew;
	new->damage = (struct cache_damage){options->damaged, options->context};
	new->txns = aligned_alloc(alignof(struct cache_txn), txns * sizeof *new->txns);
	if (new->cache_dir == NULL || new->txns == NULL) {
		cache_close(new);
		return NULL;
	}
	return new;
}

enum err cache_open_store(const struct cache_options *options, cache_store_opener *opener,
			  struct store **store, struct why *why)
{
	char *directory = NULL;
	if (asprintf(&directory, "%s/cache", options->cache_dir) < 0)
		return err_why(ERR_NO_MEMORY, why, "%s: out of memory", options->cache_dir);

	struct store_options store_options = {
		.directory = directory,
		.map_size = options->map_size,
		.readers = options->readers,
	};
	enum err err = opener(&store_options, store, why);
	free(directory);
	return err;
}

static enum err open_with(cache_store_opener *opener, const struct cache_options *options,
			  struct cache **cache, struct why *why)
{
	struct cache *new = cache_new(options);
	if (new == NULL)
		return err_why(ERR_NO_MEMORY, why, "%s: out of memory", options->cache_dir);

	enum err err = cache_open_store(options, opener, &new->store, why);
	if (err != ERR_OK) {
		cache_close(new);
		return err;
	}
	*cache = new;
	return ERR_OK;
}

enum err cache_open_reader(const struct cache_options *options, struct cache **cache,
			   struct why *why)
{
	struct cache *new;
	struct cache_txn *txn;

	enum err err = open_with(store_open_reader, options, &new, why);
	if (err != ERR_OK)
		return err;
	/* So that cache_status knows. */
	if (cache_read_begin(new, 0, &txn) == ERR_OK)
		cache_read_end(txn);
	*cache = new;
	return ERR_OK;
}

/* A new one, staged, or the one that is there and may begin a new cache. */
static enum err first_key(struct cache *cache, struct addresses_key *key, struct why *why)
{
	if (cache->begins_anew) {
		enum err err = cache_layout_read_key(cache->cache_dir, key, why);
		if (err != ERR_NO_INPUT)
			return err;
	}
	enum err err = cache_layout_check_new(cache->cache_dir, why);
	if (err != ERR_OK)
		return err;
	err = addresses_key_generate(key);
	if (err != ERR_OK)
		return err_why(err, why, "%s: no random numbers for address.key", cache->cache_dir);
	return cache_layout_stage_key(cache->cache_dir, key, why);
}

/* The first record of a new cache. The key is on disk before its fingerprint. */
static enum err create_meta(struct cache *cache, struct store_txn *txn, struct why *why)
{
	unsigned char record[CACHE_META_SIZE];
	struct cache_meta meta = {0};
	struct addresses_key key;
	uint64_t domains;

	enum err err = store_count(txn, STORE_FACTS, &domains);
	if (err != ERR_OK)
		return err_why(err, why, "%s: %s", cache->cache_dir, err_text(err));
	if (domains > 0)
		return err_why(ERR_DAMAGED, why, "%s has lost its meta record: restore a backup",
			       cache->cache_dir);

	err = first_key(cache, &key, why);
	if (err != ERR_OK)
		return err;
	meta.fingerprint = addresses_key_fingerprint(&key);
	cache_meta_encode(&meta, record);
	err = store_put(txn, STORE_META, cache_meta_name(), (struct bytes){record, sizeof record});
	return err == ERR_OK ? ERR_OK : err_why(err, why, "%s: %s", cache->cache_dir, err_text(err));
}

static enum err make_ready(struct cache *cache, struct why *why)
{
	struct store_txn *txn;
	struct bytes record;
	struct cache_meta meta;
	struct cache_key *key;

	enum err err = store_write_begin(cache->store, &txn, why);
	if (err != ERR_OK)
		return err;
	if (store_get(txn, STORE_META, cache_meta_name(), &record) == ERR_NOT_FOUND)
		err = create_meta(cache, txn, why);
	if (err == ERR_OK)
		err = verify(cache, txn, &meta, &key, why);
	if (err != ERR_OK) {
		store_write_abort(txn);
		return err;
	}
	err = store_write_commit(txn, why);
	if (err == ERR_OK && cache->key_is_staged)
		err = cache_settle_key(cache->store, cache->cache_dir, why);
	return err;
}

enum err cache_open_writer(const struct cache_options *options, struct cache **cache,
			   struct why *why)
{
	struct cache *new;

	enum err err = options->begins_anew ? ERR_OK
					    : cache_layout_check_lost(options->cache_dir, why);
	if (err == ERR_OK)
		err = open_with(store_open_writer, options, &new, why);
	if (err != ERR_OK)
		return err;
	err = make_ready(new, why);
	if (err != ERR_OK) {
		cache_close(new);
		return err;
	}
	*cache = new;
	return ERR_OK;
}

void cache_close(struct cache *cache)
{
	if (cache == NULL)
		return;
	store_close(cache->store);
	while (cache->keys != NULL) {
		struct cache_key *older = cache->keys->older;
		free(cache->keys);
		cache->keys = older;
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache->txns);
	free(cache->cache_dir);
	free(cache);
}

enum err cache_status(struct cache *cache, struct why *why)
{
	enum err err = store_status(cache->store, why);
	if (err != ERR_OK)
		return err;

	pthread_mutex_lock(&cache->lock);
	err = cache->problem;
	if (err != ERR_OK && why != NULL)
		*why = cache->why;
	pthread_mutex_unlock(&cache->lock);
	return err;
}

enum err cache_readers(struct cache *cache, struct store_readers *readers)
{
	return store_readers(cache->store, readers);
}

/* ---- transactions ---- */

static struct cache_txn *txn_of(struct cache *cache, struct store_txn *store,
				const struct cache_key *key)
{
	struct cache_txn *txn = &cache->txns[store_txn_index(store)];

	txn->store = store;
	txn->key = key;
	txn->damage = &cache->damage;
	return txn;
}

/* *is_key: whether it is meta or the key that err is about. */
static enum err begin_read(struct cache *cache, int64_t monotonic_ms, struct cache_txn **txn,
			   bool *is_key)
{
	struct cache_meta meta;
	struct store_txn *store;

	enum err err = store_read_begin(cache->store, monotonic_ms, &store);
	*is_key = err == ERR_OK;
	if (err != ERR_OK)
		return err;
	uint64_t snapshot = store_snapshot_id(store);
	struct cache_key *key = atomic_load_explicit(&cache->key, memory_order_acquire);
	if (key == NULL ||
	    atomic_load_explicit(&key->verified, memory_order_acquire) != snapshot) {
		err = verify(cache, store, &meta, &key, NULL);
		if (err != ERR_OK) {
			store_read_end(store);
			return err;
		}
		atomic_store_explicit(&key->verified, snapshot, memory_order_release);
		atomic_store_explicit(&cache->key, key, memory_order_release);
	}
	*txn = txn_of(cache, store, key);
	return ERR_OK;
}

enum err cache_read_begin(struct cache *cache, int64_t monotonic_ms, struct cache_txn **txn)
{
	bool is_key;

	enum err err = begin_read(cache, monotonic_ms, txn, &is_key);
	/* A restore may have put another key in place since the snapshot, or between two
	 * looks for it: the next snapshot goes with it. */
	for (unsigned tries = 1; err == ERR_DAMAGED && is_key && tries < KEY_TRIES; tries++)
		err = begin_read(cache, monotonic_ms, txn, &is_key);
	return err;
}

enum err cache_snapshot(struct cache *cache, int64_t monotonic_ms, struct cache_txn **txn,
			struct why *why)
{
	enum err err = cache_read_begin(cache, monotonic_ms, txn);

	if (err != ERR_OK && cache_status(cache, why) == ERR_OK)
		return err_why(err, why, "%s: %s", cache->cache_dir, err_text(err));
	return err;
}

void cache_read_end(struct cache_txn *txn)
{
	store_read_end(txn->store);
}

/* In a transaction that is the caller's, and ended here on failure. */
static enum err begin_write(struct cache *cache, struct store_txn *store, int64_t now,
			    bool after_future, struct cache_txn **txn, struct why *why)
{
	struct cache_meta meta;
	struct cache_key *key;

	enum err err = verify(cache, store, &meta, &key, why);
	if (err == ERR_OK && now < meta.committed_at && !after_future)
		err = err_why(ERR_CLOCK, why,
			      "the clock says %s, but %s was last written at %s: set the clock right, "
			      "or, if it was wrong then, run 'resetguard prune --future'",
			      time_format(now).text, cache->cache_dir,
			      time_format(meta.committed_at).text);
	if (err != ERR_OK) {
		store_write_abort(store);
		return err;
	}
	struct cache_txn *begun = txn_of(cache, store, key);
	begun->meta = meta;
	begun->now = now;
	begun->written = false;
	begun->takers = cache->takers;
	begun->outbox_dropped = 0;
	*txn = begun;
	return ERR_OK;
}

enum err cache_write_begin_at(struct cache *cache, int64_t now, bool after_future,
			      struct cache_txn **txn, struct why *why)
{
	struct store_txn *store;

	enum err err = store_write_begin(cache->store, &store, why);
	return err == ERR_OK ? begin_write(cache, store, now, after_future, txn, why) : err;
}

enum err cache_write_begin(struct cache *cache, int64_t (*clock)(void), struct cache_txn **txn,
			   struct why *why)
{
	struct store_txn *store;

	enum err err = store_write_begin(cache->store, &store, why);
	return err == ERR_OK ? begin_write(cache, store, clock(), false, txn, why) : err;
}

int64_t cache_committed_at(const struct cache_txn *txn)
{
	return txn->meta.committed_at;
}

static enum err write_meta(struct cache_txn *txn)
{
	unsigned char record[CACHE_META_SIZE];

	txn->meta.committed_at = txn->now;
	cache_meta_encode(&txn->meta, record);
	return store_put(txn->store, STORE_META, cache_meta_name(), (struct bytes){record, sizeof record});
}

enum err cache_write_commit(struct cache_txn *txn, struct why *why)
{
	enum err written = txn->written ? write_meta(txn) : ERR_OK;
	uint64_t dropped = txn->outbox_dropped;
	/* Says why, also of what went wrong before. */
	enum err committed = store_write_commit(txn->store, why);

	if (committed == ERR_OK && dropped > 0)
		log_line(LOG_LEVEL_ERROR,
			 "THE OUTBOX IS FULL: %d changes wait for the application, and the %" PRIu64
			 " oldest were dropped untold; see why on_change_command or on_change_url "
			 "does not take them; 'resetguard history' still has them",
			 OUTBOX_MAX, dropped);
	return committed != ERR_OK ? committed : written;
}

void cache_write_abort(struct cache_txn *txn)
{
	store_write_abort(txn->store);
}
