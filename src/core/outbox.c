/* SPDX-License-Identifier: BSD-2-Clause */
/* outbox: changes that the application has not taken yet, and their records. Pure. */
#include "resetguard/outbox.h"

#include <string.h>

#include "resetguard/facts.h"

const char *outbox_taker_text(enum outbox_taker taker)
{
	switch (taker) {
	case OUTBOX_COMMAND:
		return "on_change_command";
	case OUTBOX_URL:
		return "on_change_url";
	}
	return "on_change_command";
}

/* ---- what is told ---- */

bool outbox_is_told(const struct history_event *event, int64_t first_seen_at)
{
	int64_t since_before = history_owner_since(&event->owner_before);
	int64_t since_after = history_owner_since(&event->owner_after);

	switch (event->kind) {
	case HISTORY_OBSERVED:
	case HISTORY_RELEASED:
	case HISTORY_UNDONE:
	case HISTORY_IMPORT:
		break;
	case HISTORY_LOST: /* what the application remembers may be all there is */
		return true;
	case HISTORY_VERIFY:
	case HISTORY_UNVERIFY:
	case HISTORY_PIN:
	case HISTORY_UNPIN:
	case HISTORY_DISCARDED:
		return false;
	}
	if (event->state_before == STATE_UNKNOWN)
		return state_is_expired(event->state_after) || since_after > first_seen_at;
	return event->state_before != event->state_after || since_before != since_after;
}

/* ---- after a failure ---- */

static void count_failure(uint16_t *failures)
{
	if (*failures < UINT16_MAX)
		(*failures)++;
}

/* failures: 1 or more. */
static int64_t pause_after(unsigned failures, int64_t retry_after)
{
	int64_t pause = OUTBOX_PAUSE_FIRST;

	while (--failures > 0 && pause < OUTBOX_PAUSE_LONGEST)
		pause *= 2;
	if (pause > OUTBOX_PAUSE_LONGEST)
		pause = OUTBOX_PAUSE_LONGEST;
	if (retry_after > OUTBOX_RETRY_AFTER_MAX)
		retry_after = OUTBOX_RETRY_AFTER_MAX;
	return pause > retry_after ? pause : retry_after;
}

void outbox_failed(struct outbox_try *try, int64_t now, int64_t retry_after)
{
	count_failure(&try->failures);
	try->next_at = now + pause_after(try->failures, retry_after);
}

void outbox_taker_failed(struct outbox_taker_state *state, int64_t now, int64_t retry_after)
{
	if (state->failures == 0)
		state->failing_since = now;
	count_failure(&state->failures);
	if (retry_after > 0 || state->failures >= OUTBOX_PATIENCE)
		state->rest_until =
			now + pause_after(state->failures < OUTBOX_PATIENCE
						  ? 1
						  : state->failures - OUTBOX_PATIENCE + 1U,
					  retry_after);
}

/* ---- the records ---- */

void outbox_key(uint32_t sequence, unsigned char key[OUTBOX_KEY_SIZE])
{
	struct wire_writer writer = wire_writer_init(key, OUTBOX_KEY_SIZE);

	wire_write_u32_sorted(&writer, sequence);
}

size_t outbox_encode(const struct outbox_entry *entry, unsigned char record[OUTBOX_RECORD_MAX])
{
	struct wire_writer writer = wire_writer_init(record, OUTBOX_RECORD_MAX);
	unsigned char event[HISTORY_RECORD_MAX];

	wire_write_u8(&writer, OUTBOX_VERSION);
	wire_write_u8(&writer, (uint8_t)entry->waiting);
	for (unsigned i = 0; i < OUTBOX_TAKER_COUNT; i++) {
		wire_write_u16(&writer, entry->tries[i].failures);
		wire_write_time(&writer, entry->tries[i].next_at);
	}
	wire_write_time(&writer, entry->event.at);
	wire_write_text(&writer, entry->domain.name, entry->domain.length);
	wire_write_bytes(&writer, event, history_encode(&entry->event, event));
	return (size_t)(writer.at - record);
}

/* The event's record is the rest, and its key is made of what came before. */
static enum err decode_event(struct wire_reader *reader, int64_t at, uint32_t sequence,
			     struct outbox_entry *entry)
{
	struct bytes record = {reader->at, (size_t)(reader->end - reader->at)};
	unsigned char key[HISTORY_KEY_MAX];
	size_t length = history_key(&entry->domain, at, sequence, key);

	return history_decode((struct bytes){key, length}, record, &entry->domain, &entry->event);
}

enum err outbox_decode(struct bytes key, struct bytes record, struct outbox_entry *entry)
{
	struct wire_reader key_reader = wire_reader_init(key);
	struct wire_reader reader = wire_reader_init(record);
	struct outbox_entry read;
	uint32_t sequence = wire_read_u32_sorted(&key_reader);
	unsigned version = wire_read_u8(&reader);
	int64_t at;
	enum err err;

	if (!reader.failed && version != OUTBOX_VERSION)
		return ERR_VERSION;
	memset(&read, 0, sizeof read);
	read.waiting = wire_read_u8(&reader);
	for (unsigned i = 0; i < OUTBOX_TAKER_COUNT; i++) {
		read.tries[i].failures = wire_read_u16(&reader);
		read.tries[i].next_at = wire_read_time(&reader);
	}
	at = wire_read_time(&reader);
	wire_read_text(&reader, read.domain.name, DOMAIN_MAX);
	read.domain.length = (unsigned char)strlen(read.domain.name);
	if (!wire_read_done(&key_reader) || reader.failed || read.domain.length == 0 ||
	    read.waiting == 0 || (read.waiting & ~(unsigned)OUTBOX_TAKERS_ALL) != 0)
		return ERR_DAMAGED;
	err = decode_event(&reader, at, sequence, &read);
	if (err != ERR_OK)
		return err;
	*entry = read;
	return ERR_OK;
}

void outbox_taker_encode(const struct outbox_taker_state *state,
			 unsigned char record[OUTBOX_TAKER_RECORD_SIZE])
{
	struct wire_writer writer = wire_writer_init(record, OUTBOX_TAKER_RECORD_SIZE);

	wire_write_u8(&writer, OUTBOX_TAKER_VERSION);
	wire_write_u16(&writer, state->failures);
	wire_write_time(&writer, state->failing_since);
	wire_write_time(&writer, state->rest_until);
}

enum err outbox_taker_decode(struct bytes record, struct outbox_taker_state *state)
{
	struct wire_reader reader = wire_reader_init(record);
	struct outbox_taker_state read;
	unsigned version = wire_read_u8(&reader);

	if (!reader.failed && version != OUTBOX_TAKER_VERSION)
		return ERR_VERSION;
	read.failures = wire_read_u16(&reader);
	read.failing_since = wire_read_time(&reader);
	read.rest_until = wire_read_time(&reader);
	if (!wire_read_done(&reader))
		return ERR_DAMAGED;
	*state = read;
	return ERR_OK;
}
