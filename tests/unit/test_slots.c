/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "resetguard/slots.h"

enum { SLOTS = 3, THREADS = 8, ROUNDS = 20000 };

static struct slots *new_slots(unsigned count)
{
	struct slots *slots;

	assert_int_equal(slots_new(count, &slots), ERR_OK);
	return slots;
}

static void every_slot_is_given_once(void **state)
{
	struct slots *slots = new_slots(SLOTS);
	bool given[SLOTS] = {false};

	(void)state;
	for (unsigned i = 0; i < SLOTS; i++) {
		unsigned slot = slots_claim(slots);
		assert_true(slot < SLOTS);
		assert_false(given[slot]);
		given[slot] = true;
	}
	slots_release(slots, 1);
	assert_int_equal(slots_claim(slots), 1);
	slots_free(slots);
}

struct crowd {
	struct slots *slots;
	atomic_int holders[SLOTS];
	int plain[SLOTS]; /* written by the slot's holder only */
	atomic_int quiesced;
	atomic_int wrong;
};

static void *claim_and_release(void *context)
{
	struct crowd *crowd = context;

	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned slot = slots_claim(crowd->slots);
		if (atomic_fetch_add(&crowd->holders[slot], 1) != 0 || atomic_load(&crowd->quiesced))
			atomic_fetch_add(&crowd->wrong, 1);
		crowd->plain[slot]++;
		atomic_fetch_sub(&crowd->holders[slot], 1);
		slots_release(crowd->slots, slot);
	}
	return NULL;
}

static void a_crowd_shares_a_few_slots(void **state)
{
	struct crowd crowd = {.slots = new_slots(SLOTS)};
	pthread_t threads[THREADS];
	int rounds = 0;

	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, claim_and_release, &crowd), 0);
	for (unsigned i = 0; i < 100; i++) {
		slots_quiesce(crowd.slots);
		atomic_store(&crowd.quiesced, 1);
		for (unsigned slot = 0; slot < SLOTS; slot++)
			rounds = crowd.plain[slot];
		atomic_store(&crowd.quiesced, 0);
		slots_resume(crowd.slots);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	rounds = 0;
	for (unsigned slot = 0; slot < SLOTS; slot++)
		rounds += crowd.plain[slot];
	assert_int_equal(rounds, THREADS * ROUNDS);
	assert_int_equal(atomic_load(&crowd.wrong), 0);
	slots_free(crowd.slots);
}

static void *quiesce(void *slots)
{
	slots_quiesce(slots);
	return NULL;
}

static void *claim(void *slots)
{
	slots_claim(slots);
	return NULL;
}

static void who_waits_is_woken(void **state)
{
	struct slots *slots = new_slots(1);
	pthread_t thread;

	(void)state;
	slots_claim(slots);
	assert_int_equal(pthread_create(&thread, NULL, quiesce, slots), 0);
	slots_release(slots, 0);
	pthread_join(thread, NULL);

	assert_int_equal(pthread_create(&thread, NULL, claim, slots), 0);
	slots_resume(slots);
	pthread_join(thread, NULL);

	assert_int_equal(pthread_create(&thread, NULL, claim, slots), 0);
	slots_release(slots, 0);
	pthread_join(thread, NULL);
	slots_free(slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_slot_is_given_once),
		cmocka_unit_test(a_crowd_shares_a_few_slots),
		cmocka_unit_test(who_waits_is_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
