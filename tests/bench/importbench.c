/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * importbench - what tests/bench/import needs beside the program itself.
 *
 *	importbench names COUNT
 *	importbench addresses COUNT
 *	importbench bare CACHE_DIR DIRECTORY
 *	importbench size CACHE_DIR
 *	importbench cycle CACHE_DIR
 *
 * names and addresses print that many, all different, in no order; addresses with
 * the time of their verification, at a tenth as many domains.
 *
 * bare appends the records that an import has made (facts and due, in order) to an
 * environment of LMDB's own in DIRECTORY, by MDB_APPEND through one cursor for each
 * database. It prints how many domains it did in a second of the wall clock and of
 * the processor. What it reads from the cache is at hand before the clocks start.
 *
 * size prints bytes: of data.mdb on disk, of its pages in use for facts, due,
 * addresses and history, and how many domains there are.
 *
 * cycle applies one good answer to every domain, in the order in which they are due,
 * by the functions with which refresh does it, in commits as large as its own.
 */
#include <inttypes.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "resetguard/apply.h"
#include "resetguard/cache.h"
#include "resetguard/lifecycle.h"
#include "resetguard/schedule.h"
#include "resetguard/time.h"

#include "../../src/core/cache_txn.h"

#define MAP_SIZE (UINT64_C(16) << 30)

enum {
	BARE_BATCH = 100000,  /* records of one commit */
	REFRESH_BATCH = 256,  /* answers of one commit */
	CYCLE_PART = 1 << 20, /* due domains that are listed at once */
	RECORD_MAX = 600,
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "importbench: %s\n", what);
	exit(EX_SOFTWARE);
}

/* ---- names ---- */

/* Another number below 2^32 for each below 2^32, in no order: a Feistel network. */
static uint32_t shuffled(uint32_t number)
{
	uint32_t left = number >> 16;
	uint32_t right = number & 0xffff;

	for (uint32_t round = 1; round <= 4; round++) {
		uint32_t mixed = (right * 0x9e3779b1u + round) * 0x85ebca6bu;
		uint32_t next = left ^ (mixed >> 13 & 0xffff);
		left = right;
		right = next;
	}
	return left << 16 | right;
}

/* A name as registrants choose them, 14 characters in the mean, that no other number
 * has. */
static void print_domain(uint32_t number)
{
	static const char *const words[] = {"shop", "mail", "the", "my-",
					    "acme", "data", "e",   "pro"};
	static const char *const tlds[] = {"com",    "com",  "com",   "com", "com", "net",
					   "org",    "de",   "co.uk", "io",  "nl",  "fr",
					   "com.br", "info", "it",    "pl"};
	uint32_t value = shuffled(number);
	char text[12];
	size_t length = 0;

	/* Letters in front of the digits, for keys that differ early and late. */
	for (uint32_t rest = value; length == 0 || rest > 0; rest /= 36)
		text[length++] = "abcdefghijklmnopqrstuvwxyz0123456789"[rest % 36];
	text[length] = '\0';
	printf("%s%s.%s", words[value % 8], text, tlds[value / 8 % 16]);
}

static void print_names(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		print_domain(i);
		putchar('\n');
	}
}

static void print_addresses(uint32_t count)
{
	uint32_t domains = count / 10 + 1;

	for (uint32_t i = 0; i < count; i++) {
		printf("user%" PRIu32 "@", shuffled(i) % 1000000000);
		print_domain(i % domains);
		printf(",@%" PRIu32 "\n", 1600000000 + i % 100000000);
	}
}

/* ---- LMDB alone ---- */

struct bare {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi facts;
	MDB_dbi due;
};

static void check(int rc, const char *what)
{
	if (rc == 0)
		return;
	fprintf(stderr, "importbench: %s: %s\n", what, mdb_strerror(rc));
	exit(EX_SOFTWARE);
}

static struct bare open_bare(const char *path, unsigned flags)
{
	struct bare bare;
	unsigned create = (flags & MDB_RDONLY) != 0 ? 0 : MDB_CREATE;

	check(mdb_env_create(&bare.env), path);
	check(mdb_env_set_mapsize(bare.env, MAP_SIZE), path);
	check(mdb_env_set_maxdbs(bare.env, 16), path);
	check(mdb_env_open(bare.env, path, flags, 0640), path);
	check(mdb_txn_begin(bare.env, NULL, flags & MDB_RDONLY, &bare.txn), path);
	check(mdb_dbi_open(bare.txn, "facts", create, &bare.facts), path);
	check(mdb_dbi_open(bare.txn, "due", create, &bare.due), path);
	check(mdb_txn_commit(bare.txn), path);
	return bare;
}

/* One record's bytes, behind each other: lengths, key, value. */
struct batch {
	unsigned char *bytes;
	size_t used;
	size_t count;
};

