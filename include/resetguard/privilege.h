/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * privilege: giving up root for good.
 */
#ifndef RESETGUARD_PRIVILEGE_H
#define RESETGUARD_PRIVILEGE_H

#include <sys/types.h>

#include "resetguard/err.h"

struct privilege_user {
	char name[64];
	uid_t uid;
	gid_t gid; /* the primary group */
};

/* ERR_CONFIG, with the command that makes the user, if there is none. */
MUST_CHECK enum err privilege_find(const char *name, struct privilege_user *user, struct why *why);

/* Becomes user with all its groups, and makes sure that there is no way back.
 * Before any thread exists. A process that is not root stays who it is. */
MUST_CHECK enum err privilege_become(const struct privilege_user *user, struct why *why);

#endif
