/* SPDX-License-Identifier: BSD-2-Clause */
/* The backup's file: what was written is read again, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/backup.h"

enum { ENTRIES = 3000 };

static const struct backup_made MADE = {.at = 1700000000, .key = {"the key of thirty-two bytes, 32"}};

struct file {
	char *text;
	size_t length;
};

static struct bytes number(unsigned i, char text[16])
{
	snprintf(text, 16, "%08u", i);
	return (struct bytes){text, 8};
}

/* Entries of two databases, over several blocks. */
static int write_file(void **state)
{
	struct file *file = calloc(1, sizeof *file);
	FILE *stream = open_memstream(&file->text, &file->length);
	struct backup_writer *writer;
	char value[64] = "value";
	char key[16];

	assert_int_equal(backup_writer_new(stream, &MADE, &writer), ERR_OK);
	assert_int_equal(backup_write_database(writer, "facts"), ERR_OK);
	for (unsigned i = 0; i < ENTRIES; i++)
		assert_int_equal(backup_write_entry(writer, number(i, key),
						    (struct bytes){value, i % sizeof value}),
				 ERR_OK);
	assert_int_equal(backup_write_database(writer, "pins"), ERR_OK);
	assert_int_equal(backup_write_entry(writer, number(1, key), (struct bytes){"", 0}), ERR_OK);
	assert_int_equal(backup_writer_end(writer), ERR_OK);
	fclose(stream);
	*state = file;
	return 0;
}

static int free_file(void **state)
{
	struct file *file = *state;

	free(file->text);
	free(file);
	return 0;
}

/* How far it can be read, and what stops it. */
static enum err read_file(const char *text, size_t length, unsigned *entries, struct why *why)
{
	FILE *stream = fmemopen((void *)(uintptr_t)text, length, "r");
	struct backup_reader *reader;
	struct backup_made made;
	struct backup_entry entry;
	char key[16];

	*entries = 0;
	enum err err = backup_reader_new(stream, &reader, &made, why);
	if (err == ERR_OK) {
		assert_memory_equal(&made, &MADE, sizeof made);
		for (err = backup_read_entry(reader, &entry, why); err == ERR_OK;
		     err = backup_read_entry(reader, &entry, why)) {
			unsigned i = *entries == ENTRIES ? 1 : *entries;
			assert_string_equal(entry.database, *entries < ENTRIES ? "facts" : "pins");
			assert_memory_equal(entry.key.data, number(i, key).data, 8);
			assert_int_equal(entry.value.length, *entries < ENTRIES ? i % 64 : 0);
			++*entries;
		}
		backup_reader_free(reader);
	}
	fclose(stream);
	return err;
}

static void what_was_written_is_read(void **state)
{
	const struct file *file = *state;
	struct why why = {""};
	unsigned entries;

	assert_int_equal(read_file(file->text, file->length, &entries, &why), ERR_NOT_FOUND);
	assert_int_equal(entries, ENTRIES + 1);
	assert_true(file->length > 2 * BACKUP_BLOCK_MAX);
}

static void a_cut_file_is_known_for_it(void **state)
{
	const struct file *file = *state;
	unsigned entries;

	for (size_t length = 1; length < file->length; length += 997) {
		struct why why = {""};
		assert_int_equal(read_file(file->text, length, &entries, &why),
				 length >= 18 && length < 20 ? ERR_VERSION : ERR_DATA);
		assert_non_null(strstr(why.text, length < 20 ? "backup" : "cut short"));
	}
}

static void a_changed_byte_is_known(void **state)
{
	struct file *file = *state;
	unsigned entries;

	for (size_t at = 0; at < file->length; at += 499) {
		struct why why = {""};
		file->text[at] ^= 0x10;
		enum err err = read_file(file->text, file->length, &entries, &why);
		file->text[at] ^= 0x10;
		if (err != ERR_DATA)
			fail_msg("byte %zu: %s", at, err_text(err));
	}
}

static void what_follows_the_end_is_refused(void **state)
{
	struct file *file = *state;
	struct why why = {""};
	unsigned entries;

	file->text = realloc(file->text, file->length + 1);
	file->text[file->length] = 'x';
	assert_int_equal(read_file(file->text, file->length + 1, &entries, &why), ERR_DATA);
	assert_non_null(strstr(why.text, "follows"));
}

static void another_format_is_named(void **state)
{
	struct file *file = *state;
	struct why why = {""};
	unsigned entries;

	file->text[18] = '2';
	assert_int_equal(read_file(file->text, file->length, &entries, &why), ERR_VERSION);
	assert_int_equal(read_file("address,verified_at\nbob@a.example,2024\n", 39, &entries, &why),
			 ERR_DATA);
	assert_non_null(strstr(why.text, "no backup"));
}

static void what_no_block_holds_is_refused(void **state)
{
	static char large[BACKUP_BLOCK_MAX];
	struct backup_writer *writer;
	char *text;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	(void)state;
	assert_int_equal(backup_writer_new(stream, &MADE, &writer), ERR_OK);
	assert_int_equal(backup_write_entry(writer, (struct bytes){"k", 1},
					    (struct bytes){large, sizeof large}),
			 ERR_TOO_LONG);
	backup_writer_free(writer);
	fclose(stream);
	free(text);
}

#define WITH_A_FILE(test) cmocka_unit_test_setup_teardown(test, write_file, free_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_A_FILE(what_was_written_is_read),
		WITH_A_FILE(a_cut_file_is_known_for_it),
		WITH_A_FILE(a_changed_byte_is_known),
		WITH_A_FILE(what_follows_the_end_is_refused),
		WITH_A_FILE(another_format_is_named),
		cmocka_unit_test(what_no_block_holds_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
