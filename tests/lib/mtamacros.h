/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtamacros - the macros an MTA has, and which of them go with which command: Postfix's
 * default lists, until the milter asks for others.
 */
#ifndef TESTS_MTAMACROS_H
#define TESTS_MTAMACROS_H

#include <stdbool.h>
#include <stddef.h>

#include "milterwire.h"

struct mtamacros;

/* Returns NULL without memory. */
struct mtamacros *mtamacros_new(void);
void mtamacros_free(struct mtamacros *m);

/* Gives a macro a value, or takes it away. Names as on the wire: i, {mail_addr}. Returns
 * false without memory, or when there are too many macros or one's name is too long. */
bool mtamacros_set(struct mtamacros *m, const char *name, const char *value, size_t length);
bool mtamacros_unset(struct mtamacros *m, const char *name);

/* Replaces the list of one SMFIM_* stage by names parted by blanks. False as above, or for
 * a stage that does not exist. */
bool mtamacros_list(struct mtamacros *m, unsigned stage, const char *names);

/* Writes the SMFIC_MACRO packet that goes before the command. */
void mtamacros_put(const struct mtamacros *m, char command, struct milterwire *w);

#endif
