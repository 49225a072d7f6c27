/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines: the lines of a file or pipe, read once, until somebody says stop.
 *
 * While lines are read, SIGINT, SIGTERM and SIGHUP end nothing by themselves: they
 * are kept, so that what is under way can be brought to an end. One thread.
 */
#ifndef RESETGUARD_LINES_H
#define RESETGUARD_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"

enum { LINES_MAX = 65536 };

struct lines;

/* Blocks the signals. fd stays the caller's, and open. */
MUST_CHECK enum err lines_open(int fd, struct lines **lines, struct why *why);
/* The signals do again what they did before; those that came are forgotten. */
void lines_close(struct lines *lines);

enum lines_end {
	LINES_WHOLE,
	LINES_TOO_LONG, /* over LINES_MAX: passed over */
	LINES_HAS_NUL,	/* passed over */
	LINES_NONE,	/* the input ends */
	LINES_STOPPED,	/* lines_stopped */
	LINES_FAILED,	/* errno says why */
};

/* A line without its end and the blanks before that, terminated by a zero. It may
 * be written to, and is gone at the next call. */
enum lines_end lines_next(struct lines *lines, char **line, size_t *length);

/* Whether a signal has come. */
bool lines_stopped(struct lines *lines);

/* How much of the input has been handed out, and how much there is; 0: not known. */
uint64_t lines_bytes(const struct lines *lines);
uint64_t lines_size(const struct lines *lines);

#endif
