/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * utf8: what is well-formed UTF-8 (RFC 3629) and what is not.
 */
#ifndef RESETGUARD_UTF8_H
#define RESETGUARD_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the character that text begins with, 1 to 4; 0 if none does:
 * nothing is left, or the bytes are malformed, cut short, overlong, a surrogate
 * or beyond U+10FFFF. */
size_t utf8_character(const char *text, size_t length);

bool utf8_is_valid(const char *text, size_t length);

#endif
