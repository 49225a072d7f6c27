/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packs: where the rules of applications lie.
 *
 * A pack is a file of rules (rules.h) under its name, which has lower-case letters,
 * digits, - and dots. Packs lie in a directory of the operator's own, and where they
 * were installed; of two with one name the operator's counts.
 */
#ifndef RESETGUARD_PACKS_H
#define RESETGUARD_PACKS_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/conf.h"
#include "resetguard/err.h"

enum { PACKS_NAME_MAX = 63 };

/* Whether it may be the name of a pack. */
bool packs_is_name(const char *name);

/* The pack's path, which the caller frees; own is the operator's directory, which
 * need not exist. ERR_NOT_FOUND: there is none; why then names similar ones. */
MUST_CHECK enum err packs_find(const char *own, const char *name, char **path, struct why *why);

/* The names of all packs, in order. The caller frees with packs_free_names. */
MUST_CHECK enum err packs_names(const char *own, struct conf_list *names);
void packs_free_names(struct conf_list *names);

#endif
