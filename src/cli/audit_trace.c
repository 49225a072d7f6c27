/* SPDX-License-Identifier: BSD-2-Clause */
/* audit_trace: what the logs say of one message, or of the messages of one address. */
#include "audit_trace.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct audit_trace {
	const char *sought;
	bool is_address;
	size_t count;
	char queue_ids[AUDIT_TRACE_MAX][MAILLOG_QUEUE_ID_MAX + 1]; /* sorted */
};

struct audit_trace *audit_trace_new(const char *sought)
{
	struct audit_trace *trace = calloc(1, sizeof *trace);

	if (trace == NULL)
		return NULL;
	trace->sought = sought;
	trace->is_address = strchr(sought, '@') != NULL;
	return trace;
}

void audit_trace_free(struct audit_trace *trace)
{
	free(trace);
}

bool audit_trace_is_address(const struct audit_trace *trace)
{
	return trace->is_address;
}

/* Where the queue id is, or would be. */
static size_t place_of(const struct audit_trace *trace, const char *queue_id)
{
	size_t low = 0;
	size_t high = trace->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(trace->queue_ids[middle], queue_id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_queue_id(const struct audit_trace *trace, const char *queue_id)
{
	size_t place = place_of(trace, queue_id);

	if (!trace->is_address)
		return strcmp(queue_id, trace->sought) == 0;
	return place < trace->count && strcmp(trace->queue_ids[place], queue_id) == 0;
}

static bool names(const struct audit_trace *trace, const struct maillog_event *event)
{
	const struct maillog_text sought = {trace->sought, strlen(trace->sought)};
	struct maillog_text rest = event->to;
	struct maillog_text address;

	if (maillog_text_same(event->from, sought) || maillog_text_same(event->to, sought) ||
	    maillog_text_same(event->orig_to, sought))
		return true;
	while (maillog_next_address(&rest, &address)) {
		if (maillog_text_same(address, sought))
			return true;
	}
	return false;
}

void audit_trace_learn(struct audit_trace *trace, const struct maillog_event *event)
{
	char queue_id[MAILLOG_QUEUE_ID_MAX + 1];
	size_t place;

	if (!names(trace, event) || trace->count == AUDIT_TRACE_MAX)
		return;
	maillog_text_copy(event->queue_id, queue_id, sizeof queue_id);
	place = place_of(trace, queue_id);
	if (place < trace->count && strcmp(trace->queue_ids[place], queue_id) == 0)
		return;
	memmove(trace->queue_ids[place + 1], trace->queue_ids[place],
		(trace->count - place) * sizeof trace->queue_ids[0]);
	memcpy(trace->queue_ids[place], queue_id, sizeof queue_id);
	trace->count++;
}

bool audit_trace_has(const struct audit_trace *trace, const struct maillog_event *event)
{
	char queue_id[MAILLOG_QUEUE_ID_MAX + 1];

	if (event->queue_id.length == 0)
		return trace->is_address && names(trace, event);
	maillog_text_copy(event->queue_id, queue_id, sizeof queue_id);
	return has_queue_id(trace, queue_id);
}

bool audit_trace_has_reset(const struct audit_trace *trace, const struct audit_reset *reset)
{
	if (reset->queue_id[0] != '\0' && has_queue_id(trace, reset->queue_id))
		return true;
	return trace->is_address && (strcasecmp(reset->rcpt, trace->sought) == 0 ||
				     strcasecmp(reset->from, trace->sought) == 0);
}
