/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict on one recipient from a real cache: which name is judged, which pin
 * and which address entry count, and what a broken cache amounts to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "resetguard/judge.h"
#include "resetguard/time.h"

#include "../../src/core/cache_txn.h"

#define NOW INT64_C(1800000000)
#define DAYS INT64_C(86400)

static const char configuration[] = "exempt_domains = ours.example, [192.0.2.7]\n"
				    "magic-link:on_stale = accept\n";

struct fixture {
	char directory[64];
	struct conf *conf;
	struct domain_suffixes *suffixes;
	struct cache *cache;
};

static struct domain domain_of(const char *text)
{
	struct domain domain;

	assert_int_equal(domain_from_text(text, strlen(text), &domain), ERR_OK);
	return domain;
}

static struct mailbox mailbox_of(const char *text)
{
	struct mailbox mailbox;

	assert_int_equal(mailbox_parse(text, strlen(text), &mailbox), ERR_OK);
	return mailbox;
}

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

static int open_cache(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct why why = {""};

	strcpy(fixture->directory, "/tmp/test_judge.XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	assert_int_equal(conf_read_text(configuration, strlen(configuration), "test",
					&fixture->conf, &why),
			 ERR_OK);
	assert_int_equal(domain_suffixes_open(NULL, &fixture->suffixes, &why), ERR_OK);
	assert_int_equal(cache_prepare(fixture->directory, (uid_t)-1, (gid_t)-1, &why), ERR_OK);
	assert_int_equal(cache_open_writer(&(struct cache_options){.cache_dir = fixture->directory,
								   .map_size = 64 << 20,
								   .readers = 4},
					   &fixture->cache, &why),
			 ERR_OK);
	*state = fixture;
	return 0;
}

static int close_cache(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	cache_close(fixture->cache);
	domain_suffixes_close(fixture->suffixes);
	conf_free(fixture->conf);
	snprintf(command, sizeof command, "rm -rf %s", fixture->directory);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

static struct cache_txn *write_begin(struct fixture *fixture)
{
	struct cache_txn *txn;
	struct why why = {""};

	assert_int_equal(cache_write_begin_at(fixture->cache, NOW, false, &txn, &why), ERR_OK);
	return txn;
}

static void write_commit(struct cache_txn *txn)
{
	struct why why = {""};

	assert_int_equal(cache_write_commit(txn, &why), ERR_OK);
}

static void put_facts(struct fixture *fixture, const char *name, const struct facts *facts)
{
	struct cache_txn *txn = write_begin(fixture);
	struct domain domain = domain_of(name);
	struct facts before;
	bool is_new = cache_get_facts(txn, &domain, &before) != ERR_OK;

	assert_int_equal(cache_put_facts(txn, &domain, is_new ? NULL : &before, facts), ERR_OK);
	write_commit(txn);
}

static struct judgement judge_as(struct fixture *fixture, const char *name, const char *class_name)
{
	const struct judge judge = {fixture->cache, fixture->suffixes, fixture->conf};
	const struct judge_question question = {
		.name = name,
		.name_length = strlen(name),
		.class = conf_class_find(fixture->conf, class_name),
		.now = NOW,
		.monotonic_ms = 1,
	};
	struct judgement judgement;

	judge_recipient(&judge, &question, &judgement);
	return judgement;
}

static enum reason reason_for(struct fixture *fixture, const char *name)
{
	return judge_as(fixture, name, "password-reset").reason;
}

static void names_come_before_the_cache(void **state)
{
	static const struct {
		const char *name;
		enum reason reason;
	} cases[] = {
		{"bob@ours.example", REASON_EXEMPT},
		{"bob@mail.ours.example", REASON_EXEMPT},
		{"bob@[192.0.2.7]", REASON_EXEMPT},
		{"<bob@[192.0.2.7]>", REASON_EXEMPT},
		{"bob@[192.0.2.8]", REASON_BAD_ADDRESS},
		{"bob@localhost", REASON_BAD_ADDRESS},
		{"bob@printer.local", REASON_BAD_ADDRESS},
		{"bob@com", REASON_BAD_ADDRESS},
		{"bob@co.uk", REASON_BAD_ADDRESS},
		{"bob", REASON_BAD_ADDRESS},
		{"", REASON_BAD_ADDRESS},
		{"bob@", REASON_BAD_ADDRESS},
		{"@example.com", REASON_BAD_ADDRESS},
		{"bob@never-seen.com", REASON_NO_RECORD},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum reason reason = reason_for(*state, cases[i].name);

		if (reason != cases[i].reason)
			fail_msg("%s: %s, expected %s", cases[i].name, reason_text(reason),
				 reason_text(cases[i].reason));
	}
}

static void spellings_of_one_domain_are_one(void **state)
{
	static const char *const names[] = {
		"bob@example.com",	     "BOB@EXAMPLE.COM",	  "<bob@example.com.>",
		"<@relay.example:bob@a.b.example.com>", "example.com", "\"bob smith\"@example.com",
	};
	struct facts facts = sound_facts();

	put_facts(*state, "example.com", &facts);
	facts.state = STATE_REDEMPTION;
	put_facts(*state, "xn--bcher-kva.com", &facts);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(reason_for(*state, names[i]), REASON_OK);
	assert_int_equal(reason_for(*state, "bob@b\xc3\xbc""cher.com"), REASON_EXPIRED);
	assert_int_equal(reason_for(*state, "bob@mail.XN--BCHER-KVA.com"), REASON_EXPIRED);
}

static void an_address_entry_is_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct facts facts = sound_facts();
	struct mailbox bob = mailbox_of("bob@moved.com");
	const struct address_facts verified = {.verified_at = NOW - DAYS};
	struct cache_txn *txn;
	struct address_hash hash;

	facts.registered_at = NOW - 2 * DAYS;
	put_facts(fixture, "moved.com", &facts);
	txn = write_begin(fixture);
	hash = cache_address_hash(txn, &bob);
	assert_int_equal(cache_put_address(txn, &hash, &verified), ERR_OK);
	write_commit(txn);
	assert_int_equal(reason_for(fixture, "Bob@moved.com"), REASON_OK);
	assert_int_equal(judge_as(fixture, "bob@moved.com", "").verified_by, VERIFIED_BY_ADDRESS);
	assert_int_equal(reason_for(fixture, "carol@moved.com"), REASON_UNVERIFIED);
	assert_int_equal(reason_for(fixture, "moved.com"), REASON_UNVERIFIED);
}

