/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traffic: how many mail transactions are open, and how they come to an end when
 * the milter is to stop.
 *
 * libmilter cuts off whatever is open when it stops, and the MTA answers 451. So
 * first everything is served as ever, for half of the time given, until a moment
 * comes when nothing is open; then new transactions are turned away with a 421,
 * which an SMTP client takes as "connect again", until the old ones have ended or
 * the time is up.
 */
#ifndef RESETGUARD_MILTER_TRAFFIC_H
#define RESETGUARD_MILTER_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/err.h"

struct traffic;

MUST_CHECK enum err traffic_open(struct traffic **traffic);
void traffic_close(struct traffic *traffic);

/* Any thread; no lock but for the last transaction of a drain. */
void traffic_begin(struct traffic *traffic);
void traffic_end(struct traffic *traffic);
bool traffic_turns_away(const struct traffic *traffic);
bool traffic_is_draining(const struct traffic *traffic);
unsigned traffic_open_count(const struct traffic *traffic);

/* Waits until nothing is open, at most for seconds. Returns how many were left. */
unsigned traffic_drain(struct traffic *traffic, int64_t seconds);

#endif
