/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is on file after an observation, member by member: each row is a domain's facts,
 * one observation, and what has become different.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/apply.h"
#include "resetguard/time.h"

#define NOW INT64_C(1800000000)
#define BEFORE (NOW - TIME_DAY)
#define REGISTERED (NOW - 1000 * TIME_DAY)
#define SEEN (NOW - 200 * TIME_DAY)
#define LAPSED (NOW - 20 * TIME_DAY)
#define EXPIRES (NOW + 100 * TIME_DAY)

static const struct apply_rules rdap_only = {.registry_serves = true,
					     .dns_lapse_after = 7 * TIME_DAY};
static const struct apply_rules rdap_and_dns = {
	.dns_is_source = true, .registry_serves = true, .dns_lapse_after = 7 * TIME_DAY};
static const struct apply_rules dns_only = {.dns_is_source = true,
					    .dns_lapse_after = 7 * TIME_DAY};

/* Sets the members of some facts. */
typedef void change(struct facts *facts);

static void nothing(struct facts *facts)
{
	(void)facts;
}

/* ---- what is on file before ---- */

static void never_asked(struct facts *facts)
{
	*facts = (struct facts){.first_seen_at = SEEN, .flags = FACTS_IMPORTED};
}

static void undated(struct facts *facts)
{
	facts->registered_at = 0;
	facts->flags |= FACTS_UNDATED;
}

static void in_redemption(struct facts *facts)
{
	facts->state = facts->registry_state = STATE_REDEMPTION;
	facts->lapsed_at = facts->transition_at = LAPSED;
}

static void in_grace(struct facts *facts)
{
	facts->state = facts->registry_state = STATE_GRACE;
	facts->ns_hash_before_grace = 10;
	facts->ns_hash = 11;
}

static void parked_in_grace(struct facts *facts)
{
	in_grace(facts);
	facts->state = STATE_HELD;
	facts->flags |= FACTS_PARKED | FACTS_WAS_PARKED;
}

static void failing(struct facts *facts)
{
	facts->registry.failures = 2;
	facts->dns.failures = 2;
}

static void failed_just_now(struct facts *facts)
{
	facts->registry.failures = facts->dns.failures = 2;
	facts->registry.tried_at = facts->dns.tried_at = NOW;
}

static void answered_just_now(struct facts *facts)
{
	facts->registry.tried_at = facts->registry.checked_at = NOW;
	facts->dns.tried_at = facts->dns.checked_at = NOW;
}

static void failing_for_ever(struct facts *facts)
{
	facts->registry.failures = facts->dns.failures = UINT16_MAX;
}

static void of_fastly(struct facts *facts)
{
	facts->source = SOURCE_FASTLY;
}

static void gone_from_dns(struct facts *facts)
{
	facts->dns_state = DNS_STATE_NXDOMAIN;
	facts->dns.checked_at = facts->dns.tried_at = NOW - 60;
	facts->nxdomain_since = NOW - 60;
	facts->nxdomain_count = 1;
}

static void gone_for_ever(struct facts *facts)
{
	gone_from_dns(facts);
	facts->nxdomain_count = UINT16_MAX;
}

static void back_in_dns(struct facts *facts)
{
	gone_from_dns(facts);
	facts->dns_state = DNS_STATE_EXISTS;
}

static void of_dns_alone(struct facts *facts)
{
	facts->source = SOURCE_DNS;
	facts->flags |= FACTS_UNDATED;
	facts->registry = (struct facts_check){0};
	facts->registry_state = STATE_UNKNOWN;
	facts->registered_at = facts->expires_at = 0;
	facts->dns.checked_at = facts->dns.tried_at = BEFORE;
	facts->dns_state = DNS_STATE_EXISTS;
}

static void gone_from_dns_alone(struct facts *facts)
{
	of_dns_alone(facts);
	facts->state = STATE_HELD;
	facts->dns_state = DNS_STATE_NXDOMAIN;
	facts->nxdomain_since = BEFORE;
	facts->nxdomain_count = 1;
}

