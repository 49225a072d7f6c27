/* SPDX-License-Identifier: BSD-2-Clause */
/* How rows come out in order, whether they fit into memory or not. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/cli/sorter.h"

struct fixture {
	char directory[64];
	struct sorter *sorter;
};

static void add_numbers(void *into, const void *from)
{
	uint32_t a;
	uint32_t b;

	memcpy(&a, into, sizeof a);
	memcpy(&b, from, sizeof b);
	a += b;
	memcpy(into, &a, sizeof a);
}

static int make_directory(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	strcpy(fixture->directory, "/tmp/test_sorter.XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	*state = fixture;
	return 0;
}

/* Nothing was left in the directory. */
static int remove_directory(void **state)
{
	struct fixture *fixture = *state;

	sorter_free(fixture->sorter);
	assert_int_equal(rmdir(fixture->directory), 0);
	free(fixture);
	return 0;
}

static void begin(struct fixture *fixture, size_t memory)
{
	const struct sorter_options options = {
		.directory = fixture->directory,
		.memory = memory,
		.value_size = sizeof(uint32_t),
		.fold = add_numbers,
	};

	sorter_free(fixture->sorter);
	fixture->sorter = NULL;
	assert_int_equal(sorter_new(&options, &fixture->sorter), ERR_OK);
}

static void add(struct fixture *fixture, const void *key, size_t length, uint32_t value)
{
	struct why why = {""};

	assert_int_equal(sorter_add(fixture->sorter, key, length, &value, &why), ERR_OK);
}

static void finish(struct fixture *fixture)
{
	struct why why = {""};

	assert_int_equal(sorter_finish(fixture->sorter, &why), ERR_OK);
}

/* The next row's value, with its key and a zero behind it in key; 0 at the end. */
static uint32_t next(struct fixture *fixture, char key[SORTER_KEY_MAX + 1])
{
	struct sorter_row row;
	struct why why = {""};
	uint32_t value;
	enum err err = sorter_next(fixture->sorter, &row, &why);

	if (err == ERR_NOT_FOUND)
		return 0;
	assert_int_equal(err, ERR_OK);
	memcpy(key, row.key, row.length);
	key[row.length] = '\0';
	memcpy(&value, row.value, sizeof value);
	return value;
}

static void nothing_comes_of_nothing(void **state)
{
	char key[SORTER_KEY_MAX + 1];

	begin(*state, SORTER_MEMORY_MIN);
	finish(*state);
	assert_int_equal(next(*state, key), 0);
	assert_int_equal(next(*state, key), 0);
}

static void a_key_comes_before_those_it_begins(void **state)
{
	static const char *const keys[] = {"b",	      "abcdefgh",  "abcdefghi", "abcdefg", "a",
					   "abcdefghijklmnop", "abcdefghijklmnopq", "ab"};
	static const char *const ordered[] = {"a", "ab", "abcdefg", "abcdefgh", "abcdefghi",
					      "abcdefghijklmnop", "abcdefghijklmnopq", "b"};
	enum { COUNT = sizeof keys / sizeof *keys };
	char key[SORTER_KEY_MAX + 1];

	/* Few are sorted in another way than many. */
	for (unsigned times = 1; times < 40; times += 38) {
		begin(*state, 1 << 20);
		for (unsigned i = 0; i < times * COUNT; i++)
			add(*state, keys[i % COUNT], strlen(keys[i % COUNT]), 1);
		finish(*state);
		for (unsigned i = 0; i < COUNT; i++) {
			assert_int_equal(next(*state, key), times);
			assert_string_equal(key, ordered[i]);
		}
		assert_int_equal(next(*state, key), 0);
	}
}

/* Zeros count as bytes, at the end of a key too. */
static void zeros_are_bytes(void **state)
{
	struct sorter_row row;
	struct why why = {""};

	begin(*state, 1 << 20);
	for (unsigned i = 0; i < 100; i++) {
		add(*state, "ab\0\0\0\0\0\0\0", 9, 1);
		add(*state, "ab", 2, 1);
		add(*state, "ab\0", 3, 1);
		add(*state, "ab\0\0\0\0\0\0", 8, 1);
	}
	finish(*state);
	for (unsigned i = 0; i < 4; i++) {
		static const size_t lengths[] = {2, 3, 8, 9};
		uint32_t value;
		assert_int_equal(sorter_next(((struct fixture *)*state)->sorter, &row, &why),
				 ERR_OK);
		memcpy(&value, row.value, sizeof value);
		assert_int_equal(row.length, lengths[i]);
		assert_int_equal(value, 100);
		assert_int_equal(row.folded, (i + 1) * 100);
	}
}

