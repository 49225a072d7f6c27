/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../milter/outcome.h"

/* Recipients by action: accept, tempfail, reject, quarantine, discard. */
static const struct {
	struct outcome_counts counts;
	struct outcome with_reject; /* mixed = reject */
	struct outcome with_strip;
} cases[] = {
#define ALL(a)                  \
	{                       \
		a, false, false \
	}
#define EDIT(s, h)                 \
	{                          \
		OUTCOME_EDIT, s, h \
	}
	{{{0, 0, 0, 0, 0}}, ALL(OUTCOME_ACCEPT), ALL(OUTCOME_ACCEPT)},
	{{{3, 0, 0, 0, 0}}, ALL(OUTCOME_ACCEPT), ALL(OUTCOME_ACCEPT)},
	/* A deferral defers, whoever else there is. */
	{{{0, 1, 0, 0, 0}}, ALL(OUTCOME_TEMPFAIL), ALL(OUTCOME_TEMPFAIL)},
	{{{9, 1, 0, 0, 0}}, ALL(OUTCOME_TEMPFAIL), ALL(OUTCOME_TEMPFAIL)},
	{{{9, 1, 9, 9, 9}}, ALL(OUTCOME_TEMPFAIL), ALL(OUTCOME_TEMPFAIL)},
	/* Refused: the message, or those recipients; never the last one. */
	{{{0, 0, 1, 0, 0}}, ALL(OUTCOME_REJECT), ALL(OUTCOME_REJECT)},
	{{{0, 0, 9, 0, 0}}, ALL(OUTCOME_REJECT), ALL(OUTCOME_REJECT)},
	{{{1, 0, 1, 0, 0}}, ALL(OUTCOME_REJECT), EDIT(true, false)},
	{{{0, 0, 1, 0, 1}}, ALL(OUTCOME_REJECT), ALL(OUTCOME_REJECT)},
	{{{0, 0, 1, 1, 0}}, ALL(OUTCOME_REJECT), EDIT(true, true)},
	/* Held, for all who are left. */
	{{{0, 0, 0, 1, 0}}, EDIT(false, true), EDIT(false, true)},
	{{{1, 0, 0, 1, 0}}, EDIT(false, true), EDIT(false, true)},
	{{{1, 0, 0, 1, 1}}, EDIT(true, true), EDIT(true, true)},
	/* Dropped, but nobody's mail for another one's sake. */
	{{{0, 0, 0, 0, 1}}, ALL(OUTCOME_DISCARD), ALL(OUTCOME_DISCARD)},
	{{{0, 0, 0, 0, 9}}, ALL(OUTCOME_DISCARD), ALL(OUTCOME_DISCARD)},
	{{{1, 0, 0, 0, 1}}, EDIT(true, false), EDIT(true, false)},
	{{{1, 0, 1, 0, 1}}, ALL(OUTCOME_REJECT), EDIT(true, false)},
};

static void assert_settles(size_t i, enum mixed mixed, struct outcome expected)
{
	struct outcome outcome = outcome_settle(&cases[i].counts, mixed);

	if (outcome.answer != expected.answer || outcome.strip != expected.strip ||
	    outcome.hold != expected.hold)
		fail_msg("case %zu: answer %d, strip %d, hold %d", i, (int)outcome.answer,
			 (int)outcome.strip, (int)outcome.hold);
}

static void many_recipients_get_one_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_settles(i, MIXED_REJECT, cases[i].with_reject);
		assert_settles(i, MIXED_STRIP, cases[i].with_strip);
	}
}

/* Whatever the recipients: stripping leaves one, and a deferral is a deferral. */
static void nobody_is_stripped_who_is_the_last(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1 << ACTION_COUNT; bits++) {
		struct outcome_counts counts;

		for (unsigned action = 0; action < ACTION_COUNT; action++)
			counts.of[action] = bits >> action & 1;
		for (int mixed = MIXED_REJECT; mixed <= MIXED_STRIP; mixed++) {
			struct outcome outcome = outcome_settle(&counts, (enum mixed)mixed);

			if (outcome.strip)
				assert_true(counts.of[ACTION_ACCEPT] +
						    counts.of[ACTION_QUARANTINE] >
					    0);
			assert_true((outcome.answer == OUTCOME_TEMPFAIL) ==
				    (counts.of[ACTION_TEMPFAIL] > 0));
			if (outcome.answer == OUTCOME_ACCEPT || outcome.answer == OUTCOME_DISCARD)
				assert_int_equal(counts.of[ACTION_REJECT], 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_recipients_get_one_answer),
		cmocka_unit_test(nobody_is_stripped_who_is_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
