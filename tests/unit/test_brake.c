/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the brake holds back: a table of decisions, each a domain's facts, one
 * observation and what its host has said so far; then what holds for any sequence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/brake.h"
#include "resetguard/time.h"

#define NOW INT64_C(1800000000) /* 08:00 */
#define HOURS INT64_C(3600)
#define DAYS INT64_C(86400)
#define REGISTERED (NOW - 1000 * DAYS)

enum { SEQUENCES = 2000, STEPS = 60, DOMAINS = 30 };

static const struct apply_rules rdap_only = {.registry_serves = true,
					     .dns_lapse_after = 7 * DAYS};
static const struct apply_rules dns_only = {.dns_is_source = true, .dns_lapse_after = 7 * DAYS};
static const struct apply_rules rdap_and_dns = {.dns_is_source = true,
						.registry_serves = true,
						.dns_lapse_after = 7 * DAYS};

/* ---- the table ---- */

static struct facts sound(void)
{
	return (struct facts){
		.state = STATE_REGISTERED,
		.registry_state = STATE_REGISTERED,
		.source = SOURCE_RDAP,
		.registered_at = REGISTERED,
		.first_seen_at = NOW - 200 * DAYS,
		.handle_hash = 1,
		.ns_hash = 10,
		.registry = {.checked_at = NOW - 2 * DAYS, .tried_at = NOW - 2 * DAYS},
	};
}

static struct facts fresh(void)
{
	struct facts facts = sound();

	facts.registry.checked_at = facts.registry.tried_at = NOW - HOURS;
	return facts;
}

/* Fourteen hours ago, which was yesterday. */
static struct facts twice_a_day(void)
{
	struct facts facts = sound();

	facts.registry.checked_at = facts.registry.tried_at = NOW - 14 * HOURS;
	return facts;
}

static struct facts unchecked(void)
{
	return (struct facts){.first_seen_at = NOW - 200 * DAYS};
}

static struct facts disputed(void)
{
	struct facts facts = sound();

	facts.flags |= FACTS_DISPUTED;
	return facts;
}

static struct facts disputed_at_first(void)
{
	struct facts facts = unchecked();

	facts.flags |= FACTS_DISPUTED;
	return facts;
}

static struct facts lapsed(void)
{
	struct facts facts = sound();

	facts.state = facts.registry_state = STATE_UNREGISTERED;
	facts.lapsed_at = NOW - 30 * DAYS;
	return facts;
}

static struct facts undated(void)
{
	struct facts facts = sound();

	facts.registered_at = 0;
	facts.flags |= FACTS_UNDATED;
	return facts;
}

static struct facts known_to_the_dns(void)
{
	return (struct facts){
		.state = STATE_HELD,
		.source = SOURCE_DNS,
		.flags = FACTS_UNDATED,
		.first_seen_at = NOW - 200 * DAYS,
		.dns_state = DNS_STATE_NXDOMAIN,
		.dns = {.checked_at = NOW - DAYS, .tried_at = NOW - DAYS},
		.nxdomain_since = NOW - 8 * DAYS,
		.nxdomain_count = 8,
	};
}

static struct facts undated_and_disputed(void)
{
	struct facts facts = undated();

	facts.flags |= FACTS_DISPUTED;
	return facts;
}

static struct facts disputed_in_the_dns(void)
{
	struct facts facts = known_to_the_dns();

	facts.flags |= FACTS_DISPUTED;
	facts.ns_hash = 10;
	return facts;
}

#define GONE .answer = OBSERVATION_NOT_THERE, .state = STATE_UNKNOWN
#define THERE                                                                                      \
	.answer = OBSERVATION_OBJECT, .state = STATE_REGISTERED, .registered_at = REGISTERED,      \
	.handle_hash = 1, .ns_hash = 10
#define REDEEMED                                                                                   \
	.answer = OBSERVATION_OBJECT, .state = STATE_REDEMPTION, .registered_at = REGISTERED
#define ANEW .answer = OBSERVATION_OBJECT, .state = STATE_REGISTERED, .registered_at = NOW - 5 * DAYS
#define ANOTHERS .answer = OBSERVATION_OBJECT, .state = STATE_REGISTERED, .handle_hash = 2

/* Twenty changes of a hundred domains are the limit: 20 and 20 %. */
static const struct brake_rules rules = {.count = 20, .percent = 20};

