/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../milter/arrivals.h"

enum { LONG_MS = 60000 };

struct place {
	char root[64];
	struct wanted *wanted;
	struct arrivals *arrivals;
};

static struct domain domains[2];

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	struct why why = {""};
	char path[128];

	strcpy(place->root, "/tmp/test_arrivals.XXXXXX");
	assert_non_null(mkdtemp(place->root));
	snprintf(path, sizeof path, "%s/wanted", place->root);
	assert_int_equal(mkdir(path, 0770), 0);
	assert_int_equal(wanted_open(place->root, 1000, &place->wanted), ERR_OK);
	if (arrivals_open(&place->arrivals, &why) != ERR_OK)
		fail_msg("%s", why.text);
	assert_int_equal(domain_from_text("a.example", 9, &domains[0]), ERR_OK);
	assert_int_equal(domain_from_text("b.example", 9, &domains[1]), ERR_OK);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	arrivals_close(place->arrivals);
	wanted_close(place->wanted);
	snprintf(command, sizeof command, "rm -rf %s", place->root);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

/* The lock of a watcher; to be closed. */
static int begin_to_watch(const struct place *place)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 2};
	char path[128];
	int fd;

	snprintf(path, sizeof path, "%s/refresh.lock", place->root);
	fd = open(path, O_RDWR | O_CREAT, 0640);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	return fd;
}

static void a_watcher_is_looked_for_once_a_second(void **state)
{
	struct place *place = *state;
	int watcher;

	assert_false(arrivals_are_expected(place->arrivals, place->wanted, 5000));
	watcher = begin_to_watch(place);
	assert_false(arrivals_are_expected(place->arrivals, place->wanted, 5999));
	assert_true(arrivals_are_expected(place->arrivals, place->wanted, 6000));
	close(watcher);
	assert_true(arrivals_are_expected(place->arrivals, place->wanted, 6999));
	assert_false(arrivals_are_expected(place->arrivals, place->wanted, 7000));
}

static void without_the_directory_nobody_is_told(void **state)
{
	struct place *place = *state;
	int watcher = begin_to_watch(place);
	char path[128];

	snprintf(path, sizeof path, "%s/wanted", place->root);
	assert_int_equal(rmdir(path), 0);
	assert_false(arrivals_are_expected(place->arrivals, place->wanted, 5000));
	assert_int_equal(mkdir(path, 0770), 0);
	assert_true(arrivals_are_expected(place->arrivals, place->wanted, 6000));
	close(watcher);
}

static void what_is_not_on_the_list_is_not_waited_for(void **state)
{
	struct place *place = *state;

	assert_in_range(arrivals_wait(place->arrivals, place->wanted, domains, 2, LONG_MS), 1,
			LONG_MS - 1);
}

static void what_does_not_come_is_waited_for_as_long_as_was_said(void **state)
{
	struct place *place = *state;

	assert_int_equal(wanted_add(place->wanted, &domains[0], 1), ERR_OK);
	assert_true(arrivals_wait(place->arrivals, place->wanted, domains, 2, 20) >= 20);
}

static void *answer_both(void *argument)
{
	struct place *place = argument;

	assert_int_equal(wanted_remove(place->wanted, &domains[1]), ERR_OK);
	assert_int_equal(wanted_remove(place->wanted, &domains[0]), ERR_OK);
	return NULL;
}

static void the_wait_ends_when_all_have_come(void **state)
{
	struct place *place = *state;
	int watcher = begin_to_watch(place);
	pthread_t thread;

	assert_true(arrivals_are_expected(place->arrivals, place->wanted, 5000));
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(wanted_add(place->wanted, &domains[0], 1), ERR_OK);
		assert_int_equal(wanted_add(place->wanted, &domains[1], 1), ERR_OK);
		assert_int_equal(pthread_create(&thread, NULL, answer_both, place), 0);
		assert_in_range(arrivals_wait(place->arrivals, place->wanted, domains, 2, LONG_MS),
				1, LONG_MS - 1);
		assert_false(wanted_has(place->wanted, &domains[0]));
		assert_false(wanted_has(place->wanted, &domains[1]));
		assert_int_equal(pthread_join(thread, NULL), 0);
	}
	close(watcher);
}

/* ---- many ---- */

enum { TOO_MANY = 8 };

struct waiter {
	struct place *place;
	sem_t *refused;
	pthread_t thread;
};

static void *wait_for_one(void *argument)
{
	struct waiter *waiter = argument;

	if (arrivals_wait(waiter->place->arrivals, waiter->place->wanted, domains, 1, LONG_MS) == 0)
		sem_post(waiter->refused);
	return NULL;
}

static void only_so_many_wait_at_one_time(void **state)
{
	struct place *place = *state;
	int watcher = begin_to_watch(place);
	struct waiter waiters[ARRIVALS_WAITERS_MAX + TOO_MANY];
	size_t count = sizeof waiters / sizeof waiters[0];
	sem_t refused;

	assert_int_equal(sem_init(&refused, 0, 0), 0);
	assert_true(arrivals_are_expected(place->arrivals, place->wanted, 5000));
	assert_int_equal(wanted_add(place->wanted, &domains[0], 1), ERR_OK);
	for (size_t i = 0; i < count; i++) {
		waiters[i] = (struct waiter){.place = place, .refused = &refused};
		assert_int_equal(
			pthread_create(&waiters[i].thread, NULL, wait_for_one, &waiters[i]), 0);
	}
	for (unsigned i = 0; i < TOO_MANY; i++)
		assert_int_equal(sem_wait(&refused), 0);
	assert_int_equal(wanted_remove(place->wanted, &domains[0]), ERR_OK);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(pthread_join(waiters[i].thread, NULL), 0);
	assert_int_equal(sem_trywait(&refused), -1);
	sem_destroy(&refused);
	close(watcher);
}

int main(void)
{
#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(a_watcher_is_looked_for_once_a_second),
		AT_A_PLACE(without_the_directory_nobody_is_told),
		AT_A_PLACE(what_is_not_on_the_list_is_not_waited_for),
		AT_A_PLACE(what_does_not_come_is_waited_for_as_long_as_was_said),
		AT_A_PLACE(the_wait_ends_when_all_have_come),
		AT_A_PLACE(only_so_many_wait_at_one_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
