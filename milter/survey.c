/* SPDX-License-Identifier: BSD-2-Clause */
/* survey: what the whole cache looks like. */
#include "survey.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "resetguard/cache.h"
#include "resetguard/time.h"

struct survey {
	struct worlds *worlds;
	const struct world *world; /* the thread's */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t closing;
	bool closed;
	struct survey_result result;
};

void survey_count(struct survey_result *result, const struct facts *facts, int64_t max_age,
		  int64_t now)
{
	int64_t checked_at;

	if (facts == NULL) {
		result->damaged++;
		return;
	}
	result->domains[facts->state]++;
	checked_at = facts_checked_at(facts);
	if (checked_at == 0) {
		result->unchecked++;
		return;
	}
	if (checked_at + max_age < now)
		result->stale++;
	if (result->oldest_checked_at == 0 || checked_at < result->oldest_checked_at)
		result->oldest_checked_at = checked_at;
}

/* ---- the walk ---- */

struct slice {
	struct survey_result *result;
	struct domain last; /* of length 0: none yet */
	unsigned left;
	int64_t max_age;
	int64_t now;
};

static enum err visit(void *context, const struct domain *domain, const struct facts *facts)
{
	struct slice *slice = context;

	survey_count(slice->result, facts, slice->max_age, slice->now);
	slice->last = *domain;
	slice->left--;
	return slice->left > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err walk_slice(const struct survey *survey, struct slice *slice)
{
	struct domain after = slice->last;
	struct cache_txn *txn;
	enum err err = cache_read_begin(survey->world->judge.cache, time_monotonic_ms(), &txn);

	if (err != ERR_OK)
		return err;
	err = cache_each_facts_after(txn, after.length > 0 ? &after : NULL, visit, slice);
	cache_read_end(txn);
	return err;
}

/* False: the survey is closed. */
static bool pause_for(struct survey *survey, int64_t ms)
{
	struct timespec end;
	int waited = 0;
	bool closed;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (time_t)(ms / 1000);
	end.tv_nsec += (long)(ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	pthread_mutex_lock(&survey->lock);
	while (waited == 0 && !survey->closed)
		waited = pthread_cond_timedwait(&survey->closing, &survey->lock, &end);
	closed = survey->closed;
	pthread_mutex_unlock(&survey->lock);
	return !closed;
}

/* False: the survey is closed. A cache that cannot be read leaves the last result. */
static bool walk(struct survey *survey)
{
	struct survey_result result = {0};
	struct slice slice = {.result = &result};
	enum err err;

	world_renew(survey->worlds, &survey->world);
	slice.max_age = conf_class_find(survey->world->conf, "")->policy.max_age;
	slice.now = time_now();
	do {
		slice.left = SURVEY_SLICE;
		err = walk_slice(survey, &slice);
		if (!pause_for(survey, SURVEY_PAUSE_MS))
			return false;
	} while (err == ERR_OK && slice.left == 0);
	if (err != ERR_OK)
		return true;
	result.ended_at = time_now();
	pthread_mutex_lock(&survey->lock);
	survey->result = result;
	pthread_mutex_unlock(&survey->lock);
	return true;
}

/* No reload is to wait for the next walk before the old world can go. */
static void let_world_go(struct survey *survey)
{
	world_release(survey->world);
	survey->world = NULL;
}

static void *keep_walking(void *argument)
{
	struct survey *survey = argument;

	do {
		if (!walk(survey))
			break;
		let_world_go(survey);
	} while (pause_for(survey, SURVEY_INTERVAL_MS));
	return NULL;
}

/* ---- its life ---- */

static void free_survey(struct survey *survey)
{
	world_release(survey->world);
	pthread_cond_destroy(&survey->closing);
	pthread_mutex_destroy(&survey->lock);
	free(survey);
}

enum err survey_open(struct worlds *worlds, struct survey **survey, struct why *why)
{
	struct survey *opened = calloc(1, sizeof *opened);
	pthread_condattr_t attributes;
	int failed;

	if (opened == NULL)
		return err_why(ERR_NO_MEMORY, why, "no memory");
	opened->worlds = worlds;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&opened->closing, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&opened->lock, NULL);
	failed = pthread_create(&opened->thread, NULL, keep_walking, opened);
	if (failed != 0) {
		free_survey(opened);
		return err_why_errno(failed, why, "cannot start a thread");
	}
	*survey = opened;
	return ERR_OK;
}

void survey_close(struct survey *survey)
{
	if (survey == NULL)
		return;
	pthread_mutex_lock(&survey->lock);
	survey->closed = true;
	pthread_cond_signal(&survey->closing);
	pthread_mutex_unlock(&survey->lock);
	(void)pthread_join(survey->thread, NULL);
	free_survey(survey);
}

struct survey_result survey_result(struct survey *survey)
{
	struct survey_result result;

	pthread_mutex_lock(&survey->lock);
	result = survey->result;
	pthread_mutex_unlock(&survey->lock);
	return result;
}
