/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailbox: what an MTA or a person writes as an address, taken apart.
 *
 * RFC 5321 4.1.2 Path and Mailbox, RFC 6531 for UTF-8, and what arrives in
 * practice: with or without angle brackets, source routes, quoted local parts,
 * a trailing dot, blanks around it.
 */
#ifndef RESETGUARD_MAILBOX_H
#define RESETGUARD_MAILBOX_H

#include <stddef.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"

/* RFC 5321 4.5.3.1.1 says 64 octets; case folding may lengthen UTF-8, and real
 * systems accept more (VERP). */
enum { MAILBOX_LOCAL_MAX = 255 };

/* A path as an MTA may hand it over: RFC 5321 4.5.3.1.3 says 256; be generous. */
enum { MAILBOX_PATH_MAX = 1024 };

struct mailbox {
	/* Unquoted, NFC, case-folded: equal for all spellings of one mailbox. */
	unsigned char local_length;
	char local[MAILBOX_LOCAL_MAX + 1];
	struct domain host; /* not reduced to the registrable domain */
};

/* ERR_DATA: no domain can be read from it: empty, no "@", an address literal,
 * not a host name, broken quoting, invalid UTF-8, over the maxima. */
MUST_CHECK enum err mailbox_parse(const char *path, size_t length, struct mailbox *mailbox);

#endif
