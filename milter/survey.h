/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * survey: what the whole cache looks like, for those who watch the milter.
 *
 * Ten million domains cannot be looked at when somebody asks. A thread walks the facts
 * in small slices with pauses between them, each in a snapshot of its own, which takes
 * about a hundredth of a processor; begins anew some minutes after it has come to the
 * end; and what it found last is there for the asking.
 */
#ifndef RESETGUARD_MILTER_SURVEY_H
#define RESETGUARD_MILTER_SURVEY_H

#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/facts.h"
#include "world.h"

enum {
	SURVEY_SLICE = 2048, /* domains */
	SURVEY_PAUSE_MS = 100,
	SURVEY_INTERVAL_MS = 300000, /* from the end of one walk to the next */
};

struct survey_result {
	int64_t ended_at; /* 0: there is none yet */
	uint64_t domains[STATE_COUNT];
	uint64_t damaged;	   /* records that make no sense */
	uint64_t unchecked;	   /* never checked with success */
	uint64_t stale;		   /* checked, but longer ago than max_age */
	int64_t oldest_checked_at; /* of those checked; 0: none */
};

/* facts NULL: damaged. Pure. */
void survey_count(struct survey_result *result, const struct facts *facts, int64_t max_age,
		  int64_t now);

struct survey;

/* Starts the thread: signals are blocked before. worlds is borrowed. */
MUST_CHECK enum err survey_open(struct worlds *worlds, struct survey **survey, struct why *why);
void survey_close(struct survey *survey);

/* Any thread. */
struct survey_result survey_result(struct survey *survey);

#endif
