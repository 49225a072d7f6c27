/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The public suffix rules are asked of a list written here, so that they do not
 * change with the system's; that one is asked about what will not change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resetguard/domain.h"

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10
#define A63 A60 "aaa"

/* ---- reading ---- */

static const struct {
	const char *text;
	const char *name; /* NULL: ERR_DATA */
} names[] = {
	{"example.com", "example.com"},
	{"Example.COM", "example.com"},
	{"example.com.", "example.com"},
	{"localhost", "localhost"},
	{"a.b.c.d", "a.b.c.d"},
	{"_dmarc.example.com", "_dmarc.example.com"},
	{"my_host.example.com", "my_host.example.com"},
	{"r3---sn-x.example.com", "r3---sn-x.example.com"},
	{"ab--cd.example.com", "ab--cd.example.com"},
	{"3com.com", "3com.com"},
	{"AZaz09.example", "azaz09.example"},
	{"1.2.3.4.example", "1.2.3.4.example"},
	{"1.2.3.4a", "1.2.3.4a"},
	{A63 ".com", A63 ".com"},
	{A63 "." A63 "." A63 "." A60 "a", A63 "." A63 "." A63 "." A60 "a"}, /* 253 */
	{A63 "." A63 "." A63 "." A60 "a.", A63 "." A63 "." A63 "." A60 "a"},
	/* IDNA */
	{"b\xc3\xbc"
	 "cher.example",
	 "xn--bcher-kva.example"},
	{"B\xc3\x9c"
	 "CHER.Example",
	 "xn--bcher-kva.example"},
	{"bu\xcc\x88"
	 "cher.example",
	 "xn--bcher-kva.example"}, /* not NFC */
	{"xn--bcher-kva.example", "xn--bcher-kva.example"},
	{"XN--BCHER-KVA.EXAMPLE", "xn--bcher-kva.example"},
	{"stra\xc3\x9f"
	 "e.example",
	 "xn--strae-oqa.example"}, /* non-transitional */
	{"xn--strae-oqa.example", "xn--strae-oqa.example"},
	{"ab--cd.b\xc3\xbc"
	 "cher.example",
	 "ab--cd.xn--bcher-kva.example"},
	{"_x.b\xc3\xbc"
	 "cher.example",
	 "_x.xn--bcher-kva.example"},
	{"\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88",
	 "xn--r8jz45g.xn--zckzah"}, /* U+3002 for the dot */
	{"\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88\xe3\x80\x82",
	 "xn--r8jz45g.xn--zckzah"},
	{"\xef\xbd\x85xample.com", "example.com"}, /* full-width e */
	{"a\xc2\xad"
	 "b.example",
	 "ab.example"}, /* a soft hyphen */
	/* no host names */
	{"", NULL},
	{".", NULL},
	{"..", NULL},
	{".example.com", NULL},
	{"example..com", NULL},
	{"example.com..", NULL},
	{"-a.example.com", NULL},
	{"a-.example.com", NULL},
	{"a.-", NULL},
	{"a b.example", NULL},
	{" example.com", NULL},
	{"example.com ", NULL},
	{"a@example.com", NULL},
	{"a/b.example", NULL},
	{"*.example.com", NULL},
	{"a\nb.example", NULL},
	{"a\x7f"
	 "b.example",
	 NULL},
	{"1.2.3.4", NULL},
	{"[1.2.3.4]", NULL},
	{"[IPv6:::1]", NULL},
	{"::1", NULL},
	{"2130706433", NULL},
	{"1.2.3.\xef\xbc\x94", NULL}, /* full-width 4 */
	{"a." A63 "a", NULL},
	{A63 "." A63 "." A63 "." A60 "aa", NULL}, /* 254 */
	{A63 "." A63 "." A63 "." A60 "aa.", NULL},
	{"xn--a.example", NULL},
	{"xn--.example", NULL},
	{"xn--bcher-kva8.example", NULL},
	{"xn--ls8h.example", NULL}, /* U+1F4A9: not for names */
	{"\xf0\x9f\x92\xa9.example", NULL},
	{"\xef\xbc\xa0.example", NULL}, /* full-width @ */
	{"a\xef\xbc\x8f"
	 "b.example",
	 NULL}, /* full-width / */
	{"a\xe2\x80\xae"
	 "b.example",
	 NULL}, /* U+202E: right to left */
	{"b\xc3\xbc"
	 "cher..example",
	 NULL},
	{"\xc3\xbc\xe3\x80\x82\xe3\x80\x82"
	 "example",
	 NULL},
	{"b\xc3.example", NULL}, /* not UTF-8 */
	{"\xff.example", NULL},
	{"b\xfc"
	 "cher.example",
	 NULL}, /* ISO 8859-1 */
};

