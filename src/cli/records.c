/* SPDX-License-Identifier: BSD-2-Clause */
/* records: the cache's records as export writes and import reads them. */
#include "records.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/time.h"

enum { HEX64_TEXT = 17, KEY_TEXT = 2 * ADDRESSES_FINGERPRINT_SIZE + 1 };

/* The record's flags by their names in JSON. */
static const struct {
	unsigned flag;
	const char *name;
} flag_names[] = {
	{FACTS_IMPORTED, "imported"},	      {FACTS_UNDATED, "undated"},
	{FACTS_DISPUTED, "disputed"},	      {FACTS_PRIVATE_SUFFIX, "private_suffix"},
	{FACTS_PARKED, "parked"},	      {FACTS_WAS_PARKED, "was_parked"},
};

enum { FLAG_COUNT = sizeof flag_names / sizeof *flag_names };

/* ---- hexadecimal ---- */

static void hex_text(const unsigned char *data, size_t length, char *text)
{
	for (size_t i = 0; i < length; i++)
		snprintf(text + 2 * i, 3, "%02x", data[i]);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = c == '\0' ? NULL : strchr(digits, c | 0x20);

	return found == NULL ? -1 : (int)(found - digits);
}

static enum err hex_read(const char *text, unsigned char *data, size_t length)
{
	if (text == NULL || strlen(text) != 2 * length)
		return ERR_DATA;
	for (size_t i = 0; i < length; i++) {
		int high = hex_digit(text[2 * i]);
		int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_DATA;
		data[i] = (unsigned char)(high << 4 | low);
	}
	return ERR_OK;
}

void records_hash_text(const struct address_hash *hash, char text[RECORDS_HASH_TEXT])
{
	hex_text(hash->bytes, sizeof hash->bytes, text);
}

/* ---- writing ---- */

/* Opaque to others: 0 is null. */
static void write_hex64(struct json_line *line, const char *name, uint64_t value)
{
	char text[HEX64_TEXT];

	snprintf(text, sizeof text, "%016" PRIx64, value);
	json_line_string(line, name, value == 0 ? NULL : text);
}

static void write_check(struct json_line *line, const struct facts_check *check)
{
	json_line_time(line, "checked_at", check->checked_at);
	json_line_time(line, "tried_at", check->tried_at);
	json_line_time(line, "next_check_at", check->next_check_at);
	json_line_integer(line, "failures", check->failures);
}

static const char *dns_state_name(enum dns_state state)
{
	switch (state) {
	case DNS_STATE_UNKNOWN:
		return NULL;
	case DNS_STATE_EXISTS:
		return "exists";
	case DNS_STATE_NXDOMAIN:
		return "nxdomain";
	case DNS_STATE_NODATA:
		return "nodata";
	}
	return NULL;
}

/* The check that the outer members show, and the other one. */
static const struct facts_check *shown_check(const struct facts *facts)
{
	return facts->source == SOURCE_DNS ? &facts->dns : &facts->registry;
}

static const struct facts_check *other_check(const struct facts *facts)
{
	return facts->source == SOURCE_DNS ? &facts->registry : &facts->dns;
}

