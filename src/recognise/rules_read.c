/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_read: from the rule file to the table that is asked. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/mailbox.h"
#include "resetguard/mime.h"
#include "resetguard/rules.h"
#include "rules_table.h"

struct reading {
	struct rules *rules;
	const struct conf_list *guard;
	const char *name; /* of the file, as rules are named */
	size_t number;	  /* of the line, from 1 */
	const char *line;
	size_t length;
	size_t fault_offset; /* in the line */
	struct why why;	     /* without the place */
};

static enum err out_of_memory(struct reading *reading)
{
	return err_why(ERR_NO_MEMORY, &reading->why, "out of memory");
}

/* FNV-1a. */
uint32_t rules_hash(const char *name)
{
	uint32_t hash = UINT32_C(2166136261);

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)rules_lower(*name)) * UINT32_C(16777619);
	return hash ^ hash >> 16;
}

/* --------------------------------------------------------------- conditions */

static enum err compile_pattern(struct reading *reading, const struct rules_condition *parsed,
				struct condition *condition)
{
	char folded[MATCH_PATTERN_MAX + 1];
	size_t inside = 0;
	enum err err;

	condition->kind = CONDITION_PATTERN;
	if (parsed->form == RULES_REGEX)
		err = match_compile(parsed->text, parsed->length,
				    parsed->ignore_case || parsed->field == RULES_SENDER,
				    &condition->pattern, &inside, &reading->why);
	else if (mime_fold_text(parsed->text, parsed->length, folded, sizeof(folded)) == ERR_OK)
		err = match_compile_text(folded, strlen(folded), &condition->pattern, &inside,
					 &reading->why);
	else
		err = err_why(ERR_CONFIG, &reading->why,
			      "the text is not UTF-8; save the file as UTF-8");
	reading->fault_offset += inside;
	return err;
}

static enum err compile_sender(struct reading *reading, const struct rules_condition *parsed,
			       struct condition *condition)
{
	struct mailbox mailbox = {.local_length = 0};
	enum err err;

	if (strcmp(parsed->text, "<>") == 0) {
		condition->kind = CONDITION_EMPTY;
		return ERR_OK;
	}
	if (parsed->text[0] == '@') {
		condition->kind = CONDITION_DOMAIN;
		err = domain_from_text(parsed->text + 1, parsed->length - 1, &mailbox.host);
	} else {
		condition->kind = CONDITION_ADDRESS;
		err = mailbox_parse(parsed->text, parsed->length, &mailbox);
	}
	if (err == ERR_NO_MEMORY)
		return out_of_memory(reading);
	if (err != ERR_OK)
		return err_why(ERR_CONFIG, &reading->why,
			       "\"%.64s\" is no sender; write an address, @domain, <> or a "
			       "/regular expression/",
			       parsed->text);
	if (asprintf(&condition->text, "%s@%s", mailbox.local, mailbox.host.name) < 0) {
		condition->text = NULL;
		return out_of_memory(reading);
	}
	return ERR_OK;
}

static enum err compile_condition(struct reading *reading, const struct rules_condition *parsed,
				  struct condition *condition)
{
	reading->fault_offset = parsed->offset;
	condition->field = parsed->field;
	condition->name = strdup(parsed->name);
	if (condition->name == NULL)
		return out_of_memory(reading);
	if (parsed->form == RULES_PRESENT) {
		condition->kind = CONDITION_PRESENT;
		return ERR_OK;
	}
	if (parsed->field == RULES_SENDER && parsed->form == RULES_TEXT)
		return compile_sender(reading, parsed, condition);
	return compile_pattern(reading, parsed, condition);
}

/* -------------------------------------------------------------------- rules */

/* Room for one more item, zeroed, at the end of an array whose size doubles at
 * powers of two. NULL: there is no memory, and nothing has changed. */
static void *append(void **items, size_t *count, size_t size)
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

static enum err add_condition(struct reading *reading, const struct rules_condition *parsed,
			      unsigned char bit)
{
	struct rules *rules = reading->rules;
	void *conditions = rules->conditions;
	struct condition *condition =
		append(&conditions, &rules->condition_count, sizeof(*condition));

	rules->conditions = conditions;
	if (condition == NULL)
		return out_of_memory(reading);
	condition->rule = rules->rule_count - 1;
	condition->bit = bit;
	return compile_condition(reading, parsed, condition);
}

static enum err add_rule(struct reading *reading, const struct rules_line *parsed)
{
	struct rules *rules = reading->rules;
	void *items = rules->rules;
	struct rule *rule;

