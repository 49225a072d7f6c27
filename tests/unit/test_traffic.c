/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "../../milter/traffic.h"

enum { LONG = 600 }; /* seconds: longer than any test may take */

struct drain {
	struct traffic *traffic;
	int64_t seconds;
	unsigned left;
	atomic_bool done;
	pthread_t thread;
};

static void *drain(void *argument)
{
	struct drain *drain = argument;

	drain->left = traffic_drain(drain->traffic, drain->seconds);
	drain->done = true;
	return NULL;
}

static struct traffic *opened(void)
{
	struct traffic *traffic = NULL;

	assert_int_equal(traffic_open(&traffic), ERR_OK);
	return traffic;
}

static void an_idle_milter_stops_at_once(void **state)
{
	struct traffic *traffic = opened();

	(void)state;
	traffic_begin(traffic);
	traffic_end(traffic);
	assert_int_equal(traffic_drain(traffic, LONG), 0);
	traffic_close(traffic);
}

static void what_is_open_is_waited_for(void **state)
{
	struct drain drained = {.traffic = opened(), .seconds = LONG};

	(void)state;
	traffic_begin(drained.traffic);
	traffic_begin(drained.traffic);
	assert_int_equal(pthread_create(&drained.thread, NULL, drain, &drained), 0);
	traffic_end(drained.traffic);
	assert_false(drained.done);
	assert_false(traffic_turns_away(drained.traffic));
	traffic_end(drained.traffic);
	pthread_join(drained.thread, NULL);
	assert_int_equal(drained.left, 0);
	traffic_close(drained.traffic);
}

static void what_does_not_end_is_told(void **state)
{
	struct traffic *traffic = opened();

	(void)state;
	traffic_begin(traffic);
	traffic_begin(traffic);
	assert_int_equal(traffic_drain(traffic, 0), 2);
	assert_true(traffic_turns_away(traffic));
	traffic_close(traffic);
}

/* Many threads, and a drain at some moment between: no wake-up is lost. */
static void *begin_and_end(void *argument)
{
	struct traffic *traffic = argument;

	for (int i = 0; i < 20000; i++) {
		traffic_begin(traffic);
		traffic_end(traffic);
	}
	return NULL;
}

static void no_end_is_overlooked(void **state)
{
	(void)state;
	for (int round = 0; round < 20; round++) {
		struct drain drained = {.traffic = opened(), .seconds = LONG};
		pthread_t threads[4];

		for (size_t i = 0; i < 4; i++)
			assert_int_equal(
				pthread_create(&threads[i], NULL, begin_and_end, drained.traffic),
				0);
		assert_int_equal(pthread_create(&drained.thread, NULL, drain, &drained), 0);
		for (size_t i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		pthread_join(drained.thread, NULL);
		traffic_close(drained.traffic);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_idle_milter_stops_at_once),
		cmocka_unit_test(what_is_open_is_waited_for),
		cmocka_unit_test(what_does_not_end_is_told),
		cmocka_unit_test(no_end_is_overlooked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
