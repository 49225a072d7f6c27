/* SPDX-License-Identifier: BSD-2-Clause */
/* What export writes, import reads back; what it did not write is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/records.h"

static const struct addresses_fingerprint key = {{1, 2, 3, 4, 5, 6, 7, 0xff}};
static const struct address_hash hash = {{0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3}};

static struct domain domain_of(const char *text)
{
	struct domain domain;

	assert_int_equal(domain_from_text(text, strlen(text), &domain), ERR_OK);
	return domain;
}

static struct records_row read_back(char *text, size_t length)
{
	struct records_row row;
	struct why why = {""};

	if (records_read(text, length, &row, &why) != ERR_OK)
		fail_msg("%s: %s", text, why.text);
	free(text);
	return row;
}

static void assert_same_facts(const struct facts *a, const struct facts *b)
{
	unsigned char record_a[FACTS_RECORD_SIZE];
	unsigned char record_b[FACTS_RECORD_SIZE];

	facts_encode(a, record_a);
	facts_encode(b, record_b);
	assert_memory_equal(record_a, record_b, sizeof record_a);
}

/* Every member is another number, so that no two can be exchanged unseen. */
static struct facts full_facts(enum source source)
{
	return (struct facts){
		.state = STATE_REDEMPTION,
		.registry_state = STATE_GRACE,
		.dns_state = DNS_STATE_NODATA,
		.source = source,
		.flags = FACTS_FLAGS_ALL,
		.registered_at = 1000000001,
		.expires_at = 1000000002,
		.lapsed_at = 1000000003,
		.changed_at = 1000000004,
		.first_seen_at = 1000000005,
		.verified_at = 1000000006,
		.unverified_at = 1000000007,
		.transition_at = 1000000008,
		.registry = {1000000009, 1000000010, 1000000011, 12},
		.dns = {1000000013, 1000000014, 1000000015, 16},
		.nxdomain_since = 1000000017,
		.nxdomain_count = 18,
		.registrar_id = 292,
		.handle_hash = UINT64_C(0xf000000000000001),
		.ns_hash = 2,
		.ns_hash_before_grace = 3,
	};
}

static void domains_come_back(void **unused)
{
	struct domain domain = domain_of("xn--bcher-kva.example");

	(void)unused;
	for (int source = 0; source < SOURCE_COUNT; source++) {
		struct facts facts = full_facts((enum source)source);
		char *text = NULL;
		size_t length = 0;
		FILE *stream = open_memstream(&text, &length);
		struct records_row row;

		records_write_domain(stream, &domain, &facts);
		fclose(stream);
		row = read_back(text, length);
		assert_int_equal(row.kind, RECORDS_DOMAIN);
		assert_string_equal(row.domain.name, domain.name);
		assert_same_facts(&row.facts, &facts);
	}
}

static void addresses_come_back(void **unused)
{
	const struct address_facts facts = {.verified_at = 1000000001, .unverified_at = 0};
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	struct records_row row;

	(void)unused;
	records_write_address(stream, &key, &hash, &facts);
	fclose(stream);
	assert_null(strchr(text, '@'));
	row = read_back(text, length);
	assert_int_equal(row.kind, RECORDS_ADDRESS);
	assert_true(row.has_hash);
	assert_memory_equal(&row.hash, &hash, sizeof hash);
	assert_memory_equal(&row.key, &key, sizeof key);
	assert_int_equal(row.address.verified_at, 1000000001);
	assert_int_equal(row.address.unverified_at, 0);
}

static void pins_come_back(void **unused)
{
	const struct pin pin = {.verdict = PIN_ACCEPT,
				.set_at = 1000000001,
				.until = 1000000002,
				.by = "al\"ice",
				.note = "l\xc3\xa4tter\n2"};
	struct domain domain = domain_of("pinned.example");

	(void)unused;
	for (int by_hash = 0; by_hash < 2; by_hash++) {
		char *text = NULL;
		size_t length = 0;
		FILE *stream = open_memstream(&text, &length);
		struct records_row row;

		records_write_pin(stream, &key, by_hash ? NULL : &domain, by_hash ? &hash : NULL,
				  &pin);
		fclose(stream);
		row = read_back(text, length);
		assert_int_equal(row.kind, RECORDS_PIN);
		assert_int_equal(row.has_hash, by_hash);
		assert_int_equal(row.has_domain, !by_hash);
		assert_int_equal(row.pin.verdict, PIN_ACCEPT);
		assert_int_equal(row.pin.set_at, pin.set_at);
		assert_int_equal(row.pin.until, pin.until);
		assert_string_equal(row.pin.by, pin.by);
		assert_string_equal(row.pin.note, pin.note);
	}
}

