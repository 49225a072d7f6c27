/* SPDX-License-Identifier: BSD-2-Clause */
/* test_census: what is counted of a cache. */
#include "resetguard/census.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "resetguard/time.h"

#define NOW INT64_C(1700000000)

static struct facts facts_due(int64_t next_check_at)
{
	struct facts facts = facts_new(NOW, 0);

	facts.state = STATE_REGISTERED;
	facts.source = SOURCE_RDAP;
	facts.registry.checked_at = NOW - 100;
	facts.registry.next_check_at = next_check_at;
	return facts;
}

static void add(struct census *census, const struct facts *facts, const char *host)
{
	assert_int_equal(census_add(census, facts, REASON_OK, host, NOW), ERR_OK);
}

static void nothing_is_counted_of_an_empty_cache(void **state)
{
	struct census census = {.domains = 0};
	const struct census_host **hosts;
	size_t count;

	(void)state;
	assert_int_equal(census_hosts(&census, &hosts, &count), ERR_OK);
	assert_int_equal(count, 0);
	free(hosts);
	census_clear(&census);
}

/* Today includes now, and the week today. */
static void what_is_due_is_counted_up_to_its_limit(void **state)
{
	static const struct {
		int64_t after;
		uint64_t now, today, week;
	} rows[] = {
		{-5, 1, 1, 1},
		{0, 1, 1, 1},
		{1, 0, 1, 1},
		{TIME_DAY, 0, 1, 1},
		{TIME_DAY + 1, 0, 0, 1},
		{7 * TIME_DAY, 0, 0, 1},
		{7 * TIME_DAY + 1, 0, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct facts facts = facts_due(NOW + rows[i].after);
		struct census census = {.domains = 0};

		add(&census, &facts, "rdap.example");
		assert_int_equal(census.due.now, rows[i].now);
		assert_int_equal(census.due.today, rows[i].today);
		assert_int_equal(census.due.week, rows[i].week);
		census_clear(&census);
	}
}

static void hosts_come_in_order_of_their_domains(void **state)
{
	struct census census = {.domains = 0};
	struct facts facts = facts_due(NOW);
	const struct census_host **hosts;
	size_t count;

	(void)state;
	add(&census, &facts, "b.example");
	add(&census, &facts, "a.example");
	add(&census, &facts, "c.example");
	add(&census, &facts, "c.example");
	assert_int_equal(census_add_held_back(&census, "c.example"), ERR_OK);
	assert_int_equal(census_hosts(&census, &hosts, &count), ERR_OK);
	assert_int_equal(count, 3);
	assert_string_equal(hosts[0]->name, "c.example");
	assert_int_equal(hosts[0]->domains, 2);
	assert_int_equal(hosts[0]->due.now, 2);
	assert_int_equal(hosts[0]->held_back, 1);
	assert_string_equal(hosts[1]->name, "a.example");
	assert_string_equal(hosts[2]->name, "b.example");
	assert_int_equal(census.held_back, 1);
	free(hosts);
	census_clear(&census);
}

static void ages_and_failures(void **state)
{
	struct census census = {.domains = 0};
	struct facts facts = facts_due(NOW - 50);

	(void)state;
	add(&census, &facts, "");
	facts.registry.checked_at = NOW - 500;
	facts.registry.next_check_at = NOW - 70;
	facts.registry.failures = 1;
	add(&census, &facts, "");
	facts.registry.checked_at = 0;
	facts.registry.failures = 2;
	facts.dns.failures = 4;
	add(&census, &facts, "");
	facts.dns.failures = 5;
	add(&census, &facts, "");
	assert_int_equal(census.domains, 4);
	assert_int_equal(census.states[STATE_REGISTERED], 4);
	assert_int_equal(census.reasons[REASON_OK], 4);
	assert_int_equal(census.oldest_check, NOW - 500);
	assert_int_equal(census.longest_overdue, NOW - 70);
	assert_int_equal(census.unchecked, 2);
	assert_int_equal(census.failing[CENSUS_FAILED_ONCE], 1);
	assert_int_equal(census.failing[CENSUS_FAILED_FEW], 1);
	assert_int_equal(census.failing[CENSUS_FAILED_MANY], 1);
	census_clear(&census);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_counted_of_an_empty_cache),
		cmocka_unit_test(what_is_due_is_counted_up_to_its_limit),
		cmocka_unit_test(hosts_come_in_order_of_their_domains),
		cmocka_unit_test(ages_and_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
