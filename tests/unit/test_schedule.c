/* SPDX-License-Identifier: BSD-2-Clause */
/* When to look again: a table, and the bounds that hold for any facts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "resetguard/schedule.h"
#include "resetguard/time.h"

#define NOW INT64_C(1800000000)
#define DAYS INT64_C(86400)
#define HOURS INT64_C(3600)

static const struct schedule_rules rules = {.max_interval = 30 * DAYS};

struct row {
	const char *what;
	enum state state;
	int64_t expires_in; /* 0: not known */
	uint16_t failures;
	int64_t longest; /* the interval without jitter */
};

static const struct row rows[] = {
	{"expires in a year", STATE_REGISTERED, 365 * DAYS, 0, 30 * DAYS},
	{"no expiration date", STATE_REGISTERED, 0, 0, 30 * DAYS},
	{"expires in 25 days", STATE_REGISTERED, 25 * DAYS, 0, 15 * DAYS},
	{"expires in 10 days", STATE_REGISTERED, 10 * DAYS, 0, DAYS},
	{"past its date", STATE_REGISTERED, -3 * DAYS, 0, DAYS},
	{"grace", STATE_GRACE, 300 * DAYS, 0, DAYS},
	{"held", STATE_HELD, 300 * DAYS, 0, 12 * HOURS},
	{"redemption", STATE_REDEMPTION, 0, 0, 12 * HOURS},
	{"pending delete", STATE_PENDING_DELETE, 0, 0, 12 * HOURS},
	{"unregistered", STATE_UNREGISTERED, 0, 0, 7 * DAYS},
	{"failed once", STATE_REGISTERED, 365 * DAYS, 1, 300},
	{"failed twice", STATE_REGISTERED, 365 * DAYS, 2, 600},
	{"failed for ever", STATE_REGISTERED, 365 * DAYS, UINT16_MAX, DAYS},
	{"never answered yet", STATE_UNKNOWN, 0, 3, 1200},
};

static struct facts facts_of(const struct row *row)
{
	return (struct facts){
		.state = row->state,
		.expires_at = row->expires_in == 0 ? 0 : NOW + row->expires_in,
		.registry = {.tried_at = NOW, .failures = row->failures},
	};
}

static void check_row(const struct row *row, const struct schedule_rules *by)
{
	struct facts facts = facts_of(row);
	int64_t earliest = TIME_MAX;
	int64_t latest = 0;

	for (uint64_t seed = 0; seed < 500; seed++) {
		int64_t next = schedule_next(&facts, by, seed);

		earliest = next < earliest ? next : earliest;
		latest = next > latest ? next : latest;
	}
	/* Jitter shortens by up to a tenth, and is really there. */
	if (latest > NOW + row->longest || earliest < NOW + row->longest - row->longest / 10)
		fail_msg("%s: %lld to %lld s", row->what, (long long)(earliest - NOW),
			 (long long)(latest - NOW));
	assert_true(latest - earliest > row->longest / 20);
}

static void each_row_has_its_interval(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i], &rules);
}

/* In a TLD whose names are gone 9 days after expiry, watched from 20 days before. */
static const struct schedule_rules fast = {
	.max_interval = 30 * DAYS,
	.lifecycle = {.gone_after = 9 * DAYS, .watch_before = 20 * DAYS},
};

static const struct row fast_rows[] = {
	{"expires in a year", STATE_REGISTERED, 365 * DAYS, 0, 30 * DAYS},
	{"no expiration date", STATE_REGISTERED, 0, 0, 30 * DAYS},
	{"expires in 25 days", STATE_REGISTERED, 25 * DAYS, 0, 5 * DAYS},
	{"expires in 20 days", STATE_REGISTERED, 20 * DAYS, 0, DAYS},
	{"expires in an hour", STATE_REGISTERED, HOURS, 0, DAYS},
	{"expired an hour ago", STATE_GRACE, -HOURS, 0, DAYS},
	{"can be gone in 4 days", STATE_GRACE, -5 * DAYS, 0, DAYS},
	{"can be gone in 2 days", STATE_GRACE, -7 * DAYS, 0, 12 * HOURS},
	{"the same, registered", STATE_REGISTERED, -7 * DAYS, 0, 12 * HOURS},
	{"can be gone in a day", STATE_GRACE, -8 * DAYS, 0, 6 * HOURS},
	{"the same, in redemption", STATE_REDEMPTION, -8 * DAYS, 0, 6 * HOURS},
	{"held, with 8 days to go", STATE_HELD, -DAYS, 0, 12 * HOURS},
	{"should be gone", STATE_GRACE, -10 * DAYS, 0, 6 * HOURS},
	{"should be gone for a month", STATE_GRACE, -39 * DAYS, 0, 6 * HOURS},
	{"should be gone for longer: the figure was wrong", STATE_GRACE, -40 * DAYS, 0, DAYS},
	{"gone", STATE_UNREGISTERED, -10 * DAYS, 0, 7 * DAYS},
	{"failed once", STATE_GRACE, -8 * DAYS, 1, 300},
};

static void each_row_of_a_fast_tld_has_its_interval(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof fast_rows / sizeof *fast_rows; i++)
		check_row(&fast_rows[i], &fast);
}

static void the_dns_is_asked_daily(void **unused)
{
	struct facts facts = {.state = STATE_REGISTERED,
			      .dns_state = DNS_STATE_EXISTS,
			      .dns = {.tried_at = NOW}};

	(void)unused;
	assert_in_range(schedule_dns_next(&facts, &rules, 3) - NOW, DAYS - DAYS / 10, DAYS);
	facts.dns_state = DNS_STATE_NXDOMAIN;
	assert_in_range(schedule_dns_next(&facts, &rules, 3) - NOW, 12 * HOURS - 12 * HOURS / 10,
			12 * HOURS);
	facts.dns.failures = 1;
	assert_in_range(schedule_dns_next(&facts, &rules, 3) - NOW, 270, 300);
}

static void the_same_domain_keeps_its_time(void **unused)
{
	struct facts facts = facts_of(&rows[0]);

	(void)unused;
	assert_int_equal(schedule_next(&facts, &rules, 7), schedule_next(&facts, &rules, 7));
}

static void max_interval_bounds_everything(void **unused)
{
	const struct schedule_rules short_rules = {.max_interval = 3 * HOURS};

	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct facts facts = facts_of(&rows[i]);
		int64_t next = schedule_next(&facts, &short_rules, i);

		assert_true(next > NOW);
		assert_true(next <= NOW + 3 * HOURS);
	}
}

static void the_last_moment_is_not_passed(void **unused)
{
	struct facts facts = facts_of(&rows[0]);

	(void)unused;
	facts.registry.tried_at = TIME_MAX - 1;
	assert_true(schedule_next(&facts, &rules, 1) <= TIME_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_has_its_interval),
		cmocka_unit_test(each_row_of_a_fast_tld_has_its_interval),
		cmocka_unit_test(the_dns_is_asked_daily),
		cmocka_unit_test(the_same_domain_keeps_its_time),
		cmocka_unit_test(max_interval_bounds_everything),
		cmocka_unit_test(the_last_moment_is_not_passed),
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
