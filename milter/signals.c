/* SPDX-License-Identifier: BSD-2-Clause */
/* signals: SIGHUP and SIGUSR1 reload, SIGTERM and SIGINT stop. */
#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* For libmilter's thread; see the header. */
int sigwait(const sigset_t *set, int *number)
{
	(void)set;
	(void)number;
	for (;;)
		pause();
}

static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

enum err signals_block(struct why *why)
{
	sigset_t set = our_signals();
	int failed = pthread_sigmask(SIG_BLOCK, &set, NULL);

	return failed == 0 ? ERR_OK : err_why_errno(failed, why, "cannot block signals");
}

static void *serve(void *argument)
{
	const struct signals_duties *duties = argument;
	struct timespec timeout = {.tv_sec = (time_t)(duties->tick_ms / 1000),
				   .tv_nsec = (long)(duties->tick_ms % 1000) * 1000000};
	sigset_t set = our_signals();

	for (;;) {
		int number = duties->tick_ms > 0 ? sigtimedwait(&set, NULL, &timeout)
						 : sigwaitinfo(&set, NULL);

		if (number == SIGTERM || number == SIGINT)
			duties->stop(duties->context);
		else if (number == SIGHUP || number == SIGUSR1)
			duties->reload(duties->context);
		if (duties->tick_ms > 0)
			duties->tick(duties->context);
	}
	return NULL;
}

enum err signals_start(const struct signals_duties *duties, struct why *why)
{
	pthread_t thread;
	int failed = pthread_create(&thread, NULL, serve, (void *)(uintptr_t)duties);

	if (failed != 0)
		return err_why_errno(failed, why, "cannot start a thread");
	pthread_detach(thread);
	return ERR_OK;
}