static void text_becomes_a_name_or_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct domain domain = {.length = 3, .name = "old"};
		enum err err = domain_from_text(names[i].text, strlen(names[i].text), &domain);
		const char *expected = names[i].name == NULL ? "old" : names[i].name;

		if (err != (names[i].name == NULL ? ERR_DATA : ERR_OK) ||
		    strcmp(domain.name, expected) != 0 || domain.length != strlen(expected))
			fail_msg("\"%s\": err %d, \"%s\"", names[i].text, (int)err, domain.name);
	}
}

static void the_text_ends_where_its_length_says(void **state)
{
	struct domain domain;
	char huge[4096];

	(void)state;
	assert_int_equal(domain_from_text("example.comXYZ", 11, &domain), ERR_OK);
	assert_string_equal(domain.name, "example.com");
	assert_int_equal(domain_from_text("exam\0le.com", 11, &domain), ERR_DATA);
	assert_int_equal(domain_from_text("example.com\0", 12, &domain), ERR_DATA);
	assert_int_equal(domain_from_text("b\xc3\xbc\0x.com", 8, &domain), ERR_DATA);
	memset(huge, 'a', sizeof(huge));
	assert_int_equal(domain_from_text(huge, sizeof(huge), &domain), ERR_DATA);
	memset(huge, 0xbc, sizeof(huge));
	assert_int_equal(domain_from_text(huge, sizeof(huge), &domain), ERR_DATA);
}

/* What was made a name is one: it is read again as itself. */
static void a_name_stays_itself(void **state)
{
	static const char *const pieces[] = {"a",
					     "B",
					     "-",
					     "_",
					     ".",
					     "xn--",
					     "1",
					     "kva",
					     "\xc3\xbc",
					     "\xc3\x9f",
					     "\xe3\x80\x82",
					     "\xd7\x90",
					     "\xef\xbd\x81",
					     "\xcc\x88",
					     "\xff",
					     "@"};
	unsigned short seed[3] = {7, 8, 9};
	unsigned good = 0;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char text[64] = "";
		struct domain domain;
		struct domain again;
		long count = 1 + nrand48(seed) % 10;

		for (long i = 0; i < count; i++)
			strcat(text, pieces[(size_t)nrand48(seed) %
					    (sizeof(pieces) / sizeof(pieces[0]))]);
		if (domain_from_text(text, strlen(text), &domain) != ERR_OK)
			continue;
		good++;
		if (domain_from_text(domain.name, domain.length, &again) != ERR_OK ||
		    !domain_equal(&domain, &again))
			fail_msg("\"%s\" became \"%s\", which did not stay", text, domain.name);
	}
	assert_in_range(good, 10000, 200000);
}

/* ---- the list ---- */

static const char list[] = "// ===BEGIN ICANN DOMAINS===\n"
			   "com\n"
			   "uk\nco.uk\n"
			   "*.ck\n!www.ck\n"
			   "cn\n\xe5\x85\xac\xe5\x8f\xb8.cn\n"
			   "\xd1\x80\xd1\x84\n"
			   "io\n"
			   "// ===END ICANN DOMAINS===\n"
			   "// ===BEGIN PRIVATE DOMAINS===\n"
			   "github.io\n"
			   "uk.com\n"
			   "*.compute.example.com\n"
			   "// ===END PRIVATE DOMAINS===\n";

