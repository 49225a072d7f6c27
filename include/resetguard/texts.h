/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * texts: thousands of wordings, compared with one text in about the time of one.
 *
 * Whole texts are found by their hash. Each pattern with wildcards, and each
 * phrase, is filed under four bytes of it that few others have; only where these
 * occur in the text is it compared.
 *
 * All texts are as mime_normalise leaves them, patterns as
 * mime_normalise_pattern does.
 */
#ifndef RESETGUARD_TEXTS_H
#define RESETGUARD_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"

/* Wordings: after texts_index read-only, any thread. */
struct texts;

/* NULL: no memory. */
struct texts *texts_new(void);
void texts_free(struct texts *texts);

/* A pattern of the whole text, where MIME_ANY is one or more characters. */
MUST_CHECK enum err texts_add(struct texts *texts, const char *pattern, uint32_t id);
/* A phrase that the text has somewhere, from the start of a word to the end of one;
 * MIME_ANY at its beginning or end lets the word begin earlier or go on. */
MUST_CHECK enum err texts_add_phrase(struct texts *texts, const char *phrase, uint32_t id);
/* Once, after all have been added. */
MUST_CHECK enum err texts_index(struct texts *texts);

/* Calls hit for each wording that the text matches, in no order, perhaps more than
 * once. */
void texts_match(const struct texts *texts, const char *text, size_t length,
		 void (*hit)(void *context, uint32_t id), void *context);

#endif
