/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache_backup: the whole cache, with its key, into a backup's file and back.
 *
 * Damaged records go with the others, byte for byte: they are evidence that something
 * was known. Learned more: backup.h.
 */
#ifndef RESETGUARD_CACHE_BACKUP_H
#define RESETGUARD_CACHE_BACKUP_H

#include <stdint.h>
#include <stdio.h>

#include "resetguard/cache.h"
#include "resetguard/err.h"
#include "resetguard/store.h"

/* What is in a backup, or was in the cache that it replaced. */
struct cache_backup {
	int64_t made_at;
	int64_t committed_at; /* when the cache was last written */
	uint64_t entries[STORE_DB_COUNT];
	uint64_t damaged; /* records that make no sense */
};

/* Writes what the snapshot shows. The stream stays the caller's, flushed. */
MUST_CHECK enum err cache_backup_write(struct cache_txn *txn, int64_t now, FILE *stream,
				       struct cache_backup *backup, struct why *why);

/* Reads a backup to its end. ERR_DATA, ERR_VERSION and why: it cannot be used. */
MUST_CHECK enum err cache_backup_verify(FILE *stream, struct cache_backup *backup,
					struct why *why);

/*
 * Loads a backup, from a stream that can be rewound, into the environment below
 * options->cache_dir, which is made if it is not there, in one transaction: whoever
 * reads sees the cache before or the whole of the backup. Verified first, so that a
 * backup that is no good changes nothing. replaced is what was there. now does not
 * have to come after the last commit: what was written by a clock that ran ahead goes
 * with the cache it is in.
 */
MUST_CHECK enum err cache_restore(const struct cache_options *options, FILE *stream, int64_t now,
				  struct cache_backup *backup, struct cache_backup *replaced,
				  struct why *why);

#endif
