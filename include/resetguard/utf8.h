/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8: what is well-formed UTF-8 (RFC 3629) and what is not, and how text that came from
 * outside is shown on a terminal that it shall not control.
 */
#ifndef RESETGUARD_UTF8_H
#define RESETGUARD_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The bytes of the character that text begins with, 1 to 4; 0 if none does:
 * nothing is left, or the bytes are malformed, cut short, overlong, a surrogate
 * or beyond U+10FFFF. */
size_t utf8_character(const char *text, size_t length);

bool utf8_is_valid(const char *text, size_t length);

/* The bytes that are shown together, 1 to 4, at the beginning of text, which is not empty;
 * in *harmless whether they are a character that is no control (C0, DEL, C1). */
size_t utf8_shown(const char *text, size_t length, bool *harmless);

/* Text with "?" for what is not harmless. What cannot be written is the stream's to say. */
void utf8_print(FILE *stream, const char *text, size_t length);

/* The same in place. */
void utf8_mask(char *text);

#endif
