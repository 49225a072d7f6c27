/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: what GMime knows of messages. GLib ends the process when memory runs
 * out: the MTA then defers, nothing is lost.
 */
#ifndef RESETGUARD_MIME_H
#define RESETGUARD_MIME_H

#include <stddef.h>

#include "resetguard/err.h"

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

/* text, which is to be compared with decoded values, with its white space and
 * controls as these have them. ERR_DATA if it is not UTF-8, ERR_TOO_LONG if it
 * does not fit; folded is NUL-terminated. */
MUST_CHECK enum err mime_fold_text(const char *text, size_t length, char *folded, size_t size);

#endif