static void history_comes_back(void **unused)
{
	const struct history_event event = {
		.at = 1000000001,
		.kind = HISTORY_OBSERVED,
		.source = SOURCE_RDAP,
		.state_before = STATE_GRACE,
		.state_after = STATE_REDEMPTION,
		.owner_before = {1, 2, 3},
		.owner_after = {4, 5, 6},
		.has_address = true,
		.address = hash,
		.host = "rdap.example",
		.evidence = "status=[redemption period]",
	};
	struct domain domain = domain_of("moved.example");
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	struct records_row row;

	(void)unused;
	records_write_history(stream, &key, &domain, &event);
	fclose(stream);
	row = read_back(text, length);
	assert_int_equal(row.kind, RECORDS_HISTORY);
	assert_int_equal(row.event.at, event.at);
	assert_int_equal(row.event.kind, event.kind);
	assert_int_equal(row.event.source, event.source);
	assert_int_equal(row.event.state_before, event.state_before);
	assert_int_equal(row.event.state_after, event.state_after);
	assert_memory_equal(&row.event.owner_before, &event.owner_before,
			    sizeof event.owner_before);
	assert_memory_equal(&row.event.owner_after, &event.owner_after, sizeof event.owner_after);
	assert_true(row.event.has_address);
	assert_string_equal(row.event.host, event.host);
	assert_string_equal(row.event.evidence, event.evidence);
}

static void missing_members_are_not_known(void **unused)
{
	char *text = strdup("{\"kind\":\"domain\",\"domain\":\"Some.Example.\","
			    "\"state\":\"redemption\",\"checked_at\":\"2026-11-21T03:00:00Z\","
			    "\"registered_at\":null}");
	struct records_row row = read_back(text, strlen(text));

	(void)unused;
	assert_string_equal(row.domain.name, "some.example");
	assert_int_equal(row.facts.registered_at, 0);
	assert_int_equal(row.facts.flags, FACTS_IMPORTED);
	/* Expired without a lapse makes no sense: it lapsed when it was seen so. */
	assert_int_equal(row.facts.lapsed_at, row.facts.registry.checked_at);
	assert_int_equal(row.facts.registry_state, STATE_REDEMPTION);
}

static void faults_are_named(void **unused)
{
	static const struct {
		const char *text;
		const char *named;
	} cases[] = {
		{"{\"kind\":\"domain\"}", "\"domain\" is missing"},
		{"{\"domain\":\"a.example\"}", "\"kind\" is missing"},
		{"{\"kind\":\"zone\",\"domain\":\"a.example\"}", "\"kind\" is none of"},
		{"{\"kind\":\"domain\",\"domain\":\"a b\"}", "\"domain\" is no domain name"},
		{"{\"kind\":\"domain\",\"domain\":\"a.example\",\"state\":\"dead\"}",
		 "\"state\" is no state"},
		{"{\"kind\":\"domain\",\"domain\":\"a.example\",\"source\":\"whois\"}",
		 "\"source\" is no source"},
		{"{\"kind\":\"domain\",\"domain\":\"a.example\",\"checked_at\":\"soon\"}",
		 "\"checked_at\" is no time"},
		{"{\"kind\":\"domain\",\"domain\":\"a.example\",\"failures\":70000}",
		 "\"failures\" is no number"},
		{"{\"kind\":\"domain\",\"domain\":\"a.example\",\"handle\":\"xyz\"}",
		 "\"handle\" is not what"},
		{"{\"schema\":2,\"kind\":\"domain\",\"domain\":\"a.example\"}",
		 "\"schema\" is of a later version"},
		{"{\"kind\":\"address\"}", "\"hash\" is missing"},
		{"{\"kind\":\"address\",\"hash\":\"00\",\"key\":\"00\"}", "\"hash\" is not what"},
		{"{\"kind\":\"pin\",\"domain\":\"a.example\",\"verdict\":\"maybe\"}",
		 "\"verdict\" is neither"},
		{"{\"kind\":\"history\",\"domain\":\"a.example\",\"event\":\"observed\"}",
		 "\"at\" is missing"},
		{"{\"kind\":\"history\",\"domain\":\"a.example\",\"at\":\"2026-01-01\","
		 "\"event\":\"dreamt\"}",
		 "\"event\" is missing or unknown"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct records_row row;
		struct why why = {""};

		assert_int_equal(records_read(cases[i].text, strlen(cases[i].text), &row, &why),
				 ERR_DATA);
		if (strstr(why.text, cases[i].named) == NULL)
			fail_msg("%s: \"%s\", expected \"%s\"", cases[i].text, why.text,
				 cases[i].named);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains_come_back),
		cmocka_unit_test(addresses_come_back),
		cmocka_unit_test(pins_come_back),
		cmocka_unit_test(history_comes_back),
		cmocka_unit_test(missing_members_are_not_known),
		cmocka_unit_test(faults_are_named),
	};

	return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
