/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../src/cli/csv.h"

static const int64_t now = 1795330800; /* 2026-11-22T07:00:00Z */
static const int64_t day = 1714521600; /* 2024-05-01T00:00:00Z */

static void rows_are_taken_apart(void **state)
{
	const struct {
		const char *line;
		const char *name;
		int64_t verified_at;
	} rows[] = {
		{"", "", 0},
		{"a.com", "a.com", 0},
		{"  a.com\t ", "a.com", 0},
		{"bob@a.com,2024-05-01", "bob@a.com", day},
		{"bob@a.com;2024-05-01;admin", "bob@a.com", day},
		{"bob@a.com\t@1714521600", "bob@a.com", day},
		{"bob@a.com,2024-05-01 00:00:00+00", "bob@a.com", day},
		{"bob@a.com,", "bob@a.com", 0},
		{"bob@a.com,,2024-05-01", "bob@a.com", 0},
		{"\"bob@a.com\",\"2024-05-01\"", "bob@a.com", day},
		{"\"\"\"a,b\"\"@a.com\" , 2024-05-01", "\"a,b\"@a.com", day},
		{"\"john smith\"@a.com,2024-05-01", "\"john smith\"@a.com", day},
		{"\"never closed, 2024-05-01", "\"never closed", day},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct csv_row row;
		struct why why;
		char line[64];

		snprintf(line, sizeof line, "%s", rows[i].line);
		if (csv_read(line, now, &row, &why) != ERR_OK)
			fail_msg("%s: %s", rows[i].line, why.text);
		if (strcmp(row.name, rows[i].name) != 0 || row.verified_at != rows[i].verified_at)
			fail_msg("%s: %s, %lld", rows[i].line, row.name,
				 (long long)row.verified_at);
	}
}

static void what_is_no_time_is_said(void **state)
{
	char line[] = "bob@a.com,yesterday";
	struct csv_row row;
	struct why why;

	(void)state;
	assert_int_equal(csv_read(line, now, &row, &why), ERR_DATA);
	assert_string_equal(row.name, "bob@a.com");
	assert_non_null(strstr(why.text, "\"yesterday\" is no time"));
}

static void headings_are_known(void **state)
{
	const struct {
		const char *line;
		bool is_heading;
	} rows[] = {
		{"address,verified_at", true}, {"E-Mail;Verified", true}, {"\"email\"", true},
		{"domain", true},	       {"a.com", false},	  {"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct csv_row row;
		struct why why;
		char line[64];

		snprintf(line, sizeof line, "%s", rows[i].line);
		(void)!csv_read(line, now, &row, &why); /* a heading's date is none */
		if (csv_is_heading(&row) != rows[i].is_heading)
			fail_msg("%s", rows[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_taken_apart),
		cmocka_unit_test(what_is_no_time_is_said),
		cmocka_unit_test(headings_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
