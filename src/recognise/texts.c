/* SPDX-License-Identifier: BSD-2-Clause */
/* texts: thousands of wordings, compared with one text. */
#include "resetguard/texts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/hash.h"
#include "resetguard/mime.h"

enum {
	GRAM = 4,	  /* bytes that a wording is filed under */
	GRAM_BITS = 16,	  /* of their hash */
	LONG_TEXT = 1024, /* beyond, patterns are tried one by one, once each */
};

enum kind { KIND_WHOLE, KIND_PATTERN, KIND_PHRASE };

struct wording {
	enum kind kind;
	bool open_left; /* of a phrase */
	bool open_right;
	uint32_t id;
	uint32_t gram_offset; /* in text */
	uint32_t length;
	uint32_t next; /* filed under the same hash, index + 1 */
	char *text;
};

struct texts {
	size_t count;
	struct wording *wordings;
	size_t whole_mask;
	uint32_t *wholes; /* by hash: index of a wording + 1, 0: none */
	uint32_t *grams;  /* by hash of a gram: the same, then by next */
	uint32_t unfiled; /* too short for a gram */
	bool has_grams;
};

struct texts *texts_new(void)
{
	return calloc(1, sizeof(struct texts));
}

void texts_free(struct texts *texts)
{
	if (texts == NULL)
		return;
	for (size_t i = 0; i < texts->count; i++)
		free(texts->wordings[i].text);
	free(texts->wordings);
	free(texts->wholes);
	free(texts->grams);
	free(texts);
}

static enum err add(struct texts *texts, const struct wording *wording, const char *text)
{
	struct wording *to;

	if ((texts->count & (texts->count - 1)) == 0) {
		size_t room = texts->count == 0 ? 1 : 2 * texts->count;
		struct wording *grown = realloc(texts->wordings, room * sizeof(*grown));

		if (grown == NULL)
			return ERR_NO_MEMORY;
		texts->wordings = grown;
	}
	to = &texts->wordings[texts->count];
	*to = *wording;
	to->text = strndup(text, wording->length);
	if (to->text == NULL)
		return ERR_NO_MEMORY;
	texts->count++;
	return ERR_OK;
}

enum err texts_add(struct texts *texts, const char *pattern, uint32_t id)
{
	struct wording wording = {
		.kind = strchr(pattern, MIME_ANY) == NULL ? KIND_WHOLE : KIND_PATTERN,
		.id = id,
		.length = (uint32_t)strlen(pattern),
	};

	return add(texts, &wording, pattern);
}

enum err texts_add_phrase(struct texts *texts, const char *phrase, uint32_t id)
{
	struct wording wording = {.kind = KIND_PHRASE, .id = id};
	size_t length = strlen(phrase);

	if (length > 0 && phrase[0] == MIME_ANY) {
		wording.open_left = true;
		phrase++;
		length--;
	}
	if (length > 0 && phrase[length - 1] == MIME_ANY) {
		wording.open_right = true;
		length--;
	}
	wording.length = (uint32_t)length;
	return add(texts, &wording, phrase);
}

/* -------------------------------------------------------------------- hashes */

static size_t hash_text(const char *text, size_t length)
{
	return hash_folded(hash_bytes(text, length));
}

static uint32_t hash_gram(const char *text)
{
	uint32_t gram;

	memcpy(&gram, text, sizeof(gram));
	return gram * UINT32_C(2654435761) >> (32 - GRAM_BITS);
}

static bool is_gram(const char *text)
{
	return memchr(text, MIME_ANY, GRAM) == NULL;
}

static void count_grams(const struct texts *texts, uint32_t *counts)
{
	for (size_t i = 0; i < texts->count; i++) {
		const struct wording *wording = &texts->wordings[i];

		for (size_t at = 0; wording->kind != KIND_WHOLE && at + GRAM <= wording->length;
		     at++)
			counts[hash_gram(wording->text + at)]++;
	}
}

/* Files the wording under the gram of it that is rarest. */
static void file_wording(struct texts *texts, size_t index, const uint32_t *counts)
{
	struct wording *wording = &texts->wordings[index];
	uint32_t *first = &texts->unfiled;
	uint32_t least = UINT32_MAX;

	for (size_t at = 0; at + GRAM <= wording->length; at++) {
		uint32_t hash = hash_gram(wording->text + at);

		if (!is_gram(wording->text + at) || counts[hash] >= least)
			continue;
		least = counts[hash];
		first = &texts->grams[hash];
		wording->gram_offset = (uint32_t)at;
	}
	if (first != &texts->unfiled)
		texts->has_grams = true;
	wording->next = *first;
	*first = (uint32_t)index + 1;
}

static void file_whole(struct texts *texts, size_t index)
{
	const struct wording *wording = &texts->wordings[index];
	size_t slot = hash_text(wording->text, wording->length);

	while (texts->wholes[slot & texts->whole_mask] != 0)
		slot++;
	texts->wholes[slot & texts->whole_mask] = (uint32_t)index + 1;
}

/* The grams are a large table, which few headers need. */
static enum err file_patterns(struct texts *texts)
{
	uint32_t *counts = calloc(1U << GRAM_BITS, sizeof(*counts));

	texts->grams = calloc(1U << GRAM_BITS, sizeof(*texts->grams));
	if (counts == NULL || texts->grams == NULL) {
		free(counts);
		return ERR_NO_MEMORY;
	}
	count_grams(texts, counts);
	for (size_t i = 0; i < texts->count; i++) {
		if (texts->wordings[i].kind != KIND_WHOLE)
			file_wording(texts, i, counts);
	}
	free(counts);
	return ERR_OK;
}

