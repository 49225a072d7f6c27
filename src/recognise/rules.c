/* SPDX-License-Identifier: BSD-2-Clause */
/* rules: which messages are resets. */
#include "resetguard/rules.h"

#include <stdio.h>
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

static bool can_still_matter(const struct rules *rules, const struct rules_match *match,
			     const struct condition *condition)
{
	return rules->uses[condition->first_use].rule < match->taken_by;
}

/* Its conditions without "!" are met; those with it may still spoil it. */
static void wait_or_take(struct rules_match *match, const struct rule *rule, size_t index)
{
	if ((match->met[rule->met] & rule->forbidden) != 0)
		return;
	if (rule->decided <= match->stage) {
		if (index < match->taken_by)
			match->taken_by = index;
		return;
	}
	if (match->pending_count < RULES_PENDING_MAX)
		match->pending[match->pending_count] = index;
	match->pending_count++;
}

/* undecided: a pattern that ran into its limits, which counts as what leads to the
 * rule's class being guarded. */
static void meet(const struct rules *rules, struct rules_match *match,
		 const struct condition *condition, bool undecided)
{
	const struct use *use = &rules->uses[condition->first_use];

	for (const struct use *end = use + condition->use_count; use < end; use++) {
		const struct rule *rule = &rules->rules[use->rule];
		unsigned char *met;

		if (use->rule >= match->taken_by)
			return;
		if (undecided && rule->guarded == use->negated)
			continue;
		if ((rule->all | rule->forbidden) == use->bit) {
			match->taken_by = use->rule;
			return;
		}
		met = &match->met[rule->met];
		if ((*met & use->bit) != 0)
			continue;
		*met |= use->bit;
		if (!use->negated && (*met & rule->all) == rule->all)
			wait_or_take(match, rule, use->rule);
	}
}

static void try_pattern(const struct rules *rules, struct rules_match *match,
			const struct condition *condition, const char *text, size_t length)
{
	switch (match_text(condition->pattern, text, length)) {
	case MATCH_NO:
		return;
	case MATCH_YES:
		meet(rules, match, condition, false);
		return;
	case MATCH_UNDECIDED:
		meet(rules, match, condition, true);
		return;
	}
}

static bool sender_matches(const struct condition *condition, const struct sender *sender)
{
	switch (condition->kind) {
	case CONDITION_EMPTY:
		return sender->length == 0;
	case CONDITION_ADDRESS:
		return strcmp(sender->text, condition->text) == 0;
	case CONDITION_DOMAIN:
		return sender->domain != NULL && strcmp(sender->domain, condition->text) == 0;
	case CONDITION_PRESENT:
	case CONDITION_PATTERN:
	case CONDITION_TEXT:
	case CONDITION_WORDS:
	case CONDITION_URL:
		break;
	}
	return false;
}

void rules_match_init(const struct rules *rules, struct rules_match *match)
{
	match->taken_by = rules->rule_count;
	match->rrvs = false;
	match->stage = RULES_AT_HEADERS;
	match->flaw = (struct mime_flaw){.kind = MIME_FLAWLESS};
	match->looked = 0;
	match->tried = 0;
	match->pending_count = 0;
	memset(match->met, 0, rules->combined_count);
}

static void match_sender(const struct rules *rules, struct rules_match *match, const char *text)
{
	struct sender sender;

	read_sender(text, &sender);
	for (size_t i = 0; i < rules->sender.count; i++) {
		const struct condition *condition = &rules->conditions[rules->sender.first + i];

		if (!can_still_matter(rules, match, condition))
			continue;
		if (condition->kind == CONDITION_PATTERN)
			try_pattern(rules, match, condition, sender.text, sender.length);
		else if (sender_matches(condition, &sender))
			meet(rules, match, condition, false);
	}
}

/* with_patterns: compare with each regex too. */
static void try_conditions(const struct rules *rules, struct rules_match *match,
			   const struct conditions *conditions, bool with_patterns,
			   const char *text, size_t length)
{
	for (size_t i = 0; i < conditions->count; i++) {
		const struct condition *condition = &rules->conditions[conditions->first + i];

		if (!can_still_matter(rules, match, condition))
			continue;
		if (condition->kind == CONDITION_PRESENT)
			meet(rules, match, condition, false);
		else if (with_patterns)
			try_pattern(rules, match, condition, text, length);
	}
}

