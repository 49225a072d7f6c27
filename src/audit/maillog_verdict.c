/* SPDX-License-Identifier: BSD-2-Clause */
/* maillog_verdict: the lines of resetguard-milter, as render_log_line writes them. */
#include <string.h>

#include "maillog_scan.h"

/* A value with its quotation marks, if it has them, which is taken; without them.
 * "\\xHH" in it stays as it is: maillog_text_unquote undoes that. */
static struct maillog_text take_value(struct maillog_text *text)
{
	if (scan_take(text, "\"")) {
		struct maillog_text value = scan_until(text, '"');

		(void)scan_take(text, " ");
		return value;
	}
	return scan_until(text, ' ');
}

static struct maillog_text without_brackets(struct maillog_text path)
{
	if (path.length >= 2 && path.at[0] == '<' && path.at[path.length - 1] == '>')
		return (struct maillog_text){path.at + 1, path.length - 2};
	return path;
}

static bool read_verdict(struct maillog_text text, enum verdict *verdict)
{
	static const enum verdict verdicts[] = {VERDICT_ACCEPT, VERDICT_TEMPFAIL, VERDICT_REJECT};

	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		if (maillog_text_is(text, verdict_text(verdicts[i]))) {
			*verdict = verdicts[i];
			return true;
		}
	}
	return false;
}

static void read_reason(struct maillog_text text, struct maillog_verdict *said)
{
	char token[32];

	maillog_text_copy(text, token, sizeof token);
	said->has_reason = reason_from_text(token, &said->reason) == ERR_OK;
}

static void take_pair(struct maillog_text key, struct maillog_text value,
		      struct maillog_event *event)
{
	struct maillog_verdict *said = &event->verdict;

	if (maillog_text_is(key, "mode"))
		said->observe = maillog_text_is(value, "observe");
	else if (maillog_text_is(key, "class"))
		said->class_name = value;
	else if (maillog_text_is(key, "rule"))
		said->rule = value;
	else if (maillog_text_is(key, "from"))
		event->from = without_brackets(value);
	else if (maillog_text_is(key, "rcpt"))
		event->to = without_brackets(value);
	else if (maillog_text_is(key, "domain"))
		said->domain = value;
	else if (maillog_text_is(key, "reason"))
		read_reason(value, said);
	else if (maillog_text_is(key, "state"))
		said->state = value;
	else if (maillog_text_is(key, "reply"))
		said->reply = value;
}

void maillog_verdict(struct maillog_text message, struct maillog_event *event)
{
	if (!scan_queue_id(&message, &event->queue_id) || !scan_take(&message, "verdict="))
		return;
	if (!read_verdict(scan_until(&message, ' '), &event->verdict.verdict))
		return;
	event->kind = MAILLOG_VERDICT;
	event->has_from = true;
	while (message.length > 0) {
		struct maillog_text key = scan_until(&message, '=');

		take_pair(key, take_value(&message), event);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t maillog_text_unquote(struct maillog_text text, char *copy, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < text.length && length + 1 < size; i++) {
		char c = text.at[i];

		if (c == '\\' && text.length - i > 3 && text.at[i + 1] == 'x' &&
		    hex_digit(text.at[i + 2]) >= 0 && hex_digit(text.at[i + 3]) >= 0) {
			c = (char)(hex_digit(text.at[i + 2]) * 16 + hex_digit(text.at[i + 3]));
			i += 3;
			if (c == '\0')
				c = '?';
		}
		copy[length++] = c;
	}
	copy[length] = '\0';
	return length;
}
