/* SPDX-License-Identifier: BSD-2-Clause */
/* store: the LMDB environment, its transactions, its growth. */
#include "resetguard/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "resetguard/slots.h"
#include "store_env.h"

enum { LOOK_INTERVAL_MS = 1000 };

/* store_snapshot_id: the opening above these bits, LMDB's transaction id below. */
enum { TXN_ID_BITS = 48 };

struct store_txn {
	struct store *store;
	MDB_txn *txn; /* of a free slot: NULL or reset */
	int failure;  /* LMDB's first error in a write transaction */
	unsigned index;
};

struct store {
	unsigned readers;
	struct slots *slots;
	struct store_txn *txns; /* of the slots, and behind them the writer's */

	/* Held by whoever opens, closes or resizes, and throughout a write
	 * transaction. What follows changes only with it and all slots quiesced;
	 * whoever holds a slot or it may read. */
	pthread_mutex_t admin;
	struct store_env env;
	uint64_t openings;
	uint64_t resizings;

	_Atomic int64_t looked_at; /* monotonic ms */
	_Atomic enum err status;
	pthread_mutex_t why_lock;
	struct why why; /* of status */
};

static void close_environment(struct store *store)
{
	for (unsigned i = 0; i < store->readers; i++) {
		if (store->txns[i].txn != NULL)
			mdb_txn_abort(store->txns[i].txn);
		store->txns[i].txn = NULL;
	}
	store_env_close(&store->env);
}

/* why is read only if status is no ERR_OK. */
static void set_status(struct store *store, enum err status, const struct why *why)
{
	pthread_mutex_lock(&store->why_lock);
	if (status != ERR_OK)
		store->why = *why;
	atomic_store(&store->status, status);
	pthread_mutex_unlock(&store->why_lock);
}

static void reopen(struct store *store)
{
	struct why why;

	slots_quiesce(store->slots);
	close_environment(store);
	store->openings++;
	set_status(store, store_env_open(&store->env, &why), &why);
	slots_resume(store->slots);
}

static void give_up(struct store *store, enum err err, const struct why *why)
{
	slots_quiesce(store->slots);
	close_environment(store);
	set_status(store, err, why);
	slots_resume(store->slots);
}

/* Takes notice of what was done to the files from outside. With admin. */
static void look(struct store *store)
{
	struct store_files now;
	struct why why;

	if (store->env.lmdb == NULL) {
		reopen(store);
		return;
	}
	enum err err = store_files_look(&store->env.paths, &now, &why);
	if (err == ERR_OK && !file_id_equal(&now.lock, &store->env.files.lock)) {
		reopen(store);
		return;
	}
	if (err == ERR_OK && !file_id_equal(&now.data, &store->env.files.data))
		err = err_why(ERR_DAMAGED, &why,
			      "%s alone was exchanged while lock.mdb beside it is in use: put the "
			      "old file back, or exchange the whole directory",
			      store->env.paths.data);
	if (err == ERR_OK && now.data_size < store->env.files.data_size) {
		/* The map beyond the file's end is gone: nobody may touch it again. */
		err = store_files_cut_short(&store->env.paths, now.data_size, &why);
		give_up(store, err, &why);
		return;
	}
	if (err != atomic_load(&store->status))
		set_status(store, err, &why);
}

/* Another process has grown the map: follow. resizings tells what the caller has
 * seen, so that of many threads one does it. */
static void adopt_growth(struct store *store, uint64_t resizings)
{
	pthread_mutex_lock(&store->admin);
	if (store->env.lmdb != NULL && store->resizings == resizings) {
		slots_quiesce(store->slots);
		int rc = store_env_adopt_growth(&store->env);
		if (rc != 0) {
			struct why why;
			enum err err = store_env_why(&store->env, rc, &why);
			close_environment(store);
			set_status(store, err, &why);
		}
		store->resizings++;
		slots_resume(store->slots);
	}
	pthread_mutex_unlock(&store->admin);
}

