/* SPDX-License-Identifier: BSD-2-Clause */
/* maillog_sendmail: what Sendmail writes about one message. */
#include <string.h>

#include "maillog_scan.h"

/* The value behind ", KEY=", up to the next ", ". Values hold anything, so what a
 * client chose (from, to, msgid) is taken before this looks further. */
static struct maillog_text value_of(struct maillog_text text, const char *key)
{
	const char *at = scan_find(text, key);
	const char *end;

	if (at == NULL)
		return (struct maillog_text){NULL, 0};
	at += strlen(key);
	text.length -= (size_t)(at - text.at);
	text.at = at;
	end = scan_find(text, ", ");
	if (end != NULL)
		text.length = (size_t)(end - at);
	return text;
}

/* "from=<a>, size=1, class=0, nrcpts=1, msgid=<m>, proto=ESMTP, daemon=MTA,
 * relay=host [address]" - relay is the last. */
static void read_sender(struct maillog_text text, struct maillog_event *event)
{
	const char *relay;

	event->kind = MAILLOG_SENDER;
	event->from = scan_address(&text);
	event->has_from = true;
	relay = scan_find_last(text, ", relay=");
	if (relay != NULL) {
		text.length -= (size_t)(relay - text.at);
		text.at = relay;
		event->client = value_of(text, ", relay=");
	}
}

/* dsn=2.0.0, stat=Sent (...) */
static void read_status(struct maillog_text text, struct maillog_event *event)
{
	struct maillog_text dsn = value_of(text, ", dsn=");
	const char *stat = scan_find(text, ", stat=");

	if (stat == NULL)
		return;
	text.length -= (size_t)(stat - text.at) + sizeof ", stat=" - 1;
	text.at = stat + sizeof ", stat=" - 1;
	event->reply = text;
	if (scan_take(&text, "Sent"))
		event->status = MAILLOG_STATUS_SENT;
	else if (scan_take(&text, "Deferred") || (dsn.length > 0 && dsn.at[0] == '4'))
		event->status = MAILLOG_STATUS_DEFERRED;
	else if (dsn.length > 0 && dsn.at[0] == '5')
		event->status = MAILLOG_STATUS_BOUNCED;
	if (event->status != MAILLOG_STATUS_NONE)
		event->kind = MAILLOG_DELIVERY;
}

/* "to=<a>,<b>, ctladdr=<c> (1000/1000), delay=..., mailer=esmtp, ..., stat=..." */
static void read_delivery(struct maillog_text text, struct maillog_event *event)
{
	const char *begin = text.at;

	do
		(void)scan_address(&text);
	while (text.length >= 2 && text.at[0] == ',' && text.at[1] != ' ' && scan_take(&text, ","));
	event->to = (struct maillog_text){begin, (size_t)(text.at - begin)};
	read_status(text, event);
}

/* "data, reject=550 5.1.2 text", "to=<a>, reject=...", "from=<a>, discard" */
static void read_milter(struct maillog_text text, struct maillog_event *event)
{
	event->kind = MAILLOG_MILTER;
	event->status = MAILLOG_STATUS_REFUSED;
	if (scan_take(&text, "to=")) {
		event->to = scan_address(&text);
		event->at_rcpt = true;
	} else if (scan_take(&text, "from=")) {
		event->from = scan_address(&text);
		event->has_from = true;
	} else {
		(void)scan_take(&text, "data");
	}
	(void)scan_take(&text, ", ");
	(void)scan_take(&text, "reject=");
	event->reply = text;
	if (text.length > 0 && text.at[0] == '4')
		event->status = MAILLOG_STATUS_DEFERRED;
}

/* "AUTH=server, relay=host [address], authid=name, mech=PLAIN, bits=0": of the
 * connection, so that only the process tells whose messages it is about. */
static void read_login(struct maillog_text text, struct maillog_event *event)
{
	event->login = value_of(text, ", authid=");
	if (event->login.length > 0)
		event->kind = MAILLOG_LOGIN;
}

void maillog_sendmail(struct maillog_text message, struct maillog_event *event)
{
	bool has_queue_id = scan_queue_id(&message, &event->queue_id) && event->queue_id.length > 0;

	if (scan_take(&message, "AUTH=server"))
		read_login(message, event);
	if (!has_queue_id)
		return;
	if (scan_take(&message, "from="))
		read_sender(message, event);
	else if (scan_take(&message, "to="))
		read_delivery(message, event);
	else if (scan_take(&message, "Milter: "))
		read_milter(message, event);
	else if (scan_take(&message, "done; "))
		event->kind = MAILLOG_REMOVED;
	else if (scan_find(message, ", quarantine=") != NULL)
		event->kind = MAILLOG_HELD;
}
