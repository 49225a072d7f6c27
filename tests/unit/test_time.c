/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "resetguard/time.h"

#define NOW INT64_C(1795334400) /* 2026-11-22T08:00:00Z */
#define UNTOUCHED INT64_C(-77)

struct row {
	const char *text;
	int64_t moment; /* 0: ERR_DATA */
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void check(const struct row *row, enum err err, int64_t moment)
{
	if (row->moment == 0 ? err != ERR_DATA || moment != UNTOUCHED
			     : err != ERR_OK || moment != row->moment)
		fail_msg("\"%s\": err %d, %lld instead of %lld", row->text, (int)err,
			 (long long)moment, (long long)row->moment);
}

/* ---- writing ---- */

static const struct row formats[] = {
	{"2026-11-22T08:00:00Z", NOW},	      {"1970-01-01T00:00:01Z", 1},
	{"2000-02-29T23:59:59Z", 951868799},  {"2106-02-07T06:28:15Z", TIME_MAX},
	{"2100-03-01T00:00:00Z", 4107542400}, {"2026-12-31T23:59:59Z", 1798761599},
};

static void moments_are_written_in_rfc3339(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(formats); i++)
		assert_string_equal(time_format(formats[i].moment).text, formats[i].text);
	assert_string_equal(time_format(0).text, "");
	assert_string_equal(time_format_rfc5322(1714521601).text,
			    "Wed, 01 May 2024 00:00:01 +0000");
	assert_string_equal(time_format_rfc5322(0).text, "");
	assert_string_equal(time_format(-1).text, "");
	assert_string_equal(time_format(TIME_MAX + 1).text, "");
}

/* ---- what operators write ---- */

static const struct row operator_rows[] = {
	{"2026-11-22T08:00:00Z", NOW},
	{"2026-11-22t08:00:00z", NOW},
	{"2026-11-22 08:00:00Z", NOW},
	{"2026-11-22T09:30:00+01:30", NOW},
	{"2026-11-22T02:15:00-05:45", NOW},
	{"2026-11-22T08:00:00-00:00", NOW},
	{"2026-11-22T08:00:00.999999999Z", NOW},
	{"2026-11-22", NOW - 8 * TIME_HOUR},
	{"2016-12-31T23:59:60Z", 1483228800},
	{"@1795334400", NOW},
	{"@1", 1},
	{"@4294967295", TIME_MAX},
	{"30d", NOW - 30 * TIME_DAY},
	{"12h", NOW - 12 * TIME_HOUR},
	{"0s", NOW},
	{"2w", NOW - 14 * TIME_DAY},
	{"1970-01-01T00:00:01Z", 1},
	{"2106-02-07T06:28:15Z", TIME_MAX},
	{"2000-02-29", 951782400},
	/* wrong */
	{"", 0},
	{"now", 0},
	{"30", 0}, /* of what? */
	{"1795334400", 0},
	{"@", 0},
	{"@0", 0},
	{"@-1", 0},
	{"@4294967296", 0},
	{"@1x", 0},
	{"@99999999999999999999", 0},
	{"60y", 0},
	{"99w9", 0},
	{"36500d", 0}, /* before 1970 */
	{"1970-01-01", 0},
	{"1970-01-01T00:00:00Z", 0},
	{"1969-12-31T23:59:59Z", 0},
	{"2106-02-07T06:28:16Z", 0},
	{"2107-01-01", 0},
	{"2026-11-22T08:00:00", 0}, /* where? */
	{"2026-11-22T08:00Z", 0},
	{"2026-11-22T08:00:00.Z", 0},
	{"2026-11-22T08:00:00+0100", 0},
	{"2026-11-22T08:00:00+01", 0},
	{"2026-11-22T08:00:00+24:00", 0},
	{"2026-11-22T08:00:00+01:60", 0},
	{"2026-11-22T08:00:00Z ", 0},
	{" 2026-11-22", 0},
	{"2026-11-22x", 0},
	{"2026-11-22T", 0},
	{"2026-11-31", 0},
	{"2026-13-01", 0},
	{"2026-00-01", 0},
	{"2026-01-00", 0},
	{"2026-02-29", 0},
	{"2100-02-29", 0},
	{"2026-1-1", 0},
	{"02026-01-01", 0},
	{"2026-11-22T24:00:00Z", 0},
	{"2026-11-22T08:60:00Z", 0},
	{"2026-11-22T08:00:61Z", 0},
	{"2026/11/22", 0},
};

