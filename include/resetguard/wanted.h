/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wanted: the list of domains whose facts somebody is waiting for.
 *
 * A directory, cache_dir/wanted, with one empty file per domain: created
 * exclusively, so that it de-duplicates itself and loses nothing, whoever writes;
 * removed after the commit that answers it, if only by when to ask again. The milter
 * writes it, the updater takes from it. A file whose name is no domain is left alone and reported.
 *
 * Who answers at once, `refresh --watch`, says so by a lock on one byte of
 * cache_dir/refresh.lock. It is an open file description lock, which others see
 * without locking anything themselves: asking never gets in a watcher's way.
 */
#ifndef RESETGUARD_WANTED_H
#define RESETGUARD_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"

struct wanted;

/* The bytes of refresh.lock. Every run over what is due locks the first; one that
 * goes on for ever, and answers what is wanted at once, the second too. The others are
 * locked while on_change_command or on_change_url is being told of changes. */
enum {
	WANTED_LOCK_RUN = 0,
	WANTED_LOCK_WATCHER = 1,
	WANTED_LOCK_TELLS_COMMAND = 2,
	WANTED_LOCK_TELLS_URL = 3,
};

/* cache_dir is copied. Succeeds if the directory is not there (yet). */
MUST_CHECK enum err wanted_open(const char *cache_dir, size_t max, struct wanted **wanted);
void wanted_close(struct wanted *wanted);

/* 0 also if the domain is on the list already. ERR_FULL: max names are there;
 * they are counted anew at most once a second (monotonic_ms). Any thread. */
MUST_CHECK enum err wanted_add(struct wanted *wanted, const struct domain *domain,
			       int64_t monotonic_ms);

/* How many names are there, as they were counted a second ago at most, and what was
 * added since. An error if they never could be. Any thread. */
MUST_CHECK enum err wanted_count(struct wanted *wanted, int64_t monotonic_ms, size_t *count);

/* Calls visit for every domain on the list. */
MUST_CHECK enum err wanted_each(struct wanted *wanted,
				enum err (*visit)(void *context, const struct domain *domain),
				void *context);

/* 0 also if it is not there. */
MUST_CHECK enum err wanted_remove(struct wanted *wanted, const struct domain *domain);

/* Whether no name is on the list, or there is none. Any thread. */
bool wanted_is_empty(const struct wanted *wanted);

/* Whether the domain is on the list. Any thread. */
bool wanted_has(const struct wanted *wanted, const struct domain *domain);

/* Whether a watcher runs. Three system calls. Any thread. */
bool wanted_is_watched(const struct wanted *wanted);

/* Has the inotify descriptor tell of events in the directory. Again, after the
 * directory was exchanged, of those in the new one; otherwise nothing changes. */
MUST_CHECK enum err wanted_notify(const struct wanted *wanted, int inotify, uint32_t events);

#endif
