/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_env: the LMDB environment of a store: opening, checking, growing.
 *
 * The home of lmdb.h, for store.c and store_env.c. Nothing here takes a lock:
 * the store says when it may be called.
 */
#ifndef RESETGUARD_STORE_ENV_H
#define RESETGUARD_STORE_ENV_H

#include <limits.h>
#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/store.h"
#include "store_files.h"

/* Of a database that the environment does not have yet. */
#define STORE_NO_DBI UINT_MAX

struct store_env {
	struct store_paths paths;
	bool writable;
	uint64_t map_size;
	MDB_env *lmdb; /* NULL: not open */
	MDB_dbi dbis[STORE_DB_COUNT];
	struct store_files files; /* as they were when it was opened */
};

/* What an LMDB return code comes down to; with why, in words. */
enum err store_env_err(int rc);
enum err store_env_why(const struct store_env *env, int rc, struct why *why);

MUST_CHECK enum err store_env_open(struct store_env *env, struct why *why);
/* No transaction may be open, reset ones included. */
void store_env_close(struct store_env *env);

/* What follows returns LMDB's codes. */

int store_env_begin_write(struct store_env *env, MDB_txn **txn);
/* Another process has grown the map: follow. No transaction may be active. */
int store_env_adopt_growth(struct store_env *env);
/* store_readers. */
int store_env_readers(struct store_env *env, struct store_readers *readers);

#endif
