/* SPDX-License-Identifier: BSD-2-Clause */
/* store_env: the LMDB environment of a store: opening, checking, growing. */
#include "store_env.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The size of the reader table is settled by whoever opens the environment
 * first: the same for all, so that a command does not leave the milter short. */
enum { LOCK_TABLE_READERS = 1024 };

/* How much longer than its contents data.mdb is kept: a hole, not blocks. It has
 * to hold the pages that one transaction takes and gives back at the file's end:
 * eight were the most in thousands of tries. */
enum { TAIL_RESERVE = 16 << 20 };

static const char *const DB_NAME[STORE_DB_COUNT] = {
	[STORE_FACTS] = "facts",	 [STORE_DUE] = "due",	[STORE_HISTORY] = "history",
	[STORE_ADDRESSES] = "addresses", [STORE_PINS] = "pins", [STORE_META] = "meta",
	[STORE_PARKED] = "parked",	 [STORE_HOSTS] = "hosts",	[STORE_OUTBOX] = "outbox",
};

const char *store_db_name(enum store_db db)
{
	return DB_NAME[db];
}

enum err store_env_err(int rc)
{
	switch (rc) {
	case MDB_SUCCESS:
		return ERR_OK;
	case MDB_NOTFOUND:
		return ERR_NOT_FOUND;
	case MDB_KEYEXIST:
		return ERR_EXISTS;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return ERR_FULL;
	case MDB_READERS_FULL:
	case MDB_MAP_RESIZED:
		return ERR_BUSY;
	case MDB_VERSION_MISMATCH:
		return ERR_VERSION;
	case MDB_BAD_VALSIZE:
		return ERR_TOO_LONG;
	case MDB_PANIC:
		return ERR_IO;
	}
	return rc > 0 ? err_from_errno(rc) : ERR_DAMAGED;
}

enum err store_env_why(const struct store_env *env, int rc, struct why *why)
{
	const char *path = env->paths.data;

	switch (rc) {
	case MDB_MAP_FULL:
		return err_why(ERR_FULL, why, "%s has reached map_size: raise it in the configuration",
			       path);
	case MDB_INVALID:
		return err_why(ERR_DAMAGED, why,
			       "%s or lock.mdb beside it is no LMDB file: restore a backup, or move "
			       "the directory away and run 'resetguard import'",
			       path);
	case MDB_VERSION_MISMATCH:
		return err_why(ERR_VERSION, why,
			       "%s or lock.mdb beside it was made by another version of LMDB: "
			       "restore a backup that this one can read",
			       path);
	case MDB_READERS_FULL:
		return err_why(ERR_BUSY, why, "%s has %d readers already", path,
			       LOCK_TABLE_READERS);
	case EIO: /* a write that was cut short, too: LMDB does not tell them apart */
		return err_why(ERR_IO, why, "%s: its device fails or has no space left (df, dmesg)",
			       path);
	case ENOMEM:
		return err_why(ERR_NO_MEMORY, why,
			       "%s: out of memory, or no address space for a map of %llu bytes: "
			       "lower map_size or raise the process's limit",
			       path, (unsigned long long)env->map_size);
	}
	return err_why(store_env_err(rc), why, "%s: %s", path, mdb_strerror(rc));
}

/* Up to where in the file there may be something to read. */
static off_t used_size(MDB_env *lmdb)
{
	MDB_envinfo info;
	MDB_stat stat;

	(void)mdb_env_info(lmdb, &info);
	(void)mdb_env_stat(lmdb, &stat);
	return (off_t)(info.me_last_pgno + 1) * (off_t)stat.ms_psize;
}

static int stat_data(MDB_env *lmdb, struct stat *status)
{
	int fd;
	int rc = mdb_env_get_fd(lmdb, &fd);
	if (rc != 0)
		return rc;
	return fstat(fd, status) == 0 ? 0 : errno;
}

static enum err set_mode(const struct store_env *env, MDB_env *lmdb, const struct stat *status,
			 struct why *why)
{
	int fd;

	if (!env->writable || (status->st_mode & 07777) == STORE_DATA_MODE)
		return ERR_OK;
	if (mdb_env_get_fd(lmdb, &fd) != 0 || fchmod(fd, STORE_DATA_MODE) != 0)
		return err_why_errno(errno, why, "%s: cannot set its mode to %04o", env->paths.data,
				     STORE_DATA_MODE);
	return ERR_OK;
}

/* Before the first page is read. LMDB opens by path: was it what we have looked
 * at? seen NULL: there was nothing yet. */
static enum err check(struct store_env *env, MDB_env *lmdb, const struct store_files *seen,
		      struct why *why)
{
	struct stat status;
	int rc = stat_data(lmdb, &status);
	if (rc != 0)
		return store_env_why(env, rc, why);
	if (status.st_size < used_size(lmdb))
		return store_files_cut_short(&env->paths, status.st_size, why);

	enum err err = set_mode(env, lmdb, &status, why);
	if (err == ERR_OK)
		err = store_files_look(&env->paths, &env->files, why);
	if (err != ERR_OK)
		return err;
	struct file_id opened = file_id_of(&status);
	if (!file_id_equal(&opened, &env->files.data) ||
	    (seen != NULL && !file_id_equal(&seen->lock, &env->files.lock)))
		return err_why(ERR_BUSY, why, "%s was exchanged while it was opened",
			       env->paths.data);
	return ERR_OK;
}

