/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deliver: tells the application of the changes that wait in the outbox.
 *
 * Each taker, on_change_command and on_change_url, is told by itself: one change at a
 * time, a domain's in their order. A change that is not taken holds up its domain's
 * later ones only, and is tried again after pauses that grow to an hour; a taker that
 * takes none of several rests in the same way. What is taken is committed in batches,
 * so that a kill at any instant tells some changes once more, under the same id, and
 * loses none. No transaction is open while a taker is asked.
 *
 * The command is run as command.h says, within `timeout`; status 0 is taken. The URL
 * is posted to through http.h; a 2xx is taken, redirects are not followed. It is the
 * operator's own, and not somebody else's link: it may lead to a private address, but
 * as all others only by https.
 *
 * One process at a time tells a taker (refresh.lock): who finds it busy leaves it to
 * the other.
 */
#ifndef RESETGUARD_DELIVER_H
#define RESETGUARD_DELIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/cache.h"
#include "resetguard/conf.h"
#include "resetguard/err.h"
#include "resetguard/key_file.h"

enum {
	DELIVER_BATCH_MAX = 64, /* changes of one commit */
	DELIVER_BATCH_AGE_MS = 1000,
	DELIVER_ONCE_MS = 30 * 1000, /* no change is begun later in a foreground run */
	DELIVER_LOOK_MS = 60 * 1000, /* what other processes have put in is found by then */
	DELIVER_KEY_MIN = 32,	     /* characters of the key that signs */
};

/* Borrowed, as long as it is told. */
struct deliver_options {
	const struct conf *conf;
	struct cache *cache; /* a writer's */
	int64_t (*clock)(void);
};

/* Who is to be told, for cache_options: 1 << enum outbox_taker. */
unsigned deliver_takers(const struct conf *conf);

/* The key of on_change_key_file, read anew. */
MUST_CHECK enum err deliver_read_key(const struct conf *conf, char key[KEY_FILE_MAX + 1],
				     struct why *why);

struct deliver_totals {
	uint64_t taken;	  /* a change that two take counts twice */
	uint64_t waiting; /* changes, now */
	bool busy;	  /* some taker is being told by another process */
};

/* Tells what is due, for DELIVER_ONCE_MS a taker and one exchange more. What an
 * application does not take is no error. */
MUST_CHECK enum err deliver_once(const struct deliver_options *options,
				 struct deliver_totals *totals, struct why *why);

/* Tells for ever, in threads of its own, until deliver_stop. Open it before, and close
 * it after, whatever else of the process uses http.h. *deliver is NULL if nobody is to
 * be told. */
struct deliver;
MUST_CHECK enum err deliver_start(const struct deliver_options *options, struct deliver **deliver,
				  struct why *why);
/* There is something new. deliver may be NULL, for these two. */
void deliver_kick(struct deliver *deliver);
/* Breaks off what is being told: it is told once more some day. */
void deliver_stop(struct deliver *deliver);

#endif
