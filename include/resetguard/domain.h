/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: validated domain names, and which of them a registry sells.
 *
 * A struct domain has been validated and is in the one form that is compared,
 * stored and asked for: A-labels (IDNA2008 by libidn2, non-transitional), lower
 * case, no trailing dot. Nothing else is a domain name.
 *
 * The domain that matters is the one a registry can sell: the longest public
 * suffix of the list's ICANN section plus one label. The private section does
 * not count there (the registry of .io knows nothing of x.github.io), but a
 * name below a private suffix can change hands too, so it is reported beside.
 *
 * Special names have no registry: single labels, and the special-use names
 * localhost, local, invalid, onion, alt, internal, arpa (RFC 6761, 6762, 7686,
 * 8375, 9476). RFC 6761 6.2 and 6.5 tell applications to treat test and example
 * as ordinary names, so they are ordinary here. A TLD that the list does not
 * know is ordinary too: the list may be older than the TLD.
 */
#ifndef RESETGUARD_DOMAIN_H
#define RESETGUARD_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"

/* RFC 1035 2.3.4: 255 octets on the wire are 253 characters of text. */
enum { DOMAIN_MAX = 253 };

struct domain {
	unsigned char length;
	char name[DOMAIN_MAX + 1];
};

/* What a host name comes down to. */
struct domain_names {
	struct domain registrable;   /* what the registry sells */
	struct domain below_private; /* private suffix plus one label; length 0 if none */
};

/* A public suffix list. Read-only after opening: any thread may use it. */
struct domain_suffixes;

/* file NULL: the list built into or shipped for libpsl. The caller closes. */
MUST_CHECK enum err domain_suffixes_open(const char *file, struct domain_suffixes **suffixes,
					 struct why *why);
/* When the list that domain_suffixes_open(file) opens was made, or put there; 0: not known. */
int64_t domain_suffixes_date(const char *file);
void domain_suffixes_close(struct domain_suffixes *suffixes);

/* Reads length bytes of UTF-8 or ASCII: U-labels or A-labels, any case, one
 * trailing dot allowed. ERR_DATA if it is no host name: empty or overlong
 * labels, characters other than letters, digits, hyphen and underscore,
 * an address literal, an all-numeric TLD, what IDNA2008 forbids. */
MUST_CHECK enum err domain_from_text(const char *text, size_t length, struct domain *domain);

/* True for the names without a registry (see above). */
bool domain_is_special(const struct domain *host);

/* ERR_NOT_FOUND if host is special or is itself a public suffix. */
MUST_CHECK enum err domain_names(const struct domain_suffixes *suffixes,
				 const struct domain *host, struct domain_names *names);

/* True if domain is a private suffix plus one label: a name that no registry sells. */
bool domain_is_below_private(const struct domain_suffixes *suffixes, const struct domain *domain);

/* The last label, e.g. "com". Points into domain. */
const char *domain_tld(const struct domain *domain);

bool domain_equal(const struct domain *a, const struct domain *b);

#endif
