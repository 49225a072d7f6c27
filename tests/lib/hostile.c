/* SPDX-License-Identifier: BSD-2-Clause */
/* hostile - messages made to keep whoever reads them busy. */
#include "hostile.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/cli/mailfiles.h"

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16
#define A192 A64 A64 A64
/* A multipart in the one before. */
#define LEVEL(before, name) \
	"--" A192 before "\nContent-Type: multipart/mixed; boundary=" A192 name "\n\n"
#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"
#define TEXT(charset, encoding)                                                                    \
	"Content-Type: text/plain; charset=" charset "\nContent-Transfer-Encoding: " encoding "\n" \
											      "\n"
#define HTML "Content-Type: text/html\n\n"
/* An encoded word in each of more charsets than are opened for one value. */
#define CHARSETS                                                                  \
	" =?koi8-r?Q?a?= =?big5?Q?a?= =?gbk?Q?a?= =?gb18030?Q?a?= =?euc-jp?Q?a?=" \
	" =?euc-kr?Q?a?= =?shift_jis?Q?a?= =?iso-2022-jp?Q?a?= =?cp1250?Q?a?="    \
	" =?cp1251?Q?a?= =?cp1252?Q?a?= =?iso-8859-2?Q?a?= =?iso-8859-3?Q?a?="    \
	" =?iso-8859-4?Q?a?= =?iso-8859-5?Q?a?= =?iso-8859-6?Q?a?= =?iso-8859-7?Q?a?=\n"
#define WORDING                                         \
	"reset your password now, passwort zur\xc3\xbc" \
	"cksetzen mot de passe "
/* The same in part, which nothing matches. */
#define PARTS                                      \
	"reset your passw now, passwo zur\xc3\xbc" \
	"ckse mot de pas to site contra rese kennw insta "
#define PERCENT "http%3A%2F%2Fa%2F"
#define BASE64 "aHR0cDovL2EvcmVzZXQvaHR0cDovL2EvcmVzZXQv/"

const char hostile_rules[] = "subject /^(a|aa|a+)+$/\n"
			     "subject /^(b|bb|b+)+$/  notice\n"
			     "header X-Any: /^(c+)*(c+)*[de]/  notice\n"
			     "pack any\n";

/* begin, then unit again and again. */
static const struct {
	const char *name;
	const char *begin;
	const char *unit;
} messages[] = {
	{"nested", MIXED, "--b\n" MIXED},
	{"alike",
	 "Content-Type: multipart/mixed; boundary=" A192 "\n\n" LEVEL("", "b") LEVEL("b", "c")
		 LEVEL("c", "d") LEVEL("d", "e") LEVEL("e", "f") LEVEL("f", "g") LEVEL("g", "h")
			 LEVEL("h", "i") LEVEL("i", "j") LEVEL("j", "k") LEVEL("k", "l"),
	 "--" A192 "z\n"},
	{"parts", MIXED, "--b\n\n"},
	{"types", MIXED, "--b\nContent-Type: text/html; charset=shift_jis; a=b; c=\"d\\e\"\n\n"},
	{"headers", MIXED, "--b\nX: " A64 "\n"},
	{"hyphens", MIXED, "--\n"},
	{"no-lines", TEXT("utf-8", "7bit"), "a"},
	{"one-field", "Subject: ", A64 " "},
	{"subjects", "", "Subject: " WORDING WORDING "\n"},
	{"short-subjects", "", "Subject: a\n"},
	{"long-subject", "Subject: ", WORDING},
	{"parts-of-subjects", "", "Subject: " PARTS PARTS "\n"},
	{"long-parts", "", "Subject: " PARTS PARTS PARTS PARTS PARTS PARTS PARTS PARTS PARTS "\n"},
	{"part-of-a-subject", "Subject: ", PARTS},
	{"words", "Subject: ", "=?utf-8?Q?=52eset?= "},
	{"many-words", "", "Subject: =?utf-8?B?UmVzZXQ=?= =?utf-8?Q?=52eset?=\n"},
	{"open-words", "Subject: ", "=?utf-8?Q?"},
	{"charsets", "", "Subject:" CHARSETS},
	{"unknown-charsets", "", "Subject: =?x-none?Q?a?= =?x-none?Q?a?= =?x-none?Q?a?=\n"},
	{"marks", "Subject: a", "\xcc\x95\xcc\x81\xcc\xa7"},
	{"ligatures", "Subject: ", "\xef\xb7\xba"},
	{"guarded-expression", "", "Subject: " A16 A16 "!\n"},
	{"expression", "", "Subject: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb!\n"},
	{"near-expression", "", "Subject: bbbbbbbbbbbbb!\n"},
	{"other-expression", "", "X-Any: cccccccccccccccccccccccccccccccc\n"},
	{"parameters", "", "Content-Type: text/plain; " A64 "=\"" A64 "\"; charset*0=a\n"},
	{"comments", "Content-Type: ", "(a\\)("},
	{"links", "\n", "http://a/reset/b?token=c "},
	{"long-link", "\nhttp://a/", "reset/password/"},
	{"link-parameters", "\nhttp://a/?", "token=a&key=b&"},
	{"percent", "\nhttp://a/", PERCENT},
	{"wrapped", "\n", "http://a/" BASE64 PERCENT " "},
	{"schemes", "\n", "a://"},
	{"references", HTML, "http://a/&#x2F;&#47;&amp;"},
	{"quotes", HTML, "'http://a'\""},
	{"base64", TEXT("utf-8", "base64"), "aHR0cDovL2EvcmVzZXQvYiAg=-\xff\n"},
	{"quoted", TEXT("utf-8", "quoted-printable"), "=3D==\n=\n=zz"},
	{"escapes", TEXT("iso-2022-jp", "7bit"), "\x1b$B\x1b(Bhttp://a/ "},
	{"utf-16", TEXT("utf-16", "8bit"), "h\001t\001"},
};

size_t hostile_count(void)
{
	return sizeof(messages) / sizeof(messages[0]);
}

const char *hostile_name(size_t index)
{
	return messages[index].name;
}

char *hostile_make(size_t index, size_t *length)
{
	size_t unit_length = strlen(messages[index].unit);
	char *text = malloc(HOSTILE_SIZE);
	size_t at = strlen(messages[index].begin);

	if (text == NULL)
		return NULL;
	memcpy(text, messages[index].begin, at);
	for (; at + unit_length <= HOSTILE_SIZE; at += unit_length)
		memcpy(text + at, messages[index].unit, unit_length);
	*length = at;
	return text;
}

void hostile_classify(struct classifier *classifier, const char *text, size_t length)
{
	classifier_begin(classifier);
	while (length != 0) {
		const char *newline = memchr(text, '\n', length);
		size_t piece = newline == NULL ? length : (size_t)(newline + 1 - text);

		if (piece > MAILFILES_LINE_MAX)
			piece = MAILFILES_LINE_MAX;
		classifier_line(classifier, text, piece);
		text += piece;
		length -= piece;
	}
	classifier_end(classifier);
}
