/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rule and every reason, as a table; the order of precedence; and what holds
 * for any evidence, tried on random ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/policy.h"
#include "resetguard/time.h"

#define NOW INT64_C(1800000000)
#define DAYS INT64_C(86400)

/* A domain about which everything is well: registered long ago, imported, checked
 * an hour ago. Each case says what is different. */
static struct facts sound_facts(void)
{
	return (struct facts){
		.state = STATE_REGISTERED,
		.registry_state = STATE_REGISTERED,
		.source = SOURCE_RDAP,
		.flags = FACTS_IMPORTED,
		.registered_at = NOW - 1000 * DAYS,
		.first_seen_at = NOW - 200 * DAYS,
		.registry = {.checked_at = NOW - 3600, .tried_at = NOW - 3600},
	};
}

static struct policy_decision decide(const struct policy_evidence *evidence)
{
	const struct policy policy = policy_defaults();

	return policy_decide(&policy, evidence, NOW);
}

/* ---- one row for each way to a verdict ---- */

struct row {
	const char *what;
	/* what is different from sound facts; -1 leaves it */
	int state;
	int64_t registered_at;
	int64_t lapsed_at;
	int64_t changed_at;
	int64_t first_seen_at;
	int64_t checked_at;
	int64_t domain_verified_at;
	int64_t domain_unverified_at;
	int64_t expires_at;
	int flags;
	/* beside the facts */
	int64_t header;
	int64_t address_verified_at;
	int64_t address_unverified_at;
	/* what comes of it */
	enum reason reason;
	enum verdict verdict;
	enum verified_by verified_by;
};

