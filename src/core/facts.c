/* SPDX-License-Identifier: BSD-2-Clause */
/* facts: what is known of one domain, and its record in the cache. */
#include "resetguard/facts.h"

#include <string.h>

static const char *const STATE_TEXT[STATE_COUNT] = {
	[STATE_UNKNOWN] = "unknown",
	[STATE_REGISTERED] = "registered",
	[STATE_GRACE] = "grace",
	[STATE_HELD] = "held",
	[STATE_REDEMPTION] = "redemption",
	[STATE_PENDING_DELETE] = "pending-delete",
	[STATE_UNREGISTERED] = "unregistered",
};

static const char *const SOURCE_TEXT[SOURCE_COUNT] = {
	[SOURCE_NONE] = "none",
	[SOURCE_RDAP] = "rdap",
	[SOURCE_FASTLY] = "fastly",
	[SOURCE_DNS] = "dns",
};

const char *state_text(enum state state)
{
	return STATE_TEXT[state];
}

enum err state_from_text(const char *text, enum state *state)
{
	for (unsigned i = 0; i < STATE_COUNT; i++) {
		if (strcmp(text, STATE_TEXT[i]) == 0) {
			*state = (enum state)i;
			return ERR_OK;
		}
	}
	return ERR_DATA;
}

const char *source_text(enum source source)
{
	return SOURCE_TEXT[source];
}

enum err source_from_text(const char *text, enum source *source)
{
	for (unsigned i = 0; i < SOURCE_COUNT; i++) {
		if (strcmp(text, SOURCE_TEXT[i]) == 0) {
			*source = (enum source)i;
			return ERR_OK;
		}
	}
	return ERR_DATA;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The sooner of those that are known. */
static int64_t sooner_known(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return later(a, b);
	return a < b ? a : b;
}

struct facts facts_new(int64_t now, unsigned flags)
{
	return (struct facts){
		.first_seen_at = now,
		.flags = flags,
		.registry = {.next_check_at = now},
	};
}

struct facts facts_lost(int64_t now, unsigned flags)
{
	struct facts facts = facts_new(now, flags);

	facts.changed_at = facts.transition_at = facts.unverified_at = now;
	return facts;
}

int64_t facts_owner_since(const struct facts *facts)
{
	return later(facts->registered_at, later(facts->lapsed_at, facts->changed_at));
}

bool state_is_expired(enum state state)
{
	switch (state) {
	case STATE_REDEMPTION:
	case STATE_PENDING_DELETE:
	case STATE_UNREGISTERED:
		return true;
	case STATE_UNKNOWN:
	case STATE_REGISTERED:
	case STATE_GRACE:
	case STATE_HELD:
		break;
	}
	return false;
}

int64_t facts_checked_at(const struct facts *facts)
{
	bool dns_alone = facts->source == SOURCE_DNS || (facts->flags & FACTS_PRIVATE_SUFFIX) != 0;

	return dns_alone ? facts->dns.checked_at : facts->registry.checked_at;
}

int64_t facts_next_check_at(const struct facts *facts)
{
	return sooner_known(facts->registry.next_check_at, facts->dns.next_check_at);
}

static void write_check(struct wire_writer *writer, const struct facts_check *check)
{
	wire_write_time(writer, check->checked_at);
	wire_write_time(writer, check->tried_at);
	wire_write_time(writer, check->next_check_at);
}

static void read_check(struct wire_reader *reader, struct facts_check *check)
{
	check->checked_at = wire_read_time(reader);
	check->tried_at = wire_read_time(reader);
	check->next_check_at = wire_read_time(reader);
}

void facts_encode(const struct facts *facts, unsigned char record[FACTS_RECORD_SIZE])
{
	struct wire_writer writer = wire_writer_init(record, FACTS_RECORD_SIZE);

	wire_write_u8(&writer, FACTS_VERSION);
	wire_write_u8(&writer, (uint8_t)facts->state);
	wire_write_u8(&writer, (uint8_t)facts->source);
	wire_write_u8(&writer, (uint8_t)facts->flags);
	wire_write_time(&writer, facts->registered_at);
	wire_write_time(&writer, facts->expires_at);
	wire_write_time(&writer, facts->lapsed_at);
	wire_write_time(&writer, facts->changed_at);
	wire_write_time(&writer, facts->first_seen_at);
	wire_write_time(&writer, facts->verified_at);
	wire_write_time(&writer, facts->unverified_at);
	wire_write_time(&writer, facts->transition_at);
	write_check(&writer, &facts->registry);
	write_check(&writer, &facts->dns);
	wire_write_time(&writer, facts->nxdomain_since);
	wire_write_u16(&writer, facts->registry.failures);
	wire_write_u16(&writer, facts->dns.failures);
	wire_write_u16(&writer, facts->nxdomain_count);
	wire_write_u8(&writer, (uint8_t)facts->registry_state);
	wire_write_u8(&writer, (uint8_t)facts->dns_state);
	wire_write_u32(&writer, facts->registrar_id);
	wire_write_u64(&writer, facts->handle_hash);
	wire_write_u64(&writer, facts->ns_hash);
	wire_write_u64(&writer, facts->ns_hash_before_grace);
}

enum err facts_decode(struct bytes record, struct facts *facts)
{
	if (record.length == 0)
		return ERR_DAMAGED;
	if (*(const unsigned char *)record.data != FACTS_VERSION)
		return ERR_VERSION;
	if (record.length != FACTS_RECORD_SIZE)
		return ERR_DAMAGED;

