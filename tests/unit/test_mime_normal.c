/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mime_normal: the one form in which wording is compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/mime.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char *normal_of(const char *text, char normal[256])
{
	size_t length = mime_normalise(text, strlen(text), normal, 256);

	assert_int_equal(length, strlen(normal));
	return normal;
}

static void what_reads_alike_is_alike(void **state)
{
	static const char *const rows[][2] = {
		{"Reset Your PASSWORD", "reset your password"},
		{"  a \t\n b  ", "a b"},
		/* composed and decomposed, and marks in any order */
		{"zur\xc3\xbc"
		 "ck",
		 "zuru\xcc\x88"
		 "ck"},
		{"a\xcc\xa7\xcc\x81", "a\xcc\x81\xcc\xa7"},
		/* ligatures, full-width letters, no-break and ideographic blanks */
		{"\xef\xac\x81nd", "find"},
		{"\xef\xbc\xb2\xef\xbd\x85set", "reset"},
		{"a\xc2\xa0"
		 "b\xe3\x80\x80"
		 "c",
		 "a b c"},
		/* apostrophes, quotation marks and dashes */
		{"can\xe2\x80\x99t", "can't"},
		{"\xe2\x80\x9cx\xe2\x80\x9d", "\"x\""},
		{"a\xe2\x80\x93"
		 "b",
		 "a-b"},
		/* what is not seen: zero width, direction, a soft hyphen */
		{"re\xe2\x80\x8bset", "reset"},
		{"\xe2\x80\x8freset", "reset"},
		{"re\xc2\xadset", "reset"},
		/* letters with more than one small form */
		{"STRASSE", "stra\xc3\x9f"
			    "e"},
		{"\xc4\xb0stanbul", "istanbul"},
		{"\xc4\xb1", "i"},
		{"\xce\x9f\xce\x94\xce\x9f\xce\xa3", "\xce\xbf\xce\xb4\xce\xbf\xcf\x82"},
		/* bytes that are no UTF-8 are blanks */
		{"a\xff\xfe"
		 "b",
		 "a b"},
	};
	char left[256];
	char right[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (strcmp(normal_of(rows[i][0], left), normal_of(rows[i][1], right)) != 0)
			fail_msg("row %zu: \"%s\" and \"%s\"", i, left, right);
	}
}

static void what_reads_otherwise_is_not(void **state)
{
	static const char *const rows[][2] = {
		{"reset", "re set"}, {"u", "\xc3\xbc"}, {"\xd0\xb0", "a"}, /* Cyrillic */
	};
	char left[256];
	char right[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_not_equal(normal_of(rows[i][0], left), normal_of(rows[i][1], right));
}

static void what_finds_no_room_is_cut_at_a_character(void **state)
{
	char normal[4];

	(void)state;
	assert_int_equal(mime_normalise("abcd", 4, normal, sizeof(normal)), 3);
	assert_string_equal(normal, "abc");
	assert_int_equal(mime_normalise("ab\xce\xb1", 4, normal, sizeof(normal)), 2);
	assert_string_equal(normal, "ab");
	assert_int_equal(mime_normalise("a", 1, normal, 1), 0);
}

static void patterns_have_wildcards(void **state)
{
	static const char any[] = {MIME_ANY, '\0'};
	char wanted[16];
	char normal[16];

	(void)state;
	snprintf(wanted, sizeof(wanted), "[%s] a", any);
	assert_int_equal(mime_normalise_pattern("[*]  A", 6, true, normal, sizeof(normal)), ERR_OK);
	assert_string_equal(normal, wanted);
	assert_int_equal(mime_normalise_pattern("[*] A", 5, false, normal, sizeof(normal)), ERR_OK);
	assert_string_equal(normal, "[*] a");
	assert_int_equal(mime_normalise_pattern("\xff", 1, true, normal, sizeof(normal)), ERR_DATA);
	assert_int_equal(mime_normalise_pattern("0123456789abcdef", 16, true, normal, 16),
			 ERR_TOO_LONG);
	/* No text has what stands for a wildcard. */
	assert_int_equal(mime_normalise(any, 1, normal, sizeof(normal)), 0);
}

static void words_end_at_letters(void **state)
{
	static const char *const within[] = {"a", "7", "\xc3\xbc", "\xcc\x88", "\xe5\xb7\xb2"};
	static const char *const outside[] = {" ", "-", "'", ".", "\xe3\x80\x82"};

	(void)state;
	for (size_t i = 0; i < COUNT(within); i++)
		assert_true(mime_is_within_word(within[i]));
	for (size_t i = 0; i < COUNT(outside); i++)
		assert_false(mime_is_within_word(outside[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_reads_alike_is_alike),
		cmocka_unit_test(what_reads_otherwise_is_not),
		cmocka_unit_test(what_finds_no_room_is_cut_at_a_character),
		cmocka_unit_test(patterns_have_wildcards),
		cmocka_unit_test(words_end_at_letters),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
