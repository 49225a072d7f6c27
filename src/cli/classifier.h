/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * classifier: what the milter's rules make of a stored message, fed a line at a
 * time, as mailfiles gives it.
 *
 * The envelope is not in a message: its sender is taken from Return-Path, where
 * there is one, and nobody has logged in.
 */
#ifndef RESETGUARD_CLASSIFIER_H
#define RESETGUARD_CLASSIFIER_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/mime.h"
#include "resetguard/rules.h"

enum {
	CLASSIFIER_FIELD_MAX = 60000, /* as Postfix cuts header fields */
	CLASSIFIER_LINKS_MAX = 100,   /* kept for show */
};

struct classifier {
	const struct rules *rules;
	size_t body_limit;
	bool keeps_links;

	bool in_body;
	bool line_begun; /* the present line's beginning came before */
	bool has_sender; /* a Return-Path was seen, and the rules were told */
	struct mime_part part;
	struct mime_body *body;
	struct rules_match match;
	size_t field_length;
	char *field;   /* CLASSIFIER_FIELD_MAX + 1 bytes */
	char *subject; /* decoded; as many */
	bool has_subject;
	size_t link_count; /* seen; the first ones are kept */
	char *links[CLASSIFIER_LINKS_MAX];
};

/* ERR_NO_MEMORY. The rules must outlive it. */
MUST_CHECK enum err classifier_open(struct classifier *classifier, const struct rules *rules,
				    size_t body_limit, bool keeps_links);
void classifier_close(struct classifier *classifier);

void classifier_begin(struct classifier *classifier);
void classifier_line(struct classifier *classifier, const char *line, size_t length);
/* Afterwards match is the result, and subject and links are what was seen. */
void classifier_end(struct classifier *classifier);
/* After classifier_end, until the next message: what could not be parsed. The milter looks
 * at the body, and so sees what is wrong with it, only where a link could matter. */
const struct mime_flaw *classifier_flaw(const struct classifier *classifier);

#endif
