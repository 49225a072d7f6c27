/* SPDX-License-Identifier: BSD-2-Clause */
/* policy: the rule, and the verdict it gives. Pure. */
#include "resetguard/policy.h"

#include <string.h>

/* What is fixed about each reason: its token, its default action, and its reply
 * (RFC 3463; 5.7.18 is "domain owner has changed", RFC 7293 section 14). */
struct reason_row {
	const char *token;
	enum action default_action;
	int code;
	const char *enhanced;
};

static const struct reason_row reason_rows[REASON_COUNT] = {
	[REASON_EXEMPT] = {"exempt", ACTION_ACCEPT, 0, ""},
	[REASON_BAD_ADDRESS] = {"bad-address", ACTION_REJECT, 550, "5.1.3"},
	[REASON_CACHE_ERROR] = {"cache-error", ACTION_TEMPFAIL, 451, "4.3.0"},
	[REASON_PINNED] = {"pinned", ACTION_REJECT, 550, "5.7.1"},
	[REASON_NO_RECORD] = {"no-record", ACTION_TEMPFAIL, 450, "4.7.1"},
	[REASON_EXPIRED] = {"expired", ACTION_REJECT, 550, "5.1.2"},
	[REASON_OWNER_CHANGED] = {"owner-changed", ACTION_REJECT, 550, "5.7.18"},
	[REASON_UNVERIFIED] = {"unverified", ACTION_REJECT, 550, "5.7.18"},
	[REASON_NEW_DOMAIN] = {"new-domain", ACTION_REJECT, 550, "5.7.18"},
	[REASON_DISPUTED] = {"disputed", ACTION_TEMPFAIL, 450, "4.7.1"},
	[REASON_HELD] = {"held", ACTION_TEMPFAIL, 450, "4.7.1"},
	[REASON_UNCHECKED] = {"unchecked", ACTION_TEMPFAIL, 450, "4.7.1"},
	[REASON_UNKNOWN] = {"unknown", ACTION_TEMPFAIL, 450, "4.7.1"},
	[REASON_STALE] = {"stale", ACTION_TEMPFAIL, 450, "4.7.1"},
	[REASON_UNDATED] = {"undated", ACTION_ACCEPT, 0, ""},
	[REASON_GRACE] = {"grace", ACTION_ACCEPT, 0, ""},
	[REASON_OK] = {"ok", ACTION_ACCEPT, 0, ""},
};

static const char *const action_tokens[ACTION_COUNT] = {
	[ACTION_ACCEPT] = "accept",   [ACTION_TEMPFAIL] = "tempfail",
	[ACTION_REJECT] = "reject",   [ACTION_QUARANTINE] = "quarantine",
	[ACTION_DISCARD] = "discard",
};

struct policy policy_defaults(void)
{
	struct policy policy = {.max_age = INT64_C(35) * 86400,
				.first_use_age = INT64_C(90) * 86400};

	for (int i = 0; i < REASON_COUNT; i++)
		policy.action[i] = reason_rows[i].default_action;
	return policy;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The latest verification that counts: not in the future, and after the last time
 * the address or the domain was un-verified. */
static struct policy_decision latest_verification(const struct policy_evidence *evidence,
						  int64_t unverified_at, int64_t now)
{
	const struct {
		int64_t at;
		enum verified_by by;
	} candidates[] = {
		{evidence->header_verified_at, VERIFIED_BY_HEADER},
		{evidence->address.verified_at, VERIFIED_BY_ADDRESS},
		{evidence->facts->verified_at, VERIFIED_BY_DOMAIN},
	};
	struct policy_decision found = {.verified_by = VERIFIED_BY_NOBODY};

	for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
		int64_t at = candidates[i].at;

		if (at > found.verified_at && at > unverified_at &&
		    at <= now + POLICY_CLOCK_SKEW) {
			found.verified_at = at;
			found.verified_by = candidates[i].by;
		}
	}
	return found;
}

static bool rule_holds(const struct facts *facts, int64_t verified_at)
{
	return verified_at >= facts->registered_at && verified_at > facts->lapsed_at &&
	       verified_at > facts->changed_at;
}

/* The limit for a domain that we met because a reset was asked for it: bought an
 * hour ago and reset now is the attack itself. A registration date that is not
 * shown cannot meet it. */
static bool is_new_domain(const struct policy *policy, const struct facts *facts)
{
	if ((facts->flags & FACTS_IMPORTED) != 0 || facts_checked_at(facts) == 0)
		return false;
	return facts->registered_at == 0 ||
	       facts->registered_at + policy->first_use_age > facts->first_seen_at;
}

/* The reasons for which the facts' age or completeness answer, once the rule holds. */
static enum reason reason_of_sound_facts(const struct policy *policy, const struct facts *facts,
					 int64_t now)
{
	if ((facts->flags & FACTS_DISPUTED) != 0)
		return REASON_DISPUTED;
	if (facts->state == STATE_HELD)
		return REASON_HELD;
	if (facts_checked_at(facts) == 0)
		return (facts->flags & FACTS_IMPORTED) != 0 ? REASON_UNCHECKED : REASON_UNKNOWN;
	if (facts->state == STATE_UNKNOWN)
		return REASON_UNKNOWN;
	if (facts_checked_at(facts) + policy->max_age < now)
		return REASON_STALE;
	if ((facts->flags & FACTS_UNDATED) != 0)
		return REASON_UNDATED;
	/* The date may have passed since the last check: nothing sweeps the cache for it. */
	if (facts->state == STATE_GRACE || (facts->expires_at != 0 && facts->expires_at <= now))
		return REASON_GRACE;
	return REASON_OK;
}

