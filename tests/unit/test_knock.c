/* SPDX-License-Identifier: BSD-2-Clause */
/* Who can connect to a socket, and what stops those who cannot. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/cli/knock.h"

struct place {
	char directory[64];
	char path[96];
	int fd;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (place == NULL)
		return -1;
	strcpy(place->directory, "/tmp/test_knock.XXXXXX");
	if (mkdtemp(place->directory) == NULL)
		return -1;
	snprintf(place->path, sizeof place->path, "%s/m.sock", place->directory);
	strcpy(address.sun_path, place->path);
	place->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(place->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(place->fd, 8) != 0)
		return -1;
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	close(place->fd);
	unlink(place->path);
	rmdir(place->directory);
	free(place);
	return 0;
}

static void who_listens_is_known(void **state)
{
	struct place *place = *state;
	char socket[128];
	struct why why = {""};
	pid_t pid = 0;

	snprintf(socket, sizeof socket, "unix:%s", place->path);
	assert_int_equal(knock(socket, &pid, &why), ERR_OK);
	assert_int_equal(pid, getpid());
	assert_int_equal(knock("fd:3", &pid, &why), ERR_NOT_FOUND);
	close(place->fd);
	assert_int_equal(knock(socket, &pid, &why), ERR_UNAVAILABLE);
	unlink(place->path);
	assert_int_equal(knock(socket, &pid, &why), ERR_UNAVAILABLE);
}

static struct knock_result as_nobody(const struct place *place, const char *directory,
				     bool chrooted, const char *path)
{
	struct knock_as as = {.directory = directory, .chrooted = chrooted, .path = path};
	struct knock_result result;
	struct why why = {""};

	(void)place;
	assert_int_equal(privilege_find("nobody", &as.user, &why), ERR_OK);
	assert_int_equal(knock_as(&as, &result, &why), ERR_OK);
	return result;
}

static void what_stops_another_user_is_named(void **state)
{
	struct place *place = *state;
	struct knock_result result;

	if (geteuid() != 0)
		skip();
	assert_int_equal(chmod(place->directory, 0711), 0);
	assert_int_equal(chmod(place->path, 0666), 0);
	assert_int_equal(as_nobody(place, place->directory, true, "m.sock").failure, 0);
	assert_int_equal(as_nobody(place, place->directory, true, "/m.sock").failure, 0);
	assert_int_equal(as_nobody(place, place->directory, false, "m.sock").failure, 0);
	assert_int_equal(as_nobody(place, place->directory, false, place->path).failure, 0);
	assert_int_equal(as_nobody(place, place->directory, true, place->path).failure, ENOENT);

	assert_int_equal(chmod(place->path, 0600), 0);
	result = as_nobody(place, place->directory, true, "m.sock");
	assert_int_equal(result.failure, EACCES);
	assert_string_equal(result.where, "m.sock");

	assert_int_equal(chmod(place->directory, 0700), 0);
	result = as_nobody(place, "/", false, place->path);
	assert_int_equal(result.failure, EACCES);
	assert_string_equal(result.where, place->directory);
	/* We are still who we were. */
	assert_int_equal(geteuid(), 0);
}

#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(who_listens_is_known),
		AT_A_PLACE(what_stops_another_user_is_named),
	};

	return cmocka_run_group_tests_name("knock", tests, NULL, NULL);
}
