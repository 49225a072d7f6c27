/* SPDX-License-Identifier: BSD-2-Clause */
/* test_links: the links in a text, in whatever pieces it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/links.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { FOUND_MAX = 1 << 16 };

static void on_link(void *context, const char *link, size_t length)
{
	char *found = context;

	assert_int_equal(strlen(link), length);
	if (strlen(found) + length + 2 < FOUND_MAX) {
		strcat(found, link);
		strcat(found, "\n");
	}
}

static size_t find(const char *text, bool html, size_t piece, char found[FOUND_MAX])
{
	struct links_sink sink = {on_link, found};
	struct links *links = malloc(sizeof(*links));
	size_t length = strlen(text);
	size_t count;

	assert_non_null(links);
	found[0] = '\0';
	links_init(links, &sink);
	links_begin(links, html);
	for (size_t at = 0; at < length; at += piece)
		links_feed(links, text + at, length - at < piece ? length - at : piece);
	links_end(links);
	count = links->count;
	free(links);
	return count;
}

struct row {
	const char *text;
	const char *found; /* each with a newline */
};

static void check(const struct row *rows, size_t count, bool html)
{
	static char found[FOUND_MAX];

	for (size_t i = 0; i < count; i++) {
		for (size_t piece = 1; piece < 20; piece += 9) {
			find(rows[i].text, html, piece, found);
			if (strcmp(found, rows[i].found) != 0)
				fail_msg("row %zu, %s: %s", i, rows[i].text, found);
		}
	}
}

static void links_end_where_text_goes_on(void **state)
{
	static const struct row rows[] = {
		{"", ""},
		{"no link: here // or http:/a", ""},
		{"https://a.example/r", "https://a.example/r\n"},
		{"Go to https://a.example/r?t=1&u=2.", "https://a.example/r?t=1&u=2\n"},
		{"(see http://a.example/r/x).\r\nOr", "http://a.example/r/x\n"},
		{"<https://a.example/r> <https://b.example/r>",
		 "https://a.example/r\nhttps://b.example/r\n"},
		{"link:https://a.example/r", "https://a.example/r\n"},
		{"a::https://a.example/r", "https://a.example/r\n"},
		{"myapp://reset?token=1", "myapp://reset?token=1\n"},
		{"[Reset](https://a.example/r)", "https://a.example/r\n"},
		{"https://a.example/it's", "https://a.example/it's\n"},
		{"https://a.example/#/r/x", "https://a.example/#/r/x\n"},
		{"https://a.example/r\033(B", "https://a.example/r\n"},
	};

	(void)state;
	check(rows, COUNT(rows), false);
}

static void html_is_read_as_html(void **state)
{
	static const struct row rows[] = {
		{"<a href=\"https://a.example/r?a=1&amp;b=2\">x</a>",
		 "https://a.example/r?a=1&b=2\n"},
		{"<a href='https://a.example/r'>x</a>", "https://a.example/r\n"},
		{"<a href=https://a.example/r>x</a>", "https://a.example/r\n"},
		{"<a href=\"https://a.example/r?a=1&#38;b&#x3D;2\">",
		 "https://a.example/r?a=1&b=2\n"},
		{"<p>https://a.example/r</p>", "https://a.example/r\n"},
		{"&lt;https://a.example/r&gt; go", "https://a.example/r\n"},
		{"<a href=\"https://a.example/r?a=1&b=2\">", "https://a.example/r?a=1&b=2\n"},
	};

	(void)state;
	check(rows, COUNT(rows), true);
}

static void links_within_links_follow(void **state)
{
	static const struct row rows[] = {
		{"https://t.example/c?u=https%3A%2F%2Fa.example%2Fr%3Ft%3D1&x=2",
		 "https://t.example/c?u=https%3A%2F%2Fa.example%2Fr%3Ft%3D1&x=2\n"
		 "https://a.example/r?t=1\n"},
		{"https://t.example/L0/https:%2F%2Fa.example%2Fr%2Fx/1/0100",
		 "https://t.example/L0/https:%2F%2Fa.example%2Fr%2Fx/1/0100\n"
		 "https://a.example/r/x\n"},
		{"https://t.example/http://a.example/r",
		 "https://t.example/http://a.example/r\nhttp://a.example/r\n"},
		/* base64url of https://a.example/r/tok */
		{"https://t.example/c/aHR0cHM6Ly9hLmV4YW1wbGUvci90b2s",
		 "https://t.example/c/aHR0cHM6Ly9hLmV4YW1wbGUvci90b2s\nhttps://a.example/r/tok\n"},
		/* base64 of {"u":1,"url":"https:\/\/a.example\/r\/tok"} */
		{"https://t.example/t?p=eyJ1IjoxLCJ1cmwiOiJodHRwczpcL1wvYS5leGFtcGxlXC9yXC90b2sifQ",
		 "https://t.example/"
		 "t?p=eyJ1IjoxLCJ1cmwiOiJodHRwczpcL1wvYS5leGFtcGxlXC9yXC90b2sifQ\n"
		 "https://a.example/r/tok\n"},
		/* a tracker behind a tracker */
		{"https://s.example/"
		 "?u=https%3A%2F%2Ft.example%2F%3Fu%3Dhttps%253A%252F%252Fa.example",
		 "https://s.example/"
		 "?u=https%3A%2F%2Ft.example%2F%3Fu%3Dhttps%253A%252F%252Fa.example\n"
		 "https://t.example/?u=https%3A%2F%2Fa.example\nhttps://a.example\n"},
	};

	(void)state;
	check(rows, COUNT(rows), false);
}

static void hostile_texts_end(void **state)
{
	static char found[FOUND_MAX];
	enum { LENGTH = 256 << 10 };
	static const char *const units[] = {"http://",	     "a:/", "%68http://",
					    "http%3a%2f%2f", "&#",  "https://a/https%3A%2F%2F",
					    "aHR0cDovL2E",   "x"};
	char *text = malloc(LENGTH + 1);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < COUNT(units); i++) {
		size_t size = strlen(units[i]);

		memcpy(text, "http://h/", 9);
		for (size_t at = 9; at < LENGTH; at++)
			text[at] = units[i][(at - 9) % size];
		text[LENGTH] = '\0';
		assert_true(find(text, i % 2 == 0, LENGTH, found) <= LINKS_MAX);
	}
	for (size_t at = 0; at + 12 <= LENGTH; at += 12)
		memcpy(text + at, "http://ab/c ", 12);
	assert_int_equal(find(text, false, LENGTH, found), LINKS_MAX);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_end_where_text_goes_on),
		cmocka_unit_test(html_is_read_as_html),
		cmocka_unit_test(links_within_links_follow),
		cmocka_unit_test(hostile_texts_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