void rules_match_envelope(const struct rules *rules, struct rules_match *match, const char *sender,
			  const char *sasl_user)
{
	if (rules->sender.count != 0)
		match_sender(rules, match, sender);
	if (sasl_user != NULL)
		try_conditions(rules, match, &rules->sasl_user, true, sasl_user, strlen(sasl_user));
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

/* What an index found a condition for. */
struct finding {
	const struct rules *rules;
	struct rules_match *match;
};

static void on_found(void *context, uint32_t id)
{
	const struct finding *finding = context;

	meet(finding->rules, finding->match, &finding->rules->conditions[id], false);
}

static void match_wording(const struct rules *rules, struct rules_match *match,
			  const struct texts *texts, const char *text, size_t length)
{
	struct finding finding = {rules, match};
	char normal[RULES_VALUE_MAX + 1];

	length = mime_normalise(text, length, normal, sizeof(normal));
	texts_match(texts, normal, length, on_found, &finding);
}

/* A header that goes on beyond what is looked at is undecided from there on. Once for a
 * message: with_others, all that is asked of headers, else what is asked by regexes. */
static void leave_undecided(const struct rules *rules, struct rules_match *match, bool with_others)
{
	for (size_t i = 0; i < rules->condition_count; i++) {
		const struct condition *condition = &rules->conditions[i];

		if (condition->field == RULES_HEADER &&
		    (with_others || condition->kind == CONDITION_PATTERN))
			meet(rules, match, condition, true);
	}
}

/* Apart, so that a header that nobody asks for needs no large stack frame. */
__attribute__((noinline)) static void match_value(const struct rules *rules,
						  struct rules_match *match,
						  const struct header *header, const char *value)
{
	char text[RULES_VALUE_MAX + 1];
	size_t length = mime_decode_header(value, text, sizeof(text), &match->flaw);

	if (header->has_regexes && match->tried++ == RULES_TRIED_MAX)
		leave_undecided(rules, match, false);
	try_conditions(rules, match, &header->tried, match->tried <= RULES_TRIED_MAX, text, length);
	if (header->texts != NULL)
		match_wording(rules, match, header->texts, text, length);
}

void rules_match_header(const struct rules *rules, struct rules_match *match, const char *name,
			const char *value)
{
	const struct header *header = find_header(rules, name);

	if (strcasecmp(name, RRVS_FIELD) == 0)
		match->rrvs = true;
	if (header == NULL || header->first_rule >= match->taken_by ||
	    match->looked > RULES_LOOKED_MAX)
		return;
	match->looked += strlen(value) + RULES_FIELD_COST;
	if (match->looked > RULES_LOOKED_MAX) {
		leave_undecided(rules, match, true);
		return;
	}
	match_value(rules, match, header, value);
	if (match->flaw.kind != MIME_FLAWLESS && match->flaw.field[0] == '\0')
		snprintf(match->flaw.field, sizeof(match->flaw.field), "%s", name);
}

/* ------------------------------------------------------------------- stages */

/* More waited than could be kept: all are looked at. */
static void settle_all(const struct rules *rules, struct rules_match *match)
{
	for (size_t i = 0; i < match->taken_by; i++) {
		const struct rule *rule = &rules->rules[i];

		if (rule->forbidden != 0 && rule->decided <= match->stage &&
		    (match->met[rule->met] & (rule->all | rule->forbidden)) == rule->all)
			match->taken_by = i;
	}
}

/* Takes of the rules that have waited for this stage the first that nothing spoilt. */
static void reach(const struct rules *rules, struct rules_match *match, enum rules_stage stage)
{
	size_t count = match->pending_count;

	match->stage = stage;
	if (count > RULES_PENDING_MAX) {
		settle_all(rules, match);
		return;
	}
	match->pending_count = 0;
	for (size_t i = 0; i < count; i++)
		wait_or_take(match, &rules->rules[match->pending[i]], match->pending[i]);
}

void rules_match_end_headers(const struct rules *rules, struct rules_match *match)
{
	reach(rules, match, RULES_AT_BODY);
}

static bool is_taken_guarded(const struct rules *rules, const struct rules_match *match)
{
	const char *class_name;
	const char *rule_name;

	return rules_match_result(rules, match, &class_name, &rule_name) &&
	       rules_is_guarded(rules, class_name);
}

bool rules_need_body(const struct rules *rules, const struct rules_match *match)
{
	if (is_taken_guarded(rules, match))
		return false;
	for (size_t i = 0; i < rules->link_rule_count; i++) {
		const struct rule *rule = &rules->rules[rules->link_rules[i]];
		unsigned char met = (rule->all | rule->forbidden) == 1 ? 0 : match->met[rule->met];

		if ((met & rule->early) == (rule->all & rule->early))
			return true;
	}
	return false;
}

void rules_match_link(const struct rules *rules, struct rules_match *match, const char *link,
		      size_t length)
{
	struct finding finding = {rules, match};

	if (rules->urls != NULL && !is_taken_guarded(rules, match))
		urls_match(rules->urls, link, length, on_found, &finding);
}

void rules_match_end_body(const struct rules *rules, struct rules_match *match)
{
	if (!is_taken_guarded(rules, match))
		reach(rules, match, RULES_AT_END);
}

/* ------------------------------------------------------------------- result */

bool rules_need_headers(const struct rules *rules, const struct rules_match *match)
{
	return match->taken_by == rules->rule_count || !rules->rules[match->taken_by].settles;
}

size_t rules_count(const struct rules *rules)
{
	return rules->rule_count;
}

const char *rules_warning(const struct rules *rules, size_t index)
{
	return index < rules->warnings.count ? rules->warnings.items[index] : NULL;
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

const char *rules_match_source(const struct rules *rules, const struct rules_match *match)
{
	const char *class_name;
	const char *rule_name;

	if (!rules_match_result(rules, match, &class_name, &rule_name) || rule_name == rrvs_rule)
		return NULL;
	return rules->rules[match->taken_by].source;
}

bool rules_is_guarded(const struct rules *rules, const char *class_name)
{
	return conf_list_has(&rules->guard, class_name);
}

static void free_strings(struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

void rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	for (size_t i = 0; i < rules->condition_count; i++)
		rules_free_condition(&rules->conditions[i]);
	for (size_t i = 0; i < rules->rule_count; i++) {
		free(rules->rules[i].name);
		free(rules->rules[i].source);
		free(rules->rules[i].class_name);
	}
	for (size_t i = 0; i < rules->header_count; i++)
		texts_free(rules->headers[i].texts);
	free_strings(&rules->guard);
	free_strings(&rules->warnings);
	urls_free(rules->urls);
	free(rules->conditions);
	free(rules->uses);
	free(rules->rules);
	free(rules->headers);
	free(rules->slots);
	free(rules->link_rules);
	free(rules);
}
