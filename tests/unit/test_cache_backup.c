/* SPDX-License-Identifier: BSD-2-Clause */
/* A backup of the cache, and the cache of a backup while others read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cacheplace.h"
#include "resetguard/cache_backup.h"

#include "../../src/core/cache_txn.h"

static const char ADDRESS[] = "bob@lapsed.example";

static struct mailbox the_mailbox(void)
{
	struct mailbox mailbox;

	assert_int_equal(mailbox_parse(ADDRESS, strlen(ADDRESS), &mailbox), ERR_OK);
	return mailbox;
}

/* A cache with one record of each kind, at that time; left open. */
static void make_full(struct cacheplace *place, int64_t now)
{
	struct domain domain = cacheplace_domain("lapsed.example");
	struct mailbox mailbox = the_mailbox();
	struct facts facts = facts_new(now, FACTS_IMPORTED);
	struct history_event event = history_event_make(HISTORY_IMPORT, now, NULL, &facts);
	struct pin pin = {.verdict = PIN_REJECT, .set_at = now};
	struct parked parked = {.since = now, .at = now, .facts = facts, .host = "rdap.example"};
	struct host_record host = {.rate = 1000000};
	struct outbox_entry waiting = {.waiting = OUTBOX_TAKERS_ALL, .domain = domain};
	struct outbox_taker_state taker = {.failures = 3, .failing_since = now};

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, now);
	struct address_hash hash = cache_address_hash(txn, &mailbox);
	assert_int_equal(cache_put_facts(txn, &domain, NULL, &facts), ERR_OK);
	assert_int_equal(cache_put_address(txn, &hash, &(struct address_facts){.verified_at = now}),
			 ERR_OK);
	assert_int_equal(cache_add_history(txn, &domain, &event), ERR_OK);
	assert_int_equal(cache_put_pin(txn, &domain, NULL, &pin), ERR_OK);
	assert_int_equal(cache_put_parked(txn, &domain, &parked), ERR_OK);
	assert_int_equal(cache_put_host(txn, "rdap.example", &host), ERR_OK);
	waiting.event = event;
	assert_int_equal(cache_put_outbox(txn, &waiting), ERR_OK);
	assert_int_equal(cache_put_taker(txn, OUTBOX_COMMAND, &taker), ERR_OK);
	cacheplace_commit(place, txn);
}

static FILE *back_up(struct cacheplace *place)
{
	struct cache_backup backup;
	struct cache_txn *txn;
	FILE *stream = tmpfile();

	assert_non_null(stream);
	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_backup_write(txn, CACHEPLACE_NOW, stream, &backup, &place->why), ERR_OK);
	cache_read_end(txn);
	rewind(stream);
	return stream;
}

static enum err restore(struct cacheplace *place, FILE *stream, int64_t now)
{
	struct cache_options options = cacheplace_options(place);
	struct cache_backup backup;
	struct cache_backup replaced;

	rewind(stream);
	return cache_restore(&options, stream, now, &backup, &replaced, &place->why);
}

static bool knows_address(struct cache *cache, int64_t *verified_at)
{
	struct mailbox mailbox = the_mailbox();
	struct address_facts facts;
	struct cache_txn *txn;

	if (cache_read_begin(cache, 0, &txn) != ERR_OK)
		return false;
	struct address_hash hash = cache_address_hash(txn, &mailbox);
	bool known = cache_get_address(txn, &hash, &facts) == ERR_OK;
	cache_read_end(txn);
	if (known)
		*verified_at = facts.verified_at;
	return known;
}

