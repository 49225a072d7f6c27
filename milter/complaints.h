/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaints: what is wrong for many messages at once, said once.
 *
 * The cache is complained of when it goes out of order and mentioned again when
 * it recovers; the rest at most once a minute, with the number of times.
 */
#ifndef RESETGUARD_MILTER_COMPLAINTS_H
#define RESETGUARD_MILTER_COMPLAINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/cache.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "scope.h"

enum { COMPLAINTS_INTERVAL_MS = 60000 };

struct complaints;

MUST_CHECK enum err complaints_open(struct complaints **complaints);
void complaints_close(struct complaints *complaints);

/* All from any thread. */

/* After each look at the cache, and once at start. out_of_order: the cache could not
 * tell. On the usual path one atomic load. */
void complaints_cache(struct complaints *complaints, struct cache *cache, bool out_of_order);

/* The domain could not be put on the wanted list. */
void complaints_wanted(struct complaints *complaints, const struct domain *domain, enum err err,
		       int64_t monotonic_ms);

/* Mail that is not ours to judge matched the rule: very likely a host is missing
 * from originating_networks. sender without angle brackets. */
void complaints_out_of_scope(struct complaints *complaints, const char *sender,
			     const struct scope_client *client, const char *rule,
			     int64_t monotonic_ms);

#endif
