/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_read: the lines of the rule file and of its packs. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/mime.h"
#include "resetguard/packs.h"
#include "resetguard/rules.h"
#include "rules_reading.h"

static enum err read_pack(struct reading *reading, const char *name);

/* ------------------------------------------------------------------ warnings */

PRINTF_LIKE(2, 3) static enum err warn(struct reading *reading, const char *format, ...)
{
	struct conf_list *warnings = &reading->library->rules->warnings;
	void *items = warnings->items;
	char **warning = rules_append(&items, &warnings->count, sizeof(*warning));
	char text[WHY_MAX];
	va_list arguments;

	warnings->items = items;
	if (warning == NULL)
		return rules_out_of_memory(reading);
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (asprintf(warning, "%s:%zu: %s", reading->path, reading->number, text) < 0) {
		*warning = NULL;
		return rules_out_of_memory(reading);
	}
	return ERR_OK;
}

/* A text that was perhaps meant as a regular expression. */
static bool looks_like_regex(const struct rules_condition *parsed)
{
	const char *text = parsed->text;
	size_t length = parsed->length;

	return parsed->field != RULES_URL &&
	       (parsed->form == RULES_WILDCARDS || parsed->form == RULES_TEXT) && length != 0 &&
	       (text[0] == '^' || text[length - 1] == '$' || strstr(text, ".*") != NULL ||
		strstr(text, "\\[") != NULL || strstr(text, "\\.") != NULL);
}

static enum err warn_of_rule(struct reading *reading, const struct rules_line *parsed)
{
	enum err err = ERR_OK;

	if (reading->is_pack)
		return ERR_OK;
	if (!conf_list_has(reading->library->guard, parsed->class_name))
		err = warn(reading,
			   "the class %s is not guarded (see guard in resetguard.conf): such mail "
			   "is let through",
			   parsed->class_name);
	for (size_t i = 0; err == ERR_OK && i < parsed->count; i++) {
		if (looks_like_regex(&parsed->conditions[i]))
			err = warn(
				reading,
				"%.64s is compared as it stands; a regular expression is written "
				"between slashes, as in /^Reset/",
				parsed->conditions[i].text);
	}
	return err;
}

/* -------------------------------------------------------------------- rules */

static enum err add_condition(struct reading *reading, const struct rules_condition *parsed,
			      unsigned char bit)
{
	struct library *library = reading->library;
	void *drafts = library->drafts;
	struct draft *draft = rules_append(&drafts, &library->draft_count, sizeof(*draft));

	library->drafts = drafts;
	if (draft == NULL)
		return rules_out_of_memory(reading);
	draft->use.rule = library->rules->rule_count - 1;
	draft->use.bit = bit;
	draft->use.negated = parsed->negated;
	return rules_compile(reading, parsed, &draft->condition);
}

static enum err add_rule(struct reading *reading, const struct rules_line *parsed)
{
	struct rules *rules = reading->library->rules;
	void *items = rules->rules;
	struct rule *rule;

	reading->fault_offset = 0;
	if (rules->rule_count == RULES_MAX)
		return err_why(ERR_CONFIG, &reading->why,
			       "a file has at most %d rules, with those of its packs",
			       (int)RULES_MAX);
	if (parsed->count > 1 && rules->combined_count == RULES_COMBINED_MAX)
		return err_why(ERR_CONFIG, &reading->why,
			       "a file has at most %d rules with &, with those of its packs",
			       (int)RULES_COMBINED_MAX);
	rule = rules_append(&items, &rules->rule_count, sizeof(*rule));
	rules->rules = items;
	if (rule == NULL)
		return rules_out_of_memory(reading);
	rule->guarded = conf_list_has(reading->library->guard, parsed->class_name);
	rule->from_pack = reading->is_pack;
	rule->class_name = strdup(parsed->class_name);
	if (rule->class_name == NULL)
		return rules_out_of_memory(reading);
	if (asprintf(&rule->name, "%s:%zu", reading->name, reading->number) < 0) {
		rule->name = NULL;
		return rules_out_of_memory(reading);
	}
	if (asprintf(&rule->source, "%s:%zu: %.*s", reading->path, reading->number,
		     (int)reading->length, reading->line) < 0) {
		rule->source = NULL;
		return rules_out_of_memory(reading);
	}
	if (parsed->count > 1)
		rule->met = rules->combined_count++;
	for (size_t i = 0; i < parsed->count; i++) {
		enum err err =
			add_condition(reading, &parsed->conditions[i], (unsigned char)(1U << i));

		if (err != ERR_OK)
			return err;
	}
	return warn_of_rule(reading, parsed);
}

/* -------------------------------------------------------------------- words */