/* SAME sets members that a row may set again: that is its purpose. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif
#define SAME .state = -1, .registered_at = -1, .first_seen_at = -1, .checked_at = -1, .flags = -1
#define SEEN VERIFIED_BY_FIRST_SEEN

static const struct row rows[] = {
	{"all is well, known since before", SAME, .reason = REASON_OK, .verified_by = SEEN},
	{"redemption", SAME, .state = STATE_REDEMPTION, .lapsed_at = NOW - 60,
	 .reason = REASON_EXPIRED, .verdict = VERDICT_REJECT, .verified_by = SEEN},
	{"pending delete", SAME, .state = STATE_PENDING_DELETE, .reason = REASON_EXPIRED,
	 .verdict = VERDICT_REJECT, .verified_by = SEEN},
	{"unregistered", SAME, .state = STATE_UNREGISTERED, .reason = REASON_EXPIRED,
	 .verdict = VERDICT_REJECT, .verified_by = SEEN},
	{"expired outranks a fresh verification", SAME, .state = STATE_REDEMPTION,
	 .address_verified_at = NOW, .reason = REASON_EXPIRED, .verdict = VERDICT_REJECT,
	 .verified_by = VERIFIED_BY_ADDRESS},

	{"registered anew since the message's date", SAME, .registered_at = NOW - 10 * DAYS,
	 .header = NOW - 20 * DAYS, .reason = REASON_OWNER_CHANGED, .verdict = VERDICT_REJECT,
	 .verified_by = VERIFIED_BY_HEADER},
	{"verified at the very second of registration", SAME, .registered_at = NOW - 10 * DAYS,
	 .header = NOW - 10 * DAYS, .reason = REASON_OK, .verified_by = VERIFIED_BY_HEADER},
	{"lapsed since the address was verified", SAME, .lapsed_at = NOW - 10 * DAYS,
	 .address_verified_at = NOW - 20 * DAYS, .reason = REASON_OWNER_CHANGED,
	 .verdict = VERDICT_REJECT, .verified_by = VERIFIED_BY_ADDRESS},
	{"verified at the very second of the lapse", SAME, .lapsed_at = NOW - 10 * DAYS,
	 .address_verified_at = NOW - 10 * DAYS, .reason = REASON_OWNER_CHANGED,
	 .verdict = VERDICT_REJECT, .verified_by = VERIFIED_BY_ADDRESS},
	{"verified a second after the lapse", SAME, .lapsed_at = NOW - 10 * DAYS,
	 .address_verified_at = NOW - 10 * DAYS + 1, .reason = REASON_OK,
	 .verified_by = VERIFIED_BY_ADDRESS},
	{"another sign of a new owner", SAME, .changed_at = NOW - 10 * DAYS,
	 .address_verified_at = NOW - 10 * DAYS, .reason = REASON_OWNER_CHANGED,
	 .verdict = VERDICT_REJECT, .verified_by = VERIFIED_BY_ADDRESS},
	{"the latest verification counts", SAME, .lapsed_at = NOW - 10 * DAYS,
	 .header = NOW - 20 * DAYS, .address_verified_at = NOW - 30 * DAYS,
	 .domain_verified_at = NOW - 5 * DAYS, .reason = REASON_OK,
	 .verified_by = VERIFIED_BY_DOMAIN},
	{"the domain's verification is too old", SAME, .lapsed_at = NOW - 10 * DAYS,
	 .domain_verified_at = NOW - 20 * DAYS, .reason = REASON_UNVERIFIED,
	 .verdict = VERDICT_REJECT, .verified_by = VERIFIED_BY_DOMAIN},
	{"lapsed since it was first seen", SAME, .lapsed_at = NOW - 10 * DAYS,
	 .reason = REASON_UNVERIFIED, .verdict = VERDICT_REJECT, .verified_by = SEEN},

	{"the address was un-verified", SAME, .address_verified_at = NOW - 20 * DAYS,
	 .address_unverified_at = NOW - 20 * DAYS, .reason = REASON_UNVERIFIED,
	 .verdict = VERDICT_REJECT},
	{"the domain was un-verified", SAME, .address_verified_at = NOW - 20 * DAYS,
	 .domain_unverified_at = NOW - 10 * DAYS, .reason = REASON_UNVERIFIED,
	 .verdict = VERDICT_REJECT},
	{"verified again since", SAME, .address_verified_at = NOW - 5 * DAYS,
	 .domain_unverified_at = NOW - 10 * DAYS, .reason = REASON_OK,
	 .verified_by = VERIFIED_BY_ADDRESS},
	{"a date five minutes ahead still counts", SAME, .lapsed_at = NOW - DAYS,
	 .header = NOW + 300, .reason = REASON_OK, .verified_by = VERIFIED_BY_HEADER},
	{"a date further ahead does not", SAME, .lapsed_at = NOW - DAYS, .header = NOW + 301,
	 .reason = REASON_UNVERIFIED, .verdict = VERDICT_REJECT, .verified_by = SEEN},

	{"met by a reset, bought yesterday", SAME, .flags = 0, .registered_at = NOW - DAYS,
	 .first_seen_at = NOW, .reason = REASON_NEW_DOMAIN, .verdict = VERDICT_REJECT,
	 .verified_by = SEEN},
	{"met by a reset, 90 days after registration", SAME, .flags = 0,
	 .registered_at = NOW - 90 * DAYS, .first_seen_at = NOW, .reason = REASON_OK,
	 .verified_by = SEEN},
	{"met by a reset, a second short of that", SAME, .flags = 0,
	 .registered_at = NOW - 90 * DAYS + 1, .first_seen_at = NOW, .reason = REASON_NEW_DOMAIN,
	 .verdict = VERDICT_REJECT, .verified_by = SEEN},
	{"met by a reset, no date to go by", SAME, .flags = FACTS_UNDATED, .registered_at = 0,
	 .reason = REASON_NEW_DOMAIN, .verdict = VERDICT_REJECT, .verified_by = SEEN},
	{"met by a reset, but the mailbox is verified", SAME, .flags = 0,
	 .registered_at = NOW - 2 * DAYS, .first_seen_at = NOW - DAYS,
	 .address_verified_at = NOW - DAYS, .reason = REASON_OK,
	 .verified_by = VERIFIED_BY_ADDRESS},
	{"imported, however new", SAME, .registered_at = NOW - 2 * DAYS,
	 .first_seen_at = NOW - DAYS, .reason = REASON_OK, .verified_by = SEEN},

	{"held back by the brake", SAME, .flags = FACTS_IMPORTED | FACTS_DISPUTED,
	 .reason = REASON_DISPUTED, .verdict = VERDICT_TEMPFAIL, .verified_by = SEEN},
	{"held", SAME, .state = STATE_HELD, .reason = REASON_HELD, .verdict = VERDICT_TEMPFAIL,
	 .verified_by = SEEN},
	{"imported, never checked", SAME, .state = STATE_UNKNOWN, .registered_at = 0,
	 .checked_at = 0, .reason = REASON_UNCHECKED, .verdict = VERDICT_TEMPFAIL,
	 .verified_by = SEEN},
	{"not imported, no source could tell", SAME, .state = STATE_UNKNOWN, .registered_at = 0,
	 .checked_at = 0, .flags = 0, .reason = REASON_UNKNOWN, .verdict = VERDICT_TEMPFAIL,
	 .verified_by = SEEN},
	{"checked 35 days ago", SAME, .checked_at = NOW - 35 * DAYS, .reason = REASON_OK,
	 .verified_by = SEEN},
	{"checked longer ago", SAME, .checked_at = NOW - 35 * DAYS - 1, .reason = REASON_STALE,
	 .verdict = VERDICT_TEMPFAIL, .verified_by = SEEN},
	{"known to be bad outranks age", SAME, .checked_at = NOW - 99 * DAYS,
	 .lapsed_at = NOW - 100 * DAYS, .reason = REASON_UNVERIFIED, .verdict = VERDICT_REJECT,
	 .verified_by = SEEN},
	{"a registry without dates", SAME, .registered_at = 0,
	 .flags = FACTS_IMPORTED | FACTS_UNDATED, .reason = REASON_UNDATED, .verified_by = SEEN},
	{"first seen in the future", SAME, .first_seen_at = NOW + 301, .reason = REASON_UNVERIFIED,
	 .verdict = VERDICT_REJECT},
	{"first seen five minutes ahead", SAME, .first_seen_at = NOW + 300, .reason = REASON_OK,
	 .verified_by = SEEN},
	{"the message, the address and the domain say the same", SAME, .changed_at = NOW - 7 * DAYS,
	 .header = NOW - 9 * DAYS, .address_verified_at = NOW - 9 * DAYS,
	 .domain_verified_at = NOW - 9 * DAYS, .reason = REASON_OWNER_CHANGED,
	 .verdict = VERDICT_REJECT, .verified_by = VERIFIED_BY_HEADER},
	{"the address and the domain say the same", SAME, .changed_at = NOW - 7 * DAYS,
	 .address_verified_at = NOW - 9 * DAYS, .domain_verified_at = NOW - 9 * DAYS,
	 .reason = REASON_OWNER_CHANGED, .verdict = VERDICT_REJECT,
	 .verified_by = VERIFIED_BY_ADDRESS},
	{"past its expiration date since the last check", SAME, .expires_at = NOW,
	 .reason = REASON_GRACE, .verified_by = SEEN},
	{"grace", SAME, .state = STATE_GRACE, .reason = REASON_GRACE, .verified_by = SEEN},
};

static void set(int64_t *member, int64_t value)
{
	if (value != -1)
		*member = value;
}

static void each_row_gives_its_reason(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct facts facts = sound_facts();
		struct policy_evidence evidence = {
			.facts = &facts,
			.header_verified_at = row->header,
			.address = {row->address_verified_at, row->address_unverified_at},
		};
		struct policy_decision decision;

		if (row->state != -1)
			facts.state = (enum state)row->state;
		if (row->flags != -1)
			facts.flags = (unsigned)row->flags;
		set(&facts.registered_at, row->registered_at);
		set(&facts.first_seen_at, row->first_seen_at);
		set(&facts.registry.checked_at, row->checked_at);
		facts.lapsed_at = row->lapsed_at;
		facts.changed_at = row->changed_at;
		facts.verified_at = row->domain_verified_at;
		facts.unverified_at = row->domain_unverified_at;
		facts.expires_at = row->expires_at;
		decision = decide(&evidence);
		if (decision.reason != row->reason || decision.verdict != row->verdict ||
		    decision.verified_by != row->verified_by)
			fail_msg("%s: %s %s, expected %s %s", row->what,
				 verdict_text(decision.verdict), reason_text(decision.reason),
				 verdict_text(row->verdict), reason_text(row->reason));
	}
}

/* ---- what comes before the facts ---- */