/* ---- what has become different ---- */

static void asked(struct facts *facts)
{
	facts->registry.tried_at = facts->registry.checked_at = NOW;
	facts->registry.failures = 0;
}

static void dns_asked(struct facts *facts)
{
	facts->dns.tried_at = facts->dns.checked_at = NOW;
	facts->dns.failures = 0;
}

static void all_is_learned(struct facts *facts)
{
	asked(facts);
	facts->expires_at = EXPIRES + 1;
	facts->registrar_id = 99;
	facts->handle_hash = 2;
	facts->ns_hash = 77;
}

static void expiry_is_not_shown(struct facts *facts)
{
	asked(facts);
	facts->expires_at = 0;
}

static void becomes_undated(struct facts *facts)
{
	asked(facts);
	facts->flags |= FACTS_UNDATED;
}

static void becomes_dated(struct facts *facts)
{
	asked(facts);
	facts->flags &= ~(unsigned)FACTS_UNDATED;
	facts->registered_at = REGISTERED;
	facts->transition_at = NOW;
}

static void registered_tomorrow(struct facts *facts)
{
	asked(facts);
	facts->registered_at = NOW + TIME_DAY;
	facts->transition_at = NOW;
}

static void enters_grace(struct facts *facts)
{
	asked(facts);
	facts->state = facts->registry_state = STATE_GRACE;
	facts->ns_hash_before_grace = 10;
	facts->transition_at = NOW;
}

static void enters_grace_parked(struct facts *facts)
{
	enters_grace(facts);
	facts->state = STATE_HELD;
	facts->ns_hash = 66;
	facts->flags |= FACTS_PARKED | FACTS_WAS_PARKED;
}

static void is_parked_elsewhere(struct facts *facts)
{
	asked(facts);
	facts->ns_hash = 67;
}

static void is_unparked_in_grace(struct facts *facts)
{
	asked(facts);
	facts->state = STATE_GRACE;
	facts->flags &= ~(unsigned)FACTS_PARKED;
	facts->transition_at = NOW;
}

static void is_held_in_grace(struct facts *facts)
{
	asked(facts);
	facts->registry_state = STATE_HELD;
	facts->flags &= ~(unsigned)FACTS_PARKED;
}

static void leaves_grace(struct facts *facts)
{
	asked(facts);
	facts->state = facts->registry_state = STATE_REGISTERED;
	facts->ns_hash = 77;
	facts->ns_hash_before_grace = 0;
	facts->transition_at = NOW;
}

static void leaves_grace_sold(struct facts *facts)
{
	leaves_grace(facts);
	facts->flags &= ~(unsigned)(FACTS_PARKED | FACTS_WAS_PARKED);
	facts->changed_at = NOW;
}

static void fastly_answers(struct facts *facts)
{
	asked(facts);
	facts->source = SOURCE_FASTLY;
	facts->flags |= FACTS_UNDATED;
}

static void fails(struct facts *facts)
{
	facts->registry.tried_at = NOW;
	facts->registry.failures = 1;
}

static void fails_a_third_time(struct facts *facts)
{
	facts->registry.tried_at = NOW;
	facts->registry.failures = 3;
}

static void is_tried(struct facts *facts)
{
	facts->registry.tried_at = NOW;
}

static void rdap_answers(struct facts *facts)
{
	asked(facts);
	facts->source = SOURCE_RDAP;
}

static void is_unregistered(struct facts *facts)
{
	asked(facts);
	facts->state = facts->registry_state = STATE_UNREGISTERED;
	facts->lapsed_at = facts->transition_at = NOW;
}

static void is_restored_when_it_lapsed(struct facts *facts)
{
	asked(facts);
	facts->state = facts->registry_state = STATE_REGISTERED;
	facts->registered_at = LAPSED;
	facts->changed_at = facts->transition_at = NOW;
}

