/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * csv: a row of names or addresses as people have them in files: NAME[,verified_at],
 * with a semicolon or a tab as well, quoted as RFC 4180 has it. What follows the second
 * field is not looked at.
 */
#ifndef RESETGUARD_CSV_H
#define RESETGUARD_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/err.h"

struct csv_row {
	const char *name;    /* in the line */
	int64_t verified_at; /* 0: none */
};

/* Takes the line apart in place, and name is set whatever it returns. A time is written
 * as on the command line (time_parse), or as databases and registries write it. ERR_DATA:
 * it cannot be read. */
MUST_CHECK enum err csv_read(char *line, int64_t now, struct csv_row *row, struct why *why);

/* Whether the row names the columns. */
bool csv_is_heading(const struct csv_row *row);

#endif
