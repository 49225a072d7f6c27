/* SPDX-License-Identifier: BSD-2-Clause */
/* urls: patterns of links, compared with one link. */
#include "resetguard/urls.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	LINK_MAX = 4096,	  /* bytes of a link that are compared */
	LINK_SEGMENTS_MAX = 32,	  /* of its path, and of its fragment */
	LINK_PARAMETERS_MAX = 32, /* of either */
	NESTED_MAX = 8,		  /* braces within braces */
	SLOT_BITS = 14,
};

/* What a pattern may be filed under. */
enum key { KEY_PATH, KEY_FRAGMENT, KEY_PATH_NAME, KEY_FRAGMENT_NAME, KEY_NONE };

/* A path with its query, or a fragment seen as such. Offsets in text. */
struct pattern_place {
	unsigned char segment_count;
	unsigned char parameter_count;
	bool goes_on; /* a "/" ends it: one more segment follows */
	bool query;
	uint16_t segments[URLS_SEGMENTS_MAX];
	uint16_t names[URLS_PARAMETERS_MAX];
	uint16_t values[URLS_PARAMETERS_MAX];
};

struct pattern {
	uint32_t id;
	uint32_t next; /* filed under the same hash, index + 1 */
	enum key key;
	unsigned char key_index; /* of the segment or parameter */
	bool fragment;
	struct pattern_place path;
	struct pattern_place route; /* the fragment's */
	char *text;
};

struct urls {
	size_t count;
	struct pattern *patterns;
	uint32_t *slots; /* by hash of the key: index of a pattern + 1, 0: none */
	uint32_t unfiled;
};

struct urls *urls_new(void)
{
	return calloc(1, sizeof(struct urls));
}

void urls_free(struct urls *urls)
{
	if (urls == NULL)
		return;
	for (size_t i = 0; i < urls->count; i++)
		free(urls->patterns[i].text);
	free(urls->patterns);
	free(urls->slots);
	free(urls);
}

static char lower(char c)
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
		*c = lower(*c);
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

/* ------------------------------------------------------------------- filing */

static uint32_t hash_key(enum key key, const char *text)
{
	uint32_t hash = (UINT32_C(2166136261) ^ (uint32_t)key) * UINT32_C(16777619);

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
	return (hash ^ hash >> 16) & ((1U << SLOT_BITS) - 1);
}

struct filing {
	const uint32_t *counts; /* of patterns with such a key; NULL: they are counted now */
	uint32_t *counting;
	uint32_t least;
	uint32_t hash;
};

static void consider(struct pattern *pattern, struct filing *filing, enum key key, size_t index,
		     uint16_t offset)
{
	const char *text = pattern->text + offset;
	uint32_t hash = hash_key(key, text);

	if (*text == '\0' || strpbrk(text, "*|") != NULL)
		return;
	if (filing->counts == NULL) {
		filing->counting[hash]++;
		return;
	}
	if (filing->counts[hash] >= filing->least)
		return;
	filing->least = filing->counts[hash];
	filing->hash = hash;
	pattern->key = key;
	pattern->key_index = (unsigned char)index;
}

static void consider_all(struct pattern *pattern, struct filing *filing)
{
	const struct pattern_place *path = &pattern->path;
	const struct pattern_place *route = &pattern->route;

	for (size_t i = 0; i < path->segment_count; i++)
		consider(pattern, filing, KEY_PATH, i, path->segments[i]);
	for (size_t i = 0; i < path->parameter_count; i++)
		consider(pattern, filing, KEY_PATH_NAME, i, path->names[i]);
	for (size_t i = 0; i < route->segment_count; i++)
		consider(pattern, filing, KEY_FRAGMENT, i, route->segments[i]);
	for (size_t i = 0; i < route->parameter_count; i++)
		consider(pattern, filing, KEY_FRAGMENT_NAME, i, route->names[i]);
}

enum err urls_index(struct urls *urls)
{
	uint32_t *counts = calloc(1U << SLOT_BITS, sizeof(*counts));

