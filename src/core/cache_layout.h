/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_layout: the files and directories below cache_dir. cache_prepare, too,
 * is in cache_layout.c. */
#ifndef RESETGUARD_CACHE_LAYOUT_H
#define RESETGUARD_CACHE_LAYOUT_H

#include <stdbool.h>

#include "resetguard/addresses.h"
#include "resetguard/err.h"

/* ERR_NO_INPUT: there is none. */
MUST_CHECK enum err cache_layout_read_key(const char *cache_dir, struct addresses_key *key,
					  struct why *why);

/*
 * A key takes its place with the commit that puts its fingerprint into meta, so that
 * whoever is killed in between leaves a cache that has its key: it is staged beside
 * address.key before the commit, and renamed after it. All within a write transaction
 * of the cache: there is one writer.
 */

/* On disk before it returns, whole or not at all. */
MUST_CHECK enum err cache_layout_stage_key(const char *cache_dir, const struct addresses_key *key,
					   struct why *why);
MUST_CHECK enum err cache_layout_take_staged_key(const char *cache_dir, struct why *why);
/* Left over from a writer that was killed before its commit, if there is one. */
void cache_layout_drop_staged_key(const char *cache_dir);
/* The key with that fingerprint, staged or not. ERR_DAMAGED: there is none, or another. */
MUST_CHECK enum err cache_layout_find_key(const char *cache_dir,
					  const struct addresses_fingerprint *fingerprint,
					  struct addresses_key *key, bool *is_staged,
					  struct why *why);

/* ERR_DAMAGED: address.key is there and may not begin a new cache, since what it
 * belongs to has been lost. */
MUST_CHECK enum err cache_layout_check_new(const char *cache_dir, struct why *why);
/* The same, if there is no data.mdb either. */
MUST_CHECK enum err cache_layout_check_lost(const char *cache_dir, struct why *why);

#endif
