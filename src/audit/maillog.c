/* SPDX-License-Identifier: BSD-2-Clause */
/* maillog: who wrote a line, and which of three readers understands it. */
#include "resetguard/maillog.h"

#include <string.h>
#include <strings.h>

#include "maillog_scan.h"

enum { QUEUE_ID_MIN = 5 }; /* Postfix's shortest: five digits of microseconds, and an inode */

/* ---- texts ---- */

bool maillog_text_is(struct maillog_text text, const char *wanted)
{
	return text.length == strlen(wanted) && memcmp(text.at, wanted, text.length) == 0;
}

bool maillog_text_same(struct maillog_text a, struct maillog_text b)
{
	return a.length == b.length && (a.length == 0 || strncasecmp(a.at, b.at, a.length) == 0);
}

size_t maillog_text_copy(struct maillog_text text, char *copy, size_t size)
{
	size_t length = text.length < size ? text.length : size - 1;

	if (length != 0)
		memcpy(copy, text.at, length);
	copy[length] = '\0';
	return length;
}

static struct maillog_text without(struct maillog_text text, size_t taken)
{
	return (struct maillog_text){text.at + taken, text.length - taken};
}

bool scan_take(struct maillog_text *text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (text->length < length || memcmp(text->at, prefix, length) != 0)
		return false;
	*text = without(*text, length);
	return true;
}

struct maillog_text scan_until(struct maillog_text *text, char separator)
{
	const char *end = text->length == 0 ? NULL : memchr(text->at, separator, text->length);
	struct maillog_text taken = *text;

	if (end == NULL) {
		*text = without(*text, text->length);
		return taken;
	}
	taken.length = (size_t)(end - text->at);
	*text = without(*text, taken.length + 1);
	return taken;
}

const char *scan_find(struct maillog_text text, const char *sought)
{
	return text.length == 0 ? NULL : memmem(text.at, text.length, sought, strlen(sought));
}

const char *scan_find_last(struct maillog_text text, const char *sought)
{
	const char *found = NULL;

	for (const char *at = scan_find(text, sought); at != NULL; at = scan_find(text, sought)) {
		found = at;
		text = without(text, (size_t)(at - text.at) + 1);
	}
	return found;
}

/* Behind the quoted string that begins at at, or end. */
static const char *behind_quotes(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
	}
	return at < end ? at + 1 : end;
}

struct maillog_text scan_address(struct maillog_text *text)
{
	bool bracketed = text->length > 0 && text->at[0] == '<';
	const char *begin = text->at + (bracketed ? 1 : 0);
	const char *end = text->at + text->length;
	const char *at = begin;
	struct maillog_text address;

	while (at < end && (bracketed ? *at != '>' : *at != ',' && *at != ' '))
		at = *at == '"' ? behind_quotes(at, end) : at + 1;
	address = (struct maillog_text){begin, (size_t)(at - begin)};
	if (bracketed && at < end)
		at++;
	*text = without(*text, (size_t)(at - text->at));
	return address;
}

bool maillog_next_address(struct maillog_text *rest, struct maillog_text *address)
{
	while (rest->length > 0 && (rest->at[0] == ',' || rest->at[0] == ' '))
		*rest = without(*rest, 1);
	if (rest->length == 0)
		return false;
	*address = scan_address(rest);
	return true;
}

bool scan_queue_id(struct maillog_text *text, struct maillog_text *queue_id)
{
	size_t length = 0;

	while (length < text->length && length <= MAILLOG_QUEUE_ID_MAX &&
	       ((text->at[length] >= '0' && text->at[length] <= '9') ||
		(text->at[length] >= 'A' && text->at[length] <= 'Z') ||
		(text->at[length] >= 'a' && text->at[length] <= 'z')))
		length++;
	if (length < QUEUE_ID_MIN || length > MAILLOG_QUEUE_ID_MAX || length + 1 >= text->length ||
	    text->at[length] != ':' || text->at[length + 1] != ' ')
		return false;
	*queue_id = (struct maillog_text){text->at, length};
	*text = without(*text, length + 2);
	if (maillog_text_is(*queue_id, "NOQUEUE"))
		queue_id->length = 0;
	return text->length > 0;
}

/* ---- who ---- */

/* "<22>" of the syslog protocol, which some receivers keep. */
static void take_priority(struct maillog_text *text)
{
	size_t length = 1;

	if (text->length < 3 || text->at[0] != '<')
		return;
	while (length < text->length && length <= 4 && text->at[length] >= '0' &&
	       text->at[length] <= '9')
		length++;
	if (length < text->length && length > 1 && text->at[length] == '>')
		*text = without(*text, length + 1);
}

static bool take_blank(struct maillog_text *text)
{
	return scan_take(text, " ");
}

/* "TAG[PID]:", "TAG:", and "TAG[PID]" without the colon, which some relays drop. */
static bool take_tag(struct maillog_text *text, struct maillog_line *line)
{
	size_t length = 0;

	while (length < text->length && text->at[length] != '[' && text->at[length] != ':' &&
	       text->at[length] != ' ')
		length++;
	if (length == 0 || length == text->length)
		return false;
	line->tag = (struct maillog_text){text->at, length};
	line->pid = without(*text, length);
	line->pid.length = 0;
	*text = without(*text, length);
	if (scan_take(text, "[")) {
		line->pid = scan_until(text, ']');
		(void)scan_take(text, ":");
	} else if (!scan_take(text, ":")) {
		return false;
	}
	return take_blank(text);
}

bool maillog_split(struct maillog_clock *clock, const char *text, size_t length,
		   struct maillog_line *line)
{
	struct maillog_text rest = {text, length};
	struct maillog_line split;
	size_t taken;

	take_priority(&rest);
	if (!maillog_stamp(clock, rest.at, rest.length, &split.at, &taken))
		return false;
	rest = without(rest, taken);
	if (!take_blank(&rest))
		return false;
	split.host = scan_until(&rest, ' ');
	if (split.host.length == 0 || !take_tag(&rest, &split))
		return false;
	split.message = rest;
	*line = split;
	return true;
}

/* ---- what ---- */

static bool begins(struct maillog_text text, const char *prefix)
{
	return scan_take(&text, prefix);
}

/* "postfix-out/submission/smtpd": what stands before the first "/" is the instance. */
static bool take_instance(struct maillog_text tag, struct maillog_text *instance)
{
	const char *end = memchr(tag.at, '/', tag.length);

	if (end == NULL || end == tag.at)
		return false;
	*instance = (struct maillog_text){tag.at, (size_t)(end - tag.at)};
	return true;
}

void maillog_read(const struct maillog_line *line, struct maillog_event *event)
{
	memset(event, 0, sizeof *event);
	event->kind = MAILLOG_OTHER;
	if (begins(line->tag, "resetguard-milter"))
		maillog_verdict(line->message, event);
	else if (take_instance(line->tag, &event->instance))
		maillog_postfix(line->message, event);
	else if (begins(line->tag, "sm-") || scan_find(line->tag, "sendmail") != NULL)
		maillog_sendmail(line->message, event);
	else
		event->kind = MAILLOG_FOREIGN;
}

const char *maillog_status_text(enum maillog_status status)
{
	switch (status) {
	case MAILLOG_STATUS_NONE:
		return NULL;
	case MAILLOG_STATUS_SENT:
		return "sent";
	case MAILLOG_STATUS_BOUNCED:
		return "bounced";
	case MAILLOG_STATUS_DEFERRED:
		return "deferred";
	case MAILLOG_STATUS_REFUSED:
		return "refused";
	}
	return NULL;
}
