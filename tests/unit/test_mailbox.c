/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/mailbox.h"

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A255 A50 A50 A50 A50 A50 "aaaaa"

static const struct {
	const char *path;
	const char *local; /* NULL: ERR_DATA */
	const char *host;
} paths[] = {
	{"bob@example.com", "bob", "example.com"},
	{"<bob@example.com>", "bob", "example.com"},
	{" <bob@example.com> ", "bob", "example.com"},
	{"\t< bob@example.com >", "bob", "example.com"},
	{"Bob@EXAMPLE.com", "bob", "example.com"},
	{"<bob@example.com.>", "bob", "example.com"},
	{"bob+tag@example.com", "bob+tag", "example.com"},
	{"AZ`az{09@example.com", "az`az{09", "example.com"},
	{"a..b.@example.com", "a..b.", "example.com"}, /* wrong, and in use in Japan */
	{"first.last@sub.example.com", "first.last", "sub.example.com"},
	{"user%other.example@example.com", "user%other.example", "example.com"},
	{"bang!user@example.com", "bang!user", "example.com"},
	{"postmaster@localhost", "postmaster", "localhost"},
	{"a b@example.com", "a b", "example.com"},
	{A255 "@example.com", A255, "example.com"},
	/* source routes */
	{"<@relay.example:bob@example.com>", "bob", "example.com"},
	{"<@a.example,@b.example:bob@example.com>", "bob", "example.com"},
	{"@a.example: bob@example.com", "bob", "example.com"},
	{"<@[IPv6:::1]:bob@example.com>", "bob", "example.com"},
	/* quoting */
	{"\"bob\"@example.com", "bob", "example.com"},
	{"<\"Bob\"@example.com>", "bob", "example.com"},
	{"\"a b\"@example.com", "a b", "example.com"},
	{"\"a\\@b\"@example.com", "a@b", "example.com"},
	{"\"a@b\"@example.com", "a@b", "example.com"},
	{"\"\\b\\o\\b\"@example.com", "bob", "example.com"},
	{"\"a\\\\b\\\"c\"@example.com", "a\\b\"c", "example.com"},
	{"\"a>b\"@example.com", "a>b", "example.com"},
	{"\"a\".b.\"c d\"@example.com", "a.b.c d", "example.com"},
	{"\"\"@example.com", "", "example.com"},
	/* UTF-8 */
	{"j\xc3\xbcrgen@example.com", "j\xc3\xbcrgen", "example.com"},
	{"J\xc3\x9cRGEN@example.com", "j\xc3\xbcrgen", "example.com"},
	{"ju\xcc\x88rgen@example.com", "j\xc3\xbcrgen", "example.com"},
	{"JU\xcc\x88RGEN@example.com", "j\xc3\xbcrgen", "example.com"},
	{"stra\xc3\x9f"
	 "e@example.com",
	 "strasse", "example.com"},
	{"\xce\xa3\xce\x91\xcf\x82@example.com", "\xcf\x83\xce\xb1\xcf\x83", "example.com"},
	{"\"j\xc3\xbcrgen x\"@example.com", "j\xc3\xbcrgen x", "example.com"},
	{"bob@b\xc3\xbc"
	 "cher.example",
	 "bob", "xn--bcher-kva.example"},
	{"bob@B\xc3\x9c"
	 "CHER.example.",
	 "bob", "xn--bcher-kva.example"},
	{"bob@xn--bcher-kva.example", "bob", "xn--bcher-kva.example"},
	{"bob@b\xc3\xbc"
	 "cher\xe3\x80\x82"
	 "example",
	 "bob", "xn--bcher-kva.example"},
	/* no mailbox */
	{"", NULL, NULL},
	{" ", NULL, NULL},
	{"<>", NULL, NULL},
	{"< >", NULL, NULL},
	{"<", NULL, NULL},
	{">", NULL, NULL},
	{"bob", NULL, NULL},
	{"<bob>", NULL, NULL},
	{"postmaster", NULL, NULL},
	{"@example.com", NULL, NULL},
	{"bob@", NULL, NULL},
	{"@", NULL, NULL},
	{"<bob@example.com", NULL, NULL},
	{"bob@example.com>", NULL, NULL},
	{"<bob@example.com>x", NULL, NULL},
	{"Bob <bob@example.com>", NULL, NULL},
	{"<<bob@example.com>>", NULL, NULL},
	{"bob@example.com (Bob)", NULL, NULL},
	{"bob@example.com,eve@example.com", NULL, NULL},
	{"bob@[192.0.2.1]", NULL, NULL},
	{"bob@[IPv6:2001:db8::1]", NULL, NULL},
	{"bob@192.0.2.1", NULL, NULL},
	{"bob@-example.com", NULL, NULL},
	{"bob@example..com", NULL, NULL},
	{"bob@exam ple.com", NULL, NULL},
	{"a@b@example.com", NULL, NULL}, /* programs disagree which one counts */
	{"bob@example.com@evil.example", NULL, NULL},
	{"a\"b@example.com", NULL, NULL},
	{"a\\@b@example.com", NULL, NULL},
	{"\"bob@example.com", NULL, NULL},
	{"\"bob\\\"@example.com", NULL, NULL},
	{"\"bob\"x@example.com", NULL, NULL},
	{"x\"bob\"@example.com", NULL, NULL},
	{"\"bob\\", NULL, NULL},
	{"\"a\nb\"@example.com", NULL, NULL},
	{"a\rb@example.com", NULL, NULL},
	{"a\x7f"
	 "b@example.com",
	 NULL, NULL},
	{"a:b@example.com", NULL, NULL},
	{"<@relay.example bob@example.com>", NULL, NULL},
	{"<@relay.example:>", NULL, NULL},
	{"<@relay.example:bob>", NULL, NULL},
	{"j\xfcrgen@example.com", NULL, NULL}, /* ISO 8859-1 */
	{"bob\xc3@example.com", NULL, NULL},
	{"bob\xef\xbc\xa0"
	 "example.com",
	 NULL, NULL}, /* full-width @ */
	{"a@bob\xef\xbc\xa0"
	 "example.com",
	 NULL, NULL},
	{A255 "a@example.com", NULL, NULL},
	{"mailto:bob@example.com", NULL, NULL},
};

