/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "resetguard/err.h"

static const struct {
	enum err err;
	int exit_code;
} exits[] = {
	{ERR_OK, 0},	       {ERR_USAGE, 64},	   {ERR_DATA, 65},	{ERR_NO_INPUT, 66},
	{ERR_UNAVAILABLE, 69}, {ERR_IO, 74},	   {ERR_BUSY, 75},	{ERR_CANNOT_CREATE, 73},
	{ERR_PERMISSION, 77},  {ERR_CONFIG, 78},   {ERR_NO_MEMORY, 75}, {ERR_NOT_FOUND, 66},
	{ERR_EXISTS, 73},      {ERR_TOO_LONG, 65}, {ERR_FULL, 74},	{ERR_DAMAGED, 74},
	{ERR_VERSION, 74},     {ERR_CLOCK, 75},
};

static void every_err_has_its_exit_code(void **state)
{
	(void)state;
	assert_int_equal(sizeof(exits) / sizeof(exits[0]), ERR_CLOCK + 1);
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++)
		assert_int_equal(err_exit(exits[i].err), exits[i].exit_code);
}

static void every_err_has_words_of_its_own(void **state)
{
	(void)state;
	for (int i = ERR_OK; i <= ERR_CLOCK; i++) {
		assert_true(strlen(err_text((enum err)i)) > 0);
		assert_string_not_equal(err_text((enum err)i), "unknown error");
		for (int j = ERR_OK; j < i; j++)
			assert_string_not_equal(err_text((enum err)i), err_text((enum err)j));
	}
}

static const struct {
	int errno_value;
	enum err err;
} from_errno[] = {
	{ENOENT, ERR_NO_INPUT},
	{ENOTDIR, ERR_NO_INPUT},
	{EACCES, ERR_PERMISSION},
	{EPERM, ERR_PERMISSION},
	{EROFS, ERR_CANNOT_CREATE},
	{EEXIST, ERR_EXISTS},
	{ENOMEM, ERR_NO_MEMORY},
	{ENOSPC, ERR_FULL},
	{EDQUOT, ERR_FULL},
	{EAGAIN, ERR_BUSY},
	{EWOULDBLOCK, ERR_BUSY},
	{EBUSY, ERR_BUSY},
	{ENAMETOOLONG, ERR_TOO_LONG},
	{ECONNREFUSED, ERR_UNAVAILABLE},
	{ETIMEDOUT, ERR_UNAVAILABLE},
	{EIO, ERR_IO},
	{ENOTSUP, ERR_IO},
	{0, ERR_IO},
};

static void errno_values_become_errs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(from_errno) / sizeof(from_errno[0]); i++)
		assert_int_equal(err_from_errno(from_errno[i].errno_value), from_errno[i].err);
}

static void why_takes_the_message(void **state)
{
	struct why why = {"old"};

	(void)state;
	assert_int_equal(err_why(ERR_DATA, &why, "%s:%d: %s", "file", 7, "odd"), ERR_DATA);
	assert_string_equal(why.text, "file:7: odd");
	assert_int_equal(err_why(ERR_CONFIG, NULL, "%s", "nobody asks"), ERR_CONFIG);
}

static void why_may_be_part_of_itself(void **state)
{
	struct why why = {"inner"};

	(void)state;
	err_why(ERR_DATA, &why, "outer: %s", why.text);
	assert_string_equal(why.text, "outer: inner");
}

static void why_is_one_line(void **state)
{
	struct why why;

	(void)state;
	err_why(ERR_DATA, &why, "a\nb\rc\td\033e\177f");
	assert_string_equal(why.text, "a?b?c?d?e?f");
}

static void why_is_cut_at_its_size(void **state)
{
	struct why why;
	char text[2 * WHY_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_why(ERR_DATA, &why, "%s", text);
	assert_int_equal(strlen(why.text), WHY_MAX - 1);
	assert_int_equal(err_why_errno(ENOENT, &why, "%s", text), ERR_NO_INPUT);
	assert_int_equal(strlen(why.text), WHY_MAX - 1);
}

static void why_says_what_the_system_says(void **state)
{
	struct why why;

	(void)state;
	assert_int_equal(err_why_errno(EACCES, &why, "%s", "/etc/x"), ERR_PERMISSION);
	assert_string_equal(why.text, "/etc/x: Permission denied");
	assert_int_equal(err_why_errno(ENOENT, NULL, "%s", "nobody asks"), ERR_NO_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_err_has_its_exit_code),
		cmocka_unit_test(every_err_has_words_of_its_own),
		cmocka_unit_test(errno_values_become_errs),
		cmocka_unit_test(why_takes_the_message),
		cmocka_unit_test(why_may_be_part_of_itself),
		cmocka_unit_test(why_is_one_line),
		cmocka_unit_test(why_is_cut_at_its_size),
		cmocka_unit_test(why_says_what_the_system_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
