/* SPDX-License-Identifier: BSD-2-Clause */
/* cacheplace: a directory with a cache in it, for the tests of the cache. */
#ifndef RESETGUARD_TESTS_CACHEPLACE_H
#define RESETGUARD_TESTS_CACHEPLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/cache.h"

#define CACHEPLACE_NOW INT64_C(1700000000) /* 2023-11-14T22:13:20Z */

struct cacheplace {
	char root[64]; /* cache_dir */
	struct cache *cache;
	struct why why;
};

/* cmocka's set-up and tear-down: a prepared cache_dir, nothing open yet. */
int cacheplace_set_up(void **state);
int cacheplace_tear_down(void **state);

/* A path below root, in a static buffer of which there are eight in turns. */
char *cacheplace_path(const struct cacheplace *place, const char *name);

struct cache_options cacheplace_options(const struct cacheplace *place);
enum err cacheplace_open_writer(struct cacheplace *place);
void cacheplace_open_reader(struct cacheplace *place);
void cacheplace_close(struct cacheplace *place);

struct cache_txn *cacheplace_begin_write(struct cacheplace *place, int64_t now);
void cacheplace_commit(struct cacheplace *place, struct cache_txn *txn);

/* Makes a cache that knows lapsed.example. Nothing is open after it. */
void cacheplace_make(struct cacheplace *place);

struct domain cacheplace_domain(const char *name);

/* True if act, run in a child, returned true. */
bool cacheplace_in_child(bool (*act)(struct cacheplace *place), struct cacheplace *place);

#endif