static int open_lmdb(const struct store_env *env, MDB_env **lmdb)
{
	MDB_env *new;
	int dead;

	int rc = mdb_env_create(&new);
	if (rc != 0)
		return rc;
	rc = mdb_env_set_mapsize(new, env->map_size);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(new, LOCK_TABLE_READERS);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(new, STORE_DB_COUNT);
	if (rc == 0)
		rc = mdb_env_open(new, env->paths.directory,
				  MDB_NOTLS | (env->writable ? 0u : MDB_RDONLY), STORE_DATA_MODE);
	if (rc == 0 && env->writable)
		rc = mdb_reader_check(new, &dead);
	if (rc != 0) {
		mdb_env_close(new);
		return rc;
	}
	*lmdb = new;
	return 0;
}

static enum err open_databases(struct store_env *env, MDB_env *lmdb, struct why *why)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(lmdb, NULL, env->writable ? 0 : MDB_RDONLY, &txn);
	if (rc != 0)
		return store_env_why(env, rc, why);

	for (unsigned i = 0; rc == 0 && i < STORE_DB_COUNT; i++) {
		rc = mdb_dbi_open(txn, DB_NAME[i], env->writable ? MDB_CREATE : 0, &env->dbis[i]);
		if (rc == MDB_NOTFOUND && i > STORE_META) {
			env->dbis[i] = STORE_NO_DBI;
			rc = 0;
		}
	}
	/* Only what is committed keeps its handles, in a reader too. */
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else
		mdb_txn_abort(txn);
	if (rc == MDB_NOTFOUND)
		return err_why(ERR_NO_INPUT, why, "%s is empty: run 'resetguard import'",
			       env->paths.data);
	return rc == 0 ? ERR_OK : store_env_why(env, rc, why);
}

enum err store_env_open(struct store_env *env, struct why *why)
{
	struct store_files files;
	bool new = false;
	int making = -1;
	MDB_env *lmdb = NULL;
	int rc;
	enum err err = ERR_OK;

	if (env->writable)
		err = store_files_lock(&env->paths, &making, why);
	if (err == ERR_OK && env->writable)
		err = store_files_make(&env->paths, &new, why);
	if (err == ERR_OK && !new)
		err = store_files_check(&env->paths, &files, why);
	if (err != ERR_OK)
		goto out;

	rc = open_lmdb(env, &lmdb);
	if (rc != 0) {
		err = store_env_why(env, rc, why);
		goto out;
	}
	err = check(env, lmdb, new ? NULL : &files, why);
	if (err != ERR_OK)
		goto out;
	if (making >= 0) {
		/* What follows may wait for another writer's transaction. */
		close(making);
		making = -1;
	}
	err = open_databases(env, lmdb, why);
	if (err != ERR_OK)
		goto out;
	env->lmdb = lmdb;
	lmdb = NULL;
out:
	if (lmdb != NULL)
		mdb_env_close(lmdb);
	if (making >= 0)
		close(making);
	return err;
}

void store_env_close(struct store_env *env)
{
	if (env->lmdb != NULL)
		mdb_env_close(env->lmdb);
	env->lmdb = NULL;
}

/* In a write transaction, so that nobody else extends the file meanwhile. */
static int reserve_tail(MDB_env *lmdb)
{
	struct stat status;
	int fd;

	int rc = mdb_env_get_fd(lmdb, &fd);
	if (rc == 0)
		rc = stat_data(lmdb, &status);
	if (rc != 0)
		return rc;
	off_t wanted = used_size(lmdb) + TAIL_RESERVE;
	if (status.st_size < wanted && ftruncate(fd, wanted) != 0)
		return errno;
	return 0;
}

int store_env_begin_write(struct store_env *env, MDB_txn **txn)
{
	MDB_txn *new;
	int dead;

	int rc = mdb_reader_check(env->lmdb, &dead);
	if (rc == 0)
		rc = mdb_txn_begin(env->lmdb, NULL, 0, &new);
	if (rc != 0)
		return rc;
	rc = reserve_tail(env->lmdb);
	if (rc != 0) {
		mdb_txn_abort(new);
		return rc;
	}
	*txn = new;
	return 0;
}

int store_env_adopt_growth(struct store_env *env)
{
	return mdb_env_set_mapsize(env->lmdb, 0);
}

/* ---- readers ---- */

struct reading {
	uint64_t last; /* transaction */
	struct store_readers readers;
};

/* One line of mdb_reader_list, which is the only way to this: "PID THREAD TXNID", the
 * last one "-" for a slot without a snapshot. Other lines are headings. */
static int count_reader(const char *line, void *context)
{
	struct reading *reading = context;
	char txn[24];
	int pid;

	if (sscanf(line, "%d %*s %23s", &pid, txn) != 2)
		return 0;
	reading->readers.used++;
	if (kill(pid, 0) != 0 && errno == ESRCH) {
		reading->readers.dead++;
	} else if (txn[0] != '-') {
		uint64_t seen = strtoull(txn, NULL, 10);

		if (seen < reading->last && reading->last - seen > reading->readers.behind)
			reading->readers.behind = reading->last - seen;
	}
	return 0;
}

int store_env_readers(struct store_env *env, struct store_readers *readers)
{
	struct reading reading = {.last = 0};
	MDB_envinfo info;
	int rc = mdb_env_info(env->lmdb, &info);

	if (rc != 0)
		return rc;
	reading.last = info.me_last_txnid;
	reading.readers.max = info.me_maxreaders;
	rc = mdb_reader_list(env->lmdb, count_reader, &reading);
	if (rc < 0)
		return rc;
	*readers = reading.readers;
	return 0;
}
