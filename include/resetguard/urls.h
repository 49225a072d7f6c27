/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * urls: patterns of links, by the grammar of `url` in rules.h, thousands of them
 * compared with one link in about the time of one.
 *
 * Each pattern is filed under one of its segments without wildcard, or else under
 * the name of a parameter.
 */
#ifndef RESETGUARD_URLS_H
#define RESETGUARD_URLS_H

#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"

enum {
	URLS_SEGMENTS_MAX = 12,	  /* of a pattern's path, and of its fragment */
	URLS_PARAMETERS_MAX = 8,  /* of either */
	URLS_PATTERN_MAX = 1024,  /* bytes of a pattern */
	URLS_EXPANDED_MAX = 2000, /* what the braces of one pattern stand for */
};

/* Patterns: after urls_index read-only, any thread. */
struct urls;

/* NULL: no memory. */
struct urls *urls_new(void);
void urls_free(struct urls *urls);

/* ERR_CONFIG with the offset of the fault in the pattern; why has no place. */
MUST_CHECK enum err urls_add(struct urls *urls, const char *pattern, uint32_t id,
			     size_t *fault_offset, struct why *why);
/* Once, after all have been added. */
MUST_CHECK enum err urls_index(struct urls *urls);

/* Calls hit for each pattern that the link matches, in no order, perhaps more than
 * once. No allocation. */
void urls_match(const struct urls *urls, const char *link, size_t length,
		void (*hit)(void *context, uint32_t id), void *context);

#endif
