/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resetguard/log.h"
#include "resetguard/wanted.h"

enum { MAX = 3 };

struct place {
	char root[64];
	struct wanted *wanted;
};

static char *below(const struct place *place, const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", place->root, name);
	return path;
}

static struct domain domain_of(const char *name)
{
	struct domain domain;

	assert_int_equal(domain_from_text(name, strlen(name), &domain), ERR_OK);
	return domain;
}

static enum err add(struct place *place, const char *name, int64_t monotonic_ms)
{
	struct domain domain = domain_of(name);

	return wanted_add(place->wanted, &domain, monotonic_ms);
}

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	strcpy(place->root, "/tmp/test_wanted.XXXXXX");
	assert_non_null(mkdtemp(place->root));
	assert_int_equal(mkdir(below(place, "wanted"), 0770), 0);
	assert_int_equal(wanted_open(place->root, MAX, &place->wanted), ERR_OK);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	wanted_close(place->wanted);
	snprintf(command, sizeof command, "rm -rf %s", place->root);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static enum err join(void *context, const struct domain *domain)
{
	char *joined = context;

	strcat(joined, domain->name);
	strcat(joined, " ");
	return ERR_OK;
}

/* Unsorted: the tests compare one name, or a length. */
static char *names(struct place *place)
{
	static char joined[1024];

	joined[0] = '\0';
	assert_int_equal(wanted_each(place->wanted, join, joined), ERR_OK);
	return joined;
}

static void a_name_is_on_the_list_once(void **state)
{
	struct place *place = *state;
	struct stat status;

	assert_int_equal(add(place, "lapsed.example", 1), ERR_OK);
	assert_int_equal(add(place, "lapsed.example", 2), ERR_OK);
	assert_string_equal(names(place), "lapsed.example ");
	assert_int_equal(stat(below(place, "wanted/lapsed.example"), &status), 0);
	assert_true(S_ISREG(status.st_mode));
	assert_int_equal(status.st_size, 0);
}

static void an_international_name_is_listed_as_a_labels(void **state)
{
	struct place *place = *state;

	assert_int_equal(add(place, "b\xc3\xbc" "cher.example", 1), ERR_OK);
	assert_string_equal(names(place), "xn--bcher-kva.example ");
}

static void what_is_removed_is_gone(void **state)
{
	struct place *place = *state;
	struct domain domain = domain_of("lapsed.example");

	assert_int_equal(add(place, "lapsed.example", 1), ERR_OK);
	assert_int_equal(wanted_remove(place->wanted, &domain), ERR_OK);
	assert_string_equal(names(place), "");
	assert_int_equal(wanted_remove(place->wanted, &domain), ERR_OK);
}

static void a_full_list_takes_no_new_name(void **state)
{
	struct place *place = *state;
	struct domain domain = domain_of("b.example");

	assert_int_equal(add(place, "a.example", 5000), ERR_OK);
	assert_int_equal(add(place, "b.example", 5000), ERR_OK);
	assert_int_equal(add(place, "b.example", 5000), ERR_OK);
	assert_int_equal(add(place, "c.example", 5000), ERR_OK);
	assert_int_equal(add(place, "d.example", 5000), ERR_FULL);
	assert_int_equal(add(place, "c.example", 5000), ERR_OK);

	/* Counted anew only a second later. */
	assert_int_equal(wanted_remove(place->wanted, &domain), ERR_OK);
	assert_int_equal(add(place, "d.example", 5999), ERR_FULL);
	assert_int_equal(add(place, "d.example", 6000), ERR_OK);
	assert_int_equal(add(place, "e.example", 6001), ERR_FULL);
}

static void what_was_there_before_counts(void **state)
{
	struct place *place = *state;
	struct wanted *other;

	assert_int_equal(add(place, "a.example", 1), ERR_OK);
	assert_int_equal(add(place, "b.example", 1), ERR_OK);
	assert_int_equal(wanted_open(place->root, 2, &other), ERR_OK);
	struct domain domain = domain_of("c.example");
	assert_int_equal(wanted_add(other, &domain, 1), ERR_FULL);
	wanted_close(other);
}

