/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render: a judgement as an SMTP reply and as a log line.
 */
#ifndef RESETGUARD_RENDER_H
#define RESETGUARD_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/conf.h"
#include "resetguard/judge.h"

enum {
	RENDER_REPLY_MAX = 512, /* one line: RFC 5321 4.5.3.1.5 */
	RENDER_LINE_MAX = 4096,
};

struct render_reply {
	struct policy_reply_code code;
	char text[RENDER_REPLY_MAX - 11]; /* ASCII, without the codes */
};

/* recipient as the MTA wrote it. The text is that of reply_REASON or built in:
 * it names recipient and reason, says what to do, and carries nothing that a
 * message could forge: "%", controls, 8-bit and backslashes are written as "?".
 * Placeholders of reply_REASON: {recipient} {domain} {reason} {state}. */
void render_reply(const struct judgement *judgement, const struct conf_class *class,
		  const char *recipient, struct render_reply *reply);

/* What the log line says besides the judgement. Strings are borrowed. */
struct render_event {
	const char *queue_id; /* NULL: NOQUEUE */
	enum mode mode;
	const char *class_name;
	const char *rule;
	const char *sender;    /* without angle brackets */
	const char *recipient; /* without angle brackets */
	bool log_localpart;
	int64_t wait_ms;
	const struct render_reply *reply; /* NULL: accepted */
};

/* QUEUEID: verdict=... mode=... class=... rule=... from=<> rcpt=<> domain= reason=
 * state= owner_since= verified_at= checked_at= source= reply="" wait_ms=
 * Unknown times are left out; values with a blank, ", =, \ or anything
 * unprintable are quoted, with \xHH. Cut at RENDER_LINE_MAX. Returns the length. */
size_t render_log_line(const struct judgement *judgement, const struct render_event *event,
		       char line[RENDER_LINE_MAX]);

#endif
