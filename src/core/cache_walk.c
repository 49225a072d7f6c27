/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_walk: the cache's walks over all entries of a database. */
#include <stdio.h>
#include <string.h>

#include "cache_txn.h"
#include "resetguard/cache.h"
#include "resetguard/store.h"
#include "resetguard/wire.h"

/* One entry of a walk; context is the walk's own. ERR_NOT_FOUND ends it. */
typedef enum err entry_visitor(void *context, struct bytes key, struct bytes value);

static enum err walk(struct cache_txn *txn, enum store_db db, struct bytes from,
		     entry_visitor *entry, void *context)
{
	struct store_cursor *cursor;
	struct bytes key;
	struct bytes value;

	enum err err = store_cursor_open(txn->store, db, &cursor);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	err = store_cursor_seek(cursor, from, &key, &value);
	while (err == ERR_OK) {
		err = entry(context, key, value);
		if (err == ERR_OK)
			err = store_cursor_next(cursor, &key, &value);
	}
	store_cursor_close(cursor);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static struct bytes from_start(void)
{
	return (struct bytes){NULL, 0};
}

/* A key that was a domain when it was stored; without its first skip bytes. */
static enum err domain_of_key(struct bytes key, size_t skip, struct domain *domain)
{
	if (key.length <= skip || key.length - skip > DOMAIN_MAX)
		return ERR_DAMAGED;
	domain->length = (unsigned char)(key.length - skip);
	memcpy(domain->name, (const char *)key.data + skip, domain->length);
	domain->name[domain->length] = '\0';
	return ERR_OK;
}

static enum err hash_of_key(struct bytes key, size_t skip, struct address_hash *hash)
{
	if (key.length != skip + sizeof hash->bytes)
		return ERR_DAMAGED;
	memcpy(hash->bytes, (const char *)key.data + skip, sizeof hash->bytes);
	return ERR_OK;
}

/* A record that makes no sense is passed over, and told of by the text of its key. */
static enum err pass_over(const struct cache_txn *txn, enum store_db db, struct bytes key,
			  enum err err)
{
	char name[2 * STORE_KEY_MAX + 1] = "";
	size_t length = 0;

	if (!err_is_damage(err))
		return err;
	if (txn->damage->told == NULL)
		return ERR_OK;
	for (size_t i = 0; i < key.length && i < STORE_KEY_MAX; i++) {
		unsigned char c = ((const unsigned char *)key.data)[i];
		bool is_text = db == STORE_FACTS || db == STORE_HISTORY || db == STORE_PARKED;

		/* What follows a domain in the key of an event is no text. */
		if (is_text && (c <= ' ' || c >= 0x7f))
			break;
		length += (size_t)snprintf(name + length, sizeof name - length,
					   is_text ? "%c" : "%02x", c);
	}
	txn->damage->told(txn->damage->context, store_db_name(db), name);
	return ERR_OK;
}

struct facts_walk {
	const struct cache_txn *txn;
	enum err (*visit)(void *context, const struct domain *domain, const struct facts *facts);
	void *context;
};

static enum err visit_facts(void *context, struct bytes key, struct bytes value)
{
	const struct facts_walk *each = context;
	struct domain domain;
	struct facts facts;

	enum err err = domain_of_key(key, 0, &domain);
	if (err == ERR_OK)
		err = facts_decode(value, &facts);
	if (err != ERR_OK)
		return pass_over(each->txn, STORE_FACTS, key, err);
	return each->visit(each->context, &domain, &facts);
}

enum err cache_each_facts(struct cache_txn *txn,
			  enum err (*visit)(void *context, const struct domain *domain,
					    const struct facts *facts),
			  void *context)
{
	struct facts_walk each = {txn, visit, context};

	return walk(txn, STORE_FACTS, from_start(), visit_facts, &each);
}

struct facts_part {
	struct facts_walk each;
	const struct domain *after;
};

static enum err visit_facts_after(void *context, struct bytes key, struct bytes value)
{
	const struct facts_part *part = context;
	struct domain domain;
	struct facts facts;
	bool readable;

	enum err err = domain_of_key(key, 0, &domain);
	if (err != ERR_OK)
		return err;
	if (part->after != NULL && domain_equal(&domain, part->after))
		return ERR_OK;
	readable = facts_decode(value, &facts) == ERR_OK;
	return part->each.visit(part->each.context, &domain, readable ? &facts : NULL);
}

enum err cache_each_facts_after(struct cache_txn *txn, const struct domain *after,
				enum err (*visit)(void *context, const struct domain *domain,
						  const struct facts *facts),
				void *context)
{
	struct facts_part part = {{txn, visit, context}, after};
	struct bytes from = after != NULL ? (struct bytes){after->name, after->length} : from_start();

	return walk(txn, STORE_FACTS, from, visit_facts_after, &part);
}

struct domain_walk {
	enum err (*visit)(void *context, const struct domain *domain);
	void *context;
};

static enum err visit_domain(void *context, struct bytes key, struct bytes value)
{
	const struct domain_walk *each = context;
	struct domain domain;

	(void)value;
	enum err err = domain_of_key(key, 0, &domain);
	return err == ERR_OK ? each->visit(each->context, &domain) : err;
}

enum err cache_each_domain(struct cache_txn *txn,
			   enum err (*visit)(void *context, const struct domain *domain),
			   void *context)
{
	struct domain_walk each = {visit, context};

	return walk(txn, STORE_FACTS, from_start(), visit_domain, &each);
}

struct due_walk {
	enum err (*visit)(void *context, const struct domain *domain, int64_t due_at);
	void *context;
	int64_t until;
};

static enum err visit_due(void *context, struct bytes key, struct bytes value)
{
	const struct due_walk *each = context;
	struct wire_reader reader = wire_reader_init(key);
	struct domain domain;

	(void)value;
	int64_t due_at = wire_read_time_sorted(&reader);
	enum err err = domain_of_key(key, 4, &domain);
	if (err != ERR_OK)
		return err;
	if (due_at > each->until)
		return ERR_NOT_FOUND;
	return each->visit(each->context, &domain, due_at);
}

enum err cache_each_due(struct cache_txn *txn, int64_t until,
			enum err (*visit)(void *context, const struct domain *domain,
					  int64_t due_at),
			void *context)
{
	struct due_walk each = {visit, context, until};

	return walk(txn, STORE_DUE, from_start(), visit_due, &each);
}

struct history_walk {
	const struct cache_txn *txn;
	enum err (*visit)(void *context, const struct domain *of, const struct history_event *event);
	void *context;
	struct bytes prefix;
};

static enum err visit_history(void *context, struct bytes key, struct bytes value)
{
	const struct history_walk *each = context;
	struct domain domain;
	struct history_event event;

	if (each->prefix.length > 0 &&
	    (key.length < each->prefix.length ||
	     memcmp(key.data, each->prefix.data, each->prefix.length) != 0))
		return ERR_NOT_FOUND;
	enum err err = history_decode(key, value, &domain, &event);
	if (err != ERR_OK)
		return pass_over(each->txn, STORE_HISTORY, key, err);
	return each->visit(each->context, &domain, &event);
}

enum err cache_each_history(struct cache_txn *txn, const struct domain *domain,
			    enum err (*visit)(void *context, const struct domain *of,
					      const struct history_event *event),
			    void *context)
{
	struct history_walk each = {txn, visit, context, from_start()};

	/* The terminator is the zero byte that ends a domain in the key. */
	if (domain != NULL)
		each.prefix = (struct bytes){domain->name, (size_t)domain->length + 1};
	return walk(txn, STORE_HISTORY, each.prefix, visit_history, &each);
}

struct address_walk {
	const struct cache_txn *txn;
	enum err (*visit)(void *context, const struct address_hash *hash,
			  const struct address_facts *facts);
	void *context;
};

static enum err visit_address(void *context, struct bytes key, struct bytes value)
{
	const struct address_walk *each = context;
	struct address_hash hash;
	struct address_facts facts;

	enum err err = hash_of_key(key, 0, &hash);
	if (err == ERR_OK)
		err = addresses_decode(value, &facts);
	if (err != ERR_OK)
		return pass_over(each->txn, STORE_ADDRESSES, key, err);
	return each->visit(each->context, &hash, &facts);
}

enum err cache_each_address(struct cache_txn *txn,
			    enum err (*visit)(void *context, const struct address_hash *hash,
					      const struct address_facts *facts),
			    void *context)
{
	struct address_walk each = {txn, visit, context};

	return walk(txn, STORE_ADDRESSES, from_start(), visit_address, &each);
}

struct pin_walk {
	const struct cache_txn *txn;
	enum err (*visit)(void *context, const struct domain *domain,
			  const struct address_hash *hash, const struct pin *pin);
	void *context;
};

static enum err visit_pin(void *context, struct bytes key, struct bytes value)
{
	const struct pin_walk *each = context;
	struct domain domain;
	struct address_hash hash;
	struct pin pin;

	bool of_domain = key.length > 0 && *(const char *)key.data == 'd';
	enum err err = ERR_DAMAGED;
	if (of_domain)
		err = domain_of_key(key, 1, &domain);
	else if (key.length > 0 && *(const char *)key.data == 'a')
		err = hash_of_key(key, 1, &hash);
	if (err == ERR_OK)
		err = pins_decode(value, &pin);
	if (err != ERR_OK)
		return pass_over(each->txn, STORE_PINS, key, err);
	return each->visit(each->context, of_domain ? &domain : NULL, of_domain ? NULL : &hash,
			   &pin);
}

enum err cache_each_pin(struct cache_txn *txn,
			enum err (*visit)(void *context, const struct domain *domain,
					  const struct address_hash *hash, const struct pin *pin),
			void *context)
{
	struct pin_walk each = {txn, visit, context};

	return walk(txn, STORE_PINS, from_start(), visit_pin, &each);
}

struct parked_walk {
	const struct cache_txn *txn;
	enum err (*visit)(void *context, const struct domain *domain, const struct parked *parked);
	void *context;
};

static enum err visit_parked(void *context, struct bytes key, struct bytes value)
{
	const struct parked_walk *each = context;
	struct domain domain;
	struct parked parked;

	enum err err = domain_of_key(key, 0, &domain);
	if (err == ERR_OK)
		err = parked_decode(value, &parked);
	if (err != ERR_OK)
		return pass_over(each->txn, STORE_PARKED, key, err);
	return each->visit(each->context, &domain, &parked);
}

enum err cache_each_parked(struct cache_txn *txn,
			   enum err (*visit)(void *context, const struct domain *domain,
					     const struct parked *parked),
			   void *context)
{
	struct parked_walk each = {txn, visit, context};

	return walk(txn, STORE_PARKED, from_start(), visit_parked, &each);
}

struct outbox_walk {
	const struct cache_txn *txn;
	enum err (*visit)(void *context, const struct outbox_entry *entry);
	void *context;
};

static enum err visit_outbox(void *context, struct bytes key, struct bytes value)
{
	const struct outbox_walk *each = context;
	struct outbox_entry entry = {.waiting = 0};

	enum err err = outbox_decode(key, value, &entry);
	if (err_is_damage(err) && key.length == OUTBOX_KEY_SIZE) {
		struct wire_reader reader = wire_reader_init(key);
		entry.event.sequence = wire_read_u32_sorted(&reader);
		err = ERR_OK;
	}
	if (err != ERR_OK)
		return pass_over(each->txn, STORE_OUTBOX, key, err);
	return each->visit(each->context, &entry);
}

enum err cache_each_outbox(struct cache_txn *txn,
			   enum err (*visit)(void *context, const struct outbox_entry *entry),
			   void *context)
{
	struct outbox_walk each = {txn, visit, context};

	return walk(txn, STORE_OUTBOX, from_start(), visit_outbox, &each);
}
