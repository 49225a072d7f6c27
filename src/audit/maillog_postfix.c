/* SPDX-License-Identifier: BSD-2-Clause */
/* maillog_postfix: what Postfix's services write about one message. */
#include <string.h>

#include "maillog_scan.h"

/* "client=host[address], sasl_method=PLAIN, sasl_username=name" */
static void read_client(struct maillog_text text, struct maillog_event *event)
{
	static const char username[] = "sasl_username=";
	const char *login;

	event->kind = MAILLOG_CLIENT;
	event->client = scan_until(&text, ',');
	login = scan_find(text, username);
	if (login != NULL) {
		text.length -= (size_t)(login - text.at) + sizeof username - 1;
		text.at = login + sizeof username - 1;
		event->login = scan_until(&text, ',');
	}
}

/* "uid=1000 from=<name>" */
static void read_pickup(struct maillog_text text, struct maillog_event *event)
{
	event->kind = MAILLOG_PICKUP;
	(void)scan_until(&text, ' ');
	if (scan_take(&text, "from="))
		event->login = scan_address(&text);
}

/* "...; from=<a> to=<b> proto=ESMTP helo=<h>", postscreen's with commas. What stands
 * before may hold anything, so the last "; from=<" counts. Gives what is before. */
static struct maillog_text read_envelope(struct maillog_text text, struct maillog_event *event)
{
	const char *from = scan_find_last(text, "; from=<");
	struct maillog_text before = text;

	if (from == NULL)
		return before;
	before.length = (size_t)(from - text.at);
	text.at = from + sizeof "; from=" - 1;
	text.length -= before.length + sizeof "; from=" - 1;
	event->from = scan_address(&text);
	event->has_from = true;
	(void)scan_take(&text, ",");
	if (scan_take(&text, " to="))
		event->to = scan_address(&text);
	return before;
}

/* "RCPT from host[address]: 550 5.1.2 text; from=..." - at END-OF-MESSAGE the code of
 * three digits is missing. */
static void read_milter(struct maillog_text text, enum maillog_status status,
			struct maillog_event *event)
{
	struct maillog_text stage;
	const char *end;

	event->kind = MAILLOG_MILTER;
	event->status = status;
	text = read_envelope(text, event);
	stage = scan_until(&text, ' ');
	event->at_rcpt = maillog_text_is(stage, "RCPT");
	if (!scan_take(&text, "from "))
		return;
	/* An IPv6 address has colons: the blank behind it tells. */
	end = scan_find(text, ": ");
	event->client = text;
	if (end != NULL) {
		event->client.length = (size_t)(end - text.at);
		event->reply = (struct maillog_text){end + 2, text.length - event->client.length - 2};
	}
	if (status == MAILLOG_STATUS_REFUSED && event->reply.length > 0 && event->reply.at[0] == '4')
		event->status = MAILLOG_STATUS_DEFERRED;
}

/* "header Subject: text from host[address]; from=<> to=<>" */
static void read_header(struct maillog_text text, struct maillog_event *event)
{
	const char *from;

	text = read_envelope(text, event);
	event->header_name = scan_until(&text, ':');
	(void)scan_take(&text, " ");
	from = scan_find_last(text, " from ");
	if (from == NULL)
		return;
	event->kind = MAILLOG_HEADER;
	event->header_value = (struct maillog_text){text.at, (size_t)(from - text.at)};
}

static enum maillog_status delivery_status(struct maillog_text *text)
{
	struct maillog_text word = scan_until(text, ' ');

	if (maillog_text_is(word, "sent"))
		return MAILLOG_STATUS_SENT;
	if (maillog_text_is(word, "bounced"))
		return MAILLOG_STATUS_BOUNCED;
	if (maillog_text_is(word, "deferred"))
		return MAILLOG_STATUS_DEFERRED;
	return MAILLOG_STATUS_NONE; /* of sendmail -bv and verify(8): no delivery */
}

/* "to=<a>, orig_to=<b>, relay=..., dsn=2.0.0, status=sent (250 2.0.0 Ok)" */
static void read_delivery(struct maillog_text text, struct maillog_event *event)
{
	static const char sought[] = ", status=";
	const char *status;

	event->to = scan_address(&text);
	if (scan_take(&text, ", orig_to="))
		event->orig_to = scan_address(&text);
	status = scan_find(text, sought);
	if (status == NULL)
		return;
	text.length -= (size_t)(status - text.at) + sizeof sought - 1;
	text.at = status + sizeof sought - 1;
	event->status = delivery_status(&text);
	if (event->status == MAILLOG_STATUS_NONE)
		return;
	event->kind = MAILLOG_DELIVERY;
	event->reply = text;
	if (scan_take(&event->reply, "(") && event->reply.length > 0 &&
	    event->reply.at[event->reply.length - 1] == ')')
		event->reply.length--;
}

/* "from=<a>, size=1, nrcpt=1 (queue active)", "from=<a>, status=expired, ..." */
static void read_sender(struct maillog_text text, struct maillog_event *event)
{
	event->kind = MAILLOG_SENDER;
	event->from = scan_address(&text);
	event->has_from = true;
	if (scan_take(&text, ", status=expired") || scan_take(&text, ", status=force-expired"))
		event->kind = MAILLOG_EXPIRED;
}

static void read_complaint(struct maillog_text text, struct maillog_event *event)
{
	if (scan_take(&text, "milter-reject: ") || scan_take(&text, "milter-discard: "))
		read_milter(text, MAILLOG_STATUS_REFUSED, event);
	else if (scan_take(&text, "milter-hold: "))
		read_milter(text, MAILLOG_STATUS_DEFERRED, event);
	else if (scan_take(&text, "info: header ") || scan_take(&text, "warning: header "))
		read_header(text, event);
}

void maillog_postfix(struct maillog_text message, struct maillog_event *event)
{
	if (!scan_queue_id(&message, &event->queue_id))
		return;
	switch (message.at[0]) {
	case 'c':
		if (event->queue_id.length != 0 && scan_take(&message, "client="))
			read_client(message, event);
		break;
	case 'f':
		if (scan_take(&message, "from="))
			read_sender(message, event);
		break;
	case 'i':
	case 'm':
	case 'w':
		read_complaint(message, event);
		break;
	case 'p':
		if (maillog_text_is(message, "placed on hold"))
			event->kind = MAILLOG_HELD;
		break;
	case 'r':
		if (maillog_text_is(message, "removed"))
			event->kind = MAILLOG_REMOVED;
		break;
	case 't':
		if (scan_take(&message, "to="))
			read_delivery(message, event);
		break;
	case 'u':
		if (scan_take(&message, "uid="))
			read_pickup(message, event);
		break;
	}
}
