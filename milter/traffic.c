/* SPDX-License-Identifier: BSD-2-Clause */
/* traffic: how many mail transactions are open, and how they come to an end. */
#include "traffic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

struct traffic {
	atomic_uint open;
	atomic_bool draining;
	atomic_bool turning_away;
	pthread_mutex_t lock;
	pthread_cond_t ended;
};

enum err traffic_open(struct traffic **traffic)
{
	struct traffic *opened = calloc(1, sizeof *opened);
	pthread_condattr_t attributes;

	if (opened == NULL)
		return ERR_NO_MEMORY;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&opened->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&opened->lock, NULL);
	*traffic = opened;
	return ERR_OK;
}

void traffic_close(struct traffic *traffic)
{
	if (traffic == NULL)
		return;
	pthread_cond_destroy(&traffic->ended);
	pthread_mutex_destroy(&traffic->lock);
	free(traffic);
}

void traffic_begin(struct traffic *traffic)
{
	atomic_fetch_add(&traffic->open, 1);
}

/* Either the drain sees the count that is left here, or this sees the drain:
 * both are sequentially consistent. */
void traffic_end(struct traffic *traffic)
{
	unsigned before = atomic_fetch_sub(&traffic->open, 1);

	if (before > 1 || !atomic_load(&traffic->draining))
		return;
	pthread_mutex_lock(&traffic->lock);
	pthread_cond_signal(&traffic->ended);
	pthread_mutex_unlock(&traffic->lock);
}

bool traffic_turns_away(const struct traffic *traffic)
{
	return atomic_load_explicit(&traffic->turning_away, memory_order_relaxed);
}

bool traffic_is_draining(const struct traffic *traffic)
{
	return atomic_load(&traffic->draining);
}

unsigned traffic_open_count(const struct traffic *traffic)
{
	return atomic_load(&traffic->open);
}

/* With the lock held. */
static void wait_until_idle(struct traffic *traffic, const struct timespec *end)
{
	int waited = 0;

	while (waited == 0 && atomic_load(&traffic->open) > 0)
		waited = pthread_cond_timedwait(&traffic->ended, &traffic->lock, end);
}

unsigned traffic_drain(struct traffic *traffic, int64_t seconds)
{
	struct timespec half;
	struct timespec end;
	unsigned left;

	clock_gettime(CLOCK_MONOTONIC, &half);
	end = half;
	half.tv_sec += (time_t)(seconds / 2);
	end.tv_sec += (time_t)seconds;
	pthread_mutex_lock(&traffic->lock);
	atomic_store(&traffic->draining, true);
	wait_until_idle(traffic, &half);
	atomic_store(&traffic->turning_away, true);
	wait_until_idle(traffic, &end);
	left = atomic_load(&traffic->open);
	pthread_mutex_unlock(&traffic->lock);
	return left;
}
