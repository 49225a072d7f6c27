/* SPDX-License-Identifier: BSD-2-Clause */
/* What happens to a store's files from outside. Readers look once a second, on a
 * clock that is run by hand here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storeplace.h"

enum { SECOND = 1000, NOBODY = 65534 };

static void assert_reads(struct place *place, int64_t clock, const char *value)
{
	enum err err;

	assert_string_equal(place_get(place, clock, "k", &err), value);
	assert_int_equal(err, ERR_OK);
	assert_int_equal(store_status(place->store, NULL), ERR_OK);
}

/* The status says the same, in words that name what is meant. */
static void assert_refuses(struct place *place, int64_t clock, enum err wanted, const char *word)
{
	struct why why = {""};
	enum err err;

	place_get(place, clock, "k", &err);
	assert_int_equal(err, wanted);
	assert_int_equal(store_status(place->store, &why), wanted);
	if (strstr(why.text, word) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why.text, word);
}

static void move(const char *from, const char *to)
{
	assert_int_equal(rename(from, to), 0);
}

static void copy(const char *from, const char *to)
{
	char command[600];

	snprintf(command, sizeof command, "cp -p %s %s", from, to);
	assert_int_equal(system(command), 0);
}

/* ---- not there (yet) ---- */

static void a_reader_waits_for_its_cache(void **state)
{
	struct place *place = *state;

	assert_int_equal(rmdir(place->directory), 0);
	place_open_reader(place);
	assert_refuses(place, 0, ERR_NO_INPUT, "data.mdb is not there");
	assert_int_equal(mkdir(place->directory, 0755), 0);
	assert_true(another_writes(place, "k", "v"));
	/* Within a second nobody looks again. */
	assert_refuses(place, SECOND - 1, ERR_NO_INPUT, "data.mdb is not there");
	assert_reads(place, SECOND, "v");
}

static bool make_empty_environment(struct place *place)
{
	MDB_env *env;

	return mdb_env_create(&env) == 0 && mdb_env_open(env, place->directory, 0, 0640) == 0;
}

static void an_environment_without_databases_is_empty(void **state)
{
	struct place *place = *state;

	assert_true(in_child(make_empty_environment, place));
	place_open_reader(place);
	assert_refuses(place, 0, ERR_NO_INPUT, "is empty: run 'resetguard import'");
	assert_true(another_writes(place, "k", "v"));
	assert_reads(place, SECOND, "v");
}

static void a_writer_wants_a_directory(void **state)
{
	struct place *place = *state;

	assert_int_equal(rmdir(place->directory), 0);
	assert_int_equal(place_open_writer(place), ERR_NO_INPUT);
	assert_non_null(strstr(place->why.text, place->directory));
}

