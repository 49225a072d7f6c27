/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostilemails - the messages of tests/lib/hostile as files, and the rules beside them.
 *
 *	hostilemails DIRECTORY
 *
 * Writes DIRECTORY/messages, and DIRECTORY/mails/NAME for each.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/hostile.h"

static bool write_file(const char *directory, const char *name, const char *text, size_t length)
{
	char path[PATH_MAX];
	FILE *file;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "w");
	good = file != NULL && fwrite(text, 1, length, file) == length;
	return file != NULL && fclose(file) == 0 && good;
}

int main(int argc, char **argv)
{
	char mails[PATH_MAX];
	bool good = argc == 2;

	if (!good) {
		fputs("usage: hostilemails DIRECTORY\n", stderr);
		return 64;
	}
	snprintf(mails, sizeof(mails), "%s/mails", argv[1]);
	good = write_file(argv[1], "messages", hostile_rules, strlen(hostile_rules)) &&
	       mkdir(mails, 0755) == 0;
	for (size_t i = 0; good && i < hostile_count(); i++) {
		size_t length;
		char *text = hostile_make(i, &length);

		good = text != NULL && write_file(mails, hostile_name(i), text, length);
		free(text);
	}
	if (!good)
		perror(argv[1]);
	return good ? 0 : 1;
}
