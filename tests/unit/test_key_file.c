/* SPDX-License-Identifier: BSD-2-Clause */
/* Secrets in files: which are taken, and that none is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "resetguard/key_file.h"

static enum err read_key(const char *content, mode_t mode, char key[KEY_FILE_MAX + 1],
			    struct why *why)
{
	char path[] = "/tmp/test_key_file.XXXXXX";
	int descriptor = mkstemp(path);
	size_t length = strlen(content);
	enum err err;

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, content, length), length);
	assert_int_equal(fchmod(descriptor, mode), 0);
	close(descriptor);
	why->text[0] = '\0';
	err = key_file_read("some_key_file", path, key, why);
	unlink(path);
	return err;
}

static void the_key_is_the_first_line(void **unused)
{
	static const char *const good[] = {"s3cret", "s3cret\n", "  s3cret \t\r\nand more\n"};
	static const char *const bad[] = {"", "\n", "  \ns3cret\n", "s3c\001ret\n", "s3cret it is\n",
					  "s3cr\303\251t\n"};
	char key[KEY_FILE_MAX + 1] = "untouched";
	char longest[KEY_FILE_MAX + 2];
	struct why why;

	(void)unused;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(read_key(bad[i], 0600, key, &why), ERR_CONFIG);
		assert_string_equal(key, "untouched");
		assert_non_null(strstr(why.text, "some_key_file: /tmp/test_key_file."));
		assert_null(strstr(why.text, "s3c"));
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(read_key(good[i], 0640, key, &why), ERR_OK);
		assert_string_equal(key, "s3cret");
	}
	memset(longest, 'k', sizeof longest);
	longest[KEY_FILE_MAX + 1] = '\0';
	assert_int_equal(read_key(longest, 0600, key, &why), ERR_CONFIG);
	longest[KEY_FILE_MAX] = '\0';
	assert_int_equal(read_key(longest, 0600, key, &why), ERR_OK);
	assert_int_equal(strlen(key), KEY_FILE_MAX);
}

static void what_everybody_may_read_is_no_key(void **unused)
{
	char key[KEY_FILE_MAX + 1];
	struct why why;

	(void)unused;
	assert_int_equal(read_key("s3cret\n", 0644, key, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "chmod o-r"));
	assert_int_not_equal(key_file_read("some_key_file", "/nonexistent/key", key, &why), ERR_OK);
	assert_non_null(strstr(why.text, "/nonexistent/key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_is_the_first_line),
		cmocka_unit_test(what_everybody_may_read_is_no_key),
	};

	return cmocka_run_group_tests_name("key_file", tests, NULL, NULL);
}
