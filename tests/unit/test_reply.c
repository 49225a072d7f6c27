/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../milter/reply.h"

static const struct policy_reply_code refused = {550, "5.1.2"};

static void add(struct reply *reply, unsigned count)
{
	char text[32];

	for (unsigned i = 1; i <= count; i++) {
		snprintf(text, sizeof text, "recipient %u", i);
		reply_add(reply, text);
	}
}

static void each_text_is_a_line(void **state)
{
	struct reply reply;

	(void)state;
	reply_begin(&reply, refused);
	add(&reply, REPLY_LINES_MAX);
	reply_end(&reply);
	assert_int_equal(reply.code.code, 550);
	assert_string_equal(reply.code.enhanced, "5.1.2");
	assert_int_equal(reply.line_count, REPLY_LINES_MAX);
	assert_string_equal(reply.lines[0], "recipient 1");
	assert_string_equal(reply.lines[REPLY_LINES_MAX - 1], "recipient 32");
}

static void what_finds_no_room_is_counted(void **state)
{
	struct reply reply;

	(void)state;
	reply_begin(&reply, refused);
	add(&reply, REPLY_LINES_MAX + 1);
	reply_end(&reply);
	assert_int_equal(reply.line_count, REPLY_LINES_MAX);
	assert_string_equal(reply.lines[REPLY_LINES_MAX - 2], "recipient 31");
	assert_string_equal(reply.lines[REPLY_LINES_MAX - 1], "and 2 more");

	reply_begin(&reply, refused);
	add(&reply, 1000);
	reply_end(&reply);
	assert_string_equal(reply.lines[REPLY_LINES_MAX - 1], "and 969 more");
}

static void a_line_fits_smtp(void **state)
{
	char text[2 * REPLY_TEXT_MAX];
	struct reply reply;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	reply_set(&reply, (struct policy_reply_code){550, "5.7.18"}, text);
	assert_int_equal(reply.line_count, 1);
	assert_true(strlen("550 5.7.18 ") + strlen(reply.lines[0]) + strlen("\r\n") <= 512);
	assert_int_equal(strlen(reply.lines[0]), REPLY_TEXT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_text_is_a_line),
		cmocka_unit_test(what_finds_no_room_is_counted),
		cmocka_unit_test(a_line_fits_smtp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
