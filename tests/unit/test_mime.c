/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mime: header values as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/mime.h"
#include "resetguard/utf8.h"

#define FFFD "\xef\xbf\xbd"

struct decoding {
	const char *value;
	const char *text;
};

static void check(const struct decoding *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[256];
		size_t length;

		length = mime_decode_header(rows[i].value, text, sizeof(text), NULL);
		if (strcmp(text, rows[i].text) != 0)
			fail_msg("\"%s\" gives \"%s\"", rows[i].value, text);
		assert_int_equal(length, strlen(rows[i].text));
	}
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void plain_text_and_folding(void **state)
{
	static const struct decoding rows[] = {
		{"", ""},
		{"Reset your password", "Reset your password"},
		{"[Example]\n Reset\n\tyour password", "[Example] Reset your password"},
		{"Reset\r\n your\r\n\t password\r\n", "Reset your password"},
		{"  two  blanks\t\ttabs  ", "two blanks tabs"},
		{" \t\n ", ""},
		{"a\x01z\x7fz", "a z z"},
		/* U+0085, U+00A0, U+2003, U+3000, U+2028 */
		{"a\xc2\x85z\xc2\xa0z\xe2\x80\x83z\xe3\x80\x80z\xe2\x80\xa8z", "a z z z z z"},
		{"no word =", "no word ="},
		{"=", "="},
		{"=?", "=?"},
		{"a=b?=", "a=b?="},
	};

	(void)state;
	CHECK(rows);
}

static void eight_bits(void **state)
{
	static const struct decoding rows[] = {
		{"Paßwort zurück", "Paßwort zurück"},
		{"Pa\xdfwort zur\xfc"
		 "ck",
		 "Paßwort zurück"},
		{"\xfc", "ü"},
		/* A subject cut within a character by its application. */
		{"zurück\xc3", "zurückÃ"},
		{"\xed\xa0\x80z", "í z"}, /* a surrogate: three bytes of ISO 8859-1 */
		{"emoji \xf0\x9f\x94\x91 key", "emoji \xf0\x9f\x94\x91 key"},
	};

	(void)state;
	CHECK(rows);
}

static void words_are_decoded(void **state)
{
	static const struct decoding rows[] = {
		{"=?UTF-8?B?UmVzZXQ=?=", "Reset"},
		{"=?utf-8?b?UmVzZXQ=?=", "Reset"},
		{"=?utf-8?Q?Reset_your=20password?=", "Reset your password"},
		{"=?utf-8?q?a=5Fz?=", "a_z"},
		{"=?ISO-8859-1?q?Pa=DFwort_zur=FCck?=", "Paßwort zurück"},
		{"=?iso-8859-1?Q?=93quotes=94?=", "“quotes”"},
		{"=?windows-1251?B?z+Dw7uv8?=", "Пароль"},
		{"=?koi8-r?B?8MHSz8zY?=", "Пароль"},
		{"=?iso-2022-jp?B?GyRCJVElOSVvITwlSRsoQg==?=", "パスワード"},
		{"=?shift_jis?B?g3CDWIOPgVuDaA==?=", "パスワード"},
		{"=?gb2312?B?w9zC6w==?=", "密码"},
		{"=?ks_c_5601-1987?B?uvG50Ln4yKM=?=", "비밀번호"},
		{"=?euc-kr?B?uvG50Ln4yKM=?=", "비밀번호"},
		{"=?big5?B?sUu9WA==?=", "密碼"},
		{"=?GB18030?B?w9zC6w==?=", "密码"},
		{"=?euc-jp?B?pdGluaXvobyloQ==?=", "パスワーァ"},
		{"=?windows-1254?Q?=DEifre?=", "Şifre"},
		{"=?iso-8859-9?Q?=DEifre?=", "Şifre"},
		{"=?iso-8859-2?Q?Has=B3o?=", "Hasło"},
		{"=?iso-8859-15?Q?=A4?=", "€"},
		{"=?us-ascii?Q?plain =FC?=", "plain ü"},
		{"=?utf-8*de?Q?Pa=C3=9Fwort?=", "Paßwort"},
		{"=?UTF8?Q?=C3=BC?=", "ü"},
		{"=?utf-8?Q?\?=", ""},
		{"=?utf-8?Q?two_=20_blanks?=", "two blanks"},
		{"=?utf-8?Q?=0D=0ABcc:_x?=", "Bcc: x"},
		{"=?utf-8?Q?a=00z?=", "a z"},
		{"=?iso-8859-1?Q?a=00z?= tail", "a z tail"},
		{"=?iso-8859-1?B?AA==?= Reset", "Reset"},
		{"=?utf-8?Q?question?\?=", "question?"},
		{"=?utf-8?Q?blanks in it?=", "blanks in it"},
		{"=?windows-1255?B?4Q==?=", "ב"}, /* a converter that holds back */
	};

	(void)state;
	CHECK(rows);
}

