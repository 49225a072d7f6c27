/* SPDX-License-Identifier: BSD-2-Clause */
/* validity: the Require-Recipient-Valid-Since fields of one message. */
#include "validity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/time.h"

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

bool validity_is_spoken_of(const struct validity *validity, const char *recipient_path)
{
	return validity->too_many || validity->unreadable > 0 ||
	       validity_since(validity, recipient_path) != 0;
}

/* The local part as it was given, with its quotes: behind a source route, if any. */
static const char *find_local(const char *path, size_t *length)
{
	const char *at = strrchr(path, '@');
	const char *begin = path[0] == '<' ? path + 1 : path;

	if (begin[0] == '@' && strchr(begin, ':') != NULL)
		begin = strchr(begin, ':') + 1;
	if (at == NULL || at < begin)
		return NULL;
	*length = (size_t)(at - begin);
	return begin;
}

static bool is_printable(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] < ' ' || text[i] > '~')
			return false;
	}
	return true;
}

enum err validity_make_field(const char *recipient_path, int64_t since,
			     char value[VALIDITY_FIELD_MAX])
{
	struct mailbox mailbox;
	struct rrvs read;
	size_t local_length = 0;
	const char *local = find_local(recipient_path, &local_length);
	char made[VALIDITY_FIELD_MAX];
	int length;

	if (local == NULL || !is_printable(local, local_length) ||
	    mailbox_parse(recipient_path, strlen(recipient_path), &mailbox) != ERR_OK)
		return ERR_DATA;
	length = snprintf(made, sizeof made, "%.*s@%s; %s", (int)local_length, local,
			  mailbox.host.name, time_format_rfc5322(since).text);
	/* What others read must be what is meant. */
	if (length < 0 || (size_t)length >= sizeof made ||
	    rrvs_parse(made, (size_t)length, &read) != ERR_OK || read.valid_since != since ||
	    !is_same_mailbox(&read.mailbox, &mailbox))
		return ERR_DATA;
	memcpy(value, made, (size_t)length + 1);
	return ERR_OK;
}
