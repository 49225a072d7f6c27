/* SPDX-License-Identifier: BSD-2-Clause */
/* import: rows on their way into the cache. */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "resetguard/policy.h"
#include "resetguard/time.h"

enum {
	JSON_BATCH = 4096,  /* rows of one commit */
	NAME_BATCH = 50000, /* domains or addresses of one commit */
};

/* Makes room for one more element of size bytes. */
static enum err grow(void **array, size_t *capacity, size_t count, size_t size)
{
	size_t wanted = *capacity == 0 ? 1024 : *capacity * 2;
	void *grown;

	if (count < *capacity)
		return ERR_OK;
	grown = reallocarray(*array, wanted, size);
	if (grown == NULL)
		return ERR_NO_MEMORY;
	*array = grown;
	*capacity = wanted;
	return ERR_OK;
}

/* ---- gathering ---- */

static enum err add_text(struct import *import, const struct domain *domain, size_t *offset)
{
	size_t length = domain->length + 1U;

	while (import->names_length + length > import->names_size) {
		size_t size = import->names_size == 0 ? 65536 : import->names_size * 2;
		char *names = realloc(import->names, size);

		if (names == NULL)
			return ERR_NO_MEMORY;
		import->names = names;
		import->names_size = size;
	}
	memcpy(import->names + import->names_length, domain->name, length);
	*offset = import->names_length;
	import->names_length += length;
	return ERR_OK;
}

static uint32_t older(uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return a | b;
	return a < b ? a : b;
}

/* Address lists often come with one domain's rows together. */
static struct import_domain *last_if_same(struct import *import, const struct domain *domain)
{
	struct import_domain *last;

	if (import->domain_count == 0)
		return NULL;
	last = &import->domain_rows[import->domain_count - 1];
	return strcmp(import->names + last->offset, domain->name) == 0 ? last : NULL;
}

static enum err add_domain(struct import *import, const struct domain *domain,
			   uint32_t verified_at, uint32_t oldest)
{
	struct import_domain *row = last_if_same(import, domain);
	size_t offset;
	enum err err;

	if (row == NULL) {
		err = add_text(import, domain, &offset);
		if (err == ERR_OK)
			err = grow((void **)&import->domain_rows, &import->domain_size,
				   import->domain_count, sizeof *row);
		if (err != ERR_OK)
			return err;
		row = &import->domain_rows[import->domain_count++];
		*row = (struct import_domain){.offset = offset};
	}
	row->verified_at = older(row->verified_at, verified_at);
	row->oldest = older(row->oldest, oldest);
	return ERR_OK;
}

static enum err add_address(struct import *import, const struct mailbox *mailbox,
			    uint32_t verified_at)
{
	struct cache_txn *txn;
	enum err err = cache_read_begin(import->cli->cache, time_monotonic_ms(), &txn);

	if (err == ERR_OK) {
		err = grow((void **)&import->address_rows, &import->address_size,
			   import->address_count, sizeof *import->address_rows);
		if (err == ERR_OK)
			import->address_rows[import->address_count++] = (struct import_address){
				.hash = cache_address_hash(txn, mailbox),
				.verified_at = verified_at,
			};
		cache_read_end(txn);
	}
	return err;
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
	/* A date vouches for the name itself, not for the suffix above it. */
	for (unsigned i = 0; i < count && err == ERR_OK; i++)
		err = add_domain(import, domains[i],
				 !name.has_mailbox && i == count - 1 ? at : 0,
				 name.has_mailbox ? at : 0);
	if (err == ERR_OK && name.has_mailbox && at != 0)
		err = add_address(import, &name.mailbox, at);
	return err;
}

/* ---- merging domains ---- */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static unsigned flags_of_new(const struct import *import, const struct domain *domain)
{
	return domain_is_below_private(import->cli->suffixes, domain) ? FACTS_PRIVATE_SUFFIX : 0;
}

static enum err store_domain(struct import *import, struct cache_txn *txn,
			     const struct import_domain *row)
{
	const char *text = import->names + row->offset;
	struct domain domain = {.length = (unsigned char)strlen(text)};
	struct facts before;
	struct facts after;
	enum err err;
	bool is_new;

	memcpy(domain.name, text, domain.length + 1U);
	err = cache_get_facts(txn, &domain, &before);
	is_new = err == ERR_NOT_FOUND;
	if (err != ERR_OK && !is_new)
		return err;
	after = is_new ? facts_new(import->cli->now, flags_of_new(import, &domain)) : before;
	after.flags |= FACTS_IMPORTED;
	after.verified_at = later(after.verified_at, row->verified_at);
	if (row->oldest != 0 && row->oldest < after.first_seen_at)
		after.first_seen_at = row->oldest;
	import->domains++;
	import->new_domains += is_new;
	return cache_put_facts(txn, &domain, is_new ? NULL : &before, &after);
}

