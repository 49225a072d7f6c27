/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen: the socket's place in the file system, before and after libmilter binds
 * it, so that what is wrong is said to whoever starts the milter: libmilter itself
 * tells syslog only.
 */
#ifndef RESETGUARD_MILTER_LISTEN_H
#define RESETGUARD_MILTER_LISTEN_H

#include <sys/types.h>

#include "resetguard/conf.h"
#include "resetguard/err.h"

/* A key whose value may name a UNIX socket, "unix:PATH", and that value. */
struct listen_key {
	const char *name;
	const char *value;
};

/* Makes sure that the socket can be made: the directory of a UNIX socket is
 * there, and what stands in its place is a socket that nobody listens on any more. */
MUST_CHECK enum err listen_check(const struct conf *conf, const struct listen_key *key,
				 struct why *why);

/* Gives a UNIX socket that has just been bound its owner, group and mode; owner
 * (uid_t)-1 leaves it. A group that may not be given is an error to root; others
 * go on, with a warning. */
MUST_CHECK enum err listen_hand_over(const struct conf *conf, const struct listen_key *key,
				     uid_t owner, struct why *why);

/* Removes a UNIX socket when it is not listened on any longer. socket_name as in conf. */
void listen_remove(const char *socket_name);

#endif
