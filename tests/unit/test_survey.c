/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "../../milter/survey.h"
#include "milterplace.h"

static void what_is_counted(void **state)
{
	const int64_t now = 1800000000;
	struct survey_result result = {0};
	struct facts facts = facts_new(now, FACTS_IMPORTED);

	(void)state;
	survey_count(&result, &facts, 1000, now);
	assert_int_equal(result.unchecked, 1);
	assert_int_equal(result.domains[STATE_UNKNOWN], 1);
	assert_int_equal(result.oldest_checked_at, 0);

	facts.state = facts.registry_state = STATE_REGISTERED;
	facts.source = SOURCE_RDAP;
	facts.registry.checked_at = now - 1000;
	survey_count(&result, &facts, 1000, now);
	assert_int_equal(result.stale, 0);
	assert_int_equal(result.oldest_checked_at, now - 1000);
	facts.registry.checked_at = now - 1001;
	survey_count(&result, &facts, 1000, now);
	facts.registry.checked_at = now - 5;
	survey_count(&result, &facts, 1000, now);
	assert_int_equal(result.stale, 1);
	assert_int_equal(result.oldest_checked_at, now - 1001);
	assert_int_equal(result.domains[STATE_REGISTERED], 3);
	survey_count(&result, NULL, 1000, now);
	assert_int_equal(result.damaged, 1);
}

static struct survey_result await_result(struct survey *survey)
{
	static const struct timespec moment = {.tv_nsec = 5000000};
	struct survey_result result;

	do {
		(void)nanosleep(&moment, NULL);
		result = survey_result(survey);
	} while (result.ended_at == 0);
	return result;
}

static void a_cache_is_walked_to_its_end(void **state)
{
	struct milterplace place;
	struct survey_result result;
	struct worlds *worlds;
	struct survey *survey;
	struct why why = {""};

	(void)state;
	milterplace_make(&place, time(NULL));
	assert_int_equal(worlds_open(place.conf_path, &worlds, &why), ERR_OK);
	assert_int_equal(survey_open(worlds, &survey, &why), ERR_OK);
	result = await_result(survey);
	assert_int_equal(result.domains[STATE_REGISTERED], 4);
	assert_int_equal(result.domains[STATE_REDEMPTION], 1);
	assert_int_equal(result.stale, 1);
	assert_int_equal(result.unchecked, 0);
	assert_int_equal(result.damaged, 0);
	assert_int_equal(result.oldest_checked_at, place.now - 100 * MILTERPLACE_DAY);
	survey_close(survey);
	worlds_close(worlds);
	milterplace_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_counted),
		cmocka_unit_test(a_cache_is_walked_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
