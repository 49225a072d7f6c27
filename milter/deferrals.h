/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deferrals: the sendmail(1) messages that are deferred again and again.
 *
 * Postfix keeps a deferred sendmail(1) message in its maildrop and offers it at
 * every turn of pickup(8), under another queue id each time, and for ever: so
 * such a message is refused once it has been deferred for defer_max, and only
 * its first deferral is logged.
 *
 * A message is known again by what stays the same: sender, recipients, Date
 * (which Postfix, where it must add one, takes from the maildrop file) and
 * Message-ID, unless that names the queue id, for then Postfix made it. Its age
 * counts from the first time this process saw it. The Date is not trusted for
 * that: an application with a wrong clock or time zone would have its users
 * refused at once, where a restart of the milter merely defers a while longer.
 *
 * The table has a fixed size. When there is no room, what is in it stays and a
 * newcomer is not kept: a message that is known gets old, is refused and makes
 * room, so all of them come to an end, which turning out the oldest would not
 * give. A message not seen for an hour has left the maildrop.
 */
#ifndef RESETGUARD_MILTER_DEFERRALS_H
#define RESETGUARD_MILTER_DEFERRALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"

enum {
	DEFERRALS_MAX = 65536,	    /* messages, 24 bytes each */
	DEFERRALS_WINDOW = 16,	    /* places where one message may stand */
	DEFERRALS_FORGOTTEN = 3600, /* seconds unseen */
};

struct deferrals;

MUST_CHECK enum err deferrals_open(struct deferrals **deferrals);
void deferrals_close(struct deferrals *deferrals);

/* All from any thread. The key is a hash of what stays the same. */

/* Whether the message was deferred before, and since when. */
bool deferrals_find(struct deferrals *deferrals, uint64_t key, int64_t now, int64_t *since);
/* Keeps a message that has just been deferred for the first time. */
void deferrals_add(struct deferrals *deferrals, uint64_t key, int64_t now);
void deferrals_remove(struct deferrals *deferrals, uint64_t key);

#endif
