/* SPDX-License-Identifier: BSD-2-Clause */
/* test_match: patterns, and that none of them can explode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/match.h"

struct row {
	const char *pattern;
	const char *text;
	enum match_result result;
};

static void check(struct match *match, const struct row *row)
{
	/* In a block of exactly its size, so that a sanitizer sees a read beyond it. */
	size_t length = strlen(row->text);
	char *text = malloc(length + 1);
	enum match_result result;

	assert_non_null(text);
	memcpy(text, row->text, length);
	result = match_text(match, text, length);
	free(text);
	match_free(match);
	if (result != row->result)
		fail_msg("\"%s\" on \"%s\" gives %d", row->pattern, row->text, (int)result);
}

static void check_regexes(const struct row *rows, size_t count, bool ignore_case)
{
	for (size_t i = 0; i < count; i++) {
		struct match *match;
		struct why why;
		size_t offset;

		assert_int_equal(match_compile(rows[i].pattern, strlen(rows[i].pattern),
					       ignore_case, &match, &offset, &why),
				 ERR_OK);
		check(match, &rows[i]);
	}
}

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void regexes_match(void **state)
{
	static const struct row rows[] = {
		{"^Reset your password$", "Reset your password", MATCH_YES},
		{"^Reset your password$", "reset your password", MATCH_NO},
		{"^Reset your password$", "Reset your password!", MATCH_NO},
		{"password", "your password, please", MATCH_YES},
		{"^$", "", MATCH_YES},
		{"^Pa.wort$", "Paßwort", MATCH_YES},
		{"^\\w+$", "Пароль", MATCH_YES},
		{"\\bmot\\b", "démot", MATCH_NO},
		{"(a)(b)(c)\\3\\2\\1", "abccba", MATCH_YES},
		{"(?<=x)y", "xy", MATCH_YES},
		{"^a\\/b$", "a/b", MATCH_YES},
		{"(*NO_JIT)^(a)(b)\\2\\1$", "abba", MATCH_YES},
		{"(*NO_JIT)^a", "ba", MATCH_NO},
	};

	(void)state;
	check_regexes(rows, COUNT(rows), false);
}

static void regexes_may_ignore_case(void **state)
{
	static const struct row rows[] = {
		{"^reset$", "RESET", MATCH_YES},
		{"^zurück$", "ZURÜCK", MATCH_YES},
		{"^пароль$", "Пароль", MATCH_YES},
		{"^reset$", "RESETS", MATCH_NO},
	};

	(void)state;
	check_regexes(rows, COUNT(rows), true);
}

static void texts_match_whole_and_in_any_case(void **state)
{
	static const struct row rows[] = {
		{"Reset (your) p.ssword", "reset (YOUR) p.ssword", MATCH_YES},
		{"p.ssword", "password", MATCH_NO},
		{"reset", "resets", MATCH_NO},
		{"reset", "a reset", MATCH_NO},
		{"reset", "reset\n", MATCH_NO},
		{"\\E^$", "\\e^$", MATCH_YES},
		{"Zurück", "ZURÜCK", MATCH_YES},
		{"", "", MATCH_YES},
		{"", "x", MATCH_NO},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct match *match;
		struct why why;
		size_t offset;

		assert_int_equal(match_compile_text(rows[i].pattern, strlen(rows[i].pattern),
						    &match, &offset, &why),
				 ERR_OK);
		check(match, &rows[i]);
	}
}

/* A user name, say: nobody has looked at its bytes. */
static void invalid_bytes_do_not_match(void **state)
{
	static const struct row rows[] = {
		{"^.$", "\xfc", MATCH_NO},
		{"a",
		 "\xfc"
		 "a\xff",
		 MATCH_YES},
		{"^\xc3\xbc$", "\xfc", MATCH_NO},
		{"a.z", "a\xffz", MATCH_NO},
		{"z$", "\xc3z", MATCH_YES},
		{"^a",
		 "\xc3"
		 "a",
		 MATCH_NO},
		{"(x+x+)+y", "\xffxxxy\xc3", MATCH_YES},
	};

	(void)state;
	check_regexes(rows, COUNT(rows), false);
}

struct fault {
	const char *pattern;
	size_t offset;
	const char *why;
};

