/* SPDX-License-Identifier: BSD-2-Clause */
/* apply: what an observation does to the facts. Pure. */
#include "resetguard/apply.h"

#include "resetguard/time.h"

static bool is_first_check(const struct facts *facts)
{
	return facts->registry.checked_at == 0 && facts->dns.checked_at == 0;
}

static void note_try(struct facts_check *check, int64_t at)
{
	check->tried_at = at;
}

static void note_failure(struct facts_check *check, int64_t at)
{
	bool again = check->tried_at == at && check->failures > 0;

	note_try(check, at);
	if (!again && check->failures < UINT16_MAX)
		check->failures++;
}

static void note_success(struct facts_check *check, int64_t at)
{
	note_try(check, at);
	check->checked_at = at;
	check->failures = 0;
}

/* ---- signs of a new owner ---- */

/* A date from tomorrow on is a fault of the registry's, not a registration. */
static bool is_plausible_registration(const struct observation *observation)
{
	return observation->registered_at != 0 &&
	       observation->registered_at <= observation->at + TIME_DAY;
}

static void note_registration_date(const struct observation *observation, struct facts *facts)
{
	if (!is_plausible_registration(observation)) {
		facts->flags |= FACTS_UNDATED;
		return;
	}
	facts->flags &= ~(unsigned)FACTS_UNDATED;
	if (facts->registered_at == 0 ||
	    observation->registered_at > facts->registered_at + APPLY_DATE_NOISE)
		facts->registered_at = observation->registered_at;
}

/* In a TLD without dates: another object, or other name servers after a gap. */
static bool shows_other_holder(const struct facts *facts, const struct observation *observation)
{
	if (observation->handle_hash != 0 && facts->handle_hash != 0 &&
	    observation->handle_hash != facts->handle_hash)
		return true;
	return facts->nxdomain_count >= 2 && observation->ns_hash != 0 && facts->ns_hash != 0 &&
	       observation->ns_hash != facts->ns_hash;
}

/* A sale before deletion: the registrar parks the name during grace, auctions it,
 * and the buyer's name servers follow while the registration date stays. */
static bool was_sold_in_grace(const struct facts *facts, const struct observation *observation)
{
	return observation->state == STATE_REGISTERED && !state_is_expired(facts->registry_state) &&
	       (facts->flags & FACTS_WAS_PARKED) != 0 &&
	       facts->ns_hash_before_grace != 0 && observation->ns_hash != 0 &&
	       observation->ns_hash != facts->ns_hash_before_grace;
}

static void note_changed(struct facts *facts, int64_t at)
{
	if (at > facts->changed_at)
		facts->changed_at = at;
}

/* Name servers, and what they were before grace. facts is still as before. */
static void note_name_servers(const struct facts *before, const struct observation *observation,
			      struct facts *facts)
{
	bool in_grace = observation->state == STATE_GRACE;
	bool was_in_grace = before->registry_state == STATE_GRACE;
	bool sees_name_servers = observation->source != SOURCE_FASTLY;

	if (in_grace && !was_in_grace && before->ns_hash_before_grace == 0)
		facts->ns_hash_before_grace = before->ns_hash;
	if (sees_name_servers)
		facts->flags &= ~(unsigned)FACTS_PARKED;
	if (in_grace && observation->ns_parked)
		facts->flags |= FACTS_PARKED | FACTS_WAS_PARKED;
	/* A hold within grace ends neither. */
	if (!in_grace && observation->state != STATE_HELD && sees_name_servers) {
		facts->ns_hash_before_grace = 0;
		facts->flags &= ~(unsigned)FACTS_WAS_PARKED;
	}
	if (observation->ns_hash != 0)
		facts->ns_hash = observation->ns_hash;
}

/* ---- the state ---- */

static enum state combine(const struct facts *facts, const struct apply_rules *rules)
{
	bool gone_from_dns = rules->dns_is_source && facts->dns_state == DNS_STATE_NXDOMAIN;

