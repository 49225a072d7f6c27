/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resetguard/maillog_file.h"
#include "resetguard/time.h"

enum { LINES_KEPT = 16 };

struct place {
	char directory[64];
	size_t count;
	size_t lengths[LINES_KEPT];
	char lines[LINES_KEPT][80];
};

static void keep(void *context, const char *text, size_t length)
{
	struct place *place = context;

	if (place->count < LINES_KEPT) {
		place->lengths[place->count] = length;
		snprintf(place->lines[place->count], sizeof place->lines[0], "%.*s",
			 (int)(length < 79 ? length : 79), text);
	}
	place->count++;
}

/* A file of the place, last written at moment. */
static const char *file(const struct place *place, char path[128], const char *name,
			const char *text, size_t length, const char *moment)
{
	struct timespec times[2] = {{0, 0}, {0, 0}};
	int64_t at = 0;
	FILE *stream;

	snprintf(path, 128, "%s/%s", place->directory, name);
	stream = fopen(path, "we");
	assert_non_null(stream);
	assert_int_equal(fwrite(text, 1, length, stream), length);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(time_parse(moment, 0, &at), ERR_OK);
	times[0].tv_sec = times[1].tv_sec = (time_t)at;
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	return path;
}

static struct maillog_files *opened(const char *const *paths, size_t count)
{
	struct maillog_files *files;
	struct why why = {""};

	assert_int_equal(maillog_files_open(paths, count, 1, &files, &why), ERR_OK);
	return files;
}

static enum err read_one(struct place *place, struct maillog_files *files, bool last)
{
	struct why why = {""};

	place->count = 0;
	return maillog_files_read(files, 0, last, keep, place, &why);
}

static void files_come_in_order_of_their_first_lines(void **state)
{
	static const char newest[] = "Nov 20 09:00:00 mx a: b\n";
	static const char middle[] = "2026-11-10T09:00:00Z mx a: b\n";
	static const char oldest[] = "\n# \nDec 31 09:00:00 mx a: b\nJan 1 00:00:00 mx a: b\n";
	struct place *place = *state;
	struct maillog_files *files;
	const char *directory = place->directory;
	char path[128];

	file(place, path, "mail.log", newest, sizeof newest - 1, "2026-11-21");
	file(place, path, "mail.log.1", middle, sizeof middle - 1, "2026-11-11");
	file(place, path, "mail.log-20260102", oldest, sizeof oldest - 1, "2026-01-02");
	file(place, path, "other.log", newest, sizeof newest - 1, "2026-11-21");
	files = opened(&directory, 1);
	assert_int_equal(maillog_files_count(files), 3);
	assert_non_null(strstr(maillog_files_path(files, 0), "/mail.log-20260102"));
	assert_non_null(strstr(maillog_files_path(files, 1), "/mail.log.1"));
	assert_int_equal(maillog_files_clock(files, 0).year, 2025);
	maillog_files_close(files);
}

/* Several years without a year in a stamp: seen from places all over the file. */
static void a_file_of_several_years_begins_in_the_right_one(void **state)
{
	static const char *const months[] = {"Mar", "Jun", "Sep", "Dec"};
	struct place *place = *state;
	struct maillog_files *files;
	char *text = malloc(1 << 20);
	const char *paths[1];
	char path[128];
	size_t length = 0;

	assert_non_null(text);
	for (int quarter = 1; quarter < 11; quarter++) {
		for (int i = 0; i < 2000; i++)
			length += (size_t)sprintf(text + length, "%s 10 09:00:00 mx a[1]: b\n",
						  months[quarter % 4]);
	}
	paths[0] = file(place, path, "long", text, length, "2026-09-11");
	free(text);
	files = opened(paths, 1);
	assert_int_equal(maillog_files_clock(files, 0).year, 2024);
	maillog_files_close(files);
}

static void lines_are_whole_and_long_ones_are_cut(void **state)
{
	struct place *place = *state;
	size_t length = 3 << 20;
	char *text = malloc(length);
	const char *paths[1];
	char path[128];
	struct maillog_files *files;

	assert_non_null(text);
	memset(text, 'x', length);
	memcpy(text, "one\ntwo\n", 8);
	memcpy(text + length - 9, "\nlast\nend", 9);
	text[20] = '\0';
	paths[0] = file(place, path, "lines", text, length, "2026-09-11");
	free(text);
	files = opened(paths, 1);
	assert_int_equal(read_one(place, files, true), ERR_OK);
	assert_int_equal(place->count, 5);
	assert_string_equal(place->lines[0], "one");
	assert_string_equal(place->lines[1], "two");
	assert_true(place->lengths[2] >= MAILLOG_LINE_MAX);
	assert_string_equal(place->lines[3], "last");
	assert_string_equal(place->lines[4], "end");
	maillog_files_close(files);
}

