/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress: one line on a terminal that says how far a long command has got. It
 * is drawn at most five times a second, and gone at the end.
 */
#ifndef RESETGUARD_PROGRESS_H
#define RESETGUARD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PROGRESS_LINE_MAX = 128 };

struct progress {
	FILE *stream; /* NULL: nobody looks */
	int64_t began_ms;
	int64_t drawn_ms;
	bool drawn;
};

/* How far it has got. */
struct progress_state {
	const char *what;  /* "reading" */
	const char *units; /* "rows" */
	uint64_t count;	   /* of units, done */
	uint64_t done;	   /* of all, in whatever is known of the end */
	uint64_t all;	   /* 0: the end is not known */
};

/* On stderr if that is a terminal, unless quiet. */
struct progress progress_begin(bool quiet, int64_t now_ms);
/* Something else begins: rates count from now on. */
void progress_restart(struct progress *progress, int64_t now_ms);
void progress_show(struct progress *progress, const struct progress_state *state, int64_t now_ms);
/* Before anything else is written to the terminal, and at the end. */
void progress_clear(struct progress *progress);

/* The line for a terminal of width columns, elapsed_ms after the beginning. */
void progress_line(const struct progress_state *state, int64_t elapsed_ms, size_t width,
		   char line[PROGRESS_LINE_MAX]);

#endif
