/* SPDX-License-Identifier: BSD-2-Clause */
/* deliver: tells the application of the changes that wait in the outbox. */
#include "resetguard/deliver.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "deliver_work.h"
#include "resetguard/log.h"
#include "resetguard/time.h"

unsigned deliver_takers(const struct conf *conf)
{
	return (conf->on_change_command != NULL ? 1U << OUTBOX_COMMAND : 0) |
	       (conf->on_change_url != NULL ? 1U << OUTBOX_URL : 0);
}

/* ---- once ---- */

static enum err tell_once(const struct deliver_options *options, enum outbox_taker taker,
			  struct deliver_totals *totals, struct why *why)
{
	struct deliver_worker worker = {.http = NULL};
	int64_t next_at;
	enum err err = deliver_worker_open(options, taker, -1, &worker, why);

	if (err == ERR_OK) {
		worker.deadline_ms = time_monotonic_ms() + DELIVER_ONCE_MS;
		err = deliver_round(&worker, &next_at, why);
	}
	totals->taken += worker.taken;
	totals->busy |= err == ERR_BUSY;
	deliver_worker_close(&worker);
	return err == ERR_BUSY ? ERR_OK : err;
}

static enum err count_waiting(struct cache *cache, uint64_t *waiting, struct why *why)
{
	struct cache_txn *txn;
	enum err err = cache_snapshot(cache, time_monotonic_ms(), &txn, why);

	if (err != ERR_OK)
		return err;
	err = cache_count_outbox(txn, waiting);
	cache_read_end(txn);
	return err == ERR_OK ? err : err_why(err, why, "the outbox: %s", err_text(err));
}

enum err deliver_once(const struct deliver_options *options, struct deliver_totals *totals,
		      struct why *why)
{
	unsigned takers = deliver_takers(options->conf);
	struct deliver_totals counted = {0};
	enum err err = ERR_OK;

	for (unsigned i = 0; err == ERR_OK && i < OUTBOX_TAKER_COUNT; i++) {
		if ((takers & 1U << i) != 0)
			err = tell_once(options, (enum outbox_taker)i, &counted, why);
	}
	if (err == ERR_OK)
		err = count_waiting(options->cache, &counted.waiting, why);
	if (err == ERR_OK)
		*totals = counted;
	return err;
}

/* ---- for ever ---- */

struct teller {
	struct deliver_worker worker;
	int kick;
	bool running;
	pthread_t thread;
};

struct deliver {
	int stop; /* an eventfd that all tellers look at */
	struct teller tellers[OUTBOX_TAKER_COUNT];
};

/* How long to wait, at most. */
static int wait_ms(const struct teller *teller, int64_t next_at)
{
	int64_t left = next_at - teller->worker.options.clock();

	if (next_at == 0 || left > DELIVER_LOOK_MS / 1000)
		return DELIVER_LOOK_MS;
	return left < 1 ? 1000 : (int)(left * 1000);
}

/* True: go on. */
static bool wait_for_more(struct teller *teller, int timeout_ms)
{
	struct pollfd events[] = {
		{.fd = teller->worker.stop, .events = POLLIN},
		{.fd = teller->kick, .events = POLLIN},
	};
	eventfd_t kicks;

	(void)poll(events, sizeof events / sizeof events[0], timeout_ms);
	if (events[0].revents != 0)
		return false;
	if (events[1].revents != 0)
		(void)eventfd_read(teller->kick, &kicks);
	return true;
}

static void *go_on_telling(void *context)
{
	struct teller *teller = context;
	int64_t next_at;

	do {
		struct why why = {""};
		enum err err;

		next_at = 0;
		err = deliver_round(&teller->worker, &next_at, &why);
		if (err != ERR_OK && err != ERR_BUSY)
			log_line(LOG_LEVEL_ERROR, "%s: %s; trying again in %d s",
				 outbox_taker_text(teller->worker.taker),
				 why.text[0] == '\0' ? err_text(err) : why.text,
				 DELIVER_LOOK_MS / 1000);
	} while (!teller->worker.stopped && wait_for_more(teller, wait_ms(teller, next_at)));
	return NULL;
}

static enum err start_teller(struct deliver *deliver, const struct deliver_options *options,
			     enum outbox_taker taker, struct why *why)
{
	struct teller *teller = &deliver->tellers[taker];
	sigset_t all;
	sigset_t before;
	int failure;
	enum err err = deliver_worker_open(options, taker, deliver->stop, &teller->worker, why);

	if (err != ERR_OK)
		return err;
	teller->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (teller->kick < 0)
		return err_why_errno(errno, why, "telling the application");
	/* Signals are for the main thread. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failure = pthread_create(&teller->thread, NULL, go_on_telling, teller);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failure != 0)
		return err_why_errno(failure, why, "telling the application");
	teller->running = true;
	return ERR_OK;
}

enum err deliver_start(const struct deliver_options *options, struct deliver **deliver,
		       struct why *why)
{
	unsigned takers = deliver_takers(options->conf);
	struct deliver *made;
	enum err err = ERR_OK;

	if (takers == 0) {
		*deliver = NULL;
		return ERR_OK;
	}
	made = calloc(1, sizeof *made);
	if (made == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	for (unsigned i = 0; i < OUTBOX_TAKER_COUNT; i++)
		made->tellers[i].kick = -1;
	made->stop = eventfd(0, EFD_CLOEXEC);
	if (made->stop < 0)
		err = err_why_errno(errno, why, "telling the application");
	for (unsigned i = 0; err == ERR_OK && i < OUTBOX_TAKER_COUNT; i++) {
		if ((takers & 1U << i) != 0)
			err = start_teller(made, options, (enum outbox_taker)i, why);
	}
	if (err != ERR_OK) {
		deliver_stop(made);
		return err;
	}
	*deliver = made;
	return ERR_OK;
}

void deliver_kick(struct deliver *deliver)
{
	if (deliver == NULL)
		return;
	for (unsigned i = 0; i < OUTBOX_TAKER_COUNT; i++) {
		if (deliver->tellers[i].running)
			(void)eventfd_write(deliver->tellers[i].kick, 1);
	}
}

void deliver_stop(struct deliver *deliver)
{
	if (deliver == NULL)
		return;
	if (deliver->stop >= 0)
		(void)eventfd_write(deliver->stop, 1);
	for (unsigned i = 0; i < OUTBOX_TAKER_COUNT; i++) {
		struct teller *teller = &deliver->tellers[i];

		if (teller->running)
			(void)pthread_join(teller->thread, NULL);
		deliver_worker_close(&teller->worker);
		if (teller->kick >= 0)
			close(teller->kick);
	}
	if (deliver->stop >= 0)
		close(deliver->stop);
	free(deliver);
}
