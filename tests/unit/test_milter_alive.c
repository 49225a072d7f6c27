/* SPDX-License-Identifier: BSD-2-Clause */
/* The program itself, and what must not keep it from its work: crowds, want of
 * descriptors, and a cache that is taken away under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/mtamessage.h"
#include "milterrun.h"
#include "resetguard/time.h"
#include "sanitized.h"

enum {
	CROWD = 500,
	CROWDS_FIRST = 2, /* after which the allocator has what it wants */
	CROWDS = 8,
	GROWTH_MAX_KIB = 512, /* a sixth of a KiB for each session of the rest */
	SENDERS = 4,
};

/* ---- what a process has ---- */

static unsigned descriptors_of(const struct run *run)
{
	char path[64];
	unsigned count = 0;
	const struct dirent *entry;
	DIR *directory;

	snprintf(path, sizeof path, "/proc/%ld/fd", (long)run->pid);
	directory = opendir(path);
	assert_non_null(directory);
	for (entry = readdir(directory); entry != NULL; entry = readdir(directory))
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

/* The number that the next one gets. */
static unsigned next_descriptor_of(const struct run *run)
{
	char path[64];
	unsigned next = 0;

	do
		snprintf(path, sizeof path, "/proc/%ld/fd/%u", (long)run->pid, next++);
	while (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	return next - 1;
}

static long anonymous_kib_of(const struct run *run)
{
	char path[64];
	char line[256];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/status", (long)run->pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL) {
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtol(line + 8, NULL, 10);
	}
	fclose(file);
	assert_true(kib >= 0);
	return kib;
}

static void path_of(char path[64], const char *name)
{
	snprintf(path, 64, "%s/%s", run_place.root, name);
}

static void copy(const char *from, const char *to)
{
	char command[256];

	snprintf(command, sizeof command, "cp -a %s/%s %s/%s", run_place.root, from, run_place.root,
		 to);
	assert_int_equal(system(command), 0);
}

static enum mtaclient_verdict send_reset(struct mtaclient *client, const char *recipient)
{
	return mtamessage_send(client,
			       &(struct mtamessage){
				       .sender = "<app@svc.example>",
				       .recipients = (const char *const[]){recipient, NULL},
				       .text = RUN_RESET,
				       .text_length = strlen(RUN_RESET),
			       },
			       NULL);
}

/* Sends a reset until the answer is this one. The milter looks at its cache at most once
 * a second. */
static void await_verdict_on(struct mtaclient *client, const char *recipient,
			     enum mtaclient_verdict wanted)
{
	int64_t end_ms = time_monotonic_ms() + RUN_PATIENCE_MS;
	enum mtaclient_verdict verdict;

	do {
		verdict = send_reset(client, recipient);
		if (verdict == MTACLIENT_FAILED)
			fail_msg("%s", mtaclient_problem(client));
		assert_true(time_monotonic_ms() < end_ms);
	} while (verdict != wanted);
}

static void await_verdict(struct mtaclient *client, enum mtaclient_verdict wanted)
{
	await_verdict_on(client, "<bob@fine.example>", wanted);
}

/* ---- crowds ---- */

/* All are in the middle of a message at one time, and leave as MTAs do: by QUIT, without
 * a word, or after the message. Nobody else is there. */
static void come_and_go(const struct run *run)
{
	static struct mtaclient *clients[CROWD];
	unsigned at_rest;
	int64_t end_ms;

	for (size_t i = 0; i < CROWD; i++) {
		clients[i] = run_connect(run, "127.0.0.1");
		assert_int_equal(mtaclient_mail(clients[i], "<app@svc.example>", NULL),
				 MTACLIENT_CONTINUE);
		assert_int_equal(mtaclient_rcpt(clients[i], "<bob@lapsed.example>", NULL),
				 MTACLIENT_CONTINUE);
	}
	at_rest = descriptors_of(run) - CROWD;
	for (size_t i = 0; i < CROWD; i++) {
		if (i % 3 == 0)
			assert_int_equal(mtamessage_send_content(clients[i], RUN_RESET,
								 strlen(RUN_RESET)),
					 MTACLIENT_REJECT);
		if (i % 3 == 1)
			mtaclient_close(clients[i]);
		else
			run_hang_up(clients[i]);
	}
	end_ms = time_monotonic_ms() + RUN_PATIENCE_MS;
	while (descriptors_of(run) != at_rest)
		assert_true(time_monotonic_ms() < end_ms);
}

/* With one arena for all threads, what is held tells what was kept, and not which of
 * them happened to ask. */
static void a_crowd_leaves_nothing_behind(void **state)
{
	struct run run;
	long kib;

	(void)state;
	setenv("MALLOC_ARENA_MAX", "1", 1);
	run = run_start("");
	unsetenv("MALLOC_ARENA_MAX");
	for (int i = 0; i < CROWDS_FIRST; i++)
		come_and_go(&run);
	kib = anonymous_kib_of(&run);
	for (int i = CROWDS_FIRST; i < CROWDS; i++)
		come_and_go(&run);
	/* A sanitizer keeps what is freed for a while. */
	if (!SANITIZED && anonymous_kib_of(&run) >= kib + GROWTH_MAX_KIB)
		fail_msg("%ld KiB after %d crowds, %ld after %d", kib, CROWDS_FIRST,
			 anonymous_kib_of(&run), CROWDS);
	run_assert_works(&run);
	run_stop(&run);
}

static void without_descriptors_resets_are_deferred(void **state)
{
	struct run run = run_start("");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");
	struct rlimit before;
	struct rlimit none;
	int waiting;

	(void)state;
	await_verdict(client, MTACLIENT_ACCEPT);
	assert_int_equal(prlimit(run.pid, RLIMIT_NOFILE, NULL, &before), 0);
	none = (struct rlimit){.rlim_cur = next_descriptor_of(&run), .rlim_max = before.rlim_max};
	assert_int_equal(prlimit(run.pid, RLIMIT_NOFILE, &none, NULL), 0);
	waiting = milterwire_dial(run.socket, RUN_PATIENCE_MS);
	assert_true(waiting >= 0);
	await_verdict(client, MTACLIENT_TEMPFAIL);
	run_assert_begins(mtaclient_reply(client), "451 4.3.0 ");
	run_assert_logged("Too many open files");
	assert_int_equal(prlimit(run.pid, RLIMIT_NOFILE, &before, NULL), 0);
	await_verdict(client, MTACLIENT_ACCEPT);
	close(waiting);
	run_hang_up(client);
	run_assert_works(&run);
	run_stop(&run);
}

/* ---- the cache ---- */

struct sender {
	pthread_t thread;
	struct mtaclient *client;
	atomic_bool *enough;
	unsigned long right;
	unsigned long deferred;
	unsigned long wrong;
};

static void judge(struct sender *sender, enum mtaclient_verdict verdict,
		  enum mtaclient_verdict right)
{
	if (verdict == right)
		sender->right++;
	else if (verdict == MTACLIENT_TEMPFAIL)
		sender->deferred++;
	else
		sender->wrong++;
}

static void *send_until_told(void *argument)
{
	struct sender *sender = argument;

	while (!atomic_load(sender->enough)) {
		judge(sender, send_reset(sender->client, "<bob@fine.example>"), MTACLIENT_ACCEPT);
		judge(sender, send_reset(sender->client, "<bob@lapsed.example>"), MTACLIENT_REJECT);
	}
	return NULL;
}

static void exchange(const char *a, const char *b)
{
	char path_a[64];
	char path_b[64];

	path_of(path_a, a);
	path_of(path_b, b);
	assert_int_equal(renameat2(AT_FDCWD, path_a, AT_FDCWD, path_b, RENAME_EXCHANGE), 0);
}

static void move(const char *from, const char *to)
{
	char path_from[64];
	char path_to[64];

	path_of(path_from, from);
	path_of(path_to, to);
	assert_int_equal(rename(path_from, path_to), 0);
}

/* Whatever becomes of the cache, what should not pass never passes, and what should is
 * at worst deferred. */
static void a_cache_may_come_and_go_under_load(void **state)
{
	struct run run = run_start("");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");
	struct facts facts = milterplace_good_facts(&run_place);
	struct sender senders[SENDERS];
	atomic_bool enough = false;

	(void)state;
	copy("cache", "other");
	milterplace_put(&run_place, "later.example", &facts);
	for (size_t i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){.client = run_connect(&run, "127.0.0.1"),
					     .enough = &enough};
		assert_int_equal(
			pthread_create(&senders[i].thread, NULL, send_until_told, &senders[i]), 0);
	}

	move("cache", "taken");
	await_verdict(client, MTACLIENT_TEMPFAIL);
	run_assert_begins(mtaclient_reply(client), "451 4.3.0 ");
	move("taken", "cache");
	await_verdict(client, MTACLIENT_ACCEPT);

	await_verdict_on(client, "<bob@later.example>", MTACLIENT_ACCEPT);
	exchange("cache", "other"); /* as a whole: read, at the latest by the next look */
	await_verdict_on(client, "<bob@later.example>", MTACLIENT_TEMPFAIL);
	run_assert_begins(mtaclient_reply(client), "450 4.7.1 ");
	assert_int_equal(kill(run.pid, SIGUSR1), 0);
	exchange("cache/data.mdb", "other/data.mdb"); /* alone: not believed */
	await_verdict(client, MTACLIENT_TEMPFAIL);
	exchange("cache/data.mdb", "other/data.mdb");
	await_verdict(client, MTACLIENT_ACCEPT);

	move("address.key", "taken");
	move("cache", "hidden");
	await_verdict(client, MTACLIENT_TEMPFAIL);
	move("hidden", "cache");
	move("taken", "address.key");
	await_verdict(client, MTACLIENT_ACCEPT);

	atomic_store(&enough, true);
	for (size_t i = 0; i < SENDERS; i++) {
		pthread_join(senders[i].thread, NULL);
		assert_int_equal(senders[i].wrong, 0);
		assert_true(senders[i].right > 0);
		assert_true(senders[i].deferred > 0);
		run_hang_up(senders[i].client);
	}
	run_hang_up(client);
	run_assert_works(&run);
	run_stop(&run);
}