static void is_gone_beside_an_object(struct facts *facts)
{
	asked(facts);
	facts->state = STATE_HELD;
	facts->transition_at = NOW;
}

static void is_back_beside_an_object(struct facts *facts)
{
	asked(facts);
	facts->nxdomain_count = 0;
}

static void first_object(struct facts *facts)
{
	asked(facts);
	facts->source = SOURCE_RDAP;
	facts->expires_at = EXPIRES;
}

static void first_is_well(struct facts *facts)
{
	first_object(facts);
	facts->state = facts->registry_state = STATE_REGISTERED;
	facts->registered_at = REGISTERED;
}

static void first_is_grace(struct facts *facts)
{
	first_is_well(facts);
	facts->state = facts->registry_state = STATE_GRACE;
}

static void first_is_held(struct facts *facts)
{
	first_is_well(facts);
	facts->state = facts->registry_state = STATE_HELD;
	facts->transition_at = NOW;
}

static void first_was_registered_when_seen(struct facts *facts)
{
	first_is_well(facts);
	facts->registered_at = SEEN;
}

static void dns_fails(struct facts *facts)
{
	facts->dns.tried_at = NOW;
	facts->dns.failures = 1;
}

static void dns_is_there(struct facts *facts)
{
	dns_asked(facts);
	facts->dns_state = DNS_STATE_EXISTS;
}

static void dns_comes_back(struct facts *facts)
{
	dns_is_there(facts);
	facts->nxdomain_since = 0;
	facts->registry.next_check_at = NOW;
}

static void dns_has_no_data(struct facts *facts)
{
	dns_asked(facts);
	facts->dns_state = DNS_STATE_NODATA;
	facts->nxdomain_since = 0;
	facts->registry.next_check_at = NOW;
}

static void dns_is_gone(struct facts *facts)
{
	dns_asked(facts);
	facts->dns_state = DNS_STATE_NXDOMAIN;
	facts->state = STATE_HELD;
	facts->nxdomain_since = NOW;
	facts->nxdomain_count = 1;
	facts->transition_at = NOW;
}

static void dns_is_gone_still(struct facts *facts)
{
	dns_asked(facts);
	facts->state = STATE_HELD;
	facts->transition_at = NOW;
}

static void dns_alone_is_first(struct facts *facts)
{
	dns_is_there(facts);
	facts->state = STATE_REGISTERED;
	facts->source = SOURCE_DNS;
	facts->flags |= FACTS_UNDATED;
	facts->ns_hash = 77;
}

static void dns_alone_changes(struct facts *facts)
{
	dns_is_there(facts);
	facts->ns_hash = 77;
	facts->nxdomain_count = 0;
}

static void dns_alone_comes_back(struct facts *facts)
{
	dns_is_there(facts);
	facts->state = STATE_REGISTERED;
	facts->nxdomain_since = 0;
	facts->nxdomain_count = 0;
	facts->transition_at = NOW;
}

/* ---- the table ---- */

#define RDAP(state_now, ...)                                                                       \
	{.source = SOURCE_RDAP,                                                                    \
	 .answer = OBSERVATION_OBJECT,                                                             \
	 .at = NOW,                                                                                \
	 .state = (state_now),                                                                     \
	 .expires_at = EXPIRES,                                                                    \
	 __VA_ARGS__}
#define REGISTRY_SAYS(kind) {.source = SOURCE_RDAP, .answer = (kind), .at = NOW}
#define FASTLY(state_now)                                                                          \
	{.source = SOURCE_FASTLY, .answer = OBSERVATION_OBJECT, .at = NOW, .state = (state_now)}
#define DNS(kind, ...) {.source = SOURCE_DNS, .answer = (kind), .at = NOW, __VA_ARGS__}
#define DATED .registered_at = REGISTERED

