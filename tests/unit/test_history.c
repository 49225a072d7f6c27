/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "resetguard/history.h"
#include "resetguard/time.h"

static const struct domain domain = {.length = 14, .name = "lapsed.example"};

static const struct history_event event = {
	.at = 0x01020304,
	.sequence = 0x05060708,
	.kind = HISTORY_OBSERVED,
	.source = SOURCE_RDAP,
	.state_before = STATE_GRACE,
	.state_after = STATE_REDEMPTION,
	.owner_before = {0x11, 0x12, 0x13},
	.owner_after = {0x14, 0x15, 0x16},
	.has_address = true,
	.address = {{"0123456789abcde"}},
	.host = "rdap.example",
	.evidence = "status: redemption period",
};

struct entry {
	unsigned char key[HISTORY_KEY_MAX];
	unsigned char record[HISTORY_RECORD_MAX];
	size_t key_length;
	size_t record_length;
};

static struct entry entry_of(const struct history_event *of)
{
	struct entry entry;

	entry.key_length = history_key(&domain, of->at, of->sequence, entry.key);
	entry.record_length = history_encode(of, entry.record);
	return entry;
}

static enum err decode(const struct entry *entry, struct domain *read_domain,
		       struct history_event *read)
{
	return history_decode((struct bytes){entry->key, entry->key_length},
			      (struct bytes){entry->record, entry->record_length}, read_domain,
			      read);
}

static void key_and_record_are_laid_out_as_drawn(void **state)
{
	static const char key[] = "lapsed.example\0\1\2\3\4\5\6\7\10";
	static const char record[] = "\1\1\1\2\4"
				     "\x11\0\0\0\x12\0\0\0\x13\0\0\0\x14\0\0\0\x15\0\0\0\x16\0\0\0"
				     "0123456789abcde\0"
				     "\14rdap.example\31status: redemption period";
	struct entry entry = entry_of(&event);

	(void)state;
	assert_int_equal(entry.key_length, sizeof key - 1);
	assert_memory_equal(entry.key, key, sizeof key - 1);
	assert_int_equal(entry.record_length, sizeof record - 1);
	assert_memory_equal(entry.record, record, sizeof record - 1);
}

static void what_is_written_is_read_back(void **state)
{
	struct entry entry = entry_of(&event);
	struct domain read_domain;
	struct history_event read;

	(void)state;
	assert_int_equal(decode(&entry, &read_domain, &read), ERR_OK);
	assert_string_equal(read_domain.name, domain.name);
	assert_int_equal(read_domain.length, domain.length);
	assert_true(read.at == event.at);
	assert_int_equal(read.sequence, event.sequence);
	assert_int_equal(read.kind, event.kind);
	assert_int_equal(read.source, event.source);
	assert_int_equal(read.state_before, event.state_before);
	assert_int_equal(read.state_after, event.state_after);
	assert_memory_equal(&read.owner_before, &event.owner_before, sizeof read.owner_before);
	assert_memory_equal(&read.owner_after, &event.owner_after, sizeof read.owner_after);
	assert_true(read.has_address);
	assert_memory_equal(&read.address, &event.address, sizeof read.address);
	assert_string_equal(read.host, event.host);
	assert_string_equal(read.evidence, event.evidence);
}

static void an_event_of_the_whole_domain_has_no_address(void **state)
{
	struct history_event whole = event;
	struct domain read_domain;
	struct history_event read;

	(void)state;
	whole.has_address = false;
	struct entry entry = entry_of(&whole);
	assert_int_equal(decode(&entry, &read_domain, &read), ERR_OK);
	assert_false(read.has_address);
}

