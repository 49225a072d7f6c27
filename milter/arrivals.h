/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arrivals: waiting for the answers to wanted domains.
 *
 * Who answers takes the domain's file off the wanted list after the commit. One
 * thread reads of that by inotify and wakes all who wait; each looks whether its own
 * names are gone. Nobody waits unless a watcher runs, which is looked at once a second
 * at most, and only for messages that would wait.
 *
 * libmilter gives a waiting message a worker thread to itself, and Debian's makes
 * another one for the sessions that come meanwhile. So only so many wait at one time;
 * beyond them a message is judged by what is there.
 */
#ifndef RESETGUARD_MILTER_ARRIVALS_H
#define RESETGUARD_MILTER_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/wanted.h"

enum { ARRIVALS_WAITERS_MAX = 128 };

struct arrivals;

/* Starts the thread: signals are blocked before. */
MUST_CHECK enum err arrivals_open(struct arrivals **arrivals, struct why *why);
/* Nobody waits any more. */
void arrivals_close(struct arrivals *arrivals);

/* All from any thread. */

/* Whether there is somebody who answers. */
bool arrivals_are_expected(struct arrivals *arrivals, const struct wanted *wanted,
			   int64_t monotonic_ms);

/* Returns when none of the domains is on the list, or after most_ms; and for how many
 * milliseconds that was, at least 1. 0: too many wait already. */
int64_t arrivals_wait(struct arrivals *arrivals, const struct wanted *wanted,
		      const struct domain *domains, unsigned count, int64_t most_ms);

#endif
