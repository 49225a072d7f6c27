/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_parse: one line of the rule file. */
#include "rules_parse.h"

#include <stdio.h>
#include <string.h>

struct parser {
	const char *line;
	size_t length;
	size_t at;
	const struct conf_list *guard;
	size_t fault; /* where */
	struct why *why;
};

static const char default_class[] = "password-reset";
static const char class_prefix[] = "class=";

#define FAIL(parser, offset, ...) \
	((parser)->fault = (offset), err_why(ERR_CONFIG, (parser)->why, __VA_ARGS__))

/* --------------------------------------------------------------- characters */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

char rules_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool at_end(const struct parser *parser)
{
	return parser->at == parser->length;
}

static void skip_blanks(struct parser *parser)
{
	while (!at_end(parser) && is_blank(parser->line[parser->at]))
		parser->at++;
}

/* Where the word that begins at offset ends. */
static size_t word_end(const struct parser *parser, size_t offset)
{
	while (offset < parser->length && !is_blank(parser->line[offset]))
		offset++;
	return offset;
}

static bool word_is(const struct parser *parser, size_t offset, const char *word)
{
	size_t length = word_end(parser, offset) - offset;

	return length == strlen(word) && memcmp(parser->line + offset, word, length) == 0;
}

static bool is_class_option(const struct parser *parser, size_t offset)
{
	size_t length = strlen(class_prefix);

	return parser->length - offset >= length &&
	       memcmp(parser->line + offset, class_prefix, length) == 0;
}

/* The word at offset, as far as a message shows it. */
struct shown {
	char text[64];
};

static struct shown show(const struct parser *parser, size_t offset)
{
	struct shown shown;

	snprintf(shown.text, sizeof(shown.text), "%.*s", (int)(word_end(parser, offset) - offset),
		 parser->line + offset);
	return shown;
}

/* ----------------------------------------------------------------- patterns */

static enum err append(struct parser *parser, struct rules_condition *condition, char c)
{
	if (condition->length == MATCH_PATTERN_MAX)
		return FAIL(parser, condition->offset, "the pattern is longer than %d bytes",
			    (int)MATCH_PATTERN_MAX);
	condition->text[condition->length++] = c;
	condition->text[condition->length] = '\0';
	return ERR_OK;
}

static enum err append_range(struct parser *parser, struct rules_condition *condition, size_t start,
			     size_t end)
{
	enum err err = ERR_OK;

	condition->offset = start;
	for (size_t i = start; i < end && err == ERR_OK; i++)
		err = append(parser, condition, parser->line[i]);
	return err;
}

/* What stands behind a closing quotation mark or slash. */
static enum err expect_blank(struct parser *parser)
{
	if (at_end(parser) || is_blank(parser->line[parser->at]))
		return ERR_OK;
	return FAIL(parser, parser->at, "the pattern ends here; a blank must follow");
}

static enum err parse_regex(struct parser *parser, struct rules_condition *condition)
{
	size_t start = parser->at + 1;
	size_t end = start;
	enum err err;

	while (end < parser->length && parser->line[end] != '/')
		end += parser->line[end] == '\\' ? 2 : 1;
	if (end >= parser->length)
		return FAIL(parser, parser->at,
			    "the regular expression does not end; close it with /, and write \\/ "
			    "for a / in it");
	if (end == start)
		return FAIL(parser, start,
			    "the regular expression is empty; \"header NAME\" "
			    "alone asks whether there is such a header");
	condition->form = RULES_REGEX;
	err = append_range(parser, condition, start, end);
	if (err != ERR_OK)
		return err;
	parser->at = end + 1;
	while (!at_end(parser) && !is_blank(parser->line[parser->at])) {
		if (parser->line[parser->at] != 'i')
			return FAIL(parser, parser->at,
				    "unknown flag; only i (ignore case) may follow the closing /, "
				    "and a / in the expression is written \\/");
		condition->ignore_case = true;
		parser->at++;
	}
	return ERR_OK;
}

static enum err parse_quoted(struct parser *parser, struct rules_condition *condition)
{
	size_t start = parser->at++;

	condition->form = RULES_TEXT;
	condition->offset = parser->at;
	while (!at_end(parser) && parser->line[parser->at] != '"') {
		enum err err;

		if (parser->line[parser->at] == '\\') {
			char next = '\0';

			if (parser->at + 1 < parser->length)
				next = parser->line[++parser->at];
			if (next != '"' && next != '\\')
				return FAIL(parser, parser->at,
					    "in quotes only \\\" and \\\\ follow a backslash");
		}
		err = append(parser, condition, parser->line[parser->at++]);
		if (err != ERR_OK)
			return err;
	}
	if (at_end(parser))
		return FAIL(parser, start, "the quoted text does not end; close it with \"");
	parser->at++;
	return expect_blank(parser);
}

