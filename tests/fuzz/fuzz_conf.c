/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text is a configuration or an error that says why; a configuration, when it
 * is printed and read again, is the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct conf *conf, size_t *length)
{
	char *text = NULL;
	FILE *stream = open_memstream(&text, length);

	if (stream == NULL)
		abort();
	conf_print(conf, stream);
	fclose(stream);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf = NULL;
	struct conf *again = NULL;
	struct why why = {""};
	char *first;
	char *second;
	size_t first_length;
	size_t second_length;

	if (conf_read_text((const char *)data, size, "fuzz", &conf, &why) != ERR_OK) {
		if (conf != NULL || why.text[0] == '\0' || strchr(why.text, '\n') != NULL)
			abort();
		return 0;
	}
	first = print(conf, &first_length);
	/* A list of domains may grow as A-labels, beyond what a line holds. */
	if (conf_read_text(first, first_length, "fuzz", &again, &why) == ERR_OK) {
		second = print(again, &second_length);
		if (first_length != second_length || memcmp(first, second, first_length) != 0)
			abort();
		free(second);
	} else if (first_length <= CONF_LINE_MAX) {
		abort();
	}
	free(first);
	conf_free(conf);
	conf_free(again);
	return 0;
}
