/* SPDX-License-Identifier: BSD-2-Clause */
/* Properties are tried on random facts from a fixed seed: the same ones always. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "resetguard/facts.h"
#include "resetguard/time.h"

enum { ROUNDS = 20000 };

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Often 0 or the same as another one: that is where the cases are. */
static int64_t random_time(uint64_t *seed)
{
	switch (next_random(seed) % 4) {
	case 0:
		return 0;
	case 1:
		return 1700000000 + (int64_t)(next_random(seed) % 4);
	}
	return (int64_t)(next_random(seed) & 0xffffffff);
}

static struct facts_check random_check(uint64_t *seed)
{
	struct facts_check check;

	check.checked_at = random_time(seed);
	check.tried_at = random_time(seed);
	check.next_check_at = random_time(seed);
	check.failures = (uint16_t)next_random(seed);
	return check;
}

static struct facts random_facts(uint64_t *seed)
{
	struct facts facts = {0};

	facts.state = (enum state)(next_random(seed) % STATE_COUNT);
	facts.registry_state = (enum state)(next_random(seed) % STATE_COUNT);
	facts.dns_state = (enum dns_state)(next_random(seed) % DNS_STATE_COUNT);
	facts.source = (enum source)(next_random(seed) % SOURCE_COUNT);
	facts.flags = next_random(seed) & FACTS_FLAGS_ALL;
	facts.registered_at = random_time(seed);
	facts.expires_at = random_time(seed);
	facts.lapsed_at = random_time(seed);
	facts.changed_at = random_time(seed);
	facts.first_seen_at = random_time(seed);
	facts.verified_at = random_time(seed);
	facts.unverified_at = random_time(seed);
	facts.transition_at = random_time(seed);
	facts.registry = random_check(seed);
	facts.dns = random_check(seed);
	facts.nxdomain_since = random_time(seed);
	facts.nxdomain_count = (uint16_t)next_random(seed);
	facts.registrar_id = (uint32_t)next_random(seed);
	facts.handle_hash = next_random(seed);
	facts.ns_hash = next_random(seed);
	facts.ns_hash_before_grace = next_random(seed);
	return facts;
}

static void assert_same(const struct facts *a, const struct facts *b)
{
	unsigned char a_record[FACTS_RECORD_SIZE];
	unsigned char b_record[FACTS_RECORD_SIZE];

	facts_encode(a, a_record);
	facts_encode(b, b_record);
	assert_memory_equal(a_record, b_record, FACTS_RECORD_SIZE);
}

static enum err decode(const unsigned char *record, size_t length, struct facts *facts)
{
	return facts_decode((struct bytes){record, length}, facts);
}

/* ---- the record ---- */

/* What is drawn in the header, byte for byte: files of today must be readable
 * for ever. */
static void the_record_is_laid_out_as_drawn(void **state)
{
	const struct facts facts = {
		.state = STATE_REDEMPTION,
		.source = SOURCE_FASTLY,
		.flags = FACTS_PARKED | FACTS_IMPORTED,
		.registered_at = 0x04030201,
		.expires_at = 0x08070605,
		.lapsed_at = 0x0c0b0a09,
		.changed_at = 0x100f0e0d,
		.first_seen_at = 0x14131211,
		.verified_at = 0x18171615,
		.unverified_at = 0x1c1b1a19,
		.transition_at = 0x201f1e1d,
		.registry = {0x24232221, 0x28272625, 0x2c2b2a29, 0x4241},
		.dns = {0x302f2e2d, 0x34333231, 0x38373635, 0x4443},
		.nxdomain_since = 0x3c3b3a39,
		.nxdomain_count = 0x4645,
		.registry_state = STATE_HELD,
		.dns_state = DNS_STATE_NODATA,
		.registrar_id = 0x4c4b4a49,
		.handle_hash = UINT64_C(0x54535251504f4e4d),
		.ns_hash = UINT64_C(0x5c5b5a5958575655),
		.ns_hash_before_grace = UINT64_C(0x64636261605f5e5d),
	};
	unsigned char wanted[FACTS_RECORD_SIZE] = {1, 4, 2, 17};
	unsigned char record[FACTS_RECORD_SIZE];

	(void)state;
	for (unsigned i = 4; i < 64; i++)
		wanted[i] = (unsigned char)(i - 3);
	for (unsigned i = 0; i < 6; i++)
		wanted[64 + i] = (unsigned char)(0x41 + i);
	wanted[70] = 3;
	wanted[71] = 3;
	for (unsigned i = 72; i < 100; i++)
		wanted[i] = (unsigned char)(0x49 + i - 72);

	facts_encode(&facts, record);
	assert_memory_equal(record, wanted, sizeof wanted);
}

