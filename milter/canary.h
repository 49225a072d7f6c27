/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * canary: a reset refused as an attack may look, and the command that is told of it.
 *
 * Whoever waits for a domain to lapse, or has just bought it, asks for a reset to see
 * whether it works. So each reset refused as expired, owner-changed, unverified or
 * new-domain, or that observe mode would have refused so, is handed to
 * on_canary_command, at most once an hour for each domain.
 *
 * A message never waits for it: one thread runs one command after the other, and what
 * is too much at one time is left out, and told.
 */
#ifndef RESETGUARD_MILTER_CANARY_H
#define RESETGUARD_MILTER_CANARY_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/judge.h"
#include "resetguard/render.h"

enum {
	CANARY_INTERVAL_MS = 3600000, /* between two commands for one domain */
	CANARY_DOMAINS_MAX = 4096,    /* told of within that time */
	CANARY_WINDOW = 16,	      /* places where one domain may stand */
	CANARY_WAITING_MAX = 64,      /* commands that wait to be run */
	CANARY_COMMAND_MS = 30000,    /* for one command, then it is killed */
	CANARY_COMPLAINT_MS = 60000,  /* between two complaints of what is left out */
};

struct canary;

/* Starts the thread: signals are blocked before. */
MUST_CHECK enum err canary_open(struct canary **canary, struct why *why);
/* Kills a command that runs. */
void canary_close(struct canary *canary);

/* Whether the judgement is such a refusal. Pure. */
bool canary_is_one(const struct judgement *judgement);

/* Has the command run with an object about the refusal, one line of JSON, on its
 * standard input; or does nothing, where the domain's hour is not over. Any thread. */
void canary_tell(struct canary *canary, const char *command, const struct judgement *judgement,
		 const struct render_event *event, int64_t now, int64_t monotonic_ms);

#endif
