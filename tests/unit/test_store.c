/* SPDX-License-Identifier: BSD-2-Clause */
/* Records, transactions, cursors, growth. What happens to the files from outside
 * is in test_store_files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storeplace.h"

static struct store_txn *begin_write(struct place *place)
{
	struct store_txn *txn;

	assert_int_equal(store_write_begin(place->store, &txn, &place->why), ERR_OK);
	return txn;
}

static struct store_txn *begin_read(struct place *place)
{
	struct store_txn *txn;

	assert_int_equal(store_read_begin(place->store, 0, &txn), ERR_OK);
	return txn;
}

static void assert_value(struct store_txn *txn, enum store_db db, const char *key, const char *text)
{
	struct bytes value;

	assert_int_equal(store_get(txn, db, text_bytes(key), &value), ERR_OK);
	assert_int_equal(value.length, strlen(text));
	assert_memory_equal(value.data, text, value.length);
}

/* ---- records ---- */

static void what_is_committed_is_read_back(void **state)
{
	struct place *place = *state;
	struct bytes value;

	assert_int_equal(place_open_writer(place), ERR_OK);
	struct store_txn *txn = begin_write(place);
	for (unsigned db = 0; db < STORE_DB_COUNT; db++) {
		char text[8];
		snprintf(text, sizeof text, "v%u", db);
		assert_int_equal(store_put(txn, (enum store_db)db, text_bytes("k"), text_bytes(text)),
				 ERR_OK);
		assert_value(txn, (enum store_db)db, "k", text);
	}
	assert_int_equal(store_write_commit(txn, &place->why), ERR_OK);

	txn = begin_read(place);
	for (unsigned db = 0; db < STORE_DB_COUNT; db++) {
		char text[8];
		snprintf(text, sizeof text, "v%u", db);
		assert_value(txn, (enum store_db)db, "k", text);
	}
	assert_int_equal(store_get(txn, STORE_FACTS, text_bytes("other"), &value), ERR_NOT_FOUND);
	store_read_end(txn);
}

static void a_put_replaces_and_a_delete_removes(void **state)
{
	struct place *place = *state;
	struct bytes value;
	uint64_t entries = 7;

	assert_int_equal(place_open_writer(place), ERR_OK);
	struct store_txn *txn = begin_write(place);
	assert_int_equal(store_put(txn, STORE_PINS, text_bytes("k"), text_bytes("1")), ERR_OK);
	assert_int_equal(store_put(txn, STORE_PINS, text_bytes("k"), text_bytes("")), ERR_OK);
	assert_value(txn, STORE_PINS, "k", "");
	assert_int_equal(store_count(txn, STORE_PINS, &entries), ERR_OK);
	assert_int_equal(entries, 1);
	assert_int_equal(store_delete(txn, STORE_PINS, text_bytes("k")), ERR_OK);
	assert_int_equal(store_delete(txn, STORE_PINS, text_bytes("k")), ERR_NOT_FOUND);
	assert_int_equal(store_get(txn, STORE_PINS, text_bytes("k"), &value), ERR_NOT_FOUND);
	assert_int_equal(store_write_commit(txn, &place->why), ERR_OK);
}

static void what_is_appended_comes_last_and_clearing_leaves_nothing(void **state)
{
	struct place *place = *state;
	uint64_t entries = 7;

	assert_int_equal(place_open_writer(place), ERR_OK);
	struct store_txn *txn = begin_write(place);
	assert_int_equal(store_append(txn, STORE_FACTS, text_bytes("b"), text_bytes("1")), ERR_OK);
	assert_int_equal(store_append(txn, STORE_FACTS, text_bytes("a"), text_bytes("2")),
			 ERR_EXISTS);
	assert_int_equal(store_append(txn, STORE_FACTS, text_bytes("c"), text_bytes("3")), ERR_OK);
	assert_int_equal(store_put(txn, STORE_PINS, text_bytes("k"), text_bytes("4")), ERR_OK);
	assert_int_equal(store_write_commit(txn, &place->why), ERR_OK);

	txn = begin_write(place);
	assert_value(txn, STORE_FACTS, "c", "3");
	assert_int_equal(store_clear(txn, STORE_FACTS), ERR_OK);
	assert_int_equal(store_count(txn, STORE_FACTS, &entries), ERR_OK);
	assert_int_equal(entries, 0);
	assert_int_equal(store_append(txn, STORE_FACTS, text_bytes("a"), text_bytes("5")), ERR_OK);
	assert_int_equal(store_write_commit(txn, &place->why), ERR_OK);

	txn = begin_read(place);
	assert_value(txn, STORE_FACTS, "a", "5");
	assert_value(txn, STORE_PINS, "k", "4");
	store_read_end(txn);
}

