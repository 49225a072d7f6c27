/* SPDX-License-Identifier: BSD-2-Clause */
/* Records that make no sense: passed over, told of, and replaced by careful ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../lib/rotting.h"
#include "cacheplace.h"

enum { TOLD_MAX = 8 };

struct damage {
	unsigned count;
	char told[TOLD_MAX][128];
};

static void told(void *context, const char *database, const char *name)
{
	struct damage *damage = context;

	if (damage->count < TOLD_MAX)
		snprintf(damage->told[damage->count], sizeof damage->told[0], "%s %s", database, name);
	damage->count++;
}

static void open_telling(struct cacheplace *place, struct damage *damage)
{
	struct cache_options options = cacheplace_options(place);

	options.damaged = told;
	options.context = damage;
	assert_int_equal(cache_open_writer(&options, &place->cache, &place->why), ERR_OK);
}

static struct mailbox the_mailbox(void)
{
	struct mailbox mailbox;

	assert_int_equal(mailbox_parse("bob@b.example", 13, &mailbox), ERR_OK);
	return mailbox;
}

/* a.example, b.example and c.example, each with an event, and an address of b's. */
static void make_three(struct cacheplace *place)
{
	static const char *const names[] = {"a.example", "b.example", "c.example"};
	struct mailbox mailbox = the_mailbox();

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
	struct address_hash hash = cache_address_hash(txn, &mailbox);
	for (unsigned i = 0; i < 3; i++) {
		struct domain domain = cacheplace_domain(names[i]);
		struct facts facts = facts_new(CACHEPLACE_NOW - 1000, FACTS_IMPORTED);
		struct history_event event = history_event_make(HISTORY_IMPORT, CACHEPLACE_NOW, NULL, &facts);
		facts.verified_at = CACHEPLACE_NOW - 10;
		assert_int_equal(cache_put_facts(txn, &domain, NULL, &facts), ERR_OK);
		assert_int_equal(cache_add_history(txn, &domain, &event), ERR_OK);
	}
	assert_int_equal(cache_put_address(txn, &hash,
					   &(struct address_facts){.verified_at = CACHEPLACE_NOW - 10}),
			 ERR_OK);
	cacheplace_commit(place, txn);
	cacheplace_close(place);
}

/* The records of the database whose key begins so are damaged. */
static void rot(const struct cacheplace *place, const char *database, const char *begin)
{
	assert_true(rotting_cut(cacheplace_path(place, "cache"), database, begin) > 0);
}

static enum err count_facts(void *context, const struct domain *domain, const struct facts *facts)
{
	(void)domain;
	(void)facts;
	++*(unsigned *)context;
	return ERR_OK;
}

static enum err count_events(void *context, const struct domain *domain,
			     const struct history_event *event)
{
	(void)domain;
	(void)event;
	++*(unsigned *)context;
	return ERR_OK;
}

static enum err count_names(void *context, const struct domain *domain)
{
	(void)domain;
	++*(unsigned *)context;
	return ERR_OK;
}

static enum err count_due(void *context, const struct domain *domain, int64_t due_at)
{
	(void)domain;
	(void)due_at;
	++*(unsigned *)context;
	return ERR_OK;
}

static void a_walk_passes_over_it_and_tells(void **state)
{
	struct cacheplace *place = *state;
	struct damage damage = {.count = 0};
	struct cache_txn *txn;
	unsigned facts = 0;
	unsigned events = 0;
	unsigned names = 0;

	make_three(place);
	rot(place, "facts", "b.example");
	rot(place, "history", "c.example");
	open_telling(place, &damage);
	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_each_facts(txn, count_facts, &facts), ERR_OK);
	assert_int_equal(cache_each_history(txn, NULL, count_events, &events), ERR_OK);
	assert_int_equal(cache_each_domain(txn, count_names, &names), ERR_OK);
	cache_read_end(txn);
	assert_int_equal(facts, 2);
	assert_int_equal(events, 2);
	assert_int_equal(names, 3);
	assert_int_equal(damage.count, 2);
	assert_string_equal(damage.told[0], "facts b.example");
	assert_string_equal(damage.told[1], "history c.example");
}