static void a_backup_brings_everything_back(void **state)
{
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("lapsed.example");
	struct cache_backup backup;
	struct cache_txn *txn;
	struct facts facts;
	struct pin pin;
	struct parked parked;
	struct host_record host;
	struct outbox_entry waiting;
	struct outbox_taker_state taker;
	int64_t verified_at;

	make_full(place, CACHEPLACE_NOW);
	FILE *stream = back_up(place);
	cacheplace_close(place);
	assert_int_equal(cache_backup_verify(stream, &backup, &place->why), ERR_OK);
	assert_int_equal(backup.made_at, CACHEPLACE_NOW);
	assert_int_equal(backup.committed_at, CACHEPLACE_NOW);
	assert_int_equal(backup.entries[STORE_FACTS], 1);
	assert_int_equal(backup.entries[STORE_OUTBOX], 1);
	assert_int_equal(backup.damaged, 0);

	/* Where nothing is, not even a key. */
	assert_int_equal(unlink(cacheplace_path(place, "address.key")), 0);
	assert_int_equal(unlink(cacheplace_path(place, "cache/data.mdb")), 0);
	assert_int_equal(restore(place, stream, CACHEPLACE_NOW + 5), ERR_OK);
	cacheplace_open_reader(place);
	assert_true(knows_address(place->cache, &verified_at));
	assert_int_equal(verified_at, CACHEPLACE_NOW);
	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_get_facts(txn, &domain, &facts), ERR_OK);
	assert_int_equal(cache_get_pin(txn, &domain, NULL, &pin), ERR_OK);
	assert_int_equal(cache_get_parked(txn, &domain, &parked), ERR_OK);
	assert_int_equal(cache_get_host(txn, "rdap.example", &host), ERR_OK);
	assert_int_equal(cache_get_outbox(txn, 1, &waiting), ERR_OK);
	/* How a taker was doing is no matter of another day's. */
	assert_int_equal(cache_get_taker(txn, OUTBOX_COMMAND, &taker), ERR_NOT_FOUND);
	cache_read_end(txn);
	cacheplace_close(place);
	assert_int_equal(access(cacheplace_path(place, "address.key.new"), F_OK), -1);
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	assert_int_equal(
		cache_write_begin_at(place->cache, CACHEPLACE_NOW + 4, false, &txn, &place->why),
		ERR_CLOCK);
	txn = cacheplace_begin_write(place, CACHEPLACE_NOW + 5);
	assert_int_equal(cache_committed_at(txn), CACHEPLACE_NOW + 5);
	cache_write_abort(txn);
	fclose(stream);
}

/* Cut anywhere: what is in the cache stays. */
static void a_backup_that_is_no_good_changes_nothing(void **state)
{
	struct cacheplace *place = *state;
	int64_t verified_at;

	make_full(place, CACHEPLACE_NOW);
	FILE *stream = back_up(place);
	assert_int_equal(ftruncate(fileno(stream), 700), 0);
	cacheplace_close(place);
	assert_int_equal(restore(place, stream, CACHEPLACE_NOW), ERR_DATA);
	assert_non_null(strstr(place->why.text, "cut short at 700"));
	fclose(stream);
	stream = fopen(cacheplace_path(place, "address.key"), "r");
	assert_int_equal(restore(place, stream, CACHEPLACE_NOW), ERR_DATA);
	fclose(stream);
	cacheplace_open_reader(place);
	assert_true(knows_address(place->cache, &verified_at));
}

/* A file that can be read so often from its beginning, and then no more. */
struct failing {
	FILE *file;
	unsigned rewinds;
	unsigned good;
};

static ssize_t failing_read(void *cookie, char *buffer, size_t size)
{
	struct failing *failing = cookie;

	if (failing->rewinds > failing->good) {
		errno = EIO;
		return -1;
	}
	return (ssize_t)fread(buffer, 1, size, failing->file);
}

static int failing_seek(void *cookie, off64_t *offset, int whence)
{
	struct failing *failing = cookie;

	if (whence == SEEK_SET && *offset == 0)
		failing->rewinds++;
	return fseeko(failing->file, *offset, whence);
}

