/* SPDX-License-Identifier: BSD-2-Clause */
/* urls_pattern: what urls_pattern.c makes of patterns, and urls.c compares. */
#ifndef RESETGUARD_URLS_PATTERN_H
#define RESETGUARD_URLS_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/urls.h"

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

/* Of ASCII's letters. */
char urls_lower(char c);

#endif
