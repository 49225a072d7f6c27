/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text is rules, or an error that says where. A NUL ends it; what follows is
 * the sender, the SASL user and the value of every header. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/mime.h"
#include "resetguard/rrvs.h"
#include "resetguard/rules.h"

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

static void match(const struct rules *rules, const char *value)
{
	static const char *const names[] = {"Subject", "X-Mail-Class", "A", "b"};
	struct rules_match matched;
	const char *class_name;
	const char *rule_name;
	bool settled;

	rules_match_init(rules, &matched);
	require(!rules_match_result(rules, &matched, &class_name, &rule_name));
	rules_match_envelope(rules, &matched, value, value);
	settled = !rules_need_headers(rules, &matched);
	if (settled) {
		require(rules_match_result(rules, &matched, &class_name, &rule_name));
		require(rules_is_guarded(rules, class_name));
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		rules_match_header(rules, &matched, names[i], value);
	if (settled) {
		const char *later_class;

		require(rules_match_result(rules, &matched, &later_class, &rule_name));
		require(strcmp(class_name, later_class) == 0);
	}
	rules_match_header(rules, &matched, RRVS_FIELD, value);
	require(rules_match_result(rules, &matched, &class_name, &rule_name));
	require(rules_is_guarded(rules, class_name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *guarded[] = {"password-reset", "magic-link"};
	static const struct conf_list guard = {2, guarded};
	const uint8_t *nul = size == 0 ? NULL : memchr(data, '\0', size);
	size_t length = nul == NULL ? size : (size_t)(nul - data);
	size_t rest = nul == NULL ? 0 : size - length - 1;
	struct rules *rules;
	struct why why = {""};
	char *value;

	if (rules_read_text((const char *)data, length, "messages", &guard, &rules, &why) !=
	    ERR_OK) {
		require(strncmp(why.text, "messages:", 9) == 0);
		return 0;
	}
	value = malloc(rest + 1);
	require(value != NULL);
	if (rest != 0)
		memcpy(value, nul + 1, rest);
	value[rest] = '\0';
	match(rules, value);
	free(value);
	rules_free(rules);
	return 0;
}