static enum err parse_word(struct parser *parser, struct rules_condition *condition)
{
	size_t start = parser->at;

	condition->form = RULES_TEXT;
	parser->at = word_end(parser, start);
	return append_range(parser, condition, start, parser->at);
}

static bool names_guarded_class(const struct parser *parser, size_t start, size_t end)
{
	char word[CONF_CLASS_MAX + 1];

	if (end - start > CONF_CLASS_MAX)
		return false;
	snprintf(word, sizeof(word), "%.*s", (int)(end - start), parser->line + start);
	return conf_list_has(parser->guard, word);
}

/* Words with one blank between them: a tab or two blanks set off the class. */
static enum err parse_text(struct parser *parser, struct rules_condition *condition)
{
	size_t start = parser->at;
	size_t last_word;
	size_t end;

	condition->form = RULES_WILDCARDS;
	for (;;) {
		size_t gap;
		bool set_off;

		if (word_is(parser, parser->at, "#"))
			return FAIL(parser, parser->at,
				    "a comment stands on a line of its own; a "
				    "text with # goes in quotes");
		last_word = parser->at;
		end = word_end(parser, parser->at);
		parser->at = end;
		skip_blanks(parser);
		gap = parser->at - end;
		set_off = gap > 1 || (gap == 1 && parser->line[end] == '\t');
		if (at_end(parser) || set_off || is_class_option(parser, parser->at) ||
		    word_is(parser, parser->at, "&"))
			break;
	}
	if (at_end(parser) && last_word != start && names_guarded_class(parser, last_word, end))
		return FAIL(parser, last_word,
			    "\"%s\" may be the class or belong to the text; write class=%s, or put "
			    "the text in quotes",
			    show(parser, last_word).text, show(parser, last_word).text);
	return append_range(parser, condition, start, end);
}

static enum err parse_pattern(struct parser *parser, struct rules_condition *condition)
{
	skip_blanks(parser);
	if (at_end(parser) || word_is(parser, parser->at, "&") ||
	    is_class_option(parser, parser->at))
		return FAIL(parser, parser->at,
			    "a pattern is missing: a text, a \"quoted text\" or a /regular "
			    "expression/");
	if (parser->line[parser->at] == '/')
		return parse_regex(parser, condition);
	if (parser->line[parser->at] == '"')
		return parse_quoted(parser, condition);
	if (condition->field == RULES_HEADER)
		return parse_text(parser, condition);
	return parse_word(parser, condition);
}

/* --------------------------------------------------------------- conditions */

/* ftext of RFC 5322 3.6.8. */
static bool is_name_character(char c)
{
	return c > ' ' && c < 0x7f && c != ':';
}

static enum err parse_header(struct parser *parser, struct rules_condition *condition)
{
	size_t length = 0;
	size_t start;

	skip_blanks(parser);
	start = parser->at;
	while (!at_end(parser) && is_name_character(parser->line[parser->at])) {
		if (length == RULES_HEADER_MAX)
			return FAIL(parser, start, "the header's name is longer than %d characters",
				    (int)RULES_HEADER_MAX);
		condition->name[length++] = rules_lower(parser->line[parser->at++]);
	}
	condition->name[length] = '\0';
	if (length == 0 || strcmp(condition->name, "&") == 0 || is_class_option(parser, start))
		return FAIL(parser, start,
			    "the name of a header is missing, as in \"header "
			    "X-Mail-Class: password-reset\"");
	if (at_end(parser) || is_blank(parser->line[parser->at])) {
		condition->form = RULES_PRESENT;
		return ERR_OK;
	}
	if (parser->line[parser->at] != ':')
		return FAIL(parser, parser->at, "a header's name has printable ASCII characters");
	parser->at++;
	return parse_pattern(parser, condition);
}

static enum err parse_subject(struct parser *parser, struct rules_condition *condition)
{
	strcpy(condition->name, "subject");
	return parse_pattern(parser, condition);
}

