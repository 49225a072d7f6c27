/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storebench - the work that tests/bench/store measures.
 *
 *	storebench make  CACHE_DIR DOMAINS
 *	storebench bare|decoded|cache  CACHE_DIR DOMAINS LOOKUPS
 *
 * make fills a cache. The others look domains up, one after the other, each in a
 * snapshot of its own, and print how many they did in a second: bare by LMDB's
 * own functions (renew, get, reset), decoded by the same and with a struct facts made
 * of the record, cache by those of the project. All ask for the same names in the same
 * order, once to have the map's pages at hand and then once on the clock.
 */
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "resetguard/cache.h"
#include "resetguard/facts.h"

#include "../../src/core/cache_txn.h"

#define MAP_SIZE (UINT64_C(16) << 30)
#define FIRST_SEEN INT64_C(1700000000)

enum { BATCH = 100000, NAME_DIGITS = 10, NAME_LENGTH = 1 + NAME_DIGITS + 5 };

/* Compact, so that the names asked for stay out of the records' way. */
struct name {
	char text[NAME_LENGTH];
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "storebench: %s\n", what);
	exit(EX_SOFTWARE);
}

/* The numberth name; names are in the order of their numbers. */
static struct name name_of(uint64_t number)
{
	char text[NAME_LENGTH + 1];
	struct name name;

	snprintf(text, sizeof text, "d%0*" PRIu64 ".test", NAME_DIGITS, number % 10000000000);
	memcpy(name.text, text, sizeof name.text);
	return name;
}

static void to_domain(const struct name *name, struct domain *domain)
{
	memcpy(domain->name, name->text, NAME_LENGTH);
	domain->name[NAME_LENGTH] = '\0';
	domain->length = NAME_LENGTH;
}

static struct name *names_to_look_up(uint64_t domains, uint64_t lookups)
{
	struct name *names = malloc(lookups * sizeof *names);
	uint64_t seed = 0x9e3779b97f4a7c15;

	if (names == NULL)
		fail("out of memory");
	for (uint64_t i = 0; i < lookups; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		names[i] = name_of(seed % domains);
	}
	return names;
}

/* ---- make ---- */

static struct facts some_facts(uint64_t number)
{
	struct facts facts = facts_new(FIRST_SEEN, FACTS_IMPORTED);

	facts.state = STATE_REGISTERED;
	facts.registry_state = STATE_REGISTERED;
	facts.source = SOURCE_RDAP;
	facts.registered_at = FIRST_SEEN - (int64_t)(number % 500000000);
	facts.registry.checked_at = FIRST_SEEN;
	facts.ns_hash = number;
	return facts;
}

static void put_batch(struct cache *cache, uint64_t from, uint64_t end)
{
	struct cache_txn *txn;
	struct why why;

	if (cache_write_begin_at(cache, FIRST_SEEN, false, &txn, &why) != ERR_OK)
		fail(why.text);
	for (uint64_t i = from; i < end; i++) {
		struct name name = name_of(i);
		struct facts facts = some_facts(i);
		struct domain domain;
		to_domain(&name, &domain);
		if (cache_put_facts(txn, &domain, NULL, &facts) != ERR_OK)
			fail("cannot store");
	}
	if (cache_write_commit(txn, &why) != ERR_OK)
		fail(why.text);
}

static void make(const struct cache_options *options, uint64_t domains)
{
	struct cache *cache;
	struct why why;

	if (cache_prepare(options->cache_dir, (uid_t)-1, (gid_t)-1, &why) != ERR_OK ||
	    cache_open_writer(options, &cache, &why) != ERR_OK)
		fail(why.text);
	for (uint64_t from = 0; from < domains; from += BATCH)
		put_batch(cache, from, from + BATCH < domains ? from + BATCH : domains);
	cache_close(cache);
}

/* ---- bare ---- */

struct bare {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi facts;
};

static struct bare open_bare(const struct cache_options *options)
{
	struct bare bare;
	char path[4096];

	snprintf(path, sizeof path, "%s/cache", options->cache_dir);
	if (mdb_env_create(&bare.env) != 0 || mdb_env_set_mapsize(bare.env, MAP_SIZE) != 0 ||
	    mdb_env_set_maxdbs(bare.env, 8) != 0 ||
	    mdb_env_open(bare.env, path, MDB_RDONLY | MDB_NOTLS, 0) != 0 ||
	    mdb_txn_begin(bare.env, NULL, MDB_RDONLY, &bare.txn) != 0 ||
	    mdb_dbi_open(bare.txn, "facts", 0, &bare.facts) != 0 || mdb_txn_commit(bare.txn) != 0 ||
	    mdb_txn_begin(bare.env, NULL, MDB_RDONLY, &bare.txn) != 0)
		fail("cannot open by LMDB alone");
	mdb_txn_reset(bare.txn);
	return bare;
}

