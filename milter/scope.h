/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scope: which mail is ours to judge. Pure.
 *
 * Only originating mail is: from an authenticated client, from a listed network,
 * through sendmail(1), or through a service listed by its {daemon_name}. A
 * service listed as !NAME is out whatever else holds: that is how mail which a
 * content filter re-injects from loopback is kept out.
 */
#ifndef RESETGUARD_MILTER_SCOPE_H
#define RESETGUARD_MILTER_SCOPE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "resetguard/conf.h"

/* A longer {daemon_name} is cut. */
enum { SCOPE_DAEMON_NAME_MAX = 127 };

/* The SMTP client. Without an address it is a process of this host: Sendmail has
 * none to tell for what it reads from a pipe. */
struct scope_client {
	bool has_address;
	struct in6_addr address; /* IPv4 is mapped (RFC 4291 2.5.5.2) */
};

/* address may be NULL; only IPv4 and IPv6 are addresses here. */
struct scope_client scope_client(const struct sockaddr *address);

/* Whether a message came through sendmail(1), which only Postfix's ways tell: the
 * queue id is there at MAIL already, and the address comes without brackets. */
bool scope_is_sendmail(bool mta_is_postfix, const char *queue_id, const char *sender_path);

struct scope_mail {
	const struct scope_client *client;
	const char *daemon_name; /* "" if the MTA gave none */
	bool authenticated;
	bool from_sendmail;
};

bool scope_is_originating(const struct conf *conf, const struct scope_mail *mail);

#endif
