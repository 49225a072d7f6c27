/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rules: which rule takes a message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

	if (rules_read_text(text, strlen(text), "/etc/resetguard/messages", &guard, &rules, &why) !=
	    ERR_OK)
		fail_msg("%s", why.text);
	return rules;
}

static void rules_are_counted(void **state)
{
	struct rules *rules = read_rules("# none\n");

	(void)state;
	assert_int_equal(rules_count(rules), 0);
	rules_free(rules);
	rules = read_rules("header X-Mail-Class: reset\nsubject /reset/\n");
	assert_int_equal(rules_count(rules), 2);
	rules_free(rules);
}

struct field {
	const char *name;
	const char *value;
};

struct message {
	const char *sender;
	const char *sasl_user;
	struct field fields[4];
};

static void match(const struct rules *rules, const struct message *message,
		  struct rules_match *matched)
{
	rules_match_init(rules, matched);
	rules_match_envelope(rules, matched,
			     message->sender == NULL ? "app@svc.example" : message->sender,
			     message->sasl_user);
	for (size_t i = 0; i < COUNT(message->fields) && message->fields[i].name != NULL; i++)
		rules_match_header(rules, matched, message->fields[i].name,
				   message->fields[i].value);
}

/* "CLASS RULE", or "" if no rule takes it. */
struct taken {
	char text[160];
};

static struct taken take(const struct rules *rules, const struct message *message)
{
	struct rules_match matched;
	struct taken taken = {""};
	const char *class_name;
	const char *rule_name;

	memset(&matched, 0xa5, sizeof(matched));
	match(rules, message, &matched);
	if (rules_match_result(rules, &matched, &class_name, &rule_name))
		snprintf(taken.text, sizeof(taken.text), "%s %s", class_name, rule_name);
	return taken;
}

struct row {
	const char *rules;
	struct message message;
	const char *taken;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct rules *rules = read_rules(rows[i].rules);
		struct taken taken = take(rules, &rows[i].message);

		if (strcmp(taken.text, rows[i].taken) != 0)
			fail_msg("row %zu, \"%s\": taken by \"%s\"", i, rows[i].rules, taken.text);
		rules_free(rules);
	}
}

#define RESET "password-reset messages:1"
#define SUBJECT(value)                           \
	{                                        \
		.fields = { {"Subject", value} } \
	}
#define HEADER(name, value)                 \
	{                                   \
		.fields = { {name, value} } \
	}
#define SENDER(address)           \
	{                         \
		.sender = address \
	}

