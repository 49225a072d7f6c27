/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A watcher without a network: no server is known for any domain, so that each look-up
 * fails at once. It is ended by a signal from one of its own callbacks. Answers from
 * real servers are tests/watch/run's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cacheplace.h"
#include "resetguard/log.h"
#include "resetguard/time.h"
#include "resetguard/watch.h"

enum { TOLD_MAX = 8 };

/* The pieces a watcher needs, around a cache that knows lapsed.example, due. */
struct setting {
	struct cacheplace *place;
	struct conf *conf;
	struct domain_suffixes *suffixes;
	struct wanted *wanted;
	struct refresh_options options;
	unsigned told;
	unsigned stop_after; /* so many are told */
	const char *appears; /* on the wanted list, when the first one is told */
	char names[TOLD_MAX][DOMAIN_MAX + 1];
};

static int64_t the_clock(void)
{
	return CACHEPLACE_NOW + TIME_HOUR;
}

/* A watcher that asks again and again for the time is stopped all the same. */
static int64_t a_clock_set_back(void)
{
	assert_int_equal(raise(SIGTERM), 0);
	return CACHEPLACE_NOW - TIME_HOUR;
}

static void want(const struct setting *setting, const char *name)
{
	struct domain domain = cacheplace_domain(name);

	assert_int_equal(wanted_add(setting->wanted, &domain, 1), ERR_OK);
}

static bool is_wanted(const struct setting *setting, const char *name)
{
	struct domain domain = cacheplace_domain(name);

	return wanted_has(setting->wanted, &domain);
}

static void note(void *context, const struct refresh_result *result)
{
	struct setting *setting = context;

	assert_true(setting->told < TOLD_MAX);
	assert_int_equal(result->outcome, REFRESH_FAILED);
	strcpy(setting->names[setting->told++], result->domain->name);
	if (setting->told == 1 && setting->appears != NULL)
		want(setting, setting->appears);
	if (setting->told == setting->stop_after)
		assert_int_equal(raise(SIGTERM), 0);
}

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
	setting->options = (struct refresh_options){
		.conf = setting->conf,
		.suffixes = setting->suffixes,
		.cache = place->cache,
		.wanted = setting->wanted,
		.jobs = 4,
		.told = note,
		.context = setting,
	};
}

static void tear_down(struct setting *setting)
{
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

static void what_is_wanted_goes_before_what_is_due(void **state)
{
	struct setting setting;

	set_up(&setting, *state);
	want(&setting, "wanted.example");
	setting.stop_after = 2;
	assert_int_equal(watch_run(&setting.options, the_clock, &setting.place->why), ERR_OK);
	assert_int_equal(setting.told, 2);
	assert_string_equal(setting.names[0], "wanted.example");
	assert_string_equal(setting.names[1], "lapsed.example");
	tear_down(&setting);
}

static void what_appears_is_asked_about_and_a_failure_not_at_once_again(void **state)
{
	struct setting setting;

	set_up(&setting, *state);
	want(&setting, "wanted.example");
	setting.appears = "later.example";
	setting.stop_after = 3;
	assert_int_equal(watch_run(&setting.options, the_clock, &setting.place->why), ERR_OK);
	assert_int_equal(setting.told, 3);
	assert_string_equal(setting.names[2], "later.example");
	/* Nobody is to wait for it any longer. */
	assert_false(is_wanted(&setting, "wanted.example"));
	assert_false(is_wanted(&setting, "later.example"));
	assert_int_equal(facts_of(setting.place, "wanted.example").registry.failures, 1);

	/* Nor by another watcher, as long as its record is not due: it leaves the list. */
	setting.told = 0;
	setting.appears = NULL;
	want(&setting, "wanted.example");
	want(&setting, "third.example");
	setting.stop_after = 1;
	assert_int_equal(watch_run(&setting.options, the_clock, &setting.place->why), ERR_OK);
	assert_int_equal(setting.told, 1);
	assert_string_equal(setting.names[0], "third.example");
	assert_false(is_wanted(&setting, "wanted.example"));
	tear_down(&setting);
}

static void a_clock_set_back_writes_nothing_and_ends_nothing(void **state)
{
	struct setting setting;

	set_up(&setting, *state);
	want(&setting, "wanted.example");
	assert_int_equal(watch_run(&setting.options, a_clock_set_back, &setting.place->why),
			 ERR_OK);
	assert_int_equal(setting.told, 0);
	assert_int_equal(facts_of(setting.place, "lapsed.example").registry.tried_at, 0);
	tear_down(&setting);
}

static void its_lock_is_another_than_a_runs(void **state)
{
	struct setting setting;
	struct cacheplace *place = *state;
	int run = -1;
	int watcher = -1;

	set_up(&setting, place);
	assert_int_equal(refresh_lock(place->root, REFRESH_RUN, &run, &place->why), ERR_OK);
	assert_false(wanted_is_watched(setting.wanted));
	assert_int_equal(refresh_lock(place->root, REFRESH_WATCHER, &watcher, &place->why),
			 ERR_BUSY);
	close(run);
	assert_int_equal(refresh_lock(place->root, REFRESH_WATCHER, &watcher, &place->why), ERR_OK);
	assert_true(wanted_is_watched(setting.wanted));
	assert_int_equal(refresh_lock(place->root, REFRESH_RUN, &run, &place->why), ERR_BUSY);
	close(watcher);
	assert_false(wanted_is_watched(setting.wanted));
	tear_down(&setting);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cacheplace_set_up, cacheplace_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_wanted_goes_before_what_is_due),
		TEST(what_appears_is_asked_about_and_a_failure_not_at_once_again),
		TEST(a_clock_set_back_writes_nothing_and_ends_nothing),
		TEST(its_lock_is_another_than_a_runs),
	};
	sigset_t set;

	/* A watcher blocks it too, but the first clock is asked before that. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	log_open(LOG_TO_STDERR, LOG_LEVEL_ERROR, "test_watch");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
