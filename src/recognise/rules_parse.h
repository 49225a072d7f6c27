/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_parse: one line of the rule file, by the grammar in rules.h. */
#ifndef RESETGUARD_RULES_PARSE_H
#define RESETGUARD_RULES_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/conf.h"
#include "resetguard/err.h"
#include "resetguard/match.h"
#include "resetguard/rules.h"

enum rules_field { RULES_HEADER, RULES_SENDER, RULES_SASL_USER, RULES_URL };

enum rules_form {
	RULES_PRESENT, /* no pattern */
	RULES_TEXT,
	RULES_WILDCARDS, /* a text without quotes, in which * is a wildcard */
	RULES_REGEX,
	RULES_WORDS, /* text is the name of a list of words */
};

struct rules_condition {
	enum rules_field field; /* subject is the header of that name */
	enum rules_form form;
	bool negated;			 /* "!" before it */
	bool ignore_case;		 /* the flag i of a regex */
	char name[RULES_HEADER_MAX + 1]; /* of the header */
	size_t offset;			 /* of the text in the line, for errors found later */
	size_t length;
	char text[MATCH_PATTERN_MAX + 1]; /* without quotes or slashes */
};

enum rules_line_kind {
	RULES_LINE_EMPTY, /* or a comment */
	RULES_LINE_RULE,
	RULES_LINE_PACK,
	RULES_LINE_WORDS,
};

struct rules_line {
	enum rules_line_kind kind;
	char name[RULES_NAME_MAX + 1]; /* of the pack, "*" for all; or of the words */
	size_t offset;		       /* of the name in the line, or of the first word */
	size_t count;		       /* of conditions */
	struct rules_condition conditions[RULES_CONDITIONS_MAX];
	char class_name[CONF_CLASS_MAX + 1];
};

/* Of ASCII's letters. */
char rules_lower(char c);

/* The next of the words that a line lists, at offset; it is not NUL-terminated.
 * False: there is none. */
bool rules_next_words(const char *line, size_t length, size_t *offset, const char **words,
		      size_t *words_length);

/* ERR_CONFIG with the offset of the fault in the line; why has no place. parsed is
 * undefined then. */
MUST_CHECK enum err rules_parse_line(const char *line, size_t length, const struct conf_list *guard,
				     size_t *fault_offset, struct why *why,
				     struct rules_line *parsed);

#endif