static char *write_temporary(const char *text)
{
	char *path = strdup("/tmp/test_domain.XXXXXX");
	int fd;

	assert_non_null(path);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static int open_list(void **state)
{
	char *path = write_temporary(list);
	struct domain_suffixes *suffixes;
	struct why why = {""};
	enum err err = domain_suffixes_open(path, &suffixes, &why);

	unlink(path);
	free(path);
	assert_int_equal(err, ERR_OK);
	*state = suffixes;
	return 0;
}

static int close_list(void **state)
{
	domain_suffixes_close(*state);
	return 0;
}

static struct domain domain_of(const char *text)
{
	struct domain domain;

	assert_int_equal(domain_from_text(text, strlen(text), &domain), ERR_OK);
	return domain;
}

static const struct {
	const char *host;
	const char *registrable; /* NULL: ERR_NOT_FOUND */
	const char *below_private;
} hosts[] = {
	{"example.com", "example.com", ""},
	{"www.example.com", "example.com", ""},
	{"a.b.c.d.example.com", "example.com", ""},
	{"com", NULL, NULL},
	{"co.uk", NULL, NULL},
	{"example.co.uk", "example.co.uk", ""},
	{"x.example.co.uk", "example.co.uk", ""},
	{"example.uk", "example.uk", ""},
	{"x.example.uk", "example.uk", ""},
	{"ck", NULL, NULL},
	{"x.ck", NULL, NULL},
	{"y.x.ck", "y.x.ck", ""},
	{"z.y.x.ck", "y.x.ck", ""},
	{"www.ck", "www.ck", ""},
	{"x.www.ck", "www.ck", ""},
	{"\xe5\x85\xac\xe5\x8f\xb8.cn", NULL, NULL},
	{"x.y.\xe5\x85\xac\xe5\x8f\xb8.cn", "y.xn--55qx5d.cn", ""},
	{"y.xn--55qx5d.cn", "y.xn--55qx5d.cn", ""},
	{"x.y.xn--p1ai", "y.xn--p1ai", ""},
	/* the private section */
	{"github.io", "github.io", ""},
	{"x.github.io", "github.io", "x.github.io"},
	{"y.x.github.io", "github.io", "x.github.io"},
	{"uk.com", "uk.com", ""},
	{"bob.uk.com", "uk.com", "bob.uk.com"},
	{"mail.bob.uk.com", "uk.com", "bob.uk.com"},
	{"compute.example.com", "example.com", ""},
	{"z.compute.example.com", "example.com", ""},
	{"h.z.compute.example.com", "example.com", "h.z.compute.example.com"},
	{"x.h.z.compute.example.com", "example.com", "h.z.compute.example.com"},
	/* a TLD that the list does not know */
	{"lapsed.example", "lapsed.example", ""},
	{"a.b.lapsed.test", "lapsed.test", ""},
	{"lapsed.nosuchtld", "lapsed.nosuchtld", ""},
	/* special */
	{"localhost", NULL, NULL},
	{"printer.local", NULL, NULL},
	{"x.localhost", NULL, NULL},
	{"a.b.onion", NULL, NULL},
	{"4.3.2.1.in-addr.arpa", NULL, NULL},
};

static void a_host_comes_down_to_what_is_sold(void **state)
{
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct domain host = domain_of(hosts[i].host);
		struct domain_names found = {.registrable = {.length = 3, .name = "old"}};
		enum err err = domain_names(*state, &host, &found);

		if (hosts[i].registrable == NULL) {
			if (err != ERR_NOT_FOUND || strcmp(found.registrable.name, "old") != 0)
				fail_msg("%s: err %d, %s", hosts[i].host, (int)err,
					 found.registrable.name);
		} else if (err != ERR_OK ||
			   strcmp(found.registrable.name, hosts[i].registrable) != 0 ||
			   strcmp(found.below_private.name, hosts[i].below_private) != 0 ||
			   found.registrable.length != strlen(hosts[i].registrable) ||
			   found.below_private.length != strlen(hosts[i].below_private)) {
			fail_msg("%s: err %d, %s, %s", hosts[i].host, (int)err,
				 found.registrable.name, found.below_private.name);
		}
	}
}