void records_write_domain(FILE *stream, const struct domain *domain, const struct facts *facts)
{
	struct json_line line = json_line_begin(stream);

	json_line_string(&line, "kind", "domain");
	json_line_string(&line, "domain", domain->name);
	json_line_string(&line, "state", state_text(facts->state));
	json_line_string(&line, "source",
			 facts->source == SOURCE_NONE ? NULL : source_text(facts->source));
	json_line_time(&line, "registered_at", facts->registered_at);
	json_line_time(&line, "expires_at", facts->expires_at);
	json_line_time(&line, "lapsed_at", facts->lapsed_at);
	json_line_time(&line, "changed_at", facts->changed_at);
	json_line_time(&line, "first_seen_at", facts->first_seen_at);
	json_line_time(&line, "verified_at", facts->verified_at);
	write_check(&line, shown_check(facts));
	if (facts->registrar_id == 0)
		json_line_null(&line, "registrar");
	else
		json_line_integer(&line, "registrar", facts->registrar_id);
	write_hex64(&line, "handle", facts->handle_hash);
	json_line_open(&line, "name_servers");
	write_hex64(&line, "now", facts->ns_hash);
	write_hex64(&line, "before_grace", facts->ns_hash_before_grace);
	json_line_close(&line);
	json_line_open(&line, "flags");
	for (int i = 0; i < FLAG_COUNT; i++) {
		if ((facts->flags & flag_names[i].flag) != 0)
			json_line_boolean(&line, flag_names[i].name, true);
	}
	json_line_time(&line, "unverified_at", facts->unverified_at);
	json_line_time(&line, "transition_at", facts->transition_at);
	json_line_string(&line, "registry_state", state_text(facts->registry_state));
	json_line_string(&line, "dns_state", dns_state_name(facts->dns_state));
	json_line_time(&line, "nxdomain_since", facts->nxdomain_since);
	json_line_integer(&line, "nxdomain_count", facts->nxdomain_count);
	json_line_open(&line, "other_check");
	write_check(&line, other_check(facts));
	json_line_close(&line);
	json_line_close(&line);
	json_line_end(&line);
}

static void write_hash(struct json_line *line, const struct addresses_fingerprint *key,
		       const struct address_hash *hash)
{
	char hash_text[RECORDS_HASH_TEXT];
	char key_text[KEY_TEXT];

	if (hash != NULL)
		records_hash_text(hash, hash_text);
	hex_text(key->bytes, sizeof key->bytes, key_text);
	json_line_string(line, "hash", hash == NULL ? NULL : hash_text);
	json_line_string(line, "key", hash == NULL ? NULL : key_text);
}

void records_write_address(FILE *stream, const struct addresses_fingerprint *key,
			   const struct address_hash *hash, const struct address_facts *facts)
{
	struct json_line line = json_line_begin(stream);

	json_line_string(&line, "kind", "address");
	write_hash(&line, key, hash);
	json_line_time(&line, "verified_at", facts->verified_at);
	json_line_time(&line, "unverified_at", facts->unverified_at);
	json_line_end(&line);
}

void records_write_pin(FILE *stream, const struct addresses_fingerprint *key,
		       const struct domain *domain, const struct address_hash *hash,
		       const struct pin *pin)
{
	struct json_line line = json_line_begin(stream);

	json_line_string(&line, "kind", "pin");
	json_line_string(&line, "domain", domain == NULL ? NULL : domain->name);
	write_hash(&line, key, hash);
	json_line_string(&line, "verdict", pin_verdict_text(pin->verdict));
	json_line_time(&line, "set_at", pin->set_at);
	json_line_time(&line, "until", pin->until);
	json_line_string(&line, "by", pin->by);
	json_line_string(&line, "note", pin->note);
	json_line_end(&line);
}

static void write_owner(struct json_line *line, const char *name, const struct history_owner *owner)
{
	json_line_open(line, name);
	json_line_time(line, "registered_at", owner->registered_at);
	json_line_time(line, "lapsed_at", owner->lapsed_at);
	json_line_time(line, "changed_at", owner->changed_at);
	json_line_close(line);
}

void records_history_members(struct json_line *line, const struct history_event *event)
{
	json_line_time(line, "at", event->at);
	json_line_string(line, "event", history_kind_text(event->kind));
	json_line_string(line, "source",
			 event->source == SOURCE_NONE ? NULL : source_text(event->source));
	json_line_string(line, "state_before", state_text(event->state_before));
	json_line_string(line, "state_after", state_text(event->state_after));
	write_owner(line, "owner_before", &event->owner_before);
	write_owner(line, "owner_after", &event->owner_after);
	json_line_string(line, "host", event->host[0] == '\0' ? NULL : event->host);
	json_line_string(line, "evidence", event->evidence);
}

