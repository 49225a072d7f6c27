/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Standard error is a pipe while a line is written. What goes to syslog is caught
 * where openlog and syslog would take it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "resetguard/log.h"

static char syslog_text[8192];
static int syslog_priority_seen;
static int syslog_facility_seen; /* 0: openlog was never called */

/* In place of the C library's. Fortified, syslog is a macro to clang. */
#undef syslog

void openlog(const char *ident, int option, int facility)
{
	(void)ident;
	(void)option;
	syslog_facility_seen = facility;
}

static PRINTF_LIKE(2, 0) void take_syslog(int priority, const char *format, va_list arguments)
{
	syslog_priority_seen = priority;
	vsnprintf(syslog_text, sizeof(syslog_text), format, arguments);
}

void syslog(int priority, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	take_syslog(priority, format, arguments);
	va_end(arguments);
}

/* What -D_FORTIFY_SOURCE makes of it. */
void __syslog_chk(int priority, int flag, const char *format, ...) PRINTF_LIKE(3, 4);
void __syslog_chk(int priority, int flag, const char *format, ...)
{
	va_list arguments;

	(void)flag;
	va_start(arguments, format);
	take_syslog(priority, format, arguments);
	va_end(arguments);
}

/* ---- a pipe for standard error ---- */

struct capture {
	int saved;
	int read_end;
};

static struct capture capture_begin(void)
{
	struct capture capture = {.saved = dup(STDERR_FILENO)};
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
	capture.read_end = ends[0];
	return capture;
}

static size_t capture_end(struct capture capture, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got;

	assert_true(dup2(capture.saved, STDERR_FILENO) >= 0);
	close(capture.saved);
	do {
		got = read(capture.read_end, text + length, size - 1 - length);
		assert_true(got >= 0);
		length += (size_t)got;
	} while (got > 0);
	close(capture.read_end);
	text[length] = '\0';
	return length;
}

