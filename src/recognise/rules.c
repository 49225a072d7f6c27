/* SPDX-License-Identifier: BSD-2-Clause */
/* rules: which messages are resets. */
#include "resetguard/rules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resetguard/mailbox.h"
#include "resetguard/mime.h"
#include "resetguard/rrvs.h"
#include "rules_table.h"

static const char rrvs_rule[] = "rrvs";
static const char rrvs_class[] = "password-reset";

/* A sender as patterns see it. */
struct sender {
	const char *text; /* canonical, or as it came if it has no canonical form */
	size_t length;
	const char *domain; /* "@domain" within text, or NULL */
	char canonical[MAILBOX_LOCAL_MAX + 1 + DOMAIN_MAX + 1];
};

/* ------------------------------------------------------------------ senders */

static void read_sender(const char *text, struct sender *sender)
{
	struct mailbox mailbox;

	sender->text = text;
	sender->length = strlen(text);
	sender->domain = NULL;
	if (mailbox_parse(text, sender->length, &mailbox) != ERR_OK)
		return;
	memcpy(sender->canonical, mailbox.local, mailbox.local_length);
	sender->canonical[mailbox.local_length] = '@';
	memcpy(sender->canonical + mailbox.local_length + 1, mailbox.host.name,
	       mailbox.host.length + 1U);
	sender->text = sender->canonical;
	sender->length = mailbox.local_length + 1U + mailbox.host.length;
	sender->domain = sender->canonical + mailbox.local_length;
}

/* ----------------------------------------------------------------- matching */

static bool can_still_matter(const struct rules_match *match, const struct condition *condition)
{
	return condition->rule < match->taken_by;
}

static void meet(const struct rules *rules, struct rules_match *match,
		 const struct condition *condition)
{
	const struct rule *rule = &rules->rules[condition->rule];

	if (rule->all != condition->bit) {
		match->met[rule->met] |= condition->bit;
		if (match->met[rule->met] != rule->all)
			return;
	}
	match->taken_by = condition->rule;
}

static bool pattern_matches(const struct rules *rules, const struct condition *condition,
			    const char *text, size_t length)
{
	switch (match_text(condition->pattern, text, length)) {
	case MATCH_NO:
		return false;
	case MATCH_YES:
		return true;
	case MATCH_UNDECIDED:
		return rules->rules[condition->rule].guarded;
	}
	return false;
}

static bool sender_matches(const struct rules *rules, const struct condition *condition,
			   const struct sender *sender)
{
	switch (condition->kind) {
	case CONDITION_PRESENT:
		return true;
	case CONDITION_PATTERN:
		return pattern_matches(rules, condition, sender->text, sender->length);
	case CONDITION_EMPTY:
		return sender->length == 0;
	case CONDITION_ADDRESS:
		return strcmp(sender->text, condition->text) == 0;
	case CONDITION_DOMAIN:
		return sender->domain != NULL && strcmp(sender->domain, condition->text) == 0;
	}
	return false;
}

void rules_match_init(const struct rules *rules, struct rules_match *match)
{
	match->taken_by = rules->rule_count;
	match->rrvs = false;
	memset(match->met, 0, rules->combined_count);
}

static void match_sender(const struct rules *rules, struct rules_match *match, const char *text)
{
	struct sender sender;

	read_sender(text, &sender);
	for (size_t i = 0; i < rules->sender.count; i++) {
		const struct condition *condition = &rules->conditions[rules->sender.first + i];

		if (!can_still_matter(match, condition))
			break;
		if (sender_matches(rules, condition, &sender))
			meet(rules, match, condition);
	}
}

static void match_patterns(const struct rules *rules, struct rules_match *match,
			   const struct conditions *conditions, const char *text, size_t length)
{
	for (size_t i = 0; i < conditions->count; i++) {
		const struct condition *condition = &rules->conditions[conditions->first + i];

		if (!can_still_matter(match, condition))
			break;
		if (condition->kind == CONDITION_PRESENT ||
		    pattern_matches(rules, condition, text, length))
			meet(rules, match, condition);
	}
}

void rules_match_envelope(const struct rules *rules, struct rules_match *match, const char *sender,
			  const char *sasl_user)
{
	if (rules->sender.count != 0)
		match_sender(rules, match, sender);
	if (sasl_user != NULL)
		match_patterns(rules, match, &rules->sasl_user, sasl_user, strlen(sasl_user));
}

static bool name_equals(const char *name, const char *lower_case)
{
	while (*name != '\0' && rules_lower(*name) == *lower_case) {
		name++;
		lower_case++;
	}
	return *name == *lower_case;
}

static const struct header *find_header(const struct rules *rules, const char *name)
{
	for (size_t slot = rules_hash(name);; slot++) {
		uint16_t index = rules->slots[slot & rules->slot_mask];

		if (index == 0)
			return NULL;
		if (name_equals(name, rules->headers[index - 1].name))
			return &rules->headers[index - 1];
	}
}

/* Apart, so that a header that nobody asks for needs no large stack frame. */
__attribute__((noinline)) static void match_value(const struct rules *rules,
						  struct rules_match *match,
						  const struct conditions *conditions,
						  const char *value)
{
	char text[RULES_VALUE_MAX + 1];
	size_t length = mime_decode_header(value, text, sizeof(text));

	match_patterns(rules, match, conditions, text, length);
}

void rules_match_header(const struct rules *rules, struct rules_match *match, const char *name,
			const char *value)
{
	const struct header *header = find_header(rules, name);

	if (strcasecmp(name, RRVS_FIELD) == 0)
		match->rrvs = true;
	if (header != NULL && can_still_matter(match, &rules->conditions[header->conditions.first]))
		match_value(rules, match, &header->conditions, value);
}

/* ------------------------------------------------------------------- result */

bool rules_need_headers(const struct rules *rules, const struct rules_match *match)
{
	return match->taken_by == rules->rule_count || !rules->rules[match->taken_by].settles;
}

bool rules_match_result(const struct rules *rules, const struct rules_match *match,
			const char **class_name, const char **rule_name)
{
	bool taken = match->taken_by < rules->rule_count;

	if (match->rrvs && !(taken && rules->rules[match->taken_by].guarded)) {
		*class_name = rrvs_class;
		*rule_name = rrvs_rule;
		return true;
	}
	if (!taken)
		return false;
	*class_name = rules->rules[match->taken_by].class_name;
	*rule_name = rules->rules[match->taken_by].name;
	return true;
}

bool rules_is_guarded(const struct rules *rules, const char *class_name)
{
	return conf_list_has(&rules->guard, class_name);
}

void rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	for (size_t i = 0; i < rules->condition_count; i++) {
		free(rules->conditions[i].name);
		match_free(rules->conditions[i].pattern);
		free(rules->conditions[i].text);
	}
	for (size_t i = 0; i < rules->rule_count; i++) {
		free(rules->rules[i].name);
		free(rules->rules[i].class_name);
	}
	for (size_t i = 0; i < rules->guard.count; i++)
		free(rules->guard.items[i]);
	free(rules->guard.items);
	free(rules->conditions);
	free(rules->rules);
	free(rules->headers);
	free(rules->slots);
	free(rules);
}