static void faults_have_a_place(void **state)
{
	static const struct fault faults[] = {
		{"reset (your", 11, "missing closing parenthesis"},
		{"ab[", 3, "missing terminating ]"},
		{"*", 0, "quantifier does not follow"},
		{"ab\\Cd", 4, "\\C is disabled"},
		{"a\xfcz", 1, "UTF-8 error"},
		{"(?<n>a)\\k<m>", 10, "reference to non-existent subpattern"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct match *match = NULL;
		struct why why;
		size_t offset = 999;

		assert_int_equal(match_compile(faults[i].pattern, strlen(faults[i].pattern), false,
					       &match, &offset, &why),
				 ERR_CONFIG);
		assert_null(match);
		if (offset != faults[i].offset || strstr(why.text, faults[i].why) == NULL)
			fail_msg("\"%s\": %zu: %s", faults[i].pattern, offset, why.text);
	}
}

static void faults_of_texts_have_a_place(void **state)
{
	struct match *match = NULL;
	struct why why;
	size_t offset = 999;

	(void)state;
	assert_int_equal(match_compile_text("ab\xfc", 3, &match, &offset, &why), ERR_CONFIG);
	assert_null(match);
	assert_int_equal(offset, 2);
}

static void patterns_have_a_length(void **state)
{
	char pattern[MATCH_PATTERN_MAX + 1];
	struct match *match = NULL;
	struct why why;
	size_t offset;

	(void)state;
	memset(pattern, 'a', sizeof(pattern));
	assert_int_equal(
		match_compile(pattern, MATCH_PATTERN_MAX + 1, false, &match, &offset, &why),
		ERR_CONFIG);
	assert_int_equal(offset, MATCH_PATTERN_MAX);
	assert_int_equal(match_compile(pattern, MATCH_PATTERN_MAX, false, &match, &offset, &why),
			 ERR_OK);
	match_free(match);
	match_free(NULL);
}

/* Without a limit the first takes longer than the sun will shine. */
static void limits_end_a_match(void **state)
{
	static const char *const patterns[] = {
		"^(x+x+)+y$",		"^(?:x|x)*y$",
		"^(x?){1000}y$",	"(?:x.*)*(?:x.*)*(?:x.*)*y$",
		"^(x(?1)?x?)*y$",	"(*NO_JIT)^(x+x+)+y$",
		"(*NO_JIT)^(?:x|x)*y$",
	};
	enum { LENGTH = 60000 };
	char *text = malloc(LENGTH);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', LENGTH);
	text[LENGTH - 2] = 'y'; /* or PCRE2 would see at once that there is none */
	for (size_t i = 0; i < COUNT(patterns); i++) {
		struct match *match;
		struct why why;
		size_t offset;

		assert_int_equal(match_compile(patterns[i], strlen(patterns[i]), false, &match,
					       &offset, &why),
				 ERR_OK);
		for (size_t length = 100; length <= LENGTH; length *= 10) {
			enum match_result result = match_text(match, text, length);

			if (result == MATCH_YES)
				fail_msg("%s matches %zu", patterns[i], length);
		}
		if (match_text(match, text, LENGTH) != MATCH_UNDECIDED)
			fail_msg("%s is decided", patterns[i]);
		match_free(match);
	}
	free(text);
}

/* PCRE2 alone would decide this after some ten million steps. */
static void limits_are_ours(void **state)
{
	static const struct row rows[] = {
		{"^(x+x+)+y$", "xxxxxxxxxxxxxxxxxxxxyz", MATCH_UNDECIDED},
		{"(*NO_JIT)^(x+x+)+y$", "xxxxxxxxxxxxxxxxxxxxyz", MATCH_UNDECIDED},
	};

	(void)state;
	check_regexes(rows, COUNT(rows), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regexes_match),
		cmocka_unit_test(regexes_may_ignore_case),
		cmocka_unit_test(texts_match_whole_and_in_any_case),
		cmocka_unit_test(invalid_bytes_do_not_match),
		cmocka_unit_test(faults_have_a_place),
		cmocka_unit_test(faults_of_texts_have_a_place),
		cmocka_unit_test(patterns_have_a_length),
		cmocka_unit_test(limits_end_a_match),
		cmocka_unit_test(limits_are_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