static const struct row {
	const char *what;
	struct facts (*facts)(void);
	struct observation observation;
	const struct apply_rules *apply_rules; /* NULL: rdap_only */
	unsigned unexplained;		       /* in the day so far */
	unsigned checked;
	struct brake_run run;
	enum brake_decision decision;
	unsigned counted; /* one more unexplained */
	unsigned seen;	  /* one more checked */
} rows[] = {
	{"nothing new", sound, {THERE}, NULL, 99, 100, {0}, BRAKE_APPLY, 0, 1},
	{"nothing new, checked today", fresh, {THERE}, NULL, 99, 100, {0}, BRAKE_APPLY, 0, 0},
	{"nothing new, checked yesterday", twice_a_day, {THERE}, NULL, 99, 100, {0}, BRAKE_APPLY, 0,
	 1},
	{"the first one gone", sound, {GONE}, NULL, 0, 0, {0}, BRAKE_APPLY, 1, 1},
	{"the twentieth", sound, {GONE}, NULL, 19, 19, {0}, BRAKE_APPLY, 1, 1},
	{"the twenty-first", sound, {GONE}, NULL, 20, 20, {0}, BRAKE_HOLD, 1, 1},
	{"of 105 domains a fifth", sound, {GONE}, NULL, 20, 104, {0}, BRAKE_APPLY, 1, 1},
	{"of 104 more than that", sound, {GONE}, NULL, 20, 103, {0}, BRAKE_HOLD, 1, 1},
	{"redemption, however often", sound, {REDEEMED}, NULL, 99, 100, {0}, BRAKE_APPLY, 0, 1},
	{"a new date, however often", sound, {ANEW}, NULL, 99, 100, {0}, BRAKE_APPLY, 0, 1},
	{"gone still", lapsed, {GONE}, NULL, 99, 100, {0}, BRAKE_APPLY, 0, 1},
	{"back without a new date", lapsed, {THERE}, NULL, 99, 100, {0}, BRAKE_HOLD, 1, 1},
	{"back with one", lapsed, {ANEW}, NULL, 99, 100, {0}, BRAKE_APPLY, 0, 1},
	{"another handle, no dates", undated, {ANOTHERS}, NULL, 99, 100, {0}, BRAKE_HOLD, 1, 1},
	{"a failed check", sound, {.answer = OBSERVATION_FAILED}, NULL, 99, 100, {0}, BRAKE_APPLY,
	 0, 0},
	{"gone, and the DNS does not agree", sound, {GONE}, &rdap_and_dns, 99, 100, {0},
	 BRAKE_APPLY, 0, 0},

	{"a first check", unchecked, {GONE}, NULL, 99, 100, {19, 19}, BRAKE_APPLY, 0, 1},
	{"half of them gone", unchecked, {GONE}, NULL, 0, 0, {20, 10}, BRAKE_APPLY, 0, 1},
	{"more than half", unchecked, {GONE}, NULL, 0, 0, {20, 11}, BRAKE_HOLD, 1, 1},
	{"one that is there at a liar", unchecked, {THERE}, NULL, 99, 100, {20, 11}, BRAKE_APPLY,
	 0, 1},
	{"redemption at a liar", unchecked, {REDEEMED}, NULL, 99, 100, {20, 11}, BRAKE_APPLY, 0, 1},

	{"held back, and said again", disputed, {GONE}, NULL, 0, 100, {0}, BRAKE_HOLD, 0, 0},
	{"held back, and there", disputed, {THERE}, NULL, 99, 100, {0}, BRAKE_SETTLE, 0, 0},
	{"held back, and explained", disputed, {REDEEMED}, NULL, 99, 100, {0}, BRAKE_SETTLE, 0, 0},
	{"held back, and dated", disputed, {ANEW}, NULL, 99, 100, {0}, BRAKE_SETTLE, 0, 0},
	{"held back, no answer", disputed, {.answer = OBSERVATION_FAILED}, NULL, 0, 0, {0},
	 BRAKE_APPLY, 0, 0},
	{"held back at first, said again", disputed_at_first, {GONE}, NULL, 0, 0, {0}, BRAKE_HOLD,
	 0, 0},
	{"held back at first, and there", disputed_at_first, {THERE}, NULL, 0, 0, {0},
	 BRAKE_SETTLE, 0, 0},
	{"held back; the DNS is no registry", disputed,
	 {.source = SOURCE_DNS, .answer = OBSERVATION_OBJECT}, &rdap_and_dns, 0, 0, {0},
	 BRAKE_APPLY, 0, 0},
	{"held back, and there, undated", undated_and_disputed,
	 {.answer = OBSERVATION_OBJECT, .state = STATE_REGISTERED}, NULL, 0, 0, {0}, BRAKE_WAIT, 0,
	 0},
	{"held back, undated, its handle", undated_and_disputed,
	 {.answer = OBSERVATION_OBJECT, .state = STATE_REGISTERED, .handle_hash = 1}, NULL, 0, 0,
	 {0}, BRAKE_SETTLE, 0, 0},
	{"held back, undated, redemption", undated_and_disputed,
	 {.answer = OBSERVATION_OBJECT, .state = STATE_REDEMPTION}, NULL, 0, 0, {0}, BRAKE_SETTLE,
	 0, 0},
	{"held back in the DNS, its servers", disputed_in_the_dns,
	 {.source = SOURCE_DNS, .answer = OBSERVATION_OBJECT, .ns_hash = 10}, &dns_only, 0, 0, {0},
	 BRAKE_SETTLE, 0, 0},
	{"held back in the DNS, no servers", disputed_in_the_dns,
	 {.source = SOURCE_DNS, .answer = OBSERVATION_OBJECT}, &dns_only, 0, 0, {0}, BRAKE_WAIT, 0,
	 0},
	{"held back in the DNS, others", disputed_in_the_dns,
	 {.source = SOURCE_DNS, .answer = OBSERVATION_OBJECT, .ns_hash = 11}, &dns_only, 0, 0, {0},
	 BRAKE_HOLD, 0, 0},
	{"the DNS alone, gone for a week", known_to_the_dns, {.source = SOURCE_DNS, GONE},
	 &dns_only, 0, 0, {0}, BRAKE_APPLY, 1, 1},
	{"the DNS alone, too many", known_to_the_dns, {.source = SOURCE_DNS, GONE}, &dns_only, 99,
	 100, {0}, BRAKE_HOLD, 1, 1},
};

