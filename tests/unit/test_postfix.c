/* SPDX-License-Identifier: BSD-2-Clause */
/* What postconf(1) says, read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/postfix.h"

static void pairs_are_read(void **state)
{
	static const char text[] =
		"smtpd_milters = { unix:a, default_action=accept }, inet:b:1\n"
		"non_smtpd_milters =\n"
		"postconf: warning: /etc/postfix/main.cf: unused parameter: a=b\n"
		"smtp/inet/chroot = y\n"
		"\n"
		" = nameless\n"
		"last = one";
	struct postfix postfix = {.program = NULL};

	(void)state;
	assert_int_equal(postfix_pairs_read(text, &postfix.set), ERR_OK);
	assert_int_equal(postfix.set.count, 4);
	assert_string_equal(postfix_raw(&postfix, "smtpd_milters"),
			    "{ unix:a, default_action=accept }, inet:b:1");
	assert_string_equal(postfix_raw(&postfix, "non_smtpd_milters"), "");
	assert_string_equal(postfix_raw(&postfix, "smtp/inet/chroot"), "y");
	assert_string_equal(postfix_raw(&postfix, "last"), "one");
	assert_string_equal(postfix_raw(&postfix, "mail_owner"), "");
	assert_null(postfix_pairs_get(&postfix.set, "mail_owner"));
	postfix_clear(&postfix);
}

static void read_master(struct postfix *postfix, const char *level)
{
	static const char fields[] = "smtp/inet/service = smtp\n"
				     "smtp/inet/chroot = y\n"
				     "smtp/inet/command = smtpd\n"
				     "submission/inet/chroot = -\n"
				     "submission/inet/command = smtpd -o smtpd_milters=inet:x:1\n"
				     "smtps/inet/chroot = n\n"
				     "smtps/inet/command = smtpd -v\n"
				     "smtpdx/inet/chroot = n\n"
				     "smtpdx/inet/command = smtpdx\n"
				     "cleanup/unix/chroot = n\n"
				     "cleanup/unix/command = cleanup\n";
	static const char overrides[] = "submission/inet/smtpd_milters = inet:x:1\n";

	*postfix = (struct postfix){.program = NULL};
	assert_int_equal(postfix_pairs_read(fields, &postfix->fields), ERR_OK);
	assert_int_equal(postfix_pairs_read(overrides, &postfix->overrides), ERR_OK);
	assert_int_equal(postfix_pairs_read(level, &postfix->expanded), ERR_OK);
}

static void services_are_found(void **state)
{
	struct postfix postfix;
	struct postfix_service service;
	size_t index = 0;

	(void)state;
	read_master(&postfix, "compatibility_level = 3.6\nsmtpd_milters = unix:main\n");
	assert_true(postfix_next_service(&postfix, &index, "smtpd", &service));
	assert_string_equal(service.name, "smtp/inet");
	assert_true(service.chrooted);
	assert_null(postfix_override(&postfix, &service, "smtpd_milters"));
	assert_string_equal(postfix_service_value(&postfix, &service, "smtpd_milters"),
			    "unix:main");
	assert_true(postfix_next_service(&postfix, &index, "smtpd", &service));
	assert_string_equal(service.name, "submission/inet");
	assert_false(service.chrooted);
	assert_string_equal(postfix_service_value(&postfix, &service, "smtpd_milters"), "inet:x:1");
	assert_true(postfix_next_service(&postfix, &index, "smtpd", &service));
	assert_string_equal(service.name, "smtps/inet");
	assert_false(service.chrooted);
	assert_false(postfix_next_service(&postfix, &index, "smtpd", &service));
	postfix_clear(&postfix);
}

static void an_old_configuration_is_chrooted_by_default(void **state)
{
	struct postfix postfix;
	struct postfix_service service;
	size_t index = 0;

	(void)state;
	read_master(&postfix, "compatibility_level = 0\n");
	assert_true(postfix_next_service(&postfix, &index, "smtpd", &service));
	assert_true(postfix_next_service(&postfix, &index, "smtpd", &service));
	assert_string_equal(service.name, "submission/inet");
	assert_true(service.chrooted);
	postfix_clear(&postfix);
}

static void a_directory_that_is_not_there_is_named(void **state)
{
	struct postfix postfix;
	struct why why = {""};
	enum err err = postfix_ask("/nonexistent/postfix", &postfix, &why);

	(void)state;
	if (err == ERR_NOT_FOUND)
		skip();
	assert_int_equal(err, ERR_NO_INPUT);
	assert_non_null(strstr(why.text, "/nonexistent/postfix"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_read),
		cmocka_unit_test(services_are_found),
		cmocka_unit_test(an_old_configuration_is_chrooted_by_default),
		cmocka_unit_test(a_directory_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests_name("postfix", tests, NULL, NULL);
}
