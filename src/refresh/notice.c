/* SPDX-License-Identifier: BSD-2-Clause */
/* notice: a change as the application is told of it: one JSON object, in one line. */
#include "resetguard/notice.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/json.h"
#include "resetguard/time.h"

void notice_id(const struct outbox_entry *entry, char id[NOTICE_ID_MAX])
{
	snprintf(id, NOTICE_ID_MAX, "%.*s/%s/%" PRIu32, entry->domain.length, entry->domain.name,
		 time_format(entry->event.at).text, entry->event.sequence);
}

/* Each date by itself: a name sold anew within the second in which it was last seen
 * expired has the same owner_since. An undo takes owner_since back: nothing is void that
 * was not before. */
static bool has_other_owner(const struct history_event *event)
{
	const struct history_owner *before = &event->owner_before;
	const struct history_owner *after = &event->owner_after;

	return event->kind != HISTORY_UNDONE && (after->registered_at > before->registered_at ||
						 after->lapsed_at > before->lapsed_at ||
						 after->changed_at > before->changed_at);
}

static void write_members(const struct outbox_entry *entry, FILE *stream)
{
	const struct history_event *event = &entry->event;
	struct json_line line = json_line_begin(stream);
	char id[NOTICE_ID_MAX];

	notice_id(entry, id);
	json_line_string(&line, "id", id);
	json_line_time(&line, "time", event->at);
	json_line_string(&line, "domain", entry->domain.name);
	json_line_string(&line, "event", history_kind_text(event->kind));
	json_line_boolean(&line, "owner_changed", has_other_owner(event));
	json_line_boolean(&line, "lapsed", state_is_expired(event->state_after));
	json_line_boolean(&line, "taken_back", event->kind == HISTORY_UNDONE);
	json_line_string(&line, "state_before", state_text(event->state_before));
	json_line_string(&line, "state", state_text(event->state_after));
	json_line_time(&line, "owner_since_before", history_owner_since(&event->owner_before));
	json_line_time(&line, "owner_since", history_owner_since(&event->owner_after));
	json_line_string(&line, "source",
			 event->source == SOURCE_NONE ? NULL : source_text(event->source));
	json_line_string(&line, "host", event->host[0] == '\0' ? NULL : event->host);
	json_line_string(&line, "evidence", event->evidence);
	json_line_end(&line);
}

enum err notice_write(const struct outbox_entry *entry, char text[NOTICE_MAX + 1], size_t *length)
{
	char *made = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&made, &size);
	enum err err = ERR_OK;

	if (stream == NULL)
		return ERR_NO_MEMORY;
	write_members(entry, stream);
	if (fclose(stream) != 0)
		err = ERR_NO_MEMORY;
	else if (size > NOTICE_MAX + 1)
		err = ERR_TOO_LONG;
	if (err == ERR_OK) {
		/* The newline of a line of JSON becomes the end. */
		memcpy(text, made, size - 1);
		text[size - 1] = '\0';
		*length = size - 1;
	}
	free(made);
	return err;
}