	reading->fault_offset = 0;
	if (rules->rule_count == RULES_MAX)
		return err_why(ERR_CONFIG, &reading->why, "a file has at most %d rules",
			       (int)RULES_MAX);
	if (parsed->count > 1 && rules->combined_count == RULES_COMBINED_MAX)
		return err_why(ERR_CONFIG, &reading->why, "a file has at most %d rules with &",
			       (int)RULES_COMBINED_MAX);
	rule = append(&items, &rules->rule_count, sizeof(*rule));
	rules->rules = items;
	if (rule == NULL)
		return out_of_memory(reading);
	rule->all = (unsigned char)((1U << parsed->count) - 1);
	rule->guarded = conf_list_has(reading->guard, parsed->class_name);
	rule->class_name = strdup(parsed->class_name);
	if (rule->class_name == NULL)
		return out_of_memory(reading);
	if (asprintf(&rule->name, "%s:%zu", reading->name, reading->number) < 0) {
		rule->name = NULL;
		return out_of_memory(reading);
	}
	if (parsed->count > 1)
		rule->met = rules->combined_count++;
	for (size_t i = 0; i < parsed->count; i++) {
		enum err err =
			add_condition(reading, &parsed->conditions[i], (unsigned char)(1U << i));

		if (err != ERR_OK)
			return err;
		if (parsed->conditions[i].field == RULES_HEADER)
			rule->asks_headers = true;
	}
	return ERR_OK;
}

/* --------------------------------------------------------------- the table */

/* Guarded rules first, each part in the order of the file. */
static enum err order_rules(struct reading *reading)
{
	struct rules *rules = reading->rules;
	struct rule *ordered = calloc(rules->rule_count + 1, sizeof(*ordered));
	size_t *place = calloc(rules->rule_count + 1, sizeof(*place));
	size_t count = 0;

	if (ordered == NULL || place == NULL) {
		free(ordered);
		free(place);
		return out_of_memory(reading);
	}
	for (int guarded = 1; guarded >= 0; guarded--) {
		for (size_t i = 0; i < rules->rule_count; i++) {
			if (rules->rules[i].guarded != (guarded != 0))
				continue;
			place[i] = count;
			ordered[count++] = rules->rules[i];
		}
	}
	for (size_t i = 0; i < rules->condition_count; i++)
		rules->conditions[i].rule = place[rules->conditions[i].rule];
	free(rules->rules);
	free(place);
	rules->rules = ordered;
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

static int compare_conditions(const void *left, const void *right)
{
	const struct condition *a = left;
	const struct condition *b = right;
	int names = strcmp(a->name, b->name);

	if (a->field != b->field)
		return a->field < b->field ? -1 : 1;
	if (names != 0)
		return names;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	return a->bit < b->bit ? -1 : a->bit > b->bit;
}

static void add_header(struct rules *rules, const char *name, struct conditions conditions)
{
	size_t slot = rules_hash(name);

	rules->headers[rules->header_count] = (struct header){name, conditions};
	rules->header_count++;
	while (rules->slots[slot & rules->slot_mask] != 0)
		slot++;
	rules->slots[slot & rules->slot_mask] = (uint16_t)rules->header_count;
}

static enum err index_conditions(struct reading *reading)
{
	struct rules *rules = reading->rules;
	size_t slots = 4;

	while (slots < 4 * (rules->condition_count + 1))
		slots *= 2;
	rules->headers = calloc(rules->condition_count + 1, sizeof(*rules->headers));
	rules->slots = calloc(slots, sizeof(*rules->slots));
	if (rules->headers == NULL || rules->slots == NULL)
		return out_of_memory(reading);
	rules->slot_mask = slots - 1;
	if (rules->condition_count != 0)
		qsort(rules->conditions, rules->condition_count, sizeof(*rules->conditions),
		      compare_conditions);
	for (size_t i = 0; i < rules->condition_count;) {
		const struct condition *first = &rules->conditions[i];
		struct conditions same = {.first = i};

		while (i < rules->condition_count && rules->conditions[i].field == first->field &&
		       strcmp(rules->conditions[i].name, first->name) == 0)
			i++;
		same.count = i - same.first;
		switch (first->field) {
		case RULES_HEADER:
			add_header(rules, first->name, same);
			break;
		case RULES_SENDER:
			rules->sender = same;
			break;
		case RULES_SASL_USER:
			rules->sasl_user = same;
			break;
		}
	}
	return ERR_OK;
}

static enum err copy_guard(struct reading *reading)
{
	struct conf_list *copy = &reading->rules->guard;