static void name_and_cache_come_before_facts(void **unused)
{
	struct facts facts = sound_facts();
	struct pin pin = {.verdict = PIN_REJECT, .set_at = NOW - 60};
	struct policy_evidence evidence = {.exempt = true,
					   .bad_address = true,
					   .cache_error = true,
					   .pin = &pin,
					   .facts = NULL};

	(void)unused;
	assert_int_equal(decide(&evidence).reason, REASON_EXEMPT);
	assert_int_equal(decide(&evidence).verdict, VERDICT_ACCEPT);
	evidence.exempt = false;
	assert_int_equal(decide(&evidence).reason, REASON_BAD_ADDRESS);
	assert_int_equal(decide(&evidence).verdict, VERDICT_REJECT);
	evidence.bad_address = false;
	assert_int_equal(decide(&evidence).reason, REASON_CACHE_ERROR);
	assert_int_equal(decide(&evidence).verdict, VERDICT_TEMPFAIL);
	evidence.cache_error = false;
	assert_int_equal(decide(&evidence).reason, REASON_PINNED);
	assert_int_equal(decide(&evidence).verdict, VERDICT_REJECT);
	evidence.pin = NULL;
	assert_int_equal(decide(&evidence).reason, REASON_NO_RECORD);
	assert_int_equal(decide(&evidence).verdict, VERDICT_TEMPFAIL);
	evidence.facts = &facts;
	assert_int_equal(decide(&evidence).reason, REASON_OK);
}