static void a_file_that_grows_is_read_on(void **state)
{
	struct place *place = *state;
	const char *paths[1];
	char path[128];
	struct maillog_files *files;
	FILE *stream;

	paths[0] = file(place, path, "growing", "one\ntw", 6, "2026-09-11");
	files = opened(paths, 1);
	assert_int_equal(read_one(place, files, false), ERR_OK);
	assert_int_equal(place->count, 1);
	stream = fopen(path, "ae");
	assert_non_null(stream);
	assert_true(fputs("o\nthree\n", stream) >= 0);
	assert_int_equal(fclose(stream), 0);
	assert_int_equal(read_one(place, files, false), ERR_OK);
	assert_int_equal(place->count, 2);
	assert_string_equal(place->lines[0], "two");
	assert_string_equal(place->lines[1], "three");
	maillog_files_close(files);
}

/* gzip -c of "one\n", then of "two\n", one behind the other. */
static const char packed[] =
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\xcf\x4b\xe5\x02\x00\x9f\xa8\x17\xf8\x04\x00"
	"\x00\x00\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x2b\x29\xcf\xe7\x02\x00\x74\x08\x17\x96"
	"\x04\x00\x00\x00";

static void what_is_compressed_is_told_by_its_bytes(void **state)
{
	struct place *place = *state;
	const char *paths[1];
	char path[128];
	struct maillog_files *files;

	paths[0] = file(place, path, "packed", packed, sizeof packed - 1, "2026-09-11");
	files = opened(paths, 1);
	assert_int_equal(read_one(place, files, true), ERR_OK);
	assert_int_equal(place->count, 2);
	assert_string_equal(place->lines[0], "one");
	assert_string_equal(place->lines[1], "two");
	maillog_files_close(files);
}

static void damage_hides_nothing_before_it(void **state)
{
	struct place *place = *state;
	const char *paths[1];
	char path[128];
	struct maillog_files *files;

	paths[0] = file(place, path, "cut", packed, sizeof packed - 12, "2026-09-11");
	files = opened(paths, 1);
	assert_int_equal(read_one(place, files, true), ERR_DATA);
	assert_true(place->count >= 1);
	assert_string_equal(place->lines[0], "one");
	maillog_files_close(files);
	/* Nor does damage in one file keep the others from being read. */
	paths[0] = file(place, path, "worse", "\x1f\x8b\xff\xff\xff\xff", 6, "2026-09-11");
	files = opened(paths, 1);
	assert_int_equal(read_one(place, files, true), ERR_DATA);
	assert_int_equal(place->count, 0);
	maillog_files_close(files);
}

static void what_is_not_there_is_named(void **state)
{
	struct place *place = *state;
	struct maillog_files *files;
	struct why why = {""};
	char path[128];
	const char *paths[1] = {path};

	snprintf(path, sizeof path, "%s/no-such-file", place->directory);
	assert_int_equal(maillog_files_open(paths, 1, 1, &files, &why), ERR_NO_INPUT);
	assert_non_null(strstr(why.text, path));
	snprintf(path, sizeof path, "%s/empty", place->directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(maillog_files_open(paths, 1, 1, &files, &why), ERR_NO_INPUT);
	assert_non_null(strstr(why.text, path));
}

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	if (place == NULL || setenv("TZ", "UTC", 1) != 0)
		return -1;
	strcpy(place->directory, "/tmp/test_maillog_file.XXXXXX");
	*state = place;
	return mkdtemp(place->directory) == NULL ? -1 : 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	char command[128];
	int result;

	snprintf(command, sizeof command, "rm -r '%s'", place->directory);
	result = system(command);
	free(place);
	return result;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_come_in_order_of_their_first_lines,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_file_of_several_years_begins_in_the_right_one,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(lines_are_whole_and_long_ones_are_cut, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(a_file_that_grows_is_read_on, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(what_is_compressed_is_told_by_its_bytes,
						make_place, remove_place),
		cmocka_unit_test_setup_teardown(damage_hides_nothing_before_it, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_named, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