enum err texts_index(struct texts *texts)
{
	bool has_patterns = false;
	size_t slots = 4;

	while (slots < 2 * (texts->count + 1))
		slots *= 2;
	texts->wholes = calloc(slots, sizeof(*texts->wholes));
	if (texts->wholes == NULL)
		return ERR_NO_MEMORY;
	texts->whole_mask = slots - 1;
	for (size_t i = 0; i < texts->count; i++) {
		if (texts->wordings[i].kind == KIND_WHOLE)
			file_whole(texts, i);
		else
			has_patterns = true;
	}
	return has_patterns ? file_patterns(texts) : ERR_OK;
}

/* ------------------------------------------------------------------ comparing */

/* The pattern's pieces, each as early as may be: what one takes too early none of
 * the later ones would miss. */
static bool pattern_matches(const struct wording *wording, const char *text, size_t length)
{
	const char *piece = wording->text;
	const char *pattern_end = piece + wording->length;
	const char *end = text + length;

	for (bool first = true;; first = false) {
		const char *any = memchr(piece, MIME_ANY, (size_t)(pattern_end - piece));
		size_t size = (size_t)((any == NULL ? pattern_end : any) - piece);
		size_t left = (size_t)(end - text);
		size_t gap = first ? 0 : 1;

		if (left < size + gap)
			return false;
		if (any == NULL)
			return memcmp(end - size, piece, size) == 0;
		if (first) {
			if (memcmp(text, piece, size) != 0)
				return false;
			text += size;
		} else if (size != 0) {
			text = memmem(text + 1, left - 1, piece, size);
			if (text == NULL)
				return false;
			text += size;
		} else {
			text++; /* two wildcards in a row */
		}
		piece = any + 1;
	}
}

static const char *character_before(const char *text, const char *at)
{
	do
		at--;
	while (at > text && ((unsigned char)*at & 0xc0) == 0x80);
	return at;
}

/* The phrase stands at this place. */
static bool phrase_matches(const struct wording *wording, const char *text, size_t length,
			   const char *at)
{
	const char *end = at + wording->length;

	if (at < text || end > text + length || memcmp(at, wording->text, wording->length) != 0)
		return false;
	if (!wording->open_left && at > text && mime_is_within_word(character_before(text, at)))
		return false;
	return wording->open_right || end == text + length || !mime_is_within_word(end);
}

static bool phrase_occurs(const struct wording *wording, const char *text, size_t length)
{
	for (size_t at = 0; at + wording->length <= length; at++) {
		if (phrase_matches(wording, text, length, text + at))
			return true;
	}
	return false;
}

struct matching {
	const struct texts *texts;
	const char *text;
	size_t length;
	void (*hit)(void *context, uint32_t id);
	void *context;
};

static void match_whole(const struct matching *matching)
{
	const struct texts *texts = matching->texts;

	for (size_t slot = hash_text(matching->text, matching->length);; slot++) {
		uint32_t index = texts->wholes[slot & texts->whole_mask];
		const struct wording *wording;

		if (index == 0)
			return;
		wording = &texts->wordings[index - 1];
		if (wording->length == matching->length &&
		    memcmp(wording->text, matching->text, matching->length) == 0)
			matching->hit(matching->context, wording->id);
	}
}

/* Those that are filed under the gram at this place. */
static void match_filed(const struct matching *matching, uint32_t index, const char *at)
{
	while (index != 0) {
		const struct wording *wording = &matching->texts->wordings[index - 1];
		bool matches = false;

		index = wording->next;
		if (memcmp(wording->text + wording->gram_offset, at, GRAM) != 0)
			continue;
		switch (wording->kind) {
		case KIND_WHOLE:
			break;
		case KIND_PATTERN:
			matches = matching->length <= LONG_TEXT &&
				  pattern_matches(wording, matching->text, matching->length);
			break;
		case KIND_PHRASE:
			matches = (size_t)(at - matching->text) >= wording->gram_offset &&
				  phrase_matches(wording, matching->text, matching->length,
						 at - wording->gram_offset);
			break;
		}
		if (matches)
			matching->hit(matching->context, wording->id);
	}
}

static void match_unfiled(const struct matching *matching)
{
	uint32_t index = matching->texts->unfiled;

	while (index != 0) {
		const struct wording *wording = &matching->texts->wordings[index - 1];

		index = wording->next;
		if (wording->kind == KIND_PHRASE
			    ? phrase_occurs(wording, matching->text, matching->length)
			    : pattern_matches(wording, matching->text, matching->length))
			matching->hit(matching->context, wording->id);
	}
}

/* In a long text a gram may occur so often that trying its patterns each time took
 * quadratic time. */
static void match_patterns(const struct matching *matching)
{
	for (size_t i = 0; i < matching->texts->count; i++) {
		const struct wording *wording = &matching->texts->wordings[i];

		if (wording->kind == KIND_PATTERN &&
		    pattern_matches(wording, matching->text, matching->length))
			matching->hit(matching->context, wording->id);
	}
}

void texts_match(const struct texts *texts, const char *text, size_t length,
		 void (*hit)(void *context, uint32_t id), void *context)
{
	struct matching matching = {texts, text, length, hit, context};

	match_whole(&matching);
	match_unfiled(&matching);
	if (!texts->has_grams)
		return;
	for (size_t at = 0; at + GRAM <= length; at++) {
		uint32_t index = texts->grams[hash_gram(text + at)];

		if (index != 0)
			match_filed(&matching, index, text + at);
	}
	if (length > LONG_TEXT)
		match_patterns(&matching);
}
