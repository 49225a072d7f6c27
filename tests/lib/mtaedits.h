/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtaedits - the changes to a message that a milter asks for at its end, in order.
 */
#ifndef TESTS_MTAEDITS_H
#define TESTS_MTAEDITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mtaedits;

/* Absent members are NULL or 0. */
struct mtaedit {
	char reply;	   /* SMFIR_ADDHEADER, SMFIR_DELRCPT, SMFIR_QUARANTINE, ... */
	uint32_t index;	   /* of SMFIR_CHGHEADER and SMFIR_INSHEADER */
	const char *name;  /* header field, address, or reason of the quarantine */
	const char *value; /* header value, ESMTP parameters, or body chunk */
	size_t value_length;
};

/* Returns NULL without memory. */
struct mtaedits *mtaedits_new(void);
void mtaedits_free(struct mtaedits *e);

/* The SMFIF_* flag that a milter needs for this reply, 0 where the reply is no edit. */
uint32_t mtaedits_action(char reply);

/* Keeps a copy of one edit. Returns false when the data are not what the reply has, and
 * without memory or room. */
bool mtaedits_add(struct mtaedits *e, char reply, const char *data, size_t length);

/* The edits, valid until the next call that is not this one. */
size_t mtaedits_list(const struct mtaedits *e, const struct mtaedit **edits);
void mtaedits_clear(struct mtaedits *e);

#endif
