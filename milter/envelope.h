/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * envelope: sender and recipients of one message, as the MTA gave them.
 *
 * One block of text and one array, kept from message to message: an ordinary
 * message allocates nothing. What a huge one needed is given back.
 */
#ifndef RESETGUARD_MILTER_ENVELOPE_H
#define RESETGUARD_MILTER_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/mailbox.h"
#include "resetguard/policy.h"

enum {
	ENVELOPE_RECIPIENTS_MAX = 10000,
	ENVELOPE_TEXT_MAX = 4 * 1024 * 1024, /* bytes of all addresses together */
	ENVELOPE_TEXT_KEPT = 64 * 1024,	     /* more than this is given back */
};

struct envelope_recipient {
	uint32_t offset; /* of the path in text */
	uint32_t first;	 /* the first one that is the same but for case: itself, mostly */
	enum action action;
};

struct envelope {
	char *text;
	size_t text_length;
	size_t text_size;
	struct envelope_recipient *recipients;
	size_t recipient_count;
	size_t recipient_size;
};

/* An address without angle brackets, for matching and for people; longer ones
 * than any mail server takes are cut. */
struct envelope_address {
	char text[MAILBOX_PATH_MAX + 1];
};

/* All zeros is an empty envelope. */
void envelope_free(struct envelope *envelope);

/* Forgets the message before and keeps its sender. The sender comes first, before
 * any recipient. ERR_NO_MEMORY, ERR_TOO_LONG: it has no sender then. */
MUST_CHECK enum err envelope_begin(struct envelope *envelope, const char *sender_path);
MUST_CHECK enum err envelope_add(struct envelope *envelope, const char *recipient_path);

/* Once, after the last envelope_add: sets first. ERR_NO_MEMORY. */
MUST_CHECK enum err envelope_find_repeats(struct envelope *envelope);

const char *envelope_sender_path(const struct envelope *envelope);
/* Exactly as received. */
const char *envelope_recipient_path(const struct envelope *envelope, size_t recipient);

/* "<a@b>" is "a@b", and both "<>" and the "\"\"" that Postfix writes are "". */
void envelope_bare(const char *path, struct envelope_address *address);

#endif
