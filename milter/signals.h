/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signals: SIGHUP and SIGUSR1 reload, SIGTERM and SIGINT stop.
 *
 * All are blocked in all threads, and one thread takes them, one after the other:
 * what comes while it is busy stays pending, and none is lost.
 *
 * libmilter would compete for them: smfi_main starts a thread that waits for SIGHUP,
 * SIGTERM and SIGINT, takes each as "stop now", and cannot be told otherwise. Which
 * of two waiting threads gets a signal is for the kernel to choose. So the program
 * has a sigwait(3) of its own, which stands before libc's and waits for ever:
 * libmilter's thread calls that, and nothing else in the program does.
 */
#ifndef RESETGUARD_MILTER_SIGNALS_H
#define RESETGUARD_MILTER_SIGNALS_H

#include <stdint.h>

#include "resetguard/err.h"

/* What the thread does. */
struct signals_duties {
	void *context;
	void (*reload)(void *context);
	void (*stop)(void *context); /* ends the process */
	void (*tick)(void *context);
	int64_t tick_ms; /* 0: no tick */
};

/* For the calling thread and all that it makes. Before any thread. */
MUST_CHECK enum err signals_block(struct why *why);

/* Once. duties is kept. */
MUST_CHECK enum err signals_start(const struct signals_duties *duties, struct why *why);

#endif
