/* SPDX-License-Identifier: BSD-2-Clause */
/* reply: what the SMTP client is told, within SMTP's limits. */
#include "reply.h"

#include <stdio.h>

void reply_begin(struct reply *reply, struct policy_reply_code code)
{
	reply->code = code;
	reply->line_count = 0;
	reply->omitted = 0;
}

void reply_add(struct reply *reply, const char *text)
{
	if (reply->line_count == REPLY_LINES_MAX) {
		reply->omitted++;
		return;
	}
	snprintf(reply->lines[reply->line_count], sizeof reply->lines[0], "%.*s", REPLY_TEXT_MAX,
		 text);
	reply->line_count++;
}

void reply_end(struct reply *reply)
{
	if (reply->omitted == 0)
		return;
	/* The last line gives way. */
	snprintf(reply->lines[REPLY_LINES_MAX - 1], sizeof reply->lines[0], "and %u more",
		 reply->omitted + 1);
}

void reply_set(struct reply *reply, struct policy_reply_code code, const char *text)
{
	reply_begin(reply, code);
	reply_add(reply, text);
	reply_end(reply);
}