/* A meta page could not be written, and LMDB gives the environment up for good: only one
 * that is opened anew goes on, from the last commit. openings as resizings above. Not
 * where the files are no longer those that were opened. */
static void open_anew(struct store *store, uint64_t openings)
{
	pthread_mutex_lock(&store->admin);
	if (store->openings == openings)
		look(store);
	if (store->openings == openings && store->env.lmdb != NULL &&
	    atomic_load(&store->status) == ERR_OK)
		reopen(store);
	pthread_mutex_unlock(&store->admin);
}

/* Whether it makes sense to try again what ended with LMDB's rc. Not with admin, nor a
 * slot. */
static bool has_mended(struct store *store, int rc, uint64_t openings, uint64_t resizings)
{
	if (rc == MDB_MAP_RESIZED)
		adopt_growth(store, resizings);
	else if (rc == MDB_PANIC)
		open_anew(store, openings);
	else
		return false;
	return true;
}

/* ---- the store ---- */

static enum err store_new(const struct store_options *options, bool writable,
			  struct store **store)
{
	struct store *new = calloc(1, sizeof *new);
	if (new == NULL)
		return ERR_NO_MEMORY;

	pthread_mutex_init(&new->admin, NULL);
	pthread_mutex_init(&new->why_lock, NULL);
	new->env.writable = writable;
	new->env.map_size = options->map_size;
	atomic_init(&new->looked_at, -LOOK_INTERVAL_MS);
	new->txns = calloc(options->readers + 1, sizeof *new->txns);
	if (new->txns != NULL)
		new->readers = options->readers;
	if (store_paths_init(options->directory, &new->env.paths) != ERR_OK || new->txns == NULL ||
	    slots_new(options->readers, &new->slots) != ERR_OK) {
		store_close(new);
		return ERR_NO_MEMORY;
	}
	for (unsigned i = 0; i <= options->readers; i++)
		new->txns[i] = (struct store_txn){.store = new, .index = i};
	*store = new;
	return ERR_OK;
}

enum err store_open_reader(const struct store_options *options, struct store **store,
			   struct why *why)
{
	struct store *new;
	if (store_new(options, false, &new) != ERR_OK)
		return err_why(ERR_NO_MEMORY, why, "%s: out of memory", options->directory);

	look(new);
	*store = new;
	return ERR_OK;
}

enum err store_open_writer(const struct store_options *options, struct store **store,
			   struct why *why)
{
	struct store *new;
	if (store_new(options, true, &new) != ERR_OK)
		return err_why(ERR_NO_MEMORY, why, "%s: out of memory", options->directory);

	enum err err = store_env_open(&new->env, why);
	if (err != ERR_OK) {
		store_close(new);
		return err;
	}
	*store = new;
	return ERR_OK;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	close_environment(store);
	slots_free(store->slots);
	pthread_mutex_destroy(&store->admin);
	pthread_mutex_destroy(&store->why_lock);
	free(store->txns);
	store_paths_free(&store->env.paths);
	free(store);
}

enum err store_status(struct store *store, struct why *why)
{
	pthread_mutex_lock(&store->why_lock);
	enum err status = atomic_load(&store->status);
	if (status != ERR_OK && why != NULL)
		*why = store->why;
	pthread_mutex_unlock(&store->why_lock);
	return status;
}

/* ---- snapshots ---- */

static int renew(struct store_txn *txn)
{
	MDB_env *lmdb = txn->store->env.lmdb;
	int dead;

	if (txn->txn != NULL) {
		int rc = mdb_txn_renew(txn->txn);
		if (rc == 0 || rc == MDB_MAP_RESIZED)
			return rc;
		mdb_txn_abort(txn->txn);
		txn->txn = NULL;
	}
	int rc = mdb_txn_begin(lmdb, NULL, MDB_RDONLY, &txn->txn);
	if (rc == MDB_READERS_FULL && mdb_reader_check(lmdb, &dead) == 0)
		rc = mdb_txn_begin(lmdb, NULL, MDB_RDONLY, &txn->txn);
	return rc;
}

