/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_prune: forgetting a domain, or an address. */
#include <string.h>

#include "cache_txn.h"
#include "resetguard/cache.h"
#include "resetguard/store.h"

static bool begins_with(struct bytes key, struct bytes prefix)
{
	return key.length >= prefix.length && memcmp(key.data, prefix.data, prefix.length) == 0;
}

/* The first key from prefix on, copied: it is gone with what is deleted. */
static enum err seek_copy(struct store_txn *txn, enum store_db db, struct bytes from,
			  unsigned char copy[STORE_KEY_MAX], struct bytes *key)
{
	struct store_cursor *cursor;
	struct bytes value;

	enum err err = store_cursor_open(txn, db, &cursor);
	if (err != ERR_OK)
		return err;
	err = store_cursor_seek(cursor, from, key, &value);
	if (err == ERR_OK) {
		memcpy(copy, key->data, key->length);
		key->data = copy;
	}
	store_cursor_close(cursor);
	return err;
}

static enum err remove_events(struct store_txn *txn, const struct domain *domain, uint64_t *events)
{
	/* The terminator is the zero byte that ends a domain in the key. */
	const struct bytes prefix = {domain->name, (size_t)domain->length + 1};
	unsigned char copy[STORE_KEY_MAX];
	struct bytes key;

	enum err err = seek_copy(txn, STORE_HISTORY, prefix, copy, &key);
	while (err == ERR_OK && begins_with(key, prefix)) {
		err = store_delete(txn, STORE_HISTORY, key);
		++*events;
		if (err == ERR_OK)
			err = seek_copy(txn, STORE_HISTORY, prefix, copy, &key);
	}
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err no_failure(enum err err, bool *was_there)
{
	*was_there = err == ERR_OK;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err cache_remove_domain(struct cache_txn *txn, const struct domain *domain,
			     struct cache_removed *removed)
{
	struct cache_removed done = {.had_facts = true};

	txn->written = true;
	enum err err = cache_get_facts(txn, domain, &done.facts);
	if (err_is_damage(err))
		done.facts_damaged = true;
	else if (err == ERR_NOT_FOUND)
		done.had_facts = false;
	else if (err != ERR_OK)
		return err;
	if (done.had_facts)
		err = cache_delete_facts(txn, domain, done.facts_damaged ? NULL : &done.facts);
	else
		err = ERR_OK;
	if (err == ERR_OK)
		err = remove_events(txn->store, domain, &done.events);
	if (err == ERR_OK)
		err = no_failure(cache_delete_pin(txn, domain, NULL), &done.had_pin);
	if (err == ERR_OK)
		err = no_failure(cache_delete_parked(txn, domain), &done.had_parked);
	if (err == ERR_OK)
		*removed = done;
	return err;
}

enum err cache_remove_address(struct cache_txn *txn, const struct address_hash *hash)
{
	bool had_record;
	bool had_pin;

	enum err err = no_failure(cache_delete_address(txn, hash), &had_record);
	if (err == ERR_OK)
		err = no_failure(cache_delete_pin(txn, NULL, hash), &had_pin);
	if (err != ERR_OK)
		return err;
	return had_record || had_pin ? ERR_OK : ERR_NOT_FOUND;
}