static void it_begins_anew_unverified_and_due_once(void **state)
{
	const int64_t now = CACHEPLACE_NOW + 100;
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("b.example");
	struct damage damage = {.count = 0};
	struct facts facts;
	unsigned due = 0;
	unsigned events = 0;

	make_three(place);
	rot(place, "facts", "b.example");
	open_telling(place, &damage);
	struct cache_txn *txn = cacheplace_begin_write(place, now);
	assert_int_equal(cache_get_facts(txn, &domain, &facts), ERR_DAMAGED);
	assert_int_equal(cache_take_facts(txn, &domain, 0, &facts), ERR_OK);
	/* No date up to now vouches for anybody there. */
	assert_int_equal(facts.changed_at, now);
	assert_int_equal(facts.unverified_at, now);
	assert_int_equal(facts.verified_at, 0);
	assert_int_equal(facts_next_check_at(&facts), now);
	cacheplace_commit(place, txn);

	txn = cacheplace_begin_write(place, now);
	assert_int_equal(cache_get_facts(txn, &domain, &facts), ERR_OK);
	assert_int_equal(cache_each_due(txn, now, count_due, &due), ERR_OK);
	assert_int_equal(due, 3);
	assert_int_equal(cache_each_history(txn, &domain, count_events, &events), ERR_OK);
	assert_int_equal(events, 2);
	/* And it can be removed like any other. */
	struct cache_removed removed;
	assert_int_equal(cache_remove_domain(txn, &domain, &removed), ERR_OK);
	due = 0;
	assert_int_equal(cache_each_due(txn, now, count_due, &due), ERR_OK);
	assert_int_equal(due, 2);
	cache_write_abort(txn);
}

static void it_is_removed_with_its_next_check(void **state)
{
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("b.example");
	struct cache_removed removed;
	unsigned due = 0;

	make_three(place);
	rot(place, "facts", "b.example");
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
	assert_int_equal(cache_remove_domain(txn, &domain, &removed), ERR_OK);
	assert_true(removed.facts_damaged);
	assert_int_equal(cache_each_due(txn, CACHEPLACE_NOW, count_due, &due), ERR_OK);
	assert_int_equal(due, 2);
	cache_write_abort(txn);
}

static void an_address_begins_anew_unverified(void **state)
{
	struct cacheplace *place = *state;
	struct mailbox mailbox = the_mailbox();
	struct address_facts facts;

	make_three(place);
	rot(place, "addresses", "");
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
	struct address_hash hash = cache_address_hash(txn, &mailbox);
	assert_int_equal(cache_get_address(txn, &hash, &facts), ERR_DAMAGED);
	assert_int_equal(cache_take_address(txn, &hash, &facts), ERR_OK);
	assert_int_equal(facts.verified_at, 0);
	assert_int_equal(facts.unverified_at, CACHEPLACE_NOW);
	cache_write_abort(txn);
}

static void what_is_held_back_is_forgotten(void **state)
{
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("b.example");
	struct parked parked = {
		.since = CACHEPLACE_NOW, .at = CACHEPLACE_NOW, .host = "rdap.example"};

	make_three(place);
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	struct cache_txn *txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
	assert_int_equal(cache_put_parked(txn, &domain, &parked), ERR_OK);
	cacheplace_commit(place, txn);
	cacheplace_close(place);
	rot(place, "parked", "b.example");

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
	assert_int_equal(cache_get_parked(txn, &domain, &parked), ERR_DAMAGED);
	assert_int_equal(cache_take_parked(txn, &domain, &parked), ERR_NOT_FOUND);
	assert_int_equal(cache_get_parked(txn, &domain, &parked), ERR_NOT_FOUND);
	cache_write_abort(txn);
}