static void what_is_written_is_read_back(void **state)
{
	uint64_t seed = 0x5eed;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned char record[FACTS_RECORD_SIZE];
		struct facts facts = random_facts(&seed);
		struct facts read;
		facts_encode(&facts, record);
		assert_int_equal(decode(record, sizeof record, &read), ERR_OK);
		assert_same(&facts, &read);
		assert_int_equal(read.state, facts.state);
		assert_int_equal(read.registry_state, facts.registry_state);
		assert_int_equal(read.dns_state, facts.dns_state);
		assert_int_equal(read.source, facts.source);
	}
}

/* Every value of every byte: read as it stands, or refused as a whole. */
static void no_damage_is_half_believed(void **state)
{
	static const struct {
		size_t at;
		unsigned count;
	} bounded[] = {
		{1, STATE_COUNT}, {2, SOURCE_COUNT},	  {3, FACTS_FLAGS_ALL + 1},
		{70, STATE_COUNT}, {71, DNS_STATE_COUNT},
	};
	uint64_t seed = 0xdead;

	(void)state;
	for (size_t at = 0; at < FACTS_RECORD_SIZE; at++) {
		unsigned limit = 256;
		for (size_t i = 0; i < sizeof bounded / sizeof bounded[0]; i++) {
			if (bounded[i].at == at)
				limit = bounded[i].count;
		}
		for (unsigned value = 0; value < 256; value++) {
			unsigned char record[FACTS_RECORD_SIZE];
			unsigned char again[FACTS_RECORD_SIZE];
			struct facts facts = random_facts(&seed);
			struct facts read = facts;
			facts_encode(&facts, record);
			record[at] = (unsigned char)value;
			enum err err = decode(record, sizeof record, &read);
			if (at == 0 && value != FACTS_VERSION) {
				assert_int_equal(err, ERR_VERSION);
				assert_same(&facts, &read);
			} else if (at != 0 && value >= limit) {
				assert_int_equal(err, ERR_DAMAGED);
				assert_same(&facts, &read);
			} else {
				assert_int_equal(err, ERR_OK);
				facts_encode(&read, again);
				assert_memory_equal(record, again, sizeof again);
			}
		}
	}
}

static void a_record_of_another_length_is_damaged(void **state)
{
	unsigned char record[2 * FACTS_RECORD_SIZE] = {0};
	const struct facts facts = {.state = STATE_HELD};

	(void)state;
	facts_encode(&facts, record);
	for (size_t length = 0; length <= sizeof record; length++) {
		struct facts read = {.registrar_id = 77};
		enum err err = decode(record, length, &read);
		assert_int_equal(err, length == FACTS_RECORD_SIZE ? ERR_OK : ERR_DAMAGED);
		assert_int_equal(read.registrar_id, length == FACTS_RECORD_SIZE ? 0 : 77);
	}
}

static void moments_out_of_range_are_written_as_the_nearest(void **state)
{
	unsigned char record[FACTS_RECORD_SIZE];
	const struct facts facts = {.registered_at = -1, .expires_at = TIME_MAX + 1};
	struct facts read;

	(void)state;
	facts_encode(&facts, record);
	assert_int_equal(decode(record, sizeof record, &read), ERR_OK);
	assert_true(read.registered_at == 0);
	assert_true(read.expires_at == TIME_MAX);
}

/* ---- what the facts say ---- */