static void a_missing_directory_is_used_when_it_comes(void **state)
{
	struct place *place = *state;

	assert_int_equal(rmdir(below(place, "wanted")), 0);
	assert_int_equal(add(place, "lapsed.example", 1), ERR_NO_INPUT);
	assert_int_equal(mkdir(below(place, "wanted"), 0770), 0);
	assert_int_equal(add(place, "lapsed.example", 2), ERR_OK);
	assert_string_equal(names(place), "lapsed.example ");
}

static void an_exchanged_directory_is_seen_at_once(void **state)
{
	struct place *place = *state;
	char old[512];

	assert_int_equal(add(place, "old.example", 1), ERR_OK);
	strcpy(old, below(place, "old"));
	assert_int_equal(rename(below(place, "wanted"), old), 0);
	assert_int_equal(mkdir(below(place, "wanted"), 0770), 0);
	assert_int_equal(add(place, "new.example", 1), ERR_OK);
	assert_string_equal(names(place), "new.example ");
}

static void what_is_no_domain_is_left_alone(void **state)
{
	static const char *const others[] = {"wanted/README..", "wanted/Upper.example", "wanted/-x-"};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_int_equal(close(open(below(place, others[i]), O_CREAT | O_WRONLY, 0600)), 0);
	assert_string_equal(names(place), "");
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		assert_int_equal(access(below(place, others[i]), F_OK), 0);
}

static void a_planted_link_is_not_followed(void **state)
{
	struct place *place = *state;
	char target[512];

	strcpy(target, below(place, "target"));
	assert_int_equal(symlink(target, below(place, "wanted/lapsed.example")), 0);
	assert_int_equal(add(place, "lapsed.example", 1), ERR_OK);
	assert_int_equal(access(target, F_OK), -1);
}

static enum err stop(void *context, const struct domain *domain)
{
	(void)domain;
	*(unsigned *)context += 1;
	return ERR_BUSY;
}

static void a_walk_ends_with_the_visitors_error(void **state)
{
	struct place *place = *state;
	unsigned visits = 0;

	assert_int_equal(add(place, "a.example", 1), ERR_OK);
	assert_int_equal(add(place, "b.example", 1), ERR_OK);
	assert_int_equal(wanted_each(place->wanted, stop, &visits), ERR_BUSY);
	assert_int_equal(visits, 1);
}

static enum err remove_it(void *context, const struct domain *domain)
{
	struct place *place = context;

	return wanted_remove(place->wanted, domain);
}

/* More than one read of the directory returns. */
static void a_long_list_is_walked_and_removed(void **state)
{
	struct place *place = *state;
	struct wanted *large;
	char joined[65536] = "";

	assert_int_equal(wanted_open(place->root, 10000, &large), ERR_OK);
	for (unsigned i = 0; i < 3000; i++) {
		char name[32];
		snprintf(name, sizeof name, "n%u.example", i);
		struct domain domain = domain_of(name);
		assert_int_equal(wanted_add(large, &domain, 1), ERR_OK);
	}
	assert_int_equal(wanted_each(large, join, joined), ERR_OK);
	assert_int_equal(strlen(joined), 10 * 11 + 90 * 12 + 900 * 13 + 2000 * 14);
	assert_int_equal(wanted_each(large, remove_it, place), ERR_OK);
	assert_string_equal(names(place), "");
	wanted_close(large);
}

/* ---- many writers ---- */

enum { WRITERS = 8, NAMES_EACH = 40, THERE_BEFORE = 3000, MANY_MAX = THERE_BEFORE + 100 };

struct writer {
	struct wanted *wanted;
	unsigned first;
	unsigned added;
	unsigned refused;
};

/* Each name is written by two of them. */
static void *write_names(void *argument)
{
	struct writer *writer = argument;

	for (unsigned i = 0; i < NAMES_EACH; i++) {
		char name[32];
		enum err err;

		snprintf(name, sizeof name, "n%u.example", (writer->first + i) / 2);
		struct domain domain = domain_of(name);
		err = wanted_add(writer->wanted, &domain, 1);
		writer->added += err == ERR_OK;
		writer->refused += err == ERR_FULL;
	}
	return NULL;
}

