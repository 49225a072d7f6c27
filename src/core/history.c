/* SPDX-License-Identifier: BSD-2-Clause */
/* history: every change of a domain, with its evidence; append-only. */
#include "resetguard/history.h"

#include <string.h>

static const char *const KIND_TEXT[] = {
	[HISTORY_OBSERVED] = "observed", [HISTORY_VERIFY] = "verify", [HISTORY_UNVERIFY] = "unverify",
	[HISTORY_PIN] = "pin",		 [HISTORY_UNPIN] = "unpin",   [HISTORY_IMPORT] = "import",
	[HISTORY_RELEASED] = "released", [HISTORY_DISCARDED] = "discarded",
	[HISTORY_UNDONE] = "undone",	 [HISTORY_LOST] = "lost",
};

/* After the domain: a zero byte, time and sequence. */
enum { KEY_TAIL = 1 + 4 + 4 };

const char *history_kind_text(enum history_kind kind)
{
	return KIND_TEXT[kind];
}

static struct history_owner owner_of(const struct facts *facts)
{
	return (struct history_owner){
		.registered_at = facts->registered_at,
		.lapsed_at = facts->lapsed_at,
		.changed_at = facts->changed_at,
	};
}

int64_t history_owner_since(const struct history_owner *owner)
{
	const struct facts facts = {.registered_at = owner->registered_at,
				    .lapsed_at = owner->lapsed_at,
				    .changed_at = owner->changed_at};

	return facts_owner_since(&facts);
}

struct history_event history_event_make(enum history_kind kind, int64_t at,
					const struct facts *before, const struct facts *after)
{
	struct history_event event = {
		.at = at,
		.kind = kind,
		.source = after->source,
		.state_after = after->state,
		.owner_after = owner_of(after),
	};

	if (before != NULL) {
		event.state_before = before->state;
		event.owner_before = owner_of(before);
	}
	return event;
}

static void write_owner(struct wire_writer *writer, const struct history_owner *owner)
{
	wire_write_time(writer, owner->registered_at);
	wire_write_time(writer, owner->lapsed_at);
	wire_write_time(writer, owner->changed_at);
}

static struct history_owner read_owner(struct wire_reader *reader)
{
	struct history_owner owner;

	owner.registered_at = wire_read_time(reader);
	owner.lapsed_at = wire_read_time(reader);
	owner.changed_at = wire_read_time(reader);
	return owner;
}

/* How many bytes of text to keep: at most max, and no part of a character at
 * the end. size is the whole array's. */
static size_t kept_length(const char *text, size_t size, size_t max)
{
	size_t length = strnlen(text, size);
	if (length > max)
		length = max;

	size_t start = length;
	while (start > 0 && length - start < 4 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
		start--;
	if (start == 0)
		return length;
	unsigned char lead = (unsigned char)text[start - 1];
	size_t needed = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
	return length - (start - 1) < needed ? start - 1 : length;
}

size_t history_encode(const struct history_event *event, unsigned char record[HISTORY_RECORD_MAX])
{
	static const struct address_hash NO_ADDRESS;
	const struct address_hash *address = event->has_address ? &event->address : &NO_ADDRESS;
	struct wire_writer writer = wire_writer_init(record, HISTORY_RECORD_MAX);

	wire_write_u8(&writer, HISTORY_VERSION);
	wire_write_u8(&writer, (uint8_t)event->kind);
	wire_write_u8(&writer, (uint8_t)event->source);
	wire_write_u8(&writer, (uint8_t)event->state_before);
	wire_write_u8(&writer, (uint8_t)event->state_after);
	write_owner(&writer, &event->owner_before);
	write_owner(&writer, &event->owner_after);
	wire_write_bytes(&writer, address->bytes, sizeof address->bytes);
	wire_write_text(&writer, event->host, strnlen(event->host, DOMAIN_MAX));
	wire_write_text(&writer, event->evidence,
		   kept_length(event->evidence, sizeof event->evidence, HISTORY_EVIDENCE_MAX));
	return (size_t)(writer.at - record);
}

size_t history_key(const struct domain *domain, int64_t at, uint32_t sequence,
		   unsigned char key[HISTORY_KEY_MAX])
{
	struct wire_writer writer = wire_writer_init(key, HISTORY_KEY_MAX);

	wire_write_bytes(&writer, domain->name, domain->length);
	wire_write_u8(&writer, 0);
	wire_write_time_sorted(&writer, at);
	wire_write_u32_sorted(&writer, sequence);
	return (size_t)(writer.at - key);
}

static enum err decode_key(struct bytes key, struct domain *domain, struct history_event *event)
{
	if (key.length <= KEY_TAIL || key.length > HISTORY_KEY_MAX)
		return ERR_DAMAGED;

	struct wire_reader reader = wire_reader_init(key);
	size_t length = key.length - KEY_TAIL;
	wire_read_bytes(&reader, domain->name, length);
	domain->name[length] = '\0';
	domain->length = (unsigned char)length;
	unsigned end = wire_read_u8(&reader);
	event->at = wire_read_time_sorted(&reader);
	event->sequence = wire_read_u32_sorted(&reader);
	if (!wire_read_done(&reader) || end != 0 || strlen(domain->name) != length)
		return ERR_DAMAGED;
	return ERR_OK;
}

static enum err decode_record(struct bytes record, struct history_event *event)
{
	struct wire_reader reader = wire_reader_init(record);
	unsigned version = wire_read_u8(&reader);
	if (!reader.failed && version != HISTORY_VERSION)
		return ERR_VERSION;

	unsigned kind = wire_read_u8(&reader);
	unsigned source = wire_read_u8(&reader);
	unsigned state_before = wire_read_u8(&reader);
	unsigned state_after = wire_read_u8(&reader);
	event->owner_before = read_owner(&reader);
	event->owner_after = read_owner(&reader);
	wire_read_bytes(&reader, event->address.bytes, sizeof event->address.bytes);
	wire_read_text(&reader, event->host, DOMAIN_MAX);
	wire_read_text(&reader, event->evidence, HISTORY_EVIDENCE_MAX);
	if (!wire_read_done(&reader) || kind < HISTORY_OBSERVED || kind > HISTORY_KIND_LAST ||
	    source >= SOURCE_COUNT || state_before >= STATE_COUNT || state_after >= STATE_COUNT)
		return ERR_DAMAGED;

	for (size_t i = 0; i < sizeof event->address.bytes; i++)
		event->has_address |= event->address.bytes[i] != 0;
	event->kind = (enum history_kind)kind;
	event->source = (enum source)source;
	event->state_before = (enum state)state_before;
	event->state_after = (enum state)state_after;
	return ERR_OK;
}

enum err history_decode(struct bytes key, struct bytes record, struct domain *domain,
			struct history_event *event)
{
	struct domain read_domain;
	struct history_event read = {0};

	enum err err = decode_key(key, &read_domain, &read);
	if (err == ERR_OK)
		err = decode_record(record, &read);
	if (err != ERR_OK)
		return err;
	*domain = read_domain;
	*event = read;
	return ERR_OK;
}
