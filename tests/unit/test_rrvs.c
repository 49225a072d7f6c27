/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rrvs: the field of RFC 7293. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/rrvs.h"

/* Sat, 1 Jun 2013 09:23:01 -0700, the date of the RFC's example. */
enum { JUNE_2013 = 1370103781 };
#define DATE "Sat, 1 Jun 2013 09:23:01 -0700"

struct row {
	const char *value;
	const char *local;
	const char *host;
};

/* In a block of exactly its size, so that a sanitizer sees a read beyond it. */
static enum err parse(const char *value, size_t length, struct rrvs *rrvs)
{
	char *copy = malloc(length + 1);
	enum err err;

	assert_non_null(copy);
	memcpy(copy, value, length);
	copy = realloc(copy, length != 0 ? length : 1);
	assert_non_null(copy);
	err = rrvs_parse(copy, length, rrvs);
	free(copy);
	return err;
}

static void fields_are_read(void **state)
{
	static const struct row rows[] = {
		{"user@example.com; " DATE, "user", "example.com"},
		{"user@example.com;" DATE, "user", "example.com"},
		{" user@example.com ; " DATE " ", "user", "example.com"},
		{"User.Name@Example.COM; " DATE, "user.name", "example.com"},
		/* folding, with CRLF and as Postfix hands it over */
		{"user@example.com;\r\n " DATE, "user", "example.com"},
		{"user@example.com;\n\t" DATE, "user", "example.com"},
		/* comments wherever they may stand */
		{"(a) user (b) @ (c) example (d) . (e) com (f); (g) " DATE " (h)", "user",
		 "example.com"},
		{"(a (nested; \\) \"c) omment) user@example.com; " DATE, "user", "example.com"},
		{"user . name@example.com; " DATE, "user.name", "example.com"},
		{"user@example.com; Sat, 1 Jun 2013 (comment) 09:23:01 -0700 (PDT)", "user",
		 "example.com"},
		/* quoting */
		{"\"user\"@example.com; " DATE, "user", "example.com"},
		{"\"a b\"@example.com; " DATE, "a b", "example.com"},
		{"\"a;b@c(d\"@example.com; " DATE, "a;b@c(d", "example.com"},
		{"\"a\\\"b\\\\\"@example.com; " DATE, "a\"b\\", "example.com"},
		{"\"a\r\n b\"@example.com; " DATE, "a b", "example.com"},
		{"\"a\".b.\"c\"@example.com; " DATE, "a.b.c", "example.com"},
		/* RFC 6532 */
		{"jürgen@bücher.example; " DATE, "jürgen", "xn--bcher-kva.example"},
		/* obsolete dates */
		{"user@example.com; 1 Jun 13 09:23:01 PDT", "user", "example.com"},
		{"user@example.com; 1 Jun 2013 16:23:01 GMT", "user", "example.com"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rrvs rrvs;

		memset(&rrvs, 0, sizeof(rrvs));
		if (parse(rows[i].value, strlen(rows[i].value), &rrvs) != ERR_OK)
			fail_msg("\"%s\" is refused", rows[i].value);
		assert_string_equal(rrvs.mailbox.local, rows[i].local);
		assert_string_equal(rrvs.mailbox.host.name, rows[i].host);
		assert_int_equal(rrvs.valid_since, JUNE_2013);
	}
}

static void others_are_refused(void **state)
{
	static const char *const values[] = {
		"",
		" ",
		";",
		"user@example.com",
		"user@example.com;",
		"user@example.com; ",
		"user@example.com " DATE,
		"; " DATE,
		"user; " DATE,
		"@example.com; " DATE,
		"user@; " DATE,
		"<user@example.com>; " DATE,
		"User <user@example.com>; " DATE,
		"user@example.com, other@example.com; " DATE,
		"us er@example.com; " DATE,
		".user@example.com; " DATE,
		"user.@example.com; " DATE,
		"us..er@example.com; " DATE,
		"us\"e\"r@example.com; " DATE,
		"user@example..com; " DATE,
		"user@example.com.; " DATE,
		"user@\"example\".com; " DATE,
		"user@[192.0.2.1]; " DATE,
		"user@exa mple.com; " DATE,
		"user@other@example.com; " DATE,
		"\"user@example.com; " DATE,
		"\"user\\",
		"(user@example.com; " DATE,
		"user@example.com (; " DATE,
		"user)@example.com; " DATE,
		"us\\er@example.com; " DATE,
		"us\x01"
		"er@example.com; " DATE,
		"j\xfcrgen@example.com; " DATE,
		"user@example.com; 2013-06-01T09:23:01-07:00",
		"user@example.com; 31 Feb 2013 09:23:01 +0000",
		"user@example.com; " DATE " and more",
		"user@example.com; " DATE "; no",
		"user@example.com;; " DATE,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct rrvs rrvs;
		struct rrvs before;

		memset(&rrvs, 0xa5, sizeof(rrvs));
		before = rrvs;
		if (parse(values[i], strlen(values[i]), &rrvs) != ERR_DATA)
			fail_msg("\"%s\" is not refused", values[i]);
		assert_memory_equal(&rrvs, &before, sizeof(rrvs));
	}
}

static void length_counts(void **state)
{
	static const char nul[] = "us\0er@example.com; " DATE;
	static const char value[] = "user@example.com; " DATE "2";
	char longest[RRVS_VALUE_MAX + 2];
	struct rrvs rrvs;

	(void)state;
	assert_int_equal(parse(nul, sizeof(nul) - 1, &rrvs), ERR_DATA);
	assert_int_equal(parse(value, sizeof(value) - 2, &rrvs), ERR_OK);
	memset(longest, ' ', sizeof(longest));
	memcpy(longest, value, sizeof(value) - 2);
	assert_int_equal(parse(longest, RRVS_VALUE_MAX, &rrvs), ERR_OK);
	assert_int_equal(parse(longest, RRVS_VALUE_MAX + 1, &rrvs), ERR_DATA);
	memset(longest, 'a', sizeof(longest));
	assert_int_equal(parse(longest, RRVS_VALUE_MAX, &rrvs), ERR_DATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(length_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
