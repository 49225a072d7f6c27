/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refresh: asks the sources about domains and stores what they say.
 *
 * The path of one domain: its facts -> which server (bootstrap) -> request ->
 * reply (redirects followed by hand, a few, under the same rules) -> observation
 * -> facts_apply, schedule_next, brake_decide -> a batch, committed in one transaction
 * when it is full or a second old, or at once where somebody waits for an answer in it ->
 * wanted/ entry removed -> told to the caller.
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
	REFRESH_HELD_BACK, /* by the brake: the old facts stand, disputed */
};

/* Why a look-up failed. */
enum refresh_cause {
	REFRESH_CAUSE_OTHER,
	REFRESH_CAUSE_DNS,
	REFRESH_CAUSE_CONNECT,
	REFRESH_CAUSE_TLS,
	REFRESH_CAUSE_TIMEOUT,
	REFRESH_CAUSE_THROTTLED,
	REFRESH_CAUSE_STATUS,	    /* an HTTP status that is no answer */
	REFRESH_CAUSE_MALFORMED,    /* an answer that is not what it should be */
	REFRESH_CAUSE_CONTRADICTED, /* the sources do not agree */
};
enum { REFRESH_CAUSE_COUNT = REFRESH_CAUSE_CONTRADICTED + 1 };

/* One domain's end; the strings live during the call. */
struct refresh_result {
	const struct domain *domain;
	enum refresh_outcome outcome;
	enum state state;
	enum source source;
	const char *error; /* why failed or held back; else NULL */
	enum refresh_cause cause;
	int64_t checked_at; /* its last good check; 0: none yet */
};

struct refresh_totals {
	uint64_t checked; /* changed and unchanged */
	uint64_t changed;
	uint64_t failed;
	uint64_t causes[REFRESH_CAUSE_COUNT]; /* of failed */
	int64_t oldest_check; /* of those failed that were checked before; 0: none */
	uint64_t held_back;
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

/* One question that a run would ask; the strings live during the call. */
struct refresh_question {
	const struct domain *domain;
	enum source source; /* SOURCE_NONE: nobody can be asked */
	const char *host;   /* NULL: not known, or the system's resolver */
	bool forced;	    /* named, wanted or all; not because it is due */
	int64_t due_at;	    /* 0: never checked */
};

/* Tells the questions that refresh_run would begin with, and empties the queue. Asks
 * nobody and writes nothing: the cache may be a reader's. why: where it succeeds
 * although the RDAP servers are not known yet, says so; else "". */
MUST_CHECK enum err refresh_plan(struct refresh *refresh, int64_t now,
				 void (*visit)(void *context,
					       const struct refresh_question *question),
				 void *context, struct why *why);

/* For refresh_registry_host: the RDAP servers from their kept copy; nobody is asked.
 * why as in refresh_plan. */
MUST_CHECK enum err refresh_learn_hosts(struct refresh *refresh, int64_t now, struct why *why);
/* The registry source that is asked first about the domain of these facts, and its host:
 * SOURCE_NONE and "" where none serves it, or none is known yet. */
enum source refresh_registry_host(const struct refresh *refresh, const struct domain *domain,
				  const struct facts *facts, char host[DOMAIN_MAX + 1]);

const char *refresh_cause_text(enum refresh_cause cause);
const char *refresh_outcome_text(enum refresh_outcome outcome);

/* refresh.lock: held by runs over what is due or all, by a watcher, and by whoever tells
 * the application, as wanted.h says. ERR_BUSY: another has it. The descriptor is the lock; close it to give it
 * back. */
enum refresh_holder {
	REFRESH_RUN,
	REFRESH_WATCHER,
	REFRESH_TELLS_COMMAND,
	REFRESH_TELLS_URL,
};
MUST_CHECK enum err refresh_lock(const char *cache_dir, enum refresh_holder holder, int *descriptor,
				 struct why *why);

#endif
