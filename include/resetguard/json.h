/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: documents read with jansson, and objects written one a line.
 *
 * Reading is lenient where the world is (a UTF-8 byte order mark), strict where
 * safety is (depth and size limits, duplicate members take the last). Handles
 * to members are borrowed: they live as long as the document.
 */
#ifndef RESETGUARD_JSON_H
#define RESETGUARD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "resetguard/err.h"

struct json; /* a document, or a value within one */

enum {
	JSON_LENGTH_MAX = 16 << 20, /* bytes of a document */
	JSON_DEPTH_MAX = 64,	    /* objects and arrays within one another */
};

/* ERR_DATA for anything but one object or array in UTF-8; why says what and
 * where, without the document's name. */
MUST_CHECK enum err json_parse(const char *text, size_t length, struct json **document,
			       struct why *why);
void json_free(struct json *document);

/* All of these take NULL (an absent value) and answer NULL, 0 or false for it.
 * (jansson's own json_string and json_integer must stay reachable to jansson, so
 * ours have other names.) */
const struct json *json_member(const struct json *object, const char *name);
bool json_is_object(const struct json *value);
bool json_is_array(const struct json *value);
bool json_is_null(const struct json *value); /* also of an absent value */
const char *json_as_string(const struct json *value); /* NULL: not a string */
bool json_as_integer(const struct json *value, int64_t *integer);
bool json_as_boolean(const struct json *value);
size_t json_length(const struct json *array);
const struct json *json_element(const struct json *array, size_t index);

/* ---- writing: one object a line; "schema":1 comes first ---- */

/* The line is built in the stream's buffer: write errors show in ferror(stream). */
struct json_line {
	FILE *stream;
	bool first;
};

struct json_line json_line_begin(FILE *stream);
/* value NULL is null. Invalid UTF-8 becomes U+FFFD. */
void json_line_string(struct json_line *line, const char *name, const char *value);
void json_line_time(struct json_line *line, const char *name, int64_t moment); /* 0: null */
void json_line_integer(struct json_line *line, const char *name, int64_t value);
void json_line_boolean(struct json_line *line, const char *name, bool value);
/* An array of strings. */
void json_line_strings(struct json_line *line, const char *name, const char *const *values,
		       size_t count);
void json_line_null(struct json_line *line, const char *name);
/* A nested object: what is written until json_line_close goes into it. */
void json_line_open(struct json_line *line, const char *name);
void json_line_close(struct json_line *line);
/* An array: what is written until json_line_close_array, under the name NULL, are its
 * elements. */
void json_line_open_array(struct json_line *line, const char *name);
void json_line_close_array(struct json_line *line);
void json_line_end(struct json_line *line);

#endif