static enum err take_one(void *context, const struct outbox_entry *entry)
{
	*(struct outbox_entry *)context = *entry;
	return ERR_NOT_FOUND;
}

static struct cache_txn *begin_for_takers(struct cacheplace *place)
{
	struct cache_options options = cacheplace_options(place);

	options.takers = OUTBOX_TAKERS_ALL;
	assert_int_equal(cache_open_writer(&options, &place->cache, &place->why), ERR_OK);
	return cacheplace_begin_write(place, CACHEPLACE_NOW);
}

/* What it remembers may be all there is. */
static void the_application_is_told_of_it(void **state)
{
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("b.example");
	struct facts facts;
	struct outbox_entry entry = {.waiting = 0};

	make_three(place);
	rot(place, "facts", "b.example");
	struct cache_txn *txn = begin_for_takers(place);
	assert_int_equal(cache_take_facts(txn, &domain, 0, &facts), ERR_OK);
	assert_int_equal(cache_each_outbox(txn, take_one, &entry), ERR_OK);
	assert_int_equal(entry.waiting, OUTBOX_TAKERS_ALL);
	assert_string_equal(entry.domain.name, "b.example");
	assert_int_equal(entry.event.kind, HISTORY_LOST);
	cache_write_abort(txn);
}

static void a_change_that_waits_is_made_anew(void **state)
{
	const uint32_t unheard_of = 1000;
	struct cacheplace *place = *state;
	struct domain domain = cacheplace_domain("b.example");
	struct facts facts = {.state = STATE_REGISTERED, .first_seen_at = CACHEPLACE_NOW - 1000};
	struct facts lapsed = facts;
	struct history_event event;
	struct outbox_entry entry;

	make_three(place);
	lapsed.state = STATE_REDEMPTION;
	lapsed.lapsed_at = CACHEPLACE_NOW;
	event = history_event_make(HISTORY_OBSERVED, CACHEPLACE_NOW, &facts, &lapsed);
	struct cache_txn *txn = begin_for_takers(place);
	assert_int_equal(cache_add_change(txn, &domain, &event), ERR_OK);
	assert_int_equal(cache_get_outbox(txn, event.sequence, &entry), ERR_OK);
	entry.event.sequence = unheard_of;
	assert_int_equal(cache_put_outbox(txn, &entry), ERR_OK);
	cacheplace_commit(place, txn);
	cacheplace_close(place);
	rot(place, "outbox", "");

	txn = begin_for_takers(place);
	assert_int_equal(cache_each_outbox(txn, take_one, &entry), ERR_OK);
	assert_int_equal(entry.waiting, 0);
	assert_int_equal(entry.event.sequence, event.sequence);
	assert_int_equal(cache_take_outbox(txn, event.sequence, &entry), ERR_OK);
	assert_string_equal(entry.domain.name, "b.example");
	assert_int_equal(entry.waiting, OUTBOX_TAKERS_ALL);
	assert_int_equal(cache_get_outbox(txn, event.sequence, &entry), ERR_OK);
	assert_int_equal(entry.event.state_after, STATE_REDEMPTION);
	/* Of what the history does not have there is nothing to tell. */
	assert_int_equal(cache_take_outbox(txn, unheard_of, &entry), ERR_NOT_FOUND);
	assert_int_equal(cache_get_outbox(txn, unheard_of, &entry), ERR_NOT_FOUND);
	cache_write_abort(txn);
}

#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, cacheplace_set_up, cacheplace_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(a_walk_passes_over_it_and_tells),
		AT_A_PLACE(it_begins_anew_unverified_and_due_once),
		AT_A_PLACE(it_is_removed_with_its_next_check),
		AT_A_PLACE(an_address_begins_anew_unverified),
		AT_A_PLACE(what_is_held_back_is_forgotten),
		AT_A_PLACE(the_application_is_told_of_it),
		AT_A_PLACE(a_change_that_waits_is_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