static enum err add_phrase(struct reading *reading, const char *name, const char *text,
			   size_t length)
{
	struct library *library = reading->library;
	void *phrases = library->phrases;
	char normal[RULES_LINE_MAX];
	struct phrase *phrase;
	enum err err;

	reading->fault_offset = (size_t)(text - reading->line);
	if (mime_normalise_pattern(text, length, true, normal, sizeof(normal)) != ERR_OK)
		return err_why(ERR_CONFIG, &reading->why,
			       "the words are not UTF-8; save the file as UTF-8");
	if (normal[strspn(normal, " \1")] == '\0')
		return err_why(ERR_CONFIG, &reading->why, "a phrase needs more than *");
	if (library->phrase_count == RULES_WORDS_MAX)
		return err_why(ERR_CONFIG, &reading->why,
			       "a file has at most %d phrases, with those of its packs",
			       (int)RULES_WORDS_MAX);
	phrase = rules_append(&phrases, &library->phrase_count, sizeof(*phrase));
	library->phrases = phrases;
	if (phrase == NULL)
		return rules_out_of_memory(reading);
	err = rules_name_words(reading, name, &phrase->words);
	if (err != ERR_OK)
		return err;
	phrase->text = strdup(normal);
	return phrase->text == NULL ? rules_out_of_memory(reading) : ERR_OK;
}

static enum err add_words(struct reading *reading, const struct rules_line *parsed)
{
	size_t offset = parsed->offset;
	const char *words;
	size_t length;
	enum err err = ERR_OK;

	while (err == ERR_OK &&
	       rules_next_words(reading->line, reading->length, &offset, &words, &length))
		err = add_phrase(reading, parsed->name, words, length);
	return err;
}

/* -------------------------------------------------------------------- packs */

static enum err want_pack(struct reading *reading, const struct rules_line *parsed)
{
	struct library *library = reading->library;
	void *items = library->wanted;
	struct wanted_pack *wanted;

