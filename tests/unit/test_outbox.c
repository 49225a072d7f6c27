/* SPDX-License-Identifier: BSD-2-Clause */
/* What is told to the application, when it is told again, and the records of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/outbox.h"

#define NOW INT64_C(1700000000)

static struct outbox_entry sample(void)
{
	struct outbox_entry entry;

	memset(&entry, 0, sizeof entry);
	entry.waiting = 1 << OUTBOX_URL;
	entry.tries[OUTBOX_COMMAND] = (struct outbox_try){0x0102, 0x03040506};
	entry.tries[OUTBOX_URL] = (struct outbox_try){0x1112, 0x13141516};
	entry.domain.length = 14;
	strcpy(entry.domain.name, "lapsed.example");
	entry.event.at = 0x21222324;
	entry.event.sequence = 0x31323334;
	entry.event.kind = HISTORY_OBSERVED;
	entry.event.source = SOURCE_RDAP;
	entry.event.state_before = STATE_GRACE;
	entry.event.state_after = STATE_REDEMPTION;
	entry.event.owner_before = (struct history_owner){1, 2, 3};
	entry.event.owner_after = (struct history_owner){4, 5, 6};
	strcpy(entry.event.host, "rdap.example");
	strcpy(entry.event.evidence, "redemption period");
	return entry;
}

/* ---- what is told ---- */

struct told_row {
	const char *what;
	enum history_kind kind;
	enum state before;
	enum state after;
	int64_t since_before;
	int64_t since_after;
	bool told;
};

/* In each the domain is on file since 100. */
static const struct told_row TOLD[] = {
	{"lapsed", HISTORY_OBSERVED, STATE_REGISTERED, STATE_REDEMPTION, 50, 200, true},
	{"sold, and nothing else", HISTORY_OBSERVED, STATE_REGISTERED, STATE_REGISTERED, 50, 200, true},
	{"another state of the same owner", HISTORY_OBSERVED, STATE_REGISTERED, STATE_GRACE, 50, 50, true},
	{"nothing", HISTORY_OBSERVED, STATE_REGISTERED, STATE_REGISTERED, 50, 50, false},
	{"a first look: all is well", HISTORY_OBSERVED, STATE_UNKNOWN, STATE_REGISTERED, 0, 50, false},
	{"a first look: no dates", HISTORY_OBSERVED, STATE_UNKNOWN, STATE_REGISTERED, 0, 0, false},
	{"a first look: held", HISTORY_OBSERVED, STATE_UNKNOWN, STATE_HELD, 0, 50, false},
	{"a first look: a later owner", HISTORY_OBSERVED, STATE_UNKNOWN, STATE_REGISTERED, 0, 101, true},
	{"a first look: lapsed", HISTORY_OBSERVED, STATE_UNKNOWN, STATE_UNREGISTERED, 0, 50, true},
	{"a release", HISTORY_RELEASED, STATE_REGISTERED, STATE_UNREGISTERED, 50, 200, true},
	{"a discard", HISTORY_DISCARDED, STATE_REGISTERED, STATE_REGISTERED, 50, 50, false},
	{"a discard, whatever it says", HISTORY_DISCARDED, STATE_REGISTERED, STATE_HELD, 50, 200, false},
	{"an undo", HISTORY_UNDONE, STATE_UNREGISTERED, STATE_REGISTERED, 200, 50, true},
	{"the undo of a first look", HISTORY_UNDONE, STATE_UNREGISTERED, STATE_UNKNOWN, 200, 0, true},
	{"an import that knows more", HISTORY_IMPORT, STATE_REGISTERED, STATE_REDEMPTION, 50, 200, true},
	{"a verify", HISTORY_VERIFY, STATE_REGISTERED, STATE_REGISTERED, 50, 50, false},
	{"an unverify", HISTORY_UNVERIFY, STATE_UNKNOWN, STATE_UNKNOWN, 0, 200, false},
	{"a pin", HISTORY_PIN, STATE_UNKNOWN, STATE_UNKNOWN, 0, 0, false},
	{"an unpin", HISTORY_UNPIN, STATE_UNKNOWN, STATE_UNKNOWN, 0, 0, false},
};