enum err store_read_begin(struct store *store, int64_t monotonic_ms, struct store_txn **txn)
{
	int64_t looked_at = atomic_load_explicit(&store->looked_at, memory_order_relaxed);
	if (monotonic_ms - looked_at >= LOOK_INTERVAL_MS &&
	    atomic_compare_exchange_strong(&store->looked_at, &looked_at, monotonic_ms) &&
	    pthread_mutex_trylock(&store->admin) == 0) {
		look(store);
		pthread_mutex_unlock(&store->admin);
	}

	for (;;) {
		unsigned slot = slots_claim(store->slots);
		struct store_txn *claimed = &store->txns[slot];
		enum err err = atomic_load_explicit(&store->status, memory_order_relaxed);
		int rc = err == ERR_OK ? renew(claimed) : 0;
		if (err == ERR_OK && rc == 0) {
			*txn = claimed;
			return ERR_OK;
		}
		uint64_t openings = store->openings;
		uint64_t resizings = store->resizings;
		slots_release(store->slots, slot);
		if (!has_mended(store, rc, openings, resizings))
			return err != ERR_OK ? err : store_env_err(rc);
	}
}

void store_read_end(struct store_txn *txn)
{
	mdb_txn_reset(txn->txn);
	slots_release(txn->store->slots, txn->index);
}

uint64_t store_snapshot_id(const struct store_txn *txn)
{
	return txn->store->openings << TXN_ID_BITS | mdb_txn_id(txn->txn);
}

unsigned store_txn_index(const struct store_txn *txn)
{
	return txn->index;
}

/* ---- the write transaction ---- */

enum err store_write_begin(struct store *store, struct store_txn **txn, struct why *why)
{
	struct store_txn *writer = &store->txns[store->readers];
	enum err err;
	int rc;

	for (;;) {
		pthread_mutex_lock(&store->admin);
		look(store);
		err = store_status(store, why);
		rc = err == ERR_OK ? store_env_begin_write(&store->env, &writer->txn) : 0;
		if (err == ERR_OK && rc == 0) {
			writer->failure = 0;
			*txn = writer;
			return ERR_OK;
		}
		uint64_t openings = store->openings;
		uint64_t resizings = store->resizings;
		pthread_mutex_unlock(&store->admin);
		if (!has_mended(store, rc, openings, resizings))
			return err != ERR_OK ? err : store_env_why(&store->env, rc, why);
	}
}

enum err store_write_commit(struct store_txn *txn, struct why *why)
{
	struct store *store = txn->store;
	enum err err = ERR_OK;

	if (txn->failure != 0)
		return store_write_give_up(txn, ERR_OK, why);
	int rc = mdb_txn_commit(txn->txn);
	txn->txn = NULL;
	if (rc != 0)
		err = store_env_why(&store->env, rc, why);
	pthread_mutex_unlock(&store->admin);
	return err;
}

enum err store_write_give_up(struct store_txn *txn, enum err err, struct why *why)
{
	struct store *store = txn->store;

	mdb_txn_abort(txn->txn);
	txn->txn = NULL;
	if (txn->failure != 0)
		err = store_env_why(&store->env, txn->failure, why);
	pthread_mutex_unlock(&store->admin);
	return err;
}

void store_write_abort(struct store_txn *txn)
{
	mdb_txn_abort(txn->txn);
	txn->txn = NULL;
	pthread_mutex_unlock(&txn->store->admin);
}

/* ---- records ---- */

static MDB_val to_val(struct bytes bytes)
{
	return (MDB_val){.mv_size = bytes.length, .mv_data = (void *)(uintptr_t)bytes.data};
}

static struct bytes from_val(MDB_val val)
{
	return (struct bytes){.data = val.mv_data, .length = val.mv_size};
}

static bool is_missing(const struct store_txn *txn, enum store_db db)
{
	return txn->store->env.dbis[db] == STORE_NO_DBI;
}

enum err store_get(struct store_txn *txn, enum store_db db, struct bytes key, struct bytes *value)
{
	MDB_val wanted = to_val(key);
	MDB_val found;

