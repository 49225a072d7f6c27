/* SPDX-License-Identifier: BSD-2-Clause */
/* schedule: when to look again. Pure. */
#include "resetguard/schedule.h"

#include "resetguard/time.h"

enum {
	HALF_A_DAY = 12 * TIME_HOUR,
	A_WEEK = 7 * TIME_DAY,
	BEFORE_EXPIRY = 10 * TIME_DAY, /* daily from then on */
	FIRST_RETRY = 5 * TIME_MINUTE,
	SOONEST = 6 * TIME_HOUR,       /* while it can be gone any day */
	LIFE_MISJUDGED = 30 * TIME_DAY, /* there that long after it had to be gone: it had not */
	JITTER_PARTS = 10, /* an interval is shortened by up to one part in ten */
};

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t interval_after_failure(unsigned failures)
{
	int64_t interval = FIRST_RETRY;

	for (unsigned i = 1; i < failures && interval < TIME_DAY; i++)
		interval *= 2;
	return smaller(interval, TIME_DAY);
}

static int64_t interval_while_registered(const struct facts *facts,
					 const struct schedule_rules *rules)
{
	int64_t before = rules->lifecycle.watch_before != 0 ? rules->lifecycle.watch_before
							    : BEFORE_EXPIRY;
	int64_t until_watch = facts->expires_at - before - facts->registry.tried_at;

	if (facts->expires_at == 0)
		return rules->max_interval;
	if (until_watch < TIME_DAY)
		return TIME_DAY;
	return smaller(until_watch, rules->max_interval);
}

static int64_t interval_by_state(const struct facts *facts, const struct schedule_rules *rules)
{
	switch (facts->state) {
	case STATE_REGISTERED:
	case STATE_UNKNOWN:
		return interval_while_registered(facts, rules);
	case STATE_GRACE:
		return TIME_DAY;
	case STATE_HELD:
	case STATE_REDEMPTION:
	case STATE_PENDING_DELETE:
		return HALF_A_DAY;
	case STATE_UNREGISTERED:
		return A_WEEK;
	}
	return TIME_DAY;
}

/* Past its expiration date and still there, in a TLD that drops fast: a quarter of
 * the time that is left. */
static int64_t interval_after_success(const struct facts *facts,
				      const struct schedule_rules *rules)
{
	int64_t interval = interval_by_state(facts, rules);
	int64_t at = facts->registry.tried_at;
	int64_t left = facts->expires_at + rules->lifecycle.gone_after - at;

	if (rules->lifecycle.watch_before == 0 || facts->expires_at == 0 ||
	    at < facts->expires_at || left < -(int64_t)LIFE_MISJUDGED ||
	    facts->state == STATE_UNREGISTERED)
		return interval;
	return smaller(interval, larger(SOONEST, left / 4));
}

/* Spreads seeds that differ little: the finaliser of MurmurHash3 (public domain). */
static uint64_t mix(uint64_t value)
{
	value = (value ^ (value >> 33)) * UINT64_C(0xff51afd7ed558ccd);
	value = (value ^ (value >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
	return value ^ (value >> 33);
}

/* interval after the last try, shortened by the seed's share of a tenth. */
static int64_t after(const struct facts_check *check, int64_t interval,
		     const struct schedule_rules *rules, uint64_t seed)
{
	uint64_t jitter;

	interval = smaller(interval, rules->max_interval);
	jitter = mix(seed ^ (uint64_t)check->tried_at) % ((uint64_t)interval / JITTER_PARTS + 1);
	return smaller(check->tried_at + interval - (int64_t)jitter, TIME_MAX);
}

int64_t schedule_next(const struct facts *facts, const struct schedule_rules *rules, uint64_t seed)
{
	const struct facts_check *check = &facts->registry;

	return after(check,
		     check->failures > 0 ? interval_after_failure(check->failures)
					 : interval_after_success(facts, rules),
		     rules, seed);
}

static int64_t dns_interval(const struct facts *facts)
{
	bool in_doubt = facts->dns_state == DNS_STATE_NXDOMAIN || facts->state == STATE_HELD ||
			facts->state == STATE_REDEMPTION || facts->state == STATE_PENDING_DELETE;

	return in_doubt ? HALF_A_DAY : TIME_DAY;
}

int64_t schedule_dns_next(const struct facts *facts, const struct schedule_rules *rules,
			  uint64_t seed)
{
	const struct facts_check *check = &facts->dns;

	return after(check,
		     check->failures > 0 ? interval_after_failure(check->failures)
					 : dns_interval(facts),
		     rules, ~seed);
}