static void the_worse_of_two_owners_counts(void **state)
{
	struct facts facts = sound_facts();
	struct judgement judgement;

	put_facts(*state, "uk.com", &facts);
	judgement = judge_as(*state, "x@mail.bob.uk.com", "");
	assert_int_equal(judgement.reason, REASON_NO_RECORD);
	assert_string_equal(judgement.domain.name, "bob.uk.com");
	assert_int_equal(judgement.wanted_count, 2);
	assert_string_equal(judgement.wanted[0].name, "uk.com");
	facts.source = SOURCE_DNS;
	facts.dns = facts.registry;
	facts.flags |= FACTS_UNDATED | FACTS_PRIVATE_SUFFIX;
	put_facts(*state, "bob.uk.com", &facts);
	assert_int_equal(reason_for(*state, "x@bob.uk.com"), REASON_UNDATED);
	facts = sound_facts();
	facts.state = STATE_REDEMPTION;
	put_facts(*state, "uk.com", &facts);
	judgement = judge_as(*state, "x@bob.uk.com", "");
	assert_int_equal(judgement.reason, REASON_EXPIRED);
	assert_string_equal(judgement.domain.name, "uk.com");
}

static void a_pin_below_a_private_suffix_decides(void **state)
{
	struct fixture *fixture = *state;
	struct domain domain = domain_of("bob.uk.com");
	const struct pin accept = {.verdict = PIN_ACCEPT, .set_at = NOW - 10, .until = NOW + 10};
	struct cache_txn *txn = write_begin(fixture);

	assert_int_equal(cache_put_pin(txn, &domain, NULL, &accept), ERR_OK);
	write_commit(txn);
	assert_int_equal(reason_for(fixture, "x@bob.uk.com"), REASON_PINNED);
	assert_int_equal(judge_as(fixture, "x@bob.uk.com", "").verdict, VERDICT_ACCEPT);
	assert_int_equal(reason_for(fixture, "x@eve.uk.com"), REASON_NO_RECORD);
}