static void new_facts_know_when_they_came_and_are_due(void **state)
{
	struct facts facts = facts_new(1700000000, FACTS_IMPORTED);
	const struct facts wanted = {
		.first_seen_at = 1700000000,
		.flags = FACTS_IMPORTED,
		.registry = {.next_check_at = 1700000000},
	};

	(void)state;
	assert_same(&facts, &wanted);
	assert_true(facts_next_check_at(&facts) == 1700000000);
}

static void lost_facts_have_a_new_owner_and_are_unverified(void **state)
{
	struct facts facts = facts_lost(1700000000, FACTS_PRIVATE_SUFFIX);
	struct facts wanted = facts_new(1700000000, FACTS_PRIVATE_SUFFIX);

	(void)state;
	wanted.changed_at = wanted.transition_at = wanted.unverified_at = 1700000000;
	assert_same(&facts, &wanted);
}

static void owner_since_is_the_latest_of_three(void **state)
{
	(void)state;
	assert_true(facts_owner_since(&(struct facts){0}) == 0);
	assert_true(facts_owner_since(&(struct facts){.registered_at = 3, .lapsed_at = 2, .changed_at = 1}) == 3);
	assert_true(facts_owner_since(&(struct facts){.registered_at = 1, .lapsed_at = 3, .changed_at = 2}) == 3);
	assert_true(facts_owner_since(&(struct facts){.registered_at = 2, .lapsed_at = 1, .changed_at = 3}) == 3);
}

static void three_states_are_expired(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STATE_COUNT; i++) {
		bool wanted = i == STATE_REDEMPTION || i == STATE_PENDING_DELETE || i == STATE_UNREGISTERED;
		assert_int_equal(state_is_expired((enum state)i), wanted);
	}
}

static void the_check_that_vouches_is_the_registrys_where_there_is_one(void **state)
{
	struct facts facts = {.registry = {.checked_at = 1}, .dns = {.checked_at = 2}};

	(void)state;
	assert_true(facts_checked_at(&facts) == 1);
	facts.source = SOURCE_RDAP;
	assert_true(facts_checked_at(&facts) == 1);
	facts.source = SOURCE_FASTLY;
	assert_true(facts_checked_at(&facts) == 1);
	facts.source = SOURCE_DNS;
	assert_true(facts_checked_at(&facts) == 2);
	facts.source = SOURCE_NONE;
	facts.flags = FACTS_PRIVATE_SUFFIX;
	assert_true(facts_checked_at(&facts) == 2);
}

static void the_next_check_is_the_sooner(void **state)
{
	struct facts facts = {0};

	(void)state;
	assert_true(facts_next_check_at(&facts) == 0);
	facts.registry = (struct facts_check){.next_check_at = 10};
	assert_true(facts_next_check_at(&facts) == 10);
	facts.dns = (struct facts_check){.next_check_at = 9};
	assert_true(facts_next_check_at(&facts) == 9);
	facts.registry.next_check_at = 0;
	assert_true(facts_next_check_at(&facts) == 9);
}

/* ---- merging ---- */

static void a_merge_does_not_depend_on_order(void **state)
{
	uint64_t seed = 0xabc;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct facts a = random_facts(&seed);
		struct facts b = random_facts(&seed);
		struct facts ab = facts_merge(&a, &b);
		struct facts ba = facts_merge(&b, &a);
		assert_same(&ab, &ba);
	}
}

static void a_merge_seen_twice_changes_nothing(void **state)
{
	uint64_t seed = 0xdef;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct facts a = random_facts(&seed);
		struct facts b = random_facts(&seed);
		struct facts alone = facts_merge(&a, &a);
		assert_same(&a, &alone);
		/* The private suffix decides which check is meant: one domain has it
		 * or not. */
		a.flags = (a.flags & ~(unsigned)FACTS_PRIVATE_SUFFIX) | (b.flags & FACTS_PRIVATE_SUFFIX);
		struct facts once = facts_merge(&a, &b);
		struct facts twice = facts_merge(&once, &b);
		if (facts_checked_at(&a) != facts_checked_at(&b))
			assert_same(&once, &twice);
	}
}

