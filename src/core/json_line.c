/* SPDX-License-Identifier: BSD-2-Clause */
/* json_line: objects written one a line. Without jansson, for who must not link it. */
#include <inttypes.h>
#include <string.h>

#include "resetguard/json.h"
#include "resetguard/time.h"
#include "resetguard/utf8.h"

static void put(FILE *stream, const char *text, size_t length)
{
	fwrite_unlocked(text, 1, length, stream);
}

static void put_text(FILE *stream, const char *text)
{
	put(stream, text, strlen(text));
}

/* JSON wants C0, quotation mark and backslash escaped; DEL and C1 (U+0080 to
 * U+009F) are, because the line may end on a terminal. */
static bool needs_escape(const char *text, size_t size)
{
	unsigned char first = (unsigned char)text[0];

	if (size == 2)
		return first == 0xc2 && (unsigned char)text[1] < 0xa0;
	return size == 1 && (first < 0x20 || first == 0x7f || first == '"' || first == '\\');
}

static void put_escape(FILE *stream, const char *text, size_t size)
{
	static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char escape[sizeof "\\u0000"];

	for (const char *at = shorts; *at != '\0'; at += 2) {
		if (*at == text[0]) {
			snprintf(escape, sizeof(escape), "\\%c", at[1]);
			put_text(stream, escape);
			return;
		}
	}
	/* The second byte of C1 in UTF-8 is the code point. */
	snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)text[size - 1]);
	put_text(stream, escape);
}

static void put_string(FILE *stream, const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t left = strlen(text);
	size_t run = 0; /* bytes that can be written as they are */

	put(stream, "\"", 1);
	while (run < left) {
		size_t size = utf8_character(text + run, left - run);

		if (size != 0 && !needs_escape(text + run, size)) {
			run += size;
			continue;
		}
		put(stream, text, run);
		if (size == 0)
			put_text(stream, replacement);
		else
			put_escape(stream, text + run, size);
		run += size == 0 ? 1 : size;
		text += run;
		left -= run;
		run = 0;
	}
	put(stream, text, run);
	put(stream, "\"", 1);
}

static void put_name(struct json_line *line, const char *name)
{
	if (!line->first)
		put(line->stream, ",", 1);
	line->first = false;
	if (name == NULL)
		return;
	put_string(line->stream, name);
	put(line->stream, ":", 1);
}

struct json_line json_line_begin(FILE *stream)
{
	put_text(stream, "{\"schema\":1");
	return (struct json_line){.stream = stream, .first = false};
}

void json_line_string(struct json_line *line, const char *name, const char *value)
{
	if (value == NULL) {
		json_line_null(line, name);
		return;
	}
	put_name(line, name);
	put_string(line->stream, value);
}

void json_line_time(struct json_line *line, const char *name, int64_t moment)
{
	struct time_text text = time_format(moment);

	json_line_string(line, name, text.text[0] == '\0' ? NULL : text.text);
}

void json_line_integer(struct json_line *line, const char *name, int64_t value)
{
	put_name(line, name);
	fprintf(line->stream, "%" PRId64, value);
}

void json_line_boolean(struct json_line *line, const char *name, bool value)
{
	put_name(line, name);
	put_text(line->stream, value ? "true" : "false");
}

void json_line_strings(struct json_line *line, const char *name, const char *const *values,
		       size_t count)
{
	put_name(line, name);
	put_text(line->stream, "[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			put_text(line->stream, ",");
		put_string(line->stream, values[i]);
	}
	put_text(line->stream, "]");
}

void json_line_null(struct json_line *line, const char *name)
{
	put_name(line, name);
	put_text(line->stream, "null");
}

void json_line_open(struct json_line *line, const char *name)
{
	put_name(line, name);
	put(line->stream, "{", 1);
	line->first = true;
}

void json_line_close(struct json_line *line)
{
	put(line->stream, "}", 1);
	line->first = false;
}

void json_line_open_array(struct json_line *line, const char *name)
{
	put_name(line, name);
	put(line->stream, "[", 1);
	line->first = true;
}

void json_line_close_array(struct json_line *line)
{
	put(line->stream, "]", 1);
	line->first = false;
}

void json_line_end(struct json_line *line)
{
	put(line->stream, "}\n", 2);
}