	if (is_missing(txn, db))
		return ERR_NOT_FOUND;
	int rc = mdb_get(txn->txn, txn->store->env.dbis[db], &wanted, &found);
	if (rc != 0)
		return store_env_err(rc);
	*value = from_val(found);
	return ERR_OK;
}

/* LMDB would call a later failure of the same transaction by another name. */
static enum err written(struct store_txn *txn, int rc)
{
	if (rc != 0 && rc != MDB_KEYEXIST && rc != MDB_NOTFOUND && rc != MDB_BAD_VALSIZE &&
	    txn->failure == 0)
		txn->failure = rc;
	return store_env_err(rc);
}

static enum err put(struct store_txn *txn, enum store_db db, struct bytes key, struct bytes value,
		    unsigned flags)
{
	MDB_val at = to_val(key);
	MDB_val data = to_val(value);

	return written(txn, mdb_put(txn->txn, txn->store->env.dbis[db], &at, &data, flags));
}

enum err store_put(struct store_txn *txn, enum store_db db, struct bytes key, struct bytes value)
{
	return put(txn, db, key, value, 0);
}

enum err store_append(struct store_txn *txn, enum store_db db, struct bytes key,
		      struct bytes value)
{
	return put(txn, db, key, value, MDB_APPEND);
}

enum err store_delete(struct store_txn *txn, enum store_db db, struct bytes key)
{
	MDB_val at = to_val(key);

	return written(txn, mdb_del(txn->txn, txn->store->env.dbis[db], &at, NULL));
}

enum err store_clear(struct store_txn *txn, enum store_db db)
{
	return written(txn, mdb_drop(txn->txn, txn->store->env.dbis[db], 0));
}

/* ---- cursors: a struct store_cursor is LMDB's, under a name of our own ---- */

static MDB_cursor *to_lmdb(struct store_cursor *cursor)
{
	return (MDB_cursor *)cursor;
}

enum err store_cursor_open(struct store_txn *txn, enum store_db db, struct store_cursor **cursor)
{
	MDB_cursor *opened;

	if (is_missing(txn, db))
		return ERR_NOT_FOUND;
	int rc = mdb_cursor_open(txn->txn, txn->store->env.dbis[db], &opened);
	if (rc != 0)
		return store_env_err(rc);
	*cursor = (struct store_cursor *)opened;
	return ERR_OK;
}

void store_cursor_close(struct store_cursor *cursor)
{
	mdb_cursor_close(to_lmdb(cursor));
}

static enum err move(struct store_cursor *cursor, MDB_cursor_op op, MDB_val at,
		     struct bytes *found, struct bytes *value)
{
	MDB_val data;

	int rc = mdb_cursor_get(to_lmdb(cursor), &at, &data, op);
	if (rc != 0)
		return store_env_err(rc);
	*found = from_val(at);
	*value = from_val(data);
	return ERR_OK;
}

enum err store_cursor_seek(struct store_cursor *cursor, struct bytes key, struct bytes *found,
			   struct bytes *value)
{
	return move(cursor, key.length == 0 ? MDB_FIRST : MDB_SET_RANGE, to_val(key), found, value);
}

enum err store_cursor_next(struct store_cursor *cursor, struct bytes *found, struct bytes *value)
{
	return move(cursor, MDB_NEXT, (MDB_val){0}, found, value);
}

enum err store_count(struct store_txn *txn, enum store_db db, uint64_t *entries)
{
	MDB_stat stat = {.ms_entries = 0};

	int rc = is_missing(txn, db) ? 0 : mdb_stat(txn->txn, txn->store->env.dbis[db], &stat);
	if (rc != 0)
		return store_env_err(rc);
	*entries = stat.ms_entries;
	return ERR_OK;
}

enum err store_readers(struct store *store, struct store_readers *readers)
{
	enum err err = ERR_UNAVAILABLE;

	pthread_mutex_lock(&store->admin);
	if (store->env.lmdb != NULL)
		err = store_env_err(store_env_readers(&store->env, readers));
	pthread_mutex_unlock(&store->admin);
	return err;
}