static const struct row {
	const char *what;
	change *before; /* of sound facts */
	const struct apply_rules *rules;
	struct observation observation;
	change *after;
} rows[] = {
	{"all that an object shows", failing, &rdap_only,
	 {.source = SOURCE_RDAP, .answer = OBSERVATION_OBJECT, .at = NOW,
	  .state = STATE_REGISTERED, DATED, .expires_at = EXPIRES + 1, .registrar_id = 99,
	  .handle_hash = 2, .ns_hash = 77},
	 all_is_learned},
	{"what it does not show stays", nothing, &rdap_only, RDAP(STATE_REGISTERED, DATED), asked},
	{"but for the expiry", nothing, &rdap_only,
	 {.source = SOURCE_RDAP, .answer = OBSERVATION_OBJECT, .at = NOW,
	  .state = STATE_REGISTERED, DATED},
	 expiry_is_not_shown},
	{"an object of another source", of_fastly, &rdap_only, RDAP(STATE_REGISTERED, DATED),
	 rdap_answers},

	{"no date", nothing, &rdap_only, RDAP(STATE_REGISTERED, .handle_hash = 1),
	 becomes_undated},
	{"a date where there was none", undated, &rdap_only, RDAP(STATE_REGISTERED, DATED),
	 becomes_dated},
	{"a date of tomorrow", nothing, &rdap_only,
	 RDAP(STATE_REGISTERED, .registered_at = NOW + TIME_DAY), registered_tomorrow},
	{"a date later than tomorrow", nothing, &rdap_only,
	 RDAP(STATE_REGISTERED, .registered_at = NOW + TIME_DAY + 1), becomes_undated},

	{"into grace", nothing, &rdap_only, RDAP(STATE_GRACE, DATED), enters_grace},
	{"into grace, parked", nothing, &rdap_only,
	 RDAP(STATE_GRACE, DATED, .ns_hash = 66, .ns_parked = true), enters_grace_parked},
	{"parked elsewhere", parked_in_grace, &rdap_only,
	 RDAP(STATE_GRACE, DATED, .ns_hash = 67, .ns_parked = true), is_parked_elsewhere},
	{"no longer parked, still in grace", parked_in_grace, &rdap_only,
	 RDAP(STATE_GRACE, DATED), is_unparked_in_grace},
	{"on hold within grace", parked_in_grace, &rdap_only, RDAP(STATE_HELD, DATED),
	 is_held_in_grace},
	{"out of grace with others' name servers, never parked", in_grace, &rdap_only,
	 RDAP(STATE_REGISTERED, DATED, .ns_hash = 77), leaves_grace},
	{"out of grace with others' name servers, parked before", parked_in_grace, &rdap_only,
	 RDAP(STATE_REGISTERED, DATED, .ns_hash = 77), leaves_grace_sold},
	{"Fastly cannot see whether it is parked", parked_in_grace, &rdap_only,
	 FASTLY(STATE_REGISTERED), fastly_answers},

	{"no object", nothing, &rdap_only, REGISTRY_SAYS(OBSERVATION_NOT_THERE), is_unregistered},
	{"registered in the second of the lapse", in_redemption, &rdap_only,
	 RDAP(STATE_REGISTERED, .registered_at = LAPSED), is_restored_when_it_lapsed},
	{"an object, and NXDOMAIN", gone_from_dns, &rdap_and_dns, RDAP(STATE_REGISTERED, DATED),
	 is_gone_beside_an_object},
	{"an object, and no longer NXDOMAIN", back_in_dns, &rdap_and_dns,
	 RDAP(STATE_REGISTERED, DATED), is_back_beside_an_object},

	{"the first word: registered", never_asked, &rdap_only, RDAP(STATE_REGISTERED, DATED),
	 first_is_well},
	{"the first word: grace", never_asked, &rdap_only, RDAP(STATE_GRACE, DATED),
	 first_is_grace},
	{"the first word: held", never_asked, &rdap_only, RDAP(STATE_HELD, DATED), first_is_held},
	{"the first word: registered in the second in which we met it", never_asked, &rdap_only,
	 RDAP(STATE_REGISTERED, .registered_at = SEEN), first_was_registered_when_seen},

	{"an error", nothing, &rdap_only, REGISTRY_SAYS(OBSERVATION_FAILED), fails},
	{"an error after two", failing, &rdap_only, REGISTRY_SAYS(OBSERVATION_FAILED),
	 fails_a_third_time},
	{"the same error again", failed_just_now, &rdap_only, REGISTRY_SAYS(OBSERVATION_FAILED),
	 nothing},
	{"an error in the second of an answer", answered_just_now, &rdap_only,
	 REGISTRY_SAYS(OBSERVATION_FAILED), fails},
	{"one error too many to count", failing_for_ever, &rdap_only,
	 REGISTRY_SAYS(OBSERVATION_FAILED), is_tried},

	{"the DNS fails", nothing, &rdap_and_dns, DNS(OBSERVATION_FAILED), dns_fails},
	{"the DNS has it", failing, &rdap_and_dns, DNS(OBSERVATION_OBJECT), dns_is_there},
	{"the DNS has it again", gone_from_dns, &rdap_and_dns, DNS(OBSERVATION_OBJECT),
	 dns_comes_back},
	{"the DNS has nothing but the name", gone_from_dns, &rdap_and_dns,
	 DNS(OBSERVATION_NODATA), dns_has_no_data},
	{"NXDOMAIN", nothing, &rdap_and_dns, DNS(OBSERVATION_NOT_THERE), dns_is_gone},
	{"NXDOMAIN too often to count", gone_for_ever, &rdap_and_dns, DNS(OBSERVATION_NOT_THERE),
	 dns_is_gone_still},

	{"the DNS alone: the first word", never_asked, &dns_only,
	 DNS(OBSERVATION_OBJECT, .ns_hash = 77), dns_alone_is_first},
	{"the DNS alone: other name servers", of_dns_alone, &dns_only,
	 DNS(OBSERVATION_OBJECT, .ns_hash = 77), dns_alone_changes},
	{"the DNS alone: back after NXDOMAIN", gone_from_dns_alone, &dns_only,
	 DNS(OBSERVATION_OBJECT, .ns_hash = 10), dns_alone_comes_back},
	{"the DNS alone: none shown", of_dns_alone, &dns_only, DNS(OBSERVATION_OBJECT),
	 dns_is_there},
};

