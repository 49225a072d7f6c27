/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: documents read with jansson, and objects written one a line.
 *
 * A struct json is a json_t by another name, so a handle costs nothing.
 */
#include "resetguard/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "resetguard/time.h"
#include "resetguard/utf8.h"

/* Functions here. */
#undef json_is_array
#undef json_is_null
#undef json_is_object

/* ---- reading ---- */

static const json_t *from_handle(const struct json *value)
{
	return (const json_t *)value;
}

static const struct json *to_handle(const json_t *value)
{
	return (const struct json *)value;
}

/* A byte order mark, or the zeros beside an ASCII character, with which every
 * JSON text begins. */
static bool is_utf16(const char *text, size_t length)
{
	return length >= 2 &&
	       (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0 ||
		(text[0] == '\0') != (text[1] == '\0'));
}

/* Behind the string that begins at text, which is behind its quotation mark. Most of
 * a document is strings: memchr is faster than looking at each character. */
static const char *end_of_string(const char *text, const char *end)
{
	const char *from = text;

	for (;;) {
		const char *quote = memchr(from, '"', (size_t)(end - from));
		const char *escape = quote;

		if (quote == NULL)
			return end;
		while (escape > text && escape[-1] == '\\')
			escape--;
		from = quote + 1;
		if ((quote - escape) % 2 == 0)
			return from;
	}
}

/* Brackets within strings do not nest. Looked at before parsing, so that neither
 * the parser nor the clean-up recurses deeper. */
static bool is_too_deep(const char *text, size_t length)
{
	const char *end = text + length;
	size_t depth = 0;

	while (text < end) {
		char c = *text++;

		if (c == '"') {
			text = end_of_string(text, end);
		} else if (c == '{' || c == '[') {
			depth++;
			if (depth > JSON_DEPTH_MAX)
				return true;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

enum err json_parse(const char *text, size_t length, struct json **document, struct why *why)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	json_error_t fault;
	json_t *value;

	if (length > JSON_LENGTH_MAX)
		return err_why(ERR_TOO_LONG, why, "more than %d bytes", JSON_LENGTH_MAX);
	if (is_utf16(text, length))
		return err_why(ERR_DATA, why, "is UTF-16, not UTF-8");
	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
		text += 3;
		length -= 3;
	}
	if (length == 0)
		return err_why(ERR_DATA, why, "is empty");
	if (is_too_deep(text, length))
		return err_why(ERR_DATA, why, "is nested deeper than %d", JSON_DEPTH_MAX);
	value = json_loadb(text, length, 0, &fault);
	if (value == NULL && json_error_code(&fault) == json_error_out_of_memory)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	if (value == NULL)
		return err_why(ERR_DATA, why, "is no JSON: line %d, column %d: %s", fault.line,
			       fault.column, fault.text);
	*document = (struct json *)value;
	return ERR_OK;
}

void json_free(struct json *document)
{
	json_decref((json_t *)document);
}

const struct json *json_member(const struct json *object, const char *name)
{
	return to_handle(json_object_get(from_handle(object), name));
}

static bool has_type(const struct json *value, json_type type)
{
	return value != NULL && json_typeof(from_handle(value)) == type;
}

bool json_is_object(const struct json *value)
{
	return has_type(value, JSON_OBJECT);
}

bool json_is_array(const struct json *value)
{
	return has_type(value, JSON_ARRAY);
}

bool json_is_null(const struct json *value)
{
	return value == NULL || has_type(value, JSON_NULL);
}

const char *json_as_string(const struct json *value)
{
	return json_string_value(from_handle(value));
}

bool json_as_integer(const struct json *value, int64_t *integer)
{
	if (!has_type(value, JSON_INTEGER))
		return false;
	*integer = json_integer_value(from_handle(value));
	return true;
}

bool json_as_boolean(const struct json *value)
{
	return has_type(value, JSON_TRUE);
}

size_t json_length(const struct json *array)
{
	return json_array_size(from_handle(array));
}

const struct json *json_element(const struct json *array, size_t index)
{
	return to_handle(json_array_get(from_handle(array), index));
}

/* ---- writing ---- */

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

void json_line_end(struct json_line *line)
{
	put(line->stream, "}\n", 2);
}