static void a_key_has_a_longest_length(void **state)
{
	struct place *place = *state;
	char key[STORE_KEY_MAX + 2];

	memset(key, 'k', sizeof key);
	assert_int_equal(place_open_writer(place), ERR_OK);
	struct store_txn *txn = begin_write(place);
	assert_int_equal(store_put(txn, STORE_FACTS, (struct bytes){key, STORE_KEY_MAX},
				   text_bytes("v")),
			 ERR_OK);
	assert_int_equal(store_put(txn, STORE_FACTS, (struct bytes){key, STORE_KEY_MAX + 1},
				   text_bytes("v")),
			 ERR_TOO_LONG);
	assert_int_equal(store_write_commit(txn, &place->why), ERR_OK);
}

static void a_cursor_walks_in_order(void **state)
{
	static const char *const keys[] = {"a", "b.1", "b.2", "c"};
	struct place *place = *state;
	struct store_cursor *cursor;
	struct bytes key;
	struct bytes value;

	assert_int_equal(place_open_writer(place), ERR_OK);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(place_put(place->store, keys[3 - i], keys[3 - i]), ERR_OK);

	struct store_txn *txn = begin_read(place);
	assert_int_equal(store_cursor_open(txn, STORE_FACTS, &cursor), ERR_OK);
	assert_int_equal(store_cursor_seek(cursor, text_bytes("b"), &key, &value), ERR_OK);
	assert_memory_equal(key.data, "b.1", 3);
	assert_int_equal(store_cursor_seek(cursor, text_bytes("d"), &key, &value), ERR_NOT_FOUND);
	assert_int_equal(store_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value), ERR_OK);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(key.length, strlen(keys[i]));
		assert_memory_equal(key.data, keys[i], key.length);
		assert_memory_equal(value.data, keys[i], value.length);
		assert_int_equal(store_cursor_next(cursor, &key, &value),
				 i < 3 ? ERR_OK : ERR_NOT_FOUND);
	}
	store_cursor_close(cursor);
	store_read_end(txn);
}

/* ---- transactions ---- */

static void what_is_aborted_is_not_stored(void **state)
{
	struct place *place = *state;
	struct bytes value;

	assert_int_equal(place_open_writer(place), ERR_OK);
	struct store_txn *txn = begin_write(place);
	assert_int_equal(store_put(txn, STORE_FACTS, text_bytes("k"), text_bytes("v")), ERR_OK);
	store_write_abort(txn);
	txn = begin_read(place);
	assert_int_equal(store_get(txn, STORE_FACTS, text_bytes("k"), &value), ERR_NOT_FOUND);
	store_read_end(txn);
}

static void a_snapshot_does_not_change(void **state)
{
	struct place *place = *state;
	enum err err;

	assert_true(another_writes(place, "k", "old"));
	place_open_reader(place);
	struct store_txn *before = begin_read(place);
	assert_true(another_writes(place, "k", "new"));
	assert_value(before, STORE_FACTS, "k", "old");
	uint64_t id = store_snapshot_id(before);
	store_read_end(before);
	assert_string_equal(place_get(place, 0, "k", &err), "new");

	struct store_txn *after = begin_read(place);
	assert_true(store_snapshot_id(after) != id);
	id = store_snapshot_id(after);
	store_read_end(after);
	after = begin_read(place);
	assert_true(store_snapshot_id(after) == id);
	store_read_end(after);
}

