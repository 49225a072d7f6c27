/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * remedy: commands for an operator to paste into a shell, built word by word. Every
 * word is quoted where it must be. Nothing here runs anything.
 */
#ifndef RESETGUARD_REMEDY_H
#define RESETGUARD_REMEDY_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/conf.h"
#include "resetguard/err.h"

enum { REMEDY_MAX = 16384 };

struct remedy {
	size_t length;
	bool cut; /* it became too long: there is none */
	char text[REMEDY_MAX];
};

/* One more word. */
void remedy_word(struct remedy *remedy, const char *word);
void remedy_format(struct remedy *remedy, const char *format, ...) PRINTF_LIKE(2, 3);
/* Text for the shell, as it stands. */
void remedy_shell(struct remedy *remedy, const char *text);
void remedy_words(struct remedy *remedy, const char *const *words); /* NULL behind the last */
/* "&&", unless nothing stands before it. */
void remedy_and(struct remedy *remedy);

/* The command; NULL: none, or one that is too long. */
const char *remedy_text(const struct remedy *remedy);

/* In place of what sets key now, or at the end of conf_path: key = value. */
void remedy_set_key(struct remedy *remedy, const struct conf *conf, const char *conf_path,
		    const char *key, const char *value);

/* Makes a comment of the line, with what continues it, at the beginning of text:
 * "FILE:LINE: ..." or "FILE:LINE". False: text begins otherwise, or there is no such line. */
bool remedy_leave_out(struct remedy *remedy, const char *text);

#endif