static void assert_written(enum log_level level, const char *line, const char *expected)
{
	char text[16384];
	struct capture capture = capture_begin();

	log_write(level, line);
	capture_end(capture, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void stderr_lines_have_program_and_level(void **state)
{
	(void)state;
	log_open(LOG_TO_STDERR, LOG_LEVEL_DEBUG, "prog");
	assert_written(LOG_LEVEL_ERROR, "x", "prog: error: x\n");
	assert_written(LOG_LEVEL_WARNING, "x", "prog: warning: x\n");
	assert_written(LOG_LEVEL_INFO, "x", "prog: x\n");
	assert_written(LOG_LEVEL_DEBUG, "x", "prog: x\n");
	assert_written(LOG_LEVEL_INFO, "", "prog: \n");
	assert_int_equal(syslog_facility_seen, 0);
}

static void levels_beyond_the_chosen_one_are_silent(void **state)
{
	char text[64];
	struct capture capture;

	(void)state;
	log_open(LOG_TO_STDERR, LOG_LEVEL_WARNING, "prog");
	assert_written(LOG_LEVEL_WARNING, "x", "prog: warning: x\n");
	assert_written(LOG_LEVEL_INFO, "x", "");
	capture = capture_begin();
	log_line(LOG_LEVEL_INFO, "%s", "x");
	assert_int_equal(capture_end(capture, text, sizeof(text)), 0);
}

static void controls_are_written_out(void **state)
{
	(void)state;
	log_open(LOG_TO_STDERR, LOG_LEVEL_INFO, "prog");
	assert_written(LOG_LEVEL_INFO, "a\nb\r\tc\033[2Jd\177",
		       "prog: a\\x0Ab\\x0D\\x09c\\x1B[2Jd\\x7F\n");
	/* U+0080 to U+009F are controls, U+00A0 is not, nor is what is no UTF-8. */
	assert_written(LOG_LEVEL_INFO,
		       "a\xc2\x9b"
		       "b",
		       "prog: a\\xC2\x9b"
		       "b\n");
	assert_written(LOG_LEVEL_INFO, "caf\xc3\xa9 \xc2\xa0 \xff \xc2",
		       "prog: caf\xc3\xa9 \xc2\xa0 \xff \xc2\n");
}

static void a_line_is_cut_at_4096_bytes(void **state)
{
	static char line[8193];
	static char text[16384];
	struct capture capture;

	(void)state;
	log_open(LOG_TO_STDERR, LOG_LEVEL_INFO, "prog");
	memset(line, 'x', sizeof(line) - 1);
	capture = capture_begin();
	log_write(LOG_LEVEL_INFO, line);
	log_line(LOG_LEVEL_ERROR, "%s", line);
	assert_int_equal(capture_end(capture, text, sizeof(text)), 2 * 4096);
	assert_int_equal(text[4095], '\n');
	/* An escape is written whole or not at all. */
	line[4096 - strlen("prog: ") - strlen("\\x0A")] = '\n';
	capture = capture_begin();
	log_write(LOG_LEVEL_INFO, line);
	assert_int_equal(capture_end(capture, text, sizeof(text)), 4096 - 3);
}

static void errno_is_left_alone(void **state)
{
	(void)state;
	log_open(LOG_TO_STDERR, LOG_LEVEL_INFO, "prog");
	errno = EXDEV;
	assert_written(LOG_LEVEL_INFO, "x", "prog: x\n");
	assert_int_equal(errno, EXDEV);
}

enum { THREADS = 8, LINES = 200 };

static void *write_lines(void *argument)
{
	for (int i = 0; i < LINES; i++)
		log_line(LOG_LEVEL_INFO, "thread %p says %d and ends", argument, i);
	return NULL;
}

static void *drain(void *argument)
{
	FILE *pipe = fdopen(*(int *)argument, "r");
	char line[256];
	size_t whole = 0;

	while (fgets(line, sizeof(line), pipe) != NULL) {
		if (strncmp(line, "prog: thread ", 13) == 0 &&
		    strstr(line, " and ends\n") != NULL && strstr(line + 1, "prog") == NULL)
			whole++;
	}
	fclose(pipe);
	return (void *)(uintptr_t)whole;
}

static void lines_of_threads_do_not_mix(void **state)
{
	struct capture capture;
	pthread_t writers[THREADS];
	pthread_t reader;
	void *whole;

	(void)state;
	log_open(LOG_TO_STDERR, LOG_LEVEL_INFO, "prog");
	capture = capture_begin();
	assert_int_equal(pthread_create(&reader, NULL, drain, &capture.read_end), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, write_lines, &capture), 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(writers[i], NULL);
	assert_true(dup2(capture.saved, STDERR_FILENO) >= 0);
	close(capture.saved);
	pthread_join(reader, &whole);
	assert_int_equal((uintptr_t)whole, THREADS * LINES);
}

static void syslog_gets_facility_priority_and_line(void **state)
{
	static const struct {
		enum log_level level;
		int priority;
	} levels[] = {{LOG_LEVEL_ERROR, LOG_ERR},
		      {LOG_LEVEL_WARNING, LOG_WARNING},
		      {LOG_LEVEL_INFO, LOG_INFO},
		      {LOG_LEVEL_DEBUG, LOG_DEBUG}};

	(void)state;
	log_open(LOG_TO_SYSLOG, LOG_LEVEL_DEBUG, "prog");
	assert_int_equal(syslog_facility_seen, LOG_MAIL);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		log_line(levels[i].level, "100%% %s\n", "%s");
		assert_int_equal(syslog_priority_seen, levels[i].priority);
		assert_string_equal(syslog_text, "100% %s\\x0A");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stderr_lines_have_program_and_level),
		cmocka_unit_test(levels_beyond_the_chosen_one_are_silent),
		cmocka_unit_test(controls_are_written_out),
		cmocka_unit_test(a_line_is_cut_at_4096_bytes),
		cmocka_unit_test(errno_is_left_alone),
		cmocka_unit_test(lines_of_threads_do_not_mix),
		cmocka_unit_test(syslog_gets_facility_priority_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
