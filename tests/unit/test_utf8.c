/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "resetguard/utf8.h"

static const struct {
	const char *text;
	size_t size;
} characters[] = {
	{"a", 1},
	{"\x7f", 1},
	{"\x80", 0},
	{"\xbf", 0},
	{"\xc0\x80", 0}, /* overlong */
	{"\xc1\xbf", 0},
	{"\xc2\x80", 2},
	{"\xdf\xbf", 2},
	{"\xdf", 0},
	{"\xdf"
	 "a",
	 0},
	{"\xe0\x9f\xbf", 0}, /* overlong */
	{"\xe0\xa0\x80", 3},
	{"\xe2\x82", 0},
	{"\xe2\x82"
	 "a",
	 0},
	{"\xed\x9f\xbf", 3},
	{"\xed\xa0\x80", 0}, /* a surrogate */
	{"\xee\x80\x80", 3},
	{"\xef\xbf\xbf", 3},
	{"\xf0\x8f\xbf\xbf", 0}, /* overlong */
	{"\xf0\x90\x80\x80", 4},
	{"\xf0\x90\x80", 0},
	{"\xf4\x8f\xbf\xbf", 4},
	{"\xf4\x90\x80\x80", 0}, /* beyond U+10FFFF */
	{"\xf5\x80\x80\x80", 0},
	{"\xff", 0},
};

static void characters_have_their_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
		const char *text = characters[i].text;

		if (utf8_character(text, strlen(text)) != characters[i].size)
			fail_msg("row %zu: %zu", i, utf8_character(text, strlen(text)));
	}
	assert_int_equal(utf8_character("", 0), 0);
	assert_int_equal(utf8_character("", 1), 1);
}

/* Each code point, encoded here in another way than it is decoded there. */
static void every_code_point_is_valid_but_surrogates(void **state)
{
	(void)state;
	for (unsigned point = 0x80; point < 0x110000; point++) {
		char text[4];
		size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
		unsigned left = point;

		for (size_t i = size - 1; i > 0; i--) {
			text[i] = (char)(0x80 | (left & 0x3f));
			left >>= 6;
		}
		text[0] = (char)((0xf00U >> size & 0xf0) | left);
		if (utf8_is_valid(text, size) != (point < 0xd800 || point > 0xdfff))
			fail_msg("U+%04X", point);
		if (utf8_is_valid(text, size - 1))
			fail_msg("U+%04X without its end", point);
	}
}

static void text_is_valid_as_a_whole(void **state)
{
	(void)state;
	assert_true(utf8_is_valid("", 0));
	assert_true(
		utf8_is_valid("na\xc3\xafve \xe2\x82\xac", sizeof "na\xc3\xafve \xe2\x82\xac" - 1));
	assert_false(
		utf8_is_valid("na\xc3\xafve \xe2\x82\xac", sizeof "na\xc3\xafve \xe2\x82\xac" - 2));
	assert_false(utf8_is_valid("na\xefve", 5));
}

/* What a terminal is shown of text: C0, DEL, C1, and what is no UTF-8. */
static const struct {
	const char *text;
	const char *shown;
} foreign[] = {
	{"", ""},
	{"na\xc3\xafve \xe2\x82\xac", "na\xc3\xafve \xe2\x82\xac"},
	{"\x1b[2J\r\n\t\x7f", "?[2J????"},
	{"\xc2\x9b"
	 "2J\xc2\x80\xc2\x9f",
	 "?2J??"},
	{"\xc2\xa0\xc3\x80", "\xc2\xa0\xc3\x80"},
	{"\xff\xc2", "??"},
	{"\x9b"
	 "2J",
	 "?2J"},
};

static void foreign_text_controls_no_terminal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
		char printed[64] = "";
		char masked[64];
		FILE *stream = fmemopen(printed, sizeof printed, "w");

		assert_non_null(stream);
		utf8_print(stream, foreign[i].text, strlen(foreign[i].text));
		assert_int_equal(fclose(stream), 0);
		assert_string_equal(printed, foreign[i].shown);
		strcpy(masked, foreign[i].text);
		utf8_mask(masked);
		assert_string_equal(masked, foreign[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_have_their_size),
		cmocka_unit_test(every_code_point_is_valid_but_surrogates),
		cmocka_unit_test(text_is_valid_as_a_whole),
		cmocka_unit_test(foreign_text_controls_no_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
