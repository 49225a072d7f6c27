/* SPDX-License-Identifier: BSD-2-Clause */
/* The record of a change held back: laid out as drawn, read back, never half believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/parked.h"

static struct parked sample(void)
{
	struct parked parked;

	memset(&parked, 0, sizeof parked);
	parked.since = 0x01020304;
	parked.at = 0x11121314;
	parked.facts.state = STATE_UNREGISTERED;
	parked.facts.source = SOURCE_RDAP;
	parked.facts.lapsed_at = 77;
	strcpy(parked.host, "rdap.example");
	strcpy(parked.evidence, "404");
	return parked;
}

static void the_record_is_laid_out_as_drawn(void **state)
{
	static const unsigned char head[] = {1, 4, 3, 2, 1, 0x14, 0x13, 0x12, 0x11};
	static const char tail[] = "\014rdap.example\003404";
	unsigned char record[PARKED_RECORD_MAX];
	unsigned char facts[FACTS_RECORD_SIZE];
	struct parked parked = sample();

	(void)state;
	assert_int_equal(parked_encode(&parked, record), 109 + sizeof tail - 1);
	assert_memory_equal(record, head, sizeof head);
	facts_encode(&parked.facts, facts);
	assert_memory_equal(record + 9, facts, sizeof facts);
	assert_memory_equal(record + 109, tail, sizeof tail - 1);
}

static void what_is_written_is_read_back(void **state)
{
	unsigned char record[PARKED_RECORD_MAX];
	struct parked parked = sample();
	struct parked read;

	(void)state;
	memset(parked.host, 'h', DOMAIN_MAX);
	memset(parked.evidence, 'e', HISTORY_EVIDENCE_MAX);
	assert_int_equal(parked_encode(&parked, record), PARKED_RECORD_MAX);
	assert_int_equal(parked_decode((struct bytes){record, sizeof record}, &read), ERR_OK);
	assert_int_equal(read.since, parked.since);
	assert_int_equal(read.at, parked.at);
	assert_int_equal(read.facts.state, STATE_UNREGISTERED);
	assert_int_equal(read.facts.lapsed_at, 77);
	assert_string_equal(read.host, parked.host);
	assert_string_equal(read.evidence, parked.evidence);
}

static void other_records_are_refused(void **state)
{
	unsigned char record[PARKED_RECORD_MAX];
	struct parked parked = sample();
	struct parked read;
	size_t whole = parked_encode(&parked, record);

	(void)state;
	for (size_t length = 0; length <= whole + 1; length++) {
		if (length != whole)
			assert_int_equal(parked_decode((struct bytes){record, length}, &read),
					 ERR_DAMAGED);
	}
	record[10] = STATE_COUNT; /* the state in the facts */
	assert_int_equal(parked_decode((struct bytes){record, whole}, &read), ERR_DAMAGED);
	record[0] = PARKED_VERSION + 1;
	assert_int_equal(parked_decode((struct bytes){record, whole}, &read), ERR_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_is_laid_out_as_drawn),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(other_records_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
