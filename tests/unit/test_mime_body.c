/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mime_body: the links of a body, however it is built and cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/mime.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { FOUND_MAX = 1 << 12, LIMIT = 256 << 10 };

static void on_link(void *context, const char *link, size_t length)
{
	char *found = context;

	assert_int_equal(strlen(link), length);
	if (strlen(found) + length + 2 < FOUND_MAX) {
		strcat(found, link);
		strcat(found, " ");
	}
}

struct message {
	const char *type; /* Content-Type, NULL: none */
	const char *encoding;
	const char *body;
};

/* flaw: what could not be parsed, "" if that is nothing; or NULL. */
static void walk_for_flaw(const struct message *message, size_t length, size_t piece, size_t limit,
			  char found[FOUND_MAX], char *flaw)
{
	struct links_sink sink = {on_link, found};
	struct mime_body *body = mime_body_new();
	struct mime_part part;
	bool more = true;

	assert_non_null(body);
	found[0] = '\0';
	mime_part_init(&part);
	if (message->type != NULL)
		mime_part_header(&part, "Content-Type", message->type);
	if (message->encoding != NULL)
		mime_part_header(&part, "content-transfer-encoding", message->encoding);
	mime_body_begin(body, &part, limit, &sink);
	for (size_t at = 0; more && at < length; at += piece)
		more = mime_body_feed(body, message->body + at,
				      length - at < piece ? length - at : piece);
	mime_body_end(body, true);
	if (flaw != NULL) {
		mime_flaw_print(mime_body_flaw(body), flaw);
		if (mime_body_flaw(body)->kind == MIME_FLAWLESS)
			flaw[0] = '\0';
	}
	mime_body_free(body);
}

static void walk(const struct message *message, size_t length, size_t piece, size_t limit,
		 char found[FOUND_MAX])
{
	walk_for_flaw(message, length, piece, limit, found, NULL);
}

struct row {
	struct message message;
	const char *found; /* each with a blank behind it */
};

static void check(const struct row *rows, size_t count)
{
	static const size_t pieces[] = {1, 7, 65535};
	char found[FOUND_MAX];

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < COUNT(pieces); j++) {
			const struct message *message = &rows[i].message;

			walk(message, strlen(message->body), pieces[j], LIMIT, found);
			if (strcmp(found, rows[i].found) != 0)
				fail_msg("row %zu in pieces of %zu: \"%s\"", i, pieces[j], found);
		}
	}
}

#define LINK "http://a.example/r?t=1 "

