/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of a file and a pipe, and what ends them. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/cli/lines.h"

struct input {
	FILE *file;
	struct lines *lines;
};

static struct input open_input(const char *text, size_t length)
{
	struct input input = {.file = tmpfile()};
	struct why why;

	assert_non_null(input.file);
	assert_int_equal(fwrite(text, 1, length, input.file), length);
	rewind(input.file);
	assert_int_equal(lines_open(fileno(input.file), &input.lines, &why), ERR_OK);
	return input;
}

static void close_input(struct input *input)
{
	lines_close(input->lines);
	fclose(input->file);
}

static void expect_line(struct lines *lines, const char *text)
{
	char *line;
	size_t length;

	assert_int_equal(lines_next(lines, &line, &length), LINES_WHOLE);
	assert_string_equal(line, text);
	assert_int_equal(length, strlen(text));
}

static void expect_end(struct lines *lines, enum lines_end end)
{
	char *line;
	size_t length;

	assert_int_equal(lines_next(lines, &line, &length), end);
}

static void ends_and_blanks_are_taken_off(void **state)
{
	static const char text[] = "a\r\n\n b \t \nlast";
	struct input input = open_input(text, sizeof text - 1);

	(void)state;
	assert_int_equal(lines_size(input.lines), sizeof text - 1);
	expect_line(input.lines, "a");
	assert_int_equal(lines_bytes(input.lines), 3);
	expect_line(input.lines, "");
	expect_line(input.lines, " b");
	expect_line(input.lines, "last");
	assert_int_equal(lines_bytes(input.lines), sizeof text - 1);
	expect_end(input.lines, LINES_NONE);
	expect_end(input.lines, LINES_NONE);
	close_input(&input);
}

static void an_empty_input_has_no_line(void **state)
{
	struct input input = open_input("", 0);

	(void)state;
	expect_end(input.lines, LINES_NONE);
	close_input(&input);
}

static void a_zero_is_reported_and_passed_over(void **state)
{
	struct input input = open_input("a\0b\nc\n", 6);

	(void)state;
	expect_end(input.lines, LINES_HAS_NUL);
	expect_line(input.lines, "c");
	expect_end(input.lines, LINES_NONE);
	close_input(&input);
}

/* The longest one, one more, and one of several buffers, each between two others. */
static void what_is_too_long_is_passed_over(void **state)
{
	static const size_t lengths[] = {LINES_MAX, LINES_MAX + 1, 10 * LINES_MAX + 3};
	enum { COUNT = sizeof lengths / sizeof *lengths };
	static char text[COUNT * (11 * LINES_MAX)];

	(void)state;
	for (unsigned with_newline = 0; with_newline < 2; with_newline++) {
		for (unsigned i = 0; i < COUNT; i++) {
			size_t length = lengths[i];
			memset(text, 'x', sizeof text);
			memcpy(text, "before\n", 7);
			memcpy(text + 7 + length, "\nafter", 6);
			struct input input =
				open_input(text, with_newline ? 7 + length + 6 : 7 + length);
			char *line;
			size_t got;
			expect_line(input.lines, "before");
			assert_int_equal(lines_next(input.lines, &line, &got),
					 length <= LINES_MAX ? LINES_WHOLE : LINES_TOO_LONG);
			if (length <= LINES_MAX)
				assert_int_equal(got, length);
			if (with_newline)
				expect_line(input.lines, "after");
			expect_end(input.lines, LINES_NONE);
			assert_int_equal(lines_bytes(input.lines), lines_size(input.lines));
			close_input(&input);
		}
	}
}

static void lines_lie_across_buffers(void **state)
{
	FILE *file = tmpfile();
	struct lines *lines;
	struct why why;
	char line[32];

	(void)state;
	for (unsigned i = 0; i < 100000; i++)
		fprintf(file, "line %u\n", i);
	rewind(file);
	assert_int_equal(lines_open(fileno(file), &lines, &why), ERR_OK);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(line, sizeof line, "line %u", i);
		expect_line(lines, line);
	}
	expect_end(lines, LINES_NONE);
	lines_close(lines);
	fclose(file);
}

/* A signal ends the wait for a pipe that says nothing, and the process lives. */
static void a_signal_ends_the_wait(void **state)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct lines *lines;
	struct why why;
	int ends[2];

	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		/* A shell ignores some of them for what it puts into the background. */
		assert_true(signal(numbers[i], SIG_DFL) != SIG_ERR);
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(lines_open(ends[0], &lines, &why), ERR_OK);
		assert_int_equal(lines_size(lines), 0);
		assert_int_equal(write(ends[1], "one\nhalf", 8), 8);
		expect_line(lines, "one");
		assert_false(lines_stopped(lines));
		assert_int_equal(raise(numbers[i]), 0);
		expect_end(lines, LINES_STOPPED);
		assert_true(lines_stopped(lines));
		lines_close(lines);
		close(ends[0]);
		close(ends[1]);
	}
}

static void an_ignored_signal_stays_ignored(void **state)
{
	struct input input;

	(void)state;
	assert_true(signal(SIGHUP, SIG_IGN) != SIG_ERR);
	input = open_input("a\n", 2);
	assert_int_equal(raise(SIGHUP), 0);
	expect_line(input.lines, "a");
	assert_false(lines_stopped(input.lines));
	close_input(&input);
	assert_true(signal(SIGHUP, SIG_DFL) != SIG_ERR);
}

static void what_cannot_be_read_is_an_error(void **state)
{
	struct lines *lines;
	struct why why;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(lines_open(ends[1], &lines, &why), ERR_OK);
	close(ends[0]);
	expect_end(lines, LINES_FAILED);
	lines_close(lines);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_and_blanks_are_taken_off),
		cmocka_unit_test(an_empty_input_has_no_line),
		cmocka_unit_test(a_zero_is_reported_and_passed_over),
		cmocka_unit_test(what_is_too_long_is_passed_over),
		cmocka_unit_test(lines_lie_across_buffers),
		cmocka_unit_test(a_signal_ends_the_wait),
		cmocka_unit_test(an_ignored_signal_stays_ignored),
		cmocka_unit_test(what_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
