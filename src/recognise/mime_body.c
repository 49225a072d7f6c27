/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_body: the links of a body as it streams by.
 *
 * GMime's parser wants the whole message and builds a tree of it in memory taken
 * as it goes, where GLib ends the process when there is none. This walker looks at
 * one line after the other, keeps a few kilobytes whatever the message is, and
 * takes time in proportion to its length; of GMime it has the transfer decodings.
 *
 * Charsets need no conversion here: links are all that is looked for, and a link is
 * ASCII (mime_charset.h).
 */
#include <ctype.h>
#include <gmime/gmime.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mime_charset.h"
#include "resetguard/links.h"
#include "resetguard/mime.h"

enum {
	LINE_MAX_KEPT = 1024, /* a longer line comes in pieces */
	FIELD_MAX = 2048,     /* of a part's header field; the rest of it is dropped */
};

/* A multipart that has begun, and has not ended. */
struct level {
	bool has_parts;
	unsigned part; /* which it is itself */
	char boundary[MIME_BOUNDARY_MAX + 1];
};

struct mime_body {
	size_t left; /* bytes that are still looked at */
	unsigned depth;
	unsigned part_count;
	struct mime_part part; /* the present one */
	struct level levels[MIME_NESTING_MAX];
	struct mime_flaw flaw; /* the first one */
	bool in_header;
	bool reads; /* the present part has links to find */

	size_t field_length;
	char field[FIELD_MAX + 1];

	int state; /* of the transfer decoding */
	guint32 save;
	unsigned base64_count; /* characters of it, modulo four */
	struct mime_charset_text text;

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

/* -------------------------------------------------------------------- flaws */

static void set_flaw(struct mime_body *body, unsigned part, enum mime_flaw_kind kind)
{
	if (body->flaw.kind == MIME_FLAWLESS)
		body->flaw = (struct mime_flaw){.kind = kind, .part = part};
}

const struct mime_flaw *mime_body_flaw(const struct mime_body *body)
{
	return &body->flaw;
}

/* -------------------------------------------------------------------- parts */

/* whole: the part has not been cut off. */
static void end_part(struct mime_body *body, bool whole)
{
	if (body->reads)
		links_end(&body->links);
	if (body->reads && whole && body->base64_count != 0)
		set_flaw(body, body->part_count, MIME_FLAW_BASE64);
	body->reads = false;
}

static void end_levels(struct mime_body *body, unsigned depth)
{
	while (body->depth > depth) {
		const struct level *level = &body->levels[--body->depth];

		if (!level->has_parts)
			set_flaw(body, level->part, MIME_FLAW_PARTS);
	}
}

static void begin_multipart(struct mime_body *body)
{
	struct level *level = &body->levels[body->depth++];

	level->has_parts = false;
	level->part = body->part_count;
	strcpy(level->boundary, body->part.boundary);
}

/* The part's header fields have been seen. */
static void begin_part(struct mime_body *body)
{
	body->in_header = false;
	if (body->part.kind == MIME_MULTIPART) {
		if (body->depth < MIME_NESTING_MAX) {
			begin_multipart(body);
			return; /* what comes before its first part is nobody's */
		}
		set_flaw(body, body->part_count, MIME_FLAW_NESTING);
		body->part.kind = MIME_TEXT;
	}
	body->reads = body->part.kind != MIME_OTHER && !body->part.attachment;
	if (!body->reads)
		return;
	if (body->flaw.kind == MIME_FLAWLESS) {
		body->flaw = body->part.flaw;
		body->flaw.part = body->part_count;
	}
	body->state = 0;
	body->save = 0;
	body->base64_count = 0;
	mime_charset_begin(&body->text, body->part.units);
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

static void feed_decoded(struct mime_body *body, const unsigned char *bytes, size_t length)
{
	char ascii[LINE_MAX_KEPT + 4];

	if (body->part.units == MIME_UNITS_BYTES) {
		links_feed(&body->links, (const char *)bytes, length);
		return;
	}
	length = mime_charset_ascii(&body->text, bytes, length, ascii);
	links_feed(&body->links, ascii, length);
}

/* Padding counts as well, so that a text that ends well has a multiple of four. */
static void check_base64(struct mime_body *body, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (isalnum(bytes[i]) || bytes[i] == '+' || bytes[i] == '/' || bytes[i] == '=')
			body->base64_count = (body->base64_count + 1) % 4;
		else if (strchr(" \t\r\n", bytes[i]) == NULL || bytes[i] == '\0')
			set_flaw(body, body->part_count, MIME_FLAW_BASE64);
	}
}

/* What a piece ends with is passed over: the rest of it comes with the next one. */
static void check_quoted(struct mime_body *body, const unsigned char *bytes, size_t length)
{
	const unsigned char *end = bytes + length;
	const unsigned char *at = memchr(bytes, '=', length);

	while (at != NULL && end - at > 2) {
		const unsigned char *behind = at + 1;

		while (behind < end && (*behind == ' ' || *behind == '\t'))
			behind++;
		if (!(isxdigit(at[1]) && isxdigit(at[2])) && behind < end && *behind != '\r' &&
		    *behind != '\n')
			set_flaw(body, body->part_count, MIME_FLAW_QUOTED);
		at = memchr(at + 1, '=', (size_t)(end - at - 1));
	}
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
		check_base64(body, bytes, length);
		count = g_mime_encoding_base64_decode_step(bytes, length, decoded, &body->state,
							   &body->save);
		feed_decoded(body, decoded, count);
		return;
	case MIME_QUOTED_PRINTABLE:
		check_quoted(body, bytes, length);
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
		const char *boundary = body->levels[level].boundary;
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
		set_flaw(body, body->part_count, MIME_FLAW_HEADER);
		end_field(body);
		begin_part(body);
	}
	end_part(body, true);
	body->levels[level].has_parts = true;
	end_levels(body, closes ? level : level + 1);
	body->part_count += closes ? 0 : 1;
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
	body->part_count = 0;
	body->flaw = (struct mime_flaw){.kind = MIME_FLAWLESS};
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

void mime_body_end(struct mime_body *body, bool whole)
{
	whole = whole && body->left != 0;
	end_line(body, true);
	end_part(body, whole);
	if (!whole)
		return;
	if (body->in_header)
		set_flaw(body, body->part_count, MIME_FLAW_HEADER);
	end_levels(body, 0);
}
