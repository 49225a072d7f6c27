/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: /metrics and /healthz over HTTP. The only module that knows libmicrohttpd.
 *
 * Mail does not depend on it: what goes wrong here is told, and the milter goes on
 * without, or with what was served before. One thread serves all who ask.
 */
#ifndef RESETGUARD_MILTER_METRICS_H
#define RESETGUARD_MILTER_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "resetguard/conf.h"
#include "resetguard/err.h"
#include "session.h"

enum {
	METRICS_CONNECTIONS_MAX = 16,
	METRICS_TIMEOUT = 10,	    /* seconds without a byte */
	METRICS_REQUEST_MAX = 8192, /* bytes of memory for one connection */
};

struct metrics;

/* office is borrowed, and looked at only once something is served. */
MUST_CHECK enum err metrics_open(const struct session_office *office, int64_t now,
				 struct metrics **metrics);
void metrics_close(struct metrics *metrics);

/* One thread for what follows: at first the main one, then that of reloads. */

/* Takes the place that conf names, if any, in front of metrics_serve: at a start as root
 * this is done as root. owner is as in listen_hand_over. */
MUST_CHECK enum err metrics_bind(struct metrics *metrics, const struct conf *conf, uid_t owner,
				 struct why *why);
/* Serves at the place taken, if any. Starts threads: signals are blocked before. */
MUST_CHECK enum err metrics_serve(struct metrics *metrics, struct why *why);

/* After a reload that took effect: serves where conf says. On an error what was served
 * before stays so. */
MUST_CHECK enum err metrics_move(struct metrics *metrics, const struct conf *conf, struct why *why);

/* For the page. */
void metrics_tell_reload(struct metrics *metrics, bool failed, int64_t now);

/* Removes a UNIX socket, when the process is about to end. */
void metrics_remove_socket(const struct metrics *metrics);

#endif