static int by_name(const void *a, const void *b, void *names)
{
	const struct import_domain *row_a = a;
	const struct import_domain *row_b = b;

	return strcmp((const char *)names + row_a->offset, (const char *)names + row_b->offset);
}

/* Sorts, and makes one row of those that name the same domain. */
static void fold_domains(struct import *import)
{
	struct import_domain *rows = import->domain_rows;
	size_t kept = 0;

	if (rows == NULL)
		return;
	qsort_r(rows, import->domain_count, sizeof *rows, by_name, import->names);
	for (size_t i = 0; i < import->domain_count; i++) {
		if (kept > 0 && by_name(&rows[kept - 1], &rows[i], import->names) == 0) {
			rows[kept - 1].verified_at = older(rows[kept - 1].verified_at,
							   rows[i].verified_at);
			rows[kept - 1].oldest = older(rows[kept - 1].oldest, rows[i].oldest);
		} else {
			rows[kept++] = rows[i];
		}
	}
	import->domain_count = kept;
}

/* ---- merging addresses ---- */

static int by_hash(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct address_hash));
}

static void fold_addresses(struct import *import)
{
	struct import_address *rows = import->address_rows;
	size_t kept = 0;

	if (rows == NULL)
		return;
	qsort(rows, import->address_count, sizeof *rows, by_hash);
	for (size_t i = 0; i < import->address_count; i++) {
		if (kept > 0 && by_hash(&rows[kept - 1], &rows[i]) == 0)
			rows[kept - 1].verified_at = older(rows[kept - 1].verified_at,
							   rows[i].verified_at);
		else
			rows[kept++] = rows[i];
	}
	import->address_count = kept;
}

static enum err merge_address(struct import *import, struct cache_txn *txn,
			      const struct address_hash *hash, const struct address_facts *row)
{
	struct address_facts facts = {0};
	enum err err = cache_get_address(txn, hash, &facts);

	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	facts.verified_at = later(facts.verified_at, row->verified_at);
	facts.unverified_at = later(facts.unverified_at, row->unverified_at);
	import->addresses++;
	return cache_put_address(txn, hash, &facts);
}

static enum err store_address(struct import *import, struct cache_txn *txn, size_t index)
{
	const struct import_address *row = &import->address_rows[index];
	const struct address_facts facts = {.verified_at = row->verified_at};

	return merge_address(import, txn, &row->hash, &facts);
}

/* ---- merging exported records ---- */

static enum err store_facts(struct import *import, struct cache_txn *txn,
			    const struct records_row *row)
{
	struct facts after = row->facts;
	struct facts before;
	enum err err = cache_get_facts(txn, &row->domain, &before);
	bool is_new = err == ERR_NOT_FOUND;

	if (err != ERR_OK && !is_new)
		return err;
	if (after.first_seen_at == 0)
		after.first_seen_at = import->cli->now;
	if (facts_next_check_at(&after) == 0)
		after.registry.next_check_at = import->cli->now;
	if (!is_new)
		after = facts_merge(&before, &after);
	else
		after.flags |= flags_of_new(import, &row->domain);
	import->domains++;
	import->new_domains += is_new;
	err = cache_put_facts(txn, &row->domain, is_new ? NULL : &before, &after);
	if (err == ERR_OK && !is_new &&
	    (before.state != after.state ||
	     facts_owner_since(&before) != facts_owner_since(&after))) {
		struct history_event event =
			history_event_make(HISTORY_IMPORT, import->cli->now, &before, &after);

		err = cache_add_history(txn, &row->domain, &event);
	}
	return err;
}

static enum err store_pin(struct import *import, struct cache_txn *txn,
			  const struct records_row *row)
{
	const struct domain *domain = row->has_hash ? NULL : &row->domain;
	const struct address_hash *hash = row->has_hash ? &row->hash : NULL;

	import->others++;
	return cache_put_pin(txn, domain, hash, &row->pin);
}

static enum err store_row(struct import *import, struct cache_txn *txn, size_t index)
{
	struct records_row *row = &import->json_rows[index];

	switch (row->kind) {
	case RECORDS_DOMAIN:
		return store_facts(import, txn, row);
	case RECORDS_ADDRESS:
		return merge_address(import, txn, &row->hash, &row->address);
	case RECORDS_PIN:
		return store_pin(import, txn, row);
	case RECORDS_HISTORY:
		import->others++;
		return cache_add_history(txn, &row->domain, &row->event);
	}
	return ERR_OK;
}

/* ---- commits ---- */

static enum err store_domain_at(struct import *import, struct cache_txn *txn, size_t index)
{
	return store_domain(import, txn, &import->domain_rows[index]);
}