static void accept_pin_is_void_after_a_transition(void **unused)
{
	struct facts facts = sound_facts();
	struct pin pin = {.verdict = PIN_ACCEPT, .set_at = NOW - 60, .until = NOW + 60};
	struct policy_evidence evidence = {.pin = &pin, .facts = &facts};

	(void)unused;
	facts.state = STATE_REDEMPTION;
	facts.transition_at = NOW - 61;
	assert_int_equal(decide(&evidence).reason, REASON_PINNED);
	assert_int_equal(decide(&evidence).verdict, VERDICT_ACCEPT);
	facts.transition_at = NOW - 59;
	assert_int_equal(decide(&evidence).reason, REASON_EXPIRED);
	pin.verdict = PIN_REJECT;
	assert_int_equal(decide(&evidence).reason, REASON_PINNED);
	pin.until = NOW - 1;
	assert_int_equal(decide(&evidence).reason, REASON_EXPIRED);
}

/* ---- actions, replies, words ---- */

static void actions_follow_the_policy(void **unused)
{
	struct policy policy = policy_defaults();
	struct facts facts = sound_facts();
	struct policy_evidence evidence = {.facts = &facts};

	(void)unused;
	policy.action[REASON_OK] = ACTION_QUARANTINE;
	assert_int_equal(policy_decide(&policy, &evidence, NOW).action, ACTION_QUARANTINE);
	assert_int_equal(policy_decide(&policy, &evidence, NOW).verdict, VERDICT_TEMPFAIL);
	policy.action[REASON_OK] = ACTION_DISCARD;
	assert_int_equal(policy_decide(&policy, &evidence, NOW).verdict, VERDICT_REJECT);
	policy.max_age = 3599;
	assert_int_equal(policy_decide(&policy, &evidence, NOW).reason, REASON_STALE);
}

