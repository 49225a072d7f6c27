/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache as a doctor looks at it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cacheplace.h"
#include "resetguard/cache_health.h"

struct look {
	const struct cacheplace *place;
	char text[2048];
};

static void note_place(void *context, const struct cache_place *place)
{
	struct look *look = context;
	size_t length = strlen(look->text);
	const char *name = place->path + strlen(look->place->root);

	if (place->is_missing)
		snprintf(look->text + length, sizeof look->text - length, "%s missing%s\n", name,
			 place->is_needed ? "" : ", not needed");
	else if (place->is_other_type)
		snprintf(look->text + length, sizeof look->text - length, "%s other\n", name);
	else if (place->mode != place->right_mode)
		snprintf(look->text + length, sizeof look->text - length, "%s %04o not %04o\n",
			 name, (unsigned)place->mode, (unsigned)place->right_mode);
	assert_true(place->is_missing || place->owner == geteuid());
}

static void assert_layout(const struct cacheplace *place, const char *expected)
{
	struct look look = {.place = place};
	struct why why = {""};

	assert_int_equal(cache_each_place(place->root, note_place, &look, &why), ERR_OK);
	assert_string_equal(look.text, expected);
}

static void the_layout_is_looked_at_and_left(void **state)
{
	struct cacheplace *place = *state;

	assert_layout(place, "/cache/data.mdb missing, not needed\n"
			     "/cache/lock.mdb missing, not needed\n"
			     "/address.key missing, not needed\n");
	cacheplace_make(place);
	assert_layout(place, "");
	assert_int_equal(chmod(cacheplace_path(place, "cache/lock.mdb"), 0600), 0);
	assert_int_equal(rmdir(cacheplace_path(place, "wanted")), 0);
	assert_int_equal(unlink(cacheplace_path(place, "refresh.lock")), 0);
	assert_int_equal(symlink("nowhere", cacheplace_path(place, "refresh.lock")), 0);
	for (unsigned i = 0; i < 2; i++)
		assert_layout(place, "/wanted missing\n"
				     "/refresh.lock other\n"
				     "/cache/lock.mdb 0600 not 0660\n");
}

/* Holds a snapshot, and ends without giving it back. */
static bool leave_a_snapshot(struct cacheplace *place)
{
	struct cache_txn *txn;

	cacheplace_open_reader(place);
	if (cache_read_begin(place->cache, 0, &txn) != ERR_OK)
		return false;
	_exit(0);
}

static bool open_to_write(struct cacheplace *place)
{
	return cacheplace_open_writer(place) == ERR_OK;
}

static void readers_are_counted(void **state)
{
	struct cacheplace *place = *state;
	struct store_readers readers;
	struct cache_txn *txn;
	int64_t committed_at = 0;

	cacheplace_make(place);
	/* Whoever opens it first makes the table anew. */
	cacheplace_open_reader(place);
	assert_true(cacheplace_in_child(leave_a_snapshot, place));
	assert_int_equal(cache_readers(place->cache, &readers), ERR_OK);
	assert_int_equal(readers.used, 2);
	assert_int_equal(readers.dead, 1);
	assert_true(readers.max > 1);

	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_readers(place->cache, &readers), ERR_OK);
	assert_int_equal(readers.used, 2);
	assert_int_equal(readers.dead, 1);
	assert_int_equal(readers.behind, 0);
	assert_int_equal(cache_last_commit(txn, &committed_at), ERR_OK);
	assert_true(committed_at != 0);
	cache_read_end(txn);

	/* A writer clears what the dead have left. */
	assert_true(cacheplace_in_child(open_to_write, place));
	assert_int_equal(cache_readers(place->cache, &readers), ERR_OK);
	assert_int_equal(readers.dead, 0);
	cacheplace_close(place);
}

static void without_a_cache_nobody_reads(void **state)
{
	struct cacheplace *place = *state;
	struct store_readers readers;

	cacheplace_open_reader(place);
	assert_int_equal(cache_readers(place->cache, &readers), ERR_UNAVAILABLE);
	cacheplace_close(place);
}

#define AT_A_CACHE(test) \
	cmocka_unit_test_setup_teardown(test, cacheplace_set_up, cacheplace_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_CACHE(the_layout_is_looked_at_and_left),
		AT_A_CACHE(readers_are_counted),
		AT_A_CACHE(without_a_cache_nobody_reads),
	};

	return cmocka_run_group_tests_name("cache_health", tests, NULL, NULL);
}