	/* Of a length that the compiler knows: no field asks whether it is there. */
	struct wire_reader reader = wire_reader_init((struct bytes){record.data, FACTS_RECORD_SIZE});
	struct facts read;

	(void)wire_read_u8(&reader);
	unsigned state = wire_read_u8(&reader);
	unsigned source = wire_read_u8(&reader);
	read.flags = wire_read_u8(&reader);
	read.registered_at = wire_read_time(&reader);
	read.expires_at = wire_read_time(&reader);
	read.lapsed_at = wire_read_time(&reader);
	read.changed_at = wire_read_time(&reader);
	read.first_seen_at = wire_read_time(&reader);
	read.verified_at = wire_read_time(&reader);
	read.unverified_at = wire_read_time(&reader);
	read.transition_at = wire_read_time(&reader);
	read_check(&reader, &read.registry);
	read_check(&reader, &read.dns);
	read.nxdomain_since = wire_read_time(&reader);
	read.registry.failures = wire_read_u16(&reader);
	read.dns.failures = wire_read_u16(&reader);
	read.nxdomain_count = wire_read_u16(&reader);
	unsigned registry_state = wire_read_u8(&reader);
	unsigned dns_state = wire_read_u8(&reader);
	read.registrar_id = wire_read_u32(&reader);
	read.handle_hash = wire_read_u64(&reader);
	read.ns_hash = wire_read_u64(&reader);
	read.ns_hash_before_grace = wire_read_u64(&reader);

	if (!wire_read_done(&reader) || state >= STATE_COUNT || registry_state >= STATE_COUNT ||
	    source >= SOURCE_COUNT || dns_state >= DNS_STATE_COUNT ||
	    (read.flags & ~(unsigned)FACTS_FLAGS_ALL) != 0)
		return ERR_DAMAGED;
	read.state = (enum state)state;
	read.registry_state = (enum state)registry_state;
	read.source = (enum source)source;
	read.dns_state = (enum dns_state)dns_state;
	*facts = read;
	return ERR_OK;
}

/* True if a is to be believed rather than b. Of two equally old records the
 * choice only has to be the same in either order. */
static bool is_newer(const struct facts *a, const struct facts *b)
{
	int64_t a_checked = facts_checked_at(a);
	int64_t b_checked = facts_checked_at(b);
	if (a_checked != b_checked)
		return a_checked > b_checked;

	unsigned char a_record[FACTS_RECORD_SIZE];
	unsigned char b_record[FACTS_RECORD_SIZE];
	facts_encode(a, a_record);
	facts_encode(b, b_record);
	return memcmp(a_record, b_record, FACTS_RECORD_SIZE) >= 0;
}

struct facts facts_merge(const struct facts *a, const struct facts *b)
{
	struct facts merged = is_newer(a, b) ? *a : *b;

	merged.registered_at = later(a->registered_at, b->registered_at);
	merged.lapsed_at = later(a->lapsed_at, b->lapsed_at);
	merged.changed_at = later(a->changed_at, b->changed_at);
	merged.verified_at = later(a->verified_at, b->verified_at);
	merged.unverified_at = later(a->unverified_at, b->unverified_at);
	merged.transition_at = later(a->transition_at, b->transition_at);
	merged.first_seen_at = sooner_known(a->first_seen_at, b->first_seen_at);
	merged.flags |= (a->flags | b->flags) & (FACTS_IMPORTED | FACTS_PRIVATE_SUFFIX);
	return merged;
}

/* A moment after now becomes what it is replaced by; whether it did. */
static bool forget(int64_t *moment, int64_t now, int64_t by)
{
	if (*moment <= now)
		return false;
	*moment = by;
	return true;
}

static bool forget_check(struct facts_check *check, int64_t now)
{
	bool checked = forget(&check->checked_at, now, 0);
	bool tried = forget(&check->tried_at, now, now);

	if (checked || tried)
		check->next_check_at = now;
	return checked || tried;
}

bool facts_forget_future(struct facts *facts, int64_t now, bool *unverified)
{
	bool changed = false;

	*unverified = forget(&facts->first_seen_at, now, now);
	if (*unverified)
		facts->changed_at = facts->transition_at = now;
	changed |= *unverified;
	changed |= forget(&facts->lapsed_at, now, now);
	changed |= forget(&facts->changed_at, now, now);
	changed |= forget(&facts->transition_at, now, now);
	changed |= forget(&facts->unverified_at, now, now);
	/* It counted for nothing as yet. */
	changed |= forget(&facts->verified_at, now, 0);
	changed |= forget(&facts->nxdomain_since, now, now);
	changed |= forget_check(&facts->registry, now);
	changed |= forget_check(&facts->dns, now);
	return changed;
}
