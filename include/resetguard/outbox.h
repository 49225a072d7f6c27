/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outbox: changes that the application has not taken yet, and their records.
 *
 * An entry is one event of the history, kept whole, and what has become of telling
 * it to each taker: on_change_command, on_change_url. It is there until all takers
 * that were configured when it was made have taken it.
 *
 * Key: the event's sequence (4, big-endian), so that entries are in the order of the
 * changes. The record, version 1, little-endian:
 *
 *    0  version    1
 *    1  waiting    1    a bit for each taker that has not taken it
 *    2  command    6    failures 2, not to be tried before 4 (Unix seconds)
 *    8  url        6    the same
 *   14  at         4    when the change was seen
 *   18  domain     1 + its length, text
 *       event      a history record
 *
 * Beside the entries each taker has a record of its own, version 1: version 1,
 * failures in a row 2, failing since 4, not to be asked before 4.
 *
 * Pure: values in, values out.
 */
#ifndef RESETGUARD_OUTBOX_H
#define RESETGUARD_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/history.h"
#include "resetguard/wire.h"

/* Who is told. The numbers are on disk, as bits of `waiting`. */
enum outbox_taker { OUTBOX_COMMAND = 0, OUTBOX_URL = 1 };
enum { OUTBOX_TAKER_COUNT = 2 };
enum { OUTBOX_TAKERS_ALL = (1 << OUTBOX_TAKER_COUNT) - 1 };

enum {
	OUTBOX_VERSION = 1,
	OUTBOX_KEY_SIZE = 4,
	OUTBOX_RECORD_MAX = 18 + 1 + DOMAIN_MAX + HISTORY_RECORD_MAX,
	OUTBOX_TAKER_VERSION = 1,
	OUTBOX_TAKER_RECORD_SIZE = 11,

	/* Changes kept for an application that takes none: the oldest go then. */
	OUTBOX_MAX = 100000,

	OUTBOX_PAUSE_FIRST = 5,	    /* seconds after a failure, doubled with each */
	OUTBOX_PAUSE_LONGEST = 3600,
	OUTBOX_RETRY_AFTER_MAX = 86400, /* an application that asks for more is not heard */
	OUTBOX_PATIENCE = 3, /* failures in a row, of any changes, and the taker rests */
};

struct outbox_try {
	uint16_t failures;
	int64_t next_at; /* 0: at once */
};

struct outbox_entry {
	unsigned waiting; /* 1 << taker */
	struct outbox_try tries[OUTBOX_TAKER_COUNT];
	struct domain domain;
	struct history_event event;
};

/* How a taker is doing, whatever the change. */
struct outbox_taker_state {
	uint16_t failures;     /* since it last took something */
	int64_t failing_since; /* 0: it takes */
	int64_t rest_until;    /* 0: it may be asked */
};

/* Whether an application is to be told: a change of state or owner that a source, a
 * release, an undo or an import made. A first look is none, unless it shows that the
 * domain has lapsed or that its owner came after first_seen_at, the oldest date for
 * which somebody vouched. */
bool outbox_is_told(const struct history_event *event, int64_t first_seen_at);

/* What a failure does, of the change to the taker and of the taker itself. retry_after:
 * how long it wants to be left alone, in seconds; 0: it did not say. */
void outbox_failed(struct outbox_try *try, int64_t now, int64_t retry_after);
void outbox_taker_failed(struct outbox_taker_state *state, int64_t now, int64_t retry_after);

void outbox_key(uint32_t sequence, unsigned char key[OUTBOX_KEY_SIZE]);
size_t outbox_encode(const struct outbox_entry *entry, unsigned char record[OUTBOX_RECORD_MAX]);
MUST_CHECK enum err outbox_decode(struct bytes key, struct bytes record,
				  struct outbox_entry *entry);

void outbox_taker_encode(const struct outbox_taker_state *state,
			 unsigned char record[OUTBOX_TAKER_RECORD_SIZE]);
MUST_CHECK enum err outbox_taker_decode(struct bytes record, struct outbox_taker_state *state);

/* "on_change_command", "on_change_url". */
const char *outbox_taker_text(enum outbox_taker taker);

#endif