static void reply_codes_fit_their_verdict(void **unused)
{
	static const struct {
		enum reason reason;
		enum verdict verdict;
		int code;
		const char *enhanced;
	} cases[] = {
		{REASON_BAD_ADDRESS, VERDICT_REJECT, 550, "5.1.3"},
		{REASON_CACHE_ERROR, VERDICT_TEMPFAIL, 451, "4.3.0"},
		{REASON_NO_RECORD, VERDICT_TEMPFAIL, 450, "4.7.1"},
		{REASON_EXPIRED, VERDICT_REJECT, 550, "5.1.2"},
		{REASON_OWNER_CHANGED, VERDICT_REJECT, 550, "5.7.18"},
		{REASON_UNVERIFIED, VERDICT_REJECT, 550, "5.7.18"},
		{REASON_NEW_DOMAIN, VERDICT_REJECT, 550, "5.7.18"},
		{REASON_DISPUTED, VERDICT_TEMPFAIL, 450, "4.7.1"},
		{REASON_HELD, VERDICT_TEMPFAIL, 450, "4.7.1"},
		{REASON_EXPIRED, VERDICT_TEMPFAIL, 450, "4.7.1"},
		{REASON_STALE, VERDICT_REJECT, 550, "5.7.1"},
		{REASON_PINNED, VERDICT_REJECT, 550, "5.7.1"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct policy_reply_code code =
			policy_reply_code(cases[i].reason, cases[i].verdict);

		assert_int_equal(code.code, cases[i].code);
		assert_string_equal(code.enhanced, cases[i].enhanced);
	}
	for (int reason = 0; reason < REASON_COUNT; reason++) {
		for (int verdict = VERDICT_ACCEPT; verdict <= VERDICT_REJECT; verdict++) {
			struct policy_reply_code code = policy_reply_code((enum reason)reason,
									  (enum verdict)verdict);

			assert_int_equal(code.code / 100, code.enhanced[0] - '0');
		}
	}
}

static void what_rests_on_facts_comes_last(void **unused)
{
	(void)unused;
	assert_false(reason_rests_on_facts(REASON_EXEMPT));
	assert_false(reason_rests_on_facts(REASON_PINNED));
	assert_true(reason_rests_on_facts(REASON_NO_RECORD));
	assert_true(reason_rests_on_facts(REASON_OK));
}

static void words_are_read_back(void **unused)
{
	enum reason reason;
	enum action action;

	(void)unused;
	for (int i = 0; i < REASON_COUNT; i++) {
		assert_int_equal(reason_from_text(reason_text((enum reason)i), &reason), ERR_OK);
		assert_int_equal(reason, i);
	}
	for (int i = 0; i < ACTION_COUNT; i++) {
		assert_int_equal(action_from_text(action_text((enum action)i), &action), ERR_OK);
		assert_int_equal(action, i);
	}
	assert_int_equal(reason_from_text("fine", &reason), ERR_DATA);
	assert_int_equal(action_from_text("", &action), ERR_DATA);
}

static void who_verified_has_a_word(void **unused)
{
	(void)unused;
	assert_null(verified_by_text(VERIFIED_BY_NOBODY));
	assert_string_equal(verified_by_text(VERIFIED_BY_HEADER), "header");
	assert_string_equal(verified_by_text(VERIFIED_BY_ADDRESS), "address");
	assert_string_equal(verified_by_text(VERIFIED_BY_DOMAIN), "domain");
	assert_string_equal(verified_by_text(VERIFIED_BY_FIRST_SEEN), "first-seen");
}

static void the_worse_of_two_decisions_counts(void **unused)
{
	const struct policy_decision ok = {.reason = REASON_OK, .verdict = VERDICT_ACCEPT};
	const struct policy_decision stale = {.reason = REASON_STALE, .verdict = VERDICT_TEMPFAIL};
	const struct policy_decision held = {.reason = REASON_HELD, .verdict = VERDICT_TEMPFAIL};
	const struct policy_decision expired = {.reason = REASON_EXPIRED,
						.verdict = VERDICT_REJECT};

	(void)unused;
	assert_true(policy_decision_is_worse(&expired, &held));
	assert_true(policy_decision_is_worse(&held, &stale));
	assert_true(policy_decision_is_worse(&stale, &ok));
	assert_false(policy_decision_is_worse(&ok, &ok));
	assert_false(policy_decision_is_worse(&held, &expired));
}

/* ---- whatever the evidence ---- */

enum { RANDOM_CASES = 200000 };

static uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* One of a few moments, so that times often coincide. */
static int64_t random_time(uint64_t *seed)
{
	static const int64_t times[] = {0, NOW - 400 * DAYS, NOW - 90 * DAYS, NOW - 36 * DAYS,
					NOW - DAYS, NOW - 1, NOW, NOW + 300, NOW + 301};

	return times[random_next(seed) % (sizeof times / sizeof *times)];
}

static struct facts random_facts(uint64_t *seed)
{
	struct facts facts = {
		.state = (enum state)(random_next(seed) % STATE_COUNT),
		.source = (enum source)(random_next(seed) % SOURCE_COUNT),
		.flags = (unsigned)random_next(seed) & FACTS_FLAGS_ALL,
		.registered_at = random_time(seed),
		.lapsed_at = random_time(seed),
		.changed_at = random_time(seed),
		.first_seen_at = random_time(seed),
		.verified_at = random_time(seed),
		.unverified_at = random_time(seed),
		.registry = {.checked_at = random_time(seed)},
		.dns = {.checked_at = random_time(seed)},
	};

	return facts;
}

/* An accept never comes without the rule, whatever else the evidence says. */
static void no_accept_without_the_rule(void **unused)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);
	int accepted = 0;

	(void)unused;
	for (int i = 0; i < RANDOM_CASES; i++) {
		struct facts facts = random_facts(&seed);
		struct policy_evidence evidence = {
			.facts = &facts,
			.header_verified_at = random_time(&seed),
			.address = {random_time(&seed), random_time(&seed)},
		};
		struct policy_decision decision = decide(&evidence);
		int64_t owner_since = facts_owner_since(&facts);

		if (decision.verdict != VERDICT_ACCEPT)
			continue;
		accepted++;
		assert_true(facts.state == STATE_REGISTERED || facts.state == STATE_GRACE);
		assert_true(decision.verified_at >= owner_since);
		assert_true(decision.verified_at > facts.lapsed_at);
		assert_true(decision.verified_at > facts.changed_at);
		assert_true(facts_checked_at(&facts) + 35 * DAYS >= NOW);
		if (decision.verified_by != VERIFIED_BY_FIRST_SEEN) {
			assert_true(decision.verified_at > facts.unverified_at);
			assert_true(decision.verified_at > evidence.address.unverified_at);
			assert_true(decision.verified_at <= NOW + POLICY_CLOCK_SKEW);
		} else {
			assert_int_equal(facts.unverified_at, 0);
			assert_int_equal(evidence.address.unverified_at, 0);
		}
	}
	assert_true(accepted > 100);
}