static void words_among_text(void **state)
{
	static const struct decoding rows[] = {
		{"[Site] =?utf-8?Q?Pa=C3=9Fwort?= neu", "[Site] Paßwort neu"},
		{"=?utf-8?Q?a?= =?utf-8?Q?z?=", "az"},
		{"=?utf-8?Q?a?=\r\n =?utf-8?Q?z?=", "az"},
		{"=?utf-8?Q?a_?= =?utf-8?Q?z?=", "a z"},
		{"=?utf-8?Q?a?==?utf-8?Q?z?=", "az"},
		{"=?utf-8?Q?a?= z =?utf-8?Q?b?=", "a z b"},
		{"(=?utf-8?Q?a?=)", "(a)"},
		{"x=?utf-8?Q?a?=z", "xaz"},
		{"=?utf-8?Q?a?= =?iso-8859-1?Q?=FC?=", "aü"},
		{"=?utf-8?Q?a?= =?utf-8?B?eg==?=", "az"},
		{"=?iso-8859-1?Q?=FC?= z =?iso-8859-1?Q?=FC?=", "ü z ü"},
	};

	(void)state;
	CHECK(rows);
}

static void split_characters_are_joined(void **state)
{
	static const struct decoding rows[] = {
		{"=?utf-8?Q?zur=C3?= =?utf-8?Q?=BCck?=", "zurück"},
		{"=?UTF-8?B?enVyww==?=\n =?utf-8?B?vGNr?=", "zurück"},
		{"=?UTF-8?B?enVyww==?= =?utf-8?Q?=BCck?=", "zurück"},
		/* Cut without regard to the four characters of base64 */
		{"=?UTF-8?B?enVyw7?= =?UTF-8?B?xjaw==?=", "zurück"},
		{"=?utf-8?Q?zur=C3=B?= =?utf-8?Q?Cck?=", "zurück"},
		{"=?shift_jis?B?g3CDWIOPgVs=?= =?shift_jis?B?g2g=?=", "パスワード"},
		{"=?shift_jis?B?g3CDWIOPgVuD?= =?shift_jis?B?aA==?=", "パスワード"},
	};

	(void)state;
	CHECK(rows);
}