static void a_pin_of_the_mailbox_outranks_the_domains(void **state)
{
	struct fixture *fixture = *state;
	struct facts facts = sound_facts();
	struct domain domain = domain_of("pinned.com");
	struct mailbox bob = mailbox_of("bob@pinned.com");
	const struct pin reject = {.verdict = PIN_REJECT, .set_at = NOW - 10};
	const struct pin accept = {.verdict = PIN_ACCEPT, .set_at = NOW - 10, .until = NOW + 10};
	struct cache_txn *txn;
	struct address_hash hash;
	struct judgement judgement;

	put_facts(fixture, "pinned.com", &facts);
	txn = write_begin(fixture);
	hash = cache_address_hash(txn, &bob);
	assert_int_equal(cache_put_pin(txn, &domain, NULL, &reject), ERR_OK);
	assert_int_equal(cache_put_pin(txn, NULL, &hash, &accept), ERR_OK);
	write_commit(txn);
	judgement = judge_as(fixture, "bob@pinned.com", "");
	assert_int_equal(judgement.reason, REASON_PINNED);
	assert_int_equal(judgement.verdict, VERDICT_ACCEPT);
	assert_true(judgement.pin_in_force);
	assert_int_equal(judgement.wanted_count, 0);
	assert_int_equal(judge_as(fixture, "carol@pinned.com", "").verdict, VERDICT_REJECT);
}

static void a_dead_pin_hides_no_other(void **state)
{
	struct fixture *fixture = *state;
	struct facts facts = sound_facts();
	struct domain domain = domain_of("dead.com");
	struct mailbox bob = mailbox_of("bob@dead.com");
	const struct pin reject = {.verdict = PIN_REJECT, .set_at = NOW - 10};
	const struct pin ended = {.verdict = PIN_ACCEPT, .set_at = NOW - 10, .until = NOW - 1};
	struct cache_txn *txn;
	struct address_hash hash;

	put_facts(fixture, "dead.com", &facts);
	txn = write_begin(fixture);
	hash = cache_address_hash(txn, &bob);
	assert_int_equal(cache_put_pin(txn, NULL, &hash, &ended), ERR_OK);
	write_commit(txn);
	assert_int_equal(reason_for(fixture, "bob@dead.com"), REASON_OK);
	assert_false(judge_as(fixture, "bob@dead.com", "").pin_in_force);
	txn = write_begin(fixture);
	assert_int_equal(cache_put_pin(txn, &domain, NULL, &reject), ERR_OK);
	write_commit(txn);
	assert_int_equal(judge_as(fixture, "bob@dead.com", "").verdict, VERDICT_REJECT);
}

/* Who vouches for bob.uk.com vouches for nobody else below uk.com. */
static void a_name_below_a_suffix_is_vouched_for_alone(void **state)
{
	struct facts suffix = sound_facts();
	struct facts below = sound_facts();

	suffix.registered_at = NOW - DAYS;
	below.flags |= FACTS_PRIVATE_SUFFIX;
	below.source = SOURCE_DNS;
	below.dns = below.registry;
	put_facts(*state, "uk.com", &suffix);
	put_facts(*state, "bob.uk.com", &below);
	put_facts(*state, "eve.uk.com", &below);
	assert_int_equal(reason_for(*state, "x@bob.uk.com"), REASON_UNVERIFIED);
	below.verified_at = NOW;
	put_facts(*state, "bob.uk.com", &below);
	assert_int_equal(reason_for(*state, "x@bob.uk.com"), REASON_OK);
	assert_int_equal(reason_for(*state, "x@eve.uk.com"), REASON_UNVERIFIED);
	assert_int_equal(reason_for(*state, "x@uk.com"), REASON_UNVERIFIED);
	below.unverified_at = NOW;
	put_facts(*state, "bob.uk.com", &below);
	assert_int_equal(reason_for(*state, "x@bob.uk.com"), REASON_UNVERIFIED);
}

