/* SPDX-License-Identifier: BSD-2-Clause */
/* test_mailfiles: the messages of files, mboxes, folders and Maildirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "../../src/cli/mailfiles.h"

enum { SEEN_MAX = 1 << 15 };

struct place {
	char directory[32];
	char seen[SEEN_MAX]; /* what has been read, in short */
};

static void see(struct place *place, const char *text, size_t length)
{
	size_t at = strlen(place->seen);

	assert_true(at + length < SEEN_MAX);
	memcpy(place->seen + at, text, length);
	place->seen[at + length] = '\0';
}

/* The last part of the file's name, and the number: "<mbox:2>". */
static void on_begin(void *context, const char *file, unsigned number)
{
	char text[64];
	const char *slash = strrchr(file, '/');

	snprintf(text, sizeof(text), "<%s:%u>", slash == NULL ? file : slash + 1, number);
	see(context, text, strlen(text));
}

static void on_line(void *context, const char *line, size_t length)
{
	see(context, line, length);
}

static void on_end(void *context)
{
	see(context, ";", 1);
}

static void on_failed(void *context, const char *file, enum err err, const char *why)
{
	(void)file;
	(void)why;
	see(context, err == ERR_TOO_LONG ? "deep" : "failed", err == ERR_TOO_LONG ? 4 : 6);
}

static int make_place(void **state)
{
	static struct place place;

	strcpy(place.directory, "/tmp/test_mailfiles.XXXXXX");
	*state = &place;
	return mkdtemp(place.directory) == NULL ? -1 : 0;
}

static int remove_place(void **state)
{
	const struct place *place = *state;
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", place->directory);
	return system(command);
}

static void write_file(const struct place *place, const char *name, const char *text, size_t length)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void make_folder(const struct place *place, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static const char *read_back(struct place *place, const char *name)
{
	const struct mailfiles_sink sink = {on_begin, on_line, on_end, on_failed, place};
	char path[128];

	place->seen[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	mailfiles_read(path, &sink);
	return place->seen;
}

static void files_are_one_message_or_an_mbox(void **state)
{
	static const struct {
		const char *text;
		const char *seen;
	} rows[] = {
		{"A: b\n\nc\n", "<file:0>A: b\n\nc\n;"},
		{"", "<file:0>;"},
		{"A: b", "<file:0>A: b;"},
		{"From a Thu\nA: b\n\nc\n\nFrom d Thu\nE: f\n",
		 "<file:1>A: b\n\nc\n\n;<file:2>E: f\n;"},
		/* "From " begins a message behind an empty line only, and in an mbox only */
		{"From a Thu\nA: b\n\nc\nFrom d\n", "<file:1>A: b\n\nc\nFrom d\n;"},
		{"A: b\n\nFrom d\n", "<file:0>A: b\n\nFrom d\n;"},
		{"From a Thu\r\nA: b\r\n\r\nFrom d Thu\r\nE: f\r\n",
		 "<file:1>A: b\r\n\r\n;<file:2>E: f\r\n;"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write_file(place, "file", rows[i].text, strlen(rows[i].text));
		assert_string_equal(read_back(place, "file"), rows[i].seen);
	}
}

static void long_lines_come_in_pieces(void **state)
{
	enum { LENGTH = 20000 };
	struct place *place = *state;
	char *line = malloc(LENGTH);

	assert_non_null(line);
	memset(line, 'x', LENGTH);
	line[LENGTH - 1] = '\n';
	write_file(place, "file", line, LENGTH);
	assert_int_equal(strlen(read_back(place, "file")), LENGTH + strlen("<file:0>;"));
	free(line);
}

static void folders_are_read_in_order(void **state)
{
	struct place *place = *state;

	make_folder(place, "folder");
	make_folder(place, "folder/b");
	write_file(place, "folder/c", "C", 1);
	write_file(place, "folder/b/2", "B", 1);
	write_file(place, "folder/a", "A", 1);
	assert_string_equal(read_back(place, "folder"), "<a:0>A;<2:0>B;<c:0>C;");
}

static void of_a_maildir_what_is_delivered_is_read(void **state)
{
	struct place *place = *state;

	make_folder(place, "maildir");
	make_folder(place, "maildir/cur");
	make_folder(place, "maildir/new");
	make_folder(place, "maildir/tmp");
	write_file(place, "maildir/subscriptions", "S", 1);
	write_file(place, "maildir/cur/1:2,S", "1", 1);
	write_file(place, "maildir/new/2", "2", 1);
	write_file(place, "maildir/tmp/3", "3", 1);
	assert_string_equal(read_back(place, "maildir"), "<1:2,S:0>1;<2:0>2;");
}

static void what_cannot_be_read_is_told(void **state)
{
	struct place *place = *state;
	char name[3 * MAILFILES_DEPTH_MAX + 8] = "deep";

	assert_string_equal(read_back(place, "none"), "failed");
	make_folder(place, name);
	for (int i = 0; i <= MAILFILES_DEPTH_MAX; i++) {
		strcat(name, "/d");
		make_folder(place, name);
	}
	write_file(place, "deep/e", "E", 1);
	assert_string_equal(read_back(place, "deep"), "deep<e:0>E;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_one_message_or_an_mbox),
		cmocka_unit_test(long_lines_come_in_pieces),
		cmocka_unit_test(folders_are_read_in_order),
		cmocka_unit_test(of_a_maildir_what_is_delivered_is_read),
		cmocka_unit_test(what_cannot_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
