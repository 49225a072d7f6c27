/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settling at the edges: what another has done meanwhile. The plain cases are
 * tests/refresh/brake's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cacheplace.h"
#include "resetguard/settle.h"
#include "resetguard/time.h"

#define NOW CACHEPLACE_NOW
#define HOST "rdap.example"

static void note(void *context, const struct settle_result *result)
{
	char *text = context;

	sprintf(text + strlen(text), "%s %s %s;", result->domain->name,
		settle_outcome_text(result->outcome), state_text(result->state));
}

static struct facts registered(unsigned flags)
{
	return (struct facts){
		.state = STATE_REGISTERED,
		.registry_state = STATE_REGISTERED,
		.source = SOURCE_RDAP,
		.flags = flags,
		.registered_at = NOW - 900 * TIME_DAY,
		.first_seen_at = NOW - 90 * TIME_DAY,
		.registry = {.checked_at = NOW - TIME_DAY, .tried_at = NOW},
	};
}

static struct facts gone(void)
{
	struct facts facts = registered(0);

	facts.state = facts.registry_state = STATE_UNREGISTERED;
	facts.lapsed_at = facts.transition_at = facts.registry.checked_at = NOW;
	return facts;
}

static void store(struct cacheplace *place, const char *name, const struct facts *facts,
		  const struct parked *parked)
{
	struct domain domain = cacheplace_domain(name);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);

	assert_int_equal(cache_put_facts(txn, &domain, NULL, facts), ERR_OK);
	if (parked != NULL)
		assert_int_equal(cache_put_parked(txn, &domain, parked), ERR_OK);
	cacheplace_commit(place, txn);
}

static void store_event(struct cacheplace *place, const char *name, int64_t at,
			const struct facts *before, const struct facts *after)
{
	struct domain domain = cacheplace_domain(name);
	struct history_event event = history_event_make(HISTORY_OBSERVED, at, before, after);
	struct cache_txn *txn = cacheplace_begin_write(place, NOW);

	strcpy(event.host, HOST);
	assert_int_equal(cache_add_history(txn, &domain, &event), ERR_OK);
	cacheplace_commit(place, txn);
}

static struct facts facts_of(struct cacheplace *place, const char *name)
{
	struct domain domain = cacheplace_domain(name);
	struct cache_txn *txn;
	struct facts facts;

	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_get_facts(txn, &domain, &facts), ERR_OK);
	cache_read_end(txn);
	return facts;
}

static int64_t clock_now(void)
{
	return NOW;
}

static void what_is_no_longer_disputed_is_not_released(void **state)
{
	struct cacheplace *place = *state;
	char text[256] = "";
	struct settle_options options = {
		.now = NOW, .clock = clock_now, .told = note, .context = text};
	struct settle_totals totals;
	struct facts disputed = registered(FACTS_DISPUTED);
	struct facts replaced = registered(0);
	struct parked parked = {.since = NOW, .at = NOW, .facts = gone(), .host = HOST};

	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	options.cache = place->cache;
	store(place, "held.example", &disputed, &parked);
	store(place, "imported.example", &replaced, &parked);
	assert_int_equal(settle_release(&options, HOST, &totals, &place->why), ERR_OK);
	assert_int_equal(totals.settled, 1);
	assert_string_equal(text, "held.example released unregistered;");
	assert_int_equal(facts_of(place, "held.example").state, STATE_UNREGISTERED);
	assert_int_equal(facts_of(place, "held.example").lapsed_at, NOW);
	assert_int_equal(facts_of(place, "imported.example").state, STATE_REGISTERED);
	assert_int_equal(settle_release(&options, NULL, &totals, &place->why), ERR_OK);
	assert_int_equal(totals.settled, 0);
}

static void an_undo_takes_back_event_by_event(void **state)
{
	struct cacheplace *place = *state;
	char text[256] = "";
	struct settle_options options = {
		.now = NOW, .clock = clock_now, .told = note, .context = text};
	struct settle_totals totals;
	struct facts first = registered(0);
	struct facts lost = gone();
	struct facts back = registered(0);

	back.lapsed_at = NOW;
	back.changed_at = NOW + 60;
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	options.cache = place->cache;
	store(place, "back.example", &back, NULL);
	store_event(place, "back.example", NOW, &first, &lost);
	store_event(place, "back.example", NOW + 60, &lost, &back);
	/* An import has brought a later date since. */
	lost.registered_at = NOW - 5;
	store(place, "later.example", &lost, NULL);
	lost.registered_at = first.registered_at;
	store_event(place, "later.example", NOW, &first, &lost);
	/* Before the time that is named. */
	store(place, "old.example", &lost, NULL);
	store_event(place, "old.example", NOW - 3600, &first, &lost);

	assert_int_equal(settle_undo(&options, HOST, NOW - 60, &totals, &place->why), ERR_OK);
	assert_string_equal(text, "back.example undone registered;later.example kept unregistered;");
	assert_int_equal(totals.settled, 1);
	assert_int_equal(totals.kept, 1);
	assert_int_equal(facts_of(place, "back.example").lapsed_at, 0);
	assert_int_equal(facts_of(place, "back.example").changed_at, 0);
	assert_int_equal(facts_of(place, "back.example").registry.next_check_at, NOW);
	assert_int_equal(facts_of(place, "old.example").state, STATE_UNREGISTERED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_no_longer_disputed_is_not_released,
						cacheplace_set_up, cacheplace_tear_down),
		cmocka_unit_test_setup_teardown(an_undo_takes_back_event_by_event,
						cacheplace_set_up, cacheplace_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