static void broken_words(void **state)
{
	static const struct decoding rows[] = {
		/* no words at all */
		{"=?utf-8?X?a?=", "=?utf-8?X?a?="},
		{"=?utf-8?Q?a", "=?utf-8?Q?a"},
		{"=?utf-8?Q?", "=?utf-8?Q?"},
		{"=?utf-8?Q", "=?utf-8?Q"},
		{"=?utf-8", "=?utf-8"},
		{"=?utf-8?Q?=", "=?utf-8?Q?="},
		{"=??Q?a?=", "=??Q?a?="},
		{"=?utf 8?Q?a?=", "=?utf 8?Q?a?="},
		{"=?utf-8//IGNORE?Q?a?=", "=?utf-8//IGNORE?Q?a?="},
		{"=?0123456789012345678901234567890123456789x?Q?a?=",
		 "=?0123456789012345678901234567890123456789x?Q?a?="},
		{"=?=?utf-8?Q?a?=", "=?a"},
		/* unknown charsets stay, and so do the blanks beside them */
		{"=?x-none?Q?a?=", "=?x-none?Q?a?="},
		{"=?x-none?Q?a?= =?utf-8?Q?z?=", "=?x-none?Q?a?= z"},
		{"=?utf-8?Q?a?= =?x-none?Q?z?=", "a =?x-none?Q?z?="},
		{"=?x-none?Q?\xfc?=", "=?x-none?Q?ü?="},
		{"=?ucs-4le?B?dGbSOA==?=", "=?ucs-4le?B?dGbSOA==?="},
		/* broken transfer encodings */
		{"=?utf-8?B?UmVzZXQ?=", "Reset"},
		{"=?utf-8?B?U!m V-zZ#XQ=?=", "Reset"},
		{"=?utf-8?B?UmU=c2V0?=", "Reset"},
		{"=?utf-8?B?UmU=?= =?utf-8?B?c2V0?=", "Reset"},
		{"=?utf-8?B?UmU==?= =?utf-8?B?c2V0?=", "Reset"},
		{"=?utf-8?B?=UmVzZXQ=?=", "Reset"},
		{"=?utf-8?B?UmVzZXQxg?=", "Reset1"},
		{"=?utf-8?B?UmVzZXQ?= =?utf-8?Q?_now?=", "Reset now"},
		{"=?utf-8?Q?100=?= =?utf-8?B?JQ==?=", "100=%"},
		{"=?utf-8?Q?100=?=", "100="},
		{"=?utf-8?Q?a=4?=", "a=4"},
		{"=?utf-8?Q?a=GGz?=", "a=GGz"},
		/* bytes that the charset does not have */
		{"=?utf-8?Q?a=FFz?=", "a" FFFD "z"},
		{"=?utf-8?Q?a=C3?=", "a" FFFD},
		{"=?utf-8?Q?=C3?= z", FFFD " z"},
		{"=?iso-8859-3?Q?=A5?=", FFFD},
		{"=?shift_jis?B?g3CD?=", "パ" FFFD},
	};

	(void)state;
	CHECK(rows);
}

static void output_is_cut_at_a_character(void **state)
{
	char text[8];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(mime_decode_header("abcdefghi", text, 8, NULL), 7);
	assert_string_equal(text, "abcdefg");
	assert_int_equal(mime_decode_header("abcdef\xc3\xbcz", text, 8, NULL), 6);
	assert_string_equal(text, "abcdef");
	assert_int_equal(mime_decode_header("abcdef  z", text, 8, NULL), 6);
	assert_string_equal(text, "abcdef");
	assert_int_equal(mime_decode_header("=?utf-8?B?YWJjZGVmZ2hpamtsbQ==?=", text, 8, NULL), 7);
	assert_string_equal(text, "abcdefg");
	assert_int_equal(mime_decode_header("=?utf-8?Q?abcdef=C3=BCz?=", text, 8, NULL), 6);
	assert_string_equal(text, "abcdef");
	assert_int_equal(mime_decode_header("a", text, 1, NULL), 0);
	assert_string_equal(text, "");
}

/* Longer than the pieces that are decoded at a time, at every offset of a
 * character of three bytes in them. */
static void long_words(void **state)
{
	enum { CHARACTERS = 3000 };
	static char value[12 * CHARACTERS];
	static char text[4 * CHARACTERS];

	(void)state;
	for (int shift = 0; shift < 4; shift++) {
		char *at = value + sprintf(value, "=?utf-8?Q?%.*s", shift, "abcd");
		size_t length;

		for (int i = 0; i < CHARACTERS; i++)
			at += sprintf(at, "=E5=AF=86");
		strcpy(at, "?=");
		length = mime_decode_header(value, text, sizeof(text), NULL);
		assert_int_equal(length, shift + 3 * CHARACTERS);
		for (int i = 0; i < CHARACTERS; i++)
			assert_memory_equal(text + shift + 3 * i, "密", 3);
	}
}

