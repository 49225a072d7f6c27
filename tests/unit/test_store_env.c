/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "../../src/core/store_env.h"

/* What an operator reads of each of LMDB's codes, and where the file is. */
static const struct {
	int rc;
	enum err err;
	const char *word;
} codes[] = {
	{MDB_NOTFOUND, ERR_NOT_FOUND, "MDB_NOTFOUND"},
	{MDB_KEYEXIST, ERR_EXISTS, "MDB_KEYEXIST"},
	{MDB_MAP_FULL, ERR_FULL, "raise it in the configuration"},
	{MDB_TXN_FULL, ERR_FULL, "MDB_TXN_FULL"},
	{MDB_READERS_FULL, ERR_BUSY, "readers already"},
	{MDB_MAP_RESIZED, ERR_BUSY, "MDB_MAP_RESIZED"},
	{MDB_VERSION_MISMATCH, ERR_VERSION, "another version of LMDB"},
	{MDB_INVALID, ERR_DAMAGED, "restore a backup"},
	{MDB_CORRUPTED, ERR_DAMAGED, "MDB_CORRUPTED"},
	{MDB_BAD_VALSIZE, ERR_TOO_LONG, "MDB_BAD_VALSIZE"},
	{MDB_PANIC, ERR_IO, "MDB_PANIC"},
	{EIO, ERR_IO, "its device fails or has no space left"},
	{ENOMEM, ERR_NO_MEMORY, "no address space for a map of 4096 bytes"},
	{ENOSPC, ERR_FULL, "No space left"},
	{EACCES, ERR_PERMISSION, "Permission denied"},
};

static void each_code_of_lmdb_has_words(void **state)
{
	static char path[] = "/var/lib/somewhere/data.mdb";
	const struct store_env env = {.paths.data = path, .map_size = 4096};

	(void)state;
	assert_int_equal(store_env_err(MDB_SUCCESS), ERR_OK);
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		struct why why = {""};

		assert_int_equal(store_env_err(codes[i].rc), codes[i].err);
		assert_int_equal(store_env_why(&env, codes[i].rc, &why), codes[i].err);
		if (strncmp(why.text, path, strlen(path)) != 0 ||
		    strstr(why.text, codes[i].word) == NULL)
			fail_msg("code %d: %s", codes[i].rc, why.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_of_lmdb_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
