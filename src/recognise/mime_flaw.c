/* SPDX-License-Identifier: BSD-2-Clause */
/* mime_flaw: what of a message could not be read, in words. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "resetguard/mime.h"

/* The name follows where there is one. */
static const char *describe(enum mime_flaw_kind kind)
{
	switch (kind) {
	case MIME_FLAWLESS:
		return "no flaw";
	case MIME_FLAW_CHARSET:
		return "unknown charset ";
	case MIME_FLAW_CHARACTERS:
		return "bytes that are no ";
	case MIME_FLAW_ENCODING:
		return "unknown transfer encoding ";
	case MIME_FLAW_BASE64:
		return "broken base64";
	case MIME_FLAW_QUOTED:
		return "broken quoted-printable";
	case MIME_FLAW_BOUNDARY:
		return "a multipart without a usable boundary";
	case MIME_FLAW_PARTS:
		return "a multipart without parts";
	case MIME_FLAW_HEADER:
		return "a header without an end";
	case MIME_FLAW_NESTING:
		return "too many multiparts in multiparts";
	}
	return "";
}

static bool is_harmless(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static void mask(char *name)
{
	for (; *name != '\0'; name++) {
		if (!is_harmless(*name))
			*name = '?';
	}
}

void mime_flaw_print(const struct mime_flaw *flaw, char text[MIME_FLAW_TEXT_MAX + 1])
{
	char part[sizeof("part 4294967295")];
	struct mime_flaw shown = *flaw;
	const char *where = shown.field;

	mask(shown.field);
	mask(shown.name);
	if (shown.field[0] == '\0') {
		snprintf(part, sizeof(part), "part %u", shown.part);
		where = shown.part == 0 ? "the body" : part;
	}
	snprintf(text, MIME_FLAW_TEXT_MAX + 1, "%s: %s%s", where, describe(shown.kind), shown.name);
}
