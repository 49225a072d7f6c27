/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pins: an operator's override for a domain or a mailbox, with an end.
 *
 * The record, version 1: version 1, verdict 1, set_at 4, until 4, by (length 1,
 * text), note (length 1, text); little-endian.
 *
 * Key in the database: 'd' and the domain, or 'a' and the address hash.
 */
#ifndef RESETGUARD_PINS_H
#define RESETGUARD_PINS_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/addresses.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/wire.h"

enum {
	PIN_BY_MAX = 63,
	PIN_NOTE_MAX = 199,
	PIN_RECORD_MAX = 10 + 1 + PIN_BY_MAX + 1 + PIN_NOTE_MAX,
	PIN_KEY_MAX = 1 + DOMAIN_MAX,
	PINS_VERSION = 1,
};

enum pin_verdict { PIN_ACCEPT = 1, PIN_REJECT = 2 };

struct pin {
	enum pin_verdict verdict;
	int64_t set_at;
	int64_t until; /* 0: without end, for reject only */
	char by[PIN_BY_MAX + 1];
	char note[PIN_NOTE_MAX + 1];
};

/* Lets an accept pin end this long after it was set, unless --until says otherwise. */
#define PIN_ACCEPT_LIFETIME (INT64_C(90) * 86400)

/* ERR_TOO_LONG if a text exceeds its maximum: never cut silently. */
MUST_CHECK enum err pins_encode(const struct pin *pin, unsigned char record[PIN_RECORD_MAX],
				size_t *length);
MUST_CHECK enum err pins_decode(struct bytes record, struct pin *pin);

size_t pins_domain_key(const struct domain *domain, unsigned char key[PIN_KEY_MAX]);
size_t pins_address_key(const struct address_hash *hash, unsigned char key[PIN_KEY_MAX]);

/* Whether the pin decides at now. An accept pin is void as soon as a change of
 * state or owner comes after it; transition_at is the domain's last one. */
bool pin_in_force(const struct pin *pin, int64_t transition_at, int64_t now);

const char *pin_verdict_text(enum pin_verdict verdict);

#endif
