/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_index: from the rules as read to the table that is asked. */
#include <stdlib.h>
#include <string.h>

#include "resetguard/hash.h"
#include "rules_table.h"

void *rules_append(void **items, size_t *count, size_t size)
{
	void *item;

	if ((*count & (*count - 1)) == 0) {
		void *grown = realloc(*items, (*count == 0 ? 1 : 2 * *count) * size);

		if (grown == NULL)
			return NULL;
		*items = grown;
	}
	item = (char *)*items + *count * size;
	(*count)++;
	return memset(item, 0, size);
}

void rules_free_condition(struct condition *condition)
{
	free(condition->name);
	free(condition->text);
	match_free(condition->pattern);
}

uint32_t rules_hash(const char *name)
{
	return hash_folded(hash_caseless(name, strlen(name)));
}

/* -------------------------------------------------------------------- rules */

/* Guarded rules first; each part has the file's own first, in their order, and then
 * those of packs. */
static enum err order_rules(struct rules *rules, struct draft *drafts, size_t draft_count)
{
	struct rule *ordered = calloc(rules->rule_count + 1, sizeof(*ordered));
	size_t *place = calloc(rules->rule_count + 1, sizeof(*place));
	size_t count = 0;

	if (ordered == NULL || place == NULL) {
		free(ordered);
		free(place);
		return ERR_NO_MEMORY;
	}
	for (unsigned part = 0; part < 4; part++) {
		for (size_t i = 0; i < rules->rule_count; i++) {
			const struct rule *rule = &rules->rules[i];

			if (rule->guarded != (part < 2) || rule->from_pack != (part % 2 == 1))
				continue;
			place[i] = count;
			ordered[count++] = *rule;
		}
	}
	for (size_t i = 0; i < draft_count; i++)
		drafts[i].use.rule = place[drafts[i].use.rule];
	free(rules->rules);
	free(place);
	rules->rules = ordered;
	return ERR_OK;
}

static void describe_rule(struct rule *rule, const struct draft *draft)
{
	bool is_url = draft->condition.field == RULES_URL;

	if (draft->use.negated) {
		enum rules_stage decided = is_url ? RULES_AT_END : RULES_AT_BODY;

		rule->forbidden |= draft->use.bit;
		if (rule->decided < decided)
			rule->decided = decided;
	} else {
		rule->all |= draft->use.bit;
	}
	if (!is_url)
		rule->early |= draft->use.bit;
}

static enum err describe_rules(struct rules *rules, const struct draft *drafts, size_t draft_count)
{
	rules->link_rules = calloc(rules->rule_count + 1, sizeof(*rules->link_rules));
	if (rules->link_rules == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < draft_count; i++)
		describe_rule(&rules->rules[drafts[i].use.rule], &drafts[i]);
	for (size_t i = 0; i < draft_count; i++) {
		struct rule *rule = &rules->rules[drafts[i].use.rule];

		if (drafts[i].condition.field == RULES_HEADER || rule->decided == RULES_AT_BODY)
			rule->asks_headers = true;
	}
	for (size_t i = 0; i < rules->rule_count; i++) {
		struct rule *rule = &rules->rules[i];

		if (((rule->all | rule->forbidden) & ~rule->early) == 0)
			continue;
		rule->asks_headers = false;
		if (rule->guarded)
			rules->link_rules[rules->link_rule_count++] = i;
	}
	return ERR_OK;
}

static void settle_rules(struct rules *rules)
{
	const char *asked_for = NULL; /* the class of the rules so far that ask for headers */
	bool several = false;

	for (size_t i = 0; i < rules->rule_count; i++) {
		struct rule *rule = &rules->rules[i];
		bool same = asked_for == NULL || strcmp(asked_for, rule->class_name) == 0;

		rule->settles = rule->guarded && same && !several;
		if (!rule->asks_headers)
			continue;
		several = several || !same;
		asked_for = rule->class_name;
	}
}

/* --------------------------------------------------------------- conditions */

static int compare_texts(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_conditions(const struct condition *a, const struct condition *b)
{
	int names = strcmp(a->name, b->name);

	if (a->field != b->field)
		return a->field < b->field ? -1 : 1;
	if (names != 0)
		return names;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->ignore_case != b->ignore_case)
		return a->ignore_case ? 1 : -1;
	return compare_texts(a->text, b->text);
}

static int compare_drafts(const void *left, const void *right)
{
	const struct draft *a = left;
	const struct draft *b = right;
	int conditions = compare_conditions(&a->condition, &b->condition);

	if (conditions != 0)
		return conditions;
	if (a->use.rule != b->use.rule)
		return a->use.rule < b->use.rule ? -1 : 1;
	return a->use.bit < b->use.bit ? -1 : a->use.bit > b->use.bit;
}

