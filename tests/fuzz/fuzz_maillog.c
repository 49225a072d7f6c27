/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a mail log: every line is counted once, what is found lies within its
 * line, and every recipient that is reported has texts that end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct maillog_text text, const char *line, size_t length)
{
	if (text.length != 0 && (text.at < line || text.at + text.length > line + length))
		abort();
}

static void check_line(void *context, const char *text, size_t length,
		       const struct maillog_event *event)
{
	(void)context;
	check_within(event->queue_id, text, length);
	check_within(event->client, text, length);
	check_within(event->login, text, length);
	check_within(event->from, text, length);
	check_within(event->to, text, length);
	check_within(event->orig_to, text, length);
	check_within(event->reply, text, length);
	check_within(event->header_name, text, length);
	check_within(event->header_value, text, length);
	check_within(event->verdict.domain, text, length);
}

static void check_reset(void *context, const struct audit_reset *reset)
{
	(void)context;
	if (memchr(reset->rcpt, '\0', sizeof reset->rcpt) == NULL ||
	    memchr(reset->client, '\0', sizeof reset->client) == NULL ||
	    memchr(reset->reply, '\0', sizeof reset->reply) == NULL || reset->at < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct audit_options options = {.reset = check_reset, .line = check_line};
	const struct maillog_clock clock = maillog_clock_begin(1795000000);
	const char *at = (const char *)data;
	const char *end = at + size;
	uint64_t lines = 0;
	struct audit *audit;

	if (audit_new(&options, &audit) != ERR_OK)
		return 0;
	audit_begin_file(audit, &clock);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((newline == NULL ? end : newline) - at);

		/* Its own allocation, so that a read beyond it is seen. */
		char *line = malloc(length == 0 ? 1 : length);

		if (line == NULL)
			break;
		memcpy(line, at, length);
		audit_line(audit, line, length);
		lines += length > 0;
		free(line);
		at += length + 1;
	}
	if (audit_coverage(audit)->lines != lines)
		abort();
	audit_end(audit);
	audit_free(audit);
	return 0;
}