static struct policy_decision decide_by_facts(const struct policy *policy,
					      const struct policy_evidence *evidence, int64_t now)
{
	const struct facts *facts = evidence->facts;
	int64_t unverified_at = later(evidence->address.unverified_at, facts->unverified_at);
	struct policy_decision decision = latest_verification(evidence, unverified_at, now);

	if (decision.verified_by == VERIFIED_BY_NOBODY && unverified_at == 0 &&
	    facts->first_seen_at <= now + POLICY_CLOCK_SKEW) {
		decision.verified_by = VERIFIED_BY_FIRST_SEEN;
		decision.verified_at = facts->first_seen_at;
	}

	if (state_is_expired(facts->state))
		decision.reason = REASON_EXPIRED;
	else if (decision.verified_by == VERIFIED_BY_NOBODY)
		decision.reason = REASON_UNVERIFIED;
	else if (!rule_holds(facts, decision.verified_at))
		decision.reason = decision.verified_by == VERIFIED_BY_HEADER ||
						  decision.verified_by == VERIFIED_BY_ADDRESS
					  ? REASON_OWNER_CHANGED
					  : REASON_UNVERIFIED;
	else if (decision.verified_by == VERIFIED_BY_FIRST_SEEN && is_new_domain(policy, facts))
		decision.reason = REASON_NEW_DOMAIN;
	else
		decision.reason = reason_of_sound_facts(policy, facts, now);
	return decision;
}

struct policy_decision policy_decide(const struct policy *policy,
				     const struct policy_evidence *evidence, int64_t now)
{
	struct policy_decision decision = {.verified_by = VERIFIED_BY_NOBODY};
	int64_t transition_at = evidence->facts != NULL ? evidence->facts->transition_at : 0;
	bool pinned = evidence->pin != NULL && pin_in_force(evidence->pin, transition_at, now);

	if (!evidence->exempt && !evidence->bad_address && !evidence->cache_error &&
	    evidence->facts != NULL)
		decision = decide_by_facts(policy, evidence, now);

	if (evidence->exempt)
		decision.reason = REASON_EXEMPT;
	else if (evidence->bad_address)
		decision.reason = REASON_BAD_ADDRESS;
	else if (evidence->cache_error)
		decision.reason = REASON_CACHE_ERROR;
	else if (pinned)
		decision.reason = REASON_PINNED;
	else if (evidence->facts == NULL)
		decision.reason = REASON_NO_RECORD;

	if (decision.reason == REASON_PINNED)
		decision.action = evidence->pin->verdict == PIN_ACCEPT ? ACTION_ACCEPT
								       : ACTION_REJECT;
	else
		decision.action = policy->action[decision.reason];
	decision.verdict = action_verdict(decision.action);
	return decision;
}

enum verdict action_verdict(enum action action)
{
	switch (action) {
	case ACTION_ACCEPT:
		return VERDICT_ACCEPT;
	case ACTION_TEMPFAIL:
	case ACTION_QUARANTINE:
		return VERDICT_TEMPFAIL;
	case ACTION_REJECT:
	case ACTION_DISCARD:
		return VERDICT_REJECT;
	}
	return VERDICT_TEMPFAIL;
}

bool policy_decision_is_worse(const struct policy_decision *a, const struct policy_decision *b)
{
	if (a->verdict != b->verdict)
		return a->verdict > b->verdict;
	return a->reason < b->reason;
}

bool reason_rests_on_facts(enum reason reason)
{
	return reason >= REASON_NO_RECORD;
}

const char *verdict_text(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_ACCEPT:
		return "accept";
	case VERDICT_TEMPFAIL:
		return "tempfail";
	case VERDICT_REJECT:
		return "reject";
	}
	return "tempfail";
}

const char *action_text(enum action action)
{
	return action_tokens[action];
}

enum err action_from_text(const char *text, enum action *action)
{
	for (int i = 0; i < ACTION_COUNT; i++) {
		if (strcmp(text, action_tokens[i]) == 0) {
			*action = (enum action)i;
			return ERR_OK;
		}
	}
	return ERR_DATA;
}

const char *reason_text(enum reason reason)
{
	return reason_rows[reason].token;
}

enum err reason_from_text(const char *text, enum reason *reason)
{
	for (int i = 0; i < REASON_COUNT; i++) {
		if (strcmp(text, reason_rows[i].token) == 0) {
			*reason = (enum reason)i;
			return ERR_OK;
		}
	}
	return ERR_DATA;
}

const char *verified_by_text(enum verified_by verified_by)
{
	switch (verified_by) {
	case VERIFIED_BY_NOBODY:
		return NULL;
	case VERIFIED_BY_HEADER:
		return "header";
	case VERIFIED_BY_ADDRESS:
		return "address";
	case VERIFIED_BY_DOMAIN:
		return "domain";
	case VERIFIED_BY_FIRST_SEEN:
		return "first-seen";
	}
	return NULL;
}

struct policy_reply_code policy_reply_code(enum reason reason, enum verdict verdict)
{
	const struct reason_row *row = &reason_rows[reason];
	struct policy_reply_code code = {row->code, row->enhanced};

	switch (verdict) {
	case VERDICT_ACCEPT:
		return (struct policy_reply_code){250, "2.0.0"};
	case VERDICT_TEMPFAIL:
		if (row->code / 100 != 4)
			code = (struct policy_reply_code){450, "4.7.1"};
		break;
	case VERDICT_REJECT:
		if (row->code / 100 != 5)
			code = (struct policy_reply_code){550, "5.7.1"};
		break;
	}
	return code;
}