void records_write_history(FILE *stream, const struct addresses_fingerprint *key,
			   const struct domain *domain, const struct history_event *event)
{
	struct json_line line = json_line_begin(stream);

	json_line_string(&line, "kind", "history");
	json_line_string(&line, "domain", domain->name);
	records_history_members(&line, event);
	write_hash(&line, key, event->has_address ? &event->address : NULL);
	json_line_end(&line);
}

/* ---- reading: a straight list of reads that remember the first failure ---- */

struct members {
	const struct json *object;
	struct why *why;
	enum err err;
};

static void fail(struct members *in, const char *name, const char *what)
{
	if (in->err == ERR_OK)
		in->err = err_why(ERR_DATA, in->why, "member \"%s\" %s", name, what);
}

static const char *read_text(struct members *in, const char *name)
{
	const struct json *value = json_member(in->object, name);

	if (value != NULL && !json_is_null(value) && json_as_string(value) == NULL)
		fail(in, name, "is no text");
	return json_as_string(value);
}

static int64_t read_time(struct members *in, const char *name)
{
	const char *text = read_text(in, name);
	int64_t moment = 0;

	if (text != NULL && time_parse_lenient(text, &moment) != ERR_OK)
		fail(in, name, "is no time such as 2026-11-22T07:00:00Z");
	return moment;
}

static int64_t read_integer(struct members *in, const char *name, int64_t max)
{
	const struct json *value = json_member(in->object, name);
	int64_t integer = 0;

	if (value == NULL || json_is_null(value))
		return 0;
	if (!json_as_integer(value, &integer) || integer < 0 || integer > max) {
		fail(in, name, "is no number in its range");
		return 0;
	}
	return integer;
}

static uint64_t read_hex64(struct members *in, const char *name)
{
	const char *text = read_text(in, name);
	unsigned char bytes[8];
	uint64_t value = 0;

	if (text == NULL)
		return 0;
	if (hex_read(text, bytes, sizeof bytes) != ERR_OK)
		fail(in, name, "is not what export writes");
	else
		for (size_t i = 0; i < sizeof bytes; i++)
			value = value << 8 | bytes[i];
	return value;
}

static enum state read_state(struct members *in, const char *name)
{
	const char *text = read_text(in, name);
	enum state state = STATE_UNKNOWN;

	if (text != NULL && state_from_text(text, &state) != ERR_OK)
		fail(in, name, "is no state (registered, grace, held, redemption, pending-delete, "
			       "unregistered, unknown)");
	return state;
}

static enum source read_source(struct members *in, const char *name)
{
	const char *text = read_text(in, name);
	enum source source = SOURCE_NONE;

	if (text != NULL && source_from_text(text, &source) != ERR_OK)
		fail(in, name, "is no source (rdap, fastly, dns)");
	return source;
}

static enum dns_state read_dns_state(struct members *in, const char *name)
{
	const char *text = read_text(in, name);

	if (text == NULL)
		return DNS_STATE_UNKNOWN;
	for (int i = 1; i < DNS_STATE_COUNT; i++) {
		if (strcmp(text, dns_state_name((enum dns_state)i)) == 0)
			return (enum dns_state)i;
	}
	fail(in, name, "is none of exists, nxdomain, nodata");
	return DNS_STATE_UNKNOWN;
}

static void read_check(struct members *in, struct facts_check *check)
{
	check->checked_at = read_time(in, "checked_at");
	check->tried_at = read_time(in, "tried_at");
	check->next_check_at = read_time(in, "next_check_at");
	check->failures = (uint16_t)read_integer(in, "failures", UINT16_MAX);
}

/* The members of an object within the object. Absent: all its members are too. */
static struct members within(const struct members *in, const char *name)
{
	return (struct members){.object = json_member(in->object, name), .why = in->why,
				.err = in->err};
}

