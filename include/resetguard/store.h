/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store: the LMDB environment, its transactions, its growth. The only module
 * that knows LMDB; records are bytes here.
 *
 * What LMDB needs to be told, and what is hidden here:
 * - a reader thread may be another one at every call (milter sessions move), so
 *   MDB_NOTLS, and a pool of read transactions that are reset and renewed;
 * - the pool is quiesced before the map is resized or the environment reopened;
 * - readers need write access to the lock file: without it LMDB silently reads
 *   without a slot, and the writer recycles pages under it: refused here;
 * - the data file cut short is a SIGBUS on read: its size is checked against the
 *   meta page at open;
 * - data.mdb alone exchanged under a living lock file destroys data: device and
 *   inode of data.mdb and lock.mdb are looked at when a transaction begins, by
 *   readers at most once a second. When the whole directory was exchanged it is
 *   opened anew; when data.mdb alone was, or when something is gone, nothing is
 *   read until that is put right;
 * - pages that were taken and given back in one transaction at the file's end are
 *   never written, so that a sound file can be shorter than its meta page says:
 *   the writer keeps the file longer than that.
 *
 * A value handed out is gone when its transaction ends or writes: decode first.
 *
 * A thread that holds a snapshot begins no other, and no write transaction: it
 * might wait for itself. Within a write transaction, read from that. A process
 * has one store for a directory: LMDB must not open a file twice.
 */
#ifndef RESETGUARD_STORE_H
#define RESETGUARD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "resetguard/err.h"
#include "resetguard/wire.h"

/* The databases of the environment, by their names on disk. Those after STORE_META
 * came later: in an environment that lacks one, it reads as empty until the next
 * writer has made it. */
enum store_db {
	STORE_FACTS,
	STORE_DUE,
	STORE_HISTORY,
	STORE_ADDRESSES,
	STORE_PINS,
	STORE_META,
	STORE_PARKED,
	STORE_HOSTS,
	STORE_OUTBOX,
};
enum { STORE_DB_COUNT = 9 };

const char *store_db_name(enum store_db db);

enum { STORE_KEY_MAX = 511 };

struct store;
struct store_txn; /* one snapshot, or one write transaction */
struct store_cursor;

struct store_options {
	const char *directory; /* holds data.mdb and lock.mdb; copied */
	uint64_t map_size;     /* bytes of address space to reserve */
	unsigned readers;      /* read transactions at the same time in this process */
};

/* For the milter, lookup, list...: never creates, never writes facts. Succeeds
 * even if the environment cannot be opened now: every store_read_begin tries
 * again, at most once a second, and store_status says what is wrong. Fails with
 * ERR_NO_MEMORY only. */
MUST_CHECK enum err store_open_reader(const struct store_options *options, struct store **store,
				      struct why *why);

/* For the updater and the operator's commands. Creates the environment (data.mdb
 * 0640, lock.mdb 0660 by fchmod) in a directory that exists. One writer handle
 * a process; its reads use it too. */
MUST_CHECK enum err store_open_writer(const struct store_options *options, struct store **store,
				      struct why *why);

/* No transaction may be open. */
void store_close(struct store *store);

/* 0 or why nothing can be read now. Any thread. */
enum err store_status(struct store *store, struct why *why);

/* Begins a snapshot. monotonic_ms paces the look at device and inode. No
 * allocation, lock or system call on the usual path. Any thread; the snapshot
 * belongs to the caller until store_read_end, on whatever thread. */
MUST_CHECK enum err store_read_begin(struct store *store, int64_t monotonic_ms,
				     struct store_txn **txn);
void store_read_end(struct store_txn *txn);

/* Equal for two snapshots of one store only if they show the same data. */
uint64_t store_snapshot_id(const struct store_txn *txn);

/* Which of the store's transactions this is: 0 to readers - 1 for snapshots,
 * readers for the write transaction. A caller can keep what it has to say about
 * each in an array, without a lock. */
unsigned store_txn_index(const struct store_txn *txn);

/* Waits for another process's write transaction to end: never hold one across
 * network I/O. */
MUST_CHECK enum err store_write_begin(struct store *store, struct store_txn **txn,
				      struct why *why);
/* Ends the transaction whatever it returns. ERR_FULL, ERR_IO: nothing of it is stored. */
MUST_CHECK enum err store_write_commit(struct store_txn *txn, struct why *why);
void store_write_abort(struct store_txn *txn);
/* Aborts after err, whose why the caller has set. Returns err; but if a write had failed, the
 * first one's, and why. */
MUST_CHECK enum err store_write_give_up(struct store_txn *txn, enum err err, struct why *why);

/* ERR_NOT_FOUND when there is no such key. */
MUST_CHECK enum err store_get(struct store_txn *txn, enum store_db db, struct bytes key,
			      struct bytes *value);
/* Replaces. */
MUST_CHECK enum err store_put(struct store_txn *txn, enum store_db db, struct bytes key,
			      struct bytes value);
/* The same where key comes after every key that is there; ERR_EXISTS where it does not. */
MUST_CHECK enum err store_append(struct store_txn *txn, enum store_db db, struct bytes key,
				 struct bytes value);
/* ERR_NOT_FOUND when there is no such key. */
MUST_CHECK enum err store_delete(struct store_txn *txn, enum store_db db, struct bytes key);
/* Removes every entry of the database. */
MUST_CHECK enum err store_clear(struct store_txn *txn, enum store_db db);

/* A cursor lives no longer than its transaction. ERR_NOT_FOUND: the environment has
 * no such database yet. */
MUST_CHECK enum err store_cursor_open(struct store_txn *txn, enum store_db db,
				      struct store_cursor **cursor);
void store_cursor_close(struct store_cursor *cursor);
/* The first entry whose key is not before key; key of length 0: the first of all.
 * ERR_NOT_FOUND at the end. */
MUST_CHECK enum err store_cursor_seek(struct store_cursor *cursor, struct bytes key,
				      struct bytes *found, struct bytes *value);
MUST_CHECK enum err store_cursor_next(struct store_cursor *cursor, struct bytes *found,
				      struct bytes *value);

MUST_CHECK enum err store_count(struct store_txn *txn, enum store_db db, uint64_t *entries);

/* The slots of the reader table, in whatever process. */
struct store_readers {
	unsigned max;
	unsigned used;
	unsigned dead; /* of those, left behind by processes that have ended */
	uint64_t behind; /* how many commits the oldest snapshot that is held lies back */
};

/* As the table is; nothing is cleared. ERR_UNAVAILABLE: the environment is not open. */
MUST_CHECK enum err store_readers(struct store *store, struct store_readers *readers);

#endif