/* An unverify or a missing record never turns a refusal or deferral into accept. */
static void unverify_and_loss_are_never_laxer(void **unused)
{
	uint64_t seed = UINT64_C(0x2545f4914f6cdd1d);

	(void)unused;
	for (int i = 0; i < RANDOM_CASES; i++) {
		struct facts facts = random_facts(&seed);
		struct policy_evidence evidence = {
			.facts = &facts,
			.header_verified_at = random_time(&seed),
			.address = {random_time(&seed), random_time(&seed)},
		};
		struct policy_evidence without = evidence;
		struct policy_decision before = decide(&evidence);
		struct facts unverified = facts;

		if (unverified.unverified_at < NOW)
			unverified.unverified_at = NOW;
		without.facts = &unverified;
		if (before.verdict != VERDICT_ACCEPT)
			assert_int_not_equal(decide(&without).verdict, VERDICT_ACCEPT);
		without.facts = NULL;
		assert_int_not_equal(decide(&without).verdict, VERDICT_ACCEPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_gives_its_reason),
		cmocka_unit_test(name_and_cache_come_before_facts),
		cmocka_unit_test(accept_pin_is_void_after_a_transition),
		cmocka_unit_test(actions_follow_the_policy),
		cmocka_unit_test(reply_codes_fit_their_verdict),
		cmocka_unit_test(what_rests_on_facts_comes_last),
		cmocka_unit_test(words_are_read_back),
		cmocka_unit_test(who_verified_has_a_word),
		cmocka_unit_test(the_worse_of_two_decisions_counts),
		cmocka_unit_test(no_accept_without_the_rule),
		cmocka_unit_test(unverify_and_loss_are_never_laxer),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