static void operators_write_dates_moments_and_ages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(operator_rows); i++) {
		int64_t moment = UNTOUCHED;
		enum err err = time_parse(operator_rows[i].text, NOW, &moment);

		check(&operator_rows[i], err, moment);
	}
}

/* ---- what registries write ---- */

static const struct row registry_rows[] = {
	{"2026-11-22T08:00:00Z", NOW},
	{"2026-11-22T08:00:00.Z", NOW},
	{"2026-11-22T08:00:00.1Z", NOW},
	{"2026-11-22T08:00:00.123456Z", NOW},
	{"2026-11-22T08:00:00+0000", NOW},
	{"2026-11-22T10:00:00+0200", NOW},
	{"2026-11-22T10:00:00+02", NOW},
	{"2026-11-22T07:59:00.000-00:01", NOW},
	{"2026-11-22T08:00:00", NOW},
	{"2026-11-22T08:00:00.5", NOW},
	{"2026-11-22 08:00:00", NOW},
	{"2026-11-22 08:00:00+00", NOW},
	{" 2026-11-22T08:00:00Z\t", NOW},
	{"2026-11-22", NOW - 8 * TIME_HOUR},
	/* not known */
	{"", 0},
	{" ", 0},
	{"REDACTED", 0},
	{"0001-01-01T00:00:00Z", 0},
	{"1969-12-31T23:59:59Z", 0},
	{"9999-12-31T23:59:59Z", 0},
	{"202611-11-22T08:00:00Z", 0},
	{"2107-01-01T00:00:00Z", 0},
	{"2026-11-22T08:00:00 UTC", 0},
	{"2026-11-22T08:00:00+020", 0},
	{"2026-11-22T08:00:00+2", 0},
	{"2026-11-22T08:00:00+", 0},
	{"2026-11-22T08:00", 0},
	{"30d", 0},
	{"@1795334400", 0},
	{"2026-11-22T08:00:00.00000000000000000000000000000000000000000000000000000000000Z", 0},
};

static void registries_write_dates_of_all_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(registry_rows); i++) {
		int64_t moment = UNTOUCHED;
		enum err err = time_parse_lenient(registry_rows[i].text, &moment);

		check(&registry_rows[i], err, moment);
	}
}

/* ---- RFC 5322 ---- */

static const struct row mail_rows[] = {
	{"Sun, 22 Nov 2026 08:00:00 +0000", NOW},
	{"22 Nov 2026 08:00:00 +0000", NOW},
	{"22 Nov 2026 08:00 +0000", NOW},
	{"2 Nov 2026 08:00:00 +0000", NOW - 20 * TIME_DAY},
	{"02 nov 2026 08:00:00 gmt", NOW - 20 * TIME_DAY},
	{"SUN,22 NOV 2026 10:30:00 +0230", NOW},
	{"Sun, 22 Nov 2026 00:30:00 -0730", NOW},
	{"Sun, 22 Nov 26 08:00:00 UT", NOW},
	{"Mon, 22 Nov 99 08:00:00 GMT", 943257600},
	{"Mon, 22 Nov 099 08:00:00 GMT", 943257600},
	{"Wed, 22 Nov 126 08:00:00 GMT", NOW},
	{"Sun, 22 Nov 2026 03:00:00 EST", NOW},
	{"Sun, 22 Nov 2026 04:00:00 EDT", NOW},
	{"Sun, 22 Nov 2026 01:00:00 PDT", NOW},
	{"Sun, 22 Nov 2026 00:00:00 PST", NOW},
	{"Sun, 22 Nov 2026 08:00:00 Z", NOW},
	{"Sun, 22 Nov 2026 08:00:00 A", NOW},
	{"Sun, 22 Nov 2026 08:00:00 MEZ", NOW},
	{"Sun, 22 Nov 2026 08:00:00 -0000", NOW},
	{"  Sun ,\r\n 22\t(the day) Nov (the (nested) \\) month) 2026 08 : 00 : 00 +0000 (UTC)",
	 NOW},
	{"Sat, 31 Dec 2016 23:59:60 +0000", 1483228800},
	/* wrong */
	{"", 0},
	{"Sun, 22 Nov 2026 08:00:00", 0},
	{"Sun 22 Nov 2026 08:00:00 +0000", 0},
	{"Sunday, 22 Nov 2026 08:00:00 +0000", 0},
	{"Xyz, 22 Nov 2026 08:00:00 +0000", 0},
	{"Sun, 22 November 2026 08:00:00 +0000", 0},
	{"Sun, 22 Nov 2026 08:00:00 +00:00", 0},
	{"Sun, 22 Nov 2026 08:00:00 +000", 0},
	{"Sun, 22 Nov 2026 08:00:00 +2400", 0},
	{"Sun, 22 Nov 2026 08:00:00 +0060", 0},
	{"Sun, 22 Nov 2026 08:00:00 +0000 x", 0},
	{"Sun, 22 Nov 2026 08:00:00 +0000 (open", 0},
	{"Sun, 22 Nov 2026 08:00:00 +0000 (open\\)", 0},
	{"((((((((((((((((((deep)))))))))))))))))) 22 Nov 2026 08:00:00 +0000", 0},
	{"Sun, 22 Nov 2026 8:00:00 +0000", 0},
	{"Sun, 22 Nov 2026 08:00: +0000", 0},
	{"Sun, 32 Nov 2026 08:00:00 +0000", 0},
	{"Sun, 222 Nov 2026 08:00:00 +0000", 0},
	{"Sun, 22 Nov 6 08:00:00 +0000", 0},
	{"Sun, 22 Nov 12026 08:00:00 +0000", 0},
	{"Sun, 22 Nov 2107 08:00:00 +0000", 0},
	{"Sun, 22 Nov 1969 08:00:00 +0000", 0},
	{"2026-11-22T08:00:00Z", 0},
};

