/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lifecycle: the table of how soon names are gone, the one that is shipped too. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "resetguard/lifecycle.h"
#include "resetguard/time.h"

static struct lifecycle row_of(const struct lifecycle_table *table, const char *name)
{
	struct domain domain;

	assert_int_equal(domain_from_text(name, strlen(name), &domain), ERR_OK);
	return lifecycle_of(table, &domain);
}

static enum err read_text(const char *text, struct lifecycle_table **table, struct why *why)
{
	char path[] = "/tmp/test_lifecycle.XXXXXX";
	int descriptor = mkstemp(path);
	enum err err;

	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
	close(descriptor);
	err = lifecycle_read(path, table, why);
	(void)unlink(path);
	return err;
}

static void the_longest_suffix_counts(void **unused)
{
	struct lifecycle_table *table;
	struct why why;

	(void)unused;
	assert_int_equal(read_text("# a comment\n\nza 30 10\n co.za\t9 20 # fast\r\nTEST. 0 1", &table,
				   &why),
			 ERR_OK);
	assert_int_equal(row_of(table, "shop.co.za").gone_after, 9 * TIME_DAY);
	assert_int_equal(row_of(table, "shop.co.za").watch_before, 20 * TIME_DAY);
	assert_int_equal(row_of(table, "shop.org.za").gone_after, 30 * TIME_DAY);
	assert_int_equal(row_of(table, "shop.test").watch_before, TIME_DAY);
	assert_int_equal(row_of(table, "shop.example").watch_before, 0);
	assert_int_equal(row_of(table, "xco.za").gone_after, 30 * TIME_DAY);
	assert_int_equal(row_of(NULL, "shop.co.za").watch_before, 0);
	lifecycle_free(table);
	lifecycle_free(NULL);
}

static void an_empty_table_has_no_rows(void **unused)
{
	struct lifecycle_table *table;
	struct why why;

	(void)unused;
	assert_int_equal(read_text("", &table, &why), ERR_OK);
	assert_int_equal(row_of(table, "shop.co.za").watch_before, 0);
	lifecycle_free(table);
}

static void what_is_wrong_has_a_place(void **unused)
{
	static const char *const bad[] = {
		"#\nuk\n",	 "#\nuk 95\n",	       "#\nuk 95 10 5\n", "#\nuk ninety 10\n",
		"#\nuk -1 10\n", "#\nuk 95 0\n",       "#\nuk 367 10\n",  "#\nuk 95 367\n",
		"#\nuk 9d 10\n", "#\n192.0.2.1 9 9\n", "#\nu k 9 9\n",	  "#\nuk 99999999999999999999 9\n",
	};
	struct lifecycle_table *table = NULL;
	char line[LIFECYCLE_LINE_MAX + 8];
	struct why why;

	(void)unused;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (read_text(bad[i], &table, &why) != ERR_CONFIG)
			fail_msg("%s: taken", bad[i]);
		assert_non_null(strstr(why.text, ":2: "));
		assert_null(table);
	}
	memset(line, '#', sizeof line);
	line[sizeof line - 1] = '\0';
	assert_int_equal(read_text(line, &table, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, ":1: "));
	assert_int_equal(read_text("uk 95 10\nUK 90 10\n", &table, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "two rows for uk"));
	assert_int_not_equal(lifecycle_read("/nonexistent/table", &table, &why), ERR_OK);
	assert_non_null(strstr(why.text, "tld_lifecycle: /nonexistent/table"));
}

static void the_shipped_table_is_sound(void **unused)
{
	const char *source = getenv("SRC");
	struct lifecycle_table *table;
	char path[PATH_MAX];
	struct why why = {""};

	(void)unused;
	if (source == NULL)
		skip();
	snprintf(path, sizeof path, "%s/conf/tld-lifecycle", source);
	if (lifecycle_read(path, &table, &why) != ERR_OK)
		fail_msg("%s", why.text);
	assert_int_equal(row_of(table, "shop.co.uk").gone_after, 95 * TIME_DAY);
	assert_int_equal(row_of(table, "shop.co.za").gone_after, 9 * TIME_DAY);
	assert_int_equal(row_of(table, "shop.com").watch_before, 0);
	lifecycle_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_suffix_counts),
		cmocka_unit_test(an_empty_table_has_no_rows),
		cmocka_unit_test(what_is_wrong_has_a_place),
		cmocka_unit_test(the_shipped_table_is_sound),
	};

	return cmocka_run_group_tests_name("lifecycle", tests, NULL, NULL);
}