static void a_backup_that_cannot_be_read_to_its_end_changes_nothing(void **state)
{
	struct cacheplace *place = *state;
	struct failing failing = {.good = 0};
	enum err err = ERR_IO;
	int64_t verified_at = 0;

	make_full(place, CACHEPLACE_NOW);
	failing.file = back_up(place);
	cacheplace_close(place);
	while (err != ERR_OK) {
		FILE *stream = fopencookie(
			&failing, "r",
			(cookie_io_functions_t){.read = failing_read, .seek = failing_seek});

		assert_non_null(stream);
		assert_int_equal(setvbuf(stream, NULL, _IONBF, 0), 0);
		failing.rewinds = 0;
		err = restore(place, stream, CACHEPLACE_NOW + 5);
		fclose(stream);
		if (err != ERR_OK) {
			assert_int_equal(err, ERR_IO);
			assert_non_null(strstr(place->why.text, "Input/output error"));
		}
		cacheplace_open_reader(place);
		assert_true(knows_address(place->cache, &verified_at));
		cacheplace_close(place);
		failing.good++;
	}
	/* To be verified, and to be loaded. */
	assert_in_range(failing.good, 3, 9);
	fclose(failing.file);
}

struct reading {
	struct cache *cache;
	atomic_bool ended;
	unsigned reads;
	unsigned failures;
};

static void *read_on(void *context)
{
	struct reading *reading = context;
	int64_t verified_at = 0;

	while (!atomic_load(&reading->ended)) {
		reading->reads++;
		/* Every snapshot knows the address, each under its own key. */
		reading->failures += !knows_address(reading->cache, &verified_at) ||
				     (verified_at != CACHEPLACE_NOW && verified_at != CACHEPLACE_NOW + 1);
	}
	return NULL;
}

static FILE *backups[2];

static bool restore_in_turns(struct cacheplace *place)
{
	for (unsigned i = 0; i < 200; i++)
		if (restore(place, backups[i % 2], CACHEPLACE_NOW + 2) != ERR_OK)
			return false;
	return true;
}

/* Of two caches with keys of their own. Nothing is open after it. */
static void make_backups(struct cacheplace *place)
{
	struct cacheplace *other;

	cacheplace_set_up((void **)&other);
	make_full(place, CACHEPLACE_NOW);
	make_full(other, CACHEPLACE_NOW + 1);
	backups[0] = back_up(other);
	backups[1] = back_up(place);
	cacheplace_close(place);
	cacheplace_tear_down((void **)&other);
}

/* A process that restores once *start is written to. It is made before there is any
 * thread: one that holds a lock of the allocator's is not there to give it back. */
static pid_t make_restorer(struct cacheplace *place, int *start)
{
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) == 1 && restore_in_turns(place) ? 0 : 1);
	}
	close(ends[0]);
	*start = ends[1];
	return pid;
}

static void readers_go_on_while_another_cache_and_key_take_its_place(void **state)
{
	enum { THREADS = 3 };
	struct cacheplace *place = *state;
	struct reading reading[THREADS] = {{.cache = NULL}};
	pthread_t threads[THREADS];
	int start;
	int status;

	make_backups(place);
	pid_t restorer = make_restorer(place, &start);
	cacheplace_open_reader(place);
	for (unsigned i = 0; i < THREADS; i++) {
		reading[i].cache = place->cache;
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &reading[i]), 0);
	}
	assert_int_equal(write(start, "", 1), 1);
	assert_int_equal(waitpid(restorer, &status, 0), restorer);
	for (unsigned i = 0; i < THREADS; i++) {
		atomic_store(&reading[i].ended, true);
		pthread_join(threads[i], NULL);
		assert_true(reading[i].reads > 0);
		assert_int_equal(reading[i].failures, 0);
	}
	assert_int_equal(status, 0);
	close(start);
	fclose(backups[0]);
	fclose(backups[1]);
}

/* It knows no key from before. */
static void who_opens_the_cache_meanwhile_finds_its_key(void **state)
{
	struct cacheplace *place = *state;
	unsigned failures = 0;
	int64_t verified_at;
	int status;

	make_backups(place);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(restore_in_turns(place) ? 0 : 1);
	while (waitpid(child, &status, WNOHANG) == 0) {
		cacheplace_open_reader(place);
		failures += !knows_address(place->cache, &verified_at);
		cacheplace_close(place);
	}
	assert_int_equal(status, 0);
	assert_int_equal(failures, 0);
	fclose(backups[0]);
	fclose(backups[1]);
}