static uint64_t state_of(MDB_val value, bool decoded)
{
	struct facts facts;

	if (!decoded)
		return *((const unsigned char *)value.mv_data + 1);
	if (facts_decode((struct bytes){value.mv_data, value.mv_size}, &facts) != ERR_OK)
		fail("a record is damaged");
	return facts.state;
}

static uint64_t look_up_bare(const struct bare *bare, const struct name *names, uint64_t lookups,
			     bool decoded)
{
	struct domain domain;
	uint64_t sum = 0;

	for (uint64_t i = 0; i < lookups; i++) {
		MDB_val value;
		to_domain(&names[i], &domain);
		MDB_val key = {domain.length, domain.name};
		if (mdb_txn_renew(bare->txn) != 0 ||
		    mdb_get(bare->txn, bare->facts, &key, &value) != 0)
			fail("a name is missing");
		sum += state_of(value, decoded);
		mdb_txn_reset(bare->txn);
	}
	return sum;
}

/* ---- cache ---- */

static uint64_t look_up_cache(struct cache *cache, const struct name *names, uint64_t lookups)
{
	struct domain domain;
	uint64_t sum = 0;

	/* Whoever asks knows the time; a look-up does not ask for it. */
	for (uint64_t i = 0; i < lookups; i++) {
		struct cache_txn *txn;
		struct facts facts;
		to_domain(&names[i], &domain);
		if (cache_read_begin(cache, 0, &txn) != ERR_OK ||
		    cache_get_facts(txn, &domain, &facts) != ERR_OK)
			fail("a name is missing");
		sum += facts.state;
		cache_read_end(txn);
	}
	return sum;
}

static void report(struct timespec begin, uint64_t lookups, uint64_t sum)
{
	struct timespec end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	if (sum != lookups * STATE_REGISTERED)
		fail("a record is wrong");
	double seconds = (double)(end.tv_sec - begin.tv_sec) +
			 (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("%.0f\n", (double)lookups / seconds);
}

static void measure_bare(const struct cache_options *options, const struct name *names,
			 uint64_t lookups, bool decoded)
{
	struct bare bare = open_bare(options);
	struct timespec begin;

	look_up_bare(&bare, names, lookups, decoded);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	report(begin, lookups, look_up_bare(&bare, names, lookups, decoded));
	mdb_txn_abort(bare.txn);
	mdb_env_close(bare.env);
}

static void measure_cache(const struct cache_options *options, const struct name *names,
			  uint64_t lookups)
{
	struct timespec begin;
	struct cache *cache;
	struct why why;

	if (cache_open_reader(options, &cache, &why) != ERR_OK)
		fail(why.text);
	look_up_cache(cache, names, lookups);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	report(begin, lookups, look_up_cache(cache, names, lookups));
	cache_close(cache);
}

static uint64_t number_of(const char *text)
{
	char *end;
	unsigned long long number = strtoull(text, &end, 10);

	if (number == 0 || *end != '\0')
		fail("a number is wrong");
	return number;
}

int main(int argc, char **argv)
{
	struct cache_options options = {.map_size = MAP_SIZE, .readers = 16};
	bool making = argc == 4 && strcmp(argv[1], "make") == 0;
	bool bare = argc == 5 && strcmp(argv[1], "bare") == 0;
	bool decoded = argc == 5 && strcmp(argv[1], "decoded") == 0;
	bool cache = argc == 5 && strcmp(argv[1], "cache") == 0;

	if (!making && !bare && !decoded && !cache) {
		fputs("usage: storebench make CACHE_DIR DOMAINS\n"
		      "       storebench bare|decoded|cache CACHE_DIR DOMAINS LOOKUPS\n",
		      stderr);
		return EX_USAGE;
	}
	options.cache_dir = argv[2];
	uint64_t domains = number_of(argv[3]);
	if (making) {
		make(&options, domains);
		return EX_OK;
	}
	uint64_t lookups = number_of(argv[4]);
	struct name *names = names_to_look_up(domains, lookups);
	if (bare || decoded)
		measure_bare(&options, names, lookups, decoded);
	else
		measure_cache(&options, names, lookups);
	free(names);
	return EX_OK;
}
