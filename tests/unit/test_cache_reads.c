/* SPDX-License-Identifier: BSD-2-Clause */
/* A look-up in the cache allocates nothing, takes no lock and calls no system:
 * the functions it would need are counted here, and the kernel is told to end a
 * child that calls it. Not under sanitizers, which do all of that themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cacheplace.h"
#include "sanitized.h"

#include "../../src/core/cache_txn.h"

enum { LOOKUPS = 1000 };

/* ---- what is counted: in place of the C library's ---- */

static atomic_uint allocations;
static atomic_uint locks;

#if !SANITIZED

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

void *malloc(size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
	atomic_fetch_add(&allocations, 1);
	return __libc_realloc(block, size);
}

typedef int locker(pthread_mutex_t *mutex);

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	static _Atomic(locker *) real;
	locker *lock = atomic_load(&real);

	atomic_fetch_add(&locks, 1);
	if (lock == NULL) {
		/* Not a cast: ISO C has none from an object to a function. */
		void *found = dlsym(RTLD_NEXT, "pthread_mutex_lock");
		memcpy(&lock, &found, sizeof lock);
		atomic_store(&real, lock);
	}
	return lock(mutex);
}

#endif

/* ---- look-ups ---- */

static bool look_up(struct cache *cache, int64_t monotonic_ms)
{
	struct domain present = cacheplace_domain("lapsed.example");
	struct domain absent = cacheplace_domain("absent.example");
	struct address_hash hash = {{1}};
	struct address_facts address;
	struct cache_txn *txn;
	struct facts facts;
	struct pin pin;

	if (cache_read_begin(cache, monotonic_ms, &txn) != ERR_OK)
		return false;
	bool right = cache_get_facts(txn, &present, &facts) == ERR_OK &&
		     cache_get_facts(txn, &absent, &facts) == ERR_NOT_FOUND &&
		     cache_get_address(txn, &hash, &address) == ERR_NOT_FOUND &&
		     cache_get_pin(txn, &present, &hash, &pin) == ERR_NOT_FOUND;
	cache_read_end(txn);
	return right;
}

static void the_counters_count(void **state)
{
	struct cacheplace *place = *state;

#if SANITIZED
	skip();
#endif
	unsigned allocations_before = atomic_load(&allocations);
	unsigned locks_before = atomic_load(&locks);
	cacheplace_make(place);
	assert_true(atomic_load(&allocations) > allocations_before);
	assert_true(atomic_load(&locks) > locks_before);
}

static void a_look_up_allocates_and_locks_nothing(void **state)
{
	struct cacheplace *place = *state;

	cacheplace_make(place);
	cacheplace_open_reader(place);
	/* The first makes its thread's transaction. */
	assert_true(look_up(place->cache, 5000));
	unsigned allocations_before = atomic_load(&allocations);
	unsigned locks_before = atomic_load(&locks);
	for (unsigned i = 0; i < LOOKUPS; i++)
		assert_true(look_up(place->cache, 5000 + i % 1000));
	assert_int_equal(atomic_load(&allocations), allocations_before);
	assert_int_equal(atomic_load(&locks), locks_before);
}

/* From the prctl on, a system call other than read, write and exit is the end. */
static _Noreturn void look_up_without_system_calls(struct cacheplace *place, int64_t step)
{
	static const struct rlimit no_core = {0, 0};

	setrlimit(RLIMIT_CORE, &no_core);
	cacheplace_open_reader(place);
	long wrong = look_up(place->cache, 5000) ? 0 : 1;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
		wrong = 2;
	for (unsigned i = 0; i < LOOKUPS; i++)
		wrong += look_up(place->cache, 5000 + i * step) ? 0 : 1;
	syscall(SYS_exit, wrong);
	for (;;)
		;
}

static void a_look_up_calls_no_system(void **state)
{
	struct cacheplace *place = *state;
	int status;

#if SANITIZED
	skip();
#endif
	cacheplace_make(place);
	/* Within a second nobody looks at the files. After it somebody does: that
	 * the child ends then shows that the proof can fail. */
	for (int64_t step = 0; step <= 2; step += 2) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			look_up_without_system_calls(place, step);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (step == 0)
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		else
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

/* ---- many threads ---- */

struct crowd {
	struct cache *cache;
	atomic_bool stop;
	atomic_uint wrong;
	atomic_llong clock;
};

static void *look_up_all_the_time(void *context)
{
	struct crowd *crowd = context;

	while (!atomic_load(&crowd->stop)) {
		if (!look_up(crowd->cache, atomic_fetch_add(&crowd->clock, 1)))
			atomic_fetch_add(&crowd->wrong, 1);
	}
	return NULL;
}

static bool commit_often(struct cacheplace *place)
{
	struct domain domain = cacheplace_domain("lapsed.example");
	struct facts before = facts_new(CACHEPLACE_NOW, FACTS_IMPORTED);
	bool done = cacheplace_open_writer(place) == ERR_OK;

	for (unsigned i = 0; done && i < 300; i++) {
		struct cache_txn *txn;
		struct facts after = before;
		after.registry.next_check_at++;
		after.dns.failures++;
		done = cache_write_begin_at(place->cache, CACHEPLACE_NOW + i, false, &txn,
					    &place->why) == ERR_OK &&
		       cache_put_facts(txn, &domain, &before, &after) == ERR_OK &&
		       cache_write_commit(txn, &place->why) == ERR_OK;
		before = after;
	}
	return done;
}

static void threads_look_up_while_another_process_commits(void **state)
{
	struct cacheplace *place = *state;
	struct crowd crowd = {.wrong = 0};
	pthread_t threads[8];
	int status;

	cacheplace_make(place);
	cacheplace_open_reader(place);
	crowd.cache = place->cache;
	pid_t child = fork();
	if (child == 0)
		_exit(commit_often(place) ? 0 : 1);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up_all_the_time, &crowd), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	atomic_store(&crowd.stop, true);
	for (unsigned i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(status, 0);
	assert_int_equal(atomic_load(&crowd.wrong), 0);
}

int main(void)
{
#define AT_A_PLACE(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, cacheplace_set_up, cacheplace_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(the_counters_count),
		AT_A_PLACE(a_look_up_allocates_and_locks_nothing),
		AT_A_PLACE(a_look_up_calls_no_system),
		AT_A_PLACE(threads_look_up_while_another_process_commits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
