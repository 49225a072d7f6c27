/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an observation does to the facts: a table of short stories, each a domain's
 * facts, one observation and what is expected; then what holds for any sequence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/apply.h"
#include "resetguard/policy.h"
#include "resetguard/time.h"

#define NOW INT64_C(1800000000)
#define HOURS INT64_C(3600)
#define DAYS INT64_C(86400)
#define REGISTERED (NOW - 1000 * DAYS)
#define SEEN (NOW - 200 * DAYS)
#define LAPSED (NOW - 20 * DAYS)

static const struct apply_rules rdap_only = {.registry_serves = true,
					     .dns_lapse_after = 7 * DAYS};
static const struct apply_rules rdap_and_dns = {.dns_is_source = true,
						.registry_serves = true,
						.dns_lapse_after = 7 * DAYS};
static const struct apply_rules dns_only = {.dns_is_source = true, .dns_lapse_after = 7 * DAYS};

/* Registered long ago, looked up yesterday. */
static struct facts sound_facts(void)
{
	return (struct facts){
		.state = STATE_REGISTERED,
		.registry_state = STATE_REGISTERED,
		.source = SOURCE_RDAP,
		.flags = FACTS_IMPORTED,
		.registered_at = REGISTERED,
		.expires_at = NOW + 100 * DAYS,
		.first_seen_at = SEEN,
		.handle_hash = 1,
		.ns_hash = 10,
		.registry = {.checked_at = NOW - DAYS, .tried_at = NOW - DAYS},
	};
}

static struct facts new_facts(void)
{
	return (struct facts){.first_seen_at = SEEN, .flags = FACTS_IMPORTED};
}

static struct facts lapsed_facts(void)
{
	struct facts facts = sound_facts();

	facts.state = facts.registry_state = STATE_REDEMPTION;
	facts.lapsed_at = LAPSED;
	return facts;
}

static struct facts undated_facts(void)
{
	struct facts facts = sound_facts();

	facts.registered_at = 0;
	facts.flags |= FACTS_UNDATED;
	return facts;
}

static struct facts parked_facts(void)
{
	struct facts facts = sound_facts();

	facts.state = STATE_HELD;
	facts.registry_state = STATE_GRACE;
	facts.flags |= FACTS_PARKED | FACTS_WAS_PARKED;
	facts.ns_hash = 66;
	facts.ns_hash_before_grace = 10;
	return facts;
}

static struct facts parked_then_held_facts(void)
{
	struct facts facts = parked_facts();

	facts.registry_state = STATE_HELD;
	return facts;
}

static struct facts without_dns(void)
{
	struct facts facts = sound_facts();

	facts.dns_state = DNS_STATE_NXDOMAIN;
	facts.dns.checked_at = facts.dns.tried_at = NOW - 60;
	facts.nxdomain_since = NOW - 60;
	facts.nxdomain_count = 1;
	return facts;
}

/* Only the DNS serves it; NXDOMAIN twice, first six days ago. */
static struct facts dns_facts_gone(void)
{
	return (struct facts){
		.state = STATE_HELD,
		.source = SOURCE_DNS,
		.flags = FACTS_IMPORTED | FACTS_UNDATED,
		.first_seen_at = SEEN,
		.dns_state = DNS_STATE_NXDOMAIN,
		.dns = {.checked_at = NOW - DAYS, .tried_at = NOW - DAYS},
		.nxdomain_since = NOW - 6 * DAYS,
		.nxdomain_count = 2,
		.ns_hash = 10,
	};
}

static struct facts dns_facts_lapsed(void)
{
	struct facts facts = dns_facts_gone();

	facts.state = STATE_UNREGISTERED;
	facts.lapsed_at = LAPSED;
	return facts;
}

