/* SPDX-License-Identifier: BSD-2-Clause */
/* outcome: many recipients, one answer. */
#include "outcome.h"

struct outcome outcome_settle(const struct outcome_counts *counts, enum mixed mixed)
{
	unsigned refused = counts->of[ACTION_REJECT];
	unsigned held = counts->of[ACTION_QUARANTINE];
	unsigned dropped = counts->of[ACTION_DISCARD];
	unsigned left = counts->of[ACTION_ACCEPT] + held;
	struct outcome outcome = {.answer = OUTCOME_ACCEPT};

	if (counts->of[ACTION_TEMPFAIL] > 0) {
		outcome.answer = OUTCOME_TEMPFAIL;
	} else if (refused > 0 && (mixed == MIXED_REJECT || left == 0)) {
		outcome.answer = OUTCOME_REJECT;
	} else if (dropped > 0 && left == 0) {
		outcome.answer = OUTCOME_DISCARD;
	} else if (refused + dropped + held > 0) {
		outcome.answer = OUTCOME_EDIT;
		outcome.strip = refused + dropped > 0;
		outcome.hold = held > 0;
	}
	return outcome;
}

bool outcome_is_stripped(enum action action)
{
	return action == ACTION_REJECT || action == ACTION_DISCARD;
}
