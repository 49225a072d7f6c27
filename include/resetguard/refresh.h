/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refresh: asks the sources about domains and stores what they say.
 *
 * The path of one domain: its facts -> which server (bootstrap) -> request ->
 * reply (redirects followed by hand, a few, under the same rules) -> observation
 * -> facts_apply, schedule_next -> a batch, committed in one transaction when it
 * is full or a second old -> wanted/ entry removed -> told to the caller.
 *
 * No write transaction is held across network I/O: in the commit the facts are
 * read again and the observation is applied to what is there then. A kill at any
 * instant loses at most the batch in flight.
 */
#ifndef RESETGUARD_REFRESH_H
#define RESETGUARD_REFRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/cache.h"
#include "resetguard/conf.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/observation.h"
#include "resetguard/wanted.h"

enum refresh_outcome {
	REFRESH_CHANGED,   /* state or owner */
	REFRESH_UNCHANGED, /* as before */
	REFRESH_FAILED,	   /* the old facts stand */
};

/* One domain's end; the strings live during the call. */
struct refresh_result {
	const struct domain *domain;
	enum refresh_outcome outcome;
	enum state state;
	enum source source;
	const char *error; /* NULL unless failed */
};

struct refresh_totals {
	uint64_t checked; /* changed and unchanged */
	uint64_t changed;
	uint64_t failed;
};

struct refresh_options {
	const struct conf *conf;
	const struct domain_suffixes *suffixes;
	struct cache *cache; /* a writer's */
	struct wanted *wanted;
	unsigned jobs;
	/* Told after the commit (failures: also after it). May be NULL. */
	void (*told)(void *context, const struct refresh_result *result);
	void *context;
};

struct refresh;

/* Everything in options is borrowed. */
MUST_CHECK enum err refresh_open(const struct refresh_options *options, struct refresh **refresh,
				 struct why *why);
void refresh_close(struct refresh *refresh);

/* Queues one registrable domain (or name below a private suffix). */
MUST_CHECK enum err refresh_add(struct refresh *refresh, const struct domain *domain);

/* Queues what is due at now, and what is wanted; or every domain there is. */
MUST_CHECK enum err refresh_add_due(struct refresh *refresh, int64_t now, struct why *why);
MUST_CHECK enum err refresh_add_all(struct refresh *refresh, struct why *why);

/* Works until nothing is queued; loads the bootstrap if anything is. clock is asked for the time of each observation
 * and commit. ERR_CLOCK: the clock contradicts the cache or an HTTPS answer, and
 * nothing was written from then on. */
MUST_CHECK enum err refresh_run(struct refresh *refresh, int64_t (*clock)(void),
				struct refresh_totals *totals, struct why *why);

const char *refresh_outcome_text(enum refresh_outcome outcome);

/* refresh.lock: held by runs over what is due or all. ERR_BUSY: another has it.
 * The descriptor is the lock; close it to give it back. */
MUST_CHECK enum err refresh_lock(const char *cache_dir, int *descriptor, struct why *why);

#endif
