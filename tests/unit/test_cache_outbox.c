/* SPDX-License-Identifier: BSD-2-Clause */
/* The outbox in the cache: filled with the change, kept in order, and bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "cacheplace.h"

#define NOW CACHEPLACE_NOW

static void open_for(struct cacheplace *place, unsigned takers)
{
	struct cache_options options = cacheplace_options(place);

	options.takers = takers;
	assert_int_equal(cache_open_writer(&options, &place->cache, &place->why), ERR_OK);
}

/* The domain lapses at that time. */
static void lapse(struct cache_txn *txn, const char *name, int64_t at)
{
	struct domain domain = cacheplace_domain(name);
	struct facts before = facts_new(NOW, 0);
	struct facts after;
	struct history_event event;

	before.state = STATE_REGISTERED;
	after = before;
	after.state = STATE_REDEMPTION;
	after.lapsed_at = at;
	event = history_event_make(HISTORY_OBSERVED, at, &before, &after);
	assert_int_equal(cache_put_facts(txn, &domain, NULL, &after), ERR_OK);
	assert_int_equal(cache_add_change(txn, &domain, &event), ERR_OK);
}

static enum err join(void *context, const struct outbox_entry *entry)
{
	char *text = context;
	size_t length = strlen(text);

	snprintf(text + length, 256 - length, "%s:%u ", entry->domain.name, entry->waiting);
	return ERR_OK;
}

static const char *waiting(struct cache_txn *txn, char text[256])
{
	text[0] = '\0';
	assert_int_equal(cache_each_outbox(txn, join, text), ERR_OK);
	return text;
}

static uint64_t count(struct cache_txn *txn)
{
	uint64_t changes;

	assert_int_equal(cache_count_outbox(txn, &changes), ERR_OK);
	return changes;
}

static void changes_wait_in_their_order(void **state)
{
	struct cacheplace *place = *state;
	struct cache_txn *txn;
	struct outbox_entry entry;
	char text[256];

	open_for(place, OUTBOX_TAKERS_ALL);
	txn = cacheplace_begin_write(place, NOW);
	lapse(txn, "z.example", NOW - 5);
	lapse(txn, "a.example", NOW - 9);
	lapse(txn, "z.example", NOW - 1);
	/* The same once more is on file, and told already. */
	lapse(txn, "z.example", NOW - 1);
	cacheplace_commit(place, txn);
	txn = cacheplace_begin_write(place, NOW);
	assert_string_equal(waiting(txn, text), "z.example:3 a.example:3 z.example:3 ");
	assert_int_equal(count(txn), 3);
	assert_int_equal(cache_get_outbox(txn, 2, &entry), ERR_OK);
	assert_string_equal(entry.domain.name, "a.example");
	entry.waiting = 1 << OUTBOX_URL;
	assert_int_equal(cache_put_outbox(txn, &entry), ERR_OK);
	assert_int_equal(cache_delete_outbox(txn, 1), ERR_OK);
	assert_int_equal(cache_delete_outbox(txn, 1), ERR_NOT_FOUND);
	assert_int_equal(cache_get_outbox(txn, 1, &entry), ERR_NOT_FOUND);
	assert_string_equal(waiting(txn, text), "a.example:2 z.example:3 ");
	cacheplace_commit(place, txn);
}

static void a_change_that_is_not_committed_is_not_told(void **state)
{
	struct cacheplace *place = *state;
	struct cache_txn *txn;

	open_for(place, 1 << OUTBOX_COMMAND);
	txn = cacheplace_begin_write(place, NOW);
	lapse(txn, "a.example", NOW);
	cache_write_abort(txn);
	txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(count(txn), 0);
	cache_write_abort(txn);
}

static void nobody_to_tell_fills_no_outbox(void **state)
{
	struct cacheplace *place = *state;
	struct cache_txn *txn;

	open_for(place, 0);
	txn = cacheplace_begin_write(place, NOW);
	lapse(txn, "a.example", NOW);
	assert_int_equal(count(txn), 0);
	cacheplace_commit(place, txn);
}

static void a_first_look_is_told_if_it_is_bad_news(void **state)
{
	static const struct {
		int64_t registered_at;
		unsigned told;
	} ROWS[] = {{NOW - 1000, 0}, {NOW + 1, 1}};
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("new.example");
	struct cache_txn *txn;

	open_for(place, 1 << OUTBOX_COMMAND);
	for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
		struct facts before = facts_new(NOW, 0);
		struct facts after = before;
		struct history_event event;

		after.state = STATE_REGISTERED;
		after.registered_at = ROWS[i].registered_at;
		event = history_event_make(HISTORY_OBSERVED, NOW, &before, &after);
		txn = cacheplace_begin_write(place, NOW);
		assert_int_equal(cache_put_facts(txn, &domain, NULL, &after), ERR_OK);
		assert_int_equal(cache_add_change(txn, &domain, &event), ERR_OK);
		assert_int_equal(count(txn), ROWS[i].told);
		cache_write_abort(txn);
	}
}

/* Facts and history stay whole, whatever the application does. */
static void a_full_outbox_drops_the_oldest(void **state)
{
	struct cacheplace *place = *state;
	struct cache_txn *txn;
	struct outbox_entry entry;

	open_for(place, 1 << OUTBOX_COMMAND);
	txn = cacheplace_begin_write(place, NOW);
	lapse(txn, "first.example", NOW);
	assert_int_equal(cache_get_outbox(txn, 1, &entry), ERR_OK);
	for (uint32_t i = 1; i < OUTBOX_MAX; i++) {
		entry.event.sequence = 1000 + i;
		assert_int_equal(cache_put_outbox(txn, &entry), ERR_OK);
	}
	lapse(txn, "second.example", NOW);
	assert_int_equal(count(txn), OUTBOX_MAX);
	assert_int_equal(cache_get_outbox(txn, 1, &entry), ERR_NOT_FOUND);
	assert_int_equal(cache_get_outbox(txn, 2, &entry), ERR_OK);
	assert_string_equal(entry.domain.name, "second.example");
	cacheplace_commit(place, txn);
}

static void how_a_taker_is_doing_comes_back(void **state)
{
	struct cacheplace *place = *state;
	struct outbox_taker_state taker = {3, NOW - 60, NOW + 60};
	struct outbox_taker_state read;
	struct cache_txn *txn;

	open_for(place, 1 << OUTBOX_URL);
	txn = cacheplace_begin_write(place, NOW);
	assert_int_equal(cache_get_taker(txn, OUTBOX_URL, &read), ERR_NOT_FOUND);
	assert_int_equal(cache_put_taker(txn, OUTBOX_URL, &taker), ERR_OK);
	cacheplace_commit(place, txn);
	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_get_taker(txn, OUTBOX_URL, &read), ERR_OK);
	assert_int_equal(read.failures, 3);
	assert_int_equal(read.rest_until, NOW + 60);
	assert_int_equal(cache_get_taker(txn, OUTBOX_COMMAND, &read), ERR_NOT_FOUND);
	cache_read_end(txn);
}

#define TEST(function)                                                                             \
	cmocka_unit_test_setup_teardown(function, cacheplace_set_up, cacheplace_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(changes_wait_in_their_order),
		TEST(a_change_that_is_not_committed_is_not_told),
		TEST(nobody_to_tell_fills_no_outbox),
		TEST(a_first_look_is_told_if_it_is_bad_news),
		TEST(a_full_outbox_drops_the_oldest),
		TEST(how_a_taker_is_doing_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
