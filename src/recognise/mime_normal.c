/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime_normal: text in the one form in which wording is compared.
 *
 * Compatibility decomposition (NFKD) makes equal what NFKC makes equal, and
 * needs no composition after it. A character at a time with GLib's tables: no
 * memory is taken, and none can run out.
 */
#include <gmime/gmime.h>
#include <stdbool.h>
#include <string.h>

#include "resetguard/mime.h"
#include "resetguard/utf8.h"

enum {
	DECOMPOSED_MAX = 18, /* of one character: U+FDFA */
	RUN_MAX = 32,	     /* a letter and its marks; what is beyond is not reordered */
};

struct writer {
	char *text;
	size_t room; /* without the NUL */
	size_t length;
	bool blank; /* one stands before the next character */
	bool full;
	size_t count;
	gunichar run[RUN_MAX]; /* waits for marks that belong before its last ones */
	int classes[RUN_MAX];
};

static void write_bytes(struct writer *writer, const char *bytes, size_t length)
{
	size_t blanks = writer->blank && writer->length > 0 ? 1 : 0;

	if (writer->full || writer->room - writer->length < blanks + length) {
		writer->full = true;
		return;
	}
	if (blanks != 0)
		writer->text[writer->length++] = ' ';
	memcpy(writer->text + writer->length, bytes, length);
	writer->length += length;
	writer->blank = false;
}

static void write_run(struct writer *writer)
{
	for (size_t i = 0; i < writer->count; i++) {
		char bytes[6];

		/* The dot of a Turkish capital I says nothing beside the i. */
		if (writer->run[i] == 0x307 && i == 1 && writer->run[0] == 'i')
			continue;
		write_bytes(writer, bytes, (size_t)g_unichar_to_utf8(writer->run[i], bytes));
	}
	writer->count = 0;
}

/* Canonical ordering: marks of a lower class come first. */
static void add_to_run(struct writer *writer, gunichar code)
{
	int class = g_unichar_combining_class(code);
	size_t at;

	if (class == 0 || writer->count == RUN_MAX)
		write_run(writer);
	at = writer->count++;
	while (at > 0 && writer->classes[at - 1] > class) {
		writer->run[at] = writer->run[at - 1];
		writer->classes[at] = writer->classes[at - 1];
		at--;
	}
	writer->run[at] = code;
	writer->classes[at] = class;
}

/* Letters that lower case leaves apart, and typographic variants of one sign. */
static gunichar fold(gunichar code)
{
	switch (code) {
	case 0x131: /* the dotless i */
		return 'i';
	case 0x3c2: /* the final sigma */
		return 0x3c3;
	case 0x2018:
	case 0x2019:
	case 0x2bc:
		return '\'';
	case 0x201c:
	case 0x201d:
	case 0x201e:
		return '"';
	case 0x2010:
	case 0x2013:
	case 0x2014:
	case 0x2212:
		return '-';
	default:
		return code;
	}
}

static bool is_invisible(gunichar code)
{
	if (code == 0x34f || (code >= 0xfe00 && code <= 0xfe0f))
		return true;
	return g_unichar_type(code) == G_UNICODE_FORMAT;
}

static void add_code(struct writer *writer, gunichar code)
{
	if (is_invisible(code))
		return;
	if (g_unichar_isspace(code) != 0 || g_unichar_iscntrl(code) != 0) {
		write_run(writer);
		writer->blank = true;
		return;
	}
	code = fold(g_unichar_tolower(code));
	if (code == 0xdf) {
		add_to_run(writer, 's');
		code = 's';
	}
	add_to_run(writer, code);
}

static void add_ascii(struct writer *writer, char c)
{
	unsigned char byte = (unsigned char)c;

	if (byte <= ' ' || byte == 0x7f) {
		write_run(writer);
		writer->blank = true;
		return;
	}
	add_to_run(writer, (gunichar)g_ascii_tolower(c));
}

static void add_character(struct writer *writer, const char *text, size_t length)
{
	gunichar codes[DECOMPOSED_MAX];
	size_t count;

	if (length == 1) {
		add_ascii(writer, *text);
		return;
	}
	count = g_unichar_fully_decompose(g_utf8_get_char(text), TRUE, codes, DECOMPOSED_MAX);
	for (size_t i = 0; i < count && i < DECOMPOSED_MAX; i++)
		add_code(writer, codes[i]);
}

static size_t normalise(const char *text, size_t length, bool wildcards, struct writer *writer)
{
	static const char any[] = {MIME_ANY};

	while (length != 0 && !writer->full) {
		size_t size = utf8_character(text, length);

		if (size == 0) { /* no UTF-8: a blank, as nothing can be said of it */
			write_run(writer);
			writer->blank = true;
			size = 1;
		} else if (wildcards && *text == '*') {
			write_run(writer);
			write_bytes(writer, any, sizeof(any));
		} else {
			add_character(writer, text, size);
		}
		text += size;
		length -= size;
	}
	write_run(writer);
	writer->text[writer->length] = '\0';
	return writer->length;
}

size_t mime_normalise(const char *text, size_t length, char *normal, size_t size)
{
	struct writer writer = {.text = normal, .room = size - 1};

	return normalise(text, length, false, &writer);
}

enum err mime_normalise_pattern(const char *text, size_t length, bool wildcards, char *normal,
				size_t size)
{
	struct writer writer = {.text = normal, .room = size - 1};

	if (!utf8_is_valid(text, length))
		return ERR_DATA;
	normalise(text, length, wildcards, &writer);
	return writer.full ? ERR_TOO_LONG : ERR_OK;
}

bool mime_is_within_word(const char *character)
{
	gunichar code = g_utf8_get_char(character);

	return g_unichar_isalnum(code) != 0 || g_unichar_ismark(code) != 0;
}
