/* SPDX-License-Identifier: BSD-2-Clause */
/* storeplace: a directory with a store in it, for the tests of the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "storeplace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int place_set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	assert_non_null(place);
	strcpy(place->root, "/tmp/test_store.XXXXXX");
	assert_non_null(mkdtemp(place->root));
	/* Another user is to reach what is below. */
	assert_int_equal(chmod(place->root, 0755), 0);
	snprintf(place->directory, sizeof place->directory, "%s/cache", place->root);
	assert_int_equal(mkdir(place->directory, 0755), 0);
	*state = place;
	return 0;
}

int place_tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	place_close(place);
	snprintf(command, sizeof command, "rm -rf %s", place->root);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

char *place_path(const struct place *place, const char *below)
{
	static char paths[16][256];
	static unsigned turn;
	char *path = paths[turn++ % 16];

	snprintf(path, sizeof paths[0], "%s/%s", place->root, below);
	return path;
}

struct store_options place_options(const struct place *place)
{
	return (struct store_options){
		.directory = place->directory,
		.map_size = UINT64_C(1) << 30,
		.readers = PLACE_READERS,
	};
}

enum err place_open_writer(struct place *place)
{
	struct store_options options = place_options(place);

	return store_open_writer(&options, &place->store, &place->why);
}

void place_open_reader(struct place *place)
{
	struct store_options options = place_options(place);

	assert_int_equal(store_open_reader(&options, &place->store, &place->why), ERR_OK);
}

void place_close(struct place *place)
{
	store_close(place->store);
	place->store = NULL;
}

struct bytes text_bytes(const char *text)
{
	return (struct bytes){text, strlen(text)};
}

enum err place_put(struct store *store, const char *key, const char *value)
{
	struct store_txn *txn;
	struct why why;

	enum err err = store_write_begin(store, &txn, &why);
	if (err != ERR_OK)
		return err;
	err = store_put(txn, STORE_FACTS, text_bytes(key), text_bytes(value));
	if (err != ERR_OK) {
		store_write_abort(txn);
		return err;
	}
	return store_write_commit(txn, &why);
}

char *place_get(struct place *place, int64_t monotonic_ms, const char *key, enum err *err)
{
	static char text[64];
	struct store_txn *txn;
	struct bytes value;

	text[0] = '\0';
	*err = store_read_begin(place->store, monotonic_ms, &txn);
	if (*err != ERR_OK)
		return text;
	*err = store_get(txn, STORE_FACTS, text_bytes(key), &value);
	if (*err == ERR_OK)
		snprintf(text, sizeof text, "%.*s", (int)value.length, (const char *)value.data);
	store_read_end(txn);
	return text;
}

static bool succeeded(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool in_child(bool (*act)(struct place *place), struct place *place)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(act(place) ? 0 : 1);
	return succeeded(child);
}

bool another_writes(struct place *place, const char *key, const char *value)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		bool done = place_open_writer(place) == ERR_OK &&
			    place_put(place->store, key, value) == ERR_OK;
		if (done)
			place_close(place);
		_exit(done ? 0 : 1);
	}
	return succeeded(child);
}