static void leave(struct members *in, const struct members *inner)
{
	in->err = inner->err;
}

static void read_flags(struct members *in, struct facts *facts, struct facts_check *other)
{
	struct members flags = within(in, "flags");
	struct members check;

	/* What no export wrote, somebody wrote who has accounts there. */
	if (flags.object == NULL)
		facts->flags = FACTS_IMPORTED;
	for (int i = 0; i < FLAG_COUNT; i++) {
		if (json_as_boolean(json_member(flags.object, flag_names[i].name)))
			facts->flags |= flag_names[i].flag;
	}
	facts->unverified_at = read_time(&flags, "unverified_at");
	facts->transition_at = read_time(&flags, "transition_at");
	facts->registry_state = read_state(&flags, "registry_state");
	facts->dns_state = read_dns_state(&flags, "dns_state");
	facts->nxdomain_since = read_time(&flags, "nxdomain_since");
	facts->nxdomain_count = (uint16_t)read_integer(&flags, "nxdomain_count", UINT16_MAX);
	check = within(&flags, "other_check");
	read_check(&check, other);
	leave(&flags, &check);
	leave(in, &flags);
}

static void read_facts(struct members *in, struct facts *facts)
{
	struct facts_check shown = {0};
	struct facts_check other = {0};
	struct members name_servers;

	facts->state = read_state(in, "state");
	facts->source = read_source(in, "source");
	facts->registered_at = read_time(in, "registered_at");
	facts->expires_at = read_time(in, "expires_at");
	facts->lapsed_at = read_time(in, "lapsed_at");
	facts->changed_at = read_time(in, "changed_at");
	facts->first_seen_at = read_time(in, "first_seen_at");
	facts->verified_at = read_time(in, "verified_at");
	read_check(in, &shown);
	facts->registrar_id = (uint32_t)read_integer(in, "registrar", UINT32_MAX);
	facts->handle_hash = read_hex64(in, "handle");
	name_servers = within(in, "name_servers");
	facts->ns_hash = read_hex64(&name_servers, "now");
	facts->ns_hash_before_grace = read_hex64(&name_servers, "before_grace");
	leave(in, &name_servers);
	read_flags(in, facts, &other);
	facts->registry = facts->source == SOURCE_DNS ? other : shown;
	facts->dns = facts->source == SOURCE_DNS ? shown : other;
	/* A lapse seen is a lapse remembered, also by a hand-written line. */
	if (state_is_expired(facts->state) && facts->lapsed_at == 0)
		facts->lapsed_at = shown.checked_at;
	if (facts->registry_state == STATE_UNKNOWN && facts->source != SOURCE_DNS)
		facts->registry_state = facts->state;
}

static void read_hash(struct members *in, struct records_row *row)
{
	const char *hash = read_text(in, "hash");
	const char *key = read_text(in, "key");

	if (hash == NULL)
		return;
	row->has_hash = true;
	if (hex_read(hash, row->hash.bytes, sizeof row->hash.bytes) != ERR_OK)
		fail(in, "hash", "is not what export writes");
	if (hex_read(key, row->key.bytes, sizeof row->key.bytes) != ERR_OK)
		fail(in, "key", "is not what export writes");
}

/* ERR_TOO_LONG texts are refused, never cut. */
static void read_copy(struct members *in, const char *name, char *copy, size_t size)
{
	const char *text = read_text(in, name);

	if (text == NULL)
		return;
	if (strlen(text) >= size)
		fail(in, name, "is too long");
	else
		memcpy(copy, text, strlen(text) + 1);
}

static void read_pin(struct members *in, struct pin *pin)
{
	const char *verdict = read_text(in, "verdict");

	if (verdict != NULL && strcmp(verdict, "accept") == 0)
		pin->verdict = PIN_ACCEPT;
	else if (verdict != NULL && strcmp(verdict, "reject") == 0)
		pin->verdict = PIN_REJECT;
	else
		fail(in, "verdict", "is neither accept nor reject");
	pin->set_at = read_time(in, "set_at");
	pin->until = read_time(in, "until");
	read_copy(in, "by", pin->by, sizeof pin->by);
	read_copy(in, "note", pin->note, sizeof pin->note);
}

