/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_layout: the files and directories below cache_dir. cache_prepare, too,
 * is in cache_layout.c. */
#ifndef RESETGUARD_CACHE_LAYOUT_H
#define RESETGUARD_CACHE_LAYOUT_H

#include "resetguard/addresses.h"
#include "resetguard/err.h"

/* ERR_NO_INPUT: there is none. */
MUST_CHECK enum err cache_layout_read_key(const char *cache_dir, struct addresses_key *key,
					  struct why *why);

/* On disk before it returns, whole or not at all. The caller holds the cache's
 * write transaction, so that there is one writer. */
MUST_CHECK enum err cache_layout_write_key(const char *cache_dir, const struct addresses_key *key,
					   struct why *why);

#endif
