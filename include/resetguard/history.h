/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * history: every change of a domain, with its evidence; append-only.
 *
 * Key: the domain, a zero byte, time (4, big-endian), sequence (4, big-endian),
 * so that a domain's events lie together and in order. The record, version 1:
 * version 1, kind 1, source 1, state before 1, state after 1, then before and
 * after each registered_at, lapsed_at, changed_at (4 each), address hash 16 (all
 * zero: the whole domain), host (length 1, text), evidence (length 1, text);
 * little-endian.
 */
#ifndef RESETGUARD_HISTORY_H
#define RESETGUARD_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/addresses.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/facts.h"

enum {
	HISTORY_EVIDENCE_MAX = 239,
	HISTORY_RECORD_MAX = 5 + 24 + ADDRESSES_HASH_SIZE + 1 + DOMAIN_MAX + 1 + HISTORY_EVIDENCE_MAX,
	HISTORY_KEY_MAX = DOMAIN_MAX + 1 + 8,
	HISTORY_VERSION = 1,
};

/* The numbers are on disk. */
enum history_kind {
	HISTORY_OBSERVED = 1, /* a source reported a change of state or owner */
	HISTORY_VERIFY = 2,
	HISTORY_UNVERIFY = 3,
	HISTORY_PIN = 4,
	HISTORY_UNPIN = 5,
	HISTORY_IMPORT = 6, /* an import merged other facts in */
	HISTORY_RELEASED = 7,  /* an operator let a change pass that the brake had held back */
	HISTORY_DISCARDED = 8, /* an operator dropped one */
	HISTORY_UNDONE = 9,    /* an operator took back what a host had said */
	HISTORY_LOST = 10,     /* the record was damaged: nothing of before counts any more */
};
enum { HISTORY_KIND_LAST = HISTORY_LOST };

/* The three times owner_since is made of. */
struct history_owner {
	int64_t registered_at;
	int64_t lapsed_at;
	int64_t changed_at;
};

struct history_event {
	int64_t at;
	uint32_t sequence; /* set by the cache when it appends */
	enum history_kind kind;
	enum source source;
	enum state state_before;
	enum state state_after;
	struct history_owner owner_before;
	struct history_owner owner_after;
	bool has_address;
	struct address_hash address;
	char host[DOMAIN_MAX + 1]; /* the server that said so; "" for operators */
	char evidence[HISTORY_EVIDENCE_MAX + 1];
};

/* An event of kind that turns before into after; NULL before: a new record. */
struct history_event history_event_make(enum history_kind kind, int64_t at,
					const struct facts *before, const struct facts *after);

/* As facts_owner_since. */
int64_t history_owner_since(const struct history_owner *owner);

/* Cuts evidence that is too long, at a UTF-8 boundary. */
size_t history_encode(const struct history_event *event,
		      unsigned char record[HISTORY_RECORD_MAX]);
size_t history_key(const struct domain *domain, int64_t at, uint32_t sequence,
		   unsigned char key[HISTORY_KEY_MAX]);
MUST_CHECK enum err history_decode(struct bytes key, struct bytes record, struct domain *domain,
				   struct history_event *event);

const char *history_kind_text(enum history_kind kind);

#endif
