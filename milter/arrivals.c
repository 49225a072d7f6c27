/* SPDX-License-Identifier: BSD-2-Clause */
/* arrivals: waiting for the answers to wanted domains. */
#include "arrivals.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "resetguard/time.h"

enum { LOOK_INTERVAL_MS = 1000 };

struct arrivals {
	int inotify;
	int closing; /* eventfd */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	uint64_t arrivals; /* under lock: changes whenever something has arrived */
	atomic_uint waiters;
	_Atomic int64_t looked_at_ms;
	atomic_bool expected;
};

/* What has arrived is for those who wait to find out. */
static void *listen_for_arrivals(void *argument)
{
	struct arrivals *arrivals = argument;
	struct pollfd events[] = {{.fd = arrivals->inotify, .events = POLLIN},
				  {.fd = arrivals->closing, .events = POLLIN}};
	char unread[16384];

	for (;;) {
		if (poll(events, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (events[1].revents != 0)
			return NULL;
		while (read(arrivals->inotify, unread, sizeof unread) > 0)
			;
		pthread_mutex_lock(&arrivals->lock);
		arrivals->arrivals++;
		pthread_cond_broadcast(&arrivals->arrived);
		pthread_mutex_unlock(&arrivals->lock);
	}
}

static void free_arrivals(struct arrivals *arrivals)
{
	if (arrivals->inotify >= 0)
		close(arrivals->inotify);
	if (arrivals->closing >= 0)
		close(arrivals->closing);
	pthread_cond_destroy(&arrivals->arrived);
	pthread_mutex_destroy(&arrivals->lock);
	free(arrivals);
}

enum err arrivals_open(struct arrivals **arrivals, struct why *why)
{
	struct arrivals *opened = calloc(1, sizeof *opened);
	pthread_condattr_t attributes;
	int failed;

	if (opened == NULL)
		return err_why(ERR_NO_MEMORY, why, "no memory");
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&opened->arrived, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&opened->lock, NULL);
	atomic_init(&opened->looked_at_ms, -LOOK_INTERVAL_MS);
	opened->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	opened->closing = eventfd(0, EFD_CLOEXEC);
	failed = opened->inotify < 0 || opened->closing < 0 ? errno : 0;
	if (failed == 0)
		failed = pthread_create(&opened->thread, NULL, listen_for_arrivals, opened);
	if (failed != 0) {
		free_arrivals(opened);
		return err_why_errno(failed, why, "cannot listen for answers to wanted domains");
	}
	*arrivals = opened;
	return ERR_OK;
}

void arrivals_close(struct arrivals *arrivals)
{
	if (arrivals == NULL)
		return;
	if (eventfd_write(arrivals->closing, 1) == 0)
		(void)pthread_join(arrivals->thread, NULL);
	free_arrivals(arrivals);
}

bool arrivals_are_expected(struct arrivals *arrivals, const struct wanted *wanted,
			   int64_t monotonic_ms)
{
	int64_t looked_at_ms = atomic_load(&arrivals->looked_at_ms);

	/* The directory may be another one by now, so it is named again each time. */
	if (monotonic_ms - looked_at_ms >= LOOK_INTERVAL_MS &&
	    atomic_compare_exchange_strong(&arrivals->looked_at_ms, &looked_at_ms, monotonic_ms))
		atomic_store(&arrivals->expected,
			     wanted_is_watched(wanted) &&
				     wanted_notify(wanted, arrivals->inotify,
						   IN_DELETE | IN_MOVED_FROM) == ERR_OK);
	return atomic_load(&arrivals->expected);
}

static bool is_any_wanted(const struct wanted *wanted, const struct domain *domains, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (wanted_has(wanted, &domains[i]))
			return true;
	}
	return false;
}

/* False after end. */
static bool await_change(struct arrivals *arrivals, uint64_t *seen, const struct timespec *end)
{
	int waited = 0;

	pthread_mutex_lock(&arrivals->lock);
	while (waited == 0 && arrivals->arrivals == *seen)
		waited = pthread_cond_timedwait(&arrivals->arrived, &arrivals->lock, end);
	*seen = arrivals->arrivals;
	pthread_mutex_unlock(&arrivals->lock);
	return waited == 0;
}

static struct timespec time_of(int64_t monotonic_ms)
{
	return (struct timespec){.tv_sec = (time_t)(monotonic_ms / 1000),
				 .tv_nsec = (long)(monotonic_ms % 1000) * 1000000};
}

int64_t arrivals_wait(struct arrivals *arrivals, const struct wanted *wanted,
		      const struct domain *domains, unsigned count, int64_t most_ms)
{
	int64_t begin_ms = time_monotonic_ms();
	struct timespec end = time_of(begin_ms + most_ms);
	int64_t waited_ms = 0;
	uint64_t seen;

	if (atomic_fetch_add(&arrivals->waiters, 1) < ARRIVALS_WAITERS_MAX) {
		pthread_mutex_lock(&arrivals->lock);
		seen = arrivals->arrivals;
		pthread_mutex_unlock(&arrivals->lock);
		while (is_any_wanted(wanted, domains, count) && await_change(arrivals, &seen, &end))
			;
		waited_ms = time_monotonic_ms() - begin_ms;
		if (waited_ms == 0)
			waited_ms = 1;
	}
	atomic_fetch_sub(&arrivals->waiters, 1);
	return waited_ms;
}
