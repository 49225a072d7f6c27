/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_body: the links of a body as it streams by.
 *
 * GMime's parser wants the whole message and builds a tree of it in memory taken
 * as it goes, where GLib ends the process when there is none. This walker looks at
 * one line after the other, keeps a few kilobytes whatever the message is, and
 * takes time in proportion to its length; of GMime it has the transfer decodings.
 *
 * Charsets need no conversion here. A link is ASCII, and so it is in every charset
 * of mail but UTF-16, of which the ASCII characters are taken, and ISO 2022, whose
 * escape sequences end a link.
 */
#include <gmime/gmime.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/links.h"
#include "resetguard/mime.h"

enum {
	LINE_MAX_KEPT = 1024, /* a longer line comes in pieces */
	FIELD_MAX = 2048,     /* of a part's header field; the rest of it is dropped */
};

struct mime_body {
	size_t left; /* bytes that are still looked at */
	unsigned depth;
	struct mime_part part; /* the present one */
	char boundaries[MIME_NESTING_MAX][MIME_BOUNDARY_MAX + 1];
	bool in_header;
	bool reads; /* the present part has links to find */

	size_t field_length;
	char field[FIELD_MAX + 1];

	int state; /* of the transfer decoding */
	guint32 save;
	bool unit_begun; /* of UTF-16: its first byte is in unit */
	unsigned char unit;
	bool first_unit;

	bool line_begun; /* what line holds is not the beginning of its line */
	size_t line_length;
	char line[LINE_MAX_KEPT];

	struct links links;
};

struct mime_body *mime_body_new(void)
{
	return malloc(sizeof(struct mime_body));
}

void mime_body_free(struct mime_body *body)
{
	free(body);
}

/* -------------------------------------------------------------------- parts */

static void end_part(struct mime_body *body)
{
	if (body->reads)
		links_end(&body->links);
	body->reads = false;
}

/* The part's header fields have been seen. */
static void begin_part(struct mime_body *body)
{
	body->in_header = false;
	if (body->part.kind == MIME_MULTIPART) {
		if (body->depth < MIME_NESTING_MAX) {
			strcpy(body->boundaries[body->depth++], body->part.boundary);
			return; /* what comes before its first part is nobody's */
		}
		body->part.kind = MIME_TEXT;
	}
	body->reads = body->part.kind != MIME_OTHER && !body->part.attachment;
	if (!body->reads)
		return;
	body->state = 0;
	body->save = 0;
	body->unit_begun = false;
	body->first_unit = true;
	links_begin(&body->links, body->part.kind == MIME_HTML);
}

static void end_field(struct mime_body *body)
{
	char *colon;

	body->field[body->field_length] = '\0';
	colon = strchr(body->field, ':');
	if (colon != NULL) {
		char *end = colon;

		while (end > body->field && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		*end = '\0';
		mime_part_header(&body->part, body->field, colon + 1);
	}
	body->field_length = 0;
}

static void add_to_field(struct mime_body *body, const char *text, size_t length)
{
	size_t room = FIELD_MAX - body->field_length;

	if (length > room)
		length = room;
	memcpy(body->field + body->field_length, text, length);
	body->field_length += length;
}

static bool is_empty(const char *line, size_t length)
{
	return length == 0 || (length == 1 && (*line == '\n' || *line == '\r')) ||
	       (length == 2 && line[0] == '\r' && line[1] == '\n');
}

static void read_header_line(struct mime_body *body, const char *line, size_t length, bool begun)
{
	if (!begun && is_empty(line, length)) {
		end_field(body);
		begin_part(body);
		return;
	}
	if (!begun && *line != ' ' && *line != '\t')
		end_field(body);
	add_to_field(body, line, length);
}

/* ------------------------------------------------------------------ content */

static void feed_units(struct mime_body *body, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned unit;
		char c;

		if (!body->unit_begun) {
			body->unit = bytes[i];
			body->unit_begun = true;
			continue;
		}
		body->unit_begun = false;
		if (body->first_unit && body->unit == 0xff && bytes[i] == 0xfe)
			body->part.units = MIME_UNITS_LITTLE;
		body->first_unit = false;
		unit = body->part.units == MIME_UNITS_LITTLE
			       ? (unsigned)(bytes[i] << 8 | body->unit)
			       : (unsigned)(body->unit << 8 | bytes[i]);
		c = unit < 0x80 ? (char)unit : (char)0xff; /* some character */
		links_feed(&body->links, &c, 1);
	}
}

