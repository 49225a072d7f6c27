/* SPDX-License-Identifier: BSD-2-Clause */
/* hosts: how much may be asked of each RDAP host now. A token bucket each. */
#include "resetguard/hosts.h"

#define SLOWEST_PER_SECOND (HOSTS_SLOWEST_PER_DAY / 86400.0)
/* Additive increase: as many good answers as make up a second at full rate
 * double a rate that was halved. */
#define RAISE_PER_ANSWER 0.05

static double configured_rate(const struct conf_rate *rate)
{
	return (double)rate->count / (double)rate->per;
}

/* What may start in one burst: a second's worth, and one at the least. */
static double burst_of(double per_second)
{
	return per_second > 1.0 ? per_second : 1.0;
}

struct host_limit host_limit_new(const struct conf_rate *rate, int64_t now_ms)
{
	double per_second = configured_rate(rate);

	return (struct host_limit){
		.per_second = per_second,
		.tokens = burst_of(per_second),
		.counted_at_ms = now_ms,
	};
}

void host_limit_slow(struct host_limit *limit, double per_second)
{
	if (per_second < SLOWEST_PER_SECOND)
		per_second = SLOWEST_PER_SECOND;
	if (per_second >= limit->per_second)
		return;
	limit->per_second = per_second;
	limit->tokens = 1.0;
}

static double tokens_at(const struct host_limit *limit, int64_t now_ms)
{
	double seconds = (double)(now_ms - limit->counted_at_ms) / 1000.0;
	double tokens = limit->tokens + seconds * limit->per_second;
	double burst = burst_of(limit->per_second);

	return tokens < burst ? tokens : burst;
}

int64_t host_limit_wait(const struct host_limit *limit, unsigned host_jobs, int64_t now_ms)
{
	double tokens = tokens_at(limit, now_ms);
	int64_t rest = limit->rests_until_ms - now_ms;
	int64_t wait = 0;

	if (limit->running >= host_jobs)
		return INT64_MAX;
	if (tokens < 1.0)
		wait = (int64_t)((1.0 - tokens) / limit->per_second * 1000.0) + 1;
	return rest > wait ? rest : wait;
}

void host_limit_started(struct host_limit *limit, int64_t now_ms)
{
	limit->tokens = tokens_at(limit, now_ms) - 1.0;
	limit->counted_at_ms = now_ms;
	limit->running++;
}

static void slow_down(struct host_limit *limit, int64_t retry_after_ms, int64_t now_ms)
{
	int64_t rest = retry_after_ms > 0 ? retry_after_ms : HOSTS_REST_MS;

	limit->per_second /= 2;
	if (limit->per_second < SLOWEST_PER_SECOND)
		limit->per_second = SLOWEST_PER_SECOND;
	limit->tokens = 1.0;
	limit->counted_at_ms = now_ms;
	if (now_ms + rest > limit->rests_until_ms)
		limit->rests_until_ms = now_ms + rest;
}

void host_limit_ended(struct host_limit *limit, enum host_answer answer, int64_t retry_after_ms,
		      const struct conf_rate *rate, int64_t now_ms)
{
	double most = configured_rate(rate);

	limit->running--;
	switch (answer) {
	case HOST_ANSWERED:
		limit->failures = 0;
		limit->per_second += limit->per_second * RAISE_PER_ANSWER;
		if (limit->per_second > most)
			limit->per_second = most;
		break;
	case HOST_THROTTLED:
		/* Those under way at the first refusal say nothing new. */
		if (limit->rests_until_ms <= now_ms || retry_after_ms > 0)
			slow_down(limit, retry_after_ms, now_ms);
		break;
	case HOST_FAILED:
		limit->failures++;
		if (limit->failures >= HOSTS_FAILURES_MAX)
			limit->rests_until_ms = now_ms + HOSTS_REST_MS;
		break;
	}
}
