/* SPDX-License-Identifier: BSD-2-Clause */
/* How much may be asked of one host: stories in milliseconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "resetguard/hosts.h"

#define JOBS 4

static const struct conf_rate five_a_second = {5, 1};

/* Starts what may start at now_ms, each request ending at once and teaching nothing;
 * how many did. */
static unsigned start_all(struct host_limit *limit, int64_t now_ms)
{
	unsigned started = 0;

	while (host_limit_wait(limit, JOBS, now_ms) == 0) {
		host_limit_started(limit, now_ms);
		host_limit_ended(limit, HOST_FAILED, 0, &five_a_second, now_ms);
		limit->failures = 0;
		started++;
	}
	return started;
}

static void the_rate_is_kept(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);
	unsigned started = 0;

	(void)unused;
	for (int64_t now = 0; now <= 10000; now++)
		started += start_all(&limit, now);
	/* a burst of a second's worth, then five a second for ten seconds */
	assert_in_range(started, 54, 55);
}

static void the_wait_is_as_long_as_needed(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);
	int64_t wait;

	(void)unused;
	assert_int_equal(start_all(&limit, 0), 5);
	wait = host_limit_wait(&limit, JOBS, 0);
	assert_in_range(wait, 200, 201);
	assert_int_equal(host_limit_wait(&limit, JOBS, wait), 0);
}

static void no_more_than_host_jobs_at_a_time(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);

	(void)unused;
	for (int i = 0; i < JOBS; i++) {
		assert_int_equal(host_limit_wait(&limit, JOBS, 0), 0);
		host_limit_started(&limit, 0);
	}
	assert_true(host_limit_wait(&limit, JOBS, 60000) == INT64_MAX);
	host_limit_ended(&limit, HOST_ANSWERED, 0, &five_a_second, 60000);
	assert_int_equal(host_limit_wait(&limit, JOBS, 60000), 0);
}

static void a_throttled_host_rests_as_long_as_it_asks(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);

	(void)unused;
	host_limit_started(&limit, 0);
	host_limit_ended(&limit, HOST_THROTTLED, 7000, &five_a_second, 100);
	assert_int_equal(host_limit_wait(&limit, JOBS, 100), 7000);
	assert_int_equal(host_limit_wait(&limit, JOBS, 7100), 0);
	host_limit_started(&limit, 7100);
	host_limit_ended(&limit, HOST_THROTTLED, 0, &five_a_second, 7200);
	assert_int_equal(host_limit_wait(&limit, JOBS, 7200), HOSTS_REST_MS);
}

static void a_throttled_host_is_asked_half_as_often(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);
	unsigned started = 0;

	(void)unused;
	host_limit_started(&limit, 0);
	host_limit_ended(&limit, HOST_THROTTLED, 1000, &five_a_second, 0);
	for (int64_t now = 1000; now <= 11000; now++)
		started += start_all(&limit, now);
	assert_in_range(started, 25, 28);
}

/* Ten requests were under way when the first was refused: that is one lesson. */
static void one_burst_teaches_once(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);

	(void)unused;
	for (int i = 0; i < 10; i++)
		host_limit_started(&limit, 0);
	for (int i = 0; i < 10; i++)
		host_limit_ended(&limit, HOST_THROTTLED, 0, &five_a_second, 10);
	assert_true(limit.per_second == 2.5);
	assert_int_equal(limit.running, 0);
}

static void good_answers_bring_the_rate_back(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);

	(void)unused;
	host_limit_started(&limit, 0);
	host_limit_ended(&limit, HOST_THROTTLED, 1000, &five_a_second, 0);
	for (int i = 0; i < 100; i++) {
		host_limit_started(&limit, 2000);
		host_limit_ended(&limit, HOST_ANSWERED, 0, &five_a_second, 2000);
	}
	assert_true(limit.per_second == 5.0);
}

/* A server that takes connections and never answers must not hold a run for hours. */
static void a_host_that_keeps_failing_rests(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);

	(void)unused;
	for (int i = 0; i < HOSTS_FAILURES_MAX; i++) {
		assert_true(limit.rests_until_ms == 0);
		host_limit_started(&limit, i);
		host_limit_ended(&limit, HOST_FAILED, 0, &five_a_second, i);
	}
	assert_true(limit.rests_until_ms > HOSTS_REST_MS);
}

static void what_was_learned_before_slows_only(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);

	(void)unused;
	host_limit_slow(&limit, 50.0);
	assert_int_equal(start_all(&limit, 0), 5);
	limit = host_limit_new(&five_a_second, 0);
	host_limit_slow(&limit, 2.0);
	assert_int_equal(start_all(&limit, 0), 1);
	assert_int_equal(start_all(&limit, 1001), 2);
	host_limit_slow(&limit, 0.0);
	assert_true(host_limit_wait(&limit, JOBS, 1001) <= 24 * 3600 * 1000 / HOSTS_SLOWEST_PER_DAY + 1);
}

static void a_rate_never_ends(void **unused)
{
	struct host_limit limit = host_limit_new(&five_a_second, 0);

	(void)unused;
	for (int64_t i = 0; i < 1000; i++) {
		host_limit_started(&limit, i * 100000);
		host_limit_ended(&limit, HOST_THROTTLED, 0, &five_a_second, i * 100000);
	}
	assert_true(host_limit_wait(&limit, JOBS, 1000 * 100000) <= 86400000 / HOSTS_SLOWEST_PER_DAY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rate_is_kept),
		cmocka_unit_test(the_wait_is_as_long_as_needed),
		cmocka_unit_test(no_more_than_host_jobs_at_a_time),
		cmocka_unit_test(a_throttled_host_rests_as_long_as_it_asks),
		cmocka_unit_test(a_throttled_host_is_asked_half_as_often),
		cmocka_unit_test(one_burst_teaches_once),
		cmocka_unit_test(good_answers_bring_the_rate_back),
		cmocka_unit_test(a_host_that_keeps_failing_rests),
		cmocka_unit_test(what_was_learned_before_slows_only),
		cmocka_unit_test(a_rate_never_ends),
	};

	return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
