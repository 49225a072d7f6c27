/* SPDX-License-Identifier: BSD-2-Clause */
/* pins: an operator's override for a domain or a mailbox, with an end. */
#include "resetguard/pins.h"

#include <string.h>

const char *pin_verdict_text(enum pin_verdict verdict)
{
	switch (verdict) {
	case PIN_ACCEPT:
		return "accept";
	case PIN_REJECT:
		return "reject";
	}
	return "unknown";
}

/* What may be stored: an accept pin that never ends may not. */
static bool is_valid(unsigned verdict, int64_t until)
{
	return verdict == PIN_REJECT || (verdict == PIN_ACCEPT && until != 0);
}

enum err pins_encode(const struct pin *pin, unsigned char record[PIN_RECORD_MAX], size_t *length)
{
	size_t by_length = strnlen(pin->by, sizeof pin->by);
	size_t note_length = strnlen(pin->note, sizeof pin->note);
	if (by_length > PIN_BY_MAX || note_length > PIN_NOTE_MAX)
		return ERR_TOO_LONG;
	if (!is_valid(pin->verdict, pin->until))
		return ERR_DATA;

	struct wire_writer writer = wire_writer_init(record, PIN_RECORD_MAX);
	wire_write_u8(&writer, PINS_VERSION);
	wire_write_u8(&writer, (uint8_t)pin->verdict);
	wire_write_time(&writer, pin->set_at);
	wire_write_time(&writer, pin->until);
	wire_write_text(&writer, pin->by, by_length);
	wire_write_text(&writer, pin->note, note_length);
	*length = (size_t)(writer.at - record);
	return ERR_OK;
}

enum err pins_decode(struct bytes record, struct pin *pin)
{
	struct wire_reader reader = wire_reader_init(record);
	unsigned version = wire_read_u8(&reader);
	if (!reader.failed && version != PINS_VERSION)
		return ERR_VERSION;

	struct pin read;
	unsigned verdict = wire_read_u8(&reader);
	read.set_at = wire_read_time(&reader);
	read.until = wire_read_time(&reader);
	wire_read_text(&reader, read.by, PIN_BY_MAX);
	wire_read_text(&reader, read.note, PIN_NOTE_MAX);
	if (!wire_read_done(&reader) || !is_valid(verdict, read.until))
		return ERR_DAMAGED;
	read.verdict = (enum pin_verdict)verdict;
	*pin = read;
	return ERR_OK;
}

size_t pins_domain_key(const struct domain *domain, unsigned char key[PIN_KEY_MAX])
{
	key[0] = 'd';
	memcpy(key + 1, domain->name, domain->length);
	return 1 + (size_t)domain->length;
}

size_t pins_address_key(const struct address_hash *hash, unsigned char key[PIN_KEY_MAX])
{
	key[0] = 'a';
	memcpy(key + 1, hash->bytes, sizeof hash->bytes);
	return 1 + sizeof hash->bytes;
}

bool pin_in_force(const struct pin *pin, int64_t transition_at, int64_t now)
{
	if (pin->until != 0 && now >= pin->until)
		return false;
	switch (pin->verdict) {
	case PIN_ACCEPT:
		return pin->until != 0 && transition_at < pin->set_at;
	case PIN_REJECT:
		return true;
	}
	return false;
}