static void the_longest_event_fits(void **state)
{
	struct domain long_domain = {.length = DOMAIN_MAX};
	struct history_event longest = event;
	struct history_event read;
	struct domain read_domain;
	struct entry entry;

	(void)state;
	memset(long_domain.name, 'd', DOMAIN_MAX);
	memset(longest.host, 'h', DOMAIN_MAX);
	memset(longest.evidence, 'e', HISTORY_EVIDENCE_MAX);
	entry.key_length = history_key(&long_domain, longest.at, longest.sequence, entry.key);
	entry.record_length = history_encode(&longest, entry.record);
	assert_int_equal(entry.key_length, HISTORY_KEY_MAX);
	assert_int_equal(entry.record_length, HISTORY_RECORD_MAX);
	assert_int_equal(decode(&entry, &read_domain, &read), ERR_OK);
	assert_string_equal(read.host, longest.host);
	assert_string_equal(read.evidence, longest.evidence);
	assert_string_equal(read_domain.name, long_domain.name);
}

/* What the writer of evidence cut at a byte is cut again at a character. */
static void evidence_ends_with_a_whole_character(void **state)
{
	static const struct {
		const char *written;
		const char *read;
	} cases[] = {
		{"caf\xc3\xa9", "caf\xc3\xa9"},
		{"caf\xc3", "caf"},
		{"\xe2\x82\xac", "\xe2\x82\xac"},
		{"x\xe2\x82", "x"},
		{"x\xf0\x9f\x98\x80", "x\xf0\x9f\x98\x80"},
		{"x\xf0\x9f\x98", "x"},
		{"x\xf0", "x"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct history_event written = event;
		struct history_event read;
		struct domain read_domain;
		snprintf(written.evidence, sizeof written.evidence, "%s", cases[i].written);
		struct entry entry = entry_of(&written);
		assert_int_equal(decode(&entry, &read_domain, &read), ERR_OK);
		assert_string_equal(read.evidence, cases[i].read);
	}

	/* Longer than the maximum: an array without its terminator. */
	struct history_event unterminated = event;
	struct history_event read;
	struct domain read_domain;
	memset(unterminated.evidence, 'e', sizeof unterminated.evidence);
	memcpy(unterminated.evidence + HISTORY_EVIDENCE_MAX - 1, "\xc3\xa9", 2);
	struct entry entry = entry_of(&unterminated);
	assert_int_equal(decode(&entry, &read_domain, &read), ERR_OK);
	assert_int_equal(strlen(read.evidence), HISTORY_EVIDENCE_MAX - 1);
}

static void keys_sort_by_domain_time_and_sequence(void **state)
{
	static const struct {
		struct domain domain;
		int64_t at;
		uint32_t sequence;
	} ascending[] = {
		{{4, "a.bc"}, 0, 0},	{{4, "a.bc"}, 1, 2},	     {{4, "a.bc"}, 256, 1},
		{{4, "a.bc"}, 256, 300}, {{4, "a.bc"}, TIME_MAX, 0}, {{5, "a.bc-"}, 0, 0},
		{{5, "a.bcd"}, 0, 0},
	};
	unsigned char last[HISTORY_KEY_MAX];
	size_t last_length = 0;

	(void)state;
	for (size_t i = 0; i < sizeof ascending / sizeof ascending[0]; i++) {
		unsigned char key[HISTORY_KEY_MAX];
		size_t length = history_key(&ascending[i].domain, ascending[i].at,
					    ascending[i].sequence, key);
		size_t common = length < last_length ? length : last_length;
		assert_true(memcmp(last, key, common) < 0 || i == 0);
		memcpy(last, key, length);
		last_length = length;
	}
}

static void damaged_records_are_refused(void **state)
{
	static const struct {
		size_t at;
		unsigned first;
		unsigned end;
	} bounded[] = {
		{1, HISTORY_OBSERVED, HISTORY_KIND_LAST + 1},
		{2, 0, SOURCE_COUNT},
		{3, 0, STATE_COUNT},
		{4, 0, STATE_COUNT},
		{45, 12, 13}, /* length of the host */
		{58, 25, 26}, /* length of the evidence */
	};
	struct entry whole = entry_of(&event);
	struct history_event read = {.at = 77};
	struct domain read_domain = {.length = 7};

	(void)state;
	for (size_t length = 0; length < whole.record_length; length++) {
		struct entry cut = whole;
		cut.record_length = length;
		assert_int_equal(decode(&cut, &read_domain, &read), ERR_DAMAGED);
	}
	for (size_t i = 0; i < sizeof bounded / sizeof bounded[0]; i++) {
		for (unsigned value = 0; value < 256; value++) {
			struct entry bad = whole;
			bad.record[bounded[i].at] = (unsigned char)value;
			if (value < bounded[i].first || value >= bounded[i].end)
				assert_int_equal(decode(&bad, &read_domain, &read), ERR_DAMAGED);
		}
	}
	for (unsigned version = 0; version < 256; version++) {
		struct entry bad = whole;
		bad.record[0] = (unsigned char)version;
		if (version != HISTORY_VERSION)
			assert_int_equal(decode(&bad, &read_domain, &read), ERR_VERSION);
	}
	struct entry with_zero = whole;
	with_zero.record[50] = 0;
	assert_int_equal(decode(&with_zero, &read_domain, &read), ERR_DAMAGED);
	assert_true(read.at == 77);
	assert_int_equal(read_domain.length, 7);
}

static void damaged_keys_are_refused(void **state)
{
	struct entry whole = entry_of(&event);
	struct history_event read;
	struct domain read_domain;

	(void)state;
	for (size_t length = 0; length < whole.key_length; length++) {
		struct entry cut = whole;
		cut.key_length = length;
		assert_int_equal(decode(&cut, &read_domain, &read), ERR_DAMAGED);
	}
	struct entry no_end = whole;
	no_end.key[domain.length] = '.';
	assert_int_equal(decode(&no_end, &read_domain, &read), ERR_DAMAGED);
	struct entry zero_inside = whole;
	zero_inside.key[3] = 0;
	assert_int_equal(decode(&zero_inside, &read_domain, &read), ERR_DAMAGED);
}

static void an_event_turns_before_into_after(void **state)
{
	const struct facts before = {
		.state = STATE_GRACE,
		.source = SOURCE_DNS,
		.registered_at = 1,
		.lapsed_at = 2,
		.changed_at = 3,
	};
	const struct facts after = {
		.state = STATE_UNREGISTERED,
		.source = SOURCE_RDAP,
		.registered_at = 4,
		.lapsed_at = 5,
		.changed_at = 6,
	};

	(void)state;
	struct history_event made = history_event_make(HISTORY_OBSERVED, 99, &before, &after);
	assert_true(made.at == 99);
	assert_int_equal(made.kind, HISTORY_OBSERVED);
	assert_int_equal(made.source, SOURCE_RDAP);
	assert_int_equal(made.state_before, STATE_GRACE);
	assert_int_equal(made.state_after, STATE_UNREGISTERED);
	assert_true(made.owner_before.registered_at == 1 && made.owner_before.lapsed_at == 2 &&
		    made.owner_before.changed_at == 3);
	assert_true(made.owner_after.registered_at == 4 && made.owner_after.lapsed_at == 5 &&
		    made.owner_after.changed_at == 6);
	assert_false(made.has_address);
	assert_string_equal(made.host, "");

	made = history_event_make(HISTORY_IMPORT, 99, NULL, &after);
	assert_int_equal(made.state_before, STATE_UNKNOWN);
	assert_true(made.owner_before.lapsed_at == 0);
}

static void kinds_have_words(void **state)
{
	static const char *const words[] = {"observed", "verify", "unverify", "pin", "unpin", "import",
					     "released", "discarded", "undone", "lost"};

	(void)state;
	assert_int_equal(sizeof words / sizeof words[0], HISTORY_KIND_LAST);
	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
		assert_string_equal(history_kind_text((enum history_kind)(HISTORY_OBSERVED + i)),
				    words[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_and_record_are_laid_out_as_drawn),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(an_event_of_the_whole_domain_has_no_address),
		cmocka_unit_test(the_longest_event_fits),
		cmocka_unit_test(evidence_ends_with_a_whole_character),
		cmocka_unit_test(keys_sort_by_domain_time_and_sequence),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(damaged_keys_are_refused),
		cmocka_unit_test(an_event_turns_before_into_after),
		cmocka_unit_test(kinds_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
