/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache_health: the cache as a doctor looks at it. Nothing here changes anything.
 */
#ifndef RESETGUARD_CACHE_HEALTH_H
#define RESETGUARD_CACHE_HEALTH_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "resetguard/cache.h"
#include "resetguard/store.h"

/* One thing of the layout in cache.h. */
struct cache_place {
	char path[PATH_MAX];
	bool is_missing;
	bool is_needed;	    /* whatever writes makes it */
	bool is_other_type; /* than a file, or a directory, of its own */
	uid_t owner;
	gid_t group;
	mode_t mode;
	mode_t right_mode;
};

/* Opens nothing: closing a file drops its locks. */
MUST_CHECK enum err cache_each_place(const char *cache_dir,
				     void (*visit)(void *context, const struct cache_place *place),
				     void *context, struct why *why);

/* Who reads the cache, in whatever process. See store_readers. */
MUST_CHECK enum err cache_readers(struct cache *cache, struct store_readers *readers);

/* The time of the last commit; 0: none yet. In a snapshot. */
MUST_CHECK enum err cache_last_commit(struct cache_txn *txn, int64_t *committed_at);

#endif