/* A sanitizer would make a report of the SIGBUS that is meant. */
static void leave_sigbus_alone(const char *variable)
{
	const char *options = getenv(variable);
	char with_sigbus[1024];

	snprintf(with_sigbus, sizeof with_sigbus, "%s:handle_sigbus=0",
		 options != NULL ? options : "");
	setenv(variable, with_sigbus, 1);
}

/* Either it has seen that before it reads on, or SIGBUS ends it, and whoever supervises
 * it starts it again. */
static void a_cache_cut_short_under_the_map_lets_nothing_through(void **state)
{
	struct run run;
	struct mtaclient *client;
	enum mtaclient_verdict verdict;
	char path[64];

	(void)state;
	leave_sigbus_alone("ASAN_OPTIONS");
	leave_sigbus_alone("TSAN_OPTIONS");
	run = run_start("");
	client = run_connect(&run, "127.0.0.1");
	await_verdict(client, MTACLIENT_ACCEPT);
	copy("cache", "whole");
	path_of(path, "cache/data.mdb");
	assert_int_equal(truncate(path, 0), 0);
	verdict = send_reset(client, "<bob@lapsed.example>");
	if (verdict == MTACLIENT_FAILED) {
		mtaclient_close(client);
		run_await_signal(&run, SIGBUS);
		exchange("cache", "whole");
		run = run_start("");
	} else {
		assert_int_equal(verdict, MTACLIENT_TEMPFAIL);
		exchange("cache", "whole");
		await_verdict(client, MTACLIENT_ACCEPT);
		mtaclient_close(client);
	}
	run_assert_works(&run);
	run_stop(&run);
}

#define TEST(name) cmocka_unit_test_teardown(name, run_end_leftover)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_crowd_leaves_nothing_behind),
		TEST(without_descriptors_resets_are_deferred),
		TEST(a_cache_may_come_and_go_under_load),
		TEST(a_cache_cut_short_under_the_map_lets_nothing_through),
	};

	return cmocka_run_group_tests(tests, run_set_up, run_tear_down);
}
