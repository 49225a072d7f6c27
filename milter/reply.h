/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: what the SMTP client is told, within SMTP's limits. Pure.
 *
 * One line for each recipient that the answer is about, under the codes of the
 * worst of them; what does not fit is counted in the last line.
 */
#ifndef RESETGUARD_MILTER_REPLY_H
#define RESETGUARD_MILTER_REPLY_H

#include "resetguard/policy.h"

enum {
	REPLY_LINES_MAX = 32, /* libmilter's limit */
	REPLY_TEXT_MAX = 499, /* RFC 5321 4.5.3.1.5, less "550 5.7.18 " and CRLF */
};

struct reply {
	struct policy_reply_code code;
	unsigned line_count;
	unsigned omitted; /* texts that found no room */
	char lines[REPLY_LINES_MAX][REPLY_TEXT_MAX + 1];
};

void reply_begin(struct reply *reply, struct policy_reply_code code);
/* text is cut at REPLY_TEXT_MAX. */
void reply_add(struct reply *reply, const char *text);
/* Once, after the last reply_add. */
void reply_end(struct reply *reply);

/* A reply of one line. */
void reply_set(struct reply *reply, struct policy_reply_code code, const char *text);

#endif
