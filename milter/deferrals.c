/* SPDX-License-Identifier: BSD-2-Clause */
/* deferrals: the sendmail(1) messages that are deferred again and again. */
#include "deferrals.h"

#include <pthread.h>
#include <stdlib.h>

struct deferral {
	uint64_t key; /* 0: free */
	int64_t since;
	int64_t seen_at;
};

struct deferrals {
	pthread_mutex_t lock;
	struct deferral *messages;
};

enum err deferrals_open(struct deferrals **deferrals)
{
	struct deferrals *opened = calloc(1, sizeof *opened);

	if (opened == NULL)
		return ERR_NO_MEMORY;
	/* Pages are used only as messages come to stand there. */
	opened->messages = calloc(DEFERRALS_MAX, sizeof *opened->messages);
	if (opened->messages == NULL) {
		free(opened);
		return ERR_NO_MEMORY;
	}
	pthread_mutex_init(&opened->lock, NULL);
	*deferrals = opened;
	return ERR_OK;
}

void deferrals_close(struct deferrals *deferrals)
{
	if (deferrals == NULL)
		return;
	pthread_mutex_destroy(&deferrals->lock);
	free(deferrals->messages);
	free(deferrals);
}

static uint64_t usable(uint64_t key)
{
	return key == 0 ? 1 : key;
}

static struct deferral *place(struct deferrals *deferrals, uint64_t key, unsigned step)
{
	return &deferrals->messages[(key + step) % DEFERRALS_MAX];
}

static struct deferral *find(struct deferrals *deferrals, uint64_t key)
{
	for (unsigned step = 0; step < DEFERRALS_WINDOW; step++) {
		struct deferral *message = place(deferrals, key, step);

		if (message->key == key)
			return message;
	}
	return NULL;
}

bool deferrals_find(struct deferrals *deferrals, uint64_t key, int64_t now, int64_t *since)
{
	struct deferral *message;
	bool found = false;

	pthread_mutex_lock(&deferrals->lock);
	message = find(deferrals, usable(key));
	if (message != NULL && now - message->seen_at <= DEFERRALS_FORGOTTEN) {
		message->seen_at = now;
		*since = message->since;
		found = true;
	}
	pthread_mutex_unlock(&deferrals->lock);
	return found;
}

void deferrals_add(struct deferrals *deferrals, uint64_t key, int64_t now)
{
	struct deferral *chosen;

	key = usable(key);
	pthread_mutex_lock(&deferrals->lock);
	chosen = find(deferrals, key);
	for (unsigned step = 0; chosen == NULL && step < DEFERRALS_WINDOW; step++) {
		struct deferral *message = place(deferrals, key, step);

		if (message->key == 0 || now - message->seen_at > DEFERRALS_FORGOTTEN)
			chosen = message;
	}
	if (chosen != NULL)
		*chosen = (struct deferral){.key = key, .since = now, .seen_at = now};
	pthread_mutex_unlock(&deferrals->lock);
}

void deferrals_remove(struct deferrals *deferrals, uint64_t key)
{
	struct deferral *message;

	pthread_mutex_lock(&deferrals->lock);
	message = find(deferrals, usable(key));
	if (message != NULL)
		*message = (struct deferral){0};
	pthread_mutex_unlock(&deferrals->lock);
}
