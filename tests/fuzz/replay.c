/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay - a fuzz target as an ordinary test.
 *
 *	fuzz_NAME [FILE...]
 *
 * Linked with a fuzz target in place of libFuzzer, it gives the target the
 * empty input and then each FILE, or else each file of
 * $SRC/tests/fuzz/corpus/NAME, and prints TAP. A target that finds a fault ends
 * the process; the last comment then names the input.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned tests;

static void result(const char *ok, const char *name)
{
	tests++;
	printf("%s %u - %s\n", ok, tests, name);
}

/* In a block of exactly its size, so that a sanitizer sees a read beyond it. */
static void run(const char *name, const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size);

	if (exact == NULL && size != 0) {
		result("not ok", name);
		return;
	}
	if (size != 0)
		memcpy(exact, data, size);
	printf("# %s\n", name);
	fflush(stdout);
	LLVMFuzzerTestOneInput(exact, size);
	result("ok", name);
	free(exact);
}

static void run_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (file == NULL) {
		printf("# %s: %s\n", path, strerror(errno));
		result("not ok", path);
		return;
	}
	size = fread(data, 1, sizeof(data), file);
	if (ferror(file) != 0 || fgetc(file) != EOF) {
		printf("# %s cannot be read, or is larger than %d bytes\n", path, INPUT_MAX);
		result("not ok", path);
	} else {
		run(path, data, size);
	}
	fclose(file);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_corpus(const char *program)
{
	const char *name = strrchr(program, '_');
	const char *src = getenv("SRC");
	char directory[PATH_MAX];
	char path[PATH_MAX + NAME_MAX + 1];
	struct dirent **entries;
	int count;

	snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s", src == NULL ? "." : src,
		 name == NULL ? program : name + 1);
	count = scandir(directory, &entries, is_visible, alphasort);
	if (count < 0) {
		printf("# %s: %s\n", directory, strerror(errno));
		result("not ok", directory);
		return;
	}
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		run_file(path);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	run("the empty input", NULL, 0);
	if (argc == 1)
		run_corpus(argv[0]);
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	printf("1..%u\n", tests);
	return 0;
}