static struct history_owner read_owner(struct members *in, const char *name)
{
	struct members owner = within(in, name);
	struct history_owner read = {
		.registered_at = read_time(&owner, "registered_at"),
		.lapsed_at = read_time(&owner, "lapsed_at"),
		.changed_at = read_time(&owner, "changed_at"),
	};

	leave(in, &owner);
	return read;
}

static void read_history(struct members *in, struct history_event *event)
{
	const char *kind = read_text(in, "event");

	event->at = read_time(in, "at");
	for (int i = HISTORY_OBSERVED; i <= HISTORY_KIND_LAST; i++) {
		if (kind != NULL && strcmp(kind, history_kind_text((enum history_kind)i)) == 0)
			event->kind = (enum history_kind)i;
	}
	if (event->kind == 0 || event->at == 0)
		fail(in, event->at == 0 ? "at" : "event", "is missing or unknown");
	event->source = read_source(in, "source");
	event->state_before = read_state(in, "state_before");
	event->state_after = read_state(in, "state_after");
	event->owner_before = read_owner(in, "owner_before");
	event->owner_after = read_owner(in, "owner_after");
	read_copy(in, "host", event->host, sizeof event->host);
	read_copy(in, "evidence", event->evidence, sizeof event->evidence);
}

static void read_domain(struct members *in, struct records_row *row)
{
	const char *text = read_text(in, "domain");

	if (text == NULL)
		return;
	row->has_domain = true;
	if (domain_from_text(text, strlen(text), &row->domain) != ERR_OK)
		fail(in, "domain", "is no domain name");
}

static void read_row(struct members *in, struct records_row *row)
{
	const char *kind = read_text(in, "kind");
	int64_t schema = read_integer(in, "schema", INT64_MAX);

	if (schema > 1)
		fail(in, "schema", "is of a later version; use a later resetguard");
	read_domain(in, row);
	if (kind == NULL) {
		fail(in, "kind", "is missing (domain, address, pin, history)");
	} else if (strcmp(kind, "domain") == 0) {
		row->kind = RECORDS_DOMAIN;
		read_facts(in, &row->facts);
	} else if (strcmp(kind, "address") == 0) {
		row->kind = RECORDS_ADDRESS;
		read_hash(in, row);
		row->address.verified_at = read_time(in, "verified_at");
		row->address.unverified_at = read_time(in, "unverified_at");
	} else if (strcmp(kind, "pin") == 0) {
		row->kind = RECORDS_PIN;
		read_hash(in, row);
		read_pin(in, &row->pin);
	} else if (strcmp(kind, "history") == 0) {
		row->kind = RECORDS_HISTORY;
		read_hash(in, row);
		read_history(in, &row->event);
		row->event.has_address = row->has_hash;
		row->event.address = row->hash;
	} else {
		fail(in, "kind", "is none of domain, address, pin, history");
	}
	if (row->kind == RECORDS_ADDRESS ? !row->has_hash : !row->has_domain && !row->has_hash)
		fail(in, row->kind == RECORDS_ADDRESS ? "hash" : "domain", "is missing");
}

enum err records_read(const char *text, size_t length, struct records_row *row, struct why *why)
{
	struct records_row read = {.kind = RECORDS_DOMAIN};
	struct members in = {.why = why};
	struct json *document;
	enum err err = json_parse(text, length, &document, why);

	if (err != ERR_OK)
		return err;
	in.object = document;
	if (!json_is_object(document))
		in.err = err_why(ERR_DATA, why, "is no JSON object");
	else
		read_row(&in, &read);
	json_free(document);
	if (in.err == ERR_OK)
		*row = read;
	return in.err;
}
