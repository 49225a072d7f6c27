/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * census: what a cache holds, counted in one pass.
 *
 * Memory grows with the number of hosts, never with that of domains. No clock, no I/O.
 */
#ifndef RESETGUARD_CENSUS_H
#define RESETGUARD_CENSUS_H

#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/facts.h"
#include "resetguard/policy.h"

/* How often in a row the checks of a domain have failed. */
enum census_failures {
	CENSUS_FAILED_ONCE,
	CENSUS_FAILED_FEW,  /* 2 to 4 times */
	CENSUS_FAILED_MANY, /* more often */
};
enum { CENSUS_FAILURES_COUNT = CENSUS_FAILED_MANY + 1 };

/* Each includes the ones before it. */
struct census_due {
	uint64_t now;
	uint64_t today; /* within 24 hours */
	uint64_t week;	/* within 7 days */
};

/* One host that is asked; "" is nobody: no source serves the domain. */
struct census_host {
	char name[DOMAIN_MAX + 1];
	uint64_t domains;
	uint64_t held_back; /* by the brake */
	struct census_due due;
};

struct census {
	uint64_t domains;
	uint64_t states[STATE_COUNT];
	uint64_t reasons[REASON_COUNT];
	uint64_t failing[CENSUS_FAILURES_COUNT];
	uint64_t unchecked;	 /* never checked with success */
	int64_t oldest_check;	 /* of those that were; 0: none was */
	int64_t longest_overdue; /* since when the first is due; 0: none is */
	uint64_t held_back;
	struct census_due due; /* domains, whichever of their checks it is */
	void *hosts;	       /* tsearch(3) */
};

/* One domain: its reason, and the host of its registry ("": none). ERR_NO_MEMORY. */
MUST_CHECK enum err census_add(struct census *census, const struct facts *facts,
			       enum reason reason, const char *host, int64_t now);
/* One check at a host: of a registry, or of the DNS. */
MUST_CHECK enum err census_add_check(struct census *census, const char *host,
				     int64_t next_check_at, int64_t now);
/* One change that the brake holds back. */
MUST_CHECK enum err census_add_held_back(struct census *census, const char *host);

/* The hosts, most domains first. The caller frees the array, not what it points to. */
MUST_CHECK enum err census_hosts(const struct census *census, const struct census_host ***hosts,
				 size_t *count);
void census_clear(struct census *census);

const char *census_failures_text(enum census_failures failures);

#endif