static bool row_holds(const struct row *row)
{
	const struct apply_rules *apply_rules =
		row->apply_rules == NULL ? &rdap_only : row->apply_rules;
	struct host_counts counts = {.hour = NOW / HOURS - 3};
	struct observation observation = row->observation;
	struct facts before = row->facts();
	struct apply_result applied;
	struct brake_day day;
	enum brake_decision decision;

	counts.unexplained[(NOW / HOURS - 5) % 24] = row->unexplained;
	counts.checked[(NOW / HOURS - 4) % 24] = row->checked;
	observation.at = NOW;
	if (observation.source == SOURCE_NONE)
		observation.source = SOURCE_RDAP;
	applied = facts_apply(&before, &observation, apply_rules);
	decision = brake_decide(&before, &observation, apply_rules, &applied, &rules, &row->run,
				&counts);
	day = brake_day(&counts, NOW);
	if (decision == row->decision && day.unexplained == row->unexplained + row->counted &&
	    day.checked == row->checked + row->seen)
		return true;
	print_error("%s: decision %d, unexplained %u, checked %u\n", row->what, (int)decision,
		    (unsigned)day.unexplained, (unsigned)day.checked);
	return false;
}

static void every_row_holds(void **state)
{
	unsigned broken = 0;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		broken += !row_holds(&rows[i]);
	assert_int_equal(broken, 0);
}

/* ---- the counts ---- */

static void a_day_is_twenty_four_hours(void **state)
{
	struct host_counts counts = {0};
	struct facts before = sound();
	struct observation observation = {.source = SOURCE_RDAP, GONE, .at = NOW};
	struct apply_result applied = facts_apply(&before, &observation, &rdap_only);
	struct brake_run run = {0};

	(void)state;
	(void)brake_decide(&before, &observation, &rdap_only, &applied, &rules, &run, &counts);
	assert_int_equal(brake_day(&counts, NOW + 23 * HOURS).unexplained, 1);
	assert_int_equal(brake_day(&counts, NOW + 24 * HOURS).unexplained, 0);
	assert_int_equal(brake_day(&counts, NOW + 24 * HOURS).checked, 0);
	assert_int_equal(brake_day(&counts, NOW + 900 * DAYS).checked, 0);
	assert_int_equal(brake_day(&counts, NOW - 5 * HOURS).unexplained, 1);
	/* Hour by hour, too. */
	for (unsigned hour = 1; hour < 24; hour++)
		brake_uncount(&counts, NOW + hour * HOURS, NOW + hour * HOURS);
	assert_int_equal(brake_day(&counts, NOW + 23 * HOURS).unexplained, 1);
	assert_int_equal(brake_day(&counts, NOW + 24 * HOURS).unexplained, 0);
	assert_int_equal(brake_day(&counts, NOW + 24 * HOURS).checked, 0);
}