/* ---- forgetting ---- */

static void a_domain_is_forgotten_with_all_that_is_its_own(void **state)
{
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("lapsed.example");
	struct domain neighbour = cacheplace_domain("lapsed.example.org");
	struct facts facts = facts_new(CACHEPLACE_NOW, 0);
	struct history_event event = history_event_make(HISTORY_IMPORT, CACHEPLACE_NOW, NULL, &facts);
	struct mailbox mailbox = the_mailbox();
	struct cache_removed removed;
	struct pin pin;
	int64_t verified_at;

	make_full(place, CACHEPLACE_NOW);
	struct cache_txn *txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
	assert_int_equal(cache_put_facts(txn, &neighbour, NULL, &facts), ERR_OK);
	assert_int_equal(cache_add_history(txn, &neighbour, &event), ERR_OK);
	assert_int_equal(cache_remove_domain(txn, &domain, &removed), ERR_OK);
	assert_true(removed.had_facts && removed.had_pin && removed.had_parked);
	assert_int_equal(removed.events, 1);
	assert_int_equal(cache_get_facts(txn, &domain, &facts), ERR_NOT_FOUND);
	assert_int_equal(cache_get_pin(txn, &domain, NULL, &pin), ERR_NOT_FOUND);
	assert_int_equal(cache_get_facts(txn, &neighbour, &facts), ERR_OK);
	assert_int_equal(cache_remove_domain(txn, &domain, &removed), ERR_OK);
	assert_false(removed.had_facts || removed.had_pin || removed.had_parked);
	assert_int_equal(cache_remove_domain(txn, &neighbour, &removed), ERR_OK);
	assert_int_equal(removed.events, 1);
	cacheplace_commit(place, txn);
	assert_true(knows_address(place->cache, &verified_at));

	txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
	struct address_hash hash = cache_address_hash(txn, &mailbox);
	assert_int_equal(cache_remove_address(txn, &hash), ERR_OK);
	assert_int_equal(cache_remove_address(txn, &hash), ERR_NOT_FOUND);
	cache_write_abort(txn);
}

/* ---- a clock that ran ahead ---- */

static void what_a_clock_ahead_has_left_is_mended_carefully(void **state)
{
	const int64_t now = CACHEPLACE_NOW;
	const int64_t ahead = now + 365 * 86400;
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("lapsed.example");
	struct cache_future forgotten;
	struct cache_txn *txn;
	struct facts facts;
	struct pin pin;
	int64_t verified_at = 7;

	make_full(place, ahead);
	assert_int_equal(cache_write_begin_at(place->cache, now, false, &txn, &place->why),
			 ERR_CLOCK);
	assert_non_null(strstr(place->why.text, "prune --future"));
	assert_int_equal(cache_forget_future(place->cache, now, &forgotten, &place->why), ERR_OK);
	assert_int_equal(forgotten.committed_at, ahead);
	assert_int_equal(forgotten.domains, 1);
	assert_int_equal(forgotten.unverified, 1);

	txn = cacheplace_begin_write(place, now);
	assert_int_equal(cache_get_facts(txn, &domain, &facts), ERR_OK);
	assert_int_equal(facts.first_seen_at, now);
	assert_int_equal(facts.changed_at, now);
	assert_int_equal(cache_get_pin(txn, &domain, NULL, &pin), ERR_OK);
	assert_int_equal(pin.set_at, now);
	cache_write_abort(txn);
	assert_true(knows_address(place->cache, &verified_at));
	assert_int_equal(verified_at, 0);
	assert_int_equal(cache_forget_future(place->cache, now, &forgotten, &place->why), ERR_OK);
	assert_int_equal(forgotten.domains + forgotten.addresses + forgotten.pins, 0);
}

/* A registry's host that is to rest for a year is asked again; one that rests for an hour
 * does so. */
