/* SPDX-License-Identifier: BSD-2-Clause */
/* rrvs: the Require-Recipient-Valid-Since field of RFC 7293. */
#include "resetguard/rrvs.h"

#include <stdbool.h>
#include <string.h>

#include "resetguard/time.h"

struct cursor {
	const char *at;
	const char *end;
};

/* The address without its comments and folding. */
struct path {
	size_t length;
	char text[RRVS_VALUE_MAX];
};

static bool at_end(const struct cursor *cursor)
{
	return cursor->at == cursor->end;
}

static bool take(struct cursor *cursor, char c)
{
	if (at_end(cursor) || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool skip_comment(struct cursor *cursor)
{
	unsigned depth = 0;

	do {
		char c;

		if (at_end(cursor))
			return false;
		c = *cursor->at++;
		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		else if (c == '\\' && !at_end(cursor))
			cursor->at++;
	} while (depth != 0);
	return true;
}

/* CFWS of RFC 5322 3.2.2. */
static bool skip_cfws(struct cursor *cursor)
{
	while (!at_end(cursor)) {
		if (is_blank(*cursor->at))
			cursor->at++;
		else if (*cursor->at != '(')
			break;
		else if (!skip_comment(cursor))
			return false;
	}
	return true;
}

/* atext of RFC 5322 3.2.3 with the UTF-8 of RFC 6532. */
static bool is_atom_character(char c)
{
	unsigned char byte = (unsigned char)c;

	return byte > ' ' && byte != 0x7f && strchr("()<>[]:;@\\,.\"", c) == NULL;
}

static void append(struct path *path, char c)
{
	path->text[path->length++] = c;
}

static bool take_atom(struct cursor *cursor, struct path *path)
{
	const char *start = cursor->at;

	while (!at_end(cursor) && is_atom_character(*cursor->at))
		append(path, *cursor->at++);
	return cursor->at != start;
}

/* quoted-string of RFC 5322 3.2.4, from behind its opening quotation mark. */
static bool take_quoted(struct cursor *cursor, struct path *path)
{
	append(path, '"');
	while (!at_end(cursor)) {
		char c = *cursor->at++;

		if (c == '\r' || c == '\n')
			continue;
		append(path, c);
		if (c == '"')
			return true;
		if (c == '\\' && !at_end(cursor))
			append(path, *cursor->at++);
	}
	return false;
}

/* Words with dots between them, which obs-local-part and obs-domain come to, and the
 * character that ends them. That a domain has no quotes mailbox knows. */
static bool take_words(struct cursor *cursor, char ends, struct path *path)
{
	for (;;) {
		if (!skip_cfws(cursor))
			return false;
		if (take(cursor, '"')) {
			if (!take_quoted(cursor, path))
				return false;
		} else if (!take_atom(cursor, path)) {
			return false;
		}
		if (!skip_cfws(cursor))
			return false;
		if (take(cursor, ends))
			return true;
		if (!take(cursor, '.'))
			return false;
		append(path, '.');
	}
}

enum err rrvs_parse(const char *value, size_t length, struct rrvs *rrvs)
{
	struct cursor cursor = {value, value + length};
	struct path path = {.length = 0};
	struct rrvs parsed;
	enum err err;

	if (length > RRVS_VALUE_MAX || !take_words(&cursor, '@', &path))
		return ERR_DATA;
	append(&path, '@');
	if (!take_words(&cursor, ';', &path))
		return ERR_DATA;
	err = mailbox_parse(path.text, path.length, &parsed.mailbox);
	if (err == ERR_OK)
		err = time_parse_rfc5322(cursor.at, (size_t)(cursor.end - cursor.at),
					 &parsed.valid_since);
	if (err == ERR_OK)
		*rrvs = parsed;
	return err;
}