/* The name of a pack or of a list of words. */
static enum err parse_name(struct parser *parser, const char *what, char name[RULES_NAME_MAX + 1],
			   size_t *offset)
{
	size_t start;
	size_t end;

	skip_blanks(parser);
	start = parser->at;
	end = word_end(parser, start);
	if (end == start || end - start > RULES_NAME_MAX)
		return FAIL(parser, start, "the name of %s has 1 to %d characters", what,
			    (int)RULES_NAME_MAX);
	for (size_t i = start; i < end; i++) {
		char c = parser->line[i];

		if (!is_letter_or_digit(c) && (i == start || (c != '-' && c != '.')))
			return FAIL(parser, i,
				    "the name of %s has lower-case letters, digits, - and .", what);
	}
	snprintf(name, RULES_NAME_MAX + 1, "%.*s", (int)(end - start), parser->line + start);
	*offset = start;
	parser->at = end;
	return ERR_OK;
}

static enum err parse_subject_has(struct parser *parser, struct rules_condition *condition)
{
	char name[RULES_NAME_MAX + 1];
	enum err err = parse_name(parser, "words", name, &condition->offset);

	if (err != ERR_OK)
		return err;
	condition->form = RULES_WORDS;
	condition->length = strlen(name);
	strcpy(condition->text, name);
	strcpy(condition->name, "subject");
	return ERR_OK;
}

static enum err parse_url(struct parser *parser, struct rules_condition *condition)
{
	skip_blanks(parser);
	if (at_end(parser) || strchr("/#{", parser->line[parser->at]) == NULL)
		return FAIL(parser, parser->at,
			    "the path of a link is missing, as in \"url /reset-password/*\"");
	return parse_word(parser, condition);
}

struct field {
	const char *word;
	enum rules_field field;
	enum err (*parse)(struct parser *parser, struct rules_condition *condition);
};

static const struct field fields[] = {
	{"header", RULES_HEADER, parse_header},	 {"subject", RULES_HEADER, parse_subject},
	{"sender", RULES_SENDER, parse_pattern}, {"sasl_user", RULES_SASL_USER, parse_pattern},
	{"url", RULES_URL, parse_url},		 {"subject_has", RULES_HEADER, parse_subject_has},
};

static const char field_words[] = "header, subject, subject_has, sender, sasl_user and url";

/* The field that begins most like the word at start; NULL if none does. */
static const char *nearest_field(const struct parser *parser, size_t start)
{
	size_t most = 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t common = 0;

		while (start + common < parser->length && fields[i].word[common] != '\0' &&
		       rules_lower(parser->line[start + common]) == fields[i].word[common])
			common++;
		if (common > most) {
			most = common;
			nearest = fields[i].word;
		}
	}
	return nearest;
}

static enum err unknown_field(struct parser *parser, size_t start)
{
	const char *nearest = nearest_field(parser, start);

	if (word_is(parser, start, "pack") || word_is(parser, start, "words"))
		return FAIL(parser, start, "\"%s\" begins a line of its own",
			    show(parser, start).text);
	if (nearest != NULL)
		return FAIL(parser, start,
			    "unknown field \"%s\", did you mean %s? The fields are %s",
			    show(parser, start).text, nearest, field_words);
	return FAIL(parser, start,
		    "unknown field \"%s\"; the fields are %s, and a text with & goes in quotes",
		    show(parser, start).text, field_words);
}

static enum err parse_condition(struct parser *parser, struct rules_condition *condition)
{
	size_t start;

	skip_blanks(parser);
	start = parser->at;
	if (at_end(parser))
		return FAIL(parser, start, "a condition is missing behind &");
	memset(condition, 0, sizeof(*condition));
	if (parser->line[start] == '!') {
		condition->negated = true;
		start++;
	}
	parser->at = word_end(parser, start);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!word_is(parser, start, fields[i].word))
			continue;
		condition->field = fields[i].field;
		return fields[i].parse(parser, condition);
	}
	return unknown_field(parser, start);
}

/* -------------------------------------------------------------------- class */

static enum err parse_class(struct parser *parser, const struct rules_condition *behind,
			    char *class_name)
{
	size_t start = parser->at;
	bool option = is_class_option(parser, start);
	size_t end;

	if (parser->line[start] == '#')
		return FAIL(parser, start, "a comment stands on a line of its own");
	if (!option && behind->form == RULES_PRESENT)
		return FAIL(parser, start,
			    "write \"header %s: %s\" for a value, or class=%s for "
			    "a class",
			    behind->name, show(parser, start).text, show(parser, start).text);
	if (option)
		start += strlen(class_prefix);
	end = word_end(parser, start);
	for (size_t i = start; i < end; i++) {
		char c = parser->line[i];

		if (!is_letter_or_digit(c) && (i == start || strchr("-_.", c) == NULL))
			return FAIL(parser, i,
				    "\"%s\" is no class: it has lower-case letters, "
				    "digits, - _ and .; a text of several words goes in "
				    "quotes",
				    show(parser, start).text);
	}
	if (end == start || end - start > CONF_CLASS_MAX)
		return FAIL(parser, start, "a class has 1 to %d characters", (int)CONF_CLASS_MAX);
	snprintf(class_name, CONF_CLASS_MAX + 1, "%.*s", (int)(end - start), parser->line + start);
	parser->at = end;
	skip_blanks(parser);
	if (at_end(parser))
		return ERR_OK;
	return FAIL(parser, parser->at,
		    "nothing may follow the class; a text of several words "
		    "goes in quotes, a comment on a line of its own");
}

