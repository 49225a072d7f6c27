/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schedule: when to look again. Pure.
 *
 *   registered           at most max_interval, never past the day the domain could
 *                        first lapse; daily from 10 days before expiry
 *   grace                daily
 *   held, redemption,    every 12 hours
 *   pending-delete
 *   unregistered         weekly
 *   after a failure      5 minutes, doubling, up to a day
 *
 * Where the TLD's lifecycle is known, daily begins as it says, and a domain past its
 * expiration date is looked at after a quarter of the time until it can be gone, 6
 * hours at least, if that is sooner than the above.
 *
 * Every interval is shortened by up to a tenth, by seed, so that what was imported
 * together is not asked together for ever.
 */
#ifndef RESETGUARD_SCHEDULE_H
#define RESETGUARD_SCHEDULE_H

#include <stdint.h>

#include "resetguard/facts.h"
#include "resetguard/lifecycle.h"

struct schedule_rules {
	int64_t max_interval; /* seconds */
	struct lifecycle lifecycle; /* of the domain's TLD */
};

/* The next registry check, from what facts.registry says of the last one. seed:
 * any number that is the domain's own. */
int64_t schedule_next(const struct facts *facts, const struct schedule_rules *rules, uint64_t seed);

/* The next DNS check, from what facts.dns says of the last one: daily, every 12
 * hours while the name is not in the DNS or its state is in doubt. It has no quota,
 * and brings the registry's check forward when it changes. */
int64_t schedule_dns_next(const struct facts *facts, const struct schedule_rules *rules,
			  uint64_t seed);

#endif