static void a_merge_never_forgets(void **state)
{
	uint64_t seed = 0x123;

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct facts a = random_facts(&seed);
		struct facts b = random_facts(&seed);
		struct facts merged = facts_merge(&a, &b);
		assert_true(facts_owner_since(&merged) >= facts_owner_since(&a));
		assert_true(facts_owner_since(&merged) >= facts_owner_since(&b));
		assert_true(merged.unverified_at >= a.unverified_at);
		assert_true(merged.unverified_at >= b.unverified_at);
		assert_true(merged.transition_at >= a.transition_at);
		assert_true(merged.first_seen_at != 0 || (a.first_seen_at == 0 && b.first_seen_at == 0));
	}
}

static void a_merge_takes_each_member_by_its_rule(void **state)
{
	const struct facts older = {
		.state = STATE_REGISTERED, .source = SOURCE_RDAP, .flags = FACTS_IMPORTED | FACTS_DISPUTED,
		.registered_at = 9, .lapsed_at = 1, .changed_at = 9, .first_seen_at = 5,
		.verified_at = 9, .unverified_at = 9, .transition_at = 1, .expires_at = 100,
		.registrar_id = 1, .registry = {.checked_at = 1000, .next_check_at = 9},
	};
	const struct facts newer = {
		.state = STATE_GRACE, .source = SOURCE_FASTLY, .flags = FACTS_UNDATED,
		.registered_at = 1, .lapsed_at = 9, .changed_at = 1, .first_seen_at = 7,
		.verified_at = 1, .unverified_at = 1, .transition_at = 9, .expires_at = 50,
		.registrar_id = 2, .registry = {.checked_at = 2000, .next_check_at = 8},
	};
	const struct facts wanted = {
		.state = STATE_GRACE, .source = SOURCE_FASTLY, .flags = FACTS_UNDATED | FACTS_IMPORTED,
		.registered_at = 9, .lapsed_at = 9, .changed_at = 9, .first_seen_at = 5,
		.verified_at = 9, .unverified_at = 9, .transition_at = 9, .expires_at = 50,
		.registrar_id = 2, .registry = {.checked_at = 2000, .next_check_at = 8},
	};

	(void)state;
	struct facts merged = facts_merge(&older, &newer);
	assert_same(&merged, &wanted);
}

/* ---- a clock that ran ahead ---- */

enum { AHEAD_NOW = 1700000000 };

