/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "resetguard/pins.h"

static const struct pin accept_pin = {
	.verdict = PIN_ACCEPT,
	.set_at = 0x04030201,
	.until = 0x08070605,
	.by = "ops",
	.note = "called",
};

static struct bytes encoded(const struct pin *pin, unsigned char record[PIN_RECORD_MAX])
{
	size_t length = 0;

	assert_int_equal(pins_encode(pin, record, &length), ERR_OK);
	return (struct bytes){record, length};
}

static void the_record_is_laid_out_as_drawn(void **state)
{
	static const char wanted[] = "\1\1\1\2\3\4\5\6\7\10\3ops\6called";
	unsigned char record[PIN_RECORD_MAX];

	(void)state;
	struct bytes is = encoded(&accept_pin, record);
	assert_int_equal(is.length, sizeof wanted - 1);
	assert_memory_equal(is.data, wanted, sizeof wanted - 1);
}

static void what_is_written_is_read_back(void **state)
{
	struct pin pin = {.verdict = PIN_REJECT, .set_at = 1};
	unsigned char record[PIN_RECORD_MAX];
	struct pin read;

	(void)state;
	memset(pin.by, 'b', PIN_BY_MAX);
	memset(pin.note, 'n', PIN_NOTE_MAX);
	struct bytes longest = encoded(&pin, record);
	assert_int_equal(longest.length, PIN_RECORD_MAX);
	assert_int_equal(pins_decode(longest, &read), ERR_OK);
	assert_int_equal(read.verdict, PIN_REJECT);
	assert_true(read.set_at == 1);
	assert_true(read.until == 0);
	assert_string_equal(read.by, pin.by);
	assert_string_equal(read.note, pin.note);
}

static void a_text_that_is_too_long_is_not_cut(void **state)
{
	unsigned char record[PIN_RECORD_MAX];
	size_t length = 77;
	struct pin long_by = accept_pin;
	struct pin long_note = accept_pin;

	(void)state;
	memset(long_by.by, 'b', sizeof long_by.by);
	memset(long_note.note, 'n', sizeof long_note.note);
	assert_int_equal(pins_encode(&long_by, record, &length), ERR_TOO_LONG);
	assert_int_equal(pins_encode(&long_note, record, &length), ERR_TOO_LONG);
	assert_int_equal(length, 77);
}

static void an_accept_pin_has_an_end(void **state)
{
	unsigned char record[PIN_RECORD_MAX];
	struct pin endless = accept_pin;
	struct pin read;
	size_t length;

	(void)state;
	endless.until = 0;
	assert_int_equal(pins_encode(&endless, record, &length), ERR_DATA);

	struct bytes on_disk = encoded(&accept_pin, record);
	memset(record + 6, 0, 4);
	assert_int_equal(pins_decode(on_disk, &read), ERR_DAMAGED);
}

static void damaged_records_are_refused(void **state)
{
	unsigned char record[PIN_RECORD_MAX];
	struct bytes whole = encoded(&accept_pin, record);
	struct pin read = {.set_at = 77};

	(void)state;
	for (size_t length = 0; length < whole.length; length++)
		assert_int_equal(pins_decode((struct bytes){record, length}, &read), ERR_DAMAGED);
	assert_int_equal(pins_decode((struct bytes){record, whole.length + 1}, &read), ERR_DAMAGED);
	for (unsigned value = 0; value < 256; value++) {
		record[0] = (unsigned char)value;
		if (value != PINS_VERSION)
			assert_int_equal(pins_decode(whole, &read), ERR_VERSION);
		record[0] = PINS_VERSION;
		record[1] = (unsigned char)value;
		if (value != PIN_ACCEPT && value != PIN_REJECT)
			assert_int_equal(pins_decode(whole, &read), ERR_DAMAGED);
		record[1] = PIN_ACCEPT;
		record[10] = (unsigned char)value;
		if (value != 3)
			assert_int_equal(pins_decode(whole, &read), ERR_DAMAGED);
		record[10] = 3;
	}
	record[12] = '\0';
	assert_int_equal(pins_decode(whole, &read), ERR_DAMAGED);
	assert_true(read.set_at == 77);
}

static void keys_tell_domains_from_addresses(void **state)
{
	struct domain domain = {.length = 4, .name = "a.bc"};
	struct address_hash hash = {{'d'}};
	unsigned char key[PIN_KEY_MAX];

	(void)state;
	assert_int_equal(pins_domain_key(&domain, key), 5);
	assert_memory_equal(key, "da.bc", 5);
	assert_int_equal(pins_address_key(&hash, key), 17);
	assert_memory_equal(key, "ad\0\0", 4);
}

static const struct {
	enum pin_verdict verdict;
	int64_t until;
	int64_t transition_at;
	int64_t now;
	bool in_force;
} cases[] = {
	/* set at 1000 */
	{PIN_ACCEPT, 2000, 0, 1000, true},     {PIN_ACCEPT, 2000, 0, 1999, true},
	{PIN_ACCEPT, 2000, 0, 2000, false},    {PIN_ACCEPT, 2000, 999, 1500, true},
	{PIN_ACCEPT, 2000, 1000, 1500, false}, {PIN_ACCEPT, 2000, 1001, 1500, false},
	{PIN_ACCEPT, 0, 0, 1500, false},       {PIN_REJECT, 2000, 0, 1999, true},
	{PIN_REJECT, 2000, 0, 2000, false},    {PIN_REJECT, 2000, 1500, 1600, true},
	{PIN_REJECT, 0, 1500, INT64_MAX, true},
};

static void a_pin_is_in_force_until_its_end_or_a_change(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pin pin = {
			.verdict = cases[i].verdict,
			.set_at = 1000,
			.until = cases[i].until,
		};
		if (pin_in_force(&pin, cases[i].transition_at, cases[i].now) != cases[i].in_force)
			fail_msg("case %zu", i);
	}
}

static void verdicts_have_words(void **state)
{
	(void)state;
	assert_string_equal(pin_verdict_text(PIN_ACCEPT), "accept");
	assert_string_equal(pin_verdict_text(PIN_REJECT), "reject");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_record_is_laid_out_as_drawn),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(a_text_that_is_too_long_is_not_cut),
		cmocka_unit_test(an_accept_pin_has_an_end),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(keys_tell_domains_from_addresses),
		cmocka_unit_test(a_pin_is_in_force_until_its_end_or_a_change),
		cmocka_unit_test(verdicts_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
