/* SPDX-License-Identifier: BSD-2-Clause */
/* envelope: sender and recipients of one message, as the MTA gave them. */
#include "envelope.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resetguard/hash.h"

enum { TEXT_FIRST = 1024, RECIPIENTS_FIRST = 16 };

void envelope_free(struct envelope *envelope)
{
	free(envelope->text);
	free(envelope->recipients);
	*envelope = (struct envelope){0};
}

static enum err keep_text(struct envelope *envelope, const char *path)
{
	size_t size = strlen(path) + 1;
	size_t needed = envelope->text_length + size;
	size_t grown = envelope->text_size > 0 ? envelope->text_size : TEXT_FIRST;
	char *text;

	if (size > ENVELOPE_TEXT_MAX || needed > ENVELOPE_TEXT_MAX)
		return ERR_TOO_LONG;
	if (needed > envelope->text_size) {
		while (grown < needed)
			grown *= 2;
		text = realloc(envelope->text, grown);
		if (text == NULL)
			return ERR_NO_MEMORY;
		envelope->text = text;
		envelope->text_size = grown;
	}
	memcpy(envelope->text + envelope->text_length, path, size);
	envelope->text_length = needed;
	return ERR_OK;
}

enum err envelope_begin(struct envelope *envelope, const char *sender_path)
{
	if (envelope->text_size > ENVELOPE_TEXT_KEPT)
		envelope_free(envelope);
	envelope->text_length = 0;
	envelope->recipient_count = 0;
	return keep_text(envelope, sender_path);
}

enum err envelope_add(struct envelope *envelope, const char *recipient_path)
{
	size_t count = envelope->recipient_count;
	size_t offset = envelope->text_length;
	size_t grown =
		envelope->recipient_size > 0 ? 2 * envelope->recipient_size : RECIPIENTS_FIRST;
	struct envelope_recipient *recipients;
	enum err err;

	if (count == ENVELOPE_RECIPIENTS_MAX)
		return ERR_TOO_LONG;
	if (count == envelope->recipient_size) {
		recipients = realloc(envelope->recipients, grown * sizeof *recipients);
		if (recipients == NULL)
			return ERR_NO_MEMORY;
		envelope->recipients = recipients;
		envelope->recipient_size = grown;
	}
	err = keep_text(envelope, recipient_path);
	if (err != ERR_OK)
		return err;
	envelope->recipients[count].offset = (uint32_t)offset;
	envelope->recipients[count].first = (uint32_t)count;
	envelope->recipients[count].action = ACTION_ACCEPT;
	envelope->recipient_count++;
	return ERR_OK;
}

/* Finds the recipient's equal in the table, or enters it there. Each slot is an index
 * and 1; 0: free. There are twice as many slots as recipients, a power of 2. */
static uint32_t enter(const struct envelope *envelope, uint32_t recipient, uint32_t *table,
		      uint32_t mask)
{
	const char *path = envelope_recipient_path(envelope, recipient);

	for (uint32_t slot = hash_folded(hash_caseless(path, strlen(path)));; slot++) {
		uint32_t *taken = &table[slot & mask];

		if (*taken == 0) {
			*taken = recipient + 1;
			return recipient;
		}
		if (strcasecmp(envelope_recipient_path(envelope, *taken - 1), path) == 0)
			return *taken - 1;
	}
}

enum err envelope_find_repeats(struct envelope *envelope)
{
	uint32_t slots = 4;
	uint32_t *table;

	if (envelope->recipient_count < 2)
		return ERR_OK;
	while (slots < 2 * envelope->recipient_count)
		slots *= 2;
	table = calloc(slots, sizeof *table);
	if (table == NULL)
		return ERR_NO_MEMORY;
	for (uint32_t i = 0; i < envelope->recipient_count; i++)
		envelope->recipients[i].first = enter(envelope, i, table, slots - 1);
	free(table);
	return ERR_OK;
}

const char *envelope_sender_path(const struct envelope *envelope)
{
	return envelope->text_length > 0 ? envelope->text : "";
}

const char *envelope_recipient_path(const struct envelope *envelope, size_t recipient)
{
	return envelope->text + envelope->recipients[recipient].offset;
}

void envelope_bare(const char *path, struct envelope_address *address)
{
	size_t length = strlen(path);

	if (length >= 2 && path[0] == '<' && path[length - 1] == '>') {
		path++;
		length -= 2;
	} else if (strcmp(path, "\"\"") == 0) {
		length = 0;
	}
	if (length > MAILBOX_PATH_MAX)
		length = MAILBOX_PATH_MAX;
	memcpy(address->text, path, length);
	address->text[length] = '\0';
}
