/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal: systemd's journal, as lines of a mail log.
 *
 * What facility mail and resetguard-milter wrote, each entry as a syslog line with an
 * RFC 3339 stamp in UTC, so that maillog reads it like any other. Where the program is
 * built without libsystemd, journal_open says so and the rest is never called.
 *
 * One thread.
 */
#ifndef RESETGUARD_JOURNAL_H
#define RESETGUARD_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"

enum {
	JOURNAL_CURSOR_MAX = 512,
	JOURNAL_LINE_MAX = 16 << 10, /* of a longer entry the beginning is given */
};

struct journal;

/* Journal files or directories of them; none: this machine's. ERR_UNAVAILABLE: not
 * built in; ERR_NO_INPUT, ERR_PERMISSION. The caller closes. */
MUST_CHECK enum err journal_open(const char *const *paths, size_t count, struct journal **journal,
				 struct why *why);
void journal_close(struct journal *journal);

/* Where reading begins: behind the entry of a cursor, or where cursor is "" at since
 * (0: at the beginning). ERR_DATA: no cursor of this journal. */
MUST_CHECK enum err journal_seek(struct journal *journal, const char *cursor, int64_t since,
				 struct why *why);

/* Calls line for each entry that has not been read yet. */
MUST_CHECK enum err journal_read(struct journal *journal,
				 void (*line)(void *context, const char *text, size_t length),
				 void *context, struct why *why);

/* Of the entry that was read last; "" if none was. */
void journal_cursor(const struct journal *journal, char cursor[JOURNAL_CURSOR_MAX]);

/* A descriptor that poll(2) finds readable when there may be more to read, and what
 * must be called then, before journal_read. */
MUST_CHECK enum err journal_watch(struct journal *journal, int *fd, struct why *why);
void journal_woken(struct journal *journal);

#endif
