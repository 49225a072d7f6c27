/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../../milter/counters.h"

enum { THREADS = 8, TIMES = 10000 };

static struct counters *opened(void)
{
	struct counters *counters;

	assert_int_equal(counters_open(&counters), ERR_OK);
	return counters;
}

static void *count(void *argument)
{
	static const struct tally_cell cell = {
		.mode = MODE_OBSERVE, .class = 1, .verdict = VERDICT_REJECT, .reason = REASON_OK};
	struct counters_shard *shard = counters_shard(argument);

	for (int i = 0; i < TIMES; i++) {
		counters_add(shard, COUNTER_TRANSACTIONS);
		counters_observe(shard, HISTOGRAM_WAIT, 1);
		counters_tally(shard, TALLY_RECIPIENTS, &cell);
	}
	return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
	struct counters *counters = opened();
	struct tally_cell cell = {
		.mode = MODE_OBSERVE, .class = 1, .verdict = VERDICT_REJECT, .reason = REASON_OK};
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, counters), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(counters_total(counters, COUNTER_TRANSACTIONS), THREADS * TIMES);
	assert_int_equal(counters_total(counters, COUNTER_CANARY), 0);
	assert_int_equal(counters_tally_total(counters, TALLY_RECIPIENTS, &cell), THREADS * TIMES);
	assert_int_equal(counters_tally_total(counters, TALLY_MESSAGES, &cell), 0);
	cell.mode = MODE_ENFORCE;
	assert_int_equal(counters_tally_total(counters, TALLY_RECIPIENTS, &cell), 0);
	assert_int_equal(counters_distribution(counters, HISTOGRAM_WAIT).sum, THREADS * TIMES);
	counters_close(counters);
}

static void a_value_stands_in_the_first_interval_that_holds_it(void **state)
{
	struct counters *counters = opened();
	struct counters_shard *shard = counters_shard(counters);
	struct distribution found;

	(void)state;
	counters_observe(shard, HISTOGRAM_LOOKUP, 0);
	counters_observe(shard, HISTOGRAM_LOOKUP, 5000);
	counters_observe(shard, HISTOGRAM_LOOKUP, 5001);
	counters_observe(shard, HISTOGRAM_LOOKUP, UINT64_C(1000000000));
	counters_observe(shard, HISTOGRAM_LOOKUP, UINT64_C(1000000001));
	found = counters_distribution(counters, HISTOGRAM_LOOKUP);
	assert_int_equal(found.counts[0], 2);
	assert_int_equal(found.counts[1], 1);
	assert_int_equal(found.counts[found.bound_count - 1], 1);
	assert_int_equal(found.counts[found.bound_count], 1);
	assert_int_equal(found.sum, UINT64_C(2000010002));
	for (int i = 0; i < HISTOGRAM_COUNT; i++) {
		found = counters_distribution(counters, (enum histogram)i);
		assert_in_range(found.bound_count, 1, COUNTERS_BOUNDS_MAX);
		for (unsigned j = 1; j < found.bound_count; j++)
			assert_true(found.bounds[j - 1] < found.bounds[j]);
	}
	counters_close(counters);
}

static struct conf *conf_of(const char *text)
{
	struct why why = {""};
	struct conf *conf;

	if (conf_read_text(text, strlen(text), "conf", &conf, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return conf;
}

static void classes_keep_their_place_and_are_bounded(void **state)
{
	struct counters *counters = opened();
	struct conf *conf =
		conf_of("guard = password-reset other Invoice\nnotice:on_stale = accept\n");
	char text[64];

	(void)state;
	counters_name_classes(counters, conf);
	counters_name_classes(counters, conf);
	conf_free(conf);
	assert_int_equal(counters_class_count(counters), 4);
	assert_string_equal(counters_class_name(counters, 0), "other");
	assert_int_equal(counters_class(counters, "password-reset"), 1);
	assert_int_equal(counters_class(counters, "other"), 0);
	assert_int_equal(counters_class(counters, "invoice"), 2);
	assert_int_equal(counters_class(counters, "notice"), 3);
	assert_int_equal(counters_class(counters, "whatever"), 0);

	for (int i = 0; i < 2 * COUNTERS_CLASSES_MAX; i++) {
		snprintf(text, sizeof text, "guard = class-%d\n", i);
		conf = conf_of(text);
		counters_name_classes(counters, conf);
		conf_free(conf);
	}
	assert_int_equal(counters_class_count(counters), COUNTERS_CLASSES_MAX);
	assert_int_equal(counters_class(counters, "invoice"), 2);
	assert_int_equal(counters_class(counters, "class-63"), 0);
	counters_close(counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_between_threads),
		cmocka_unit_test(a_value_stands_in_the_first_interval_that_holds_it),
		cmocka_unit_test(classes_keep_their_place_and_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