/* An object as of now; the macros below vary it. */
#define OBJECT_OF(state_now, handle)                                                               \
	.source = SOURCE_RDAP, .answer = OBSERVATION_OBJECT, .at = NOW, .state = (state_now),      \
	.expires_at = NOW + 100 * DAYS, .handle_hash = (handle)
#define OBJECT(state_now) OBJECT_OF(state_now, 1)
#define NO_OBJECT(kind) .source = SOURCE_RDAP, .answer = (kind), .at = NOW
#define FASTLY_SAYS(state_now)                                                                     \
	.source = SOURCE_FASTLY, .answer = OBSERVATION_OBJECT, .at = NOW, .state = (state_now)
#define DNS_SAYS(kind) .source = SOURCE_DNS, .answer = (kind), .at = NOW

struct story {
	const char *what;
	struct facts (*before)(void);
	const struct apply_rules *rules;
	struct observation observation;
	/* what comes of it */
	bool failed;
	enum state state;
	bool owner_changed;
	bool owner_explicit;
	int64_t registered_at;
	int64_t lapsed_at;
	int64_t changed_at;
};

static const struct story stories[] = {
	/* an object's state is the state */
	{"nothing new", sound_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED}, false, STATE_REGISTERED, false,
	 true, REGISTERED, 0, 0},
	{"the first answer", new_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED}, false, STATE_REGISTERED, false,
	 true, REGISTERED, 0, 0},
	{"the first answer shows a date later than we have known it", new_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = NOW - 5 * DAYS}, false, STATE_REGISTERED, true,
	 true, NOW - 5 * DAYS, 0, 0},
	{"grace", sound_facts, &rdap_only, {OBJECT(STATE_GRACE), .registered_at = REGISTERED},
	 false, STATE_GRACE, false, true, REGISTERED, 0, 0},
	{"held", sound_facts, &rdap_only, {OBJECT(STATE_HELD), .registered_at = REGISTERED}, false,
	 STATE_HELD, false, true, REGISTERED, 0, 0},
	{"redemption, on the registry's word", sound_facts, &rdap_only,
	 {OBJECT(STATE_REDEMPTION), .registered_at = REGISTERED}, false, STATE_REDEMPTION, true,
	 true, REGISTERED, NOW, 0},
	{"pending delete", sound_facts, &rdap_only,
	 {OBJECT(STATE_PENDING_DELETE), .registered_at = REGISTERED}, false, STATE_PENDING_DELETE,
	 true, true, REGISTERED, NOW, 0},
	{"still in redemption: seen expired later, no new change", lapsed_facts, &rdap_only,
	 {OBJECT(STATE_REDEMPTION), .registered_at = REGISTERED}, false, STATE_REDEMPTION, false,
	 true, REGISTERED, NOW, 0},

	/* 404 */
	{"404, the DNS is no source", sound_facts, &rdap_only,
	 {NO_OBJECT(OBSERVATION_NOT_THERE)}, false, STATE_UNREGISTERED, true, false, REGISTERED,
	 NOW, 0},
	{"404, and NXDOMAIN", without_dns, &rdap_and_dns, {NO_OBJECT(OBSERVATION_NOT_THERE)}, false,
	 STATE_UNREGISTERED, true, false, REGISTERED, NOW, 0},
	{"404, the DNS was not asked", sound_facts, &rdap_and_dns,
	 {NO_OBJECT(OBSERVATION_NOT_THERE)}, true, STATE_REGISTERED, false, false, REGISTERED, 0,
	 0},
	{"an error", sound_facts, &rdap_only, {NO_OBJECT(OBSERVATION_FAILED)}, true,
	 STATE_REGISTERED, false, false, REGISTERED, 0, 0},
	{"an error while lapsed", lapsed_facts, &rdap_only, {NO_OBJECT(OBSERVATION_FAILED)}, true,
	 STATE_REDEMPTION, false, false, REGISTERED, LAPSED, 0},

	/* the registration date */
	{"a date newer by 48 hours is noise", sound_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED + 48 * HOURS}, false,
	 STATE_REGISTERED, false, true, REGISTERED, 0, 0},
	{"a date newer by more moves registered_at", sound_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED + 48 * HOURS + 1}, false,
	 STATE_REGISTERED, true, true, REGISTERED + 48 * HOURS + 1, 0, 0},
	{"an older date moves nothing", sound_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED - 99 * DAYS}, false,
	 STATE_REGISTERED, false, true, REGISTERED, 0, 0},
	{"a date yet to come is no date", sound_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = NOW + 2 * DAYS}, false, STATE_REGISTERED,
	 false, true, REGISTERED, 0, 0},
	{"caught by someone else: the registry says when", lapsed_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = NOW - DAYS}, false,
	 STATE_REGISTERED, true, true, NOW - DAYS, LAPSED, 0},

	/* no longer expired */
	{"restored: the hand-over lay between two checks", lapsed_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED}, false, STATE_REGISTERED, true,
	 false, REGISTERED, LAPSED, NOW},
	{"restored, and no dates", lapsed_facts, &rdap_only, {OBJECT(STATE_REGISTERED)}, false,
	 STATE_REGISTERED, true, false, REGISTERED, LAPSED, NOW},
	{"restored but held", lapsed_facts, &rdap_only,
	 {OBJECT(STATE_HELD), .registered_at = REGISTERED}, false, STATE_HELD, true, false,
	 REGISTERED, LAPSED, NOW},
	{"from redemption to pending delete: lapsed all along", lapsed_facts, &rdap_only,
	 {OBJECT(STATE_PENDING_DELETE), .registered_at = REGISTERED}, false, STATE_PENDING_DELETE,
	 false, true, REGISTERED, NOW, 0},

	/* without dates */
	{"no dates, another handle", undated_facts, &rdap_only,
	 {OBJECT_OF(STATE_REGISTERED, 2)}, false, STATE_REGISTERED, true, false, 0, 0,
	 NOW},
	{"no dates, the same handle", undated_facts, &rdap_only, {OBJECT(STATE_REGISTERED)}, false,
	 STATE_REGISTERED, false, true, 0, 0, 0},
	{"with dates another handle proves nothing", sound_facts, &rdap_only,
	 {OBJECT_OF(STATE_REGISTERED, 2), .registered_at = REGISTERED}, false,
	 STATE_REGISTERED, false, true, REGISTERED, 0, 0},

	/* a sale before deletion */
	{"parked during grace is held", sound_facts, &rdap_only,
	 {OBJECT(STATE_GRACE), .registered_at = REGISTERED, .ns_hash = 66, .ns_parked = true},
	 false, STATE_HELD, false, true, REGISTERED, 0, 0},
	{"out of grace with other name servers than before", parked_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED, .ns_hash = 77}, false,
	 STATE_REGISTERED, true, false, REGISTERED, 0, NOW},
	{"on hold within grace", parked_facts, &rdap_only,
	 {OBJECT(STATE_HELD), .registered_at = REGISTERED, .ns_hash = 66}, false, STATE_HELD, false,
	 true, REGISTERED, 0, 0},
	{"out of grace over a hold", parked_then_held_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED, .ns_hash = 77}, false,
	 STATE_REGISTERED, true, false, REGISTERED, 0, NOW},
	{"out of grace with the old ones", parked_facts, &rdap_only,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED, .ns_hash = 10}, false,
	 STATE_REGISTERED, false, true, REGISTERED, 0, 0},

	/* registry and DNS */
	{"an object, but NXDOMAIN", without_dns, &rdap_and_dns,
	 {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED}, false, STATE_HELD, false, true,
	 REGISTERED, 0, 0},
	{"redemption, and NXDOMAIN", without_dns, &rdap_and_dns,
	 {OBJECT(STATE_REDEMPTION), .registered_at = REGISTERED}, false, STATE_REDEMPTION, true,
	 true, REGISTERED, NOW, 0},
	{"gone from the DNS", sound_facts, &rdap_and_dns, {DNS_SAYS(OBSERVATION_NOT_THERE)}, false,
	 STATE_HELD, false, false, REGISTERED, 0, 0},
	{"the DNS fails", sound_facts, &rdap_and_dns, {DNS_SAYS(OBSERVATION_FAILED)}, true,
	 STATE_REGISTERED, false, false, REGISTERED, 0, 0},
	{"there, but without name servers", sound_facts, &rdap_and_dns,
	 {DNS_SAYS(OBSERVATION_NODATA)}, false, STATE_REGISTERED, false, false, REGISTERED, 0, 0},

	/* the DNS alone */
	{"there, no registry to ask", new_facts, &dns_only, {DNS_SAYS(OBSERVATION_OBJECT)}, false,
	 STATE_REGISTERED, false, false, 0, 0, 0},
	{"NXDOMAIN once", new_facts, &dns_only, {DNS_SAYS(OBSERVATION_NOT_THERE)}, false,
	 STATE_HELD, false, false, 0, 0, 0},
	{"NXDOMAIN a third time, but not for a week", dns_facts_gone, &dns_only,
	 {DNS_SAYS(OBSERVATION_NOT_THERE)}, false, STATE_HELD, false, false, 0, 0, 0},
	{"NXDOMAIN a third time, for a week", dns_facts_gone, &dns_only,
	 {.source = SOURCE_DNS, .answer = OBSERVATION_NOT_THERE, .at = NOW + DAYS}, false,
	 STATE_UNREGISTERED, true, false, 0, NOW + DAYS, 0},
	{"back after two NXDOMAIN with the same name servers", dns_facts_gone, &dns_only,
	 {DNS_SAYS(OBSERVATION_OBJECT), .ns_hash = 10}, false, STATE_REGISTERED, false, false, 0, 0,
	 0},
	{"back after two NXDOMAIN with others", dns_facts_gone, &dns_only,
	 {DNS_SAYS(OBSERVATION_OBJECT), .ns_hash = 20}, false, STATE_REGISTERED, true, false, 0, 0,
	 NOW},
	{"back after it lapsed", dns_facts_lapsed, &dns_only,
	 {DNS_SAYS(OBSERVATION_OBJECT), .ns_hash = 10}, false, STATE_REGISTERED, true, false, 0,
	 LAPSED, NOW},
	{"still gone, lapsed before", dns_facts_lapsed, &dns_only,
	 {DNS_SAYS(OBSERVATION_NOT_THERE)}, false, STATE_UNREGISTERED, false, false, 0, NOW, 0},
	{"NODATA where only the DNS could tell", dns_facts_gone, &dns_only,
	 {DNS_SAYS(OBSERVATION_NODATA)}, true, STATE_HELD, false, false, 0, 0, 0},

	/* Fastly sees no dates, no name servers and no grace */
	{"Fastly: registered", sound_facts, &rdap_only, {FASTLY_SAYS(STATE_REGISTERED)}, false,
	 STATE_REGISTERED, false, true, REGISTERED, 0, 0},
	{"Fastly: registered, while parked in grace", parked_facts, &rdap_only,
	 {FASTLY_SAYS(STATE_REGISTERED)}, false, STATE_HELD, false, true, REGISTERED, 0, 0},
	{"Fastly: expiring", sound_facts, &rdap_only, {FASTLY_SAYS(STATE_REDEMPTION)}, false,
	 STATE_REDEMPTION, true, true, REGISTERED, NOW, 0},
	{"Fastly: registered again", lapsed_facts, &rdap_only, {FASTLY_SAYS(STATE_REGISTERED)},
	 false, STATE_REGISTERED, true, false, REGISTERED, LAPSED, NOW},

	/* late */
	{"overtaken by a later answer", sound_facts, &rdap_only,
	 {.source = SOURCE_RDAP, .answer = OBSERVATION_NOT_THERE, .at = NOW - 2 * DAYS}, false,
	 STATE_REGISTERED, false, false, REGISTERED, 0, 0},
};

