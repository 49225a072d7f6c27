/* SPDX-License-Identifier: BSD-2-Clause */
/* validity: the Require-Recipient-Valid-Since fields of one message. */
#include "validity.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_FIRST = 4 };

void validity_free(struct validity *validity)
{
	free(validity->fields);
	*validity = (struct validity){0};
}

void validity_begin(struct validity *validity)
{
	validity->count = 0;
	validity->too_many = false;
	validity->unreadable = 0;
}

static bool make_room(struct validity *validity)
{
	size_t grown = validity->size > 0 ? 2 * validity->size : FIELDS_FIRST;
	struct rrvs *fields;

	if (validity->count < validity->size)
		return true;
	fields = realloc(validity->fields, grown * sizeof *fields);
	if (fields == NULL)
		return false;
	validity->fields = fields;
	validity->size = grown;
	return true;
}

void validity_add(struct validity *validity, const char *value)
{
	struct rrvs field;

	if (rrvs_parse(value, strlen(value), &field) != ERR_OK)
		validity->unreadable++;
	else if (validity->count == VALIDITY_FIELDS_MAX || !make_room(validity))
		validity->too_many = true;
	else
		validity->fields[validity->count++] = field;
}

static bool is_same_mailbox(const struct mailbox *a, const struct mailbox *b)
{
	return a->local_length == b->local_length &&
	       memcmp(a->local, b->local, a->local_length) == 0 && domain_equal(&a->host, &b->host);
}

int64_t validity_since(const struct validity *validity, const char *recipient_path)
{
	int64_t earliest = 0;
	struct mailbox mailbox;

	if (validity->count == 0 || validity->too_many ||
	    mailbox_parse(recipient_path, strlen(recipient_path), &mailbox) != ERR_OK)
		return 0;
	for (size_t i = 0; i < validity->count; i++) {
		const struct rrvs *field = &validity->fields[i];

		if (is_same_mailbox(&field->mailbox, &mailbox) &&
		    (earliest == 0 || field->valid_since < earliest))
			earliest = field->valid_since;
	}
	return earliest;
}
