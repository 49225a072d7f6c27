/* SPDX-License-Identifier: BSD-2-Clause */
/* links: the links in a text as it streams by, and those wrapped in them. */
#include "resetguard/links.h"

#include <string.h>
#include <strings.h>

enum state {
	STATE_TEXT,	/* text holds the letters of what may be a scheme */
	STATE_COLON,	/* ":" came behind them */
	STATE_SLASH,	/* ":/" */
	STATE_LINK,	/* "://", and what follows */
	STATE_OVERLONG, /* the rest of a link that is longer than we keep */
};

enum {
	SCHEME_MAX = 32,
	REFERENCE_MAX = 8,    /* "&#x2F;" */
	BASE64_MIN = 16,      /* "http://a" has eleven characters of it */
	SCHEME_MIN_LENGTH = 4 /* "http" */
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_scheme_character(char c)
{
	return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

static bool ends_link(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f || strchr("<>\"\\^`{|}", c) != NULL;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* --------------------------------------------------------- links within links */

static void take(struct links *links, char *link, size_t length, unsigned depth);

/* Undoes %XX in place, once. Returns the length. */
static size_t undo_percent(char *text, size_t length)
{
	size_t to = 0;

	for (size_t i = 0; i < length; i++) {
		int high = text[i] == '%' && i + 2 < length ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

		if (low >= 0) {
			text[to++] = (char)(high << 4 | low);
			i += 2;
		} else {
			text[to++] = text[i];
		}
	}
	text[to] = '\0';
	return to;
}

static size_t link_length(const char *text, size_t length)
{
	size_t end = 0;

	while (end < length && !ends_link(text[end]))
		end++;
	return end;
}

static void take_copy(struct links *links, const char *text, size_t length, bool encoded,
		      unsigned depth)
{
	char copy[LINKS_LENGTH_MAX + 1];

	if (length > LINKS_LENGTH_MAX)
		length = LINKS_LENGTH_MAX;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (encoded)
		length = undo_percent(copy, length);
	length = link_length(copy, length);
	copy[length] = '\0';
	take(links, copy, length, depth);
}

/* "http" or "https" begins here, behind other parts of a link, with its "://" plain
 * or percent-encoded. */
static bool take_wrapped(struct links *links, const char *text, size_t length, unsigned depth)
{
	size_t at = SCHEME_MIN_LENGTH;
	size_t end;
	bool encoded = false;

	if (length < 8 || strncasecmp(text, "http", SCHEME_MIN_LENGTH) != 0)
		return false;
	if (text[at] == 's' || text[at] == 'S')
		at++;
	if (strncasecmp(text + at, "%3a", 3) == 0) {
		encoded = true;
		at += 3;
	} else if (text[at] == ':') {
		at++;
	} else {
		return false;
	}
	if (strncasecmp(text + at, "%2f%2f", 6) == 0)
		encoded = true;
	else if (encoded || strncmp(text + at, "//", 2) != 0)
		return false;
	end = encoded ? at + strcspn(text + at, "&#/") : length;
	take_copy(links, text, end, encoded, depth + 1);
	return true;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	if (c == '-' || c == '+')
		return 62;
	return c == '_' ? 63 : -1;
}

/* Decodes a run of base64url, without the backslashes of JSON; 0 if it is no text. */
static size_t decode_base64(const char *run, size_t length, char *text)
{
	unsigned bits = 0;
	unsigned held = 0;
	size_t to = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char byte;

		held = held << 6 | (unsigned)base64_value(run[i]);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		byte = (unsigned char)(held >> bits);
		held &= (1U << bits) - 1;
		if ((byte < ' ' && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7f)
			return 0;
		if (byte != '\\')
			text[to++] = (char)byte;
	}
	text[to] = '\0';
	return to;
}

static size_t base64_run(const char *text)
{
	size_t length = 0;

	while (base64_value(text[length]) >= 0)
		length++;
	return length;
}

/* A run of base64url begins here. */
static void take_base64(struct links *links, const char *run, size_t length, unsigned depth)
{
	char text[LINKS_LENGTH_MAX + 1];
	size_t decoded = decode_base64(run, length, text);
	const char *link = decoded == 0 ? NULL : strcasestr(text, "http");

	if (link != NULL)
		take_wrapped(links, link, decoded - (size_t)(link - text), depth);
}

/* What follows one of "/?&=#:" or the like may be a link of its own. */
static void take_inner(struct links *links, const char *link, size_t length, unsigned depth)
{
	const char *at = strstr(link, "://") + 3;
	const char *end = link + length;

	while (at < end) {
		size_t run;

		at += strcspn(at, "/?&=#:,;");
		if (at == end)
			return;
		at++;
		if (take_wrapped(links, at, (size_t)(end - at), depth))
			return;
		run = base64_run(at);
		if (run >= BASE64_MIN)
			take_base64(links, at, run, depth);
		at += run;
	}
}

static void take(struct links *links, char *link, size_t length, unsigned depth)
{
	while (length != 0 && strchr(".,;:!?)]'*", link[length - 1]) != NULL)
		length--;
	link[length] = '\0';
	if (links->count == LINKS_MAX || strstr(link, "://") == NULL)
		return;
	links->count++;
	links->sink.take(links->sink.context, link, length);
	if (depth + 1 < LINKS_DEPTH_MAX)
		take_inner(links, link, length, depth);
}

/* ------------------------------------------------------------------- the text */

static bool is_reference(const char *text, const char *name)
{
	return strncasecmp(text, name, strlen(name)) == 0;
}

/* Undoes the character references of ASCII, in place, up to one that ends a link.
 * Returns the length. */
static size_t undo_references(char *text, size_t length)
{
	size_t to = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned code = 0;
		size_t at = i + 1;

		if (is_reference(text + i, "&lt;") || is_reference(text + i, "&gt;") ||
		    is_reference(text + i, "&quot;"))
			break;
		if (is_reference(text + i, "&amp;")) {
			code = '&';
			at += 4;
		} else if (text[i] == '&' && text[at] == '#') {
			bool hex = text[at + 1] == 'x' || text[at + 1] == 'X';
			unsigned base = hex ? 16 : 10;

			at += hex ? 2 : 1;
			while (at < i + REFERENCE_MAX && hex_digit(text[at]) >= 0 &&
			       (unsigned)hex_digit(text[at]) < base)
				code = code * base + (unsigned)hex_digit(text[at++]);
			at += text[at] == ';' ? 1 : 0;
		}
		if (code > ' ' && code < 0x7f) {
			text[to++] = (char)code;
			i = at - 1;
		} else {
			text[to++] = text[i];
		}
	}
	text[to] = '\0';
	return to;
}

static void end_link(struct links *links)
{
	links->text[links->length] = '\0';
	if (links->state >= STATE_LINK) {
		if (links->html)
			links->length = undo_references(links->text, links->length);
		take(links, links->text, links->length, 0);
	}
	links->state = STATE_TEXT;
	links->length = 0;
}

void links_init(struct links *links, const struct links_sink *sink)
{
	links->sink = *sink;
	links->count = 0;
}

void links_begin(struct links *links, bool html)
{
	links->html = html;
	links->state = STATE_TEXT;
	links->length = 0;
	links->quote = 0;
}

static void feed_text(struct links *links, char c)
{
	if (is_scheme_character(c) && links->length < SCHEME_MAX) {
		links->text[links->length++] = c;
		return;
	}
	if (c == ':' && links->length != 0) {
		links->text[links->length++] = c;
		links->state = STATE_COLON;
		return;
	}
	links->length = 0;
	links->quote = (unsigned char)c;
}

static void feed_character(struct links *links, char c)
{
	switch ((enum state)links->state) {
	case STATE_TEXT:
		feed_text(links, c);
		return;
	case STATE_COLON:
	case STATE_SLASH:
		if (c == '/') {
			links->text[links->length++] = c;
			links->state++;
			return;
		}
		links->state = STATE_TEXT;
		links->length = 0;
		feed_text(links, c);
		return;
	case STATE_LINK:
		/* An apostrophe may be part of a link, but for one in apostrophes. */
		if (ends_link(c) || (c == '\'' && links->quote == '\'')) {
			end_link(links);
			links->quote = (unsigned char)c;
		} else if (links->length == LINKS_LENGTH_MAX) {
			links->state = STATE_OVERLONG;
		} else {
			links->text[links->length++] = c;
		}
		return;
	case STATE_OVERLONG:
		if (ends_link(c))
			end_link(links);
		return;
	}
}

void links_feed(struct links *links, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		feed_character(links, text[i]);
}

void links_end(struct links *links)
{
	end_link(links);
}
