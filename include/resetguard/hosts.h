/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hosts: how much may be asked of each RDAP host now.
 *
 * One host serves hundreds of TLDs, so limits are per host: host_jobs requests at
 * the same time and host_rate requests a time, until the host teaches less. A
 * throttled answer (429, 403, 422, a quota notice) halves the rate and rests the
 * host for as long as it asks, or for a minute; a good answer raises the rate by a
 * little, up to host_rate again.
 *
 * Values and monotonic milliseconds in, values out: no clock, no I/O.
 */
#ifndef RESETGUARD_HOSTS_H
#define RESETGUARD_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/conf.h"

enum {
	HOSTS_REST_MS = 60 * 1000, /* after a throttled answer that names no time */
	HOSTS_FAILURES_MAX = 8,	   /* in a row, then it rests too */
	HOSTS_SLOWEST_PER_DAY = 24, /* a rate never falls below */
};

/* What is known of one host. */
struct host_limit {
	double per_second;     /* learned; at most the configured rate */
	double tokens;	       /* requests that may start at once */
	int64_t counted_at_ms; /* when tokens were counted last */
	int64_t rests_until_ms;
	unsigned running;
	unsigned failures; /* in a row */
};

struct host_limit host_limit_new(const struct conf_rate *rate, int64_t now_ms);

/* A lower rate that was learned before; higher ones than the limit's are not taken. */
void host_limit_slow(struct host_limit *limit, double per_second);

/* Milliseconds until a request may start: 0 is now. INT64_MAX: not before another
 * of its requests has ended. */
int64_t host_limit_wait(const struct host_limit *limit, unsigned host_jobs, int64_t now_ms);

/* One more is under way. */
void host_limit_started(struct host_limit *limit, int64_t now_ms);

enum host_answer { HOST_ANSWERED, HOST_THROTTLED, HOST_FAILED };

/* One has ended. retry_after_ms: what a throttled answer asked for, 0: nothing. */
void host_limit_ended(struct host_limit *limit, enum host_answer answer, int64_t retry_after_ms,
		      const struct conf_rate *rate, int64_t now_ms);

#endif
