/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a line of an import. What can be read of an exported line is written
 * again, and then reads and writes the same. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/cli/csv.h"
#include "../../src/cli/records.h"

enum { LINE_MAX_SIZE = 64 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* To be freed. */
static char *written(const struct records_row *row)
{
	const struct domain *domain = row->has_domain ? &row->domain : NULL;
	const struct address_hash *hash = row->has_hash ? &row->hash : NULL;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	require(stream != NULL);
	switch (row->kind) {
	case RECORDS_DOMAIN:
		records_write_domain(stream, domain, &row->facts);
		break;
	case RECORDS_ADDRESS:
		records_write_address(stream, &row->key, hash, &row->address);
		break;
	case RECORDS_PIN:
		records_write_pin(stream, &row->key, hash == NULL ? domain : NULL, hash, &row->pin);
		break;
	case RECORDS_HISTORY:
		records_write_history(stream, &row->key, domain, &row->event);
		break;
	}
	require(fclose(stream) == 0);
	return text;
}

static void exported(const char *line, size_t length)
{
	struct records_row row;
	struct records_row again;
	struct why why = {""};
	char *first;
	char *second;

	if (records_read(line, length, &row, &why) != ERR_OK) {
		require(memchr(why.text, '\0', sizeof why.text) != NULL);
		return;
	}
	first = written(&row);
	require(records_read(first, strcspn(first, "\n"), &again, &why) == ERR_OK);
	second = written(&again);
	require(strcmp(first, second) == 0);
	free(first);
	free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t now = 1795330800; /* 2026-11-22T07:00:00Z */
	struct csv_row row;
	struct why why = {""};
	char *line;

	if (size > LINE_MAX_SIZE)
		return 0;
	line = malloc(size + 1);
	require(line != NULL);
	if (size != 0)
		memcpy(line, data, size);
	line[size] = '\0';
	exported(line, strlen(line));
	if (csv_read(line, now, &row, &why) == ERR_OK)
		require(row.name >= line && row.name <= line + size);
	(void)csv_is_heading(&row);
	free(line);
	return 0;
}