static void read_batch(MDB_cursor *from, bool *ended, struct batch *batch)
{
	MDB_val key;
	MDB_val value;

	batch->used = 0;
	batch->count = 0;
	while (batch->count < BARE_BATCH) {
		int rc = mdb_cursor_get(from, &key, &value, MDB_NEXT);
		if (rc == MDB_NOTFOUND) {
			*ended = true;
			return;
		}
		check(rc, "reading");
		unsigned char *to = batch->bytes + batch->used;
		memcpy(to, &key.mv_size, sizeof key.mv_size);
		memcpy(to + 8, &value.mv_size, sizeof value.mv_size);
		memcpy(to + 16, key.mv_data, key.mv_size);
		memcpy(to + 16 + key.mv_size, value.mv_data, value.mv_size);
		batch->used += 16 + key.mv_size + value.mv_size;
		batch->count++;
	}
}

static void append_batch(struct bare *bare, MDB_dbi dbi, const struct batch *batch)
{
	const unsigned char *at = batch->bytes;
	MDB_cursor *cursor;

	check(mdb_txn_begin(bare->env, NULL, 0, &bare->txn), "begin");
	check(mdb_cursor_open(bare->txn, dbi, &cursor), "cursor");
	for (size_t i = 0; i < batch->count; i++) {
		MDB_val key;
		MDB_val value;
		memcpy(&key.mv_size, at, sizeof key.mv_size);
		memcpy(&value.mv_size, at + 8, sizeof value.mv_size);
		key.mv_data = (void *)(uintptr_t)(at + 16);
		value.mv_data = (void *)(uintptr_t)(at + 16 + key.mv_size);
		check(mdb_cursor_put(cursor, &key, &value, MDB_APPEND), "append");
		at += 16 + key.mv_size + value.mv_size;
	}
	mdb_cursor_close(cursor);
	check(mdb_txn_commit(bare->txn), "commit");
}

static double now_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct spent {
	double wall;
	double cpu;
};

static uint64_t append_all(struct bare *from, MDB_dbi from_dbi, struct bare *to, MDB_dbi to_dbi,
			   struct batch *batch, struct spent *spent)
{
	MDB_cursor *cursor;
	MDB_txn *txn;
	uint64_t count = 0;
	bool ended = false;

	check(mdb_txn_begin(from->env, NULL, MDB_RDONLY, &txn), "begin");
	check(mdb_cursor_open(txn, from_dbi, &cursor), "cursor");
	while (!ended) {
		read_batch(cursor, &ended, batch);
		double wall = now_of(CLOCK_MONOTONIC);
		double cpu = now_of(CLOCK_PROCESS_CPUTIME_ID);
		append_batch(to, to_dbi, batch);
		spent->wall += now_of(CLOCK_MONOTONIC) - wall;
		spent->cpu += now_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		count += batch->count;
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	return count;
}

static void measure_bare(const char *cache_dir, const char *directory)
{
	struct batch batch = {.bytes = malloc((size_t)BARE_BATCH * RECORD_MAX)};
	struct spent spent = {0};
	char path[4096];

	if (batch.bytes == NULL)
		fail("out of memory");
	snprintf(path, sizeof path, "%s/cache", cache_dir);
	struct bare from = open_bare(path, MDB_RDONLY);
	struct bare to = open_bare(directory, 0);
	uint64_t domains = append_all(&from, from.facts, &to, to.facts, &batch, &spent);
	append_all(&from, from.due, &to, to.due, &batch, &spent);
	printf("%.0f %.0f\n", (double)domains / spent.wall, (double)domains / spent.cpu);
	mdb_env_close(from.env);
	mdb_env_close(to.env);
	free(batch.bytes);
}

/* ---- size ---- */

static void print_size(const char *cache_dir)
{
	static const char *const names[] = {"facts", "due", "addresses", "history"};
	uint64_t domains = 0;
	struct stat status;
	char path[4096];

	snprintf(path, sizeof path, "%s/cache/data.mdb", cache_dir);
	if (stat(path, &status) != 0)
		fail(path);
	printf("%" PRIu64, (uint64_t)status.st_blocks * 512);
	snprintf(path, sizeof path, "%s/cache", cache_dir);
	struct bare bare = open_bare(path, MDB_RDONLY);
	check(mdb_txn_begin(bare.env, NULL, MDB_RDONLY, &bare.txn), "begin");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		MDB_stat stat;
		MDB_dbi dbi;
		check(mdb_dbi_open(bare.txn, names[i], 0, &dbi), names[i]);
		check(mdb_stat(bare.txn, dbi, &stat), names[i]);
		printf(" %zu",
		       (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
			       stat.ms_psize);
		if (i == 0)
			domains = stat.ms_entries;
	}
	printf(" %" PRIu64 "\n", domains);
	mdb_txn_abort(bare.txn);
	mdb_env_close(bare.env);
}

/* ---- a cycle of refresh ---- */

struct due {
	struct domain *domains;
	size_t count;
};

static enum err list_due(void *context, const struct domain *domain, int64_t due_at)
{
	struct due *due = context;