static enum err unite_conditions(struct rules *rules, struct draft *drafts, size_t draft_count)
{
	rules->conditions = calloc(draft_count + 1, sizeof(*rules->conditions));
	rules->uses = calloc(draft_count + 1, sizeof(*rules->uses));
	if (rules->conditions == NULL || rules->uses == NULL)
		return ERR_NO_MEMORY;
	if (draft_count != 0)
		qsort(drafts, draft_count, sizeof(*drafts), compare_drafts);
	for (size_t i = 0; i < draft_count; i++) {
		struct draft *draft = &drafts[i];
		struct condition *last = rules->conditions + rules->condition_count - 1;

		if (rules->condition_count == 0 ||
		    compare_conditions(last, &draft->condition) != 0) {
			last = &rules->conditions[rules->condition_count++];
			*last = draft->condition;
			last->first_use = rules->use_count;
			memset(&draft->condition, 0, sizeof(draft->condition));
		}
		rules->uses[rules->use_count++] = draft->use;
		last->use_count++;
	}
	return ERR_OK;
}

static size_t first_rule(const struct rules *rules, const struct condition *condition)
{
	return rules->uses[condition->first_use].rule;
}

/* ---------------------------------------------------------------- the indexes */

static enum err add_words(struct texts *texts, const struct condition *condition, uint32_t id,
			  const struct phrase *phrases, size_t phrase_count)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < phrase_count; i++) {
		if (strcmp(phrases[i].words, condition->text) == 0)
			err = texts_add_phrase(texts, phrases[i].text, id);
	}
	return err;
}

/* The conditions from first on, as far as they are of one header. */
static enum err index_header(struct rules *rules, size_t first, size_t count,
			     const struct phrase *phrases, size_t phrase_count)
{
	struct header *header = &rules->headers[rules->header_count++];
	size_t slot = rules_hash(rules->conditions[first].name);
	enum err err = ERR_OK;

	header->name = rules->conditions[first].name;
	header->tried.first = first;
	header->first_rule = rules->rule_count;
	while (rules->slots[slot & rules->slot_mask] != 0)
		slot++;
	rules->slots[slot & rules->slot_mask] = (uint16_t)rules->header_count;
	for (size_t i = first; err == ERR_OK && i < first + count; i++) {
		const struct condition *condition = &rules->conditions[i];

		if (first_rule(rules, condition) < header->first_rule)
			header->first_rule = first_rule(rules, condition);
		if (condition->kind < CONDITION_TEXT) {
			header->tried.count++;
			header->has_regexes |= condition->kind == CONDITION_PATTERN;
			continue;
		}
		if (header->texts == NULL)
			header->texts = texts_new();
		if (header->texts == NULL)
			return ERR_NO_MEMORY;
		err = condition->kind == CONDITION_TEXT
			      ? texts_add(header->texts, condition->text, (uint32_t)i)
			      : add_words(header->texts, condition, (uint32_t)i, phrases,
					  phrase_count);
	}
	if (err == ERR_OK && header->texts != NULL)
		err = texts_index(header->texts);
	return err;
}

static enum err index_urls(struct rules *rules, size_t first, size_t count)
{
	enum err err = ERR_OK;

	rules->urls = urls_new();
	if (rules->urls == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = first; err == ERR_OK && i < first + count; i++) {
		size_t fault;

		err = urls_add(rules->urls, rules->conditions[i].text, (uint32_t)i, &fault, NULL);
	}
	return err == ERR_OK ? urls_index(rules->urls) : err;
}

static bool same_group(const struct condition *a, const struct condition *b)
{
	return a->field == b->field && strcmp(a->name, b->name) == 0;
}

static enum err index_conditions(struct rules *rules, const struct phrase *phrases,
				 size_t phrase_count)
{
	size_t slots = 4;
	enum err err = ERR_OK;

	while (slots < 4 * (rules->condition_count + 1))
		slots *= 2;
	rules->headers = calloc(rules->condition_count + 1, sizeof(*rules->headers));
	rules->slots = calloc(slots, sizeof(*rules->slots));
	if (rules->headers == NULL || rules->slots == NULL)
		return ERR_NO_MEMORY;
	rules->slot_mask = slots - 1;
	for (size_t i = 0; err == ERR_OK && i < rules->condition_count;) {
		const struct condition *first = &rules->conditions[i];
		struct conditions group = {.first = i};

		while (i < rules->condition_count && same_group(first, &rules->conditions[i]))
			i++;
		group.count = i - group.first;
		switch (first->field) {
		case RULES_HEADER:
			err = index_header(rules, group.first, group.count, phrases, phrase_count);
			break;
		case RULES_SENDER:
			rules->sender = group;
			break;
		case RULES_SASL_USER:
			rules->sasl_user = group;
			break;
		case RULES_URL:
			err = index_urls(rules, group.first, group.count);
			break;
		}
	}
	return err;
}

enum err rules_index(struct rules *rules, struct draft *drafts, size_t draft_count,
		     const struct phrase *phrases, size_t phrase_count)
{
	enum err err = order_rules(rules, drafts, draft_count);

	if (err == ERR_OK)
		err = describe_rules(rules, drafts, draft_count);
	if (err == ERR_OK)
		err = unite_conditions(rules, drafts, draft_count);
	if (err == ERR_OK)
		err = index_conditions(rules, phrases, phrase_count);
	for (size_t i = 0; i < draft_count; i++)
		rules_free_condition(&drafts[i].condition);
	if (err == ERR_OK)
		settle_rules(rules);
	return err;
}