static void a_host_does_not_rest_until_then(void **state)
{
	const int64_t now = CACHEPLACE_NOW;
	const struct host_record ahead = {.rate = 5, .rests_until = now + 365 * 86400};
	const struct host_record soon = {.rate = 7, .rests_until = now + 3600};
	struct cacheplace *place = *state;
	struct cache_txn *txn;
	struct cache_future forgotten;
	struct host_record host;

	make_full(place, now);
	txn = cacheplace_begin_write(place, now);
	assert_int_equal(cache_put_host(txn, "ahead.example", &ahead), ERR_OK);
	assert_int_equal(cache_put_host(txn, "soon.example", &soon), ERR_OK);
	cacheplace_commit(place, txn);
	assert_int_equal(cache_forget_future(place->cache, now, &forgotten, &place->why), ERR_OK);
	assert_int_equal(forgotten.hosts, 1);

	txn = cacheplace_begin_write(place, now);
	assert_int_equal(cache_get_host(txn, "ahead.example", &host), ERR_OK);
	assert_int_equal(host.rests_until, 0);
	assert_int_equal(host.rate, 0);
	assert_int_equal(cache_get_host(txn, "soon.example", &host), ERR_OK);
	assert_int_equal(host.rests_until, soon.rests_until);
	assert_int_equal(host.rate, soon.rate);
	cache_write_abort(txn);
}

/* Nor does the application wait a year for what has changed. */
static void a_change_does_not_wait_until_then(void **state)
{
	const int64_t now = CACHEPLACE_NOW;
	const struct outbox_taker_state ahead = {.failures = 9, .rest_until = now + 365 * 86400};
	const struct outbox_taker_state soon = {.failures = 9, .rest_until = now + 3600};
	struct cacheplace *place = *state;
	struct cache_txn *txn;
	struct cache_future forgotten;
	struct outbox_entry waiting;
	struct outbox_taker_state taker;

	make_full(place, now);
	txn = cacheplace_begin_write(place, now);
	assert_int_equal(cache_get_outbox(txn, 1, &waiting), ERR_OK);
	waiting.tries[OUTBOX_COMMAND] =
		(struct outbox_try){.failures = 2, .next_at = ahead.rest_until};
	waiting.tries[OUTBOX_URL] = (struct outbox_try){.failures = 2, .next_at = soon.rest_until};
	assert_int_equal(cache_put_outbox(txn, &waiting), ERR_OK);
	assert_int_equal(cache_put_taker(txn, OUTBOX_COMMAND, &ahead), ERR_OK);
	assert_int_equal(cache_put_taker(txn, OUTBOX_URL, &soon), ERR_OK);
	cacheplace_commit(place, txn);
	assert_int_equal(cache_forget_future(place->cache, now, &forgotten, &place->why), ERR_OK);
	assert_int_equal(forgotten.changes, 1);

	txn = cacheplace_begin_write(place, now);
	assert_int_equal(cache_get_outbox(txn, 1, &waiting), ERR_OK);
	assert_int_equal(waiting.tries[OUTBOX_COMMAND].next_at, 0);
	assert_int_equal(waiting.tries[OUTBOX_URL].next_at, soon.rest_until);
	assert_int_equal(cache_get_taker(txn, OUTBOX_COMMAND, &taker), ERR_OK);
	assert_int_equal(taker.rest_until, 0);
	assert_int_equal(cache_get_taker(txn, OUTBOX_URL, &taker), ERR_OK);
	assert_int_equal(taker.rest_until, soon.rest_until);
	cache_write_abort(txn);
}

#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, cacheplace_set_up, cacheplace_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(a_backup_brings_everything_back),
		AT_A_PLACE(a_backup_that_is_no_good_changes_nothing),
		AT_A_PLACE(a_backup_that_cannot_be_read_to_its_end_changes_nothing),
		AT_A_PLACE(readers_go_on_while_another_cache_and_key_take_its_place),
		AT_A_PLACE(who_opens_the_cache_meanwhile_finds_its_key),
		AT_A_PLACE(a_domain_is_forgotten_with_all_that_is_its_own),
		AT_A_PLACE(what_a_clock_ahead_has_left_is_mended_carefully),
		AT_A_PLACE(a_host_does_not_rest_until_then),
		AT_A_PLACE(a_change_does_not_wait_until_then),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