static void mail_has_dates_of_two_centuries(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(mail_rows); i++) {
		int64_t moment = UNTOUCHED;
		size_t length = strlen(mail_rows[i].text);
		char *exact = malloc(length + 1); /* so that a read beyond it shows */
		enum err err;

		assert_non_null(exact);
		memcpy(exact, mail_rows[i].text, length);
		exact = realloc(exact, length == 0 ? 1 : length);
		assert_non_null(exact);
		err = time_parse_rfc5322(exact, length, &moment);
		check(&mail_rows[i], err, moment);
		free(exact);
	}
}

/* ---- HTTP ---- */

static const struct row http_rows[] = {
	{"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
	{"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
	{"Sun Nov  6 08:49:37 1994", 784111777},
	{"Sun Nov 16 08:49:37 1994", 784975777},
	{"Sunday, 22-Nov-26 08:00:00 GMT", NOW},
	/* wrong */
	{"", 0},
	{"Sun, 6 Nov 1994 08:49:37 GMT", 0},
	{"Sun, 06 Nov 94 08:49:37 GMT", 0},
	{"Sun, 06 Nov 1994 08:49:37 UTC", 0},
	{"Sun, 06 Nov 1994 08:49:37 GMT ", 0},
	{"Sun, 06 Nov 1994 08:49 GMT", 0},
	{"Sun, 06-Nov-94 08:49:37 GMT", 0},
	{"Sunday, 06-Nov-1994 08:49:37 GMT", 0},
	{"Sunday, 06-Nov-94 08:49:37", 0},
	{"Sun Nov 06 08:49:37 1994 GMT", 0},
	{"Sun Nov 6 08:49:37 1994", 0},
	{"Sun Nov   6 08:49:37 1994", 0},
	{"Sun, 31 Feb 1994 08:49:37 GMT", 0},
	{"0", 0},
};

static void http_has_three_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(http_rows); i++) {
		int64_t moment = UNTOUCHED;
		enum err err = time_parse_http(http_rows[i].text, &moment);

		check(&http_rows[i], err, moment);
	}
}

/* ---- durations ---- */

static const struct {
	const char *text;
	int64_t seconds; /* -1: ERR_DATA */
} durations[] = {
	{"0", 0},
	{"0s", 0},
	{"30", 30},
	{"30s", 30},
	{"5m", 300},
	{"12h", 43200},
	{"30d", 2592000},
	{"2w", 1209600},
	{"36525d", 3155760000},
	{"3155760000", 3155760000},
	{"36526d", -1},
	{"3155760001", -1},
	{"", -1},
	{"s", -1},
	{"-1s", -1},
	{"+1s", -1},
	{"1.5h", -1},
	{"1y", -1},
	{"1 h", -1},
	{" 1h", -1},
	{"1h ", -1},
	{"1hh", -1},
	{"1h30m", -1},
	{"1H", -1},
	{"99999999999999999999s", -1},
	{"18446744073709551617s", -1},
};

