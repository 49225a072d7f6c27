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
	MIME_FIELDS_MAX = 64,	 /* fields that tell of one part's content */
	MIME_NAME_MAX = 40,	 /* of a charset or an encoding, and kept of a field's name */
	MIME_FLAW_TEXT_MAX = 160,
};

/* Stands for a wildcard in a normalised pattern; no normalised text has it. */
#define MIME_ANY '\001'

/* Once, before any thread. */
void mime_init(void);

/* What of a message cannot be read as the message says it is to be read. It is read as
 * best it can be; our own limits are no flaws of a message. */
enum mime_flaw_kind {
	MIME_FLAWLESS,
	MIME_FLAW_CHARSET,    /* no known one: as if it were ASCII, or left as it is */
	MIME_FLAW_CHARACTERS, /* bytes that are none of the charset's */
	MIME_FLAW_ENCODING,   /* no known transfer encoding: as it is */
	MIME_FLAW_BASE64,     /* other characters in it, or an end in the middle */
	MIME_FLAW_QUOTED,     /* "=" without two hexadecimal digits */
	MIME_FLAW_BOUNDARY,   /* a multipart that names none, or one too long: as text */
	MIME_FLAW_PARTS,      /* a multipart whose boundary never comes: not at all */
	MIME_FLAW_HEADER,     /* of a part, without an end */
	MIME_FLAW_NESTING,    /* too many multiparts in multiparts: as text */
};

/* The first one of a message: a plain value. */
struct mime_flaw {
	enum mime_flaw_kind kind;
	unsigned part;		       /* in the order of their beginnings; 0: the whole body */
	char field[MIME_NAME_MAX + 1]; /* "": not in a header field of the message */
	char name[MIME_NAME_MAX + 1];  /* of the charset or the encoding */
};

/* "Subject: unknown charset x-none", "part 2: broken base64": nothing of the message is
 * in it but letters, digits, "-", "_" and ".". */
void mime_flaw_print(const struct mime_flaw *flaw, char text[MIME_FLAW_TEXT_MAX + 1]);

/* An unstructured header value (RFC 5322 2.2.1) as people read it: RFC 2047
 * words decoded, folding undone, controls and runs of white space (Unicode's
 * too) as one blank, none at either end; raw UTF-8 kept, other 8-bit bytes as
 * ISO 8859-1. Words of an unknown charset stay as they are; what is invalid in
 * its charset becomes U+FFFD. Words that split a character are joined first.
 * Writes at most size - 1 bytes of valid UTF-8 and a NUL; cuts at a character.
 * No allocation unless there are words in a charset other than UTF-8. Returns
 * the length. flaw, which may be NULL, is set if it is flawless; its field is not. */
size_t mime_decode_header(const char *value, char *text, size_t size, struct mime_flaw *flaw);

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
/* How a charset has ASCII's characters. */
enum mime_units {
	MIME_UNITS_BYTES,     /* as ASCII's bytes, which mean nothing else */
	MIME_UNITS_BIG,	      /* UTF-16 */
	MIME_UNITS_LITTLE,    /* UTF-16 */
	MIME_UNITS_PAIRS,     /* beside characters of two bytes, GB 2312's kin */
	MIME_UNITS_SHIFT_JIS, /* the same, Shift JIS */
	MIME_UNITS_ESCAPES,   /* ISO 2022 */
};

/* What a part, or the message, says of its content: a plain value. */
struct mime_part {
	enum mime_kind kind;
	enum mime_encoding encoding;
	enum mime_units units;
	bool attachment;
	unsigned field_count;
	char boundary[MIME_BOUNDARY_MAX + 1]; /* of a multipart */
	struct mime_flaw flaw;		      /* of kind and name, where the part is read */
};

void mime_part_init(struct mime_part *part);
/* Each of its header fields, as it arrives. */
void mime_part_header(struct mime_part *part, const char *name, const char *value);

/* Walks through a body as it arrives and finds the links in its text and HTML parts,
 * however deep they lie in multiparts, but for attachments and messages in the
 * message: a reset that is forwarded or comes back in a bounce is none. About 14 KiB,
 * which the caller frees; NULL: no memory. One thread. */
struct mime_body;

struct mime_body *mime_body_new(void);
void mime_body_free(struct mime_body *body);
/* A new message, of which at most limit bytes are looked at; sink is told of each
 * link while one is fed, and at the end. */
void mime_body_begin(struct mime_body *body, const struct mime_part *part, size_t limit,
		     const struct links_sink *sink);
/* False: no more is looked at. */
bool mime_body_feed(struct mime_body *body, const char *bytes, size_t length);
/* whole: nothing more comes, so that what is open has no end. */
void mime_body_end(struct mime_body *body, bool whole);
/* Of what has been looked at; valid until the next mime_body_begin. */
const struct mime_flaw *mime_body_flaw(const struct mime_body *body);

#endif