	copy->items = calloc(reading->guard->count + 1, sizeof(*copy->items));
	if (copy->items == NULL)
		return out_of_memory(reading);
	for (size_t i = 0; i < reading->guard->count; i++) {
		copy->items[i] = strdup(reading->guard->items[i]);
		if (copy->items[i] == NULL)
			return out_of_memory(reading);
		copy->count++;
	}
	return ERR_OK;
}

/* -------------------------------------------------------------------- lines */

/* Characters, as editors count them. */
static size_t column_of(const struct reading *reading)
{
	size_t column = 1;

	for (size_t i = 0; i < reading->fault_offset; i++) {
		if (((unsigned char)reading->line[i] & 0xc0) != 0x80)
			column++;
	}
	return column;
}

static enum err read_line(struct reading *reading)
{
	struct rules_line parsed;
	const char *nul = memchr(reading->line, '\0', reading->length);
	enum err err;

	reading->fault_offset = 0;
	if (reading->length > RULES_LINE_MAX)
		return err_why(ERR_CONFIG, &reading->why, "a line has at most %d bytes",
			       (int)RULES_LINE_MAX);
	if (nul != NULL) {
		reading->fault_offset = (size_t)(nul - reading->line);
		return err_why(ERR_CONFIG, &reading->why,
			       "a NUL byte; this must be a file of text");
	}
	err = rules_parse_line(reading->line, reading->length, reading->guard,
			       &reading->fault_offset, &reading->why, &parsed);
	if (err != ERR_OK || parsed.count == 0)
		return err;
	return add_rule(reading, &parsed);
}

static enum err read_lines(struct reading *reading, const char *text, size_t length)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	const char *end = text + length;
	enum err err = ERR_OK;

	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0)
		text += 3;
	while (err == ERR_OK && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline == NULL ? end : newline;

		reading->number++;
		reading->line = text;
		reading->length = (size_t)(line_end - text);
		if (reading->length != 0 && line_end[-1] == '\r')
			reading->length--;
		err = read_line(reading);
		text = newline == NULL ? end : newline + 1;
	}
	return err;
}

enum err rules_read_text(const char *text, size_t length, const char *name,
			 const struct conf_list *guard, struct rules **rules, struct why *why)
{
	const char *slash = strrchr(name, '/');
	struct reading reading = {
		.guard = guard,
		.name = slash == NULL ? name : slash + 1,
	};
	enum err err;

	reading.rules = calloc(1, sizeof(*reading.rules));
	if (reading.rules == NULL)
		return err_why(ERR_NO_MEMORY, why, "%s: out of memory", name);
	err = read_lines(&reading, text, length);
	if (err != ERR_OK) {
		err_why(err, why, "%s:%zu:%zu: %s", name, reading.number, column_of(&reading),
			reading.why.text);
		goto failed;
	}
	err = copy_guard(&reading);
	if (err == ERR_OK)
		err = order_rules(&reading);
	if (err == ERR_OK)
		err = index_conditions(&reading);
	if (err != ERR_OK) {
		err_why(err, why, "%s: %s", name, reading.why.text);
		goto failed;
	}
	settle_rules(reading.rules);
	*rules = reading.rules;
	return ERR_OK;
failed:
	rules_free(reading.rules);
	return err;
}

static enum err read_file(const char *path, char *text, size_t *length, struct why *why)
{
	FILE *file = fopen(path, "re");
	enum err err = ERR_OK;

	if (file == NULL) {
		err_why_errno(errno, why, "%s", path);
		return ERR_CONFIG;
	}
	*length = fread(text, 1, RULES_FILE_MAX + 1, file);
	if (ferror(file) != 0) {
		err_why_errno(errno, why, "%s", path);
		err = ERR_CONFIG;
	} else if (*length > RULES_FILE_MAX) {
		err = err_why(ERR_CONFIG, why, "%s: larger than %d bytes", path,
			      (int)RULES_FILE_MAX);
	}
	fclose(file);
	return err;
}

enum err rules_read(const char *path, const struct conf_list *guard, struct rules **rules,
		    struct why *why)
{
	char *text = malloc(RULES_FILE_MAX + 1);
	size_t length = 0;
	enum err err;

	if (text == NULL)
		return err_why(ERR_NO_MEMORY, why, "%s: out of memory", path);
	err = read_file(path, text, &length, why);
	if (err == ERR_OK)
		err = rules_read_text(text, length, path, guard, rules, why);
	free(text);
	return err;
}
