/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome: many recipients, one answer. Pure.
 *
 * Over SMTP a message has one answer once its content is there, whatever is to
 * become of each recipient. In order:
 *
 * - a deferred recipient defers the message, so that nothing is decided twice;
 * - a refused one refuses it, unless mixed = strip and somebody is left to have
 *   it: then the refused ones are taken off;
 * - quarantine holds the message, for all who are left;
 * - discard drops it where it is meant for all; where others are to have the
 *   message, only the recipients meant are taken off, without a word: nobody's
 *   mail is lost for another one's sake.
 */
#ifndef RESETGUARD_MILTER_OUTCOME_H
#define RESETGUARD_MILTER_OUTCOME_H

#include <stdbool.h>

#include "resetguard/conf.h"
#include "resetguard/policy.h"

/* How many recipients each action is meant for. */
struct outcome_counts {
	unsigned of[ACTION_COUNT];
};

enum outcome_answer {
	OUTCOME_ACCEPT, /* nothing is to be done */
	OUTCOME_TEMPFAIL,
	OUTCOME_REJECT,
	OUTCOME_DISCARD,
	OUTCOME_EDIT, /* let through, less some recipients or held */
};

struct outcome {
	enum outcome_answer answer;
	bool strip; /* take off those of outcome_is_stripped */
	bool hold;
};

struct outcome outcome_settle(const struct outcome_counts *counts, enum mixed mixed);

bool outcome_is_stripped(enum action action);

#endif