	(void)due_at;
	if (due->count == CYCLE_PART)
		return ERR_NOT_FOUND;
	due->domains[due->count++] = *domain;
	return ERR_OK;
}

/* One answer of each source, each stored by itself. */
static void observe(struct cache_txn *txn, const struct domain *domain, int64_t now)
{
	const struct apply_rules rules = {
		.registry_serves = true,
		.dns_is_source = true,
		.dns_lapse_after = 7 * TIME_DAY,
	};
	const struct schedule_rules schedule = {
		.max_interval = 30 * TIME_DAY,
		.lifecycle = lifecycle_of(NULL, domain),
	};
	uint64_t seed = addresses_text_hash(domain->name, domain->length);
	const struct observation observations[] = {
		{
			.source = SOURCE_RDAP,
			.answer = OBSERVATION_OBJECT,
			.at = now,
			.state = STATE_REGISTERED,
			.registered_at = 1500000000,
			.expires_at = now + (int64_t)(seed % 300 + 40) * TIME_DAY,
			.ns_hash = seed,
		},
		{.source = SOURCE_DNS, .answer = OBSERVATION_OBJECT, .at = now, .ns_hash = seed},
	};
	struct facts before;

	if (cache_get_facts(txn, domain, &before) != ERR_OK)
		fail("a domain is missing");
	for (size_t i = 0; i < sizeof observations / sizeof *observations; i++) {
		struct facts after = facts_apply(&before, &observations[i], &rules).facts;
		if (observations[i].source == SOURCE_DNS)
			after.dns.next_check_at = schedule_dns_next(&after, &schedule, seed);
		else
			after.registry.next_check_at = schedule_next(&after, &schedule, seed);
		if (cache_put_facts(txn, domain, &before, &after) != ERR_OK)
			fail("cannot store");
		before = after;
	}
}

static void observe_batch(struct cache *cache, const struct domain *domains, size_t count,
			  int64_t now)
{
	struct cache_txn *txn;
	struct why why;

	if (cache_write_begin_at(cache, now, false, &txn, &why) != ERR_OK)
		fail(why.text);
	for (size_t i = 0; i < count; i++)
		observe(txn, &domains[i], now);
	if (cache_write_commit(txn, &why) != ERR_OK)
		fail(why.text);
}

/* All that is due once: what is put off in the cycle is due after its end. */
static void cycle(const char *cache_dir)
{
	const struct cache_options options = {
		.cache_dir = cache_dir, .map_size = MAP_SIZE, .readers = 4};
	struct due due = {.domains = malloc(CYCLE_PART * sizeof *due.domains)};
	struct cache *cache;
	struct cache_txn *txn;
	struct why why;

	if (due.domains == NULL)
		fail("out of memory");
	if (cache_open_writer(&options, &cache, &why) != ERR_OK)
		fail(why.text);
	if (cache_write_begin_at(cache, INT64_MAX, false, &txn, &why) != ERR_OK)
		fail(why.text);
	int64_t now = cache_committed_at(txn) + 60 * TIME_DAY;
	cache_write_abort(txn);
	do {
		due.count = 0;
		if (cache_read_begin(cache, time_monotonic_ms(), &txn) != ERR_OK ||
		    cache_each_due(txn, now, list_due, &due) != ERR_OK)
			fail("cannot read what is due");
		cache_read_end(txn);
		for (size_t from = 0; from < due.count; from += REFRESH_BATCH) {
			size_t left = due.count - from;
			observe_batch(cache, due.domains + from,
				      left < REFRESH_BATCH ? left : REFRESH_BATCH, now);
		}
	} while (due.count > 0);
	cache_close(cache);
	free(due.domains);
}

static uint32_t number_of(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (number == 0 || number > 1000000000 || *end != '\0')
		fail("a number is wrong");
	return (uint32_t)number;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "names") == 0)
		print_names(number_of(argv[2]));
	else if (argc == 3 && strcmp(argv[1], "addresses") == 0)
		print_addresses(number_of(argv[2]));
	else if (argc == 4 && strcmp(argv[1], "bare") == 0)
		measure_bare(argv[2], argv[3]);
	else if (argc == 3 && strcmp(argv[1], "size") == 0)
		print_size(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "cycle") == 0)
		cycle(argv[2]);
	else {
		fputs("usage: importbench names|addresses COUNT\n"
		      "       importbench bare CACHE_DIR DIRECTORY\n"
		      "       importbench size|cycle CACHE_DIR\n",
		      stderr);
		return EX_USAGE;
	}
	return EX_OK;
}
