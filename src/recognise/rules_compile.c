/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_compile: what one condition asks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/mailbox.h"
#include "resetguard/mime.h"
#include "resetguard/utf8.h"
#include "rules_reading.h"

static const char not_utf8[] = "the text is not UTF-8; save the file as UTF-8";

enum err rules_out_of_memory(struct reading *reading)
{
	return err_why(ERR_NO_MEMORY, &reading->why, "out of memory");
}

static enum err compile_text(struct reading *reading, const struct rules_condition *parsed,
			     struct condition *condition)
{
	char normal[4 * MATCH_PATTERN_MAX];
	bool wildcards = parsed->form == RULES_WILDCARDS;
	enum err err;

	condition->kind = CONDITION_TEXT;
	err = mime_normalise_pattern(parsed->text, parsed->length, wildcards, normal,
				     sizeof(normal));
	if (err == ERR_DATA)
		return err_why(ERR_CONFIG, &reading->why, "%s", not_utf8);
	if (err != ERR_OK)
		return err_why(ERR_CONFIG, &reading->why, "the text is too long");
	if (wildcards && normal[strspn(normal, " \1")] == '\0')
		return err_why(ERR_CONFIG, &reading->why,
			       "a text needs more than *; \"header NAME\" alone asks whether there "
			       "is such a header");
	condition->text = strdup(normal);
	return condition->text == NULL ? rules_out_of_memory(reading) : ERR_OK;
}

static enum err compile_pattern(struct reading *reading, const struct rules_condition *parsed,
				struct condition *condition)
{
	size_t inside = 0;
	enum err err;

	condition->kind = CONDITION_PATTERN;
	condition->ignore_case =
		parsed->form != RULES_REGEX || parsed->ignore_case || parsed->field == RULES_SENDER;
	if (parsed->form != RULES_REGEX && !utf8_is_valid(parsed->text, parsed->length))
		return err_why(ERR_CONFIG, &reading->why, "%s", not_utf8);
	condition->text = strndup(parsed->text, parsed->length);
	if (condition->text == NULL)
		return rules_out_of_memory(reading);
	err = parsed->form == RULES_REGEX
		      ? match_compile(parsed->text, parsed->length, condition->ignore_case,
				      &condition->pattern, &inside, &reading->why)
		      : match_compile_text(parsed->text, parsed->length, &condition->pattern,
					   &inside, &reading->why);
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
		return rules_out_of_memory(reading);
	if (err != ERR_OK)
		return err_why(ERR_CONFIG, &reading->why,
			       "\"%.64s\" is no sender; write an address, @domain, <> or a "
			       "/regular expression/",
			       parsed->text);
	if (asprintf(&condition->text, "%s@%s", mailbox.local, mailbox.host.name) < 0) {
		condition->text = NULL;
		return rules_out_of_memory(reading);
	}
	return ERR_OK;
}

enum err rules_name_words(struct reading *reading, const char *name, char **words)
{
	if (asprintf(words, "%zu %s", reading->file, name) >= 0)
		return ERR_OK;
	*words = NULL;
	return rules_out_of_memory(reading);
}

static enum err compile_words(struct reading *reading, const struct rules_condition *parsed,
			      struct condition *condition)
{
	const struct library *library = reading->library;
	enum err err = rules_name_words(reading, parsed->text, &condition->text);

	condition->kind = CONDITION_WORDS;
	for (size_t i = library->phrase_count; err == ERR_OK && i-- > 0;) {
		if (strcmp(library->phrases[i].words, condition->text) == 0)
			return ERR_OK;
	}
	if (err != ERR_OK)
		return err;
	return err_why(ERR_CONFIG, &reading->why,
		       "there are no words \"%s\" above; write \"words %s a | b c*\" first",
		       parsed->text, parsed->text);
}

/* Compiled once more with all others; here for the sake of its errors. */
static enum err compile_url(struct reading *reading, const struct rules_condition *parsed,
			    struct condition *condition)
{
	struct urls *urls = urls_new();
	size_t inside = 0;
	enum err err;

	condition->kind = CONDITION_URL;
	condition->text = strdup(parsed->text);
	if (urls == NULL || condition->text == NULL) {
		urls_free(urls);
		return rules_out_of_memory(reading);
	}
	err = urls_add(urls, condition->text, 0, &inside, &reading->why);
	reading->fault_offset += inside;
	urls_free(urls);
	return err;
}

enum err rules_compile(struct reading *reading, const struct rules_condition *parsed,
		       struct condition *condition)
{
	reading->fault_offset = parsed->offset;
	condition->field = parsed->field;
	condition->name = strdup(parsed->name);
	if (condition->name == NULL)
		return rules_out_of_memory(reading);
	if (parsed->form == RULES_PRESENT) {
		condition->kind = CONDITION_PRESENT;
		return ERR_OK;
	}
	if (parsed->field == RULES_URL)
		return compile_url(reading, parsed, condition);
	if (parsed->form == RULES_WORDS)
		return compile_words(reading, parsed, condition);
	if (parsed->field == RULES_SENDER && parsed->form == RULES_TEXT)
		return compile_sender(reading, parsed, condition);
	if (parsed->field == RULES_HEADER && parsed->form != RULES_REGEX)
		return compile_text(reading, parsed, condition);
	return compile_pattern(reading, parsed, condition);
}
