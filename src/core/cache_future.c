/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_future: mending what was written while the clock ran ahead. */
#include <string.h>

#include "cache_txn.h"
#include "resetguard/cache.h"
#include "resetguard/facts.h"
#include "resetguard/store.h"
#include "resetguard/time.h"

struct mending {
	struct cache_txn *txn;
	int64_t now;
	struct cache_future done;
};

/* Replacing a value by one of the same length leaves the walk's cursor where it is. */
static enum err mend_facts(void *context, const struct domain *domain, const struct facts *facts)
{
	struct mending *mending = context;
	struct facts mended = *facts;
	bool unverified;

	if (!facts_forget_future(&mended, mending->now, &unverified))
		return ERR_OK;
	mending->done.domains++;
	mending->done.unverified += unverified;
	return cache_put_facts(mending->txn, domain, facts, &mended);
}

static enum err mend_address(void *context, const struct address_hash *hash,
			     const struct address_facts *facts)
{
	struct mending *mending = context;
	struct address_facts mended = *facts;

	/* It counted for nothing as yet. */
	if (mended.verified_at > mending->now)
		mended.verified_at = 0;
	if (mended.unverified_at > mending->now)
		mended.unverified_at = mending->now;
	if (mended.verified_at == facts->verified_at &&
	    mended.unverified_at == facts->unverified_at)
		return ERR_OK;
	mending->done.addresses++;
	return cache_put_address(mending->txn, hash, &mended);
}

/* Whether the domain changed after an accept pin was set can no longer be told. */
static enum err mend_pin(void *context, const struct domain *domain,
			 const struct address_hash *hash, const struct pin *pin)
{
	struct mending *mending = context;
	struct pin mended = *pin;

	if (pin->set_at <= mending->now)
		return ERR_OK;
	mended.set_at = mending->now;
	if (pin->verdict == PIN_ACCEPT)
		mended.until = mending->now;
	mending->done.pins++;
	return cache_put_pin(mending->txn, domain, hash, &mended);
}

/* Its limit is learned anew; a rest is a day long at most. */
static enum err mend_host(struct mending *mending, struct bytes key, struct bytes value)
{
	unsigned char record[HOST_RECORD_SIZE];
	char name[DOMAIN_MAX + 1];
	struct host_record host;

	if (key.length > DOMAIN_MAX ||
	    (host_record_decode(value, &host) == ERR_OK &&
	     host.rests_until <= mending->now + TIME_DAY &&
	     host.counts.hour <= mending->now / TIME_HOUR))
		return ERR_OK;
	memcpy(name, key.data, key.length);
	host_record_encode(&(struct host_record){0}, record);
	mending->done.hosts++;
	return store_put(mending->txn->store, STORE_HOSTS, (struct bytes){name, key.length},
			 (struct bytes){record, sizeof record});
}

static enum err mend_hosts(struct mending *mending)
{
	struct store_cursor *cursor;
	struct bytes key;
	struct bytes value;

	enum err err = store_cursor_open(mending->txn->store, STORE_HOSTS, &cursor);
	if (err != ERR_OK)
		return err;
	err = store_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value);
	while (err == ERR_OK) {
		err = mend_host(mending, key, value);
		if (err == ERR_OK)
			err = store_cursor_next(cursor, &key, &value);
	}
	store_cursor_close(cursor);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A pause is never as long as that: what waits is told again at once. */
static bool is_no_pause(const struct mending *mending, int64_t until)
{
	return until > mending->now + TIME_DAY;
}

static enum err mend_change(void *context, const struct outbox_entry *entry)
{
	struct mending *mending = context;
	struct outbox_entry mended = *entry;
	bool changed = false;

	for (unsigned i = 0; i < OUTBOX_TAKER_COUNT; i++) {
		if (is_no_pause(mending, mended.tries[i].next_at)) {
			mended.tries[i].next_at = 0;
			changed = true;
		}
	}
	if (!changed)
		return ERR_OK;
	mending->done.changes++;
	return cache_put_outbox(mending->txn, &mended);
}

static enum err mend_takers(struct mending *mending)
{
	for (unsigned i = 0; i < OUTBOX_TAKER_COUNT; i++) {
		struct outbox_taker_state state;
		enum err err = cache_get_taker(mending->txn, (enum outbox_taker)i, &state);

		if (err == ERR_OK && is_no_pause(mending, state.rest_until)) {
			state = (struct outbox_taker_state){0};
			err = cache_put_taker(mending->txn, (enum outbox_taker)i, &state);
		}
		if (err != ERR_OK && err != ERR_NOT_FOUND && !err_is_damage(err))
			return err;
	}
	return ERR_OK;
}

enum err cache_forget_future(struct cache *cache, int64_t now, struct cache_future *forgotten,
			     struct why *why)
{
	struct mending mending = {.now = now};

	enum err err = cache_write_begin_at(cache, now, true, &mending.txn, why);
	if (err != ERR_OK)
		return err;
	mending.done.committed_at = cache_committed_at(mending.txn);
	mending.txn->written = true; /* the time of the commit, if nothing else */
	err = cache_each_facts(mending.txn, mend_facts, &mending);
	if (err == ERR_OK)
		err = cache_each_address(mending.txn, mend_address, &mending);
	if (err == ERR_OK)
		err = cache_each_pin(mending.txn, mend_pin, &mending);
	if (err == ERR_OK)
		err = mend_hosts(&mending);
	if (err == ERR_OK)
		err = cache_each_outbox(mending.txn, mend_change, &mending);
	if (err == ERR_OK)
		err = mend_takers(&mending);
	if (err != ERR_OK) {
		cache_write_abort(mending.txn);
		return err_why(err, why, "what the clock has left: %s", err_text(err));
	}
	err = cache_write_commit(mending.txn, why);
	if (err == ERR_OK)
		*forgotten = mending.done;
	return err;
}