	switch (facts->registry_state) {
	case STATE_REGISTERED:
		return gone_from_dns ? STATE_HELD : STATE_REGISTERED;
	case STATE_GRACE:
		return gone_from_dns || (facts->flags & FACTS_PARKED) != 0 ? STATE_HELD
								   : STATE_GRACE;
	case STATE_UNKNOWN:
	case STATE_HELD:
	case STATE_REDEMPTION:
	case STATE_PENDING_DELETE:
	case STATE_UNREGISTERED:
		break;
	}
	return facts->registry_state;
}

/* Compares, and sets what follows from the comparison. */
static void settle(const struct facts *before, int64_t at, struct apply_result *result)
{
	struct facts *after = &result->facts;
	struct facts_change *change = &result->change;
	bool lapsed = state_is_expired(after->state);
	bool learned_good = before->state == STATE_UNKNOWN &&
			    (after->state == STATE_REGISTERED || after->state == STATE_GRACE);

	if (lapsed && at > after->lapsed_at)
		after->lapsed_at = at;
	if (is_first_check(before))
		change->owner_changed = facts_owner_since(after) > before->first_seen_at;
	else
		change->owner_changed = after->registered_at != before->registered_at ||
					after->changed_at != before->changed_at ||
					(lapsed && !state_is_expired(before->state));
	change->state_changed = after->state != before->state;
	/* Learning that all is well ends no pin: it was set for such a domain. */
	if (change->owner_changed || (change->state_changed && !learned_good))
		after->transition_at = at;
}

/* ---- one source each ---- */

static bool dns_confirms_absence(const struct facts *facts, int64_t at)
{
	return facts->dns_state == DNS_STATE_NXDOMAIN &&
	       facts->dns.checked_at + APPLY_DNS_FRESH >= at;
}

/* Fastly sees neither dates nor name servers, nor a difference between registered
 * and grace: what a registry said of these stays. */
static struct observation with_what_is_known(const struct observation *observation,
					     const struct facts *before)
{
	struct observation completed = *observation;

	completed.expires_at = before->expires_at;
	if (observation->state == STATE_REGISTERED && before->registry_state == STATE_GRACE)
		completed.state = STATE_GRACE;
	return completed;
}

static void apply_registry_object(const struct facts *before,
				  const struct observation *observation,
				  const struct apply_rules *rules, struct facts *after)
{
	int64_t at = observation->at;
	bool sold = was_sold_in_grace(before, observation);
	bool other_holder;

	note_registration_date(observation, after);
	other_holder = (after->flags & FACTS_UNDATED) != 0 &&
		       shows_other_holder(before, observation);
	if (sold || other_holder)
		note_changed(after, at);
	note_name_servers(before, observation, after);
	if (after->dns_state != DNS_STATE_NXDOMAIN)
		after->nxdomain_count = 0;
	after->expires_at = observation->expires_at;
	if (observation->registrar_id != 0)
		after->registrar_id = observation->registrar_id;
	if (observation->handle_hash != 0)
		after->handle_hash = observation->handle_hash;
	after->registry_state = observation->state;
	after->state = combine(after, rules);

	/* The hand-over lay somewhere between two checks, unless the registry says when. */
	if (state_is_expired(before->state) && !state_is_expired(after->state) &&
	    !(is_plausible_registration(observation) &&
	      observation->registered_at > before->lapsed_at))
		note_changed(after, at);
}

static void apply_registry(const struct facts *before, const struct observation *observation,
			   const struct apply_rules *rules, struct apply_result *result)
{
	struct facts *after = &result->facts;
	int64_t at = observation->at;

	switch (observation->answer) {
	case OBSERVATION_NOT_THERE:
		result->contradicted = rules->dns_is_source && !dns_confirms_absence(before, at);
		if (!result->contradicted) {
			after->registry_state = STATE_UNREGISTERED;
			after->state = STATE_UNREGISTERED;
			break;
		}
		__attribute__((fallthrough));
	case OBSERVATION_FAILED:
	case OBSERVATION_NODATA:
		note_failure(&after->registry, at);
		result->failed = true;
		return;
	case OBSERVATION_OBJECT:
		if (observation->source == SOURCE_FASTLY) {
			const struct observation completed =
				with_what_is_known(observation, before);

			apply_registry_object(before, &completed, rules, after);
			break;
		}
		apply_registry_object(before, observation, rules, after);
		break;
	}
	note_success(&after->registry, at);
	after->source = observation->source;
	settle(before, at, result);
	/* The registry's explicit word: an object that says so, or a date. */
	result->change.owner_explicit =
		observation->answer == OBSERVATION_OBJECT &&
		after->changed_at == before->changed_at;
}

