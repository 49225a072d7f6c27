/* SPDX-License-Identifier: BSD-2-Clause */
/* counters: how often things have happened. */
#include "counters.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#define MICROSECOND UINT64_C(1000)
#define MILLISECOND (1000 * MICROSECOND)
#define SECOND (1000 * MILLISECOND)

enum { VERDICT_COUNT = 3, MODE_COUNT = 2, CACHE_LINE = 64 };

struct bounds {
	unsigned count;
	uint64_t at[COUNTERS_BOUNDS_MAX];
};

static const struct bounds bounds_of[HISTOGRAM_COUNT] = {
	[HISTOGRAM_LOOKUP] = {12,
			      {5 * MICROSECOND, 10 * MICROSECOND, 25 * MICROSECOND,
			       50 * MICROSECOND, 100 * MICROSECOND, 250 * MICROSECOND,
			       500 * MICROSECOND, MILLISECOND, 5 * MILLISECOND, 25 * MILLISECOND,
			       100 * MILLISECOND, SECOND}},
	[HISTOGRAM_WAIT] = {10,
			    {50 * MILLISECOND, 100 * MILLISECOND, 250 * MILLISECOND,
			     500 * MILLISECOND, SECOND, 2 * SECOND, 3 * SECOND, 5 * SECOND,
			     10 * SECOND, 30 * SECOND}},
};

struct measured {
	atomic_ullong counts[COUNTERS_BOUNDS_MAX + 1];
	atomic_ullong sum;
};

struct counters_shard {
	alignas(CACHE_LINE) atomic_ullong totals[COUNTER_COUNT];
	struct measured measured[HISTOGRAM_COUNT];
	atomic_ullong tallies[TALLY_COUNT][COUNTERS_CLASSES_MAX][MODE_COUNT][VERDICT_COUNT]
			     [REASON_COUNT];
};

/* Mapped, so that pages of the tables are used only as something comes to stand there. */
#define SHARDS_SIZE (COUNTERS_SHARDS * sizeof(struct counters_shard))

struct counters {
	struct counters_shard *shards;
	atomic_uint next;
	atomic_uint class_count; /* names below it stay as they are */
	char classes[COUNTERS_CLASSES_MAX][CONF_CLASS_MAX + 1];
};

enum err counters_open(struct counters **counters)
{
	struct counters *opened = calloc(1, sizeof *opened);

	if (opened == NULL)
		return ERR_NO_MEMORY;
	opened->shards =
		mmap(NULL, SHARDS_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (opened->shards == MAP_FAILED) {
		free(opened);
		return ERR_NO_MEMORY;
	}
	strcpy(opened->classes[0], "other");
	atomic_init(&opened->class_count, 1);
	*counters = opened;
	return ERR_OK;
}

void counters_close(struct counters *counters)
{
	if (counters == NULL)
		return;
	(void)munmap(counters->shards, SHARDS_SIZE);
	free(counters);
}

/* ---- counting ---- */

static void raise_by(atomic_ullong *total, unsigned long long by)
{
	atomic_fetch_add_explicit(total, by, memory_order_relaxed);
}

struct counters_shard *counters_shard(struct counters *counters)
{
	unsigned next = atomic_fetch_add_explicit(&counters->next, 1, memory_order_relaxed);

	return &counters->shards[next % COUNTERS_SHARDS];
}

void counters_add(struct counters_shard *shard, enum counter counter)
{
	raise_by(&shard->totals[counter], 1);
}

void counters_observe(struct counters_shard *shard, enum histogram histogram, uint64_t nanoseconds)
{
	const struct bounds *bounds = &bounds_of[histogram];
	struct measured *measured = &shard->measured[histogram];
	unsigned interval = 0;

	while (interval < bounds->count && nanoseconds > bounds->at[interval])
		interval++;
	raise_by(&measured->counts[interval], 1);
	raise_by(&measured->sum, nanoseconds);
}

void counters_tally(struct counters_shard *shard, enum tally tally, const struct tally_cell *cell)
{
	raise_by(&shard->tallies[tally][cell->class][cell->mode][cell->verdict][cell->reason], 1);
}

/* ---- classes ---- */

unsigned counters_class(const struct counters *counters, const char *name)
{
	unsigned count = counters_class_count(counters);

	for (unsigned class = 1; class < count; class ++) {
		if (strcasecmp(counters->classes[class], name) == 0)
			return class;
	}
	return 0;
}

unsigned counters_class_count(const struct counters *counters)
{
	return atomic_load_explicit(&counters->class_count, memory_order_acquire);
}

const char *counters_class_name(const struct counters *counters, unsigned class)
{
	return counters->classes[class];
}

static void name_class(struct counters *counters, const char *name)
{
	unsigned count = counters_class_count(counters);

	if (name[0] == '\0' || strcasecmp(name, counters->classes[0]) == 0 ||
	    count == COUNTERS_CLASSES_MAX || counters_class(counters, name) != 0)
		return;
	snprintf(counters->classes[count], sizeof counters->classes[count], "%s", name);
	atomic_store_explicit(&counters->class_count, count + 1, memory_order_release);
}

void counters_name_classes(struct counters *counters, const struct conf *conf)
{
	for (size_t i = 0; i < conf->guard.count; i++)
		name_class(counters, conf->guard.items[i]);
	for (size_t i = 0; i < conf->class_count; i++)
		name_class(counters, conf->classes[i].name);
}

/* ---- reading ---- */

static uint64_t read_total(const atomic_ullong *total)
{
	return atomic_load_explicit(total, memory_order_relaxed);
}

uint64_t counters_total(const struct counters *counters, enum counter counter)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < COUNTERS_SHARDS; i++)
		total += read_total(&counters->shards[i].totals[counter]);
	return total;
}

uint64_t counters_tally_total(const struct counters *counters, enum tally tally,
			      const struct tally_cell *cell)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < COUNTERS_SHARDS; i++)
		total += read_total(&counters->shards[i].tallies[tally][cell->class][cell->mode]
								[cell->verdict][cell->reason]);
	return total;
}

struct distribution counters_distribution(const struct counters *counters, enum histogram histogram)
{
	const struct bounds *bounds = &bounds_of[histogram];
	struct distribution found = {.bound_count = bounds->count};

	memcpy(found.bounds, bounds->at, sizeof found.bounds);
	for (unsigned i = 0; i < COUNTERS_SHARDS; i++) {
		const struct measured *measured = &counters->shards[i].measured[histogram];

		for (unsigned j = 0; j <= bounds->count; j++)
			found.counts[j] += read_total(&measured->counts[j]);
		found.sum += read_total(&measured->sum);
	}
	return found;
}