static void what_is_settled_leaves_the_count(void **state)
{
	struct host_counts counts = {.hour = NOW / HOURS};

	(void)state;
	counts.unexplained[(NOW / HOURS - 2) % 24] = 2;
	counts.unexplained[NOW / HOURS % 24] = 5;
	brake_uncount(&counts, NOW - 2 * HOURS, NOW);
	assert_int_equal(brake_day(&counts, NOW).unexplained, 6);
	brake_uncount(&counts, NOW - 30 * HOURS, NOW);
	brake_uncount(&counts, NOW - 3 * HOURS, NOW);
	brake_uncount(&counts, NOW + 3 * HOURS, NOW);
	assert_int_equal(brake_day(&counts, NOW).unexplained, 6);
	brake_uncount_all(&counts);
	assert_int_equal(brake_day(&counts, NOW).unexplained, 0);
}

static void answers_are_noted(void **state)
{
	static const enum observation_answer answers[] = {OBSERVATION_OBJECT, OBSERVATION_NOT_THERE,
							  OBSERVATION_FAILED, OBSERVATION_NODATA};
	struct brake_run run = {0};

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		brake_note_answer(&(struct observation){.answer = answers[i]}, &run);
	assert_int_equal(run.answers, 2);
	assert_int_equal(run.absent, 1);
}

/* ---- undo ---- */

static void only_what_still_is_so_is_undone(void **state)
{
	struct facts before = sound();
	struct observation observation = {.source = SOURCE_RDAP, GONE, .at = NOW};
	struct facts gone = facts_apply(&before, &observation, &rdap_only).facts;
	struct history_event event = history_event_make(HISTORY_OBSERVED, NOW, &before, &gone);
	struct facts later = gone;

	(void)state;
	assert_true(brake_event_unexplained(&event));
	later.lapsed_at += DAYS; /* seen gone once more */
	assert_true(brake_undo(&event, NOW + DAYS, &later));
	assert_int_equal(later.state, STATE_REGISTERED);
	assert_int_equal(later.registry_state, STATE_REGISTERED);
	assert_int_equal(later.lapsed_at, 0);
	assert_int_equal(later.registry.next_check_at, NOW + DAYS);
	assert_false(brake_undo(&event, NOW + DAYS, &later));
	later = gone;
	later.registered_at = NOW;
	assert_false(brake_undo(&event, NOW + DAYS, &later));
	assert_int_equal(later.registered_at, NOW);
	later = gone;
	later.changed_at = NOW;
	assert_false(brake_undo(&event, NOW + DAYS, &later));
	later = gone;
	later.state = STATE_REDEMPTION;
	assert_false(brake_undo(&event, NOW + DAYS, &later));
}

/* ---- what holds for every sequence ---- */

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static unsigned below(uint64_t *seed, unsigned end)
{
	return (unsigned)(next_random(seed) >> 33) % end;
}

static struct observation any_observation(uint64_t *seed, int64_t at)
{
	static const enum state states[] = {STATE_REGISTERED, STATE_REGISTERED, STATE_GRACE,
					    STATE_REDEMPTION, STATE_PENDING_DELETE, STATE_HELD};
	static const enum observation_answer answers[] = {
		OBSERVATION_OBJECT, OBSERVATION_OBJECT, OBSERVATION_NOT_THERE, OBSERVATION_FAILED};
	struct observation observation = {.source = SOURCE_RDAP, .at = at};

	observation.answer = answers[below(seed, 4)];
	if (observation.answer != OBSERVATION_OBJECT)
		return observation;
	observation.state = states[below(seed, 6)];
	if (below(seed, 3) > 0)
		observation.registered_at = below(seed, 8) > 0 ? REGISTERED : at - DAYS;
	observation.handle_hash = 1 + (below(seed, 4) == 0);
	observation.ns_hash = 10 + below(seed, 2);
	observation.ns_parked = below(seed, 4) == 0;
	return observation;
}

/* A host whose domains change at random: within a day no more than rules.count of them
 * change owner without an explicit word, and a disputed one only with it. */