static enum err parse_conditions(struct parser *parser, struct rules_line *parsed)
{
	for (;;) {
		struct rules_condition *condition = &parsed->conditions[parsed->count];
		enum err err = parse_condition(parser, condition);

		if (err != ERR_OK)
			return err;
		parsed->count++;
		skip_blanks(parser);
		if (at_end(parser))
			return ERR_OK;
		if (!word_is(parser, parser->at, "&"))
			return parse_class(parser, condition, parsed->class_name);
		if (parsed->count == RULES_CONDITIONS_MAX)
			return FAIL(parser, parser->at, "a rule has at most %d conditions",
				    (int)RULES_CONDITIONS_MAX);
		parser->at++;
	}
}

static enum err parse_rule(struct parser *parser, struct rules_line *parsed)
{
	size_t start = parser->at;
	enum err err = parse_conditions(parser, parsed);

	parsed->kind = RULES_LINE_RULE;
	for (size_t i = 0; err == ERR_OK && i < parsed->count; i++) {
		if (!parsed->conditions[i].negated)
			return ERR_OK;
	}
	return err != ERR_OK ? err
			     : FAIL(parser, start, "a rule needs a condition without ! as well");
}

/* ------------------------------------------------------------ packs and words */

static enum err parse_pack(struct parser *parser, struct rules_line *parsed)
{
	enum err err = ERR_OK;

	parsed->kind = RULES_LINE_PACK;
	parser->at = word_end(parser, parser->at);
	skip_blanks(parser);
	if (word_is(parser, parser->at, "*")) {
		strcpy(parsed->name, "*");
		parsed->offset = parser->at++;
	} else {
		err = parse_name(parser, "a pack", parsed->name, &parsed->offset);
	}
	if (err != ERR_OK)
		return err;
	skip_blanks(parser);
	return at_end(parser) ? ERR_OK
			      : FAIL(parser, parser->at,
				     "nothing may follow the name of a pack; each has its line");
}

bool rules_next_words(const char *line, size_t length, size_t *offset, const char **words,
		      size_t *words_length)
{
	size_t start = *offset;
	size_t end;

	while (start < length && (is_blank(line[start]) || line[start] == '|'))
		start++;
	end = start;
	while (end < length && line[end] != '|')
		end++;
	*offset = end;
	while (end > start && is_blank(line[end - 1]))
		end--;
	*words = line + start;
	*words_length = end - start;
	return end != start;
}

static enum err parse_words(struct parser *parser, struct rules_line *parsed)
{
	const char *words;
	size_t words_length;
	size_t offset;
	enum err err;

	parsed->kind = RULES_LINE_WORDS;
	parser->at = word_end(parser, parser->at);
	err = parse_name(parser, "words", parsed->name, &parsed->offset);
	if (err != ERR_OK)
		return err;
	parsed->offset = parser->at;
	offset = parser->at;
	if (!rules_next_words(parser->line, parser->length, &offset, &words, &words_length))
		return FAIL(parser, parser->at,
			    "the words are missing, as in \"words %s a | b c*\"", parsed->name);
	return ERR_OK;
}

enum err rules_parse_line(const char *line, size_t length, const struct conf_list *guard,
			  size_t *fault_offset, struct why *why, struct rules_line *parsed)
{
	struct parser parser = {.line = line, .length = length, .guard = guard, .why = why};
	enum err err;

	parsed->kind = RULES_LINE_EMPTY;
	parsed->count = 0;
	strcpy(parsed->class_name, default_class);
	skip_blanks(&parser);
	if (at_end(&parser) || line[parser.at] == '#')
		return ERR_OK;
	if (word_is(&parser, parser.at, "pack"))
		err = parse_pack(&parser, parsed);
	else if (word_is(&parser, parser.at, "words"))
		err = parse_words(&parser, parsed);
	else
		err = parse_rule(&parser, parsed);
	if (err != ERR_OK)
		*fault_offset = parser.fault < length ? parser.fault : length;
	return err;
}
