/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * judge: the verdict on one recipient, from one snapshot of the cache.
 *
 * judge_recipient reads name, exemption, pin, address and facts in one snapshot
 * and returns one value, which the milter's answer, the log line, lookup and list
 * all render: what lookup says is by construction what the milter does.
 */
#ifndef RESETGUARD_JUDGE_H
#define RESETGUARD_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/cache.h"
#include "resetguard/conf.h"
#include "resetguard/domain.h"
#include "resetguard/facts.h"
#include "resetguard/pins.h"
#include "resetguard/policy.h"

/* What judging needs; all of it is borrowed and only read. Any thread. */
struct judge {
	struct cache *cache;
	const struct domain_suffixes *suffixes;
	const struct conf *conf;
};

struct judge_question {
	const char *name; /* a recipient as the MTA wrote it, or a bare domain */
	size_t name_length;
	const struct conf_class *class; /* the keys of the message's class */
	int64_t header_verified_at;	/* RFC 7293, for this recipient; 0: none */
	int64_t now;
	int64_t monotonic_ms;
};

struct judgement {
	enum verdict verdict;
	enum reason reason;
	enum action action;
	bool has_domain;
	struct domain domain; /* the name whose record decided */
	bool has_facts;
	struct facts facts;
	int64_t owner_since; /* 0: not known */
	int64_t verified_at; /* what was compared with owner_since; 0: nothing */
	enum verified_by verified_by;
	bool has_pin; /* in force or not */
	struct pin pin;
	bool pin_in_force;
	/* Up to two names may need newer facts: the registrable domain, and the name
	 * below a private suffix. Count 0 where facts cannot change the answer. */
	unsigned wanted_count;
	struct domain wanted[2];
	int64_t registry_checked_at; /* the older of the two; 0: never or no record */
};

/* Never fails: what goes wrong is the reason cache-error, told by cache_status. */
void judge_recipient(const struct judge *judge, const struct judge_question *question,
		     struct judgement *judgement);

/* The same for a domain whose facts are in hand (list), without addresses. txn is
 * the snapshot that the facts are from. */
void judge_facts(const struct judge *judge, struct cache_txn *txn, const struct domain *domain,
		 const struct facts *facts, int64_t now, struct judgement *judgement);

#endif