/* Each moment by itself, in the second in which it is and in the next. */
static void each_moment_ahead_is_forgotten(void **state)
{
	static const struct {
		size_t moment;
		int64_t by;    /* what it becomes */
		size_t due;    /* a check that is due then; 0: none */
		bool is_sight; /* a new owner, as far as anybody knows */
	} rows[] = {
		{offsetof(struct facts, lapsed_at), AHEAD_NOW, 0, false},
		{offsetof(struct facts, changed_at), AHEAD_NOW, 0, false},
		{offsetof(struct facts, transition_at), AHEAD_NOW, 0, false},
		{offsetof(struct facts, unverified_at), AHEAD_NOW, 0, false},
		{offsetof(struct facts, verified_at), 0, 0, false},
		{offsetof(struct facts, nxdomain_since), AHEAD_NOW, 0, false},
		{offsetof(struct facts, first_seen_at), AHEAD_NOW, 0, true},
		{offsetof(struct facts, registry.checked_at), 0,
		 offsetof(struct facts, registry.next_check_at), false},
		{offsetof(struct facts, registry.tried_at), AHEAD_NOW,
		 offsetof(struct facts, registry.next_check_at), false},
		{offsetof(struct facts, dns.checked_at), 0,
		 offsetof(struct facts, dns.next_check_at), false},
		{offsetof(struct facts, dns.tried_at), AHEAD_NOW,
		 offsetof(struct facts, dns.next_check_at), false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct facts facts = {.first_seen_at = AHEAD_NOW - 9,
				      .registry = {.next_check_at = AHEAD_NOW + 99},
				      .dns = {.next_check_at = AHEAD_NOW + 99}};
		int64_t *moment = (int64_t *)((char *)&facts + rows[i].moment);
		struct facts wanted;
		bool unverified = true;

		*moment = AHEAD_NOW;
		wanted = facts;
		assert_false(facts_forget_future(&facts, AHEAD_NOW, &unverified));
		assert_false(unverified);
		assert_same(&facts, &wanted);

		*moment = AHEAD_NOW + 1;
		*(int64_t *)((char *)&wanted + rows[i].moment) = rows[i].by;
		if (rows[i].due != 0)
			*(int64_t *)((char *)&wanted + rows[i].due) = AHEAD_NOW;
		if (rows[i].is_sight)
			wanted.changed_at = wanted.transition_at = AHEAD_NOW;
		assert_true(facts_forget_future(&facts, AHEAD_NOW, &unverified));
		assert_int_equal(unverified, rows[i].is_sight);
		assert_same(&facts, &wanted);
	}
}

static void an_unknown_first_sight_is_not_the_earliest(void **state)
{
	const struct facts known = {.first_seen_at = 5};
	const struct facts unknown = {0};

	(void)state;
	assert_true(facts_merge(&known, &unknown).first_seen_at == 5);
	assert_true(facts_merge(&unknown, &known).first_seen_at == 5);
}

/* ---- tokens ---- */

static void tokens_are_those_of_the_manual(void **state)
{
	static const char *const states[] = {"unknown", "registered", "grace", "held",
					     "redemption", "pending-delete", "unregistered"};
	static const char *const sources[] = {"none", "rdap", "fastly", "dns"};

	(void)state;
	for (unsigned i = 0; i < STATE_COUNT; i++) {
		enum state read = STATE_COUNT - 1 - (enum state)i;
		assert_string_equal(state_text((enum state)i), states[i]);
		assert_int_equal(state_from_text(states[i], &read), ERR_OK);
		assert_int_equal(read, i);
	}
	for (unsigned i = 0; i < SOURCE_COUNT; i++) {
		enum source read = SOURCE_NONE;
		assert_string_equal(source_text((enum source)i), sources[i]);
		assert_int_equal(source_from_text(sources[i], &read), ERR_OK);
		assert_int_equal(read, i);
	}
}

static void other_tokens_are_refused(void **state)
{
	enum state state_read = STATE_HELD;
	enum source source_read = SOURCE_DNS;

	(void)state;
	assert_int_equal(state_from_text("Registered", &state_read), ERR_DATA);
	assert_int_equal(state_from_text("", &state_read), ERR_DATA);
	assert_int_equal(state_read, STATE_HELD);
	assert_int_equal(source_from_text("whois", &source_read), ERR_DATA);
	assert_int_equal(source_read, SOURCE_DNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_is_laid_out_as_drawn),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(no_damage_is_half_believed),
		cmocka_unit_test(a_record_of_another_length_is_damaged),
		cmocka_unit_test(moments_out_of_range_are_written_as_the_nearest),
		cmocka_unit_test(new_facts_know_when_they_came_and_are_due),
		cmocka_unit_test(lost_facts_have_a_new_owner_and_are_unverified),
		cmocka_unit_test(owner_since_is_the_latest_of_three),
		cmocka_unit_test(three_states_are_expired),
		cmocka_unit_test(the_check_that_vouches_is_the_registrys_where_there_is_one),
		cmocka_unit_test(the_next_check_is_the_sooner),
		cmocka_unit_test(a_merge_does_not_depend_on_order),
		cmocka_unit_test(a_merge_seen_twice_changes_nothing),
		cmocka_unit_test(a_merge_never_forgets),
		cmocka_unit_test(a_merge_takes_each_member_by_its_rule),
		cmocka_unit_test(each_moment_ahead_is_forgotten),
		cmocka_unit_test(an_unknown_first_sight_is_not_the_earliest),
		cmocka_unit_test(tokens_are_those_of_the_manual),
		cmocka_unit_test(other_tokens_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