	urls->slots = calloc(1U << SLOT_BITS, sizeof(*urls->slots));
	if (counts == NULL || urls->slots == NULL) {
		free(counts);
		return ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < urls->count; i++)
		consider_all(&urls->patterns[i], &(struct filing){.counting = counts});
	for (size_t i = 0; i < urls->count; i++) {
		struct pattern *pattern = &urls->patterns[i];
		struct filing filing = {.counts = counts, .least = UINT32_MAX};
		uint32_t *first = &urls->unfiled;

		pattern->key = KEY_NONE;
		consider_all(pattern, &filing);
		if (pattern->key != KEY_NONE)
			first = &urls->slots[filing.hash];
		pattern->next = *first;
		*first = (uint32_t)i + 1;
	}
	free(counts);
	return ERR_OK;
}

/* ------------------------------------------------------------------- a link */

struct link_place {
	size_t segment_count;
	size_t parameter_count;
	const char *segments[LINK_SEGMENTS_MAX];
	const char *names[LINK_PARAMETERS_MAX];
	const char *values[LINK_PARAMETERS_MAX];
};

struct link {
	struct link_place path;
	struct link_place route;
	bool fragment;
	char text[LINK_MAX + 1];
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undoes %XX once, in place, after the parts have been cut apart. */
static const char *decode(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		int high = *from == '%' ? hex_digit(from[1]) : -1;
		int low = high >= 0 ? hex_digit(from[2]) : -1;
		char c = *from;

		if (low >= 0 && (high | low) != 0) {
			c = (char)(high << 4 | low);
			from += 2;
		}
		*to++ = lower(c);
	}
	*to = '\0';
	return text;
}

static void split_link_query(struct link_place *place, char *query)
{
	while (query != NULL && place->parameter_count < LINK_PARAMETERS_MAX) {
		char *next = strchr(query, '&');
		char *value;

		if (next != NULL)
			*next++ = '\0';
		value = strchr(query, '=');
		if (value != NULL)
			*value++ = '\0';
		place->names[place->parameter_count] = decode(query);
		place->values[place->parameter_count] = value == NULL ? "" : decode(value);
		place->parameter_count++;
		query = next;
	}
}

static void split_link_place(struct link_place *place, char *text)
{
	char *query = strchr(text, '?');
	char *segment = text + (*text == '/' ? 1 : 0);

	if (query != NULL)
		*query++ = '\0';
	while (segment != NULL && place->segment_count < LINK_SEGMENTS_MAX) {
		char *slash = strchr(segment, '/');

		if (slash != NULL)
			*slash++ = '\0';
		place->segments[place->segment_count++] = decode(segment);
		segment = slash;
	}
	split_link_query(place, query);
}

/* Of http the host is left out; of an application's own scheme it is a segment. */
static void split_link(struct link *link, const char *text, size_t length)
{
	char *authority;
	char *fragment;

	link->path.segment_count = 0;
	link->path.parameter_count = 0;
	link->route.segment_count = 0;
	link->route.parameter_count = 0;
	link->fragment = false;
	if (length > LINK_MAX)
		length = LINK_MAX;
	memcpy(link->text, text, length);
	link->text[length] = '\0';
	authority = strstr(link->text, "://");
	if (authority == NULL)
		return;
	authority += 3;
	if (strncasecmp(link->text, "http", 4) == 0)
		authority += strcspn(authority, "/?#");
	fragment = strchr(authority, '#');
	if (fragment != NULL) {
		*fragment++ = '\0';
		if (*fragment == '!')
			fragment++;
		link->fragment = true;
		split_link_place(&link->route, fragment);
	}
	split_link_place(&link->path, authority);
}

/* ---------------------------------------------------------------- comparing */

/* '*' is one or more characters. */
static bool glob(const char *pattern, const char *text)
{
	const char *behind = NULL; /* the last '*' */
	const char *taken = NULL;  /* up to where it reaches */

	for (;;) {
		if (*pattern == '*') {
			if (*text == '\0')
				return false;
			behind = ++pattern;
			taken = ++text;
		} else if (*pattern == *text && *text != '\0') {
			pattern++;
			text++;
		} else if (*pattern == '\0' && *text == '\0') {
			return true;
		} else if (behind == NULL || *taken == '\0') {
			return false;
		} else {
			pattern = behind;
			text = ++taken;
		}
	}
}

