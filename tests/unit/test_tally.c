/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "resetguard/tally.h"

static void add(struct tally *tally, const char *name, unsigned times)
{
	while (times-- > 0)
		tally_add(tally, name);
}

static void counts_are_exact_while_there_is_room(void **state)
{
	struct tally *tally;
	struct tally_row rows[3];

	(void)state;
	assert_int_equal(tally_new(4, &tally), ERR_OK);
	assert_int_equal(tally_top(tally, rows, 3), 0);
	add(tally, "b", 2);
	add(tally, "a", 2);
	add(tally, "c", 1);
	add(tally, "d", 5);
	assert_int_equal(tally_count(tally), 4);
	assert_int_equal(tally_top(tally, rows, 3), 3);
	assert_string_equal(rows[0].name, "d");
	assert_int_equal(rows[0].count, 5);
	assert_string_equal(rows[1].name, "a");
	assert_string_equal(rows[2].name, "b");
	assert_int_equal(rows[2].slack, 0);
	tally_free(tally);
}

/* What Space-Saving promises. */
static void what_is_met_often_is_never_missed(void **state)
{
	struct tally *tally;
	struct tally_row rows[2];

	(void)state;
	assert_int_equal(tally_new(64, &tally), ERR_OK);
	for (unsigned i = 0; i < 20000; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%u", i);
		tally_add(tally, name);
		if (i % 10 == 0)
			tally_add(tally, "often");
		if (i % 20 == 0)
			tally_add(tally, "less often");
	}
	assert_int_equal(tally_count(tally), 64);
	assert_int_equal(tally_top(tally, rows, 2), 2);
	assert_string_equal(rows[0].name, "often");
	assert_true(rows[0].count >= 2000);
	assert_true(rows[0].count - rows[0].slack <= 2000);
	assert_string_equal(rows[1].name, "less often");
	assert_true(rows[1].count >= 1000 && rows[1].count - rows[1].slack <= 1000);
	tally_free(tally);
}

static void a_name_that_is_too_long_is_cut(void **state)
{
	char name[2 * TALLY_NAME_MAX];
	struct tally *tally;
	struct tally_row row;

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(tally_new(1, &tally), ERR_OK);
	tally_add(tally, name);
	name[TALLY_NAME_MAX] = '\0';
	tally_add(tally, name);
	assert_int_equal(tally_top(tally, &row, 1), 1);
	assert_int_equal(row.count, 2);
	assert_string_equal(row.name, name);
	tally_free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_are_exact_while_there_is_room),
		cmocka_unit_test(what_is_met_often_is_never_missed),
		cmocka_unit_test(a_name_that_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