static void a_class_has_its_own_actions(void **state)
{
	struct facts facts = sound_facts();

	facts.registry.checked_at = NOW - 50 * DAYS;
	put_facts(*state, "stale.com", &facts);
	assert_int_equal(judge_as(*state, "bob@stale.com", "password-reset").verdict,
			 VERDICT_TEMPFAIL);
	assert_int_equal(judge_as(*state, "bob@stale.com", "magic-link").verdict, VERDICT_ACCEPT);
	assert_int_equal(judge_as(*state, "bob@stale.com", "magic-link").reason, REASON_STALE);
}

static void a_check_from_tomorrow_makes_no_sense(void **state)
{
	struct facts facts = sound_facts();

	facts.registry.checked_at = NOW + DAYS;
	put_facts(*state, "clock.com", &facts);
	assert_int_equal(reason_for(*state, "bob@clock.com"), REASON_OK);
	facts.registry.checked_at = NOW + DAYS + 1;
	put_facts(*state, "clock.com", &facts);
	assert_int_equal(reason_for(*state, "bob@clock.com"), REASON_CACHE_ERROR);
}

static void list_says_what_lookup_says(void **state)
{
	struct fixture *fixture = *state;
	const struct judge judge = {fixture->cache, fixture->suffixes, fixture->conf};
	struct facts facts = sound_facts();
	struct domain domain = domain_of("listed.com");
	struct judgement listed;
	struct judgement asked;
	struct cache_txn *txn;

	facts.lapsed_at = NOW - DAYS;
	put_facts(fixture, "listed.com", &facts);
	assert_int_equal(cache_read_begin(fixture->cache, 1, &txn), ERR_OK);
	judge_facts(&judge, txn, &domain, &facts, NOW, &listed);
	cache_read_end(txn);
	asked = judge_as(fixture, "listed.com", "");
	assert_int_equal(listed.reason, REASON_UNVERIFIED);
	assert_int_equal(listed.reason, asked.reason);
	assert_int_equal(listed.owner_since, asked.owner_since);
	assert_int_equal(listed.verified_at, asked.verified_at);
}

static void without_a_cache_nothing_is_accepted(void **state)
{
	struct fixture *fixture = *state;
	struct judge judge = {NULL, fixture->suffixes, fixture->conf};
	struct judge_question question = {.name = "bob@example.com",
					  .name_length = strlen("bob@example.com"),
					  .class = conf_class_find(fixture->conf, ""),
					  .now = NOW};
	struct judgement judgement;
	struct why why = {""};

	assert_int_equal(cache_open_reader(&(struct cache_options){.cache_dir = "/nonexistent",
								   .map_size = 1 << 20,
								   .readers = 2},
					   &judge.cache, &why),
			 ERR_OK);
	judge_recipient(&judge, &question, &judgement);
	assert_int_equal(judgement.reason, REASON_CACHE_ERROR);
	assert_int_equal(judgement.verdict, VERDICT_TEMPFAIL);
	assert_int_not_equal(cache_status(judge.cache, &why), ERR_OK);
	assert_non_null(strstr(why.text, "/nonexistent"));
	cache_close(judge.cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_come_before_the_cache, open_cache,
						close_cache),
		cmocka_unit_test_setup_teardown(spellings_of_one_domain_are_one, open_cache,
						close_cache),
		cmocka_unit_test_setup_teardown(an_address_entry_is_its_own, open_cache,
						close_cache),
		cmocka_unit_test_setup_teardown(the_worse_of_two_owners_counts, open_cache,
						close_cache),
		cmocka_unit_test_setup_teardown(a_pin_below_a_private_suffix_decides, open_cache,
						close_cache),
		cmocka_unit_test_setup_teardown(a_pin_of_the_mailbox_outranks_the_domains,
						open_cache, close_cache),
		cmocka_unit_test_setup_teardown(a_dead_pin_hides_no_other, open_cache, close_cache),
		cmocka_unit_test_setup_teardown(a_name_below_a_suffix_is_vouched_for_alone,
						open_cache, close_cache),
		cmocka_unit_test_setup_teardown(a_class_has_its_own_actions, open_cache,
						close_cache),
		cmocka_unit_test_setup_teardown(a_check_from_tomorrow_makes_no_sense, open_cache,
						close_cache),
		cmocka_unit_test_setup_teardown(list_says_what_lookup_says, open_cache,
						close_cache),
		cmocka_unit_test_setup_teardown(without_a_cache_nothing_is_accepted, open_cache,
						close_cache),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
