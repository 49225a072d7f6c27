/* SPDX-License-Identifier: BSD-2-Clause */
/* utf8: what is well-formed UTF-8, by the table of RFC 3629 section 4. */
#include "resetguard/utf8.h"

#include <string.h>

static bool is_between(char c, unsigned low, unsigned high)
{
	unsigned char byte = (unsigned char)c;

	return byte >= low && byte <= high;
}

size_t utf8_character(const char *text, size_t length)
{
	unsigned char first;
	size_t size;
	unsigned low = 0x80; /* of the second byte */
	unsigned high = 0xbf;

	if (length == 0)
		return 0;
	first = (unsigned char)text[0];
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0xe0)
		low = 0xa0; /* below: overlong */
	else if (first == 0xed)
		high = 0x9f; /* above: surrogates */
	else if (first == 0xf0)
		low = 0x90; /* below: overlong */
	else if (first == 0xf4)
		high = 0x8f; /* above: beyond U+10FFFF */
	if (length < size || !is_between(text[1], low, high))
		return 0;
	for (size_t i = 2; i < size; i++) {
		if (!is_between(text[i], 0x80, 0xbf))
			return 0;
	}
	return size;
}

bool utf8_is_valid(const char *text, size_t length)
{
	while (length != 0) {
		size_t size = utf8_character(text, length);

		if (size == 0)
			return false;
		text += size;
		length -= size;
	}
	return true;
}

size_t utf8_shown(const char *text, size_t length, bool *harmless)
{
	size_t size = utf8_character(text, length);
	unsigned char first = (unsigned char)text[0];
	bool is_control = first < 0x20 || first == 0x7f ||
			  (first == 0xc2 && size == 2 && (unsigned char)text[1] < 0xa0);

	*harmless = size != 0 && !is_control;
	return size == 0 ? 1 : size;
}

void utf8_print(FILE *stream, const char *text, size_t length)
{
	bool harmless;

	for (size_t size; length > 0; text += size, length -= size) {
		size = utf8_shown(text, length, &harmless);
		if (harmless)
			fwrite(text, 1, size, stream);
		else
			putc('?', stream);
	}
}

void utf8_mask(char *text)
{
	const char *from = text;
	size_t left = strlen(text);
	bool harmless;

	for (size_t size; left > 0; from += size, left -= size) {
		size = utf8_shown(from, left, &harmless);
		if (harmless) {
			memmove(text, from, size);
			text += size;
		} else {
			*text++ = '?';
		}
	}
	*text = '\0';
}