/* One of the alternatives that '|' separates. */
static bool glob_any(const char *alternatives, const char *text)
{
	for (;;) {
		char one[URLS_PATTERN_MAX + 1];
		size_t length = strcspn(alternatives, "|");

		memcpy(one, alternatives, length);
		one[length] = '\0';
		if (glob(one, text))
			return true;
		if (alternatives[length] == '\0')
			return false;
		alternatives += length + 1;
	}
}

static bool query_matches(const struct pattern *pattern, const struct pattern_place *place,
			  const struct link_place *link)
{
	for (size_t i = 0; i < place->parameter_count; i++) {
		const char *name = pattern->text + place->names[i];
		const char *value = pattern->text + place->values[i];
		bool found = false;

		for (size_t j = 0; j < link->parameter_count && !found; j++)
			found = glob_any(name, link->names[j]) && glob_any(value, link->values[j]);
		if (!found)
			return false;
	}
	return true;
}

static bool path_matches_at(const struct pattern *pattern, const struct pattern_place *place,
			    const struct link_place *link, size_t start)
{
	size_t end = start + place->segment_count;

	if (end > link->segment_count)
		return false;
	for (size_t i = 0; i < place->segment_count; i++) {
		if (!glob(pattern->text + place->segments[i], link->segments[start + i]))
			return false;
	}
	if (place->goes_on && end == link->segment_count)
		return false;
	/* A query belongs to the end of the path, or to a slash behind it. */
	if (place->query && end < link->segment_count)
		return end + 1 == link->segment_count && link->segments[end][0] == '\0';
	return true;
}

/* key_at: where in the link the segment is that the pattern is filed under, if it is
 * filed under one of this place. */
static bool place_matches(const struct pattern *pattern, const struct pattern_place *place,
			  const struct link_place *link, const size_t *key_at)
{
	if (place->query && !query_matches(pattern, place, link))
		return false;
	if (place->segment_count == 0)
		return true;
	if (key_at != NULL)
		return *key_at >= pattern->key_index &&
		       path_matches_at(pattern, place, link, *key_at - pattern->key_index);
	for (size_t start = 0; start < link->segment_count; start++) {
		if (path_matches_at(pattern, place, link, start))
			return true;
	}
	return false;
}

struct matching {
	const struct urls *urls;
	const struct link *link;
	void (*hit)(void *context, uint32_t id);
	void *context;
};

static void match_filed(const struct matching *matching, uint32_t index, enum key key, size_t at)
{
	while (index != 0) {
		const struct pattern *pattern = &matching->urls->patterns[index - 1];
		const struct link *link = matching->link;

		index = pattern->next;
		if (pattern->key == key && link->fragment >= pattern->fragment &&
		    place_matches(pattern, &pattern->path, &link->path,
				  key == KEY_PATH ? &at : NULL) &&
		    place_matches(pattern, &pattern->route, &link->route,
				  key == KEY_FRAGMENT ? &at : NULL))
			matching->hit(matching->context, pattern->id);
	}
}

static void match_keys(const struct matching *matching, enum key key, const char *const *texts,
		       size_t count)
{
	for (size_t i = 0; i < count; i++)
		match_filed(matching, matching->urls->slots[hash_key(key, texts[i])], key, i);
}

void urls_match(const struct urls *urls, const char *link, size_t length,
		void (*hit)(void *context, uint32_t id), void *context)
{
	struct link split;
	struct matching matching = {urls, &split, hit, context};

	split_link(&split, link, length);
	match_keys(&matching, KEY_PATH, split.path.segments, split.path.segment_count);
	match_keys(&matching, KEY_PATH_NAME, split.path.names, split.path.parameter_count);
	match_keys(&matching, KEY_FRAGMENT, split.route.segments, split.route.segment_count);
	match_keys(&matching, KEY_FRAGMENT_NAME, split.route.names, split.route.parameter_count);
	match_filed(&matching, urls->unfiled, KEY_NONE, 0);
}