static enum err count_one(void *context, const struct domain *domain)
{
	(void)domain;
	*(unsigned *)context += 1;
	return ERR_OK;
}

/* So many are there before that the others write while the first of them counts. */
static void many_writers_keep_to_the_cap(void **state)
{
	struct place *place = *state;
	struct writer writers[WRITERS];
	pthread_t threads[WRITERS];
	struct wanted *shared;
	unsigned there = 0;
	unsigned done = 0;

	assert_int_equal(wanted_open(place->root, MANY_MAX, &shared), ERR_OK);
	for (unsigned i = 0; i < THERE_BEFORE; i++) {
		char name[32];

		snprintf(name, sizeof name, "before%u.example", i);
		struct domain domain = domain_of(name);
		assert_int_equal(wanted_add(shared, &domain, 1), ERR_OK);
	}
	wanted_close(shared);
	assert_int_equal(wanted_open(place->root, MANY_MAX, &shared), ERR_OK);
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.wanted = shared, .first = i * NAMES_EACH};
		assert_int_equal(pthread_create(&threads[i], NULL, write_names, &writers[i]), 0);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		done += writers[i].added + writers[i].refused;
	}
	assert_int_equal(done, WRITERS * NAMES_EACH);
	assert_int_equal(wanted_each(shared, count_one, &there), ERR_OK);
	assert_int_equal(there, MANY_MAX);
	assert_int_equal(wanted_each(shared, remove_it, place), ERR_OK);
	wanted_close(shared);
}

/* ---- a watcher ---- */

static void a_watcher_is_seen_and_another_run_is_not_one(void **state)
{
	struct place *place = *state;
	struct flock run = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = WANTED_LOCK_RUN, .l_len = 1};
	struct flock watcher = run;
	int fd;

	assert_false(wanted_is_watched(place->wanted));
	fd = open(below(place, "refresh.lock"), O_RDWR | O_CREAT, 0640);
	assert_true(fd >= 0);
	assert_false(wanted_is_watched(place->wanted));
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &run), 0);
	assert_false(wanted_is_watched(place->wanted));
	watcher.l_start = WANTED_LOCK_WATCHER;
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &watcher), 0);
	assert_true(wanted_is_watched(place->wanted));
	close(fd);
	assert_false(wanted_is_watched(place->wanted));
}

static void a_name_is_there_or_not(void **state)
{
	struct place *place = *state;
	struct domain domain = domain_of("a.example");

	assert_false(wanted_has(place->wanted, &domain));
	assert_int_equal(add(place, "a.example", 1), ERR_OK);
	assert_true(wanted_has(place->wanted, &domain));
}

static void a_directory_whose_name_leaves_no_room_is_refused(void **state)
{
	struct place *place = *state;
	struct wanted *wanted = place->wanted;
	char name[PATH_MAX];

	memset(name, 'd', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(wanted_open(name, MAX, &wanted), ERR_TOO_LONG);
	assert_ptr_equal(wanted, place->wanted);
}

int main(void)
{
#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(a_name_is_on_the_list_once),
		AT_A_PLACE(an_international_name_is_listed_as_a_labels),
		AT_A_PLACE(what_is_removed_is_gone),
		AT_A_PLACE(a_full_list_takes_no_new_name),
		AT_A_PLACE(what_was_there_before_counts),
		AT_A_PLACE(a_missing_directory_is_used_when_it_comes),
		AT_A_PLACE(an_exchanged_directory_is_seen_at_once),
		AT_A_PLACE(what_is_no_domain_is_left_alone),
		AT_A_PLACE(a_planted_link_is_not_followed),
		AT_A_PLACE(a_walk_ends_with_the_visitors_error),
		AT_A_PLACE(a_long_list_is_walked_and_removed),
		AT_A_PLACE(many_writers_keep_to_the_cap),
		AT_A_PLACE(a_watcher_is_seen_and_another_run_is_not_one),
		AT_A_PLACE(a_name_is_there_or_not),
		AT_A_PLACE(a_directory_whose_name_leaves_no_room_is_refused),
	};

	log_open(LOG_TO_STDERR, LOG_LEVEL_ERROR, "test_wanted");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
