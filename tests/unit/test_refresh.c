/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The path of one domain without a network: no server is known for it, so its
 * look-up fails at once, and what is stored, told and still wanted is checked.
 * Answers from real servers are tests/refresh/run's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <lmdb.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cacheplace.h"
#include "resetguard/refresh.h"
#include "resetguard/time.h"

struct told {
	unsigned count;
	enum refresh_outcome outcome;
	char domain[DOMAIN_MAX + 1];
	char error[256];
};

static int64_t the_clock(void)
{
	return CACHEPLACE_NOW + TIME_HOUR;
}

static int64_t a_clock_set_back(void)
{
	return CACHEPLACE_NOW - TIME_HOUR;
}

static void note(void *context, const struct refresh_result *result)
{
	struct told *told = context;

	told->count++;
	told->outcome = result->outcome;
	strcpy(told->domain, result->domain->name);
	snprintf(told->error, sizeof told->error, "%s", result->error == NULL ? "" : result->error);
}

/* The pieces a refresh needs, around a cache that knows lapsed.example, due. */
struct setting {
	struct cacheplace *place;
	struct conf *conf;
	struct domain_suffixes *suffixes;
	struct wanted *wanted;
	struct refresh *refresh;
	struct told told;
};

static void set_up(struct setting *setting, struct cacheplace *place)
{
	static const char bootstrap[] = "{\"version\":\"1.0\",\"services\":"
					"[[[\"invalid\"],[\"https://rdap.invalid/\"]]]}";
	char text[256];
	FILE *file = fopen(cacheplace_path(place, "dns.json"), "w");

	memset(setting, 0, sizeof *setting);
	assert_non_null(file);
	fputs(bootstrap, file);
	fclose(file);
	snprintf(text, sizeof text, "cache_dir = %s\nrdap_bootstrap = %s\nsources = rdap\n",
		 place->root, cacheplace_path(place, "dns.json"));
	cacheplace_make(place);
	setting->place = place;
	assert_int_equal(conf_read_text(text, strlen(text), "test", &setting->conf, &place->why),
			 ERR_OK);
	assert_int_equal(domain_suffixes_open(NULL, &setting->suffixes, &place->why), ERR_OK);
	assert_int_equal(wanted_open(place->root, 10, &setting->wanted), ERR_OK);
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	assert_int_equal(refresh_open(&(struct refresh_options){.conf = setting->conf,
								.suffixes = setting->suffixes,
								.cache = place->cache,
								.wanted = setting->wanted,
								.jobs = 4,
								.told = note,
								.context = &setting->told},
				      &setting->refresh, &place->why),
			 ERR_OK);
}

static void tear_down(struct setting *setting)
{
	refresh_close(setting->refresh);
	wanted_close(setting->wanted);
	domain_suffixes_close(setting->suffixes);
	conf_free(setting->conf);
}

static struct facts facts_of(struct cacheplace *place, const char *name)
{
	struct domain domain = cacheplace_domain(name);
	struct cache_txn *txn;
	struct facts facts = {0};

	assert_int_equal(cache_read_begin(place->cache, 1, &txn), ERR_OK);
	assert_int_equal(cache_get_facts(txn, &domain, &facts), ERR_OK);
	cache_read_end(txn);
	return facts;
}

static void a_failure_moves_the_try_and_nothing_else(void **state)
{
	struct setting setting;
	struct refresh_totals totals;
	struct facts facts;

	set_up(&setting, *state);
	assert_int_equal(refresh_add_due(setting.refresh, the_clock(), &setting.place->why),
			 ERR_OK);
	assert_int_equal(refresh_run(setting.refresh, the_clock, &totals, &setting.place->why),
			 ERR_OK);
	assert_int_equal(totals.failed, 1);
	assert_int_equal(totals.checked, 0);
	assert_int_equal(setting.told.outcome, REFRESH_FAILED);
	assert_string_equal(setting.told.domain, "lapsed.example");
	assert_non_null(strstr(setting.told.error, "no RDAP server is known for .example"));
	facts = facts_of(setting.place, "lapsed.example");
	assert_int_equal(facts.state, STATE_UNKNOWN);
	assert_int_equal(facts.registry.tried_at, the_clock());
	assert_int_equal(facts.registry.checked_at, 0);
	assert_int_equal(facts.registry.failures, 1);
	assert_true(facts.registry.next_check_at > the_clock());
	tear_down(&setting);
}

static void what_is_not_due_is_not_asked(void **state)
{
	struct setting setting;
	struct refresh_totals totals;

	set_up(&setting, *state);
	assert_int_equal(refresh_add_due(setting.refresh, CACHEPLACE_NOW - 1, &setting.place->why),
			 ERR_OK);
	assert_int_equal(refresh_run(setting.refresh, the_clock, &totals, &setting.place->why),
			 ERR_OK);
	assert_int_equal(totals.failed + totals.checked, 0);
	tear_down(&setting);
}

