/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: what GMime knows of messages. GLib ends the process when memory runs
 * out: the MTA then defers, nothing is lost.
 */
#ifndef RESETGUARD_MIME_H
#define RESETGUARD_MIME_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/err.h"
#include "resetguard/links.h"

enum {
	MIME_BOUNDARY_MAX = 200, /* RFC 2046 allows 70 */
	MIME_NESTING_MAX = 16,	 /* multiparts in multiparts */
};

/* Stands for a wildcard in a normalised pattern; no normalised text has it. */
#define MIME_ANY '\001'

/* Once, before any thread. */
void mime_init(void);

/* An unstructured header value (RFC 5322 2.2.1) as people read it: RFC 2047
 * words decoded, folding undone, controls and runs of white space (Unicode's
 * too) as one blank, none at either end; raw UTF-8 kept, other 8-bit bytes as
 * ISO 8859-1. Words of an unknown charset stay as they are; what is invalid in
 * its charset becomes U+FFFD. Words that split a character are joined first.
 * Writes at most size - 1 bytes of valid UTF-8 and a NUL; cuts at a character.
 * No allocation unless there are words in a charset other than UTF-8. Returns
 * the length. */
size_t mime_decode_header(const char *value, char *text, size_t size);

/* Text in the form in which wording is compared: NFKC's equals made equal, case
 * folded, white space and controls as single blanks, none at either end; without
 * invisible and bidirectional format characters; typographic apostrophes,
 * quotation marks and dashes as ASCII's. Writes at most size - 1 bytes of UTF-8
 * and a NUL, cut at a character. No allocation. Returns the length. */
size_t mime_normalise(const char *text, size_t length, char *normal, size_t size);

/* As mime_normalise, and if wildcards is set each '*' becomes MIME_ANY. ERR_DATA if
 * text is not UTF-8, ERR_TOO_LONG if it does not fit. */
MUST_CHECK enum err mime_normalise_pattern(const char *text, size_t length, bool wildcards,
					   char *normal, size_t size);

/* A letter, a digit or a mark: no word ends before it. */
bool mime_is_within_word(const char *character);

enum mime_kind { MIME_TEXT, MIME_HTML, MIME_MULTIPART, MIME_OTHER };
enum mime_encoding { MIME_IDENTITY, MIME_BASE64, MIME_QUOTED_PRINTABLE };
enum mime_units { MIME_UNITS_BYTES, MIME_UNITS_BIG, MIME_UNITS_LITTLE }; /* UTF-16 */

/* What a part, or the message, says of its content: a plain value. */
struct mime_part {
	enum mime_kind kind;
	enum mime_encoding encoding;
	enum mime_units units;
	bool attachment;
	char boundary[MIME_BOUNDARY_MAX + 1]; /* of a multipart */
};

void mime_part_init(struct mime_part *part);
/* Each of its header fields, as it arrives. */
void mime_part_header(struct mime_part *part, const char *name, const char *value);

/* Walks through a body as it arrives and finds the links in its text and HTML parts,
 * however deep they lie in multiparts, but for attachments and messages in the
 * message. About 12 KiB, which the caller frees; NULL: no memory. One thread. */
struct mime_body;

struct mime_body *mime_body_new(void);
void mime_body_free(struct mime_body *body);
/* A new message, of which at most limit bytes are looked at; sink is told of each
 * link while one is fed, and at the end. */
void mime_body_begin(struct mime_body *body, const struct mime_part *part, size_t limit,
		     const struct links_sink *sink);
/* False: no more is looked at. */
bool mime_body_feed(struct mime_body *body, const char *bytes, size_t length);
void mime_body_end(struct mime_body *body);

#endif