enum { STORY_COUNT = sizeof stories / sizeof *stories };

static void each_story_ends_as_it_should(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < STORY_COUNT; i++) {
		const struct story *story = &stories[i];
		struct facts before = story->before();
		struct apply_result got = facts_apply(&before, &story->observation, story->rules);

		if (got.failed != story->failed || got.facts.state != story->state ||
		    got.change.owner_changed != story->owner_changed ||
		    got.change.owner_explicit != story->owner_explicit ||
		    got.facts.registered_at != story->registered_at ||
		    got.facts.lapsed_at != story->lapsed_at ||
		    got.facts.changed_at != story->changed_at)
			fail_msg("%s: failed %d, state %s, owner changed %d explicit %d, "
				 "registered %lld lapsed %lld changed %lld",
				 story->what, got.failed, state_text(got.facts.state),
				 got.change.owner_changed, got.change.owner_explicit,
				 (long long)got.facts.registered_at,
				 (long long)got.facts.lapsed_at, (long long)got.facts.changed_at);
		assert_int_equal(got.change.state_changed, before.state != got.facts.state);
	}
}

static void a_sale_is_seen_across_an_answer_of_fastlys(void **unused)
{
	static const enum state meanwhile[] = {STATE_REGISTERED, STATE_HELD};
	const struct observation sold = {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED,
					 .ns_hash = 77};

	(void)unused;
	for (size_t i = 0; i < sizeof meanwhile / sizeof *meanwhile; i++) {
		const struct observation seen = {FASTLY_SAYS(meanwhile[i])};
		struct facts facts = parked_facts();

		facts = facts_apply(&facts, &seen, &rdap_only).facts;
		assert_int_equal(facts.expires_at, NOW + 100 * DAYS);
		facts = facts_apply(&facts, &sold, &rdap_only).facts;
		assert_int_equal(facts.changed_at, NOW);
	}
}