/* Registered long ago, looked up yesterday. */
static struct facts sound_facts(void)
{
	return (struct facts){
		.state = STATE_REGISTERED,
		.registry_state = STATE_REGISTERED,
		.source = SOURCE_RDAP,
		.flags = FACTS_IMPORTED,
		.registered_at = REGISTERED,
		.expires_at = EXPIRES,
		.first_seen_at = SEEN,
		.registrar_id = 5,
		.handle_hash = 1,
		.ns_hash = 10,
		.registry = {.checked_at = BEFORE, .tried_at = BEFORE},
	};
}

static void each_member_is_as_it_should_be(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		struct facts before = sound_facts();
		struct apply_result got;
		struct facts wanted;
		unsigned char is[FACTS_RECORD_SIZE];
		unsigned char should[FACTS_RECORD_SIZE];

		row->before(&before);
		wanted = before;
		row->after(&wanted);
		got = facts_apply(&before, &row->observation, row->rules);
		facts_encode(&got.facts, is);
		facts_encode(&wanted, should);
		if (memcmp(is, should, FACTS_RECORD_SIZE) == 0)
			continue;
		for (size_t at = 0; at < FACTS_RECORD_SIZE; at++) {
			if (is[at] != should[at])
				print_error("byte %zu of the record is %u, not %u\n", at, is[at],
					    should[at]);
		}
		fail_msg("%s", row->what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_is_as_it_should_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