static void modes_do_not_depend_on_the_umask(void **state)
{
	struct place *place = *state;
	struct stat status;

	mode_t before = umask(0077);
	assert_int_equal(place_open_writer(place), ERR_OK);
	umask(before);
	assert_int_equal(stat(place_path(place, "cache/data.mdb"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	assert_int_equal(stat(place_path(place, "cache/lock.mdb"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
}

/* ---- exchanged ---- */

static uint64_t snapshot_id(struct place *place, int64_t clock)
{
	struct store_txn *txn;

	assert_int_equal(store_read_begin(place->store, clock, &txn), ERR_OK);
	uint64_t id = store_snapshot_id(txn);
	store_read_end(txn);
	return id;
}

static void an_exchanged_directory_is_opened_anew(void **state)
{
	struct place *place = *state;

	assert_true(another_writes(place, "k", "old"));
	place_open_reader(place);
	assert_reads(place, 0, "old");
	uint64_t id = snapshot_id(place, 0);
	move(place->directory, place_path(place, "cache.old"));
	assert_int_equal(mkdir(place->directory, 0755), 0);
	assert_true(another_writes(place, "k", "new"));
	assert_reads(place, SECOND - 1, "old");
	assert_reads(place, SECOND, "new");
	/* Though it is the first transaction there as well. */
	assert_true(snapshot_id(place, SECOND) != id);
}

static void a_missing_directory_is_not_read(void **state)
{
	struct place *place = *state;

	assert_true(another_writes(place, "k", "v"));
	place_open_reader(place);
	assert_reads(place, 0, "v");
	move(place->directory, place_path(place, "away"));
	assert_refuses(place, SECOND, ERR_NO_INPUT, "data.mdb is not there");
	move(place_path(place, "away"), place->directory);
	assert_reads(place, 2 * SECOND, "v");
}

static void data_exchanged_alone_is_not_read(void **state)
{
	struct place *place = *state;
	char *data = place_path(place, "cache/data.mdb");

	assert_true(another_writes(place, "k", "old"));
	copy(data, place_path(place, "backup"));
	place_open_reader(place);
	assert_reads(place, 0, "old");
	move(data, place_path(place, "aside"));
	move(place_path(place, "backup"), data);
	assert_refuses(place, SECOND, ERR_DAMAGED, "alone was exchanged");
	assert_refuses(place, 2 * SECOND, ERR_DAMAGED, "alone was exchanged");
	move(place_path(place, "aside"), data);
	assert_reads(place, 3 * SECOND, "old");
}

static void a_writer_does_not_write_beside_exchanged_data(void **state)
{
	struct place *place = *state;
	char *data = place_path(place, "cache/data.mdb");

	assert_int_equal(place_open_writer(place), ERR_OK);
	assert_int_equal(place_put(place->store, "k", "v"), ERR_OK);
	copy(data, place_path(place, "backup"));
	move(place_path(place, "backup"), data);
	assert_int_equal(place_put(place->store, "k", "w"), ERR_DAMAGED);
}

static void data_that_is_gone_is_not_read(void **state)
{
	struct place *place = *state;
	char *data = place_path(place, "cache/data.mdb");

	assert_true(another_writes(place, "k", "old"));
	place_open_reader(place);
	assert_reads(place, 0, "old");
	assert_int_equal(unlink(data), 0);
	assert_refuses(place, SECOND, ERR_NO_INPUT, "data.mdb is not there");
	/* A writer then makes both files anew. */
	assert_true(another_writes(place, "k", "new"));
	assert_reads(place, 2 * SECOND, "new");
}

static void a_new_lock_file_is_taken_up(void **state)
{
	struct place *place = *state;

	assert_true(another_writes(place, "k", "v"));
	place_open_reader(place);
	assert_reads(place, 0, "v");
	assert_int_equal(unlink(place_path(place, "cache/lock.mdb")), 0);
	assert_refuses(place, SECOND, ERR_NO_INPUT, "lock.mdb is not there");
	assert_true(another_writes(place, "k", "w"));
	assert_reads(place, 2 * SECOND, "w");
}

static void a_writer_follows_an_exchanged_directory(void **state)
{
	struct place *place = *state;

	assert_int_equal(place_open_writer(place), ERR_OK);
	assert_int_equal(place_put(place->store, "k", "old"), ERR_OK);
	move(place->directory, place_path(place, "cache.old"));
	/* Not made anew behind everybody's back. */
	assert_int_equal(mkdir(place->directory, 0755), 0);
	assert_int_equal(place_put(place->store, "k", "new"), ERR_NO_INPUT);
	assert_true(another_writes(place, "k", "other"));
	assert_int_equal(place_put(place->store, "k2", "new"), ERR_OK);
	assert_reads(place, SECOND, "other");
}

/* ---- damaged ---- */

static void a_file_cut_short_is_not_opened(void **state)
{
	static const off_t lengths[] = {0, 1, 100, 4095, 4096, 4200, 8191, 8192, 12288, 16384};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		assert_true(another_writes(place, "k", "v"));
		assert_int_equal(truncate(place_path(place, "cache/data.mdb"), lengths[i]), 0);
		place_open_reader(place);
		assert_refuses(place, 0, ERR_DAMAGED, "data.mdb");
		place_close(place);
		assert_int_equal(place_open_writer(place), ERR_DAMAGED);
		assert_non_null(strstr(place->why.text, "restore a backup"));
		assert_int_equal(unlink(place_path(place, "cache/data.mdb")), 0);
	}
}

static void a_file_cut_short_while_it_is_open_is_read_no_more(void **state)
{
	struct place *place = *state;

	assert_true(another_writes(place, "k", "v"));
	place_open_reader(place);
	assert_reads(place, 0, "v");
	copy(place_path(place, "cache/data.mdb"), place_path(place, "backup"));
	assert_int_equal(truncate(place_path(place, "cache/data.mdb"), 8192), 0);
	assert_refuses(place, SECOND, ERR_DAMAGED, "is cut short at 8192 bytes");
	assert_refuses(place, SECOND + 1, ERR_DAMAGED, "is cut short at 8192 bytes");
	assert_int_equal(unlink(place_path(place, "cache/data.mdb")), 0);
	move(place_path(place, "backup"), place_path(place, "cache/data.mdb"));
	assert_reads(place, 2 * SECOND, "v");
}

static void overwrite(const char *path, off_t at, const char *with)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, with, strlen(with), at), strlen(with));
	close(fd);
}

/* A page's header has 16 bytes; the meta begins with magic (4) and version (4). */
static void other_files_are_told_apart(void **state)
{
	struct place *place = *state;
	char *data = place_path(place, "cache/data.mdb");

	assert_true(another_writes(place, "k", "v"));
	overwrite(data, 20, "\77");
	overwrite(data, 4096 + 20, "\77");
	place_open_reader(place);
	assert_refuses(place, 0, ERR_VERSION, "another version of LMDB");
	overwrite(data, 16, "garbage");
	overwrite(data, 4096 + 16, "garbage");
	assert_refuses(place, SECOND, ERR_DAMAGED, "no LMDB file");
	place_close(place);
	assert_int_equal(place_open_writer(place), ERR_DAMAGED);
}

static void a_directory_in_the_place_of_data_is_refused(void **state)
{
	struct place *place = *state;

	assert_true(another_writes(place, "k", "v"));
	assert_int_equal(unlink(place_path(place, "cache/data.mdb")), 0);
	assert_int_equal(mkdir(place_path(place, "cache/data.mdb"), 0755), 0);
	place_open_reader(place);
	assert_refuses(place, 0, ERR_DAMAGED, "no regular file");
}

/* ---- permissions: the superuser has none to lack ---- */

static bool drop_root(void)
{
	return geteuid() != 0 || (setgid(NOBODY) == 0 && setuid(NOBODY) == 0);
}

static bool cannot_read(struct place *place)
{
	struct store_txn *txn;

	if (!drop_root())
		return false;
	place_open_reader(place);
	return store_read_begin(place->store, 0, &txn) == ERR_PERMISSION &&
	       store_status(place->store, &place->why) == ERR_PERMISSION &&
	       strstr(place->why.text, "lock.mdb") != NULL;
}

static void a_lock_file_that_cannot_be_written_is_refused(void **state)
{
	struct place *place = *state;

	assert_true(another_writes(place, "k", "v"));
	assert_int_equal(chmod(place_path(place, "cache/data.mdb"), 0444), 0);
	assert_int_equal(chmod(place_path(place, "cache/lock.mdb"), 0444), 0);
	assert_true(in_child(cannot_read, place));
}

static bool cannot_read_data(struct place *place)
{
	struct store_txn *txn;

	if (!drop_root())
		return false;
	place_open_reader(place);
	return store_read_begin(place->store, 0, &txn) == ERR_PERMISSION;
}

static void a_data_file_that_cannot_be_read_is_refused(void **state)
{
	struct place *place = *state;

	assert_true(another_writes(place, "k", "v"));
	assert_int_equal(chmod(place_path(place, "cache/data.mdb"), 0), 0);
	assert_int_equal(chmod(place_path(place, "cache/lock.mdb"), 0666), 0);
	assert_true(in_child(cannot_read_data, place));
}

static bool can_read(struct place *place)
{
	enum err err;

	if (!drop_root())
		return false;
	place_open_reader(place);
	return strcmp(place_get(place, 0, "k", &err), "v") == 0 && err == ERR_OK;
}

static void a_reader_need_not_write_the_data(void **state)
{
	struct place *place = *state;

	assert_true(another_writes(place, "k", "v"));
	assert_int_equal(chmod(place_path(place, "cache/data.mdb"), 0444), 0);
	assert_int_equal(chmod(place_path(place, "cache/lock.mdb"), 0666), 0);
	assert_true(in_child(can_read, place));
}

static bool cannot_write(struct place *place)
{
	return drop_root() && place_open_writer(place) == ERR_PERMISSION;
}

static void who_may_not_write_is_no_writer(void **state)
{
	struct place *place = *state;

	assert_true(another_writes(place, "k", "v"));
	assert_int_equal(chmod(place->directory, 0555), 0);
	assert_int_equal(chmod(place_path(place, "cache/data.mdb"), 0444), 0);
	assert_int_equal(chmod(place_path(place, "cache/lock.mdb"), 0444), 0);
	assert_true(in_child(cannot_write, place));
}

/* ---- exchanged under many threads ---- */

struct crowd {
	struct place *place;
	atomic_bool stop;
	atomic_uint reads;
	atomic_uint wrong;
	atomic_llong clock;
};

/* A value of one of the environments, or a clear refusal while there is none. */
static void *read_values(void *context)
{
	struct crowd *crowd = context;

	while (!atomic_load(&crowd->stop)) {
		struct store_txn *txn;
		struct bytes value;
		int64_t clock = atomic_fetch_add(&crowd->clock, SECOND / 4);
		enum err err = store_read_begin(crowd->place->store, clock, &txn);
		if (err != ERR_OK) {
			if (err != ERR_NO_INPUT && err != ERR_BUSY)
				atomic_fetch_add(&crowd->wrong, 1);
			continue;
		}
		if (store_get(txn, STORE_FACTS, text_bytes("k"), &value) != ERR_OK ||
		    value.length != 3 || memcmp(value.data, "two", 3) * memcmp(value.data, "one", 3) != 0)
			atomic_fetch_add(&crowd->wrong, 1);
		atomic_fetch_add(&crowd->reads, 1);
		store_read_end(txn);
	}
	return NULL;
}

static void threads_read_on_while_directories_are_exchanged(void **state)
{
	struct place *place = *state;
	struct crowd crowd = {.place = place};
	char *one = place_path(place, "one");
	char *two = place_path(place, "two");
	pthread_t threads[8];

	assert_true(another_writes(place, "k", "two"));
	move(place->directory, two);
	assert_int_equal(mkdir(place->directory, 0755), 0);
	assert_true(another_writes(place, "k", "one"));
	place_open_reader(place);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_values, &crowd), 0);
	for (unsigned i = 0; i < 100; i++) {
		unsigned reads = atomic_load(&crowd.reads);
		move(place->directory, i % 2 == 0 ? one : two);
		move(i % 2 == 0 ? two : one, place->directory);
		while (atomic_load(&crowd.reads) < reads + 100)
			;
	}
	atomic_store(&crowd.stop, true);
	for (unsigned i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&crowd.wrong), 0);
}

