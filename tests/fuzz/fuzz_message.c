/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a message: it is walked to its end, in lines or in whatever pieces, and
 * comes to the same. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/hostile.h"

enum { LIMIT = 256 << 10, MESSAGE_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	mime_init();
	return 0;
}

static void require(bool condition)
{
	if (!condition)
		abort();
}

static struct rules *read_rules(void)
{
	static char *guarded[] = {"password-reset"};
	static const struct conf_list guard = {1, guarded};
	static const char text[] = "words changed changed | *was*\n"
				   "subject *reset* & !subject_has changed\n"
				   "header X-Mail-Class: reset*  notice\n"
				   "url /{reset,recover}/* & !subject *changed*\n"
				   "url /#/reset?token|code=*\n"
				   "url /login & !url /logout  notice\n";
	struct rules *rules = NULL;
	struct why why;

	require(rules_read_text(text, sizeof(text) - 1, "m", &guard, &rules, &why) == ERR_OK);
	return rules;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules *rules;
	struct classifier classifier;
	const char *first_class = "";
	const char *class_name = "";
	const char *rule_name;
	char flaw[MIME_FLAW_TEXT_MAX + 1];
	size_t links;

	if (size > MESSAGE_MAX)
		return 0;
	rules = read_rules();
	require(classifier_open(&classifier, rules, LIMIT, true) == ERR_OK);
	hostile_classify(&classifier, (const char *)data, size);
	links = classifier.link_count;
	require(links <= LINKS_MAX);
	rules_match_result(rules, &classifier.match, &first_class, &rule_name);
	hostile_classify(&classifier, (const char *)data, size);
	rules_match_result(rules, &classifier.match, &class_name, &rule_name);
	require(links == classifier.link_count && strcmp(first_class, class_name) == 0);
	mime_flaw_print(classifier_flaw(&classifier), flaw);
	require(strpbrk(flaw, "\r\n\"=") == NULL);
	classifier_close(&classifier);
	rules_free(rules);
	return 0;
}
