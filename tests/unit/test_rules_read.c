/* SPDX-License-Identifier: BSD-2-Clause */
/* test_rules_read: rule files, and what is said about the wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "resetguard/mime.h"
#include "resetguard/rules.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static char *guarded[] = {"password-reset", "magic-link"};
static const struct conf_list guard = {COUNT(guarded), guarded};

struct fault {
	const char *text;
	const char *why; /* behind "FILE:" */
};

static void faults_have_a_place_and_a_remedy(void **state)
{
	static const struct fault faults[] = {
		{"subjct /a/",
		 "1:1: unknown field \"subjct\", did you mean subject? The fields are "
		 "header, subject, subject_has, sender, sasl_user and url"},
		{"Sender a@b.example", "1:1: unknown field \"Sender\", did you mean sender?"},
		{"sasluser a", "1:1: unknown field \"sasluser\", did you mean sasl_user?"},
		{"from a@b.example", "1:1: unknown field \"from\"; the fields are"},
		{"header A & pack django", "1:12: \"pack\" begins a line of its own"},
		{"subject Terms & Conditions", "1:17: unknown field \"Conditions\""},
		/* patterns */
		{"subject", "1:8: a pattern is missing"},
		{"subject  ", "1:10: a pattern is missing"},
		{"subject class=a", "1:9: a pattern is missing"},
		{"subject & sender a@b.example", "1:9: a pattern is missing"},
		{"header A:", "1:10: a pattern is missing"},
		{"sender", "1:7: a pattern is missing"},
		{"subject /reset", "1:9: the regular expression does not end"},
		{"subject /reset\\/", "1:9: the regular expression does not end"},
		{"subject /reset\\", "1:9: the regular expression does not end"},
		{"subject //", "1:10: the regular expression is empty"},
		{"subject /a/x", "1:12: unknown flag"},
		{"subject /a/b/", "1:12: unknown flag"},
		{"subject /re(set/", "1:16: missing closing parenthesis"},
		{"subject /Pa\xc3\x9fwort\xc3\xbc(/i", "1:19: missing closing parenthesis"},
		{"subject \"reset", "1:9: the quoted text does not end"},
		{"subject \"reset\\", "1:15: in quotes only"},
		{"subject \"a\\d\"", "1:12: in quotes only"},
		{"subject \"a\"b", "1:12: the pattern ends here"},
		{"subject Pa\xdfwort", "1:9: the text is not UTF-8; save the file as UTF-8"},
		{"sasl_user \xdf", "1:11: the text is not UTF-8"},
		{"subject /a\xdf/", "1:11: UTF-8 error"},
		{"subject Reset # comment", "1:15: a comment stands on a line of its own"},
		/* headers */
		{"header", "1:7: the name of a header is missing"},
		{"header : a", "1:8: the name of a header is missing"},
		{"header class=a", "1:8: the name of a header is missing"},
		{"header X\xc3\xbc: a", "1:9: a header's name has printable ASCII characters"},
		{"header X-Class password-reset",
		 "1:16: write \"header x-class: password-reset\" for "
		 "a value, or class=password-reset for a class"},
		/* senders */
		{"sender nobody",
		 "1:8: \"nobody\" is no sender; write an address, @domain, <> or a "
		 "/regular expression/"},
		{"sender @", "1:8: \"@\" is no sender"},
		{"sender @a b@example", "1:12: \"b@example\" is no class"},
		{"sender \"\"", "1:9: \"\" is no sender"},
		{"sender a@[192.0.2.1]", "1:8: \"a@[192.0.2.1]\" is no sender"},
		/* classes */
		{"subject /a/ Reset", "1:13: \"Reset\" is no class"},
		{"subject /a/ b:c", "1:14: \"b:c\" is no class"},
		{"subject /a/ -b", "1:13: \"-b\" is no class"},
		{"subject /a/ class=", "1:19: a class has 1 to 63 characters"},
		{"subject /a/ "
		 "a123456789b123456789c123456789d123456789e123456789f123456789g123456789",
		 "1:13: a class has 1 to 63 characters"},
		{"subject /a/ b c", "1:15: nothing may follow the class"},
		{"subject /a/ # b", "1:13: a comment stands on a line of its own"},
		{"subject /a/ b # c", "1:15: nothing may follow the class"},
		{"subject /a/ b & sender a@b.example", "1:15: nothing may follow the class"},
		{"subject Your link magic-link",
		 "1:19: \"magic-link\" may be the class or belong to "
		 "the text; write class=magic-link, or put the "
		 "text in quotes"},
		{"subject All is well.  Really", "1:23: \"Really\" is no class"},
		/* several conditions */
		{"subject /a/ &", "1:14: a condition is missing behind &"},
		{"subject /a/ & & subject /b/", "1:15: unknown field \"&\""},
		{"header A & header B & header C & header D & header E & header F & header G",
		 "1:65: a rule has at most 6 conditions"},
		{"!subject a", "1:1: a rule needs a condition without !"},
		{"header A & ! header B", "1:13: unknown field \"\""},
		/* wildcards */
		{"subject *", "1:9: a text needs more than *"},
		{"subject * *", "1:9: a text needs more than *"},
		/* links */
		{"url", "1:4: the path of a link is missing"},
		{"\n  url reset", "2:7: the path of a link is missing"},
		{"url /", "1:5: this url would match every link"},
		{"url /{a,b", "1:6: this brace has no counterpart"},
		{"url /a}", "1:7: this brace has no counterpart"},
		{"url {/a,b}", "1:5: a url begins with / or #"},
		{"url /a?", "1:5: a parameter is missing behind ?"},
		{"url /a?token", "1:5: \"token\" is no parameter"},
		{"url /a /b", "1:8: \"/b\" is no class"},
		/* packs and words */
		{"pack", "1:5: the name of a pack has 1 to 63 characters"},
		{"pack Django", "1:6: the name of a pack has lower-case letters"},
		{"pack ../x", "1:6: the name of a pack has lower-case letters"},
		{"pack a b", "1:8: nothing may follow the name of a pack"},
		{"pack django", "1:6: only a file can name packs"},
		{"words", "1:6: the name of words has 1 to 63 characters"},
		{"words a", "1:8: the words are missing"},
		{"words a  | ", "1:8: the words are missing"},
		{"words a b | *", "1:13: a phrase needs more than *"},
		{"words a \xfc", "1:9: the words are not UTF-8"},
		{"subject_has a", "1:13: there are no words \"a\" above"},
		{"words a b\nsubject_has b", "2:13: there are no words \"b\" above"},
		{"subject a\n# comment\n\nsubject (a\nsubject /(/\n", "5:11: missing closing"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		static const char name[] = "conf/messages";
		char expected[WHY_MAX];
		struct rules *rules = NULL;
		struct why why;
		enum err err = rules_read_text(faults[i].text, strlen(faults[i].text), name, &guard,
					       &rules, &why);

		if (err != ERR_CONFIG)
			fail_msg("\"%s\" is taken", faults[i].text);
		assert_null(rules);
		snprintf(expected, sizeof(expected), "%s:%s", name, faults[i].why);
		if (strncmp(why.text, expected, strlen(expected)) != 0)
			fail_msg("\"%s\": %s", faults[i].text, why.text);
	}
}

static void expect_fault(const char *text, size_t length, const char *expected)
{
	struct rules *rules = NULL;
	struct why why;

	assert_int_equal(rules_read_text(text, length, "m", &guard, &rules, &why), ERR_CONFIG);
	assert_null(rules);
	if (strncmp(why.text, expected, strlen(expected)) != 0)
		fail_msg("%s", why.text);
}

static void expect_rules(const char *text)
{
	struct rules *rules;
	struct why why;

	if (rules_read_text(text, strlen(text), "m", &guard, &rules, &why) != ERR_OK)
		fail_msg("%s", why.text);
	rules_free(rules);
}

/* Lines of text, which the caller frees. */
static char *repeat(const char *line, size_t count)
{
	size_t length = strlen(line);
	char *text = malloc(length * count + 1);

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * length, line, length);
	text[length * count] = '\0';
	return text;
}

