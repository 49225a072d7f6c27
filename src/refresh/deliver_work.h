/* SPDX-License-Identifier: BSD-2-Clause */
/* deliver_work: one taker and what it takes to tell it, for deliver*.c. */
#ifndef RESETGUARD_DELIVER_WORK_H
#define RESETGUARD_DELIVER_WORK_H

#include "resetguard/deliver.h"
#include "resetguard/http.h"
#include "resetguard/outbox.h"

struct deliver_worker {
	struct deliver_options options;
	enum outbox_taker taker;
	unsigned takers;	/* all that are configured */
	struct http *http;	/* of OUTBOX_URL */
	int stop;		/* readable: break off; -1: never */
	int64_t deadline_ms;	/* no change is begun later */
	bool stopped;		/* it was readable */
	uint64_t taken;
	struct deliver_attempt *attempts; /* DELIVER_BATCH_MAX of them */
};

MUST_CHECK enum err deliver_worker_open(const struct deliver_options *options,
					enum outbox_taker taker, int stop,
					struct deliver_worker *worker, struct why *why);
/* Also one that was not opened, of zeros. */
void deliver_worker_close(struct deliver_worker *worker);

/* Tells what is due. *next_at: when there will be more, as far as is known; 0: not
 * known. ERR_BUSY: another process does this. */
MUST_CHECK enum err deliver_round(struct deliver_worker *worker, int64_t *next_at,
				  struct why *why);

#endif