static void a_contradicted_404_is_told_apart(void **unused)
{
	struct facts before = sound_facts();
	const struct observation observation = {NO_OBJECT(OBSERVATION_NOT_THERE)};

	(void)unused;
	assert_true(facts_apply(&before, &observation, &rdap_and_dns).contradicted);
	before = without_dns();
	before.dns.checked_at = NOW - APPLY_DNS_FRESH - 1;
	assert_true(facts_apply(&before, &observation, &rdap_and_dns).contradicted);
	before.dns.checked_at++;
	assert_false(facts_apply(&before, &observation, &rdap_and_dns).contradicted);
}

static void a_change_in_the_dns_pulls_the_registry_check_forward(void **unused)
{
	struct facts before = sound_facts();
	const struct observation gone = {DNS_SAYS(OBSERVATION_NOT_THERE)};

	(void)unused;
	before.registry.next_check_at = NOW + 20 * DAYS;
	before.dns_state = DNS_STATE_EXISTS;
	assert_int_equal(facts_apply(&before, &gone, &rdap_and_dns).facts.registry.next_check_at,
			 NOW);
	before.dns_state = DNS_STATE_NXDOMAIN;
	assert_int_equal(facts_apply(&before, &gone, &rdap_and_dns).facts.registry.next_check_at,
			 NOW + 20 * DAYS);
}

