/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmailcf: the milters in Sendmail's configuration.
 *
 *   O InputMailFilters=one,resetguard
 *   Xresetguard, S=unix:PATH, F=T, T=S:30s;R:30s
 *
 * which INPUT_MAIL_FILTER makes in the .mc file. A milter that has an X line and is not
 * listed is not used. Without an F flag mail goes on while the milter is down. Pure.
 */
#ifndef RESETGUARD_SENDMAILCF_H
#define RESETGUARD_SENDMAILCF_H

#include <limits.h>
#include <stdbool.h>

#include "milters.h"

enum { SENDMAILCF_NAME_MAX = 64, SENDMAILCF_LIST_MAX = 1024 };

struct sendmailcf {
	char filters[SENDMAILCF_LIST_MAX]; /* InputMailFilters, as written */
	bool has_filters;		   /* there is such a line */
	char name[SENDMAILCF_NAME_MAX];	   /* of our milter's X line; "": there is none */
	char flags[SENDMAILCF_NAME_MAX];   /* its F */
	bool listed;			   /* it is among the filters */
};

/* text: of the .cf file. Options count as they stand last. */
struct sendmailcf sendmailcf_read(const char *text, const struct milters_socket *socket);

#endif