static void fill(char *value, size_t size, const char *piece)
{
	size_t length = 0;

	while (length + strlen(piece) < size) {
		strcpy(value + length, piece);
		length += strlen(piece);
	}
}

/* As long as Postfix lets headers be. Quadratic work would show as a test that does
 * not come to its end in reasonable time. */
static void hostile_values_end(void **state)
{
	static const char *const pieces[] = {
		"=?",
		"=?x?Q?",
		"=?x?Q?a",
		"=?utf-8?B?",
		"=?koi8-r?Q?\?=",
		"=?x-none?Q?a?= ",
		"=?x?Q?a?= \n",
		"=?utf-8?Q?=C3?= ",
		"=?koi8-r?Q?a?==?gbk?Q?a?=",
		"=?iso-2022-jp?B?",
		"=?utf-16?Q?=00=D8?= ",
		"\xff",
	};
	static char value[60001];
	static char text[200000];

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		memset(value, 0, sizeof(value));
		fill(value, sizeof(value), pieces[i]);
		for (int closed = 0; closed < 2; closed++) {
			size_t length = mime_decode_header(value, text, sizeof(text), NULL);

			assert_true(utf8_is_valid(text, length));
			memcpy(value + strlen(value) - 2, "?=", 2);
		}
	}
}

static void flaws_are_told(void **state)
{
	static const struct {
		const char *value;
		const char *flaw;
	} rows[] = {
		{"Reset your password", NULL},
		{"=?utf-8?Q?Pa=C3=9Fwort?= =?iso-2022-jp?B?GyRCJSIbKEI=?=", NULL},
		/* raw bytes and what only looks like a word are read as they are */
		{"Pa\xdfwort =?utf-8?x", NULL},
		{"=?x-none?Q?Reset?=", "the body: unknown charset x-none"},
		{"=?utf-8?Q?=C3?= x", "the body: bytes that are no utf-8"},
		{"=?euc-jp?Q?=A4?=", "the body: bytes that are no euc-jp"},
		{"=?x:(=)?Q?a?= =?utf-8?Q?=C3?=", "the body: bytes that are no utf-8"},
		{"=?x:(+)?Q?a?= =?utf-8?Q?=C3?=", "the body: unknown charset x????"},
		/* the first one counts */
		{"=?x-a?Q?a?= =?x-b?Q?b?=", "the body: unknown charset x-a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mime_flaw flaw = {.kind = MIME_FLAWLESS};
		char text[64];
		char words[MIME_FLAW_TEXT_MAX + 1];

		mime_decode_header(rows[i].value, text, sizeof(text), &flaw);
		mime_flaw_print(&flaw, words);
		if (rows[i].flaw == NULL ? flaw.kind != MIME_FLAWLESS
					 : strcmp(words, rows[i].flaw) != 0)
			fail_msg("\"%s\": %s", rows[i].value, words);
	}
}

/* A text that is cut ends in the middle of a character, and that is not its fault. */
static void what_finds_no_room_is_no_flaw(void **state)
{
	struct mime_flaw flaw = {.kind = MIME_FLAWLESS};
	char text[8];

	(void)state;
	mime_decode_header("=?utf-8?Q?abcdef=C3=BC=C3=BC?= =?utf-8?Q?=C3=BC=C3?=", text,
			   sizeof(text), &flaw);
	assert_string_equal(text, "abcdef");
	assert_int_equal(flaw.kind, MIME_FLAWLESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_and_folding),
		cmocka_unit_test(eight_bits),
		cmocka_unit_test(words_are_decoded),
		cmocka_unit_test(words_among_text),
		cmocka_unit_test(split_characters_are_joined),
		cmocka_unit_test(broken_words),
		cmocka_unit_test(output_is_cut_at_a_character),
		cmocka_unit_test(long_words),
		cmocka_unit_test(hostile_values_end),
		cmocka_unit_test(flaws_are_told),
		cmocka_unit_test(what_finds_no_room_is_no_flaw),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
