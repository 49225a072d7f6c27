/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_charset: the charsets of mail, by the names that it has for them, and what of
 * a text in one of them is ASCII.
 *
 * A link is ASCII, and most charsets have ASCII's bytes mean ASCII: their texts are
 * searched as they are. In UTF-16, in ISO 2022 and in those of Asia whose characters
 * have two bytes, such a byte may be part of another character.
 */
#ifndef RESETGUARD_MIME_CHARSET_H
#define RESETGUARD_MIME_CHARSET_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/mime.h"

struct mime_charset {
	const char *label;
	const char *name; /* the C library's; NULL: UTF-8, which needs no conversion */
	enum mime_units units;
};

/* In any case. NULL: it is none that is known. */
const struct mime_charset *mime_charset_find(const char *label);

/* A text that streams by: a plain value. */
struct mime_charset_text {
	enum mime_units units;
	bool begun;   /* a character, of which unit is the first byte, or an escape sequence */
	bool first;   /* nothing came before */
	bool foreign; /* ISO 2022: what comes is not ASCII */
	unsigned char unit; /* of an escape sequence: the byte behind ESC; 0: none yet */
};

void mime_charset_begin(struct mime_charset_text *text, enum mime_units units);
/* Writes its ASCII characters to ascii, and \xff for others: length bytes at most.
 * Returns how many. Not for MIME_UNITS_BYTES. */
size_t mime_charset_ascii(struct mime_charset_text *text, const unsigned char *bytes, size_t length,
			  char *ascii);

#endif
