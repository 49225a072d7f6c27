/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * finding: what the doctor has found, and the one place where it is written down.
 */
#ifndef RESETGUARD_FINDING_H
#define RESETGUARD_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "resetguard/err.h"

/* In the order of their weight. Of the last two something is to be mended. */
enum level { LEVEL_OK, LEVEL_NOTE, LEVEL_WARNING, LEVEL_ERROR };
enum { LEVEL_COUNT = LEVEL_ERROR + 1 };

enum { FINDING_TEXT_MAX = 1024 };

struct finding {
	const char *check; /* a stable token; static storage */
	enum level level;
	char *text;   /* one line: what was found, and why it matters */
	char *remedy; /* the command that mends it; NULL: none is needed, or none can */
};

struct findings {
	size_t count;
	struct finding *items;
	bool incomplete; /* memory ran out */
};

/* check is kept; remedy, which may be NULL, is copied. Controls in what comes from
 * outside are masked. */
void finding_add(struct findings *findings, const char *check, enum level level, const char *remedy,
		 const char *format, ...) PRINTF_LIKE(5, 6);
void findings_clear(struct findings *findings);
size_t findings_count(const struct findings *findings, enum level level);

const char *level_text(enum level level);

/* One line each, and a second one with the remedy. */
void finding_print(const struct finding *finding, bool colour, FILE *stream);
void finding_print_json(const struct finding *finding, FILE *stream);

#endif
