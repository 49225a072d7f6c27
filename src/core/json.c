/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: documents read with jansson.
 *
 * A struct json is a json_t by another name, so a handle costs nothing.
 */
#include "resetguard/json.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>


/* Functions here. */
#undef json_is_array
#undef json_is_null
#undef json_is_object

/* ---- memory ---- */

/* Not all of jansson knows that memory may run out: it drops a byte of a text that it has
 * no room for and reads on, and later looks for an end that may have been that byte. So
 * where it gets none once, it gets none until the document is given up. */
static _Thread_local bool ran_out;

static void *allocate(size_t size)
{
	void *block = ran_out ? NULL : malloc(size);

	if (block == NULL)
		ran_out = true;
	return block;
}

static void use_allocate(void)
{
	json_set_alloc_funcs(allocate, free);
}

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
	static pthread_once_t once = PTHREAD_ONCE_INIT;
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
	pthread_once(&once, use_allocate);
	ran_out = false;
	value = json_loadb(text, length, 0, &fault);
	if (ran_out) {
		json_decref(value);
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	}
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
