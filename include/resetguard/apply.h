/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apply: what an observation does to the facts. Pure; the heart of the project.
 *
 * How the sources combine:
 *
 *   registry says          DNS says                 result
 *   an object              exists, or not asked     the object's state
 *   an object, no hold     NXDOMAIN                 held
 *   404 or available       NXDOMAIN, or not a source  unregistered
 *   404 or available       anything else            a failed check, contradicted
 *   cannot tell            anything                 a failed check
 *   no source serves it    exists                   registered, undated
 *   no source serves it    NXDOMAIN                 held; unregistered when it lasts
 *   no source serves it    NODATA, error            a failed check
 *
 * What moves owner_since:
 *   lapsed_at      whenever the domain is seen expired
 *   registered_at  a registration date newer than the one on file by more than 48 h
 *   changed_at     the first good check after an expired one, unless the registration
 *                  date is later than lapsed_at; in a TLD without dates another handle,
 *                  or another name-server set after two NXDOMAIN; leaving grace after
 *                  having been parked with another name-server set than before grace
 *
 * What holds for every sequence of observations: owner_since never moves back; a
 * failed observation changes nothing but tried_at and failures; the same
 * observation a second time changes nothing.
 */
#ifndef RESETGUARD_APPLY_H
#define RESETGUARD_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/facts.h"
#include "resetguard/observation.h"

struct apply_rules {
	bool dns_is_source;	 /* dns is among the sources */
	bool registry_serves;	 /* some registry source serves this TLD */
	int64_t dns_lapse_after; /* NXDOMAIN for that long is unregistered; seconds */
};

enum {
	APPLY_DATE_NOISE = 48 * 3600,	    /* registration dates differ by less for no reason */
	APPLY_DNS_FRESH = 3600,		    /* how old the NXDOMAIN may be that confirms a 404 */
	APPLY_DNS_LAPSE_CHECKS = 3,	    /* NXDOMAIN this often at least */
	APPLY_CONTRADICTED_RETRY = 3600,
};

/* What applying did, besides the change. */
struct apply_result {
	struct facts facts;
	struct facts_change change;
	bool failed;	   /* the observation counts as a failed check */
	bool contradicted; /* it failed because the DNS says otherwise: again in 1 h */
};

struct apply_result facts_apply(const struct facts *facts, const struct observation *observation,
				const struct apply_rules *rules);

#endif
