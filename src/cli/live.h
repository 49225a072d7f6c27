/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: what the running milter says of itself at `metrics`, over HTTP.
 *
 * Bounded in time and size, but for the look-up of a host's name.
 */
#ifndef RESETGUARD_LIVE_H
#define RESETGUARD_LIVE_H

#include <stdbool.h>
#include <sys/types.h>

#include "resetguard/err.h"

enum {
	LIVE_PAGE_MAX = 1 << 18,
	LIVE_WAIT_MS = 2000, /* for all of it */
};

/* place: as conf.metrics. The page, in OpenMetrics' text format; the caller frees.
 * ERR_UNAVAILABLE: nobody listens there. ERR_PERMISSION: we may not ask. Other errors: whoever does cannot be asked, or
 * gives no such page. */
MUST_CHECK enum err live_read(const char *place, char **page, struct why *why);

/* Connects to place, and says nothing. *pid: who listens at a UNIX socket; 0: not known.
 * Errors as above. */
MUST_CHECK enum err live_knock(const char *place, pid_t *pid, struct why *why);

/* Cuts the next sample off the page, "NAME{LABELS}" and its value. False: there is none. */
bool live_next(char **page, const char **name, const char **value);

#endif