static void transactions_are_numbered(void **state)
{
	struct place *place = *state;
	bool seen[PLACE_READERS] = {false};
	struct store_txn *txns[PLACE_READERS];

	assert_int_equal(place_open_writer(place), ERR_OK);
	struct store_txn *writer = begin_write(place);
	assert_int_equal(store_txn_index(writer), PLACE_READERS);
	store_write_abort(writer);
	for (unsigned i = 0; i < PLACE_READERS; i++) {
		txns[i] = begin_read(place);
		assert_false(seen[store_txn_index(txns[i])]);
		seen[store_txn_index(txns[i])] = true;
	}
	for (unsigned i = 0; i < PLACE_READERS; i++)
		store_read_end(txns[i]);
}

static bool count_to_200(struct place *place)
{
	bool done = place_open_writer(place) == ERR_OK;

	for (unsigned i = 0; done && i < 200; i++) {
		struct store_txn *txn;
		struct bytes value;
		unsigned count = 0;
		if (store_write_begin(place->store, &txn, &place->why) != ERR_OK)
			return false;
		if (store_get(txn, STORE_META, text_bytes("count"), &value) == ERR_OK)
			memcpy(&count, value.data, sizeof count);
		count++;
		done = store_put(txn, STORE_META, text_bytes("count"),
				 (struct bytes){&count, sizeof count}) == ERR_OK;
		done = store_write_commit(txn, &place->why) == ERR_OK && done;
	}
	place_close(place);
	return done;
}

static void writers_take_turns(void **state)
{
	struct place *place = *state;
	struct bytes value;
	unsigned count;
	pid_t child = fork();

	if (child == 0)
		_exit(count_to_200(place) ? 0 : 1);
	assert_true(in_child(count_to_200, place));
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);

	place_open_reader(place);
	struct store_txn *txn = begin_read(place);
	assert_int_equal(store_get(txn, STORE_META, text_bytes("count"), &value), ERR_OK);
	memcpy(&count, value.data, sizeof count);
	assert_int_equal(count, 400);
	store_read_end(txn);
}

static void *read_once(void *context)
{
	struct place *place = context;
	struct store_txn *txn;

	if (store_read_begin(place->store, 0, &txn) != ERR_OK)
		return "failed";
	store_read_end(txn);
	return NULL;
}

static void who_finds_all_taken_waits(void **state)
{
	struct place *place = *state;
	struct store_txn *txns[PLACE_READERS];
	pthread_t thread;
	void *failed;

	assert_true(another_writes(place, "k", "v"));
	place_open_reader(place);
	for (unsigned i = 0; i < PLACE_READERS; i++)
		txns[i] = begin_read(place);
	assert_int_equal(pthread_create(&thread, NULL, read_once, place), 0);
	store_read_end(txns[2]);
	pthread_join(thread, &failed);
	assert_null(failed);
	txns[2] = begin_read(place);
	for (unsigned i = 0; i < PLACE_READERS; i++)
		store_read_end(txns[i]);
}

/* ---- growth ---- */

enum { LARGE_VALUE = 100000, SMALL_MAP = 4 << 20 };

static enum err put_large(struct store *store, unsigned count)
{
	static char value[LARGE_VALUE];
	struct store_txn *txn;
	struct why why;
	enum err err = store_write_begin(store, &txn, &why);

	if (err != ERR_OK)
		return err;
	for (unsigned i = 0; err == ERR_OK && i < count; i++) {
		char key[16];
		snprintf(key, sizeof key, "large%u", i);
		err = store_put(txn, STORE_FACTS, text_bytes(key),
				(struct bytes){value, sizeof value});
	}
	enum err committed = store_write_commit(txn, &why);
	return err != ERR_OK ? err : committed;
}

static bool grow(struct place *place)
{
	return place_open_writer(place) == ERR_OK && put_large(place->store, 200) == ERR_OK;
}