static void only_bad_news_and_new_owners_void_pins(void **unused)
{
	struct facts before = new_facts();
	const struct observation good = {OBJECT(STATE_REGISTERED), .registered_at = REGISTERED};
	const struct observation bad = {OBJECT(STATE_REDEMPTION), .registered_at = REGISTERED};
	const struct observation grace = {OBJECT(STATE_GRACE), .registered_at = REGISTERED};

	(void)unused;
	assert_int_equal(facts_apply(&before, &good, &rdap_only).facts.transition_at, 0);
	assert_int_equal(facts_apply(&before, &bad, &rdap_only).facts.transition_at, NOW);
	before = sound_facts();
	assert_int_equal(facts_apply(&before, &good, &rdap_only).facts.transition_at, 0);
	assert_int_equal(facts_apply(&before, &grace, &rdap_only).facts.transition_at, NOW);
}

/* ---- any sequence of observations ---- */

enum { SEQUENCES = 20000, SEQUENCE_MAX = 24 };

static uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int64_t random_of(uint64_t *seed, int64_t limit)
{
	return (int64_t)(random_next(seed) % (uint64_t)limit);
}

static struct observation random_observation(uint64_t *seed, int64_t at)
{
	static const enum state states[] = {STATE_REGISTERED, STATE_GRACE, STATE_HELD,
					    STATE_REDEMPTION, STATE_PENDING_DELETE};
	struct observation observation = {
		.source = random_of(seed, 3) == 0 ? SOURCE_DNS : SOURCE_RDAP,
		.answer = (enum observation_answer)random_of(seed, 4),
		.at = at,
		.state = states[random_of(seed, 5)],
		.registered_at = random_of(seed, 3) == 0 ? 0 : at - random_of(seed, 400) * DAYS,
		.expires_at = at + random_of(seed, 400) * DAYS,
		.handle_hash = (uint64_t)random_of(seed, 3),
		.ns_hash = (uint64_t)random_of(seed, 3),
		.ns_parked = random_of(seed, 4) == 0,
	};

