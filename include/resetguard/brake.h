/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * brake: whether what a registry says may move owner_since now, or is held back.
 *
 * A registry that breaks says "no such domain" of thousands. So each host's changes
 * are counted over a sliding day: every change that would move owner_since without
 * the registry's explicit word, that is, an object that says redemption or pending
 * delete, or a date. Once there are more than rules.count of them, and more than
 * rules.percent of the domains checked there in that day, further ones are held
 * back: the facts stay, the domain is disputed, an operator decides.
 *
 * A first check changes nothing that anybody relied on and does not count, unless
 * the host lies: more than half of its answers in the run, of BRAKE_LIAR_ANSWERS at
 * least, say "no such domain". Then those first checks are held back as well.
 *
 * What is held back of a domain stays so while its registry repeats it, and counts
 * once. An explicit word ends it, or an answer that agrees with what is known and shows
 * the same registration: after "no such domain" the name may have been sold anew, so an
 * object without a date proves that by its handle only, the DNS by the name servers.
 *
 * Pure: values in, values out.
 */
#ifndef RESETGUARD_BRAKE_H
#define RESETGUARD_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/apply.h"
#include "resetguard/facts.h"
#include "resetguard/history.h"
#include "resetguard/host_record.h"
#include "resetguard/observation.h"

enum { BRAKE_LIAR_ANSWERS = 20 };

struct brake_rules {
	unsigned count;
	unsigned percent;
};

/* What a host has answered in this run. */
struct brake_run {
	uint64_t answers; /* objects and "no such domain" */
	uint64_t absent;  /* "no such domain" */
};

/* The sums over the last day. */
struct brake_day {
	uint64_t checked;     /* domains, each once a day */
	uint64_t unexplained; /* changes, those held back among them */
};

enum brake_decision {
	BRAKE_APPLY,  /* store what was applied */
	BRAKE_SETTLE, /* the same, and what was held back of the domain is over */
	BRAKE_HOLD,   /* store what brake_hold says, and park what was applied */
	BRAKE_WAIT,   /* the same, but what is parked already stays */
};

void brake_note_answer(const struct observation *observation, struct brake_run *run);

/* Decides on applied, which is what facts_apply made of before and observation, and
 * counts it at its host. */
enum brake_decision brake_decide(const struct facts *before,
				 const struct observation *observation,
				 const struct apply_rules *apply_rules,
				 const struct apply_result *applied,
				 const struct brake_rules *rules, const struct brake_run *run,
				 struct host_counts *counts);

struct brake_day brake_day(const struct host_counts *counts, int64_t now);

/* The facts of a domain whose change is held back: as before, disputed, and the check
 * counts as one that failed, so that it is asked again soon. */
struct facts brake_hold(const struct facts *before, const struct observation *observation);

/* The facts when a change that was held back is let pass: as if it had been applied
 * when it was seen, with what has been learned from others since. */
struct facts brake_release(const struct facts *current, const struct facts *parked);

/* Whether a host's event moved the owner without its explicit word. */
bool brake_event_unexplained(const struct history_event *event);

/* Takes an event of a host back. False, and facts as they were: they are no longer
 * what the event made them. They are due then at now. */
bool brake_undo(const struct history_event *event, int64_t now, struct facts *facts);

/* One change of that time is settled: it leaves the count. */
void brake_uncount(struct host_counts *counts, int64_t at, int64_t now);
/* All are. */
void brake_uncount_all(struct host_counts *counts);

#endif
