/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "resetguard/hash.h"

/* The draft's own. */
static const struct {
	const char *text;
	uint64_t hash;
} vectors[] = {
	{"", UINT64_C(0xcbf29ce484222325)},
	{"a", UINT64_C(0xaf63dc4c8601ec8c)},
	{"foobar", UINT64_C(0x85944171f73967e8)},
};

static void the_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
		const char *text = vectors[i].text;

		assert_int_equal(hash_bytes(text, strlen(text)), vectors[i].hash);
	}
}

static void in_parts_as_in_one(void **state)
{
	(void)state;
	assert_int_equal(hash_more(hash_bytes("foo", 3), "bar", 3), hash_bytes("foobar", 6));
}

static void either_case(void **state)
{
	(void)state;
	assert_int_equal(hash_caseless("FooBAR", 6), hash_bytes("foobar", 6));
	assert_int_equal(hash_caseless("@[`{\xc3\x84", 6), hash_bytes("@[`{\xc3\x84", 6));
}

static void all_bits_count(void **state)
{
	(void)state;
	assert_int_equal(hash_folded(UINT64_C(0x85944171f73967e8)), 0x85944171 ^ 0xf73967e8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors),
		cmocka_unit_test(in_parts_as_in_one),
		cmocka_unit_test(either_case),
		cmocka_unit_test(all_bits_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
