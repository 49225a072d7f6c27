/* SPDX-License-Identifier: BSD-2-Clause */
/* cacheplace: a directory with a cache in it, for the tests of the cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheplace.h"

#include "../../src/core/cache_txn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int cacheplace_set_up(void **state)
{
	struct cacheplace *place = calloc(1, sizeof *place);

	assert_non_null(place);
	strcpy(place->root, "/tmp/test_cache.XXXXXX");
	assert_non_null(mkdtemp(place->root));
	assert_int_equal(cache_prepare(place->root, (uid_t)-1, (gid_t)-1, &place->why), ERR_OK);
	*state = place;
	return 0;
}

int cacheplace_tear_down(void **state)
{
	struct cacheplace *place = *state;
	char command[128];

	cache_close(place->cache);
	snprintf(command, sizeof command, "rm -rf %s", place->root);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

char *cacheplace_path(const struct cacheplace *place, const char *name)
{
	static char paths[8][256];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", place->root, name);
	return path;
}

struct cache_options cacheplace_options(const struct cacheplace *place)
{
	return (struct cache_options){
		.cache_dir = place->root,
		.map_size = UINT64_C(1) << 30,
		.readers = 4,
	};
}

enum err cacheplace_open_writer(struct cacheplace *place)
{
	struct cache_options options = cacheplace_options(place);

	return cache_open_writer(&options, &place->cache, &place->why);
}

void cacheplace_open_reader(struct cacheplace *place)
{
	struct cache_options options = cacheplace_options(place);

	assert_int_equal(cache_open_reader(&options, &place->cache, &place->why), ERR_OK);
}

void cacheplace_close(struct cacheplace *place)
{
	cache_close(place->cache);
	place->cache = NULL;
}

struct cache_txn *cacheplace_begin_write(struct cacheplace *place, int64_t now)
{
	struct cache_txn *txn;

	assert_int_equal(cache_write_begin_at(place->cache, now, false, &txn, &place->why), ERR_OK);
	return txn;
}

void cacheplace_commit(struct cacheplace *place, struct cache_txn *txn)
{
	assert_int_equal(cache_write_commit(txn, &place->why), ERR_OK);
}

struct domain cacheplace_domain(const char *name)
{
	struct domain domain = {.length = (unsigned char)strlen(name)};

	strcpy(domain.name, name);
	return domain;
}

/* A cache with one domain, closed again. */
void cacheplace_make(struct cacheplace *place)
{
	struct domain domain = cacheplace_domain("lapsed.example");
	struct facts facts = facts_new(CACHEPLACE_NOW, FACTS_IMPORTED);

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
	assert_int_equal(cache_put_facts(txn, &domain, NULL, &facts), ERR_OK);
	cacheplace_commit(place, txn);
	cacheplace_close(place);
}

bool cacheplace_in_child(bool (*act)(struct cacheplace *place), struct cacheplace *place)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(act(place) ? 0 : 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status == 0;
}
