/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storeplace: a directory with a store in it, for the tests of the store.
 *
 * LMDB must not open a file twice in one process: what another writer or reader
 * does here is done by a child, which checks by itself and tells by its exit.
 */
#ifndef RESETGUARD_TESTS_STOREPLACE_H
#define RESETGUARD_TESTS_STOREPLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/store.h"

enum { PLACE_READERS = 4 };

struct place {
	char root[64];
	char directory[96]; /* root/cache */
	struct store *store;
	struct why why;
};

/* cmocka's set-up and tear-down: a place whose store is not open yet. */
int place_set_up(void **state);
int place_tear_down(void **state);

/* A path below root, in a static buffer of which there are 16 in turns. */
char *place_path(const struct place *place, const char *below);

struct store_options place_options(const struct place *place);
enum err place_open_writer(struct place *place);
void place_open_reader(struct place *place);
void place_close(struct place *place);

/* One record in the facts database: stored in a transaction of its own. */
enum err place_put(struct store *store, const char *key, const char *value);
/* Its value in a snapshot, at most 63 bytes; "" with *err set if there is none. */
char *place_get(struct place *place, int64_t monotonic_ms, const char *key, enum err *err);

/* True if act, run in a child, returned true. */
bool in_child(bool (*act)(struct place *place), struct place *place);
/* In a child: opens a writer, stores key and value, closes. */
bool another_writes(struct place *place, const char *key, const char *value);

struct bytes text_bytes(const char *text);

#endif
