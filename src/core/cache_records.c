/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_records: reading and writing the cache's records. */
#include <stdbool.h>
#include <string.h>

#include "cache_txn.h"
#include "resetguard/cache.h"
#include "resetguard/log.h"
#include "resetguard/store.h"
#include "resetguard/wire.h"

/* The due database: next check (big-endian, so that it sorts), domain. */
enum { DUE_KEY_MAX = 4 + DOMAIN_MAX };

static struct bytes domain_bytes(const struct domain *domain)
{
	return (struct bytes){domain->name, domain->length};
}

static struct bytes hash_bytes(const struct address_hash *hash)
{
	return (struct bytes){hash->bytes, sizeof hash->bytes};
}

static enum err put(struct cache_txn *txn, enum store_db db, struct bytes key, struct bytes value)
{
	txn->written = true;
	return store_put(txn->store, db, key, value);
}

static enum err append(struct cache_txn *txn, enum store_db db, struct bytes key,
		       struct bytes value)
{
	enum err err = store_append(txn->store, db, key, value);

	if (err != ERR_EXISTS)
		txn->written = true;
	return err;
}

/* ---- facts ---- */

enum err cache_get_facts(struct cache_txn *txn, const struct domain *domain, struct facts *facts)
{
	struct bytes record;

	enum err err = store_get(txn->store, STORE_FACTS, domain_bytes(domain), &record);
	return err == ERR_OK ? facts_decode(record, facts) : err;
}

static struct bytes due_key(const struct domain *domain, int64_t at,
			    unsigned char key[DUE_KEY_MAX])
{
	struct wire_writer writer = wire_writer_init(key, DUE_KEY_MAX);

	wire_write_time_sorted(&writer, at);
	wire_write_bytes(&writer, domain->name, domain->length);
	return (struct bytes){key, (size_t)(writer.at - key)};
}

static enum err move_due(struct cache_txn *txn, const struct domain *domain, int64_t from,
			 int64_t to)
{
	unsigned char key[DUE_KEY_MAX];
	enum err err = ERR_OK;

	if (from == to)
		return ERR_OK;
	if (from > 0) {
		txn->written = true;
		err = store_delete(txn->store, STORE_DUE, due_key(domain, from, key));
	}
	if ((err == ERR_OK || err == ERR_NOT_FOUND) && to > 0)
		err = put(txn, STORE_DUE, due_key(domain, to, key), (struct bytes){"", 0});
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err cache_put_facts(struct cache_txn *txn, const struct domain *domain,
			 const struct facts *before, const struct facts *after)
{
	unsigned char old[FACTS_RECORD_SIZE];
	unsigned char new[FACTS_RECORD_SIZE];

	facts_encode(after, new);
	if (before != NULL) {
		facts_encode(before, old);
		if (memcmp(old, new, sizeof old) == 0)
			return ERR_OK;
	}
	enum err err = move_due(txn, domain, before == NULL ? 0 : facts_next_check_at(before),
				facts_next_check_at(after));
	if (err != ERR_OK)
		return err;
	return put(txn, STORE_FACTS, domain_bytes(domain), (struct bytes){new, sizeof new});
}

enum err cache_append_facts(struct cache_txn *txn, const struct domain *domain,
			    const struct facts *facts)
{
	unsigned char record[FACTS_RECORD_SIZE];
	unsigned char key[DUE_KEY_MAX];
	int64_t due_at = facts_next_check_at(facts);

	facts_encode(facts, record);
	enum err err = append(txn, STORE_FACTS, domain_bytes(domain),
			      (struct bytes){record, sizeof record});
	if (err != ERR_OK || due_at == 0)
		return err;
	err = append(txn, STORE_DUE, due_key(domain, due_at, key), (struct bytes){"", 0});
	return err == ERR_EXISTS ? move_due(txn, domain, 0, due_at) : err;
}

/* The entries of a domain whose next check nobody knows: all of due is looked through. */
static enum err forget_due(struct cache_txn *txn, const struct domain *domain)
{
	unsigned char copy[DUE_KEY_MAX];
	struct store_cursor *cursor;
	struct bytes key;
	struct bytes value;
	bool found = true;

	while (found) {
		found = false;
		enum err err = store_cursor_open(txn->store, STORE_DUE, &cursor);
		if (err != ERR_OK)
			return err;
		err = store_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value);
		while (err == ERR_OK && !found) {
			found = key.length == 4U + domain->length &&
				memcmp((const char *)key.data + 4, domain->name, domain->length) == 0;
			if (found)
				memcpy(copy, key.data, key.length);
			else
				err = store_cursor_next(cursor, &key, &value);
		}
		store_cursor_close(cursor);
		if (found)
			err = store_delete(txn->store, STORE_DUE,
					   (struct bytes){copy, 4U + domain->length});
		if (err != ERR_OK && err != ERR_NOT_FOUND)
			return err;
	}
	return ERR_OK;
}