static void durations_have_a_unit_or_are_seconds(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS(durations); i++) {
		int64_t seconds = -1;
		enum err err = time_parse_duration(durations[i].text, &seconds);

		if (seconds != durations[i].seconds || (err == ERR_OK) != (seconds >= 0))
			fail_msg("\"%s\": err %d, %lld", durations[i].text, (int)err,
				 (long long)seconds);
	}
}

static void durations_are_written_in_the_largest_exact_unit(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} rows[] = {{0, "0s"},
		    {1, "1s"},
		    {59, "59s"},
		    {60, "1m"},
		    {90, "90s"},
		    {3600, "1h"},
		    {7200, "2h"},
		    {5400, "90m"},
		    {86400, "1d"},
		    {129600, "36h"},
		    {604800, "7d"},
		    {3024000, "35d"},
		    {3155760000, "36525d"}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_string_equal(time_format_duration(rows[i].seconds).text, rows[i].text);
}

/* ---- properties ---- */

static void what_is_written_is_read_back(void **state)
{
	unsigned short seed[3] = {1, 2, 3};

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t moment = 1 + (int64_t)(nrand48(seed) * INT64_C(2)) % TIME_MAX;
		struct time_text text = time_format(moment);
		char mail[64];
		time_t seconds = moment;
		struct tm tm;
		int64_t back = 0;

		assert_int_equal(time_parse(text.text, NOW, &back), ERR_OK);
		assert_int_equal(back, moment);
		assert_int_equal(time_parse_lenient(text.text, &back), ERR_OK);
		assert_int_equal(back, moment);
		gmtime_r(&seconds, &tm);
		strftime(mail, sizeof(mail), "%a, %d %b %Y %H:%M:%S +0000", &tm);
		assert_int_equal(time_parse_rfc5322(mail, strlen(mail), &back), ERR_OK);
		assert_int_equal(back, moment);
		strftime(mail, sizeof(mail), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		assert_int_equal(time_parse_http(mail, &back), ERR_OK);
		assert_int_equal(back, moment);
		strftime(mail, sizeof(mail), "%a %b %e %H:%M:%S %Y", &tm);
		assert_int_equal(time_parse_http(mail, &back), ERR_OK);
		assert_int_equal(back, moment);
	}
	for (int i = 0; i < 10000; i++) {
		int64_t seconds = (int64_t)nrand48(seed) % (INT64_C(36525) * TIME_DAY);
		int64_t back = -1;

		assert_int_equal(time_parse_duration(time_format_duration(seconds).text, &back),
				 ERR_OK);
		assert_int_equal(back, seconds);
	}
}

/* Every day there is, against the C library. */
static void the_calendar_is_the_c_librarys(void **state)
{
	(void)state;
	for (int64_t moment = TIME_DAY; moment <= TIME_MAX; moment += TIME_DAY) {
		time_t seconds = moment;
		struct tm tm;
		char date[16];
		int64_t back = 0;

		gmtime_r(&seconds, &tm);
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
		assert_int_equal(time_parse(date, NOW, &back), ERR_OK);
		assert_int_equal(back, moment);
	}
}

static void the_time_zone_of_the_process_does_not_matter(void **state)
{
	(void)state;
	setenv("TZ", "Pacific/Auckland", 1);
	tzset();
	moments_are_written_in_rfc3339(NULL);
	operators_write_dates_moments_and_ages(NULL);
	mail_has_dates_of_two_centuries(NULL);
	unsetenv("TZ");
	tzset();
}

static void the_clocks_run(void **state)
{
	int64_t monotonic = time_monotonic_ms();

	(void)state;
	assert_in_range(time_now(), 1700000000, TIME_MAX);
	assert_true(time_monotonic_ms() >= monotonic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments_are_written_in_rfc3339),
		cmocka_unit_test(operators_write_dates_moments_and_ages),
		cmocka_unit_test(registries_write_dates_of_all_kinds),
		cmocka_unit_test(mail_has_dates_of_two_centuries),
		cmocka_unit_test(http_has_three_forms),
		cmocka_unit_test(durations_have_a_unit_or_are_seconds),
		cmocka_unit_test(durations_are_written_in_the_largest_exact_unit),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(the_calendar_is_the_c_librarys),
		cmocka_unit_test(the_time_zone_of_the_process_does_not_matter),
		cmocka_unit_test(the_clocks_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
