/* SPDX-License-Identifier: BSD-2-Clause */
/* rotting: records of a cache that have lost their last byte, as on a bad disk. */
#include "rotting.h"

#include <lmdb.h>
#include <stdio.h>
#include <string.h>

enum { KEY_MAX = 511, RECORD_MAX = 2048, DATABASES_MAX = 16 };

/* The copies, since both lie in the page that is written. */
static int cut_one(MDB_cursor *cursor, const MDB_val *key, const MDB_val *value)
{
	unsigned char name[KEY_MAX];
	unsigned char record[RECORD_MAX];
	MDB_val same = {key->mv_size, name};
	MDB_val cut = {value->mv_size - 1, record};

	if (key->mv_size > sizeof name || value->mv_size == 0 || value->mv_size > sizeof record)
		return MDB_BAD_VALSIZE;
	memcpy(name, key->mv_data, same.mv_size);
	memcpy(record, value->mv_data, cut.mv_size);
	return mdb_cursor_put(cursor, &same, &cut, MDB_CURRENT);
}

static int cut_all(MDB_txn *txn, const char *database, const char *begin, int *count)
{
	MDB_dbi dbi;
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int rc = mdb_dbi_open(txn, database, 0, &dbi);

	if (rc == 0)
		rc = mdb_cursor_open(txn, dbi, &cursor);
	if (rc != 0)
		return rc;
	while (rc == 0 && (rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		if (key.mv_size < strlen(begin) || memcmp(key.mv_data, begin, strlen(begin)) != 0)
			continue;
		rc = cut_one(cursor, &key, &value);
		++*count;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int rotting_cut(const char *path, const char *database, const char *begin)
{
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	int count = 0;
	int rc = mdb_env_create(&env);

	if (rc == 0)
		rc = mdb_env_set_maxdbs(env, DATABASES_MAX);
	if (rc == 0)
		rc = mdb_env_open(env, path, 0, 0640);
	if (rc == 0)
		rc = mdb_txn_begin(env, NULL, 0, &txn);
	if (rc == 0)
		rc = cut_all(txn, database, begin, &count);
	if (rc == 0)
		rc = mdb_txn_commit(txn);
	else if (txn != NULL)
		mdb_txn_abort(txn);
	mdb_env_close(env);
	if (rc == 0)
		return count;
	fprintf(stderr, "%s: %s: %s\n", path, database, mdb_strerror(rc));
	return -1;
}