	return observation;
}

/* As records: a struct has padding. That no field is lost there is tested with facts. */
static bool same_facts(const struct facts *a, const struct facts *b)
{
	unsigned char record_a[FACTS_RECORD_SIZE];
	unsigned char record_b[FACTS_RECORD_SIZE];

	facts_encode(a, record_a);
	facts_encode(b, record_b);
	return memcmp(record_a, record_b, sizeof record_a) == 0;
}

static bool same_but_for_the_try(const struct facts *a, const struct facts *b)
{
	struct facts copy = *b;

	copy.registry.tried_at = a->registry.tried_at;
	copy.registry.failures = a->registry.failures;
	copy.dns.tried_at = a->dns.tried_at;
	copy.dns.failures = a->dns.failures;
	return same_facts(a, &copy);
}

/* NULL, or the law that step of facts to result breaks. */
static const char *broken_law(const struct facts *facts, const struct observation *observation,
			      const struct apply_rules *rules)
{
	struct apply_result got = facts_apply(facts, observation, rules);
	struct apply_result again = facts_apply(&got.facts, observation, rules);
	const struct policy policy = policy_defaults();
	struct policy_evidence evidence = {.facts = &got.facts,
					   .header_verified_at = observation->at,
					   .address = {observation->at, 0}};
	unsigned char record[FACTS_RECORD_SIZE];
	struct facts decoded;

	if (facts_owner_since(&got.facts) < facts_owner_since(facts))
		return "owner_since never moves back";
	if (observation->answer == OBSERVATION_FAILED && !same_but_for_the_try(facts, &got.facts))
		return "an error changes nothing but the try";
	if (got.failed && got.facts.state != facts->state)
		return "a failed check changes no state";
	if (!same_facts(&again.facts, &got.facts) || again.change.owner_changed ||
	    again.change.state_changed)
		return "the same observation twice changes nothing the second time";
	if (state_is_expired(got.facts.state) && !got.failed && observation->at >= got.facts.lapsed_at &&
	    got.facts.lapsed_at < facts->lapsed_at)
		return "an expired observation is remembered";
	got.facts.state = STATE_REGISTERED;
	if (got.facts.lapsed_at == observation->at &&
	    policy_decide(&policy, &evidence, observation->at).verdict == VERDICT_ACCEPT)
		return "an expired observation leaves the domain unverified until a later verify";
	facts_encode(&again.facts, record);
	if (facts_decode((struct bytes){record, sizeof record}, &decoded) != ERR_OK ||
	    !same_facts(&decoded, &again.facts))
		return "encode and decode are inverse";
	return NULL;
}