static void note_nxdomain(const struct facts *before, int64_t at, struct facts *after)
{
	if (before->dns_state == DNS_STATE_NXDOMAIN && before->dns.checked_at == at)
		return;
	if (before->dns_state != DNS_STATE_NXDOMAIN)
		after->nxdomain_since = at;
	if (after->nxdomain_count < UINT16_MAX)
		after->nxdomain_count++;
}

static bool has_lapsed_from_dns(const struct facts *facts, const struct apply_rules *rules,
				int64_t at)
{
	return facts->state == STATE_UNREGISTERED ||
	       (facts->nxdomain_count >= APPLY_DNS_LAPSE_CHECKS &&
		facts->nxdomain_since + rules->dns_lapse_after <= at);
}

/* No registry source serves the name: the DNS is all there is. */
static void apply_dns_alone(const struct facts *before, const struct observation *observation,
			    const struct apply_rules *rules, struct facts *after)
{
	int64_t at = observation->at;

	after->flags |= FACTS_UNDATED;
	after->source = SOURCE_DNS;
	if (observation->answer == OBSERVATION_NOT_THERE) {
		after->state = has_lapsed_from_dns(after, rules, at) ? STATE_UNREGISTERED
								     : STATE_HELD;
		return;
	}
	after->state = STATE_REGISTERED;
	if (state_is_expired(before->state) || shows_other_holder(before, observation))
		note_changed(after, at);
	after->nxdomain_count = 0;
	if (observation->ns_hash != 0)
		after->ns_hash = observation->ns_hash;
}

static void apply_dns(const struct facts *before, const struct observation *observation,
		      const struct apply_rules *rules, struct apply_result *result)
{
	struct facts *after = &result->facts;
	int64_t at = observation->at;
	bool alone = !rules->registry_serves || (before->flags & FACTS_PRIVATE_SUFFIX) != 0;

	switch (observation->answer) {
	case OBSERVATION_NODATA:
		if (!alone) {
			after->dns_state = DNS_STATE_NODATA;
			after->nxdomain_since = 0;
			break;
		}
		__attribute__((fallthrough));
	case OBSERVATION_FAILED:
		note_failure(&after->dns, at);
		result->failed = true;
		return;
	case OBSERVATION_OBJECT:
		after->dns_state = DNS_STATE_EXISTS;
		after->nxdomain_since = 0;
		break;
	case OBSERVATION_NOT_THERE:
		note_nxdomain(before, at, after);
		after->dns_state = DNS_STATE_NXDOMAIN;
		break;
	}
	note_success(&after->dns, at);
	if (alone)
		apply_dns_alone(before, observation, rules, after);
	else if (after->registry.checked_at != 0)
		after->state = combine(after, rules);
	/* A change there is a reason to ask the registry now. */
	if (!alone && after->dns_state != before->dns_state &&
	    (before->dns_state != DNS_STATE_UNKNOWN))
		after->registry.next_check_at = at;
	settle(before, at, result);
}

struct apply_result facts_apply(const struct facts *facts, const struct observation *observation,
				const struct apply_rules *rules)
{
	struct apply_result result = {.facts = *facts};
	bool is_dns = observation->source == SOURCE_DNS;
	int64_t tried_at = is_dns ? facts->dns.tried_at : facts->registry.tried_at;

	/* Overtaken by a later one: what it says is no longer so. */
	if (observation->at < tried_at)
		return result;
	if (is_dns)
		apply_dns(facts, observation, rules, &result);
	else
		apply_registry(facts, observation, rules, &result);
	return result;
}