enum err cache_take_facts(struct cache_txn *txn, const struct domain *domain, unsigned flags,
			  struct facts *facts)
{
	enum err err = cache_get_facts(txn, domain, facts);
	if (!err_is_damage(err))
		return err;

	struct facts lost = facts_lost(txn->now, flags);
	struct history_event event = history_event_make(HISTORY_LOST, txn->now, NULL, &lost);
	log_line(LOG_LEVEL_WARNING,
		 "the record of %s was damaged: it begins anew, unverified until it is verified",
		 domain->name);
	err = forget_due(txn, domain);
	if (err == ERR_OK)
		err = cache_put_facts(txn, domain, NULL, &lost);
	if (err == ERR_OK)
		err = cache_add_change(txn, domain, &event);
	if (err == ERR_OK)
		*facts = lost;
	return err;
}

enum err cache_delete_facts(struct cache_txn *txn, const struct domain *domain,
			    const struct facts *before)
{
	txn->written = true;
	enum err err = before == NULL ? forget_due(txn, domain)
				      : move_due(txn, domain, facts_next_check_at(before), 0);
	if (err != ERR_OK)
		return err;
	return store_delete(txn->store, STORE_FACTS, domain_bytes(domain));
}

/* ---- history ---- */

/* Whether the same event is on file: its key is in key then. */
static enum err find_event(struct cache_txn *txn, struct bytes prefix, struct bytes record,
			   struct bytes *key)
{
	struct store_cursor *cursor;
	struct bytes value;

	enum err err = store_cursor_open(txn->store, STORE_HISTORY, &cursor);
	if (err != ERR_OK)
		return err;
	err = store_cursor_seek(cursor, prefix, key, &value);
	while (err == ERR_OK) {
		if (key->length < prefix.length ||
		    memcmp(key->data, prefix.data, prefix.length) != 0)
			err = ERR_NOT_FOUND;
		else if (value.length == record.length &&
			 memcmp(value.data, record.data, record.length) == 0)
			break;
		else
			err = store_cursor_next(cursor, key, &value);
	}
	store_cursor_close(cursor);
	return err;
}

enum err cache_add_history(struct cache_txn *txn, const struct domain *domain,
			   struct history_event *event)
{
	unsigned char record[HISTORY_RECORD_MAX];
	unsigned char key[HISTORY_KEY_MAX];
	struct bytes value = {record, history_encode(event, record)};
	size_t length = history_key(domain, event->at, 0, key);
	struct bytes prefix = {key, length - sizeof event->sequence};
	struct bytes found;

	enum err err = find_event(txn, prefix, value, &found);
	if (err == ERR_OK) {
		struct domain same_domain;
		struct history_event same;
		err = history_decode(found, value, &same_domain, &same);
		if (err == ERR_OK)
			event->sequence = same.sequence;
		return err;
	}
	if (err != ERR_NOT_FOUND)
		return err;
	if (txn->meta.history_sequence == UINT32_MAX)
		return ERR_FULL;

	uint32_t sequence = txn->meta.history_sequence + 1;
	(void)history_key(domain, event->at, sequence, key);
	err = put(txn, STORE_HISTORY, (struct bytes){key, length}, value);
	if (err != ERR_OK)
		return err;
	txn->meta.history_sequence = sequence;
	event->sequence = sequence;
	return ERR_OK;
}

/* ---- addresses ---- */

struct address_hash cache_address_hash(const struct cache_txn *txn, const struct mailbox *mailbox)
{
	return addresses_hash(&txn->key->key, mailbox);
}

struct addresses_fingerprint cache_key_fingerprint(const struct cache_txn *txn)
{
	return txn->key->fingerprint;
}

enum err cache_get_address(struct cache_txn *txn, const struct address_hash *hash,
			   struct address_facts *facts)
{
	struct bytes record;

	enum err err = store_get(txn->store, STORE_ADDRESSES, hash_bytes(hash), &record);
	return err == ERR_OK ? addresses_decode(record, facts) : err;
}

enum err cache_take_address(struct cache_txn *txn, const struct address_hash *hash,
			    struct address_facts *facts)
{
	enum err err = cache_get_address(txn, hash, facts);
	if (!err_is_damage(err))
		return err;

