/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * validity: the Require-Recipient-Valid-Since fields (RFC 7293) of one message.
 *
 * The RFC wants every field that names a recipient to hold, so where there are
 * several for one the earliest date counts. A field that cannot be read, or that
 * names nobody of the message, says nothing. With more fields than are kept none
 * is believed: without a date the verdict is never the milder one.
 */
#ifndef RESETGUARD_MILTER_VALIDITY_H
#define RESETGUARD_MILTER_VALIDITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/rrvs.h"

enum {
	VALIDITY_FIELDS_MAX = 100,
	VALIDITY_FIELD_MAX = 640, /* of a value we make, with its NUL */
};

/* All zeros is a message without fields. What is allocated is kept for the next. */
struct validity {
	struct rrvs *fields;
	size_t count;
	size_t size;
	bool too_many;	     /* or no memory for them */
	unsigned unreadable; /* how many */
};

void validity_free(struct validity *validity);
/* Forgets the message before. */
void validity_begin(struct validity *validity);
/* value as it arrives, folded. */
void validity_add(struct validity *validity, const char *value);
/* The moment since which the recipient must have been valid; 0: none is given. */
int64_t validity_since(const struct validity *validity, const char *recipient_path);
/* Whether a field says something of the recipient, or cannot be read: then it may. */
bool validity_is_spoken_of(const struct validity *validity, const char *recipient_path);

/* The value of a field for the recipient. ERR_DATA: there is none that says it: no
 * mailbox, or a local part that is not ASCII. */
MUST_CHECK enum err validity_make_field(const char *recipient_path, int64_t since,
					char value[VALIDITY_FIELD_MAX]);

#endif
