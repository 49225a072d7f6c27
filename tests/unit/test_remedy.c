/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands for people to paste: what a shell makes of them is what was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/cli/remedy.h"

struct file {
	char path[64];
};

static int set_up(void **state)
{
	struct file *file = calloc(1, sizeof *file);
	int fd;

	if (file == NULL)
		return -1;
	strcpy(file->path, "/tmp/test remedy.XXXXXX"); /* with a blank */
	fd = mkstemp(file->path);
	close(fd);
	*state = file;
	return fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct file *file = *state;

	unlink(file->path);
	free(file);
	return 0;
}

static void write_file(const struct file *file, const char *text)
{
	FILE *stream = fopen(file->path, "we");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static void assert_file(const struct file *file, const char *expected)
{
	char text[1024] = "";
	FILE *stream = fopen(file->path, "re");

	assert_non_null(stream);
	text[fread(text, 1, sizeof text - 1, stream)] = '\0';
	assert_int_equal(fclose(stream), 0);
	assert_string_equal(text, expected);
}

static void run(const struct remedy *remedy)
{
	assert_non_null(remedy_text(remedy));
	assert_int_equal(system(remedy_text(remedy)), 0);
}

static void words_are_quoted_where_they_must_be(void **state)
{
	struct remedy remedy = {.length = 0};

	(void)state;
	remedy_and(&remedy);
	remedy_words(&remedy, (const char *[]){"postconf", "-e", "a = $b", "it's", "", NULL});
	remedy_and(&remedy);
	remedy_word(&remedy, "/usr/sbin/postfix");
	remedy_shell(&remedy, ">>");
	remedy_format(&remedy, "%d;rm", 1);
	assert_string_equal(remedy_text(&remedy),
			    "postconf -e 'a = $b' 'it'\\''s' '' && /usr/sbin/postfix >> '1;rm'");
}

static void one_that_is_too_long_is_none(void **state)
{
	struct remedy remedy = {.length = 0};
	char word[REMEDY_MAX];

	(void)state;
	assert_null(remedy_text(&remedy));
	memset(word, 'a', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	remedy_word(&remedy, word);
	assert_non_null(remedy_text(&remedy));
	remedy_word(&remedy, "b");
	assert_null(remedy_text(&remedy));
}

static void a_line_is_left_out_with_what_continues_it(void **state)
{
	const struct file *file = *state;
	struct remedy remedy = {.length = 0};
	char text[128];

	write_file(file, "a = 1\nb = 2\n# between\n\n  3\n\nc = 4\n");
	snprintf(text, sizeof text, "%s:2: b: is wrong: 9:9", file->path);
	assert_true(remedy_leave_out(&remedy, text));
	run(&remedy);
	assert_file(file, "a = 1\n#b = 2\n## between\n#\n#  3\n\nc = 4\n");
}

static void what_names_no_line_is_no_remedy(void **state)
{
	const struct file *file = *state;
	static const char *const texts[] = {"%s", "%s:0: a", "%s:9: a", "%s: 1: a", "/none%s:1: a"};

	write_file(file, "a = 1\n");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct remedy remedy = {.length = 0};
		char text[128];
		const char *at = strstr(texts[i], "%s");

		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - texts[i]), texts[i], file->path,
			 at + 2);
		assert_false(remedy_leave_out(&remedy, text));
	}
}

static void assert_set(const struct file *file, const char *before, const char *after)
{
	struct conf *conf = NULL;
	struct why why = {""};
	struct remedy remedy = {.length = 0};

	write_file(file, before);
	assert_int_equal(conf_read(file->path, &conf, &why), ERR_OK);
	remedy_set_key(&remedy, conf, file->path, "socket_group", "mail");
	run(&remedy);
	assert_file(file, after);
	conf_free(conf);
	assert_int_equal(conf_read(file->path, &conf, &why), ERR_OK);
	assert_string_equal(conf->socket_group, "mail");
	conf_free(conf);
}

static void a_key_is_set_where_it_stands_or_at_the_end(void **state)
{
	const struct file *file = *state;

	assert_set(file, "mode = observe\nsocket_group =\n  other\nmap_size = 1g\n",
		   "mode = observe\nsocket_group = mail\nmap_size = 1g\n");
	assert_set(file, "mode = observe\n", "mode = observe\n\nsocket_group = mail\n");
	assert_set(file, "mode = observe", "mode = observe\nsocket_group = mail\n");
}

#define AT_A_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_quoted_where_they_must_be),
		cmocka_unit_test(one_that_is_too_long_is_none),
		AT_A_FILE(a_line_is_left_out_with_what_continues_it),
		AT_A_FILE(what_names_no_line_is_no_remedy),
		AT_A_FILE(a_key_is_set_where_it_stands_or_at_the_end),
	};

	return cmocka_run_group_tests_name("remedy", tests, NULL, NULL);
}
