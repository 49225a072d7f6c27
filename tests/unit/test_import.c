/* SPDX-License-Identifier: BSD-2-Clause */
/* How rows are merged into a real cache: twice, out of order, colliding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/import.h"
#include "resetguard/store.h"
#include "resetguard/time.h"

#include "../../src/core/cache_txn.h"

#define NOW INT64_C(1800000000)
#define DAYS INT64_C(86400)

/* So that some thousand rows do not fit. */
enum { SORT_MEMORY = 64 << 10 };

struct fixture {
	struct cli cli;
	char directory[64];
};

static int open_cache(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct cli *cli = &fixture->cli;
	struct why why = {""};
	char text[128];

	cli->now = NOW;
	strcpy(fixture->directory, "/tmp/test_import.XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(text, sizeof text, "cache_dir = %s\n", fixture->directory);
	assert_int_equal(conf_read_text(text, strlen(text), "test", &cli->conf, &why), ERR_OK);
	assert_int_equal(domain_suffixes_open(NULL, &cli->suffixes, &why), ERR_OK);
	assert_int_equal(cache_prepare(fixture->directory, (uid_t)-1, (gid_t)-1, &why), ERR_OK);
	assert_int_equal(cache_open_writer(&(struct cache_options){.cache_dir = fixture->directory,
								   .map_size = 64 << 20,
								   .readers = 4},
					   &cli->cache, &why),
			 ERR_OK);
	*state = fixture;
	return 0;
}

static int close_cache(void **state)
{
	struct fixture *fixture = *state;
	char command[128];

	cache_close(fixture->cli.cache);
	domain_suffixes_close(fixture->cli.suffixes);
	conf_free(fixture->cli.conf);
	snprintf(command, sizeof command, "rm -rf %s", fixture->directory);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

/* One row: a name with its date, or an exported line where name begins with "{". */
struct row {
	const char *name;
	int64_t verified_at;
};

static int64_t fixed_clock(void)
{
	return NOW;
}

static bool always(void *context, const struct import_counts *counts)
{
	(void)context;
	assert_true(counts->done <= counts->all);
	return true;
}

static struct import_options options_of(struct fixture *fixture)
{
	return (struct import_options){
		.cli = &fixture->cli,
		.clock = fixed_clock,
		.sort_memory = SORT_MEMORY,
		.goes_on = always,
		.context = fixture,
	};
}

static struct import *begin(struct fixture *fixture)
{
	const struct import_options options = options_of(fixture);
	struct import *import;

	assert_int_equal(import_new(&options, &import), ERR_OK);
	return import;
}

static void import_rows(struct fixture *fixture, const struct row *rows, size_t count)
{
	struct import *import = begin(fixture);
	struct why why = {""};

	for (size_t i = 0; i < count; i++) {
		enum err err = rows[i].name[0] == '{'
				       ? import_json(import, rows[i].name, strlen(rows[i].name),
						     &why)
				       : import_name(import, rows[i].name, rows[i].verified_at,
						     &why);

		if (err != ERR_OK)
			fail_msg("%s: %s", rows[i].name, why.text);
	}
	assert_int_equal(import_finish(import, &why), ERR_OK);
	import_free(import);
}

#define IMPORT(fixture, ...)                                                                       \
	import_rows(fixture, (const struct row[]){__VA_ARGS__},                                    \
		    sizeof(const struct row[]){__VA_ARGS__} / sizeof(struct row))

static struct facts facts_of(struct fixture *fixture, const char *name)
{
	struct domain domain;
	struct facts facts;
	struct cache_txn *txn;

	assert_int_equal(domain_from_text(name, strlen(name), &domain), ERR_OK);
	assert_int_equal(cache_read_begin(fixture->cli.cache, 1, &txn), ERR_OK);
	assert_int_equal(cache_get_facts(txn, &domain, &facts), ERR_OK);
	cache_read_end(txn);
	return facts;
}

static int64_t verified_at(struct fixture *fixture, const char *address)
{
	struct mailbox mailbox;
	struct address_hash hash;
	struct address_facts facts = {0};
	struct cache_txn *txn;
	enum err err;

	assert_int_equal(mailbox_parse(address, strlen(address), &mailbox), ERR_OK);
	assert_int_equal(cache_read_begin(fixture->cli.cache, 1, &txn), ERR_OK);
	hash = cache_address_hash(txn, &mailbox);
	err = cache_get_address(txn, &hash, &facts);
	assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
	cache_read_end(txn);
	return facts.verified_at;
}

static void a_new_domain_is_due_and_imported(void **state)
{
	struct facts facts;

	IMPORT(*state, {"mail.plain.com", 0});
	facts = facts_of(*state, "plain.com");
	assert_int_equal(facts.flags, FACTS_IMPORTED);
	assert_int_equal(facts.first_seen_at, NOW);
	assert_int_equal(facts_next_check_at(&facts), NOW);
	assert_int_equal(facts.verified_at, 0);
}

static void first_seen_is_never_later_than_the_oldest_verification(void **state)
{
	IMPORT(*state, {"a@moved.com", NOW - 10 * DAYS}, {"x@other.com", 0},
	       {"b@moved.com", NOW - 90 * DAYS}, {"c@moved.com", 0});
	assert_int_equal(facts_of(*state, "moved.com").first_seen_at, NOW - 90 * DAYS);
	assert_int_equal(facts_of(*state, "other.com").first_seen_at, NOW);
	IMPORT(*state, {"d@moved.com", NOW - 20 * DAYS});
	assert_int_equal(facts_of(*state, "moved.com").first_seen_at, NOW - 90 * DAYS);
	assert_int_equal(verified_at(*state, "c@moved.com"), 0);
}

static void two_spellings_keep_the_older_date(void **state)
{
	IMPORT(*state, {"Bob@x.com", NOW - 10 * DAYS}, {"\"bob\"@X.com", NOW - 30 * DAYS},
	       {"bob@x.com", NOW - 20 * DAYS});
	assert_int_equal(verified_at(*state, "bob@x.com"), NOW - 30 * DAYS);
}

static void a_later_import_moves_a_date_forward_only(void **state)
{
	IMPORT(*state, {"bob@x.com", NOW - 30 * DAYS});
	IMPORT(*state, {"bob@x.com", NOW - 5 * DAYS});
	assert_int_equal(verified_at(*state, "bob@x.com"), NOW - 5 * DAYS);
	IMPORT(*state, {"bob@x.com", NOW - 60 * DAYS});
	assert_int_equal(verified_at(*state, "bob@x.com"), NOW - 5 * DAYS);
}

static void a_domains_date_vouches_for_the_domain(void **state)
{
	IMPORT(*state, {"x.com", NOW - 5 * DAYS});
	assert_int_equal(facts_of(*state, "x.com").verified_at, NOW - 5 * DAYS);
	assert_int_equal(facts_of(*state, "x.com").first_seen_at, NOW);
}

static void a_private_suffix_has_two_records(void **state)
{
	IMPORT(*state, {"bob@mail.bob.uk.com", 0});
	assert_int_equal(facts_of(*state, "uk.com").flags, FACTS_IMPORTED);
	assert_int_equal(facts_of(*state, "bob.uk.com").flags,
			 FACTS_IMPORTED | FACTS_PRIVATE_SUFFIX);
}

static enum err count_domain(void *context, const struct domain *domain, const struct facts *facts)
{
	unsigned *count = context;

	(void)domain;
	(void)facts;
	++*count;
	return ERR_OK;
}

static void many_unsorted_duplicates_are_one_record_each(void **state)
{
	struct fixture *fixture = *state;
	struct import *import = begin(fixture);
	struct why why = {""};
	unsigned domains = 0;
	struct cache_txn *txn;

	for (int i = 0; i < 60000; i++) {
		char name[64];

		snprintf(name, sizeof name, "user%d@d%d.com", i % 7, i * 7919 % 20000);
		assert_int_equal(import_name(import, name, NOW - i, &why), ERR_OK);
	}
	assert_int_equal(import_finish(import, &why), ERR_OK);
	assert_int_equal(import_counts(import).domains, 20000);
	import_free(import);
	assert_int_equal(cache_read_begin(fixture->cli.cache, 1, &txn), ERR_OK);
	assert_int_equal(cache_each_facts(txn, count_domain, &domains), ERR_OK);
	cache_read_end(txn);
	assert_int_equal(domains, 20000);
}

/* Other writers commit while rows are read. */
static int64_t later_clock(void)
{
	return NOW + 100;
}

static void a_commit_of_another_writer_meanwhile_is_no_clock_set_back(void **state)
{
	struct fixture *fixture = *state;
	struct import_options options = options_of(fixture);
	struct import *import;
	struct cache_txn *txn;
	struct facts facts = facts_new(NOW, 0);
	struct domain domain;
	struct why why = {""};

	options.clock = later_clock;
	assert_int_equal(import_new(&options, &import), ERR_OK);
	assert_int_equal(import_name(import, "x.com", 0, &why), ERR_OK);
	assert_int_equal(domain_from_text("other.com", 9, &domain), ERR_OK);
	assert_int_equal(cache_write_begin_at(fixture->cli.cache, NOW + 50, false, &txn, &why),
			 ERR_OK);
	assert_int_equal(cache_put_facts(txn, &domain, NULL, &facts), ERR_OK);
	assert_int_equal(cache_write_commit(txn, &why), ERR_OK);
	assert_int_equal(import_finish(import, &why), ERR_OK);
	import_free(import);
	assert_int_equal(facts_of(fixture, "x.com").first_seen_at, NOW);
}

static bool until_half(void *context, const struct import_counts *counts)
{
	(void)context;
	return counts->done < counts->all / 2;
}

static void what_is_stored_when_it_ends_stays_and_the_rest_follows(void **state)
{
	struct fixture *fixture = *state;
	unsigned domains = 0;
	struct cache_txn *txn;

	for (unsigned run = 0; run < 2; run++) {
		struct import_options options = options_of(fixture);
		struct import *import;
		struct import_counts counts;
		struct why why = {""};
		options.goes_on = run == 0 ? until_half : always;
		assert_int_equal(import_new(&options, &import), ERR_OK);
		for (int i = 0; i < 20000; i++) {
			char name[64];
			snprintf(name, sizeof name, "u@d%d.com", i * 7919 % 20000);
			assert_int_equal(import_name(import, name, NOW - 10, &why), ERR_OK);
		}
		assert_int_equal(import_finish(import, &why), ERR_OK);
		counts = import_counts(import);
		assert_int_equal(counts.all, 40000);
		if (run == 0) {
			assert_in_range(counts.domains, 10000, 20000);
			assert_int_equal(counts.new_domains, counts.domains);
			assert_int_equal(counts.done, counts.domains + counts.addresses);
			assert_in_range(counts.done, 20000, 21024);
			domains = (unsigned)counts.domains;
		} else {
			assert_int_equal(counts.done, counts.all);
			assert_int_equal(counts.domains, 20000);
			assert_int_equal(counts.new_domains, 20000 - domains);
			assert_int_equal(counts.addresses, 20000);
		}
		import_free(import);
	}
	domains = 0;
	assert_int_equal(cache_read_begin(fixture->cli.cache, 1, &txn), ERR_OK);
	assert_int_equal(cache_each_facts(txn, count_domain, &domains), ERR_OK);
	cache_read_end(txn);
	assert_int_equal(domains, 20000);
}

static void open_again(struct fixture *fixture)
{
	struct why why = {""};
	const struct cache_options options = {
		.cache_dir = fixture->directory, .map_size = 64 << 20, .readers = 4};

	assert_int_equal(cache_open_writer(&options, &fixture->cli.cache, &why), ERR_OK);
}

static void put_raw(struct fixture *fixture, enum store_db db, struct bytes key,
		    struct bytes value)
{
	struct store_options options = {.map_size = 64 << 20, .readers = 4};
	char directory[128];
	struct store *store;
	struct store_txn *txn;
	struct why why = {""};

	cache_close(fixture->cli.cache);
	snprintf(directory, sizeof directory, "%s/cache", fixture->directory);
	options.directory = directory;
	assert_int_equal(store_open_writer(&options, &store, &why), ERR_OK);
	assert_int_equal(store_write_begin(store, &txn, &why), ERR_OK);
	assert_int_equal(store_put(txn, db, key, value), ERR_OK);
	assert_int_equal(store_write_commit(txn, &why), ERR_OK);
	store_close(store);
	open_again(fixture);
}

/* What it said before is lost, so that no verification before now counts. */
static void a_damaged_record_begins_anew(void **state)
{
	struct fixture *fixture = *state;
	const struct bytes key = {"m.com", 5};
	struct facts facts;

	IMPORT(fixture, {"a.com", 0}, {"m.com", 0}, {"z.com", 0});
	put_raw(fixture, STORE_FACTS, key, (struct bytes){"\1\1", 2});
	IMPORT(fixture, {"a.com", NOW - 5}, {"m.com", NOW - 5}, {"z.com", NOW - 5});
	assert_int_equal(facts_of(fixture, "a.com").verified_at, NOW - 5);
	assert_int_equal(facts_of(fixture, "z.com").verified_at, NOW - 5);
	facts = facts_of(fixture, "m.com");
	assert_int_equal(facts.verified_at, NOW - 5);
	assert_int_equal(facts.unverified_at, NOW);
	assert_true(facts.flags & FACTS_IMPORTED);

	put_raw(fixture, STORE_FACTS, key, (struct bytes){"\1\1", 2});
	IMPORT(fixture, {"{\"kind\":\"domain\",\"domain\":\"m.com\"}", 0},
	       {"{\"kind\":\"domain\",\"domain\":\"n.com\"}", 0});
	assert_int_equal(facts_of(fixture, "m.com").unverified_at, NOW);
	assert_int_equal(facts_of(fixture, "n.com").first_seen_at, NOW);
}

static void a_damaged_address_begins_anew(void **state)
{
	struct fixture *fixture = *state;
	struct address_facts address;
	struct mailbox mailbox;
	struct address_hash hash;
	struct cache_txn *txn;

	IMPORT(fixture, {"u@z.com", NOW - 9});
	assert_int_equal(mailbox_parse("u@z.com", 7, &mailbox), ERR_OK);
	assert_int_equal(cache_read_begin(fixture->cli.cache, 1, &txn), ERR_OK);
	hash = cache_address_hash(txn, &mailbox);
	cache_read_end(txn);
	put_raw(fixture, STORE_ADDRESSES, (struct bytes){hash.bytes, sizeof hash.bytes},
		(struct bytes){"\1", 1});
	IMPORT(fixture, {"u@z.com", NOW - 5}, {"v@z.com", NOW - 5});
	assert_int_equal(verified_at(fixture, "v@z.com"), NOW - 5);
	assert_int_equal(cache_read_begin(fixture->cli.cache, 1, &txn), ERR_OK);
	assert_int_equal(cache_get_address(txn, &hash, &address), ERR_OK);
	cache_read_end(txn);
	assert_int_equal(address.verified_at, NOW - 5);
	assert_int_equal(address.unverified_at, NOW);
}

static void exported_rows_merge(void **state)
{
	struct facts facts;

	IMPORT(*state, {"{\"kind\":\"domain\",\"domain\":\"m.com\",\"state\":\"registered\","
			"\"source\":\"rdap\",\"registered_at\":\"2020-01-01T00:00:00Z\","
			"\"lapsed_at\":\"2022-01-01T00:00:00Z\","
			"\"first_seen_at\":\"2021-01-01T00:00:00Z\","
			"\"checked_at\":\"2026-01-01T00:00:00Z\"}",
			0});
	IMPORT(*state, {"{\"kind\":\"domain\",\"domain\":\"m.com\",\"state\":\"redemption\","
			"\"source\":\"rdap\",\"registered_at\":\"2019-01-01T00:00:00Z\","
			"\"lapsed_at\":\"2021-06-01T00:00:00Z\","
			"\"first_seen_at\":\"2020-06-01T00:00:00Z\","
			"\"checked_at\":\"2025-01-01T00:00:00Z\"}",
			0});
	facts = facts_of(*state, "m.com");
	assert_int_equal(facts.state, STATE_REGISTERED);
	assert_int_equal(facts.registered_at, 1577836800);
	assert_int_equal(facts.lapsed_at, 1640995200);
	assert_int_equal(facts.first_seen_at, 1590969600);
	assert_true(facts_next_check_at(&facts) != 0);
}

static void refuse(struct fixture *fixture, const char *name, int64_t date, const char *expected)
{
	struct import *import = begin(fixture);
	struct why why = {""};
	enum err err = name[0] == '{' ? import_json(import, name, strlen(name), &why)
				      : import_name(import, name, date, &why);

	assert_int_equal(err, ERR_DATA);
	if (strstr(why.text, expected) == NULL)
		fail_msg("%s: \"%s\", expected \"%s\"", name, why.text, expected);
	import_free(import);
}

static void what_makes_no_sense_is_refused(void **state)
{
	refuse(*state, "bob@@x.com", 0, "neither a domain nor an address");
	refuse(*state, "bob@localhost", 0, "neither a domain nor an address");
	refuse(*state, "bob@x.com", NOW + 301, "yet to come");
	refuse(*state, "{\"kind\":\"domain\",\"domain\":\"x.com\","
		       "\"checked_at\":\"2090-01-01T00:00:00Z\"}",
	       0, "yet to come");
	refuse(*state, "{\"kind\":\"domain\",\"domain\":\"x.com\","
		       "\"first_seen_at\":\"2090-01-01T00:00:00Z\"}",
	       0, "\"first_seen_at\" is yet to come");
	refuse(*state, "{\"kind\":\"domain\",\"domain\":\"www.x.com\"}", 0, "no name that a registry");
	refuse(*state, "{\"kind\":\"pin\",\"domain\":\"x.com\",\"verdict\":\"accept\"}", 0,
	       "an accept pin ends");
	refuse(*state, "{\"kind\":\"address\",\"hash\":\"00000000000000000000000000000000\","
		       "\"key\":\"0000000000000000\"}",
	       0, "another key");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_cache, close_cache)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_domain_is_due_and_imported),
		TEST(first_seen_is_never_later_than_the_oldest_verification),
		TEST(two_spellings_keep_the_older_date),
		TEST(a_later_import_moves_a_date_forward_only),
		TEST(a_domains_date_vouches_for_the_domain),
		TEST(a_private_suffix_has_two_records),
		TEST(many_unsorted_duplicates_are_one_record_each),
		TEST(a_commit_of_another_writer_meanwhile_is_no_clock_set_back),
		TEST(what_is_stored_when_it_ends_stays_and_the_rest_follows),
		TEST(a_damaged_record_begins_anew),
		TEST(a_damaged_address_begins_anew),
		TEST(exported_rows_merge),
		TEST(what_makes_no_sense_is_refused),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