static void changes_of_state_or_owner_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof TOLD / sizeof TOLD[0]; i++) {
		const struct told_row *row = &TOLD[i];
		const struct history_event event = {
			.kind = row->kind,
			.state_before = row->before,
			.state_after = row->after,
			.owner_before.registered_at = row->since_before,
			.owner_after.changed_at = row->since_after,
		};

		if (outbox_is_told(&event, 100) != row->told)
			fail_msg("%s", row->what);
	}
}

/* ---- after a failure ---- */

static void pauses_grow_up_to_an_hour(void **state)
{
	static const int64_t PAUSES[] = {5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600};
	struct outbox_try try = {0};

	(void)state;
	for (size_t i = 0; i < sizeof PAUSES / sizeof PAUSES[0]; i++) {
		outbox_failed(&try, NOW, 0);
		assert_int_equal(try.next_at - NOW, PAUSES[i]);
		assert_int_equal(try.failures, i + 1);
	}
	try.failures = UINT16_MAX;
	outbox_failed(&try, NOW, 0);
	assert_int_equal(try.failures, UINT16_MAX);
	assert_int_equal(try.next_at, NOW + 3600);
}

static void an_application_may_ask_for_more(void **state)
{
	struct outbox_try try = {0};

	(void)state;
	outbox_failed(&try, NOW, 3);
	assert_int_equal(try.next_at, NOW + 5);
	outbox_failed(&try, NOW, 7200);
	assert_int_equal(try.next_at, NOW + 7200);
	outbox_failed(&try, NOW, 10 * 86400);
	assert_int_equal(try.next_at, NOW + OUTBOX_RETRY_AFTER_MAX);
}

/* One change that cannot be taken does not stop the others; an application that takes
 * nothing is left alone. */
static void a_taker_rests_after_some_failures(void **state)
{
	struct outbox_taker_state taker = {0};

	(void)state;
	outbox_taker_failed(&taker, NOW, 0);
	outbox_taker_failed(&taker, NOW + 1, 0);
	assert_int_equal(taker.rest_until, 0);
	outbox_taker_failed(&taker, NOW + 2, 0);
	assert_int_equal(taker.rest_until, NOW + 2 + 5);
	outbox_taker_failed(&taker, NOW + 20, 0);
	assert_int_equal(taker.rest_until, NOW + 20 + 10);
	assert_int_equal(taker.failing_since, NOW);
	assert_int_equal(taker.failures, 4);

	taker = (struct outbox_taker_state){0};
	outbox_taker_failed(&taker, NOW, 120);
	assert_int_equal(taker.rest_until, NOW + 120);
}

/* ---- the records ---- */

static void the_record_is_laid_out_as_drawn(void **state)
{
	static const char head[] = "\1\2\2\1\6\5\4\3\x12\x11\x16\x15\x14\x13\x24\x23\x22\x21\x0e"
				   "lapsed.example";
	unsigned char record[OUTBOX_RECORD_MAX];
	unsigned char event[HISTORY_RECORD_MAX];
	unsigned char key[OUTBOX_KEY_SIZE];
	struct outbox_entry entry = sample();
	size_t length = outbox_encode(&entry, record);
	size_t event_length = history_encode(&entry.event, event);

	(void)state;
	outbox_key(entry.event.sequence, key);
	assert_memory_equal(key, "\x31\x32\x33\x34", sizeof key);
	assert_int_equal(length, sizeof head - 1 + event_length);
	assert_memory_equal(record, head, sizeof head - 1);
	assert_memory_equal(record + sizeof head - 1, event, event_length);
}

static void assert_comes_back(const struct outbox_entry *entry)
{
	unsigned char record[OUTBOX_RECORD_MAX];
	unsigned char again[OUTBOX_RECORD_MAX];
	unsigned char key[OUTBOX_KEY_SIZE];
	struct outbox_entry read;
	size_t length = outbox_encode(entry, record);

	outbox_key(entry->event.sequence, key);
	assert_int_equal(outbox_decode((struct bytes){key, sizeof key},
				       (struct bytes){record, length}, &read),
			 ERR_OK);
	assert_int_equal(read.waiting, entry->waiting);
	assert_int_equal(read.event.sequence, entry->event.sequence);
	assert_int_equal(read.event.at, entry->event.at);
	assert_string_equal(read.domain.name, entry->domain.name);
	assert_int_equal(read.domain.length, entry->domain.length);
	assert_string_equal(read.event.evidence, entry->event.evidence);
	assert_int_equal(outbox_encode(&read, again), length);
	assert_memory_equal(again, record, length);
}

