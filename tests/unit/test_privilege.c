/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving up root: for good, and with a clear word when there is no such user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "resetguard/privilege.h"

static void an_unknown_user_is_named_with_the_remedy(void **unused)
{
	struct privilege_user user;
	struct why why = {""};

	(void)unused;
	assert_int_equal(privilege_find("no-such-user-here", &user, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "there is no user no-such-user-here"));
	assert_non_null(strstr(why.text, "adduser --system"));
}

static void a_name_that_is_too_long_is_refused(void **unused)
{
	struct privilege_user user;
	struct why why = {""};
	char name[256];

	(void)unused;
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(privilege_find(name, &user, &why), ERR_CONFIG);
}

static void root_is_found(void **unused)
{
	struct privilege_user user;
	struct why why = {""};

	(void)unused;
	assert_int_equal(privilege_find("root", &user, &why), ERR_OK);
	assert_int_equal(user.uid, 0);
	assert_string_equal(user.name, "root");
}

/* In a child, since there is no way back. */
static int become_nobody(void)
{
	struct privilege_user user;
	struct why why = {""};

	if (privilege_find("nobody", &user, &why) != ERR_OK)
		return 1;
	if (privilege_become(&user, &why) != ERR_OK)
		return 2;
	if (getuid() != user.uid || geteuid() != user.uid || getegid() != user.gid)
		return 3;
	if (setuid(0) == 0 || seteuid(0) == 0)
		return 4;
	return 0;
}

static void root_becomes_another_for_good(void **unused)
{
	pid_t child;
	int status;

	(void)unused;
	if (geteuid() != 0)
		skip();
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(become_nobody());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_user_is_named_with_the_remedy),
		cmocka_unit_test(a_name_that_is_too_long_is_refused),
		cmocka_unit_test(root_is_found),
		cmocka_unit_test(root_becomes_another_for_good),
	};

	return cmocka_run_group_tests_name("privilege", tests, NULL, NULL);
}