/* Stores count rows, at most batch of them in one transaction. */
static enum err store_all(struct import *import, size_t count, size_t batch,
			  enum err (*store)(struct import *import, struct cache_txn *txn,
					    size_t index),
			  struct why *why)
{
	enum err err = ERR_OK;

	for (size_t from = 0; from < count && err == ERR_OK; from += batch) {
		struct cache_txn *txn;

		err = cache_write_begin(import->cli->cache, import->cli->now, &txn, why);
		if (err != ERR_OK)
			return err;
		for (size_t i = from; i < count && i < from + batch && err == ERR_OK; i++)
			err = store(import, txn, i);
		if (err == ERR_OK)
			err = cache_write_commit(txn, why);
		else
			cache_write_abort(txn);
	}
	return err;
}

static enum err commit_json(struct import *import, struct why *why)
{
	size_t count = import->json_count;

	import->json_count = 0;
	return store_all(import, count, JSON_BATCH, store_row, why);
}

/* Only what is to come may lie in the future. */
static const char *member_yet_to_come(const struct records_row *row, int64_t latest)
{
	const struct {
		const char *name;
		int64_t moment;
	} moments[] = {
		{"registered_at", row->facts.registered_at - TIME_DAY},
		{"lapsed_at", row->facts.lapsed_at},
		{"changed_at", row->facts.changed_at},
		{"first_seen_at", row->facts.first_seen_at},
		{"verified_at", row->facts.verified_at},
		{"unverified_at", row->facts.unverified_at},
		{"transition_at", row->facts.transition_at},
		{"checked_at", row->facts.registry.checked_at},
		{"tried_at", row->facts.registry.tried_at},
		{"checked_at", row->facts.dns.checked_at},
		{"tried_at", row->facts.dns.tried_at},
		{"verified_at", row->address.verified_at},
		{"unverified_at", row->address.unverified_at},
		{"set_at", row->pin.set_at},
		{"at", row->event.at},
	};

	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		if (moments[i].moment > latest)
			return moments[i].name;
	}
	return NULL;
}

/* A record under a name that nobody looks up would be a promise not kept. */
static bool is_looked_up(const struct import *import, const struct domain *domain)
{
	struct domain_names names;

	return domain_names(import->cli->suffixes, domain, &names) == ERR_OK &&
	       (domain_equal(&names.registrable, domain) ||
		domain_equal(&names.below_private, domain));
}

/* What the milter would call a cache error, or the writer refuse, must not get in. */
static enum err check_row(const struct import *import, const struct records_row *row,
			  struct why *why)
{
	const char *member = member_yet_to_come(row, import->cli->now + POLICY_CLOCK_SKEW);
	struct cache_txn *txn;
	struct addresses_fingerprint key;
	enum err err;

	if (member != NULL)
		return err_why(ERR_DATA, why, "member \"%s\" is yet to come", member);
	if (row->has_domain && !is_looked_up(import, &row->domain))
		return err_why(ERR_DATA, why, "%s is no name that a registry sells",
			       row->domain.name);
	if (row->kind == RECORDS_PIN && row->pin.verdict == PIN_ACCEPT && row->pin.until == 0)
		return err_why(ERR_DATA, why, "member \"until\" is missing: an accept pin ends");
	if (!row->has_hash)
		return ERR_OK;
	err = cache_read_begin(import->cli->cache, time_monotonic_ms(), &txn);
	if (err != ERR_OK)
		return err;
	key = cache_key_fingerprint(txn);
	cache_read_end(txn);
	if (memcmp(&key, &row->key, sizeof key) != 0)
		return err_why(ERR_DATA, why,
			       "the address hash was made with another key: put the address.key "
			       "of that cache into %s before the first import",
			       import->cli->conf->cache_dir);
	return ERR_OK;
}

enum err import_json(struct import *import, const char *text, size_t length, struct why *why)
{
	struct records_row *row;
	enum err err;

	if (import->json_rows == NULL)
		import->json_rows = calloc(JSON_BATCH, sizeof *import->json_rows);
	if (import->json_rows == NULL)
		return ERR_NO_MEMORY;
	row = &import->json_rows[import->json_count];
	err = records_read(text, length, row, why);
	if (err == ERR_OK)
		err = check_row(import, row, why);
	if (err != ERR_OK)
		return err;
	import->json_count++;
	return import->json_count == JSON_BATCH ? commit_json(import, why) : ERR_OK;
}

enum err import_finish(struct import *import, struct why *why)
{
	enum err err = commit_json(import, why);

	fold_domains(import);
	fold_addresses(import);
	if (err == ERR_OK)
		err = store_all(import, import->domain_count, NAME_BATCH, store_domain_at, why);
	if (err == ERR_OK)
		err = store_all(import, import->address_count, NAME_BATCH, store_address, why);
	return err;
}

void import_free(struct import *import)
{
	free(import->names);
	free(import->domain_rows);
	free(import->address_rows);
	free(import->json_rows);
}
