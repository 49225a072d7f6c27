/* SPDX-License-Identifier: BSD-2-Clause */
/* import_records: exported rows on their way into the cache. */
#include <stdlib.h>
#include <string.h>

#include "import_work.h"
#include "resetguard/policy.h"
#include "resetguard/time.h"

enum { BATCH = 4096 }; /* rows of one commit */

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
	err = cache_snapshot(import->cli->cache, time_monotonic_ms(), &txn, why);
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

/* ---- merging ---- */

static unsigned flags_of_new(const struct import *import, const struct domain *domain)
{
	return domain_is_below_private(import->cli->suffixes, domain) ? FACTS_PRIVATE_SUFFIX : 0;
}

static enum err store_facts(struct import *import, struct cache_txn *txn,
			    const struct records_row *row)
{
	struct facts after = row->facts;
	struct facts before;
	enum err err = cache_take_facts(txn, &row->domain, flags_of_new(import, &row->domain),
					&before);
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
	/* An export is in order. */
	err = is_new ? cache_append_facts(txn, &row->domain, &after) : ERR_EXISTS;
	if (err == ERR_EXISTS)
		err = cache_put_facts(txn, &row->domain, is_new ? NULL : &before, &after);
	if (err != ERR_OK)
		return err;
	import->counts.domains++;
	import->counts.new_domains += is_new;
	if (!is_new &&
	    (before.state != after.state ||
	     facts_owner_since(&before) != facts_owner_since(&after))) {
		struct history_event event =
			history_event_make(HISTORY_IMPORT, import->cli->now, &before, &after);

		err = cache_add_change(txn, &row->domain, &event);
	}
	return err;
}

static enum err store_pin(struct import *import, struct cache_txn *txn,
			  const struct records_row *row)
{
	const struct domain *domain = row->has_hash ? NULL : &row->domain;
	const struct address_hash *hash = row->has_hash ? &row->hash : NULL;

	import->counts.others++;
	return cache_put_pin(txn, domain, hash, &row->pin);
}

static enum err store_row(struct import *import, struct cache_txn *txn, struct records_row *row)
{
	switch (row->kind) {
	case RECORDS_DOMAIN:
		return store_facts(import, txn, row);
	case RECORDS_ADDRESS:
		return import_address(import, txn, &row->hash, &row->address);
	case RECORDS_PIN:
		return store_pin(import, txn, row);
	case RECORDS_HISTORY:
		import->counts.others++;
		return cache_add_history(txn, &row->domain, &row->event);
	}
	return ERR_OK;
}

enum err import_commit_records(struct import *import, struct why *why)
{
	const struct import_counts counts = import->counts;
	size_t count = import->row_count;
	struct cache_txn *txn;
	enum err err;

	import->row_count = 0;
	if (count == 0)
		return ERR_OK;
	err = import_begin(import, &txn, why);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = store_row(import, txn, &import->rows[i]);
	err = import_end(txn, err, why);
	/* What is not committed does not count. */
	if (err != ERR_OK)
		import->counts = counts;
	return err;
}

enum err import_json(struct import *import, const char *text, size_t length, struct why *why)
{
	struct records_row *row;
	enum err err;

	if (import->rows == NULL)
		import->rows = calloc(BATCH, sizeof *import->rows);
	if (import->rows == NULL)
		return ERR_NO_MEMORY;
	row = &import->rows[import->row_count];
	err = records_read(text, length, row, why);
	if (err == ERR_OK)
		err = check_row(import, row, why);
	if (err != ERR_OK)
		return err;
	import->row_count++;
	return import->row_count == BATCH ? import_commit_records(import, why) : ERR_OK;
}