static void run_past_the_brake(uint64_t seed, const struct brake_rules *strict)
{
	struct facts facts[DOMAINS];
	struct host_counts counts = {0};
	struct brake_run run = {0};
	int64_t moves[STEPS];
	unsigned moved = 0;
	int64_t at = NOW;

	for (unsigned i = 0; i < DOMAINS; i++)
		facts[i] = sound();
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned i = below(&seed, DOMAINS);
		struct facts *before = &facts[i];
		struct observation observation;
		struct apply_result applied;
		int64_t owner_since = facts_owner_since(before);

		at += below(&seed, 4 * 3600);
		observation = any_observation(&seed, at);
		applied = facts_apply(before, &observation, &rdap_only);
		switch (brake_decide(before, &observation, &rdap_only, &applied, strict, &run,
				     &counts)) {
		case BRAKE_APPLY:
			if (applied.change.owner_changed && !applied.change.owner_explicit)
				moves[moved++] = at;
			break;
		case BRAKE_SETTLE:
			assert_true(!applied.change.owner_changed || applied.change.owner_explicit);
			applied.facts.flags &= ~(unsigned)FACTS_DISPUTED;
			break;
		case BRAKE_HOLD:
		case BRAKE_WAIT:
			applied.facts = brake_hold(before, &observation);
			assert_int_equal(facts_owner_since(&applied.facts), owner_since);
			assert_int_equal(applied.facts.state, before->state);
			assert_true((applied.facts.flags & FACTS_DISPUTED) != 0);
			assert_int_equal(applied.facts.registry.checked_at,
					 before->registry.checked_at);
			break;
		}
		assert_true(facts_owner_since(&applied.facts) >= owner_since);
		*before = applied.facts;
		/* The hours are whole: at least 23 are looked back on. */
		if (moved > strict->count)
			assert_true(moves[moved - 1] - moves[moved - 1 - strict->count] >=
				    23 * HOURS);
	}
}

static void nothing_moves_beyond_the_brake(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
		const struct brake_rules strict = {.count = 1 + (unsigned)(seed % 4)};

		run_past_the_brake(seed * UINT64_C(0x9e3779b97f4a7c15), &strict);
	}
	print_message("%d sequences of %d observations\n", SEQUENCES, STEPS);
}

/* Any sequence without a brake; each unexplained change of it is also held back and
 * released, which comes to the same, and undone, which comes to what was before. */
static void park_and_release(uint64_t seed, unsigned *parked)
{
	struct facts facts = sound();
	int64_t at = NOW;

	for (unsigned step = 0; step < STEPS; step++) {
		struct observation observation;
		struct apply_result applied;

		at += 1 + below(&seed, 40 * 3600);
		observation = any_observation(&seed, at);
		applied = facts_apply(&facts, &observation, &rdap_only);
		if (applied.change.owner_changed && !applied.change.owner_explicit) {
			unsigned char released[FACTS_RECORD_SIZE];
			unsigned char wanted[FACTS_RECORD_SIZE];
			struct facts held = brake_hold(&facts, &observation);
			struct facts after = brake_release(&held, &applied.facts);
			struct history_event event =
				history_event_make(HISTORY_OBSERVED, at, &facts, &after);

			facts_encode(&after, released);
			facts_encode(&applied.facts, wanted);
			assert_memory_equal(released, wanted, sizeof wanted);
			assert_true(brake_event_unexplained(&event));
			assert_true(brake_undo(&event, at, &after));
			assert_int_equal(facts_owner_since(&after), facts_owner_since(&facts));
			assert_int_equal(after.state, facts.state);
			(*parked)++;
		}
		facts = applied.facts;
	}
}

static void a_release_is_what_would_have_been(void **state)
{
	unsigned parked = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEQUENCES; seed++)
		park_and_release(seed * UINT64_C(0x9e3779b97f4a7c15), &parked);
	print_message("%u changes held back and released\n", parked);
	assert_true(parked > SEQUENCES);
}

static void a_release_keeps_what_was_learned_since(void **state)
{
	struct facts before = sound();
	struct observation observation = {.source = SOURCE_RDAP, GONE, .at = NOW};
	struct facts parked = facts_apply(&before, &observation, &rdap_only).facts;
	struct facts current = brake_hold(&before, &observation);
	struct facts released;

	(void)state;
	parked.flags |= FACTS_DISPUTED;
	current.verified_at = NOW + 5;
	current.flags |= FACTS_IMPORTED;
	current.dns_state = DNS_STATE_NXDOMAIN;
	current.dns.tried_at = NOW + 7;
	released = brake_release(&current, &parked);
	assert_int_equal(released.state, STATE_UNREGISTERED);
	assert_int_equal(released.verified_at, NOW + 5);
	assert_int_equal(released.flags, FACTS_IMPORTED);
	assert_int_equal(released.dns_state, DNS_STATE_NXDOMAIN);
	assert_int_equal(released.dns.tried_at, NOW + 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_holds),
		cmocka_unit_test(a_day_is_twenty_four_hours),
		cmocka_unit_test(what_is_settled_leaves_the_count),
		cmocka_unit_test(answers_are_noted),
		cmocka_unit_test(only_what_still_is_so_is_undone),
		cmocka_unit_test(nothing_moves_beyond_the_brake),
		cmocka_unit_test(a_release_is_what_would_have_been),
		cmocka_unit_test(a_release_keeps_what_was_learned_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
