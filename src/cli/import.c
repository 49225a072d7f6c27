/* SPDX-License-Identifier: BSD-2-Clause */
/* import: names and addresses on their way into the cache. */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "import_work.h"
#include "resetguard/policy.h"
#include "resetguard/time.h"

enum {
	BATCH = 50000,	  /* domains or addresses of one commit */
	ASK_EVERY = 1024, /* rows, whether it goes on */
};

/* What the rows say of one domain. Times have 32 bits as on disk, 0 for none. */
struct import_domain {
	uint32_t verified_at; /* of the domain itself */
	uint32_t oldest;      /* verified_at of an address there */
	uint32_t flags;	      /* of a new record */
};

static uint32_t older(uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return a | b;
	return a < b ? a : b;
}

static void fold_domain(void *into, const void *from)
{
	struct import_domain a;
	struct import_domain b;

	memcpy(&a, into, sizeof a);
	memcpy(&b, from, sizeof b);
	a.verified_at = older(a.verified_at, b.verified_at);
	a.oldest = older(a.oldest, b.oldest);
	memcpy(into, &a, sizeof a);
}

static void fold_address(void *into, const void *from)
{
	uint32_t a;
	uint32_t b;

	memcpy(&a, into, sizeof a);
	memcpy(&b, from, sizeof b);
	a = older(a, b);
	memcpy(into, &a, sizeof a);
}

enum err import_new(const struct import_options *options, struct import **import)
{
	struct sorter_options sorting = {
		.directory = options->cli->conf->cache_dir,
		.memory = options->sort_memory,
		.value_size = sizeof(struct import_domain),
		.fold = fold_domain,
	};
	struct import *new = calloc(1, sizeof *new);
	enum err err = new == NULL ? ERR_NO_MEMORY : sorter_new(&sorting, &new->domains);

	sorting.value_size = sizeof(uint32_t);
	sorting.fold = fold_address;
	if (err == ERR_OK)
		err = sorter_new(&sorting, &new->addresses);
	if (err != ERR_OK) {
		import_free(new);
		return err;
	}
	new->options = *options;
	new->cli = options->cli;
	*import = new;
	return ERR_OK;
}

void import_free(struct import *import)
{
	if (import == NULL)
		return;
	sorter_free(import->domains);
	sorter_free(import->addresses);
	free(import->rows);
	free(import);
}

struct import_counts import_counts(const struct import *import)
{
	return import->counts;
}

/* ---- gathering ---- */

static enum err add_address(struct import *import, const struct mailbox *mailbox,
			    uint32_t verified_at, struct why *why)
{
	struct address_hash hash;
	struct cache_txn *txn;
	enum err err = cache_snapshot(import->cli->cache, time_monotonic_ms(), &txn, why);

	if (err != ERR_OK)
		return err;
	hash = cache_address_hash(txn, mailbox);
	cache_read_end(txn);
	return sorter_add(import->addresses, hash.bytes, sizeof hash.bytes, &verified_at, why);
}

enum err import_name(struct import *import, const char *text, int64_t verified_at, struct why *why)
{
	struct cli_name name;
	const struct domain *domains[2];
	uint32_t at = (uint32_t)verified_at;
	unsigned count;
	enum err err = cli_name_read(import->cli, text, &name, why);

	if (err != ERR_OK)
		return err_why(err, why, "\"%.100s\" is neither a domain nor an address of one",
			       text);
	if (verified_at > import->cli->now + POLICY_CLOCK_SKEW)
		return err_why(ERR_DATA, why, "verified_at %s is yet to come",
			       time_format(verified_at).text);
	count = cli_name_domains(&name, domains);
	for (unsigned i = 0; i < count && err == ERR_OK; i++) {
		/* A date vouches for the name itself, not for the suffix above it. */
		const struct import_domain row = {
			.verified_at = !name.has_mailbox && i == count - 1 ? at : 0,
			.oldest = name.has_mailbox ? at : 0,
			.flags = i == 0 ? 0 : FACTS_PRIVATE_SUFFIX,
		};

		err = sorter_add(import->domains, domains[i]->name, domains[i]->length, &row, why);
	}
	if (err == ERR_OK && name.has_mailbox && at != 0)
		err = add_address(import, &name.mailbox, at, why);
	return err;
}

/* ---- merging ---- */

enum err import_begin(struct import *import, struct cache_txn **txn, struct why *why)
{
	return cache_write_begin(import->cli->cache, import->options.clock, txn, why);
}

enum err import_end(struct cache_txn *txn, enum err err, struct why *why)
{
	/* Where a write has failed, nothing is stored, and it says why. */
	enum err committed = cache_write_commit(txn, why);