static void paths_are_taken_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct mailbox mailbox = {.local_length = 3, .local = "old"};
		size_t length = strlen(paths[i].path);
		enum err err = mailbox_parse(paths[i].path, length, &mailbox);

		if (paths[i].local == NULL) {
			if (err != ERR_DATA || strcmp(mailbox.local, "old") != 0)
				fail_msg("%s: err %d, %s at %s", paths[i].path, (int)err,
					 mailbox.local, mailbox.host.name);
		} else if (err != ERR_OK || strcmp(mailbox.local, paths[i].local) != 0 ||
			   mailbox.local_length != strlen(paths[i].local) ||
			   strcmp(mailbox.host.name, paths[i].host) != 0) {
			fail_msg("%s: err %d, %s at %s", paths[i].path, (int)err, mailbox.local,
				 mailbox.host.name);
		}
	}
}

static void the_path_ends_where_its_length_says(void **state)
{
	struct mailbox mailbox;

	(void)state;
	assert_int_equal(mailbox_parse("bob@example.comXYZ", 15, &mailbox), ERR_OK);
	assert_string_equal(mailbox.host.name, "example.com");
	assert_int_equal(mailbox_parse("b\0b@example.com", 15, &mailbox), ERR_DATA);
	assert_int_equal(mailbox_parse("\"b\0b\"@example.com", 17, &mailbox), ERR_DATA);
	assert_int_equal(mailbox_parse("bob@exa\0ple.com", 15, &mailbox), ERR_DATA);
	assert_int_equal(mailbox_parse("bob@example.com\0", 16, &mailbox), ERR_DATA);
}