static void single_parts_are_read(void **state)
{
	static const struct row rows[] = {
		{{NULL, NULL, "Go to http://a.example/r?t=1\r\n"}, LINK},
		{{"text/plain; charset=utf-8", "7bit", "http://a.example/r?t=1"}, LINK},
		{{"text/html", NULL, "<a\r\nhref=\"http://a.example/r?t=1\">x"}, LINK},
		{{"TEXT/HTML;charset=x", NULL, "<a href='http://a.example/r?t=1'>x"}, LINK},
		{{"text/plain", "Quoted-Printable", "http://a.exam=\r\nple/r?t=3D1\r\n"}, LINK},
		{{"text/plain", "base64", "aHR0cDovL2EuZXhhb\r\nXBsZS9yP3Q9MQ==\r\n"}, LINK},
		{{"text/plain", "base64", "aHR0cDovL2EuZXhhbXBsZS9yP3Q9MQ"},
		 "http://a.example/r?t= "},
		{{"text/calendar", NULL, "http://a.example/r"}, ""},
		{{"image/png", "base64", "aHR0cDovL2EuZXhhbXBsZS9yP3Q9MQ=="}, ""},
		{{"application/octet-stream", NULL, "http://a.example/r"}, ""},
		/* broken */
		{{"text", NULL, "http://a.example/r?t=1"}, LINK},
		{{"", NULL, "http://a.example/r?t=1"}, LINK},
		{{"multipart/mixed", NULL, "http://a.example/r?t=1"}, LINK},
		{{"text/plain", "quoted-printable", "http://a.example/r?t=3D1=\r\n"}, LINK},
		{{"text/plain", "unheard-of", "http://a.example/r?t=1"}, LINK},
		{{NULL, NULL, ""}, ""},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void multiparts_are_walked(void **state)
{
	static const char mixed[] = "multipart/alternative; boundary=\"x y\"";
	static const struct row rows[] = {
		{{mixed, NULL,
		  "preamble http://p.example/\r\n--x y\r\n\r\nhttp://a.example/1\r\n--x y\r\n"
		  "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"
		  "PGEgaHJlZj0iaHR0cDovL2EuZXhhbXBsZS8yIj4=\r\n--x y--\r\nhttp://e.example/\r\n"},
		 "http://a.example/1 http://a.example/2 "},
		{{"multipart/mixed; (c) boundary=b", "base64",
		  "--b\nContent-Type:\n multipart/related;\n "
		  "boundary=c\n\n--c\n\nhttp://a.example/1\n"
		  "--c--\n--b\nContent-Type: text/plain\n\nhttp://a.example/2\n--b--\n"},
		 "http://a.example/1 http://a.example/2 "},
		/* an inner part that does not end */
		{{"multipart/mixed; boundary=b", NULL,
		  "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nhttp://a.example/1\n"
		  "--b\n\nhttp://a.example/2\n"},
		 "http://a.example/1 http://a.example/2 "},
		/* one boundary begins like the other */
		{{"multipart/mixed; boundary=bb", NULL,
		  "--bb\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhttp://a.example/1\n"
		  "--bb\n\nhttp://a.example/2\n--bb--\n"},
		 "http://a.example/1 http://a.example/2 "},
		/* neither attachments nor messages in the message */
		{{"multipart/mixed; boundary=b", NULL,
		  "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a\n\n"
		  "http://a.example/1\n--b\nContent-Type: message/rfc822\n\nSubject: a\n\n"
		  "http://a.example/2\n--b--\n"},
		 ""},
		{{"multipart/mixed; boundary=b", NULL,
		  "--b\nContent-Type: text/plain\nContent-Disposition: inline\n\n"
		  "http://a.example/1\n--b--\n"},
		 "http://a.example/1 "},
		/* a header without an end, one without a body, boundaries with blanks */
		{{"multipart/mixed; boundary=b", NULL,
		  "--b\nContent-Type: text/html\n--b \t\n\nhttp://a.example/2\n--b--\n"},
		 "http://a.example/2 "},
		{{"multipart/mixed; boundary*0=b; boundary*1=c", NULL,
		  "--bc\n\nhttp://a.example/1\n--bc--\n"},
		 "http://a.example/1 "},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void utf16_is_read(void **state)
{
	static const char big[] = "\0h\0t\0t\0p\0:\0/\0/\0a\0/\x04\x30\0r\0 ";
	static const char little[] = "\xff\xfeh\0t\0t\0p\0:\0/\0/\0a\0/\0r\0 \0";
	char found[FOUND_MAX];

	(void)state;
	walk(&(struct message){"text/plain; charset=utf-16", NULL, big}, sizeof(big) - 1, 3, LIMIT,
	     found);
	assert_string_equal(found, "http://a/\xffr ");
	walk(&(struct message){"text/plain; charset=UTF-16", NULL, little}, sizeof(little) - 1, 3,
	     LIMIT, found);
	assert_string_equal(found, "http://a/r ");
	walk(&(struct message){"text/plain; charset=utf-16le", NULL, little + 2},
	     sizeof(little) - 3, 3, LIMIT, found);
	assert_string_equal(found, "http://a/r ");
}

/* A trail byte is no character of a link, and none is lost to one. */
static void asian_charsets_are_read(void **state)
{
	static const struct row rows[] = {
		{{"text/plain; charset=iso-2022-jp", NULL, "\x1b$B$3$A\x1b(Bhttp://a/r\x1b$B$3"},
		 "http://a/r "},
		{{"text/plain; charset=ISO-2022-JP", "7bit",
		  "\x1b$B:\"//://a\x1b(J http://a/r\x1b$Bhttp://b/ \nhttp://c/ "},
		 "http://a/r http://c/ "},
		/* half-width katakana, and a sequence that does not end */
		{{"text/plain; charset=iso-2022-jp", NULL, "\x1b(Ihttp://a/ \x1b$("}, ""},
		{{"text/plain; charset=shift_jis", NULL, "\x83\x41http://a/r \xb1http://b/r "},
		 "http://a/r http://b/r "},
		{{"text/plain; charset=gb2312", NULL, "\xd6\x41http://a/r \x81\x30\x81\x30s://b "},
		 "http://a/r s://b "},
		{{"text/plain; charset=big5", NULL, "\xa4\x68http://a/r\xa4\n"}, "http://a/r\xff "},
		{{"text/plain; charset=euc-kr", "base64", "sKFodHRwOi8vYS9yIA=="}, "http://a/r "},
		/* every byte of ASCII is ASCII */
		{{"text/plain; charset=koi8-r", NULL, "\xc1http://a/r\xc1 "}, "http://a/r\xc1 "},
		{{"text/plain; charset=x-none", NULL, "http://a/r "}, "http://a/r "},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void flaws_are_told(void **state)
{
	static const char mixed[] = "multipart/mixed; boundary=b";
	static const struct row rows[] = {
		{{"text/plain; charset=utf-8", "8bit", "a"}, ""},
		{{"text/plain; charset=\"\"", "7BIT", "a"}, ""},
		{{"text/plain", "base64", "YQ==\r\n"}, ""},
		{{"text/plain", "quoted-printable", "a=3D=3d= \r\nb=\nc="}, ""},
		{{mixed, "x-none", "--b\n\na\n--b--\n"}, ""},
		{{"image/png; charset=x-none", "x-none", "a"}, ""},
		{{"multipart/alternative", NULL, "a"},
		 "the body: a multipart without a usable boundary"},
		{{"text/plain; charset=x-none", NULL, "a"}, "the body: unknown charset x-none"},
		{{"text/plain", "x=none", "a"}, "the body: unknown transfer encoding x?none"},
		{{"text/plain", "base64", "YQ=\r\n"}, "the body: broken base64"},
		{{"text/plain", "base64", "YQ==\r\n-- \r\n"}, "the body: broken base64"},
		{{"text/plain", "quoted-printable", "a=b\r\n"},
		 "the body: broken quoted-printable"},
		{{mixed, NULL, "--c\n\na\n"}, "the body: a multipart without parts"},
		{{mixed, NULL, "--b\n\na\n--b\nContent-Type: text/html\n--b--\n"},
		 "part 2: a header without an end"},
		{{mixed, NULL, "--b\n\na\n--b\nContent-Type: text/html\n"},
		 "part 2: a header without an end"},
		{{mixed, NULL,
		  "--b\n\na\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--d\n--b--\n"},
		 "part 2: a multipart without parts"},
		{{mixed, NULL,
		  "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\na\n--c--\n"
		  "--b\nContent-Transfer-Encoding: base64\n\na\n--b--\n"},
		 "part 3: broken base64"},
		/* what is no text is not read, nor is an attachment */
		{{mixed, NULL,
		  "--b\nContent-Type: text/html; charset=x-none\nContent-Disposition: "
		  "attachment\n\n"
		  "a\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n-\n--b--"},
		 ""},
		/* nor is it a flaw that a message does not close what it has opened */
		{{mixed, NULL, "--b\n\na\n"}, ""},
	};
	static const size_t pieces[] = {1, 7, 65535};
	char found[FOUND_MAX];
	char flaw[MIME_FLAW_TEXT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t j = 0; j < COUNT(pieces); j++) {
			const struct message *message = &rows[i].message;

			walk_for_flaw(message, strlen(message->body), pieces[j], LIMIT, found,
				      flaw);
			if (strcmp(flaw, rows[i].found) != 0)
				fail_msg("row %zu in pieces of %zu: \"%s\"", i, pieces[j], flaw);
		}
	}
}

/* What lies beyond the limit is our affair. */
static void what_is_cut_is_no_flaw(void **state)
{
	static const struct message messages[] = {
		{"text/plain", "base64", "aHR0cDovL2EuZXhhbXBs"},
		{"multipart/mixed; boundary=b", NULL, "preamble\n--b\n\na\n--b--\n"},
		{"multipart/mixed; boundary=b", NULL,
		 "--b\nContent-Type: text/plain\n\na\n--b--\n"},
	};
	char found[FOUND_MAX];
	char flaw[MIME_FLAW_TEXT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		walk_for_flaw(&messages[i], strlen(messages[i].body), 65535, 7, found, flaw);
		assert_string_equal(flaw, "");
	}
}

static void the_limit_is_kept(void **state)
{
	static const struct message message = {NULL, NULL, "12345678 http://a.example/r"};
	char found[FOUND_MAX];

	(void)state;
	walk(&message, strlen(message.body), 4, 8, found);
	assert_string_equal(found, "");
	walk(&message, strlen(message.body), 4, 25, found);
	assert_string_equal(found, "http://a.example ");
}

static void nesting_has_an_end(void **state)
{
	char *text = malloc(1 << 16);
	char *at = text;
	char found[FOUND_MAX];
	char flaw[MIME_FLAW_TEXT_MAX + 1];

	(void)state;
	assert_non_null(text);
	for (int i = 1; i < 100; i++)
		at += sprintf(at, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i - 1,
			      i);
	sprintf(at, "--b99\n\nhttp://a.example/r\n");
	walk_for_flaw(&(struct message){"multipart/mixed; boundary=b0", NULL, text}, strlen(text),
		      65535, LIMIT, found, flaw);
	assert_string_equal(found, "http://a.example/r ");
	assert_string_equal(flaw, "part 16: too many multiparts in multiparts");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_parts_are_read), cmocka_unit_test(multiparts_are_walked),
		cmocka_unit_test(utf16_is_read),	 cmocka_unit_test(asian_charsets_are_read),
		cmocka_unit_test(the_limit_is_kept),	 cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(flaws_are_told),	 cmocka_unit_test(what_is_cut_is_no_flaw),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
