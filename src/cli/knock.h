/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knock: whether somebody answers at a milter's socket, for us and for the MTA. A
 * connection that says nothing does a milter no harm.
 */
#ifndef RESETGUARD_KNOCK_H
#define RESETGUARD_KNOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

#include "resetguard/err.h"
#include "resetguard/privilege.h"

/* socket: as conf.socket. *pid: who listens, as far as the system tells; 0: unknown.
 * ERR_UNAVAILABLE: nobody does. */
MUST_CHECK enum err knock(const char *socket, pid_t *pid, struct why *why);

/* A daemon of the MTA, as Postfix's become. */
struct knock_as {
	struct privilege_user user;
	const char *directory; /* its root if chrooted, and its working directory */
	bool chrooted;
	const char *path; /* of the socket, as it is named there */
};

struct knock_result {
	int failure; /* errno; 0: it could connect */
	/* For EACCES: what it may not pass, as it is named there. */
	char where[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

/* In a process of its own, which gives up root for that user. Only for root, and before
 * any thread exists. ERR_IO: it could not be tried. */
MUST_CHECK enum err knock_as(const struct knock_as *as, struct knock_result *result,
			     struct why *why);

#endif