static void maxima_are_kept(void **state)
{
	char *text;

	(void)state;
	text = repeat("subject a\n", RULES_MAX + 1);
	expect_fault(text, strlen(text), "m:32769:1: a file has at most 32768 rules");
	text[strlen(text) - strlen("subject a\n")] = '#';
	expect_rules(text);
	free(text);

	text = repeat("header A & header B\n", RULES_COMBINED_MAX + 1);
	expect_fault(text, strlen(text), "m:4097:1: a file has at most 4096 rules with &");
	free(text);

	text = repeat("a", RULES_LINE_MAX + 1);
	expect_fault(text, RULES_LINE_MAX + 1, "m:1:1: a line has at most 8192 bytes");
	memcpy(text, "subject ", 8);
	expect_fault(text, RULES_LINE_MAX, "m:1:9: the pattern is longer than 2048 bytes");
	text[8 + 2048] = '\0';
	expect_rules(text);
	memcpy(text, " header ", 8);
	expect_fault(text, 8 + RULES_HEADER_MAX + 1, "m:1:9: the header's name is longer than 128");
	text[8 + RULES_HEADER_MAX] = '\0';
	expect_rules(text);
	free(text);

	expect_fault("subject a\0b", 11, "m:1:10: a NUL byte");
}

static void files_are_read(void **state)
{
	char directory[] = "/tmp/test_rules.XXXXXX";
	char path[64];
	char expected[128];
	struct rules *rules = NULL;
	struct rules_match match;
	const char *class_name;
	const char *rule_name;
	struct why why;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/rules", directory);

	assert_int_equal(rules_read(path, &guard, &rules, &why), ERR_CONFIG);
	snprintf(expected, sizeof(expected), "%s: No such file or directory", path);
	assert_string_equal(why.text, expected);

	assert_int_equal(rules_read(directory, &guard, &rules, &why), ERR_CONFIG);
	snprintf(expected, sizeof(expected), "%s: Is a directory", directory);
	assert_string_equal(why.text, expected);
	assert_null(rules);

	file = fopen(path, "w");
	assert_non_null(file);
	fputs("# one\nsubject Reset\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rules_read(path, &guard, &rules, &why), ERR_OK);
	rules_match_init(rules, &match);
	rules_match_header(rules, &match, "Subject", "Reset");
	assert_true(rules_match_result(rules, &match, &class_name, &rule_name));
	assert_string_equal(class_name, "password-reset");
	assert_string_equal(rule_name, "rules:2");
	rules_free(rules);

	rules = NULL;
	assert_int_equal(truncate(path, RULES_FILE_MAX + 1), 0);
	assert_int_equal(rules_read(path, &guard, &rules, &why), ERR_CONFIG);
	snprintf(expected, sizeof(expected), "%s: larger than 4194304 bytes", path);
	assert_string_equal(why.text, expected);
	assert_null(rules);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_have_a_place_and_a_remedy),
		cmocka_unit_test(maxima_are_kept),
		cmocka_unit_test(files_are_read),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