static void what_is_longer_than_a_path_is_refused(void **state)
{
	struct mailbox mailbox;
	char path[MAILBOX_PATH_MAX + 2];

	(void)state;
	memset(path, ' ', sizeof(path));
	memcpy(path + MAILBOX_PATH_MAX - 15, "bob@example.com", 15);
	assert_int_equal(mailbox_parse(path, MAILBOX_PATH_MAX, &mailbox), ERR_OK);
	assert_int_equal(mailbox_parse(path, MAILBOX_PATH_MAX + 1, &mailbox), ERR_DATA);
}

/* U+0390 is six bytes when it is folded, and two composed again; U+FB03 becomes
 * three letters. */
static void folding_may_change_the_length(void **state)
{
	struct mailbox mailbox;
	char path[MAILBOX_PATH_MAX] = "";

	(void)state;
	for (int i = 0; i < 85; i++)
		strcat(path, "\xef\xac\x83");
	strcat(path, "@example.com");
	assert_int_equal(mailbox_parse(path, strlen(path), &mailbox), ERR_OK);
	assert_int_equal(mailbox.local_length, 255);
	path[0] = '\0';
	for (int i = 0; i < 127; i++)
		strcat(path, "\xc7\xb0"); /* U+01F0 */
	strcat(path, "@example.com");
	assert_int_equal(mailbox_parse(path, strlen(path), &mailbox), ERR_OK);
	path[0] = '\0';
	for (int i = 0; i < 127; i++)
		strcat(path, "\xc5\x89"); /* U+0149 is three bytes when it is folded */
	strcat(path, "@example.com");
	assert_int_equal(mailbox_parse(path, strlen(path), &mailbox), ERR_DATA);
}

/* The canonical form, quoted, is read as itself. */
static void a_mailbox_stays_itself(void **state)
{
	static const char *const pieces[] = {"a",
					     "B",
					     ".",
					     "\"",
					     "\\",
					     "@",
					     "x.example",
					     "<",
					     ">",
					     " ",
					     "\xc3\x9c",
					     "\xcc\x88",
					     "\xc3\x9f",
					     "\xcd\x85",
					     "\xce\x90",
					     "\xe1\xbe\xb3",
					     "\xef\xac\x83",
					     ":",
					     "\"@",
					     "\xef\xbd\x81"};
	unsigned short seed[3] = {10, 11, 12};
	unsigned good = 0;

	(void)state;
	for (int round = 0; round < 400000; round++) {
		char text[128] = "";
		char quoted[2 * MAILBOX_LOCAL_MAX + DOMAIN_MAX + 4];
		struct mailbox mailbox;
		struct mailbox again;
		size_t at = 0;
		long count = 1 + nrand48(seed) % 8;

		for (long i = 0; i < count; i++)
			strcat(text, pieces[(size_t)nrand48(seed) %
					    (sizeof(pieces) / sizeof(pieces[0]))]);
		if (nrand48(seed) % 2 == 0)
			strcat(text, "@x.example");
		if (mailbox_parse(text, strlen(text), &mailbox) != ERR_OK)
			continue;
		good++;
		quoted[at++] = '"';
		for (size_t i = 0; i < mailbox.local_length; i++) {
			if (mailbox.local[i] == '"' || mailbox.local[i] == '\\')
				quoted[at++] = '\\';
			quoted[at++] = mailbox.local[i];
		}
		snprintf(quoted + at, sizeof(quoted) - at, "\"@%s", mailbox.host.name);
		if (mailbox_parse(quoted, strlen(quoted), &again) != ERR_OK ||
		    strcmp(mailbox.local, again.local) != 0 ||
		    !domain_equal(&mailbox.host, &again.host))
			fail_msg("\"%s\" became %s, which did not stay", text, quoted);
	}
	assert_in_range(good, 10000, 400000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_taken_apart),
		cmocka_unit_test(the_path_ends_where_its_length_says),
		cmocka_unit_test(what_is_longer_than_a_path_is_refused),
		cmocka_unit_test(folding_may_change_the_length),
		cmocka_unit_test(a_mailbox_stays_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
