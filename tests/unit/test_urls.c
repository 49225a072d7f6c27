/* SPDX-License-Identifier: BSD-2-Clause */
/* test_urls: which links a pattern matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/urls.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void on_hit(void *context, uint32_t id)
{
	bool *hits = context;

	hits[id] = true;
}

static void add(struct urls *urls, const char *pattern, uint32_t id)
{
	size_t fault;
	struct why why;

	if (urls_add(urls, pattern, id, &fault, &why) != ERR_OK)
		fail_msg("%s: %s", pattern, why.text);
}

static const struct {
	const char *pattern;
	const char *link;
	bool matches;
} rows[] = {
	/* segments, from any on, to a boundary */
	{"/reset/*", "https://a.example/reset/abc", true},
	{"/reset/*", "https://a.example/app/reset/abc", true},
	{"/reset/*", "https://a.example/reset/abc/def?g", true},
	{"/reset/*", "https://a.example/reset", false},
	{"/reset/*", "https://a.example/reset/", false},
	{"/reset/*", "https://a.example/xreset/abc", false},
	{"/reset/*", "https://reset/abc", false},
	{"/reset", "https://a.example/reset", true},
	{"/reset", "https://a.example/reset?x", true},
	{"/reset", "https://a.example/reset#x", true},
	{"/reset", "https://a.example/reset/x", true},
	{"/reset", "https://a.example/resets", false},
	{"/reset/", "https://a.example/reset/x", true},
	{"/reset/", "https://a.example/reset/", true},
	{"/reset/", "https://a.example/reset", false},
	{"/reset-*", "https://a.example/reset-x", true},
	{"/reset-*", "https://a.example/reset-", false},
	{"/a*c", "https://a.example/abbc", true},
	{"/a*c", "https://a.example/ac", false},
	{"/a*b*c", "https://a.example/axbybzc", true},
	{"/user/reset/*/*/*/login", "https://a.example/de/user/reset/1/2/3/login", true},
	{"/user/reset/*/*/*/login", "https://a.example/user/reset/1/2/login", false},
	/* case and percent-encoding */
	{"/Account/ResetPassword?code=*", "https://a.example/account/resetpassword?Code=x", true},
	{"/reset password", "https://a.example/reset%20password", true},
	{"/reset/*", "https://a.example/re%73et/%61", true},
	{"/reset/*", "https://a.example/reset%2Fabc", false},
	/* parameters in any order */
	{"/wp-login.php?action=rp&key=*", "https://a.example/wp-login.php?action=rp&key=1&l=a",
	 true},
	{"/wp-login.php?action=rp&key=*", "https://a.example/blog/wp-login.php?key=1&action=rp",
	 true},
	{"/wp-login.php?action=rp&key=*", "https://a.example/wp-login.php?action=rp&key=", false},
	{"/wp-login.php?action=rp&key=*", "https://a.example/wp-login.php?action=out&key=1", false},
	{"/wp-login.php?action=rp&key=*", "https://a.example/wp-login.php?action=rp", false},
	{"/wp-login.php?action=rp", "https://a.example/wp-login.php/x?action=rp", false},
	{"/reset?token=*", "https://a.example/reset/?token=1", true},
	{"/reset/?token=*", "https://a.example/reset?token=1", true},
	{"/reset?*token=*", "https://a.example/reset?my_token=1", true},
	{"/?do=resetpwd", "https://a.example/x/y?do=resetpwd", true},
	{"/?do=resetpwd", "https://a.example?do=resetpwd", true},
	{"/?do=*", "https://a.example/", false},
	/* fragments */
	{"/#/reset/*", "https://a.example/#/reset/x", true},
	{"/#/reset/*", "https://a.example/app#!/reset/x", true},
	{"/#/reset/*", "https://a.example/app#/de/reset/x", true},
	{"/#/reset/*", "https://a.example/reset/x", false},
	{"/reset/*", "https://a.example/#/reset/x", false},
	{"#reset?t=*", "https://a.example/#reset?t=1", true},
	{"#reset?t=*", "https://a.example/#/reset?t=1", true},
	{"/app#reset", "https://a.example/app#reset", true},
	{"/app#reset", "https://a.example/b#reset", false},
	/* alternatives */
	{"/{a,b}/{c,d-{e,f}}?{x,y}=*", "https://a.example/b/d-f?y=1", true},
	{"/{a,b}/{c,d-{e,f}}?{x,y}=*", "https://a.example/b/d-g?y=1", false},
	{"/reset{,-password}?t=*", "https://a.example/reset?t=1", true},
	{"{,/#}/reset?t=*", "https://a.example/#/reset?t=1", true},
	/* an application's own scheme */
	{"/reset?t=*", "myapp://reset?t=1", true},
	{"/reset", "no link", false},
};

static void links_match(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct urls *urls = urls_new();
		bool hit = false;

		add(urls, rows[i].pattern, 0);
		assert_int_equal(urls_index(urls), ERR_OK);
		urls_match(urls, rows[i].link, strlen(rows[i].link), on_hit, &hit);
		if (hit != rows[i].matches)
			fail_msg("row %zu: %s, %s", i, rows[i].pattern, rows[i].link);
		urls_free(urls);
	}
}

/* The index changes nothing. */
static void many_patterns_match_as_one(void **state)
{
	struct urls *urls = urls_new();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		add(urls, rows[i].pattern, (uint32_t)i);
	assert_int_equal(urls_index(urls), ERR_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool hits[COUNT(rows)] = {false};

		urls_match(urls, rows[i].link, strlen(rows[i].link), on_hit, hits);
		if (hits[i] != rows[i].matches)
			fail_msg("row %zu: %s, %s", i, rows[i].pattern, rows[i].link);
	}
	urls_free(urls);
}

static void maxima_are_kept(void **state)
{
	static const struct {
		const char *pattern;
		const char *why;
	} faults[] = {
		{"/a/b/c/d/e/f/g/h/i/j/k/l/m", "a url has at most 12 segments"},
		{"/?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1", "a url has at most 8 parameters"},
		{"/{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "a url has at most 8 braces"},
		{"/{1,2,3,4,5,6,7}{1,2,3,4,5,6,7}{1,2,3,4,5,6,7}{1,2,3,4,5,6,7}",
		 "the braces stand for more than 2000 urls"},
	};
	struct urls *urls = urls_new();

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		size_t fault;
		struct why why = {""};

		assert_int_equal(urls_add(urls, faults[i].pattern, 0, &fault, &why), ERR_CONFIG);
		assert_string_equal(why.text, faults[i].why);
	}
	urls_free(urls);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_match),
		cmocka_unit_test(many_patterns_match_as_one),
		cmocka_unit_test(maxima_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
