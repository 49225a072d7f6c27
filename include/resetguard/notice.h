/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notice: a change as the application is told of it: one JSON object, in one line.
 *
 * Its id is the domain, the time and the cache's sequence number, and so the same each
 * time the change is told. Unknown times are null.
 */
#ifndef RESETGUARD_NOTICE_H
#define RESETGUARD_NOTICE_H

#include <stddef.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/outbox.h"

enum {
	NOTICE_MAX = 4095, /* bytes; a newline after it still fits into COMMAND_INPUT_MAX */
	NOTICE_ID_MAX = DOMAIN_MAX + sizeof "/2026-11-22T07:00:00Z/4294967295",
};

void notice_id(const struct outbox_entry *entry, char id[NOTICE_ID_MAX]);

/* Without a newline. ERR_NO_MEMORY; ERR_TOO_LONG, which no entry of a cache is. */
MUST_CHECK enum err notice_write(const struct outbox_entry *entry, char text[NOTICE_MAX + 1],
				 size_t *length);

#endif