static void feed_decoded(struct mime_body *body, const unsigned char *bytes, size_t length)
{
	if (body->part.units != MIME_UNITS_BYTES)
		feed_units(body, bytes, length);
	else
		links_feed(&body->links, (const char *)bytes, length);
}

static void read_content(struct mime_body *body, const char *line, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)line;
	unsigned char decoded[LINE_MAX_KEPT + 4];
	size_t count;

	if (!body->reads)
		return;
	switch (body->part.encoding) {
	case MIME_IDENTITY:
		feed_decoded(body, bytes, length);
		return;
	case MIME_BASE64:
		count = g_mime_encoding_base64_decode_step(bytes, length, decoded, &body->state,
							   &body->save);
		feed_decoded(body, decoded, count);
		return;
	case MIME_QUOTED_PRINTABLE:
		count = g_mime_encoding_quoted_decode_step(bytes, length, decoded, &body->state,
							   &body->save);
		feed_decoded(body, decoded, count);
		return;
	}
}

/* -------------------------------------------------------------------- lines */

/* The level whose boundary the line is, from the innermost; MIME_NESTING_MAX: none. */
static unsigned boundary_level(const struct mime_body *body, const char *line, size_t length,
			       bool *closes)
{
	while (length > 0 && strchr(" \t\r\n", line[length - 1]) != NULL)
		length--;
	for (unsigned level = body->depth; level-- > 0;) {
		const char *boundary = body->boundaries[level];
		size_t size = strlen(boundary);

		if (length < 2 + size || memcmp(line + 2, boundary, size) != 0)
			continue;
		*closes = length == 2 + size + 2 && memcmp(line + 2 + size, "--", 2) == 0;
		if (*closes || length == 2 + size)
			return level;
	}
	return MIME_NESTING_MAX;
}

static bool read_boundary(struct mime_body *body, const char *line, size_t length)
{
	bool closes = false;
	unsigned level = boundary_level(body, line, length, &closes);

	if (level == MIME_NESTING_MAX)
		return false;
	if (body->in_header) {
		end_field(body);
		begin_part(body);
	}
	end_part(body);
	body->depth = closes ? level : level + 1;
	body->in_header = !closes;
	mime_part_init(&body->part);
	return true;
}

/* begun: the line's beginning came before. */
static void read_line(struct mime_body *body, const char *line, size_t length, bool begun)
{
	if (!begun && length > 2 && line[0] == '-' && line[1] == '-' &&
	    read_boundary(body, line, length))
		return;
	if (body->in_header)
		read_header_line(body, line, length, begun);
	else
		read_content(body, line, length);
}

static void end_line(struct mime_body *body, bool complete)
{
	if (body->line_length != 0)
		read_line(body, body->line, body->line_length, body->line_begun);
	body->line_length = 0;
	body->line_begun = !complete;
}

void mime_body_begin(struct mime_body *body, const struct mime_part *part, size_t limit,
		     const struct links_sink *sink)
{
	body->left = limit;
	body->depth = 0;
	body->part = *part;
	body->field_length = 0;
	body->line_length = 0;
	body->line_begun = false;
	body->reads = false;
	links_init(&body->links, sink);
	begin_part(body);
}

bool mime_body_feed(struct mime_body *body, const char *bytes, size_t length)
{
	if (length > body->left)
		length = body->left;
	body->left -= length;
	while (length != 0) {
		size_t room = LINE_MAX_KEPT - body->line_length;
		size_t size = length < room ? length : room;
		const char *newline = memchr(bytes, '\n', size);

		if (newline != NULL)
			size = (size_t)(newline + 1 - bytes);
		memcpy(body->line + body->line_length, bytes, size);
		body->line_length += size;
		bytes += size;
		length -= size;
		if (newline != NULL || body->line_length == LINE_MAX_KEPT)
			end_line(body, newline != NULL);
	}
	return body->left != 0;
}

void mime_body_end(struct mime_body *body)
{
	end_line(body, true);
	end_part(body);
}
