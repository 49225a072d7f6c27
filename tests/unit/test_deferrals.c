/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../milter/deferrals.h"

enum { NOW = 1800000000 };

static struct deferrals *opened(void)
{
	struct deferrals *deferrals = NULL;

	assert_int_equal(deferrals_open(&deferrals), ERR_OK);
	return deferrals;
}

static void a_message_is_known_again_since_it_was_added(void **state)
{
	struct deferrals *deferrals = opened();
	int64_t since = -1;

	(void)state;
	assert_false(deferrals_find(deferrals, 7, NOW, &since));
	assert_int_equal(since, -1);
	deferrals_add(deferrals, 7, NOW);
	assert_true(deferrals_find(deferrals, 7, NOW + 60, &since));
	assert_int_equal(since, NOW);
	assert_false(deferrals_find(deferrals, 8, NOW + 60, &since));
	deferrals_remove(deferrals, 7);
	assert_false(deferrals_find(deferrals, 7, NOW + 61, &since));
	deferrals_remove(deferrals, 7);
	deferrals_close(deferrals);
}

static void it_is_kept_as_long_as_it_comes_again(void **state)
{
	struct deferrals *deferrals = opened();
	int64_t now = NOW;
	int64_t since = 0;

	(void)state;
	deferrals_add(deferrals, 7, now);
	for (int i = 0; i < 10; i++) {
		now += DEFERRALS_FORGOTTEN;
		assert_true(deferrals_find(deferrals, 7, now, &since));
		assert_int_equal(since, NOW);
	}
	assert_false(deferrals_find(deferrals, 7, now + DEFERRALS_FORGOTTEN + 1, &since));
	deferrals_add(deferrals, 7, now + DEFERRALS_FORGOTTEN + 1);
	assert_true(deferrals_find(deferrals, 7, now + DEFERRALS_FORGOTTEN + 2, &since));
	assert_int_equal(since, now + DEFERRALS_FORGOTTEN + 1);
	deferrals_close(deferrals);
}

/* Keys that compete for the same places. */
static uint64_t rival(uint64_t number)
{
	return 5 + (number + 1) * DEFERRALS_MAX;
}

static void who_is_there_stays_when_it_is_full(void **state)
{
	struct deferrals *deferrals = opened();
	int64_t since;

	(void)state;
	for (uint64_t i = 0; i < DEFERRALS_WINDOW; i++)
		deferrals_add(deferrals, rival(i), NOW);
	deferrals_add(deferrals, rival(DEFERRALS_WINDOW), NOW + 1);
	assert_false(deferrals_find(deferrals, rival(DEFERRALS_WINDOW), NOW + 2, &since));
	for (uint64_t i = 0; i < DEFERRALS_WINDOW; i++)
		assert_true(deferrals_find(deferrals, rival(i), NOW + 2, &since));

	/* One that goes makes room, and so does one that is not seen any more. */
	deferrals_remove(deferrals, rival(3));
	deferrals_add(deferrals, rival(DEFERRALS_WINDOW), NOW + 3);
	assert_true(deferrals_find(deferrals, rival(DEFERRALS_WINDOW), NOW + 3, &since));
	deferrals_add(deferrals, rival(99), NOW + 4 + DEFERRALS_FORGOTTEN);
	assert_true(deferrals_find(deferrals, rival(99), NOW + 4 + DEFERRALS_FORGOTTEN, &since));
	deferrals_close(deferrals);
}

static void every_key_is_a_key(void **state)
{
	struct deferrals *deferrals = opened();
	int64_t since;

	(void)state;
	assert_false(deferrals_find(deferrals, 0, 0, &since));
	deferrals_add(deferrals, 0, NOW);
	assert_true(deferrals_find(deferrals, 0, NOW, &since));
	deferrals_add(deferrals, UINT64_MAX, NOW);
	assert_true(deferrals_find(deferrals, UINT64_MAX, NOW, &since));
	deferrals_close(deferrals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_known_again_since_it_was_added),
		cmocka_unit_test(it_is_kept_as_long_as_it_comes_again),
		cmocka_unit_test(who_is_there_stays_when_it_is_full),
		cmocka_unit_test(every_key_is_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