/* Seeded: the same every time. */
static void what_is_written_is_read_back(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (unsigned round = 0; round < 5000; round++) {
		struct outbox_entry entry = sample();

		entry.waiting = (unsigned)rand_r(&seed) % OUTBOX_TAKERS_ALL + 1;
		entry.tries[0].failures = (uint16_t)rand_r(&seed);
		entry.tries[1].next_at = rand_r(&seed);
		entry.event.sequence = (uint32_t)rand_r(&seed);
		entry.event.at = rand_r(&seed);
		entry.event.kind = (enum history_kind)((unsigned)rand_r(&seed) % HISTORY_KIND_LAST + 1);
		entry.event.state_after = (enum state)((unsigned)rand_r(&seed) % STATE_COUNT);
		entry.event.owner_after.lapsed_at = rand_r(&seed);
		entry.domain.length = (unsigned char)((unsigned)rand_r(&seed) % DOMAIN_MAX + 1);
		memset(entry.domain.name, 'd', entry.domain.length);
		entry.domain.name[entry.domain.length] = '\0';
		memset(entry.event.evidence, 'e', (unsigned)rand_r(&seed) % HISTORY_EVIDENCE_MAX);
		assert_comes_back(&entry);
	}
}

static void other_records_are_refused(void **state)
{
	unsigned char record[OUTBOX_RECORD_MAX + 1] = {0};
	unsigned char key[OUTBOX_KEY_SIZE] = {0};
	struct bytes whole_key = {key, sizeof key};
	struct outbox_entry entry = sample();
	struct outbox_entry read;
	size_t whole = outbox_encode(&entry, record);

	(void)state;
	for (size_t length = 0; length <= whole + 1; length++) {
		if (length != whole)
			assert_int_equal(outbox_decode(whole_key, (struct bytes){record, length}, &read),
					 ERR_DAMAGED);
	}
	assert_int_equal(outbox_decode((struct bytes){key, 3}, (struct bytes){record, whole}, &read),
			 ERR_DAMAGED);
	record[1] = 0; /* waits for nobody */
	assert_int_equal(outbox_decode(whole_key, (struct bytes){record, whole}, &read), ERR_DAMAGED);
	record[1] = OUTBOX_TAKERS_ALL + 1;
	assert_int_equal(outbox_decode(whole_key, (struct bytes){record, whole}, &read), ERR_DAMAGED);
	record[0] = OUTBOX_VERSION + 1;
	assert_int_equal(outbox_decode(whole_key, (struct bytes){record, whole}, &read), ERR_VERSION);
}

static void a_taker_comes_back(void **state)
{
	static const char wanted[] = "\1\2\1\6\5\4\3\x16\x15\x14\x13";
	const struct outbox_taker_state taker = {0x0102, 0x03040506, 0x13141516};
	unsigned char record[OUTBOX_TAKER_RECORD_SIZE];
	struct outbox_taker_state read;

	(void)state;
	outbox_taker_encode(&taker, record);
	assert_memory_equal(record, wanted, sizeof record);
	assert_int_equal(outbox_taker_decode((struct bytes){record, sizeof record}, &read), ERR_OK);
	assert_int_equal(read.failures, taker.failures);
	assert_int_equal(read.failing_since, taker.failing_since);
	assert_int_equal(read.rest_until, taker.rest_until);
	assert_int_equal(outbox_taker_decode((struct bytes){record, sizeof record - 1}, &read),
			 ERR_DAMAGED);
	record[0] = OUTBOX_TAKER_VERSION + 1;
	assert_int_equal(outbox_taker_decode((struct bytes){record, sizeof record}, &read),
			 ERR_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_of_state_or_owner_are_told),
		cmocka_unit_test(pauses_grow_up_to_an_hour),
		cmocka_unit_test(an_application_may_ask_for_more),
		cmocka_unit_test(a_taker_rests_after_some_failures),
		cmocka_unit_test(the_record_is_laid_out_as_drawn),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(other_records_are_refused),
		cmocka_unit_test(a_taker_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