	reading->fault_offset = parsed->offset;
	if (library->own_packs == NULL)
		return err_why(ERR_CONFIG, &reading->why, "only a file can name packs");
	if (reading->is_pack)
		return read_pack(reading, parsed->name);
	wanted = rules_append(&items, &library->wanted_count, sizeof(*wanted));
	library->wanted = items;
	if (wanted == NULL)
		return rules_out_of_memory(reading);
	strcpy(wanted->name, parsed->name);
	wanted->number = reading->number;
	wanted->offset = parsed->offset;
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
	err = rules_parse_line(reading->line, reading->length, reading->library->guard,
			       &reading->fault_offset, &reading->why, &parsed);
	if (err != ERR_OK)
		return err;
	switch (parsed.kind) {
	case RULES_LINE_EMPTY:
		break;
	case RULES_LINE_RULE:
		return add_rule(reading, &parsed);
	case RULES_LINE_PACK:
		return want_pack(reading, &parsed);
	case RULES_LINE_WORDS:
		return add_words(reading, &parsed);
	}
	return ERR_OK;
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

/* Reads text into the library; why has the place. */
static enum err read_text(struct library *library, const char *text, size_t length,
			  const char *path, bool is_pack, struct why *why)
{
	const char *slash = strrchr(path, '/');
	struct reading reading = {
		.library = library,
		.path = path,
		.name = slash == NULL ? path : slash + 1,
		.is_pack = is_pack,
		.file = library->file_count++,
	};
	enum err err = read_lines(&reading, text, length);

	if (err == ERR_OK)
		return ERR_OK;
	if (reading.placed)
		return err_why(err, why, "%s", reading.why.text);
	return err_why(err, why, "%s:%zu:%zu: %s", path, reading.number, column_of(&reading),
		       reading.why.text);
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

static enum err read_path(struct library *library, const char *path, bool is_pack, struct why *why)
{
	char *text = malloc(RULES_FILE_MAX + 1);
	size_t length = 0;
	enum err err;

	if (text == NULL)
		return err_why(ERR_NO_MEMORY, why, "%s: out of memory", path);
	err = read_file(path, text, &length, why);
	if (err == ERR_OK)
		err = read_text(library, text, length, path, is_pack, why);
	free(text);
	return err;
}

/* -------------------------------------------------------------- reading packs */

static enum err mark_seen(struct library *library, const char *name)
{
	void *items = library->seen.items;
	char **seen = rules_append(&items, &library->seen.count, sizeof(*seen));

	library->seen.items = items;
	if (seen == NULL)
		return ERR_NO_MEMORY;
	*seen = strdup(name);
	return *seen == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static bool is_seen(const struct library *library, const char *name)
{
	for (size_t i = 0; i < library->seen.count; i++) {
		if (strcmp(library->seen.items[i], name) == 0)
			return true;
	}
	return false;
}

/* Each pack is read once, so one that names itself ends. */
static enum err read_one_pack(struct reading *reading, const char *name)
{
	struct library *library = reading->library;
	char *path = NULL;
	enum err err;

	if (is_seen(library, name))
		return ERR_OK;
	if (mark_seen(library, name) != ERR_OK)
		return rules_out_of_memory(reading);
	err = packs_find(library->own_packs, name, &path, &reading->why);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_CONFIG : err;
	err = read_path(library, path, true, &reading->why);
	reading->placed = err != ERR_OK;
	free(path);
	return err;
}

static enum err read_pack(struct reading *reading, const char *name)
{
	struct conf_list names = {0};
	enum err err;

	if (strcmp(name, "*") != 0)
		return read_one_pack(reading, name);
	err = packs_names(reading->library->own_packs, &names);
	if (err != ERR_OK)
		return rules_out_of_memory(reading);
	for (size_t i = 0; err == ERR_OK && i < names.count; i++) {
		if (strcmp(names.items[i], "any") != 0)
			err = read_one_pack(reading, names.items[i]);
	}
	packs_free_names(&names);
	return err;
}

static enum err read_wanted_packs(struct library *library, const char *path, struct why *why)
{
	enum err err = ERR_OK;

	for (size_t i = 0; err == ERR_OK && i < library->wanted_count; i++) {
		const struct wanted_pack *wanted = &library->wanted[i];
		struct reading reading = {.library = library, .path = path};

		err = read_pack(&reading, wanted->name);
		if (err != ERR_OK && reading.placed)
			err_why(err, why, "%s", reading.why.text);
		else if (err != ERR_OK)
			err_why(err, why, "%s:%zu:%zu: %s", path, wanted->number,
				wanted->offset + 1, reading.why.text);
	}
	return err;
}

/* ------------------------------------------------------------------ the whole */

static enum err copy_guard(struct library *library)
{
	struct conf_list *copy = &library->rules->guard;

	copy->items = calloc(library->guard->count + 1, sizeof(*copy->items));
	if (copy->items == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < library->guard->count; i++) {
		copy->items[i] = strdup(library->guard->items[i]);
		if (copy->items[i] == NULL)
			return ERR_NO_MEMORY;
		copy->count++;
	}
	return ERR_OK;
}

static void free_strings(struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

static void free_library(struct library *library)
{
	for (size_t i = 0; i < library->draft_count; i++)
		rules_free_condition(&library->drafts[i].condition);
	for (size_t i = 0; i < library->phrase_count; i++) {
		free(library->phrases[i].words);
		free(library->phrases[i].text);
	}
	free_strings(&library->seen);
	free(library->drafts);
	free(library->phrases);
	free(library->wanted);
	free(library->own_packs);
}

/* text NULL: the file at path. */
static enum err read_all(struct library *library, const char *text, size_t length, const char *path,
			 struct why *why)
{
	enum err err = ERR_NO_MEMORY;

	library->rules = calloc(1, sizeof(*library->rules));
	if (library->rules != NULL)
		err = copy_guard(library);
	if (err != ERR_OK)
		return err_why(err, why, "%s: out of memory", path);
	err = text != NULL ? read_text(library, text, length, path, false, why)
			   : read_path(library, path, false, why);
	if (err == ERR_OK)
		err = read_wanted_packs(library, path, why);
	if (err != ERR_OK)
		return err;
	err = rules_index(library->rules, library->drafts, library->draft_count, library->phrases,
			  library->phrase_count);
	library->draft_count = 0;
	return err == ERR_OK ? ERR_OK : err_why(err, why, "%s: out of memory", path);
}

static enum err read_rules(struct library *library, const char *text, size_t length,
			   const char *path, struct rules **rules, struct why *why)
{
	enum err err = read_all(library, text, length, path, why);

	free_library(library);
	if (err == ERR_OK)
		*rules = library->rules;
	else
		rules_free(library->rules);
	return err;
}

enum err rules_read_text(const char *text, size_t length, const char *name,
			 const struct conf_list *guard, struct rules **rules, struct why *why)
{
	struct library library = {.guard = guard};

	return read_rules(&library, text, length, name, rules, why);
}

enum err rules_read(const char *path, const struct conf_list *guard, struct rules **rules,
		    struct why *why)
{
	struct library library = {.guard = guard};
	const char *slash = strrchr(path, '/');
	size_t directory = slash == NULL ? 0 : (size_t)(slash + 1 - path);

	if (asprintf(&library.own_packs, "%.*spacks", (int)directory, path) < 0)
		return err_why(ERR_NO_MEMORY, why, "%s: out of memory", path);
	return read_rules(&library, NULL, 0, path, rules, why);
}