static void the_systems_list_is_used_without_a_file(void **state)
{
	struct domain_suffixes *suffixes;
	struct domain host = domain_of("www.example.co.uk");
	struct domain below = domain_of("x.y.github.io");
	struct domain_names found;
	struct why why = {""};

	(void)state;
	assert_int_equal(domain_suffixes_open(NULL, &suffixes, &why), ERR_OK);
	assert_int_equal(domain_names(suffixes, &host, &found), ERR_OK);
	assert_string_equal(found.registrable.name, "example.co.uk");
	assert_int_equal(domain_names(suffixes, &below, &found), ERR_OK);
	assert_string_equal(found.registrable.name, "github.io");
	assert_string_equal(found.below_private.name, "y.github.io");
	domain_suffixes_close(suffixes);
	domain_suffixes_close(NULL);
}

static void lists_have_a_date(void **state)
{
	char *path = write_temporary("");
	const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};

	(void)state;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(domain_suffixes_date(path), 1700000000);
	unlink(path);
	assert_int_equal(domain_suffixes_date(path), 0);
	free(path);
	/* Of 2020 or later. */
	assert_true(domain_suffixes_date(NULL) > 1577836800);
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const texts[] = {"", "com\nco.uk\n", "<html>not found</html>\n",
					    "// ===BEGIN PRIVATE DOMAINS===\ncom\n"};
	struct domain_suffixes *suffixes = NULL;
	struct why why = {""};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *path = write_temporary(texts[i]);

		assert_int_equal(domain_suffixes_open(path, &suffixes, &why), ERR_DATA);
		assert_null(suffixes);
		assert_memory_equal(why.text, path, strlen(path));
		assert_non_null(strstr(why.text, "publicsuffix.org"));
		unlink(path);
		free(path);
	}
	assert_int_equal(domain_suffixes_open("/nonexistent/list", &suffixes, &why), ERR_NO_INPUT);
	assert_string_equal(why.text, "/nonexistent/list: No such file or directory");
	assert_int_not_equal(domain_suffixes_open("/tmp", &suffixes, &why), ERR_OK);
	assert_string_equal(why.text, "/tmp: Is a directory");
	assert_null(suffixes);
}

/* ---- what a name is ---- */

static void names_without_a_registry_are_special(void **state)
{
	static const char *const special[] = {
		"com",	   "localhost", "x.localhost", "x.local",	 "x.invalid",
		"x.onion", "x.alt",	"x.internal",  "1.in-addr.arpa", "router.home.arpa"};
	static const char *const ordinary[] = {"example.com", "x.example",  "x.test",
					       "local.com",   "x.notlocal", "onion.example"};

	(void)state;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		struct domain host = domain_of(special[i]);

		assert_true(domain_is_special(&host));
	}
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++) {
		struct domain host = domain_of(ordinary[i]);

		assert_false(domain_is_special(&host));
	}
}

static void only_equal_names_are_equal(void **state)
{
	struct domain parent = domain_of("example.com");
	struct domain child = domain_of("a.example.com");
	struct domain other = domain_of("notexample.com");
	struct domain twin = domain_of("example.net");
	struct domain tld = domain_of("com");

	(void)state;
	assert_true(domain_equal(&parent, &parent));
	assert_false(domain_equal(&parent, &child));
	assert_false(domain_equal(&parent, &twin));
	assert_false(domain_equal(&parent, &other));
	assert_string_equal(domain_tld(&child), "com");
	assert_ptr_equal(domain_tld(&tld), tld.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_a_name_or_nothing),
		cmocka_unit_test(the_text_ends_where_its_length_says),
		cmocka_unit_test(a_name_stays_itself),
		cmocka_unit_test_setup_teardown(a_host_comes_down_to_what_is_sold, open_list,
						close_list),
		cmocka_unit_test(the_systems_list_is_used_without_a_file),
		cmocka_unit_test(lists_have_a_date),
		cmocka_unit_test(what_is_no_list_is_refused),
		cmocka_unit_test(names_without_a_registry_are_special),
		cmocka_unit_test(only_equal_names_are_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
