/* SPDX-License-Identifier: BSD-2-Clause */
/* What the line on the terminal says, and when it is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/progress.h"

static void expect(uint64_t count, uint64_t done, uint64_t all, int64_t elapsed_ms, size_t width,
		   const char *expected)
{
	const struct progress_state state = {
		.what = "reading",
		.units = "rows",
		.count = count,
		.done = done,
		.all = all,
	};
	char line[PROGRESS_LINE_MAX];

	progress_line(&state, elapsed_ms, width, line);
	assert_string_equal(line, expected);
	assert_true(width == 0 || strlen(line) < width);
}

static void the_line_says_rows_rate_and_share(void **state)
{
	(void)state;
	expect(1234567, 45, 100, 2000, 80,
	       "reading [#############-----------------]  45 %  1,234,567 rows, 617,283/s");
	expect(1000, 100, 100, 1000, 80,
	       "reading [##############################] 100 %  1,000 rows, 1,000/s");
	expect(999, 0, 100, 0, 80,
	       "reading [------------------------------]   0 %  999 rows, 999,000/s");
	/* More than there was when it began. */
	expect(10, 120, 100, 1000, 80,
	       "reading [##############################] 100 %  10 rows, 10/s");
}

static void without_an_end_there_is_no_share(void **state)
{
	(void)state;
	expect(1234567, 45, 0, 1000, 80, "reading  1,234,567 rows, 1,234,567/s");
}

static void it_fits_into_the_terminal(void **state)
{
	(void)state;
	expect(1000, 50, 100, 1000, 50, "reading [#####------]  50 %  1,000 rows, 1,000/s");
	expect(1000, 50, 100, 1000, 42, "reading   50 %  1,000 rows, 1,000/s");
	expect(1000, 50, 100, 1000, 12, "reading   5");
	expect(1000, 50, 0, 1000, 1, "");
}

static void it_is_drawn_now_and_then_and_cleared(void **state)
{
	char *text;
	size_t size;
	struct progress progress = {
		.stream = open_memstream(&text, &size), .began_ms = 1000, .drawn_ms = 1000};
	const struct progress_state now = {.what = "reading", .units = "rows", .count = 5};

	(void)state;
	progress_clear(&progress);
	progress_show(&progress, &now, 1199);
	fflush(progress.stream);
	assert_string_equal(text, "");
	progress_show(&progress, &now, 2000);
	progress_show(&progress, &now, 2199);
	fflush(progress.stream);
	assert_string_equal(text, "\rreading  5 rows, 5/s\033[K");
	progress_clear(&progress);
	progress_clear(&progress);
	fflush(progress.stream);
	assert_string_equal(text, "\rreading  5 rows, 5/s\033[K\r\033[K");
	fclose(progress.stream);
	free(text);
}

static void nobody_looks(void **state)
{
	struct progress progress = progress_begin(true, 0);
	const struct progress_state now = {.what = "reading", .units = "rows", .count = 5};

	(void)state;
	assert_null(progress.stream);
	progress_show(&progress, &now, 5000);
	progress_restart(&progress, 6000);
	progress_clear(&progress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_says_rows_rate_and_share),
		cmocka_unit_test(without_an_end_there_is_no_share),
		cmocka_unit_test(it_fits_into_the_terminal),
		cmocka_unit_test(it_is_drawn_now_and_then_and_cleared),
		cmocka_unit_test(nobody_looks),
	};

	return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
