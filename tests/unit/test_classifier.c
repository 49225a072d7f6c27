/* SPDX-License-Identifier: BSD-2-Clause */
/* test_classifier: what the rules make of a stored message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/classifier.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { LIMIT = 256 << 10 };

static const char rules_text[] = "header X-Class: reset\n"
				 "subject Reset your password\n"
				 "sender resets@svc.example\n"
				 "sender <>\n"
				 "url /reset/*\n"
				 "sasl_user app\n";

static void feed(struct classifier *classifier, const char *text)
{
	classifier_begin(classifier);
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		length += text[length] == '\n' ? 1 : 0;
		classifier_line(classifier, text, length);
		text += length;
	}
	classifier_end(classifier);
}

static void open_with(struct classifier *classifier, struct rules **rules, size_t limit)
{
	static char *guarded[] = {"password-reset"};
	static const struct conf_list guard = {1, guarded};
	struct why why = {""};

	assert_int_equal(rules_read_text(rules_text, strlen(rules_text), "m", &guard, rules, &why),
			 ERR_OK);
	assert_int_equal(classifier_open(classifier, *rules, limit, true), ERR_OK);
}

static const char *rule_of(const struct classifier *classifier)
{
	const char *class_name;
	const char *rule_name = "";

	rules_match_result(classifier->rules, &classifier->match, &class_name, &rule_name);
	return rule_name;
}

static void messages_are_taken_as_the_milter_takes_them(void **state)
{
	static const struct {
		const char *message;
		const char *rule;
	} rows[] = {
		{"Subject: Lunch\n\nNoon?\n", ""},
		{"X-Class: reset\n\n", "m:1"},
		{"x-class : reset\r\n\r\n", "m:1"},
		{"Subject: =?utf-8?Q?Reset?=\n =?utf-8?Q?_your?=\n\tpassword\n\n", "m:2"},
		{"Subject: Lunch\n\nSubject: Reset your password\n", ""},
		{"Return-Path: <resets@svc.example>\nSubject: Lunch\n\n", "m:3"},
		{"Return-Path: <a@svc.example>\nReturn-Path: <resets@svc.example>\n\n", ""},
		{"Return-Path: <>\n\n", "m:4"},
		{"Subject: Lunch\n\nhttps://app.example/reset/1\n", "m:5"},
		{"Content-Transfer-Encoding: base64\n\naHR0cHM6Ly9hL3Jlc2V0LzEK\n", "m:5"},
		/* without the empty line, or with no header at all */
		{"Subject: Lunch\nGo to https://app.example/reset/1\n", "m:5"},
		{"Go to https://app.example/reset/1\n", "m:5"},
		{"", ""},
		{"X-Class: reset", "m:1"},
	};
	struct classifier classifier;
	struct rules *rules;

	(void)state;
	open_with(&classifier, &rules, LIMIT);
	for (size_t i = 0; i < COUNT(rows); i++) {
		feed(&classifier, rows[i].message);
		if (strcmp(rule_of(&classifier), rows[i].rule) != 0)
			fail_msg("row %zu: %s", i, rule_of(&classifier));
	}
	classifier_close(&classifier);
	rules_free(rules);
}

static void what_was_seen_is_kept(void **state)
{
	struct classifier classifier;
	struct rules *rules;
	char text[MIME_FLAW_TEXT_MAX + 1];

	(void)state;
	open_with(&classifier, &rules, LIMIT);
	feed(&classifier, "Subject: =?utf-8?Q?L=C3=BCnch?=\n"
			  "Content-Transfer-Encoding: x-none\n\n"
			  "http://a.example/ http://b.example/\n");
	assert_true(classifier.has_subject);
	assert_string_equal(classifier.subject, "L\xc3\xbcnch");
	assert_int_equal(classifier.link_count, 2);
	assert_string_equal(classifier.links[1], "http://b.example/");
	mime_flaw_print(classifier_flaw(&classifier), text);
	assert_string_equal(text, "the body: unknown transfer encoding x-none");

	/* Nothing of it is left for the next one; of two flaws the first is told. */
	feed(&classifier, "From: a\n\n");
	assert_false(classifier.has_subject);
	assert_int_equal(classifier.link_count, 0);
	assert_int_equal(classifier_flaw(&classifier)->kind, MIME_FLAWLESS);
	feed(&classifier, "Subject: =?x-none?Q?a?=\nContent-Transfer-Encoding: x-none\n\na\n");
	mime_flaw_print(classifier_flaw(&classifier), text);
	assert_string_equal(text, "Subject: unknown charset x-none");
	classifier_close(&classifier);
	rules_free(rules);
}

static void many_links_are_counted_and_the_first_kept(void **state)
{
	struct classifier classifier;
	struct rules *rules;

	(void)state;
	open_with(&classifier, &rules, LIMIT);
	classifier_begin(&classifier);
	classifier_line(&classifier, "\n", 1);
	for (int i = 0; i < CLASSIFIER_LINKS_MAX + 5; i++)
		classifier_line(&classifier, "http://a.example/\n", 18);
	classifier_end(&classifier);
	assert_int_equal(classifier.link_count, CLASSIFIER_LINKS_MAX + 5);
	classifier_close(&classifier);
	rules_free(rules);
}

static void the_limit_of_the_body_is_kept(void **state)
{
	struct classifier classifier;
	struct rules *rules;

	(void)state;
	open_with(&classifier, &rules, 16);
	feed(&classifier, "Subject: a\n\n0123456789abcdef\nhttps://app.example/reset/1\n");
	assert_string_equal(rule_of(&classifier), "");
	classifier_close(&classifier);
	rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_taken_as_the_milter_takes_them),
		cmocka_unit_test(what_was_seen_is_kept),
		cmocka_unit_test(many_links_are_counted_and_the_first_kept),
		cmocka_unit_test(the_limit_of_the_body_is_kept),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