	struct address_facts lost = {.unverified_at = txn->now};
	log_line(LOG_LEVEL_WARNING,
		 "the record of an address was damaged: it begins anew, unverified");
	err = cache_put_address(txn, hash, &lost);
	if (err == ERR_OK)
		*facts = lost;
	return err;
}

enum err cache_delete_address(struct cache_txn *txn, const struct address_hash *hash)
{
	txn->written = true;
	return store_delete(txn->store, STORE_ADDRESSES, hash_bytes(hash));
}

enum err cache_put_address(struct cache_txn *txn, const struct address_hash *hash,
			   const struct address_facts *facts)
{
	unsigned char record[ADDRESSES_RECORD_SIZE];

	addresses_encode(facts, record);
	return put(txn, STORE_ADDRESSES, hash_bytes(hash), (struct bytes){record, sizeof record});
}

enum err cache_append_address(struct cache_txn *txn, const struct address_hash *hash,
			      const struct address_facts *facts)
{
	unsigned char record[ADDRESSES_RECORD_SIZE];

	addresses_encode(facts, record);
	return append(txn, STORE_ADDRESSES, hash_bytes(hash),
		      (struct bytes){record, sizeof record});
}

/* ---- pins ---- */

static struct bytes pin_key(const struct domain *domain, const struct address_hash *hash,
			    unsigned char key[PIN_KEY_MAX])
{
	size_t length = hash != NULL ? pins_address_key(hash, key) : pins_domain_key(domain, key);

	return (struct bytes){key, length};
}

enum err cache_get_pin(struct cache_txn *txn, const struct domain *domain,
		       const struct address_hash *hash, struct pin *pin)
{
	unsigned char key[PIN_KEY_MAX];
	struct bytes record;
	enum err err;

	err = store_get(txn->store, STORE_PINS, pin_key(domain, hash, key), &record);
	return err == ERR_OK ? pins_decode(record, pin) : err;
}

enum err cache_put_pin(struct cache_txn *txn, const struct domain *domain,
		       const struct address_hash *hash, const struct pin *pin)
{
	unsigned char key[PIN_KEY_MAX];
	unsigned char record[PIN_RECORD_MAX];
	size_t length;

	enum err err = pins_encode(pin, record, &length);
	if (err != ERR_OK)
		return err;
	return put(txn, STORE_PINS, pin_key(domain, hash, key), (struct bytes){record, length});
}

enum err cache_delete_pin(struct cache_txn *txn, const struct domain *domain,
			  const struct address_hash *hash)
{
	unsigned char key[PIN_KEY_MAX];

	txn->written = true;
	return store_delete(txn->store, STORE_PINS, pin_key(domain, hash, key));
}

/* ---- what the brake holds back, and the registries' hosts ---- */

enum err cache_get_parked(struct cache_txn *txn, const struct domain *domain,
			  struct parked *parked)
{
	struct bytes record;

	enum err err = store_get(txn->store, STORE_PARKED, domain_bytes(domain), &record);
	return err == ERR_OK ? parked_decode(record, parked) : err;
}

enum err cache_put_parked(struct cache_txn *txn, const struct domain *domain,
			  const struct parked *parked)
{
	unsigned char record[PARKED_RECORD_MAX];
	size_t length = parked_encode(parked, record);

	return put(txn, STORE_PARKED, domain_bytes(domain), (struct bytes){record, length});
}

enum err cache_take_parked(struct cache_txn *txn, const struct domain *domain,
			   struct parked *parked)
{
	enum err err = cache_get_parked(txn, domain, parked);
	if (!err_is_damage(err))
		return err;

	log_line(LOG_LEVEL_WARNING,
		 "what was held back of %s was damaged: it is forgotten, until it is said again",
		 domain->name);
	err = cache_delete_parked(txn, domain);
	return err == ERR_OK ? ERR_NOT_FOUND : err;
}

enum err cache_delete_parked(struct cache_txn *txn, const struct domain *domain)
{
	txn->written = true;
	return store_delete(txn->store, STORE_PARKED, domain_bytes(domain));
}

static struct bytes host_bytes(const char *host)
{
	return (struct bytes){host, strlen(host)};
}

enum err cache_get_host(struct cache_txn *txn, const char *host, struct host_record *known)
{
	struct bytes record;

	enum err err = store_get(txn->store, STORE_HOSTS, host_bytes(host), &record);
	return err == ERR_OK ? host_record_decode(record, known) : err;
}

enum err cache_put_host(struct cache_txn *txn, const char *host, const struct host_record *known)
{
	unsigned char record[HOST_RECORD_SIZE];

	host_record_encode(known, record);
	return put(txn, STORE_HOSTS, host_bytes(host), (struct bytes){record, sizeof record});
}