int main(void)
{
#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(a_reader_waits_for_its_cache),
		AT_A_PLACE(an_environment_without_databases_is_empty),
		AT_A_PLACE(a_writer_wants_a_directory),
		AT_A_PLACE(modes_do_not_depend_on_the_umask),
		AT_A_PLACE(an_exchanged_directory_is_opened_anew),
		AT_A_PLACE(a_missing_directory_is_not_read),
		AT_A_PLACE(data_exchanged_alone_is_not_read),
		AT_A_PLACE(a_writer_does_not_write_beside_exchanged_data),
		AT_A_PLACE(data_that_is_gone_is_not_read),
		AT_A_PLACE(a_new_lock_file_is_taken_up),
		AT_A_PLACE(a_writer_follows_an_exchanged_directory),
		AT_A_PLACE(a_file_cut_short_is_not_opened),
		AT_A_PLACE(a_file_cut_short_while_it_is_open_is_read_no_more),
		AT_A_PLACE(other_files_are_told_apart),
		AT_A_PLACE(a_directory_in_the_place_of_data_is_refused),
		AT_A_PLACE(a_lock_file_that_cannot_be_written_is_refused),
		AT_A_PLACE(a_data_file_that_cannot_be_read_is_refused),
		AT_A_PLACE(a_reader_need_not_write_the_data),
		AT_A_PLACE(who_may_not_write_is_no_writer),
		AT_A_PLACE(threads_read_on_while_directories_are_exchanged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
