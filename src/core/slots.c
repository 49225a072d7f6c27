/* SPDX-License-Identifier: BSD-2-Clause */
/* slots: numbered places that threads claim and give back. */
#include "resetguard/slots.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Two slots in one cache line would make their threads wait for each other. */
enum { CACHE_LINE = 64 };

struct slot {
	alignas(CACHE_LINE) atomic_bool taken;
};

struct slots {
	struct slot *slot;
	unsigned count;
	atomic_bool quiesced;
	atomic_uint waiting; /* changed under lock */
	pthread_mutex_t lock;
	pthread_cond_t released;
};

enum err slots_new(unsigned count, struct slots **slots)
{
	struct slots *new = calloc(1, sizeof *new);
	if (new == NULL)
		return ERR_NO_MEMORY;
	new->slot = aligned_alloc(CACHE_LINE, count * sizeof *new->slot);
	if (new->slot == NULL) {
		free(new);
		return ERR_NO_MEMORY;
	}

	new->count = count;
	for (unsigned i = 0; i < count; i++)
		atomic_init(&new->slot[i].taken, false);
	pthread_mutex_init(&new->lock, NULL);
	pthread_cond_init(&new->released, NULL);
	*slots = new;
	return ERR_OK;
}

void slots_free(struct slots *slots)
{
	if (slots == NULL)
		return;
	pthread_cond_destroy(&slots->released);
	pthread_mutex_destroy(&slots->lock);
	free(slots->slot);
	free(slots);
}

static bool take(struct slot *slot)
{
	return !atomic_load(&slot->taken) && !atomic_exchange(&slot->taken, true);
}

/* Where this thread looks first: threads that look in different places do not
 * get in each other's way, and one that returns finds its slot still warm. */
static unsigned first_look(unsigned count)
{
	uint32_t scattered = (uint32_t)((uintptr_t)pthread_self() >> 6) * UINT32_C(2654435761);

	return (unsigned)((uint64_t)scattered * count >> 32);
}

static bool try_claim(struct slots *slots, unsigned *slot)
{
	if (atomic_load(&slots->quiesced))
		return false;

	unsigned at = first_look(slots->count);
	for (unsigned i = 0; i < slots->count; i++) {
		if (take(&slots->slot[at])) {
			*slot = at;
			return true;
		}
		at = at + 1 == slots->count ? 0 : at + 1;
	}
	return false;
}

unsigned slots_claim(struct slots *slots)
{
	unsigned slot;

	if (try_claim(slots, &slot))
		return slot;

	/* Whoever releases a slot sees that we wait, or we see its slot free:
	 * both sides write first and read then, sequentially consistent. */
	pthread_mutex_lock(&slots->lock);
	atomic_fetch_add(&slots->waiting, 1);
	while (!try_claim(slots, &slot))
		pthread_cond_wait(&slots->released, &slots->lock);
	atomic_fetch_sub(&slots->waiting, 1);
	pthread_mutex_unlock(&slots->lock);
	return slot;
}

static void wake(struct slots *slots)
{
	if (atomic_load(&slots->waiting) == 0)
		return;
	pthread_mutex_lock(&slots->lock);
	pthread_cond_broadcast(&slots->released);
	pthread_mutex_unlock(&slots->lock);
}

void slots_release(struct slots *slots, unsigned slot)
{
	atomic_store(&slots->slot[slot].taken, false);
	wake(slots);
}

void slots_quiesce(struct slots *slots)
{
	atomic_store(&slots->quiesced, true);
	pthread_mutex_lock(&slots->lock);
	atomic_fetch_add(&slots->waiting, 1);
	for (unsigned i = 0; i < slots->count; i++) {
		while (!take(&slots->slot[i]))
			pthread_cond_wait(&slots->released, &slots->lock);
	}
	atomic_fetch_sub(&slots->waiting, 1);
	pthread_mutex_unlock(&slots->lock);
}

void slots_resume(struct slots *slots)
{
	atomic_store(&slots->quiesced, false);
	for (unsigned i = 0; i < slots->count; i++)
		atomic_store(&slots->slot[i].taken, false);
	wake(slots);
}