/* Runs the sequence; the index of the observation that breaks a law, or -1. */
static int first_fault(const struct observation *sequence, int length,
		       const struct apply_rules *rules, const char **law)
{
	struct facts facts = new_facts();

	memset(&facts, 0, sizeof facts);
	facts.first_seen_at = SEEN;
	facts.flags = FACTS_IMPORTED;
	for (int i = 0; i < length; i++) {
		*law = broken_law(&facts, &sequence[i], rules);
		if (*law != NULL)
			return i;
		facts = facts_apply(&facts, &sequence[i], rules).facts;
	}
	return -1;
}

/* Leaves out whatever is not needed for the fault, then tells what is left. */
static void shrink_and_fail(struct observation *sequence, int length,
			    const struct apply_rules *rules, uint64_t seed)
{
	const char *law = "";
	char text[1024];
	int used = 0;

	for (int i = 0; i < length;) {
		struct observation shorter[SEQUENCE_MAX];

		memcpy(shorter, sequence, sizeof shorter);
		memmove(&shorter[i], &shorter[i + 1],
			(size_t)(length - i - 1) * sizeof *shorter);
		if (first_fault(shorter, length - 1, rules, &law) >= 0) {
			memcpy(sequence, shorter, sizeof shorter);
			length--;
		} else {
			i++;
		}
	}
	(void)first_fault(sequence, length, rules, &law);
	for (int i = 0; i < length && used < (int)sizeof text - 128; i++)
		used += snprintf(text + used, sizeof text - (size_t)used,
				 "\n  at +%lld d: %s answer %d state %s registered %lld ns %llu%s",
				 (long long)((sequence[i].at - NOW) / DAYS),
				 source_text(sequence[i].source), sequence[i].answer,
				 state_text(sequence[i].state),
				 (long long)sequence[i].registered_at,
				 (unsigned long long)sequence[i].ns_hash,
				 sequence[i].ns_parked ? " parked" : "");
	fail_msg("seed %llx breaks \"%s\":%s", (unsigned long long)seed, law, text);
}

static void any_sequence_keeps_the_laws(void **unused)
{
	const struct apply_rules *all_rules[] = {&rdap_only, &rdap_and_dns, &dns_only};
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

	(void)unused;
	for (int i = 0; i < SEQUENCES; i++) {
		struct observation sequence[SEQUENCE_MAX];
		uint64_t start = seed;
		int length = 1 + (int)random_of(&seed, SEQUENCE_MAX);
		const struct apply_rules *rules = all_rules[random_of(&seed, 3)];
		const char *law;
		int64_t at = NOW;

		memset(sequence, 0, sizeof sequence);
		for (int k = 0; k < length; k++) {
			/* now and then at the same second, or late */
			at += random_of(&seed, 4) == 0 ? 0 : random_of(&seed, 9 * DAYS) - 3600;
			sequence[k] = random_observation(&seed, at);
		}
		if (first_fault(sequence, length, rules, &law) >= 0)
			shrink_and_fail(sequence, length, rules, start);
	}
	print_message("# property sequences: %d\n", SEQUENCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_story_ends_as_it_should),
		cmocka_unit_test(a_sale_is_seen_across_an_answer_of_fastlys),
		cmocka_unit_test(a_contradicted_404_is_told_apart),
		cmocka_unit_test(a_change_in_the_dns_pulls_the_registry_check_forward),
		cmocka_unit_test(only_bad_news_and_new_owners_void_pins),
		cmocka_unit_test(any_sequence_keeps_the_laws),
	};

	return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
