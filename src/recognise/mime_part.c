/* SPDX-License-Identifier: BSD-2-Clause */
/* mime_part: what a part's own header fields say of it (RFC 2045, 2046, 2183). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mime_charset.h"
#include "resetguard/mime.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *skip_blanks(const char *at)
{
	unsigned depth = 0; /* of comments */

	for (; *at != '\0'; at++) {
		if (*at == '(')
			depth++;
		else if (*at == ')' && depth > 0)
			depth--;
		else if (depth == 0 && !is_blank(*at))
			break;
		else if (*at == '\\' && at[1] != '\0')
			at++;
	}
	return at;
}

/* Appends the value that begins at at, as far as there is room. Returns its end. */
static const char *read_value(const char *at, char *value, size_t size)
{
	size_t length = strlen(value);
	bool quoted = *at == '"';

	if (quoted)
		at++;
	while (*at != '\0' && (quoted ? *at != '"' : *at != ';' && !is_blank(*at))) {
		if (quoted && *at == '\\' && at[1] != '\0')
			at++;
		if (length + 1 < size && *at != '\r' && *at != '\n')
			value[length++] = *at;
		at++;
	}
	value[length] = '\0';
	return quoted && *at == '"' ? at + 1 : at;
}

/* A name of RFC 2231 goes on with "*", a number, and another "*". */
static bool is_parameter(const char *name, size_t length, const char *wanted)
{
	size_t size = strlen(wanted);

	return length >= size && strncasecmp(name, wanted, size) == 0 &&
	       (length == size || name[size] == '*');
}

/* Finds the parameter in the fields value; text is "" if there is none. */
static void find_parameter(const char *value, const char *wanted, char *text, size_t size)
{
	text[0] = '\0';
	for (const char *at = value + strcspn(value, ";"); *at != '\0';) {
		const char *name = skip_blanks(at + 1);
		size_t length = strcspn(name, "=; \t\r\n");
		char ignored[1] = "";
		bool is_wanted = is_parameter(name, length, wanted);

		at = skip_blanks(name + length);
		if (*at == '=')
			at = read_value(skip_blanks(at + 1), is_wanted ? text : ignored,
					is_wanted ? size : sizeof(ignored));
		while (*at != '\0' && *at != ';')
			at++;
	}
}

static bool is_type(const char *value, const char *type)
{
	size_t length = strlen(type);

	return strncasecmp(value, type, length) == 0 &&
	       (value[length] == '\0' || value[length] == ';' || is_blank(value[length]) ||
		value[length] == '(');
}

/* No charset that is named hides a boundary that is not. */
static void set_flaw(struct mime_part *part, enum mime_flaw_kind kind, const char *name)
{
	if (part->flaw.kind != MIME_FLAWLESS && kind != MIME_FLAW_BOUNDARY)
		return;
	part->flaw.kind = kind;
	snprintf(part->flaw.name, sizeof(part->flaw.name), "%s", name);
}

static void read_charset(struct mime_part *part, const char *value)
{
	char name[MIME_NAME_MAX + 1];
	const struct mime_charset *charset;

	find_parameter(value, "charset", name, sizeof(name));
	if (name[0] == '\0')
		return;
	charset = mime_charset_find(name);
	if (charset == NULL)
		set_flaw(part, MIME_FLAW_CHARSET, name);
	else
		part->units = charset->units;
}

/* One that fills its room may have lost its end. */
static void read_boundary(struct mime_part *part, const char *value)
{
	size_t length;

	find_parameter(value, "boundary", part->boundary, sizeof(part->boundary));
	length = strlen(part->boundary);
	if (length > 0 && length < MIME_BOUNDARY_MAX) {
		part->kind = MIME_MULTIPART;
		return;
	}
	part->kind = MIME_TEXT;
	set_flaw(part, MIME_FLAW_BOUNDARY, "");
}

static void read_type(struct mime_part *part, const char *value)
{
	read_charset(part, value);
	if (is_type(value, "text/html") || is_type(value, "application/xhtml+xml")) {
		part->kind = MIME_HTML;
	} else if (strncasecmp(value, "multipart/", 10) == 0) {
		read_boundary(part, value);
	} else if (is_type(value, "text/plain") || is_type(value, "text") ||
		   strchr(value, '/') == NULL) {
		part->kind = MIME_TEXT;
	} else {
		part->kind = MIME_OTHER;
	}
}

static void read_encoding(struct mime_part *part, const char *value)
{
	static const char *const plain[] = {"7bit", "8bit", "binary"};
	char name[MIME_NAME_MAX + 1] = "";

	part->encoding = MIME_IDENTITY;
	if (is_type(value, "base64"))
		part->encoding = MIME_BASE64;
	if (is_type(value, "quoted-printable"))
		part->encoding = MIME_QUOTED_PRINTABLE;
	if (part->encoding != MIME_IDENTITY || *value == '\0')
		return;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (is_type(value, plain[i]))
			return;
	}
	read_value(value, name, sizeof(name));
	set_flaw(part, MIME_FLAW_ENCODING, name);
}

void mime_part_init(struct mime_part *part)
{
	*part = (struct mime_part){.kind = MIME_TEXT};
}

void mime_part_header(struct mime_part *part, const char *name, const char *value)
{
	if (strncasecmp(name, "Content-", 8) != 0 || part->field_count == MIME_FIELDS_MAX)
		return;
	part->field_count++;
	name += 8;
	value = skip_blanks(value);
	if (strcasecmp(name, "Type") == 0)
		read_type(part, value);
	else if (strcasecmp(name, "Transfer-Encoding") == 0)
		read_encoding(part, value);
	else if (strcasecmp(name, "Disposition") == 0)
		part->attachment = is_type(value, "attachment");
}
