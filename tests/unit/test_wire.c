/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "resetguard/time.h"
#include "resetguard/wire.h"

static void numbers_are_little_endian(void **state)
{
	static const unsigned char wanted[] = {0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0f,
					       0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08};
	unsigned char record[sizeof wanted];
	struct wire_writer writer = wire_writer_init(record, sizeof record);

	(void)state;
	wire_write_u8(&writer, 0x01);
	wire_write_u16(&writer, 0x0203);
	wire_write_u32(&writer, 0x04050607);
	wire_write_u64(&writer, UINT64_C(0x08090a0b0c0d0e0f));
	assert_false(writer.failed);
	assert_memory_equal(record, wanted, sizeof wanted);

	struct wire_reader reader = wire_reader_init((struct bytes){record, sizeof record});
	assert_int_equal(wire_read_u8(&reader), 0x01);
	assert_int_equal(wire_read_u16(&reader), 0x0203);
	assert_int_equal(wire_read_u32(&reader), 0x04050607);
	assert_false(wire_read_done(&reader));
	assert_true(wire_read_u64(&reader) == UINT64_C(0x08090a0b0c0d0e0f));
	assert_true(wire_read_done(&reader));
}

static void the_highest_numbers_come_back(void **state)
{
	unsigned char record[1 + 2 + 4 + 8 + 4];
	struct wire_writer writer = wire_writer_init(record, sizeof record);

	(void)state;
	wire_write_u8(&writer, UINT8_MAX);
	wire_write_u16(&writer, UINT16_MAX);
	wire_write_u32(&writer, UINT32_MAX);
	wire_write_u64(&writer, UINT64_MAX);
	wire_write_u32_sorted(&writer, UINT32_MAX - 1);
	assert_false(writer.failed);

	struct wire_reader reader = wire_reader_init((struct bytes){record, sizeof record});
	assert_true(wire_read_u8(&reader) == UINT8_MAX);
	assert_true(wire_read_u16(&reader) == UINT16_MAX);
	assert_true(wire_read_u32(&reader) == UINT32_MAX);
	assert_true(wire_read_u64(&reader) == UINT64_MAX);
	assert_true(wire_read_u32_sorted(&reader) == UINT32_MAX - 1);
	assert_true(wire_read_done(&reader));
}

static void sorted_numbers_sort_as_bytes(void **state)
{
	static const uint32_t ascending[] = {0, 1, 255, 256, 65536, 0x7fffffff, 0x80000000, UINT32_MAX};
	unsigned char last[4] = {0};

	(void)state;
	for (size_t i = 0; i < sizeof ascending / sizeof ascending[0]; i++) {
		unsigned char key[4];
		struct wire_writer writer = wire_writer_init(key, sizeof key);
		wire_write_u32_sorted(&writer, ascending[i]);
		assert_true(i == 0 || memcmp(last, key, sizeof key) < 0);
		memcpy(last, key, sizeof key);
	}
}

static void moments_stay_within_32_bits(void **state)
{
	static const struct {
		int64_t written;
		int64_t read;
	} moments[] = {
		{0, 0},		      {-1, 0},		  {INT64_MIN, 0}, {1, 1}, {TIME_MAX, TIME_MAX},
		{TIME_MAX + 1, TIME_MAX}, {INT64_MAX, TIME_MAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
		unsigned char record[8];
		struct wire_writer writer = wire_writer_init(record, sizeof record);
		wire_write_time(&writer, moments[i].written);
		wire_write_time_sorted(&writer, moments[i].written);
		struct wire_reader reader =
			wire_reader_init((struct bytes){record, sizeof record});
		assert_true(wire_read_time(&reader) == moments[i].read);
		assert_true(wire_read_time_sorted(&reader) == moments[i].read);
	}
}

static void a_writer_remembers_that_something_did_not_fit(void **state)
{
	unsigned char record[4] = {1, 2, 3, 4};
	struct wire_writer writer = wire_writer_init(record, 3);

	(void)state;
	wire_write_u32(&writer, 0);
	assert_true(writer.failed);
	wire_write_u8(&writer, 0);
	assert_true(writer.failed);
	assert_memory_equal(record, "\1\2\3\4", 4);

	writer = wire_writer_init(record, 3);
	wire_write_bytes(&writer, "abcd", 4);
	assert_true(writer.failed);
	assert_memory_equal(record, "\1\2\3\4", 4);
}

static void a_reader_remembers_that_something_was_missing(void **state)
{
	uint32_t untouched = 7;
	struct wire_reader reader = wire_reader_init((struct bytes){"abc", 3});

	(void)state;
	assert_int_equal(wire_read_u32(&reader), 0);
	assert_true(reader.failed);
	assert_int_equal(wire_read_u8(&reader), 0);
	wire_read_bytes(&reader, &untouched, sizeof untouched);
	assert_int_equal(untouched, 7);
	assert_false(wire_read_done(&reader));

	reader = wire_reader_init((struct bytes){NULL, 0});
	assert_true(wire_read_done(&reader));
	assert_int_equal(wire_read_u8(&reader), 0);
	assert_false(wire_read_done(&reader));
}

static void texts_carry_their_length(void **state)
{
	unsigned char record[16];
	char text[8];
	struct wire_writer writer = wire_writer_init(record, sizeof record);

	(void)state;
	wire_write_text(&writer, "mallory", 7);
	wire_write_text(&writer, "", 0);
	assert_int_equal(writer.at - record, 9);

	struct wire_reader reader = wire_reader_init((struct bytes){record, 9});
	wire_read_text(&reader, text, 7);
	assert_string_equal(text, "mallory");
	wire_read_text(&reader, text, 7);
	assert_string_equal(text, "");
	assert_true(wire_read_done(&reader));
}

static void bad_texts_are_failures(void **state)
{
	static const struct bytes bad[] = {
		{"\5abcd", 5},	     /* cut off */
		{"\10abcdefgh", 9}, /* longer than there is room for */
		{"\3a\0b", 4},	     /* zero byte */
		{"", 0},
	};
	char long_text[300];
	unsigned char record[400];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char text[8] = "before";
		struct wire_reader reader = wire_reader_init(bad[i]);
		wire_read_text(&reader, text, 7);
		assert_true(reader.failed);
		assert_string_equal(text, "before");
	}

	memset(long_text, 'x', sizeof long_text);
	struct wire_writer writer = wire_writer_init(record, sizeof record);
	wire_write_text(&writer, long_text, 256);
	assert_true(writer.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_little_endian),
		cmocka_unit_test(the_highest_numbers_come_back),
		cmocka_unit_test(sorted_numbers_sort_as_bytes),
		cmocka_unit_test(moments_stay_within_32_bits),
		cmocka_unit_test(a_writer_remembers_that_something_did_not_fit),
		cmocka_unit_test(a_reader_remembers_that_something_was_missing),
		cmocka_unit_test(texts_carry_their_length),
		cmocka_unit_test(bad_texts_are_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