static void a_full_map_keeps_what_was_there(void **state)
{
	struct place *place = *state;
	struct store_options options = place_options(place);
	static char value[LARGE_VALUE];
	enum err err;

	options.map_size = SMALL_MAP;
	assert_int_equal(store_open_writer(&options, &place->store, &place->why), ERR_OK);
	assert_int_equal(place_put(place->store, "k", "v"), ERR_OK);
	assert_int_equal(put_large(place->store, 200), ERR_FULL);

	struct store_txn *txn = begin_write(place);
	err = ERR_OK;
	for (unsigned i = 0; err == ERR_OK; i++) {
		char key[16];
		snprintf(key, sizeof key, "large%u", i);
		err = store_put(txn, STORE_FACTS, text_bytes(key),
				(struct bytes){value, sizeof value});
	}
	assert_int_equal(err, ERR_FULL);
	assert_int_equal(store_write_commit(txn, &place->why), ERR_FULL);
	assert_non_null(strstr(place->why.text, "map_size"));
	assert_string_equal(place_get(place, 0, "k", &err), "v");
	assert_string_equal(place_get(place, 0, "large0", &err), "");
	assert_int_equal(place_put(place->store, "k", "w"), ERR_OK);
}

static void a_reader_follows_when_another_process_grows_the_map(void **state)
{
	struct place *place = *state;
	struct store_options options = place_options(place);
	struct bytes value;

	assert_true(another_writes(place, "k", "v"));
	options.map_size = SMALL_MAP;
	assert_int_equal(store_open_reader(&options, &place->store, &place->why), ERR_OK);
	store_read_end(begin_read(place));
	assert_true(in_child(grow, place));

	struct store_txn *txn = begin_read(place);
	for (unsigned i = 0; i < 200; i++) {
		char key[16];
		snprintf(key, sizeof key, "large%u", i);
		assert_int_equal(store_get(txn, STORE_FACTS, text_bytes(key), &value), ERR_OK);
		assert_int_equal(value.length, LARGE_VALUE);
	}
	store_read_end(txn);
}

static void a_writer_follows_when_another_process_grows_the_map(void **state)
{
	struct place *place = *state;
	struct store_options options = place_options(place);
	enum err err;

	options.map_size = SMALL_MAP;
	assert_int_equal(store_open_writer(&options, &place->store, &place->why), ERR_OK);
	assert_int_equal(place_put(place->store, "k", "v"), ERR_OK);
	store_read_end(begin_read(place));
	assert_true(in_child(grow, place));
	assert_int_equal(place_put(place->store, "k", "w"), ERR_OK);
	assert_string_equal(place_get(place, 0, "k", &err), "w");
}

/* Stores count records and deletes most of them again, the last ones first. */
static void fill_and_empty(struct place *place, unsigned count)
{
	struct store_txn *txn = begin_write(place);
	char key[32];

	for (unsigned i = 0; i < count; i++) {
		snprintf(key, sizeof key, "%u.%06u", count, i);
		assert_int_equal(store_put(txn, STORE_FACTS, text_bytes(key),
					   text_bytes("a value of some length")),
				 ERR_OK);
	}
	for (unsigned i = count; i > count / 8; i--) {
		snprintf(key, sizeof key, "%u.%06u", count, i - 1);
		assert_int_equal(store_delete(txn, STORE_FACTS, text_bytes(key)), ERR_OK);
	}
	assert_int_equal(store_write_commit(txn, &place->why), ERR_OK);
}

/* LMDB does not write the pages that a transaction took and gave back at the end
 * of the file. That file is sound all the same. */
static void a_file_is_never_shorter_than_its_meta_page_says(void **state)
{
	struct place *place = *state;
	enum err err;

	assert_int_equal(place_open_writer(place), ERR_OK);
	assert_int_equal(place_put(place->store, "k", "v"), ERR_OK);
	for (unsigned count = 1000; count <= 20000; count += 1000) {
		fill_and_empty(place, count);
		place_close(place);
		assert_int_equal(place_open_writer(place), ERR_OK);
		assert_string_equal(place_get(place, 0, "k", &err), "v");
	}
}

/* ---- readers that died ---- */

static void a_reader_that_was_killed_pins_nothing(void **state)
{
	struct place *place = *state;
	int ready[2];
	char byte;

	assert_true(another_writes(place, "k", "v"));
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		place_open_reader(place);
		struct store_txn *txn;
		if (store_read_begin(place->store, 0, &txn) == ERR_OK)
			(void)!write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);

	assert_int_equal(place_open_writer(place), ERR_OK);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	/* Each of these takes new pages for what the snapshot might still see. */
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(put_large(place->store, 10), ERR_OK);
	struct stat status;
	assert_int_equal(stat(place_path(place, "cache/data.mdb"), &status), 0);
	assert_in_range(status.st_size, 1, (16 << 20) + 5 * 10 * LARGE_VALUE);
}

