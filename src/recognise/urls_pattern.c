/* SPDX-License-Identifier: BSD-2-Clause */
/* urls_pattern: patterns of links as they are written. */
#include "urls_pattern.h"

#include <stdlib.h>
#include <string.h>

enum { NESTED_MAX = 8 /* braces within braces */ };

char urls_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* ---------------------------------------------------------------- a pattern */

/* Ends the part at its offset with NUL where the next one begins. */
static uint16_t offset_of(const struct pattern *pattern, const char *at)
{
	return (uint16_t)(at - pattern->text);
}

static enum err split_query(struct pattern *pattern, struct pattern_place *place, char *query,
			    struct why *why)
{
	char *save = NULL;
	char *part;

	place->query = true;
	for (part = strtok_r(query, "&", &save); part != NULL; part = strtok_r(NULL, "&", &save)) {
		char *equals = strchr(part, '=');

		if (place->parameter_count == URLS_PARAMETERS_MAX)
			return err_why(ERR_CONFIG, why, "a url has at most %d parameters",
				       (int)URLS_PARAMETERS_MAX);
		if (equals == NULL || equals == part)
			return err_why(ERR_CONFIG, why,
				       "\"%.64s\" is no parameter; write name=value or name=*",
				       part);
		*equals = '\0';
		place->names[place->parameter_count] = offset_of(pattern, part);
		place->values[place->parameter_count] = offset_of(pattern, equals + 1);
		place->parameter_count++;
	}
	if (place->parameter_count == 0)
		return err_why(ERR_CONFIG, why, "a parameter is missing behind ?");
	return ERR_OK;
}

static enum err split_place(struct pattern *pattern, struct pattern_place *place, char *text,
			    struct why *why)
{
	char *query = strchr(text, '?');
	char *segment = text + (*text == '/' ? 1 : 0);

	if (query != NULL)
		*query++ = '\0';
	while (*segment != '\0') {
		char *slash = strchr(segment, '/');

		if (place->segment_count == URLS_SEGMENTS_MAX)
			return err_why(ERR_CONFIG, why, "a url has at most %d segments",
				       (int)URLS_SEGMENTS_MAX);
		place->segments[place->segment_count++] = offset_of(pattern, segment);
		place->goes_on = slash != NULL && slash[1] == '\0' && query == NULL;
		if (slash == NULL)
			break;
		*slash = '\0';
		segment = slash + 1;
	}
	return query == NULL ? ERR_OK : split_query(pattern, place, query, why);
}

static enum err add_expanded(struct urls *urls, const char *text, uint32_t id, struct why *why)
{
	struct pattern *pattern;
	char *fragment;
	enum err err;

	if (text[0] != '/' && text[0] != '#')
		return err_why(ERR_CONFIG, why,
			       "a url begins with / or #, as in /reset-password/*");
	if ((urls->count & (urls->count - 1)) == 0) {
		size_t room = urls->count == 0 ? 1 : 2 * urls->count;
		struct pattern *grown = realloc(urls->patterns, room * sizeof(*grown));

		if (grown == NULL)
			return err_why(ERR_NO_MEMORY, why, "out of memory");
		urls->patterns = grown;
	}
	pattern = &urls->patterns[urls->count];
	memset(pattern, 0, sizeof(*pattern));
	pattern->id = id;
	pattern->text = strdup(text);
	if (pattern->text == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	urls->count++;
	for (char *c = pattern->text; *c != '\0'; c++)
		*c = urls_lower(*c);
	fragment = strchr(pattern->text, '#');
	pattern->fragment = fragment != NULL;
	if (fragment != NULL)
		*fragment++ = '\0';
	err = split_place(pattern, &pattern->path, pattern->text, why);
	if (err == ERR_OK && fragment != NULL)
		err = split_place(pattern, &pattern->route, fragment, why);
	if (err == ERR_OK && pattern->path.segment_count + pattern->path.parameter_count +
					     pattern->route.segment_count +
					     pattern->route.parameter_count ==
				     0)
		err = err_why(ERR_CONFIG, why, "this url would match every link");
	return err;
}

/* ------------------------------------------------------------------- braces */

struct expansion {
	struct urls *urls;
	uint32_t id;
	size_t count;
	struct why *why;
};

/* The end of the alternative that begins here: its comma or the closing brace. */
static const char *alternative_end(const char *at)
{
	unsigned depth = 0;

	for (; *at != '\0'; at++) {
		if (*at == '{')
			depth++;
		else if (depth == 0 && (*at == ',' || *at == '}'))
			return at;
		else if (*at == '}')
			depth--;
	}
	return at;
}

/* Expands the first braces of text, and what is left of it after that. */
static enum err expand(struct expansion *expansion, const char *text, unsigned depth)
{
	const char *open = strchr(text, '{');
	const char *at = open;
	const char *close;

	if (open == NULL) {
		if (expansion->count++ == URLS_EXPANDED_MAX)
			return err_why(ERR_CONFIG, expansion->why,
				       "the braces stand for more than %d urls",
				       (int)URLS_EXPANDED_MAX);
		return add_expanded(expansion->urls, text, expansion->id, expansion->why);
	}
	if (depth == NESTED_MAX)
		return err_why(ERR_CONFIG, expansion->why, "a url has at most %d braces",
			       (int)NESTED_MAX);
	for (close = open + 1; *alternative_end(close) == ','; close = alternative_end(close) + 1)
		;
	close = alternative_end(close);
	while (at != close) {
		const char *end = alternative_end(at + 1);
		char one[URLS_PATTERN_MAX + 1];
		size_t before = (size_t)(open - text);
		size_t length = (size_t)(end - at - 1);
		enum err err;

		memcpy(one, text, before);
		memcpy(one + before, at + 1, length);
		strcpy(one + before + length, close + 1);
		err = expand(expansion, one, depth + 1);
		if (err != ERR_OK)
			return err;
		at = end;
	}
	return ERR_OK;
}

/* NULL if each brace has its counterpart, else the place of one that has none. */
static const char *lone_brace(const char *pattern)
{
	const char *open = NULL;
	unsigned depth = 0;

	for (const char *at = pattern; *at != '\0'; at++) {
		if (*at == '{' && depth++ == 0)
			open = at;
		if (*at == '}' && depth-- == 0)
			return at;
	}
	return depth == 0 ? NULL : open;
}

enum err urls_add(struct urls *urls, const char *pattern, uint32_t id, size_t *fault_offset,
		  struct why *why)
{
	struct expansion expansion = {.urls = urls, .id = id, .why = why};
	const char *lone = lone_brace(pattern);

	*fault_offset = 0;
	if (strlen(pattern) > URLS_PATTERN_MAX)
		return err_why(ERR_CONFIG, why, "a url has at most %d bytes",
			       (int)URLS_PATTERN_MAX);
	if (lone != NULL) {
		*fault_offset = (size_t)(lone - pattern);
		return err_why(ERR_CONFIG, why,
			       "this brace has no counterpart; alternatives are written {a,b}");
	}
	return expand(&expansion, pattern, 0);
}
