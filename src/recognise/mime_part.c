/* SPDX-License-Identifier: BSD-2-Clause */
/* mime_part: what a part's own header fields say of it (RFC 2045, 2046, 2183). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
	for (const char *at = strchr(value, ';'); at != NULL && *at != '\0';) {
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

static void read_type(struct mime_part *part, const char *value)
{
	char charset[16];

	find_parameter(value, "charset", charset, sizeof(charset));
	if (strncasecmp(charset, "utf-16", 6) == 0)
		part->units =
			strcasecmp(charset, "utf-16le") == 0 ? MIME_UNITS_LITTLE : MIME_UNITS_BIG;
	if (is_type(value, "text/html") || is_type(value, "application/xhtml+xml")) {
		part->kind = MIME_HTML;
	} else if (strncasecmp(value, "multipart/", 10) == 0) {
		find_parameter(value, "boundary", part->boundary, sizeof(part->boundary));
		part->kind = part->boundary[0] == '\0' ? MIME_TEXT : MIME_MULTIPART;
	} else if (is_type(value, "text/plain") || is_type(value, "text") ||
		   strchr(value, '/') == NULL) {
		part->kind = MIME_TEXT;
	} else {
		part->kind = MIME_OTHER;
	}
}

void mime_part_init(struct mime_part *part)
{
	*part = (struct mime_part){.kind = MIME_TEXT};
}

void mime_part_header(struct mime_part *part, const char *name, const char *value)
{
	if (strncasecmp(name, "Content-", 8) != 0)
		return;
	name += 8;
	value = skip_blanks(value);
	if (strcasecmp(name, "Type") == 0)
		read_type(part, value);
	else if (strcasecmp(name, "Transfer-Encoding") == 0)
		part->encoding = is_type(value, "base64")	      ? MIME_BASE64
				 : is_type(value, "quoted-printable") ? MIME_QUOTED_PRINTABLE
								      : MIME_IDENTITY;
	else if (strcasecmp(name, "Disposition") == 0)
		part->attachment = is_type(value, "attachment");
}