	return committed != ERR_OK ? committed : err;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void apply_row(struct facts *facts, const struct import_domain *row)
{
	facts->flags |= FACTS_IMPORTED;
	facts->verified_at = later(facts->verified_at, row->verified_at);
	if (row->oldest != 0 && row->oldest < facts->first_seen_at)
		facts->first_seen_at = row->oldest;
}

static enum err merge_domain(struct import *import, struct cache_txn *txn,
			     const struct domain *domain, const struct import_domain *row)
{
	struct facts new = facts_new(import->cli->now, row->flags);
	struct facts before;
	struct facts after;
	enum err err;

	/* In a cache that is new most rows come behind what is there. */
	apply_row(&new, row);
	err = cache_append_facts(txn, domain, &new);
	if (err == ERR_OK)
		import->counts.new_domains++;
	if (err != ERR_EXISTS)
		return err;
	err = cache_take_facts(txn, domain, row->flags, &before);
	if (err == ERR_NOT_FOUND) {
		import->counts.new_domains++;
		return cache_put_facts(txn, domain, NULL, &new);
	}
	if (err != ERR_OK)
		return err;
	after = before;
	apply_row(&after, row);
	return cache_put_facts(txn, domain, &before, &after);
}

enum err import_address(struct import *import, struct cache_txn *txn,
			const struct address_hash *hash, const struct address_facts *row)
{
	struct address_facts before = {0};
	struct address_facts after;
	enum err err = cache_append_address(txn, hash, row);

	if (err == ERR_EXISTS) {
		err = cache_take_address(txn, hash, &before);
		if (err != ERR_OK && err != ERR_NOT_FOUND)
			return err;
		after.verified_at = later(before.verified_at, row->verified_at);
		after.unverified_at = later(before.unverified_at, row->unverified_at);
		if (err == ERR_OK && after.verified_at == before.verified_at &&
		    after.unverified_at == before.unverified_at) {
			import->counts.addresses++;
			return ERR_OK;
		}
		err = cache_put_address(txn, hash, &after);
	}
	if (err == ERR_OK)
		import->counts.addresses++;
	return err;
}

static enum err store_domain(struct import *import, struct cache_txn *txn,
			     const struct sorter_row *row)
{
	struct domain domain = {.length = (unsigned char)row->length};
	struct import_domain says;
	enum err err;

	memcpy(domain.name, row->key, row->length);
	domain.name[row->length] = '\0';
	memcpy(&says, row->value, sizeof says);
	err = merge_domain(import, txn, &domain, &says);
	if (err == ERR_OK)
		import->counts.domains++;
	return err;
}

static enum err store_address(struct import *import, struct cache_txn *txn,
			      const struct sorter_row *row)
{
	struct address_hash hash;
	uint32_t verified_at;

	memcpy(hash.bytes, row->key, sizeof hash.bytes);
	memcpy(&verified_at, row->value, sizeof verified_at);
	return import_address(import, txn, &hash,
			      &(struct address_facts){.verified_at = verified_at});
}

/* ---- storing what was gathered ---- */

typedef enum err row_store(struct import *import, struct cache_txn *txn,
			   const struct sorter_row *row);

/* One batch; before is how many rows were done before those of this sorter.
 * ERR_NOT_FOUND: it was the last one. */
static enum err store_batch(struct import *import, struct sorter *sorter, row_store *store,
			    uint64_t before, struct why *why)
{
	const struct import_counts counts = import->counts;
	struct cache_txn *txn;
	struct sorter_row row;
	enum err next = ERR_OK;
	enum err err = import_begin(import, &txn, why);

	if (err != ERR_OK)
		return err;
	for (unsigned i = 0; i < BATCH && err == ERR_OK && !import->stopped; i++) {
		next = sorter_next(sorter, &row, why);
		if (next != ERR_OK)
			break;
		err = store(import, txn, &row);
		import->counts.done = before + row.folded;
		if (i % ASK_EVERY == 0)
			import->stopped = !import->options.goes_on(import->options.context,
								   &import->counts);
	}
	if (next == ERR_OK || next == ERR_NOT_FOUND) {
		err = import_end(txn, err, why);
	} else {
		cache_write_abort(txn);
		err = next;
	}
	if (err == ERR_OK)
		return next;
	/* What is not committed does not count. */
	import->counts = counts;
	return err;
}

static enum err store_all(struct import *import, struct sorter *sorter, row_store *store,
			  struct why *why)
{
	uint64_t before = import->counts.done;
	enum err err = ERR_OK;

	while (err == ERR_OK && !import->stopped)
		err = store_batch(import, sorter, store, before, why);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err import_finish(struct import *import, struct why *why)
{
	enum err err = import_commit_records(import, why);

	import->counts.all = sorter_count(import->domains) + sorter_count(import->addresses);
	if (err == ERR_OK)
		err = sorter_finish(import->domains, why);
	if (err == ERR_OK)
		err = sorter_finish(import->addresses, why);
	if (err == ERR_OK)
		err = store_all(import, import->domains, store_domain, why);
	if (err == ERR_OK)
		err = store_all(import, import->addresses, store_address, why);
	return err;
}