static void a_wanted_domain_is_asked_once_and_is_due_when_that_fails(void **state)
{
	struct setting setting;
	struct refresh_totals totals;
	struct domain wanted = cacheplace_domain("wanted.example");
	struct domain due = cacheplace_domain("lapsed.example");

	set_up(&setting, *state);
	assert_int_equal(wanted_add(setting.wanted, &wanted, 1), ERR_OK);
	assert_int_equal(wanted_add(setting.wanted, &due, 1), ERR_OK);
	assert_int_equal(refresh_add_due(setting.refresh, the_clock(), &setting.place->why),
			 ERR_OK);
	assert_int_equal(refresh_run(setting.refresh, the_clock, &totals, &setting.place->why),
			 ERR_OK);
	assert_int_equal(totals.failed, 2);
	assert_int_equal(facts_of(setting.place, "wanted.example").flags, 0);
	assert_int_equal(facts_of(setting.place, "wanted.example").registry.failures, 1);
	assert_true(wanted_is_empty(setting.wanted));
	tear_down(&setting);
}

static void a_name_below_a_private_suffix_is_no_registrys(void **state)
{
	struct setting setting;
	struct refresh_totals totals;
	struct domain domain = cacheplace_domain("bob.uk.com");

	set_up(&setting, *state);
	assert_int_equal(refresh_add(setting.refresh, &domain), ERR_OK);
	assert_int_equal(refresh_run(setting.refresh, the_clock, &totals, &setting.place->why),
			 ERR_OK);
	assert_int_equal(totals.failed, 1);
	assert_non_null(strstr(setting.told.error, "private suffix"));
	assert_int_equal(facts_of(setting.place, "bob.uk.com").flags, FACTS_PRIVATE_SUFFIX);
	tear_down(&setting);
}

static void a_clock_set_back_writes_nothing(void **state)
{
	struct setting setting;
	struct refresh_totals totals;

	set_up(&setting, *state);
	assert_int_equal(refresh_add_all(setting.refresh, &setting.place->why), ERR_OK);
	assert_int_equal(refresh_run(setting.refresh, a_clock_set_back, &totals,
				     &setting.place->why),
			 ERR_CLOCK);
	assert_int_equal(setting.told.count, 0);
	assert_int_equal(facts_of(setting.place, "lapsed.example").registry.tried_at, 0);
	tear_down(&setting);
}

static void one_run_at_a_time(void **state)
{
	struct cacheplace *place = *state;
	int first = -1;
	int second = -1;

	assert_int_equal(refresh_lock(place->root, REFRESH_RUN, &first, &place->why), ERR_OK);
	assert_int_equal(refresh_lock(place->root, REFRESH_RUN, &second, &place->why), ERR_BUSY);
	assert_non_null(strstr(place->why.text, "refresh.lock"));
	assert_int_equal(second, -1);
	close(first);
	assert_int_equal(refresh_lock(place->root, REFRESH_RUN, &second, &place->why), ERR_OK);
	close(second);
}

/* A process that has taken all of the environment's readers, until it is killed. */
static pid_t take_all_readers(struct cacheplace *place)
{
	int ready[2];
	char full = 0;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		MDB_env *env;
		MDB_txn *txn;
		int rc = mdb_env_create(&env);

		/* A check that fails leaves it behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (rc == 0)
			rc = mdb_env_open(env, cacheplace_path(place, "cache"),
					  MDB_RDONLY | MDB_NOTLS, 0640);
		while (rc == 0)
			rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
		full = rc == MDB_READERS_FULL;
		if (write(ready[1], &full, 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &full, 1), 1);
	close(ready[0]);
	assert_int_equal(full, 1);
	return pid;
}

static void a_cache_that_cannot_be_read_is_no_empty_one(void **state)
{
	struct cacheplace *place = *state;
	struct setting setting;

	set_up(&setting, place);
	pid_t pid = take_all_readers(place);
	assert_int_not_equal(refresh_add_all(setting.refresh, &place->why), ERR_OK);
	assert_string_not_equal(place->why.text, "");
	place->why.text[0] = '\0';
	assert_int_not_equal(refresh_add_due(setting.refresh, the_clock(), &place->why), ERR_OK);
	assert_string_not_equal(place->why.text, "");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(refresh_add_all(setting.refresh, &place->why), ERR_OK);
	tear_down(&setting);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cacheplace_set_up, cacheplace_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failure_moves_the_try_and_nothing_else),
		TEST(what_is_not_due_is_not_asked),
		TEST(a_wanted_domain_is_asked_once_and_is_due_when_that_fails),
		TEST(a_name_below_a_private_suffix_is_no_registrys),
		TEST(a_clock_set_back_writes_nothing),
		TEST(one_run_at_a_time),
		TEST(a_cache_that_cannot_be_read_is_no_empty_one),
	};

	return cmocka_run_group_tests_name("refresh", tests, NULL, NULL);
}
