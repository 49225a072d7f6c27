/* SPDX-License-Identifier: BSD-2-Clause */
/* The record of a registry's host: laid out as drawn, read back, never half believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/host_record.h"

static struct host_record sample(void)
{
	struct host_record host = {
		.rate = UINT64_C(0x0102030405060708),
		.rests_until = 0x11121314,
		.counts = {.hour = 0x21222324},
	};

	for (unsigned i = 0; i < HOST_RECORD_HOURS; i++) {
		host.counts.checked[i] = 1000 + i;
		host.counts.unexplained[i] = 2000 + i;
	}
	return host;
}

static void the_record_is_laid_out_as_drawn(void **state)
{
	static const unsigned char head[] = {1,	   8,	 7,    6,    5,	   4,	 3,    2,    1,
					     0x14, 0x13, 0x12, 0x11, 0x24, 0x23, 0x22, 0x21};
	static const unsigned char first_checked[] = {0xe8, 3, 0, 0};
	static const unsigned char last_unexplained[] = {0xe7, 7, 0, 0};
	unsigned char record[HOST_RECORD_SIZE];
	struct host_record host = sample();

	(void)state;
	assert_int_equal(HOST_RECORD_SIZE, 209);
	host_record_encode(&host, record);
	assert_memory_equal(record, head, sizeof head);
	assert_memory_equal(record + 17, first_checked, 4);
	assert_memory_equal(record + 205, last_unexplained, 4);
}

static void what_is_written_is_read_back(void **state)
{
	unsigned char record[HOST_RECORD_SIZE];
	struct host_record host = sample();
	struct host_record read;

	(void)state;
	host_record_encode(&host, record);
	assert_int_equal(host_record_decode((struct bytes){record, sizeof record}, &read), ERR_OK);
	assert_memory_equal(&read, &host, sizeof host);
}

static void other_records_are_refused(void **state)
{
	unsigned char record[HOST_RECORD_SIZE + 1] = {0};
	struct host_record host = sample();
	struct host_record read;

	(void)state;
	host_record_encode(&host, record);
	for (size_t length = 0; length <= sizeof record; length++) {
		if (length != HOST_RECORD_SIZE)
			assert_int_equal(host_record_decode((struct bytes){record, length}, &read),
					 ERR_DAMAGED);
	}
	record[0] = HOST_RECORD_VERSION + 1;
	assert_int_equal(host_record_decode((struct bytes){record, HOST_RECORD_SIZE}, &read),
			 ERR_VERSION);
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
