/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: how often things have happened, for those who watch the milter.
 *
 * Counted without locks. Each session counts in one of a few shards, which few others
 * share, on cache lines of its own; whoever wants a number adds the shards up. Numbers
 * read while others count are each true, and not all of the same instant.
 *
 * Classes of mail are those that the configuration names, counted by their place in a
 * table that only grows, so that a reload goes on where it was; what has no place there
 * counts as "other". Nothing that comes from a message is ever a name here.
 */
#ifndef RESETGUARD_MILTER_COUNTERS_H
#define RESETGUARD_MILTER_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/conf.h"
#include "resetguard/err.h"
#include "resetguard/policy.h"

enum {
	COUNTERS_SHARDS = 16,
	COUNTERS_CLASSES_MAX = 32, /* the first is "other" */
	COUNTERS_BOUNDS_MAX = 12,  /* of a histogram */
};

enum counter {
	COUNTER_SESSIONS_BEGUN,
	COUNTER_SESSIONS_ENDED,
	COUNTER_TRANSACTIONS,
	COUNTER_OUT_OF_SCOPE,	  /* that match a rule */
	COUNTER_DEFERRAL_REPEATS, /* sendmail(1) mail, deferred once more */
	COUNTER_WANTED_DROPPED,
	COUNTER_CANARY,
	COUNTER_RELOADS_OK,
	COUNTER_RELOADS_FAILED,
};
enum { COUNTER_COUNT = 9 };

/* In nanoseconds. */
enum histogram {
	HISTOGRAM_LOOKUP, /* one recipient judged */
	HISTOGRAM_WAIT,	  /* a message that waited for newer facts */
};
enum { HISTOGRAM_COUNT = 2 };

/* Two tables with the same columns. */
enum tally {
	TALLY_MESSAGES,	  /* guarded messages, by the worst of their recipients */
	TALLY_RECIPIENTS, /* one for each line of the log */
};
enum { TALLY_COUNT = 2 };

struct tally_cell {
	enum mode mode;
	unsigned class;
	enum verdict verdict;
	enum reason reason;
};

struct counters;
struct counters_shard; /* of one session at a time, mostly; any thread may count in it */

MUST_CHECK enum err counters_open(struct counters **counters);
void counters_close(struct counters *counters);

/* ---- counting: any thread ---- */

struct counters_shard *counters_shard(struct counters *counters);
void counters_add(struct counters_shard *shard, enum counter counter);
void counters_observe(struct counters_shard *shard, enum histogram histogram, uint64_t nanoseconds);
void counters_tally(struct counters_shard *shard, enum tally tally, const struct tally_cell *cell);

/* ---- classes ---- */

/* Gives a place to each class that conf guards or has keys for. One thread at a time. */
void counters_name_classes(struct counters *counters, const struct conf *conf);
/* Any thread. */
unsigned counters_class(const struct counters *counters, const char *name);
unsigned counters_class_count(const struct counters *counters);
const char *counters_class_name(const struct counters *counters, unsigned class);

/* ---- reading: any thread ---- */

uint64_t counters_total(const struct counters *counters, enum counter counter);
uint64_t counters_tally_total(const struct counters *counters, enum tally tally,
			      const struct tally_cell *cell);

struct distribution {
	unsigned bound_count;
	uint64_t bounds[COUNTERS_BOUNDS_MAX];	  /* nanoseconds, rising */
	uint64_t counts[COUNTERS_BOUNDS_MAX + 1]; /* of each interval; the last has no bound */
	uint64_t sum;
};
struct distribution counters_distribution(const struct counters *counters,
					  enum histogram histogram);

#endif
