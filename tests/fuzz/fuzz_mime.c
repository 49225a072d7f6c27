/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a header's value: what is made of them is UTF-8 in the form that is
 * compared, less room gives the beginning of the same, and the normal form of it is
 * its own normal form. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/mime.h"
#include "resetguard/utf8.h"

enum { VALUE_MAX = 1 << 16, NORMAL_GROWTH = 11 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[4 * VALUE_MAX];
	static char normal[sizeof(text) * NORMAL_GROWTH];
	static char again[sizeof(normal)];
	char cut[16];
	char flaw_text[MIME_FLAW_TEXT_MAX + 1];
	struct mime_flaw flaw = {.kind = MIME_FLAWLESS};
	char *value;
	size_t length;
	size_t cut_length;
	size_t normal_length;

	if (size >= VALUE_MAX)
		return 0;
	value = malloc(size + 1);
	require(value != NULL);
	if (size != 0)
		memcpy(value, data, size);
	value[size] = '\0';
	length = mime_decode_header(value, text, sizeof(text), &flaw);
	cut_length = mime_decode_header(value, cut, sizeof(cut), NULL);
	mime_flaw_print(&flaw, flaw_text);
	free(value);

	require(utf8_is_valid(flaw_text, strlen(flaw_text)));
	require(length == strlen(text) && utf8_is_valid(text, length));
	normal_length = mime_normalise(text, length, normal, sizeof(normal));
	require(normal_length == strlen(normal) && utf8_is_valid(normal, normal_length));
	require(mime_normalise(normal, normal_length, again, sizeof(again)) == normal_length);
	require(strcmp(again, normal) == 0);
	require(cut_length <= length && memcmp(cut, text, cut_length) == 0 &&
		cut[cut_length] == '\0');
	/* A blank and a character of four bytes are the most that found no room. */
	require(cut_length == length || cut_length + 5 >= sizeof(cut));
	return 0;
}
