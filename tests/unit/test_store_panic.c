/* SPDX-License-Identifier: BSD-2-Clause */
/* A meta page that cannot be written: LMDB gives its environment up for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "storeplace.h"

/* The next write of a meta page finds no room. */
static bool meta_fails;

/* In the way of LMDB's own. */
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	if (meta_fails && offset < 2 * sysconf(_SC_PAGESIZE)) {
		meta_fails = false;
		errno = ENOSPC;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

static void lose_a_write(struct place *place)
{
	assert_int_equal(place_open_writer(place), ERR_OK);
	assert_int_equal(place_put(place->store, "k", "first"), ERR_OK);
	meta_fails = true;
	assert_int_equal(place_put(place->store, "k", "lost"), ERR_FULL);
	assert_false(meta_fails);
}

static void the_next_write_is_stored(void **state)
{
	struct place *place = *state;
	enum err err;

	lose_a_write(place);
	assert_int_equal(place_put(place->store, "k", "second"), ERR_OK);
	assert_string_equal(place_get(place, 0, "k", &err), "second");
	assert_int_equal(store_status(place->store, NULL), ERR_OK);
}

static void what_was_there_before_can_be_read(void **state)
{
	struct place *place = *state;
	enum err err;

	lose_a_write(place);
	assert_string_equal(place_get(place, 0, "k", &err), "first");
	assert_int_equal(err, ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_next_write_is_stored, place_set_up,
						place_tear_down),
		cmocka_unit_test_setup_teardown(what_was_there_before_can_be_read, place_set_up,
						place_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