/* Each of count keys several times, in no order; memory decides whether in files. */
static void sort_many(struct fixture *fixture, size_t memory, unsigned count, unsigned times)
{
	char key[SORTER_KEY_MAX + 1];
	char wanted[SORTER_KEY_MAX + 1];

	begin(fixture, memory);
	for (unsigned i = 0; i < count * times; i++) {
		/* 7919 is prime, and no factor of any count here. */
		int length = snprintf(key, sizeof key, "a-common-beginning-%08u",
				      (unsigned)((uint64_t)i * 7919 % count));
		add(fixture, key, (size_t)length, i / count + 1);
	}
	assert_int_equal(sorter_count(fixture->sorter), (uint64_t)count * times);
	finish(fixture);
	for (unsigned i = 0; i < count; i++) {
		snprintf(wanted, sizeof wanted, "a-common-beginning-%08u", i);
		assert_int_equal(next(fixture, key), times * (times + 1) / 2);
		assert_string_equal(key, wanted);
	}
	assert_int_equal(next(fixture, key), 0);
}

static void many_fit_into_memory(void **state)
{
	sort_many(*state, 8 << 20, 20000, 3);
}

static void many_are_merged_from_a_file(void **state)
{
	sort_many(*state, 64 << 10, 20000, 3);
	sort_many(*state, 64 << 10, 1, 20000);
	/* More runs than their buffers have room in the block. */
	sort_many(*state, SORTER_MEMORY_MIN, 5000, 3);
}

static void the_longest_keys_fit(void **state)
{
	char key[SORTER_KEY_MAX + 1];
	char longest[SORTER_KEY_MAX];

	begin(*state, SORTER_MEMORY_MIN);
	for (unsigned i = 0; i < 100; i++) {
		memset(longest, 'a' + (int)(i * 7 % 26), sizeof longest);
		add(*state, longest, sizeof longest, 1);
	}
	finish(*state);
	for (char letter = 'a'; letter <= 'z'; letter++) {
		assert_true(next(*state, key) >= 3);
		assert_int_equal(key[0], letter);
		assert_int_equal(strlen(key), SORTER_KEY_MAX);
	}
	assert_int_equal(next(*state, key), 0);
}

static void a_directory_that_is_not_there_is_named(void **state)
{
	struct fixture *fixture = *state;
	const struct sorter_options options = {
		.directory = "/nonexistent/place",
		.memory = SORTER_MEMORY_MIN,
		.value_size = sizeof(uint32_t),
		.fold = add_numbers,
	};
	const uint32_t value = 1;
	struct why why = {""};
	enum err err = ERR_OK;

	assert_int_equal(sorter_new(&options, &fixture->sorter), ERR_OK);
	for (unsigned i = 0; i < 1000 && err == ERR_OK; i++)
		err = sorter_add(fixture->sorter, &i, sizeof i, &value, &why);
	assert_int_equal(err, ERR_NO_INPUT);
	assert_non_null(strstr(why.text, "/nonexistent/place"));
}

/* A limit to files stands for the full disk: EFBIG for ENOSPC. */
static void a_full_disk_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit before;
	const uint32_t value = 1;
	struct why why = {""};
	enum err err = ERR_OK;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	begin(fixture, SORTER_MEMORY_MIN);
	const struct rlimit small = {.rlim_cur = 8192, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (unsigned i = 0; i < 10000 && err == ERR_OK; i++)
		err = sorter_add(fixture->sorter, &i, sizeof i, &value, &why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(err, ERR_FULL);
	assert_non_null(strstr(why.text, fixture->directory));
	assert_non_null(strstr(why.text, "room"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_comes_of_nothing),
		TEST(a_key_comes_before_those_it_begins),
		TEST(zeros_are_bytes),
		TEST(many_fit_into_memory),
		TEST(many_are_merged_from_a_file),
		TEST(the_longest_keys_fit),
		TEST(a_directory_that_is_not_there_is_named),
		TEST(a_full_disk_is_told),
	};

	/* Beyond the limit a signal would come first. */
	(void)signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests_name("sorter", tests, NULL, NULL);
}
