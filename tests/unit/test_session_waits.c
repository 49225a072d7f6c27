/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that wait for newer facts, where somebody watches the wanted list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "resetguard/wanted.h"
#include "sessionbench.h"

/* Takes names off the wanted list as soon as they are on it, and answers in the cache
 * what the test put into facts. */
struct watcher {
	int lock;
	int inotify;
	unsigned count;		   /* names to answer */
	const struct facts *facts; /* NULL: they are taken off and no more */
	pthread_t thread;
};

static void path_of(const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", bench_place.root, name);
}

static void remove_wanted(const char *name)
{
	char path[256];
	char relative[128];

	snprintf(relative, sizeof relative, "wanted/%s", name);
	path_of(relative, path);
	(void)unlink(path);
}

static bool is_wanted(const char *name)
{
	char path[256];
	char relative[128];

	snprintf(relative, sizeof relative, "wanted/%s", name);
	path_of(relative, path);
	return access(path, F_OK) == 0;
}

static void *answer(void *argument)
{
	struct watcher *watcher = argument;
	_Alignas(struct inotify_event) char buffer[4096];
	unsigned answered = 0;

	while (answered < watcher->count) {
		ssize_t length = read(watcher->inotify, buffer, sizeof buffer);

		assert_true(length > 0);
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const void *)(buffer + at);

			if (watcher->facts != NULL)
				milterplace_put(&bench_place, event->name, watcher->facts);
			remove_wanted(event->name);
			answered++;
			at += (ssize_t)(sizeof *event + event->len);
		}
	}
	return NULL;
}

static void watch(struct watcher *watcher, unsigned count, const struct facts *facts)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 2};
	char path[256];

	*watcher = (struct watcher){.count = count, .facts = facts};
	path_of("refresh.lock", path);
	watcher->lock = open(path, O_RDWR | O_CREAT, 0640);
	assert_true(watcher->lock >= 0);
	assert_int_equal(fcntl(watcher->lock, F_OFD_SETLK, &lock), 0);
	watcher->inotify = inotify_init1(IN_CLOEXEC);
	path_of("wanted", path);
	assert_true(inotify_add_watch(watcher->inotify, path, IN_CREATE) >= 0);
	assert_int_equal(pthread_create(&watcher->thread, NULL, answer, watcher), 0);
}

static void end_watch(struct watcher *watcher)
{
	assert_int_equal(pthread_join(watcher->thread, NULL), 0);
	close(watcher->inotify);
	close(watcher->lock);
}

static void the_answer_decides(void **state)
{
	struct bench *bench = bench_begin("");
	struct facts facts = milterplace_good_facts(&bench_place);
	struct watcher watcher;

	(void)state;
	facts.registry.checked_at = bench->clock.now;
	watch(&watcher, 1, &facts);
	assert_int_equal(bench_reset_to(bench, "<bob@first.example>"), SESSION_ACCEPT);
	end_watch(&watcher);
	bench_assert_logged(1, "reason=ok");
	/* Facts that are new are not waited for. */
	assert_int_equal(bench_reset_to(bench, "<bob@first.example>"), SESSION_ACCEPT);
	bench_assert_logged(1, "wait_ms=0");
	bench_end(bench);
}

static void several_recipients_wait_once(void **state)
{
	struct bench *bench = bench_begin("");
	struct facts facts = milterplace_good_facts(&bench_place);
	struct watcher watcher;
	const char *text;

	(void)state;
	facts.registry.checked_at = bench->clock.now;
	watch(&watcher, 2, &facts);
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@second.example>");
	bench_add_rcpt(bench, "<bob@fine.example>");
	bench_add_rcpt(bench, "<bob@third.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	end_watch(&watcher);
	text = bench_take_log();
	assert_int_equal(bench_lines(text), 3);
	assert_null(strstr(text, "wait_ms=0"));
	bench_end(bench);
}

static void without_an_answer_it_goes_by_what_there_is(void **state)
{
	struct bench *bench = bench_begin("miss_wait = 1s\n");
	struct watcher watcher;

	(void)state;
	watch(&watcher, 0, NULL);
	assert_int_equal(bench_reset_to(bench, "<bob@no-answer.example>"), SESSION_TEMPFAIL);
	bench_assert_logged(1, "reply=\"450 4.7.1\" wait_ms=1");
	assert_true(is_wanted("no-answer.example"));
	remove_wanted("no-answer.example");
	end_watch(&watcher);
	bench_end(bench);
}

static void nobody_waits_where_it_gains_nothing(void **state)
{
	static const char *const keys[] = {"mode = observe\n", "miss_wait = 0\n"};
	struct watcher watcher;
	struct bench *bench;

	(void)state;
	watch(&watcher, 0, NULL);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		bench = bench_begin(keys[i]);
		(void)bench_reset_to(bench, "<bob@unasked.example>");
		bench_assert_logged(1, "wait_ms=0");
		assert_true(is_wanted("unasked.example"));
		remove_wanted("unasked.example");
		bench_end(bench);
	}
	/* Nor sendmail(1) mail, which would hold up all other local mail. */
	bench = bench_begin("");
	bench_sendmail_mail(bench, "4XyZ1");
	bench_add_rcpt(bench, "bob@unasked.example");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_TEMPFAIL);
	bench_assert_logged(1, "wait_ms=0");
	assert_true(is_wanted("unasked.example"));
	remove_wanted("unasked.example");
	bench_end(bench);
	end_watch(&watcher);
	/* Nor where no watcher runs. */
	bench = bench_begin("miss_wait = 3s\n");
	(void)bench_reset_to(bench, "<bob@unasked.example>");
	bench_assert_logged(1, "wait_ms=0");
	remove_wanted("unasked.example");
	bench_end(bench);
}

static void old_facts_refuse_nobody_at_rcpt(void **state)
{
	struct bench *bench = bench_begin("recheck_after = 1m\n");
	struct facts facts = milterplace_good_facts(&bench_place);
	struct watcher watcher;

	(void)state;
	bench_local_mail(bench, "<resets@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@lapsed.example>"), SESSION_REJECT);
	bench_assert_logged(1, "reason=expired");
	assert_true(is_wanted("lapsed.example"));
	remove_wanted("lapsed.example");
	session_end(bench->session);

	bench->clock.monotonic_ms += 1000;
	facts.registry.checked_at = bench->clock.now;
	watch(&watcher, 1, &facts);
	bench_mail(bench, "<resets@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	end_watch(&watcher);
	bench_assert_logged(1, "state=registered");
	bench_end(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_decides),
		cmocka_unit_test(several_recipients_wait_once),
		cmocka_unit_test(without_an_answer_it_goes_by_what_there_is),
		cmocka_unit_test(nobody_waits_where_it_gains_nothing),
		cmocka_unit_test(old_facts_refuse_nobody_at_rcpt),
	};

	return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