static void headers_match(void **state)
{
	static const struct row rows[] = {
		{"header X-Class: reset", HEADER("X-Class", "reset"), RESET},
		{"header X-Class: reset", HEADER("x-class", " RESET "), RESET},
		{"header x-class:reset", HEADER("X-CLASS", "reset"), RESET},
		{"header X-Class: reset", HEADER("X-Class", "resets"), ""},
		{"header X-Class: reset", HEADER("X-Clas", "reset"), ""},
		{"header X-Class: reset", HEADER("X-Class2", "reset"), ""},
		{"header X-Class: reset", HEADER("Subject", "reset"), ""},
		{"header X-Class: password reset", HEADER("X-Class", "Password\n reset"), RESET},
		{"header X-Class: /^re.et$/", HEADER("X-Class", "reset"), RESET},
		{"header X-Class: /^re.et$/", HEADER("X-Class", "Reset"), ""},
		{"header X-Class: /^re.et$/i", HEADER("X-Class", "Reset"), RESET},
		{"header X-Class", HEADER("X-Class", "whatever"), RESET},
		{"header X-Class", HEADER("X-Class", ""), RESET},
		{"header X-Class: \"\"", HEADER("X-Class", " "), RESET},
		{"header X-Class: \"\"", HEADER("X-Class", "x"), ""},
		{"header X-Class: reset",
		 {.fields = {{"X-Class", "other"}, {"X-Class", "reset"}}},
		 RESET},
		{"header X-Class: reset",
		 {.fields = {{"X-Class", "reset"}, {"X-Class", "other"}}},
		 RESET},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void subjects_match(void **state)
{
	static const struct row rows[] = {
		{"subject Reset your password", SUBJECT("Reset your password"), RESET},
		{"subject Reset your password", SUBJECT("RESET YOUR\n\tPASSWORD"), RESET},
		{"subject Reset your password", SUBJECT("Reset your password!"), ""},
		{"subject Reset your password", SUBJECT("Reset"), ""},
		{"subject \"Reset  your password\"", SUBJECT("Reset your password"), RESET},
		{"subject Setzen Sie Ihr Paßwort zurück",
		 SUBJECT("=?utf-8?Q?Setzen_Sie_Ihr_Pa=C3=9Fw?=\n =?utf-8?Q?ort_zur=C3=BCck?="),
		 RESET},
		{"subject Setzen Sie Ihr Paßwort ZURÜCK",
		 SUBJECT("Setzen Sie Ihr Pa\xdfwort zur\xfc"
			 "ck"),
		 RESET},
		{"subject /^\\[Example\\] Reset your password$/",
		 SUBJECT("[Example]\n Reset your password"), RESET},
		{"subject \"a & b\"", SUBJECT("a & b"), RESET},
		{"subject a&b", SUBJECT("a&b"), RESET},
		{"subject \"say \\\"reset\\\" \\\\o/\"", SUBJECT("Say \"reset\" \\o/"), RESET},
		{"subject \"# 1\"", SUBJECT("# 1"), RESET},
		{"subject case #1", SUBJECT("case #1"), RESET},
		{"subject /a\\/b/", SUBJECT("a/b"), RESET},
		{"subject what? /re/", SUBJECT("what? /re/"), RESET},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void senders_match(void **state)
{
	static const struct row rows[] = {
		{"sender resets@svc.example", SENDER("resets@svc.example"), RESET},
		{"sender resets@svc.example", SENDER("Resets@SVC.Example"), RESET},
		{"sender Resets@SVC.example", SENDER("resets@svc.example."), RESET},
		{"sender <resets@svc.example>", SENDER("\"resets\"@svc.example"), RESET},
		{"sender resets@svc.example", SENDER("resets@x.svc.example"), ""},
		{"sender resets@svc.example", SENDER("xresets@svc.example"), ""},
		{"sender resets@bücher.example", SENDER("resets@xn--bcher-kva.example"), RESET},
		{"sender \"\\\"a b\\\"@svc.example\"", SENDER("\"a b\"@svc.example"), RESET},
		{"sender @svc.example", SENDER("anyone@Svc.example"), RESET},
		{"sender @svc.example", SENDER("anyone@x.svc.example"), ""},
		{"sender @svc.example", SENDER("anyone@xsvc.example"), ""},
		{"sender @svc.example", SENDER(""), ""},
		{"sender @svc.example", SENDER("\"a@svc.example\"@other.example"), ""},
		{"sender <>", SENDER(""), RESET},
		{"sender <>", SENDER("a@svc.example"), ""},
		{"sender /^resets\\+.*@svc\\.example$/", SENDER("Resets+1@svc.example"), RESET},
		{"sender /^RESETS@/", SENDER("resets@svc.example"), RESET},
		{"sender /^resets@/", SENDER("resets2@svc.example"), ""},
		{"sender /^$/", SENDER(""), RESET},
		{"sender /^local$/", SENDER("local"), RESET},
		{"sender /^.*$/", SENDER("\xff"), ""},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void sasl_users_match(void **state)
{
	static const struct row rows[] = {
		{"sasl_user reset-service", {.sasl_user = "reset-service"}, RESET},
		{"sasl_user reset-service", {.sasl_user = "Reset-Service"}, RESET},
		{"sasl_user reset-service", {.sasl_user = "reset-service2"}, ""},
		{"sasl_user reset-service", {.sasl_user = NULL}, ""},
		{"sasl_user reset@svc.example", {.sasl_user = "reset@svc.example"}, RESET},
		{"sasl_user /^reset/", {.sasl_user = "reset-7"}, RESET},
		{"sasl_user /^reset/", {.sasl_user = "Reset-7"}, ""},
		{"sasl_user /^reset/i", {.sasl_user = "Reset-7"}, RESET},
		{"sasl_user \"reset service\"", {.sasl_user = "reset service"}, RESET},
		{"sasl_user /./", {.sasl_user = "\xff"}, ""},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void classes_are_read(void **state)
{
	static const struct row rows[] = {
		{"header X-Class: a class=magic-link", HEADER("X-Class", "a"),
		 "magic-link messages:1"},
		{"header X-Class: a  newsletter", HEADER("X-Class", "a"), "newsletter messages:1"},
		{"header X-Class: a\tnewsletter", HEADER("X-Class", "a"), "newsletter messages:1"},
		{"header X-Class: a b  magic-link", HEADER("X-Class", "a b"),
		 "magic-link messages:1"},
		{"header X-Class: a newsletter", HEADER("X-Class", "a newsletter"), RESET},
		{"header X-Class: \"a\" x.y_z-1", HEADER("X-Class", "a"), "x.y_z-1 messages:1"},
		{"header X-Class class=a", HEADER("X-Class", "b"), "a messages:1"},
		{"header X-Class: magic-link", HEADER("X-Class", "magic-link"), RESET},
		{"subject Your link class=magic-link", SUBJECT("Your link"),
		 "magic-link messages:1"},
		{"subject Your link  magic-link", SUBJECT("Your link"), "magic-link messages:1"},
		{"subject \"Your link\" magic-link", SUBJECT("Your link"), "magic-link messages:1"},
		{"subject \"Your magic-link\"", SUBJECT("Your magic-link"), RESET},
		{"subject Your magic-link class=password-reset", SUBJECT("Your magic-link"), RESET},
		{"subject /link/ magic-link", SUBJECT("Your link"), "magic-link messages:1"},
		{"subject /link/i \t magic-link \t", SUBJECT("Your link"), "magic-link messages:1"},
		{"sender a@svc.example a", SENDER("a@svc.example"), "a messages:1"},
		{"sender <> class=a", SENDER(""), "a messages:1"},
		{"sasl_user a b", {.sasl_user = "a"}, "b messages:1"},
		{"sender a@svc.example & subject /x/ b",
		 {.sender = "a@svc.example", .fields = {{"Subject", "x"}}},
		 "b messages:1"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void files_have_many_shapes(void **state)
{
	static const struct row rows[] = {
		{"", SUBJECT("Reset"), ""},
		{"# nothing", SUBJECT("Reset"), ""},
		{"\n\n  # comment\n\t\n  subject   Reset  \n", SUBJECT("Reset"),
		 "password-reset messages:5"},
		{"\xef\xbb\xbfsubject Reset\r\n\r\nsubject Other\r\n", SUBJECT("Other"),
		 "password-reset messages:3"},
		{"subject Reset", SUBJECT("Other"), ""},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void both_conditions_are_needed(void **state)
{
	static const char two[] = "sender shop@svc.example & subject /^Account help/";
	static const char four[] = "header A: 1 & header B: 2 & header C & sasl_user app  four\n"
				   "header A: 2 & header A: 3\n"
				   "sender a@svc.example & sasl_user b";
	static const struct row rows[] = {
		{two,
		 {.sender = "shop@svc.example", .fields = {{"Subject", "Account help"}}},
		 RESET},
		{two, {.sender = "shop@svc.example", .fields = {{"Subject", "Order"}}}, ""},
		{two, {.sender = "app@svc.example", .fields = {{"Subject", "Account help"}}}, ""},
		{four,
		 {.sasl_user = "app", .fields = {{"C", ""}, {"B", "2"}, {"A", "1"}}},
		 "four messages:1"},
		{four, {.sasl_user = "app", .fields = {{"C", ""}, {"B", "2"}, {"A", "2"}}}, ""},
		{four, {.sasl_user = "app", .fields = {{"B", "2"}, {"A", "1"}}}, ""},
		{four, {.fields = {{"C", ""}, {"B", "2"}, {"A", "1"}}}, ""},
		{four, {.fields = {{"A", "2"}, {"A", "2"}}}, ""},
		{four, {.sasl_user = "b", .fields = {{"A", "2"}}}, ""},
		{four, {.fields = {{"A", "2"}, {"A", "3"}}}, "password-reset messages:2"},
		{four, {.sender = "a@svc.example", .sasl_user = "b"}, "password-reset messages:3"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void guarded_classes_come_first(void **state)
{
	static const char rules[] = "header X-Class: news  newsletter\n"
				    "subject Reset\n"
				    "header X-Class: link  magic-link\n"
				    "header X-Class: reset\n"
				    "subject Order  receipt\n";
	static const struct row rows[] = {
		{rules, {.fields = {{"X-Class", "news"}}}, "newsletter messages:1"},
		{rules,
		 {.fields = {{"X-Class", "news"}, {"Subject", "Reset"}}},
		 "password-reset messages:2"},
		{rules,
		 {.fields = {{"Subject", "Reset"}, {"X-Class", "news"}}},
		 "password-reset messages:2"},
		{rules,
		 {.fields = {{"X-Class", "reset"}, {"Subject", "Reset"}}},
		 "password-reset messages:2"},
		{rules,
		 {.fields = {{"X-Class", "reset"}, {"X-Class", "link"}}},
		 "magic-link messages:3"},
		{rules,
		 {.fields = {{"Subject", "Order"}, {"X-Class", "news"}}},
		 "newsletter messages:1"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void rrvs_always_matches(void **state)
{
	static const char rrvs[] = "Require-Recipient-Valid-Since";
	static const char rules[] = "subject Link  magic-link\n"
				    "subject News  newsletter\n"
				    "header Require-Recipient-Valid-Since: /old/  magic-link\n";
	static const struct row rows[] = {
		{"",
		 {.fields = {{rrvs, "u@lapsed.example; Sat, 1 Jun 2013 09:23:01 -0700"}}},
		 "password-reset rrvs"},
		{"",
		 {.fields = {{"require-recipient-VALID-since", "no grammar"}}},
		 "password-reset rrvs"},
		{"", {.fields = {{"Require-Recipient-Valid-Sinc", ""}}}, ""},
		{rules, {.fields = {{rrvs, ""}, {"Subject", "News"}}}, "password-reset rrvs"},
		{rules, {.fields = {{"Subject", "Link"}, {rrvs, ""}}}, "magic-link messages:1"},
		{rules, {.fields = {{rrvs, "old"}}}, "magic-link messages:3"},
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* The text runs into the limits of match.h. */
static void what_is_undecided_is_guarded(void **state)
{
	enum { LENGTH = 60000 };
	static const char pattern[] = "subject /^(x+x+)+y$/";
	char *subject = malloc(LENGTH + 1);
	struct rules *rules;
	struct message message = SUBJECT(NULL);

	(void)state;
	assert_non_null(subject);
	memset(subject, 'x', LENGTH);
	subject[LENGTH - 2] = 'y';
	subject[LENGTH] = '\0';
	message.fields[0].value = subject;

	rules = read_rules(pattern);
	assert_string_equal(take(rules, &message).text, RESET);
	rules_free(rules);
	rules = read_rules("subject /^(x+x+)+y$/ newsletter");
	assert_string_equal(take(rules, &message).text, "");
	rules_free(rules);
	free(subject);
}

/* Nothing of a header that an MTA lets through is lost, or a text at its beginning
 * would hide what follows. */
static void long_values_are_seen_whole(void **state)
{
	enum { LENGTH = 60000 };
	char *subject = malloc(LENGTH + 1);
	struct rules *rules = read_rules("subject /password$/");
	struct message message = SUBJECT(NULL);

	(void)state;
	assert_non_null(subject);
	memset(subject, 'x', LENGTH);
	strcpy(subject + LENGTH - 9, " password");
	message.fields[0].value = subject;
	assert_string_equal(take(rules, &message).text, RESET);
	rules_free(rules);
	free(subject);
}

static void headers_may_be_settled_before(void **state)
{
	static const struct {
		const char *rules;
		bool need_headers;
	} rows[] = {
		{"", true},
		{"sender a@svc.example", false},
		{"sender b@svc.example", true},
		{"sender a@svc.example newsletter", true},
		{"sender a@svc.example\nheader A  class=magic-link", false},
		{"header A\nsender a@svc.example", false},
		{"header A  class=newsletter\nsender a@svc.example", false},
		{"header A class=magic-link\nsender a@svc.example", true},
		{"header A class=magic-link\nsender a@svc.example magic-link", false},
		{"header A\nheader B class=magic-link\nsender a@svc.example", true},
		{"header A class=magic-link\nheader B\nsender a@svc.example", true},
		{"sender b@svc.example magic-link\nsender a@svc.example", false},
	};
	static const struct message message = SENDER("a@svc.example");

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rules *rules = read_rules(rows[i].rules);
		struct rules_match matched;

		match(rules, &message, &matched);
		if (rules_need_headers(rules, &matched) != rows[i].need_headers)
			fail_msg("\"%s\"", rows[i].rules);
		rules_free(rules);
	}
}

static void guarded_classes_are_known(void **state)
{
	struct rules *rules = read_rules("subject a  newsletter");

	(void)state;
	assert_true(rules_is_guarded(rules, "password-reset"));
	assert_true(rules_is_guarded(rules, "Magic-Link"));
	assert_false(rules_is_guarded(rules, "newsletter"));
	rules_free(rules);
	rules_free(NULL);
}

/* Each name finds its own rule, whatever the hash does. */
static void many_headers_are_told_apart(void **state)
{
	enum { NAMES = 500 };
	char *text = malloc(NAMES * 32);
	char *at = text;
	struct rules *rules;

	(void)state;
	assert_non_null(text);
	for (int i = 1; i <= NAMES; i++)
		at += sprintf(at, "header X-%d: %d\n", i, i);
	rules = read_rules(text);
	for (int i = 1; i <= NAMES + 1; i++) {
		char name[16];
		char value[16];
		char expected[40] = "";
		struct message message = HEADER(name, value);

		sprintf(name, "x-%d", i);
		sprintf(value, "%d", i);
		if (i <= NAMES)
			sprintf(expected, "password-reset messages:%d", i);
		assert_string_equal(take(rules, &message).text, expected);
	}
	rules_free(rules);
	free(text);
}

/* The rule that takes a message with so many other fields before the one that matches. */
static struct taken take_behind(const struct rules *rules, unsigned fields, const char *filling,
				const char *value)
{
	struct rules_match matched;
	struct taken taken = {""};
	const char *class_name;
	const char *rule_name;

	rules_match_init(rules, &matched);
	for (unsigned i = 0; i < fields; i++)
		rules_match_header(rules, &matched, "Subject", filling);
	rules_match_header(rules, &matched, "Subject", value);
	rules_match_end_headers(rules, &matched);
	if (rules_match_result(rules, &matched, &class_name, &rule_name))
		snprintf(taken.text, sizeof(taken.text), "%s", rule_name);
	return taken;
}

static void a_header_has_an_end(void **state)
{
	enum { LENGTH = 1000, FIELDS = RULES_LOOKED_MAX / (LENGTH + RULES_FIELD_COST) };
	static const char newsletter[] = "subject /^reset/ newsletter\nsubject Restore class=newsletter";
	struct rules *rules = read_rules("subject /^reset/\nsubject Restore");
	char filling[LENGTH + 1];

	(void)state;
	memset(filling, 'x', LENGTH);
	filling[LENGTH] = '\0';
	assert_string_equal(take_behind(rules, RULES_TRIED_MAX - 1, "x", "reset").text,
			    "messages:1");
	assert_string_equal(take_behind(rules, RULES_TRIED_MAX - 1, "x", "y").text, "");
	assert_string_equal(take_behind(rules, RULES_TRIED_MAX, "x", "y").text, "messages:1");
	rules_free(rules);

	rules = read_rules("subject Restore");
	assert_string_equal(take_behind(rules, FIELDS - 1, filling, filling).text, "");
	assert_string_equal(take_behind(rules, FIELDS, filling, filling).text, "messages:1");
	rules_free(rules);

	rules = read_rules(newsletter);
	assert_string_equal(take_behind(rules, RULES_TRIED_MAX, "x", "reset").text, "");
	assert_string_equal(take_behind(rules, RULES_TRIED_MAX, "x", "Restore").text, "messages:2");
	assert_string_equal(take_behind(rules, FIELDS, filling, "Restore").text, "messages:2");
	assert_string_equal(take_behind(rules, FIELDS + 1, filling, "Restore").text, "");
	rules_free(rules);

	/* What no regex is compared with uses up none of that. */
	rules = read_rules("header Subject & header X-None\nheader To: /reset/");
	assert_string_equal(take_behind(rules, RULES_TRIED_MAX + 1, "x", "y").text, "");
	rules_free(rules);

	rules = read_rules("subject Welcome & !subject /x/");
	assert_string_equal(take_behind(rules, RULES_TRIED_MAX, "y", "Welcome").text, "messages:1");
	rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_counted),
		cmocka_unit_test(headers_match),
		cmocka_unit_test(subjects_match),
		cmocka_unit_test(senders_match),
		cmocka_unit_test(sasl_users_match),
		cmocka_unit_test(classes_are_read),
		cmocka_unit_test(files_have_many_shapes),
		cmocka_unit_test(both_conditions_are_needed),
		cmocka_unit_test(guarded_classes_come_first),
		cmocka_unit_test(rrvs_always_matches),
		cmocka_unit_test(what_is_undecided_is_guarded),
		cmocka_unit_test(long_values_are_seen_whole),
		cmocka_unit_test(headers_may_be_settled_before),
		cmocka_unit_test(guarded_classes_are_known),
		cmocka_unit_test(many_headers_are_told_apart),
		cmocka_unit_test(a_header_has_an_end),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
