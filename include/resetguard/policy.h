/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policy: the rule, and the verdict it gives.
 *
 *   A reset may go out when the domain is registered, and verified_at is not
 *   before registered_at and is after lapsed_at and changed_at.
 *
 * policy_decide is pure and complete: every reason, in the order of precedence,
 * comes from there and nowhere else; judge_recipient is its only caller.
 */
#ifndef RESETGUARD_POLICY_H
#define RESETGUARD_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/addresses.h"
#include "resetguard/err.h"
#include "resetguard/facts.h"
#include "resetguard/pins.h"

enum verdict { VERDICT_ACCEPT, VERDICT_TEMPFAIL, VERDICT_REJECT };

/* What is done to the message. The last two act on the whole message, at its end. */
enum action { ACTION_ACCEPT, ACTION_TEMPFAIL, ACTION_REJECT, ACTION_QUARANTINE, ACTION_DISCARD };
enum { ACTION_COUNT = 5 };

/* In order of precedence: the first that applies is the reason. */
enum reason {
	REASON_EXEMPT,
	REASON_BAD_ADDRESS,
	REASON_CACHE_ERROR,
	REASON_PINNED,
	REASON_NO_RECORD,
	REASON_EXPIRED,
	REASON_OWNER_CHANGED,
	REASON_UNVERIFIED,
	REASON_NEW_DOMAIN,
	REASON_DISPUTED,
	REASON_HELD,
	REASON_UNCHECKED,
	REASON_UNKNOWN,
	REASON_STALE,
	REASON_UNDATED,
	REASON_GRACE,
	REASON_OK,
};
enum { REASON_COUNT = 17 };

/* Where verified_at comes from. */
enum verified_by {
	VERIFIED_BY_NOBODY,
	VERIFIED_BY_HEADER,
	VERIFIED_BY_ADDRESS,
	VERIFIED_BY_DOMAIN,
	VERIFIED_BY_FIRST_SEEN,
};

/* The keys that can be set per class of mail. Durations in seconds. */
struct policy {
	enum action action[REASON_COUNT]; /* on_REASON; unused for REASON_PINNED */
	int64_t max_age;
	int64_t first_use_age;
};

/* Everything the verdict rests on. */
struct policy_evidence {
	bool exempt;
	bool bad_address;
	bool cache_error;
	const struct pin *pin;	   /* NULL: none */
	const struct facts *facts; /* NULL: no record */
	struct address_facts address; /* zeros: none */
	int64_t header_verified_at;   /* RFC 7293; 0: none */
};

struct policy_decision {
	enum reason reason;
	enum verdict verdict;
	enum action action;
	enum verified_by verified_by;
	int64_t verified_at; /* what was compared with owner_since; 0: nothing */
};

/* A verification this far in the future still counts: clocks differ. Seconds. */
enum { POLICY_CLOCK_SKEW = 300 };

struct policy_decision policy_decide(const struct policy *policy,
				     const struct policy_evidence *evidence, int64_t now);

/* The built-in actions and ages. */
struct policy policy_defaults(void);

/* The verdict that an action amounts to: quarantine defers, discard refuses. */
enum verdict action_verdict(enum action action);

/* Which of two decisions about one recipient counts: the harsher verdict, then
 * the reason of higher precedence. */
bool policy_decision_is_worse(const struct policy_decision *a, const struct policy_decision *b);

/* Whether newer facts could turn this decision: what the registries say is
 * missing or may be out of date, or it is what the rule was applied to. False
 * where the answer does not rest on registry facts at all. */
bool reason_rests_on_facts(enum reason reason);

const char *verdict_text(enum verdict verdict);
const char *action_text(enum action action);
MUST_CHECK enum err action_from_text(const char *text, enum action *action);
const char *reason_text(enum reason reason); /* "owner-changed" */
MUST_CHECK enum err reason_from_text(const char *text, enum reason *reason);
const char *verified_by_text(enum verified_by verified_by);

/* The reply of a reason that refuses or defers: SMTP code and enhanced status
 * code (RFC 5321 4.2, RFC 3463). The pair fits action: a reason whose action is
 * not its default gets the code of the action. */
struct policy_reply_code {
	int code;	      /* 450, 451, 550 */
	const char *enhanced; /* "4.7.1" */
};
struct policy_reply_code policy_reply_code(enum reason reason, enum verdict verdict);

#endif