/* ---- many threads ---- */

struct crowd {
	struct place *place;
	atomic_bool stop;
	atomic_uint wrong;
	atomic_llong clock; /* monotonic ms, run by hand */
};

static void *read_pairs(void *context)
{
	struct crowd *crowd = context;

	while (!atomic_load(&crowd->stop)) {
		struct store_txn *txn;
		struct bytes first;
		struct bytes second;
		int64_t clock = atomic_fetch_add(&crowd->clock, 100);
		if (store_read_begin(crowd->place->store, clock, &txn) != ERR_OK) {
			atomic_fetch_add(&crowd->wrong, 1);
			return NULL;
		}
		if (store_get(txn, STORE_FACTS, text_bytes("first"), &first) != ERR_OK ||
		    store_get(txn, STORE_HISTORY, text_bytes("second"), &second) != ERR_OK ||
		    first.length != second.length ||
		    memcmp(first.data, second.data, first.length) != 0)
			atomic_fetch_add(&crowd->wrong, 1);
		store_read_end(txn);
	}
	return NULL;
}

static bool write_pair(struct store *store, unsigned number)
{
	struct store_txn *txn;
	struct why why;
	char text[5000];

	/* Ever longer: on other pages each time, and the map grows. */
	snprintf(text, sizeof text, "%0*u", (int)(number % 4000) + 1, number);
	if (store_write_begin(store, &txn, &why) != ERR_OK)
		return false;
	bool put = store_put(txn, STORE_FACTS, text_bytes("first"), text_bytes(text)) == ERR_OK &&
		   store_put(txn, STORE_HISTORY, text_bytes("second"), text_bytes(text)) == ERR_OK;
	return store_write_commit(txn, &why) == ERR_OK && put;
}

static bool write_pairs(struct place *place)
{
	bool done = place_open_writer(place) == ERR_OK;

	for (unsigned i = 0; done && i < 300; i++)
		done = write_pair(place->store, i * 17);
	return done && put_large(place->store, 100) == ERR_OK && write_pair(place->store, 1);
}

static void threads_see_whole_transactions_while_others_write(void **state)
{
	struct place *place = *state;
	struct store_options options = place_options(place);
	struct crowd crowd = {.place = place};
	pthread_t threads[8];

	assert_true(in_child(write_pairs, place));
	options.map_size = SMALL_MAP;
	assert_int_equal(store_open_reader(&options, &place->store, &place->why), ERR_OK);
	pid_t child = fork();
	if (child == 0)
		_exit(write_pairs(place) ? 0 : 1);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_pairs, &crowd), 0);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	atomic_store(&crowd.stop, true);
	for (unsigned i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(status, 0);
	assert_int_equal(atomic_load(&crowd.wrong), 0);
}

int main(void)
{
#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(what_is_committed_is_read_back),
		AT_A_PLACE(a_put_replaces_and_a_delete_removes),
		AT_A_PLACE(what_is_appended_comes_last_and_clearing_leaves_nothing),
		AT_A_PLACE(a_key_has_a_longest_length),
		AT_A_PLACE(a_cursor_walks_in_order),
		AT_A_PLACE(what_is_aborted_is_not_stored),
		AT_A_PLACE(a_snapshot_does_not_change),
		AT_A_PLACE(transactions_are_numbered),
		AT_A_PLACE(writers_take_turns),
		AT_A_PLACE(who_finds_all_taken_waits),
		AT_A_PLACE(a_full_map_keeps_what_was_there),
		AT_A_PLACE(a_reader_follows_when_another_process_grows_the_map),
		AT_A_PLACE(a_writer_follows_when_another_process_grows_the_map),
		AT_A_PLACE(a_file_is_never_shorter_than_its_meta_page_says),
		AT_A_PLACE(a_reader_that_was_killed_pins_nothing),
		AT_A_PLACE(threads_see_whole_transactions_while_others_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
