/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match: regular expressions with PCRE2, with limits so that no text can make a
 * pattern explode.
 */
#ifndef RESETGUARD_MATCH_H
#define RESETGUARD_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/err.h"

enum {
	MATCH_PATTERN_MAX = 2048, /* bytes of a pattern */
	MATCH_LIMIT = 100000,	  /* PCRE2 match limit */
	MATCH_DEPTH_LIMIT = 1000,
	MATCH_HEAP_LIMIT_KIB = 256,
};

enum match_result {
	MATCH_NO,
	MATCH_YES,
	MATCH_UNDECIDED, /* a limit was reached first */
};

/* A compiled pattern: read-only, any thread. */
struct match;

/* A regular expression, with Unicode's letters and cases. ERR_CONFIG with the
 * offset of the fault, in bytes from the pattern's start; why says what is
 * wrong, without a place. The caller frees. */
MUST_CHECK enum err match_compile(const char *pattern, size_t length, bool ignore_case,
				  struct match **match, size_t *fault_offset, struct why *why);
/* As match_compile, of a pattern that matches just this text, whole, in any case. */
MUST_CHECK enum err match_compile_text(const char *text, size_t length, struct match **match,
				       size_t *fault_offset, struct why *why);
void match_free(struct match *match);

/* text should be UTF-8; no pattern matches an invalid byte. No allocation unless
 * the pattern backtracks deeply. */
enum match_result match_text(const struct match *match, const char *text, size_t length);

#endif
