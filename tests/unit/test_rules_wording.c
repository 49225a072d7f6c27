/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rules_wording: wildcards, words, links, what must not be, and packs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "resetguard/mime.h"
#include "resetguard/rules.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static char *guarded[] = {"password-reset", "magic-link"};
static const struct conf_list guard = {COUNT(guarded), guarded};

static struct rules *read_rules(const char *text)
{
	struct rules *rules = NULL;
	struct why why;

	if (rules_read_text(text, strlen(text), "messages", &guard, &rules, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return rules;
}

/* "CLASS RULE", or "" if no rule takes it. */
struct taken {
	char text[160];
};

static struct taken take(const struct rules *rules, const char *subject, const char *link)
{
	struct rules_match match;
	struct taken taken = {""};
	const char *class_name;
	const char *rule_name;

	memset(&match, 0xa5, sizeof(match));
	rules_match_init(rules, &match);
	rules_match_envelope(rules, &match, "app@svc.example", NULL);
	if (subject != NULL)
		rules_match_header(rules, &match, "Subject", subject);
	rules_match_end_headers(rules, &match);
	if (link != NULL && rules_need_body(rules, &match)) {
		rules_match_link(rules, &match, link, strlen(link));
		rules_match_end_body(rules, &match);
	}
	if (rules_match_result(rules, &match, &class_name, &rule_name))
		snprintf(taken.text, sizeof(taken.text), "%s %s", class_name, rule_name);
	return taken;
}

struct row {
	const char *rules;
	const char *subject;
	const char *link;
	const char *taken;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct rules *rules = read_rules(rows[i].rules);
		struct taken taken = take(rules, rows[i].subject, rows[i].link);

		if (strcmp(taken.text, rows[i].taken) != 0)
			fail_msg("row %zu, \"%s\" of \"%s\": taken by \"%s\"", i, rows[i].rules,
				 rows[i].subject, taken.text);
		rules_free(rules);
	}
}

#define FIRST "password-reset messages:1"
#define SECOND "password-reset messages:2"
#define THIRD "password-reset messages:3"

static void wildcards_stand_for_characters(void **state)
{
	static const struct row rows[] = {
		{"subject Password reset on *", "Password reset on Site", NULL, FIRST},
		{"subject Password reset on *", "PASSWORD  RESET\n on \xc3\x89t\xc3\xa9", NULL,
		 FIRST},
		{"subject Password reset on *", "Password reset on ", NULL, ""},
		{"subject Password reset on *", "A password reset on Site", NULL, ""},
		{"subject [*] Password Reset", "[My Site] Password Reset", NULL, FIRST},
		{"subject [*] Password Reset", "[] Password Reset", NULL, ""},
		{"subject [*] Password Reset", "[My Site] Password Reset!", NULL, ""},
		{"subject *a*b*", "xaxbx", NULL, FIRST},
		{"subject *a*b*", "xaxb", NULL, ""},
		{"subject *a*b*", "xabx", NULL, ""},
		{"subject *aa*a", "xaaaa", NULL, FIRST},
		{"subject a*", "a", NULL, ""},
		{"subject \"a*\"", "a*", NULL, FIRST},
		{"subject \"a*\"", "ab", NULL, ""},
		{"header X: a *", NULL, NULL, ""},
		{"subject p * r  magic-link", "p q r", NULL, "magic-link messages:1"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void wording_is_compared_in_one_form(void **state)
{
	static const struct row rows[] = {
		/* composed, decomposed, full width, ligatures */
		{"subject R\xc3\xa9initialiser", "Re\xcc\x81initialiser", NULL, FIRST},
		{"subject Passwort zur\xc3\xbc"
		 "cksetzen",
		 "=?utf-8?Q?PASSWORT_ZUR=C3=9CCKSETZEN?=", NULL, FIRST},
		{"subject Passwort", "\xef\xbc\xb0\xef\xbd\x81sswort", NULL, FIRST},
		{"subject con\xef\xac\x81rm", "Confirm", NULL, FIRST},
		{"subject Pa\xc3\x9fwort", "PASSWORT", NULL, FIRST},
		/* the Turkish i, the final sigma */
		{"subject \xc5\x9fifre",
		 "\xc5\x9e\xc4\xb0"
		 "FRE",
		 NULL, FIRST},
		{"subject s\xc4\xb1"
		 "f\xc4\xb1rlama",
		 "SIFIRLAMA", NULL, FIRST},
		{"subject \xce\xba\xcf\x89\xce\xb4\xce\xb9\xce\xba\xcf\x8c\xcf\x82",
		 "\xce\x9a\xce\xa9\xce\x94\xce\x99\xce\x9a\xce\x8c\xce\xa3", NULL, FIRST},
		/* invisible, bidirectional, blanks, apostrophes, dashes */
		{"subject reset", "re\xc2\xadset\xe2\x80\x8f", NULL, FIRST},
		{"subject a b", "a\xe3\x80\x80 b", NULL, FIRST},
		{"subject l'acc\xc3\xa8s - X",
		 "l\xe2\x80\x99"
		 "acc\xc3\xa8s \xe2\x80\x93 x",
		 NULL, FIRST},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void words_are_found_as_words(void **state)
{
	static const struct row rows[] = {
		{"words a reset | pass word\nsubject_has a", "Please reset it", NULL, SECOND},
		{"words a reset | pass word\nsubject_has a", "A pass  word", NULL, SECOND},
		{"words a reset | pass word\nsubject_has a", "Resets", NULL, ""},
		{"words a reset | pass word\nsubject_has a", "preset", NULL, ""},
		{"words a reset\nsubject_has a", "\"Reset\"!", NULL, SECOND},
		{"words a reset*\nsubject_has a", "Resets", NULL, SECOND},
		{"words a reset*\nsubject_has a", "preset", NULL, ""},
		{"words a *reset\nsubject_has a", "preset", NULL, SECOND},
		{"words a *reset*\nsubject_has a", "presets", NULL, SECOND},
		{"words a pin\nsubject_has a", "Your PIN", NULL, SECOND},
		{"words a pin\nsubject_has a", "Spinning", NULL, ""},
		{"words a a1\nwords a a2\nsubject_has a", "a2", NULL, THIRD},
		{"words a p\nwords b r*\nsubject_has a & subject_has b", "p resets", NULL, THIRD},
		{"words a p\nwords b r*\nsubject_has a & subject_has b", "p", NULL, ""},
		/* a letter with a mark of its own is another letter */
		{"words a resete\nsubject_has a", "resete\xcc\x81", NULL, ""},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void links_count_after_headers(void **state)
{
	static const struct row rows[] = {
		{"url /reset/*", "Hi", "https://a.example/reset/abc", FIRST},
		{"url /reset/*", "Hi", "https://a.example/reset/", ""},
		{"url /reset/*", NULL, "https://a.example/reset/abc", FIRST},
		{"url /reset/*\nsubject Reset", "Reset", "https://a.example/reset/abc", SECOND},
		{"url /reset/* & subject Reset", "Reset", "https://a.example/reset/abc", FIRST},
		{"url /reset/* & subject Reset", "Hi", "https://a.example/reset/abc", ""},
		{"url /a/*\nurl /reset/* magic-link", NULL, "https://a.example/reset/abc",
		 "magic-link messages:2"},
		{"subject Hi  notice\nurl /reset/*", "Hi", "https://a.example/reset/abc", SECOND},
		{"subject Hi  notice\nurl /reset/*", "Hi", "https://a.example/",
		 "notice messages:1"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void what_must_not_be(void **state)
{
	static const struct row rows[] = {
		{"subject *reset* & !subject *was*", "A reset x", NULL, FIRST},
		{"subject *reset* & !subject *was*", "A reset was done", NULL, ""},
		{"subject *reset* & !subject *was*\nsubject *reset*", "A reset was done", NULL,
		 SECOND},
		{"url /r/* & !subject *changed*", "Hi", "https://a.example/r/x", FIRST},
		{"url /r/* & !subject *changed*", "It changed x", "https://a.example/r/x", ""},
		{"url /r/* & !subject *changed*", NULL, "https://a.example/r/x", FIRST},
		{"subject *reset* & !url /n/*", "A reset x", "https://a.example/r/x", FIRST},
		{"subject *reset* & !url /n/*", "A reset x", "https://a.example/n/x", ""},
		{"subject *reset* & !header X", "A reset x", NULL, FIRST},
		{"subject *reset* & !sender @svc.example", "A reset x", NULL, ""},
		{"subject *reset* & !sender @b.example", "A reset x", NULL, FIRST},
		{"words c changed\nurl /r/* & !subject_has c", "It changed",
		 "https://a.example/r/x", ""},
		/* undecided is what leads to the guarded class */
		{"subject *aaa* & !subject /(a+a+)+$/",
		 "xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaax", NULL, FIRST},
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* More rules wait than are kept. */
static void many_rules_may_wait(void **state)
{
	enum { RULES = 100 };
	char *text = malloc(RULES * 64);
	char *at = text;
	struct rules *rules;

	(void)state;
	assert_non_null(text);
	for (int i = 1; i <= RULES; i++)
		at += sprintf(at, "subject *reset* & !subject *%d*\n", 1000 + i);
	rules = read_rules(text);
	assert_string_equal(take(rules, "a reset x", NULL).text, FIRST);
	assert_string_equal(take(rules, "a reset 1001 1002 x", NULL).text, THIRD);
	rules_free(rules);
	free(text);
}

static void the_body_is_asked_for_only_if_it_matters(void **state)
{
	static const struct {
		const char *rules;
		const char *subject;
		bool need_body;
	} rows[] = {
		{"", "Hi", false},
		{"subject Reset", "Hi", false},
		{"url /reset/*", "Hi", true},
		{"url /reset/* notice", "Hi", false},
		{"url /reset/*\nsubject Hi", "Hi", false},
		{"url /reset/*\nsubject Hi  notice", "Hi", true},
		{"url /reset/* & subject Reset", "Hi", false},
		{"url /reset/* & subject Reset", "Reset", true},
		{"url /reset/* & !subject Hi", "Hi", false},
		{"url /reset/* & !subject Hi", "Reset", true},
		{"subject Hi & !url /reset/*", "Hi", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rules *rules = read_rules(rows[i].rules);
		struct rules_match match;

		rules_match_init(rules, &match);
		rules_match_envelope(rules, &match, "app@svc.example", NULL);
		rules_match_header(rules, &match, "Subject", rows[i].subject);
		rules_match_end_headers(rules, &match);
		if (rules_need_body(rules, &match) != rows[i].need_body)
			fail_msg("\"%s\"", rows[i].rules);
		rules_free(rules);
	}
}

static void what_may_not_be_meant_is_warned_of(void **state)
{
	static const struct {
		const char *rules;
		const char *warning; /* NULL: none */
	} rows[] = {
		{"subject Reset\nsubject [*] Reset  magic-link\nurl /reset/*", NULL},
		{"subject \"a\" newsletter", "messages:1: the class newsletter is not guarded"},
		{"\nsubject ^Reset", "messages:2: ^Reset is compared as it stands"},
		{"subject Reset.*", "messages:1: Reset.* is compared as it stands"},
		{"header X: \\[A\\]", "messages:1: \\[A\\] is compared as it stands"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rules *rules = read_rules(rows[i].rules);
		const char *warning = rules_warning(rules, 0);

		if (rows[i].warning == NULL
			    ? warning != NULL
			    : warning == NULL || strncmp(warning, rows[i].warning,
							 strlen(rows[i].warning)) != 0)
			fail_msg("\"%s\": %s", rows[i].rules, warning);
		assert_null(rules_warning(rules, 1));
		rules_free(rules);
	}
}

/* ---------------------------------------------------------------------- packs */

struct place {
	char directory[32];
	char path[64]; /* of the rule file */
};

static void write_file(const struct place *place, const char *name, const char *text)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void make_place(struct place *place)
{
	char path[96];

	strcpy(place->directory, "/tmp/test_rules.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(path, sizeof(path), "%s/packs", place->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(place->path, sizeof(place->path), "%s/messages", place->directory);
}

static void remove_place(const struct place *place)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r %s", place->directory);
	assert_int_equal(system(command), 0);
}

static void expect_taken(const struct place *place, const char *text, const char *subject,
			 const char *expected)
{
	struct rules *rules = NULL;
	struct why why;

	write_file(place, "messages", text);
	if (rules_read(place->path, &guard, &rules, &why) != ERR_OK)
		fail_msg("\"%s\": %s", text, why.text);
	assert_string_equal(take(rules, subject, NULL).text, expected);
	rules_free(rules);
}

static void expect_fault(const struct place *place, const char *text, const char *expected)
{
	struct rules *rules = NULL;
	struct why why;

	write_file(place, "messages", text);
	assert_int_equal(rules_read(place->path, &guard, &rules, &why), ERR_CONFIG);
	assert_null(rules);
	if (strncmp(why.text, place->directory, strlen(place->directory)) != 0 ||
	    strncmp(why.text + strlen(place->directory), expected, strlen(expected)) != 0)
		fail_msg("\"%s\": %s", text, why.text);
}

static void packs_come_behind(void **state)
{
	struct place place;

	(void)state;
	make_place(&place);
	write_file(&place, "packs/testone", "# one\nsubject One\nsubject Both\n");
	write_file(&place, "packs/testtwo",
		   "subject Two\nsubject Both\nsubject *changed*  notice\n");
	write_file(&place, "packs/testthree", "pack testtwo\npack testthree\nsubject Three\n");
	write_file(&place, "packs/testbad", "subject x\nsubjct y\n");

	expect_taken(&place, "pack testone", "One", "password-reset testone:2");
	expect_taken(&place, "pack testone", "Two", "");
	expect_taken(&place, "pack testone\npack testtwo", "Both", "password-reset testone:3");
	expect_taken(&place, "pack testtwo\npack testone", "Both", "password-reset testtwo:2");
	expect_taken(&place, "pack testone\nsubject Both", "Both", "password-reset messages:2");
	expect_taken(&place, "pack testtwo\nsubject It*  notice", "It changed x",
		     "notice messages:2");
	expect_taken(&place, "pack testthree", "Two", "password-reset testtwo:1");
	expect_taken(&place, "pack testthree", "Three", "password-reset testthree:3");
	expect_taken(&place, "pack testone\npack testone", "One", "password-reset testone:2");

	expect_fault(&place, "\n pack testtow",
		     "/messages:2:7: there is no pack \"testtow\"; did you "
		     "mean testbad, testone, testthree, testtwo");
	expect_fault(&place, "pack testbad", "/packs/testbad:2:1: unknown field \"subjct\"");
	write_file(&place, "packs/testlost", "pack nosuch\n");
	expect_fault(&place, "pack testlost", "/packs/testlost:1:6: there is no pack \"nosuch\"");
	remove_place(&place);
}

static void all_packs_are_one_line(void **state)
{
	struct place place;

	(void)state;
	make_place(&place);
	write_file(&place, "packs/testone", "subject One\n");
	write_file(&place, "packs/any", "pack *\nsubject *anything*\n");
	write_file(&place, "packs/README.txt", "not a pack\n");
	expect_taken(&place, "pack *", "One", "password-reset testone:1");
	expect_taken(&place, "pack *", "Is anything new?", "");
	expect_taken(&place, "pack any", "One", "password-reset testone:1");
	expect_taken(&place, "pack any", "Is anything new?", "password-reset any:2");
	remove_place(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wildcards_stand_for_characters),
		cmocka_unit_test(wording_is_compared_in_one_form),
		cmocka_unit_test(words_are_found_as_words),
		cmocka_unit_test(links_count_after_headers),
		cmocka_unit_test(what_must_not_be),
		cmocka_unit_test(many_rules_may_wait),
		cmocka_unit_test(the_body_is_asked_for_only_if_it_matters),
		cmocka_unit_test(what_may_not_be_meant_is_warned_of),
		cmocka_unit_test(packs_come_behind),
		cmocka_unit_test(all_packs_are_one_line),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
