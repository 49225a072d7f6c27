/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * facts: what is known of one domain, and its record in the cache.
 *
 * Facts are stored, judgement is computed: nothing here says what a state means
 * for a message, and nothing changes because a date passes.
 *
 * The record, version 1: 100 bytes, little-endian, times as unsigned 32-bit
 * Unix seconds with 0 for "not known":
 *
 *    0  version         1
 *    1  state           1   enum state: the combined judgement of the sources
 *    2  source          1   enum source: who settled the state
 *    3  flags           1   FACTS_*
 *    4  registered_at   4   the highest registration date accepted
 *    8  expires_at      4   as the registry last said
 *   12  lapsed_at       4   last seen expired
 *   16  changed_at      4   last other sign of a new owner
 *   20  first_seen_at   4   when the domain entered the cache
 *   24  verified_at     4   an operator vouched for every mailbox there
 *   28  unverified_at   4   an operator took that back
 *   32  transition_at   4   last change of state or owner (voids accept pins)
 *   36  registry        12  checked_at, tried_at, next_check_at
 *   48  dns             12  checked_at, tried_at, next_check_at
 *   60  nxdomain_since  4   first NXDOMAIN of an unbroken row
 *   64  registry        2   failures in a row
 *   66  dns             2   failures in a row
 *   68  nxdomain_count  2
 *   70  registry_state  1   enum state: what the registry alone last said
 *   71  dns_state       1   enum dns_state
 *   72  registrar_id    4   IANA registrar id
 *   76  handle_hash     8   registry's object handle
 *   84  ns_hash         8   set of name servers
 *   92  ns_hash_before_grace  8
 *  100
 *
 * A record of another version or length, with an unknown enum value or flag, is
 * ERR_VERSION or ERR_DAMAGED, never half believed.
 */
#ifndef RESETGUARD_FACTS_H
#define RESETGUARD_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/wire.h"

/* What the registries say of the domain now. The numbers are on disk. */
enum state {
	STATE_UNKNOWN = 0,
	STATE_REGISTERED = 1,
	STATE_GRACE = 2,
	STATE_HELD = 3,
	STATE_REDEMPTION = 4,
	STATE_PENDING_DELETE = 5,
	STATE_UNREGISTERED = 6,
};
enum { STATE_COUNT = 7 };

enum source { SOURCE_NONE = 0, SOURCE_RDAP = 1, SOURCE_FASTLY = 2, SOURCE_DNS = 3 };
enum { SOURCE_COUNT = 4 };

enum dns_state {
	DNS_STATE_UNKNOWN = 0,
	DNS_STATE_EXISTS = 1,
	DNS_STATE_NXDOMAIN = 2,
	DNS_STATE_NODATA = 3,
};
enum { DNS_STATE_COUNT = 4 };

enum {
	FACTS_IMPORTED = 1 << 0,       /* somebody with accounts there named it */
	FACTS_UNDATED = 1 << 1,	       /* the last good answer had no registration date */
	FACTS_DISPUTED = 1 << 2,       /* the brake holds a change back */
	FACTS_PRIVATE_SUFFIX = 1 << 3, /* a name below a private suffix: DNS only */
	FACTS_PARKED = 1 << 4,	       /* in grace, on parking name servers */
	FACTS_WAS_PARKED = 1 << 5,     /* was so at some time in this grace */
	FACTS_FLAGS_ALL = (1 << 6) - 1,
};

enum { FACTS_RECORD_SIZE = 100, FACTS_VERSION = 1 };

/* One kind of check: the registry's, or the DNS's. */
struct facts_check {
	int64_t checked_at; /* last success */
	int64_t tried_at;
	int64_t next_check_at;
	uint16_t failures; /* since the last success */
};

struct facts {
	enum state state;
	enum state registry_state;
	enum dns_state dns_state;
	enum source source;
	unsigned flags;
	int64_t registered_at;
	int64_t expires_at;
	int64_t lapsed_at;
	int64_t changed_at;
	int64_t first_seen_at;
	int64_t verified_at;
	int64_t unverified_at;
	int64_t transition_at;
	struct facts_check registry;
	struct facts_check dns;
	int64_t nxdomain_since;
	uint16_t nxdomain_count;
	uint32_t registrar_id;
	uint64_t handle_hash;
	uint64_t ns_hash;
	uint64_t ns_hash_before_grace;
};

/* What an observation or an operator did to the facts. */
struct facts_change {
	bool state_changed;
	bool owner_changed;  /* owner_since moved */
	bool owner_explicit; /* on the registry's explicit word: an object that says
				redemption or pending delete, or a date */
};

/* The facts of a domain that has just entered the cache: nothing is known, and its
 * first check is due. */
struct facts facts_new(int64_t now, unsigned flags);

/* The facts of a domain whose record is damaged. Who owned it since when, and who
 * vouched for whom, is lost, and nobody may gain by that: as far as anybody knows its
 * owner changed just now, so that it stays unverified until somebody verifies it. */
struct facts facts_lost(int64_t now, unsigned flags);

/* The earliest moment from which the domain certainly has its present owner. */
int64_t facts_owner_since(const struct facts *facts);

/* redemption, pending-delete or unregistered. */
bool state_is_expired(enum state state);

/* The last good check of the kind that vouches for these facts: the DNS's where
 * no registry source serves the TLD, else the registry's. 0: never. */
int64_t facts_checked_at(const struct facts *facts);

/* The next check of either kind; 0: not known. */
int64_t facts_next_check_at(const struct facts *facts);

void facts_encode(const struct facts *facts, unsigned char record[FACTS_RECORD_SIZE]);
MUST_CHECK enum err facts_decode(struct bytes record, struct facts *facts);

/* Two records of one domain become one, as an import merges them: lapsed_at,
 * changed_at, verified_at, unverified_at, registered_at, transition_at by
 * maximum, first_seen_at by minimum of those known, everything else from the
 * one with the newer facts_checked_at. Flags that say how the domain came to us
 * (imported, private suffix) are kept from both. */
struct facts facts_merge(const struct facts *a, const struct facts *b);

/* What a clock that ran ahead has left, at its right time now: signs of a lapse or a
 * new owner count as of now, checks as not made and due. A domain that would have
 * entered the cache after now has a new owner now, as far as anybody knows. True if
 * anything was to be changed; *unverified: the last of these. */
bool facts_forget_future(struct facts *facts, int64_t now, bool *unverified);

/* The tokens of logs and JSON; _from_text gives ERR_DATA for an unknown one. */
const char *state_text(enum state state);
MUST_CHECK enum err state_from_text(const char *text, enum state *state);
const char *source_text(enum source source);
MUST_CHECK enum err source_from_text(const char *text, enum source *source);

#endif
