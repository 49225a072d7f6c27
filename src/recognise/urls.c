/* SPDX-License-Identifier: BSD-2-Clause */
/* urls: patterns of links, compared with one link. */
#include "resetguard/urls.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "urls_pattern.h"

enum {
	LINK_MAX = 4096,	  /* bytes of a link that are compared */
	LINK_SEGMENTS_MAX = 32,	  /* of its path, and of its fragment */
	LINK_PARAMETERS_MAX = 32, /* of either */
	SLOT_BITS = 14,
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
	c = urls_lower(c);
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
		*to++ = urls_lower(c);
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
