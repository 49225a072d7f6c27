/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_outbox: the changes that the application has not taken yet. */
#include <inttypes.h>
#include <string.h>

#include "cache_txn.h"
#include "resetguard/cache.h"
#include "resetguard/log.h"
#include "resetguard/store.h"
#include "resetguard/wire.h"

static struct bytes sequence_bytes(uint32_t sequence, unsigned char key[OUTBOX_KEY_SIZE])
{
	outbox_key(sequence, key);
	return (struct bytes){key, OUTBOX_KEY_SIZE};
}

/* A taker's record lies in meta, by the name of its key in the configuration. */
static struct bytes taker_bytes(enum outbox_taker taker)
{
	const char *name = outbox_taker_text(taker);

	return (struct bytes){name, strlen(name)};
}

/* ---- putting in ---- */

static enum err drop_oldest(struct cache_txn *txn)
{
	unsigned char oldest[OUTBOX_KEY_SIZE];
	struct store_cursor *cursor;
	struct bytes key;
	struct bytes value;
	enum err err = store_cursor_open(txn->store, STORE_OUTBOX, &cursor);

	if (err != ERR_OK)
		return err;
	err = store_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value);
	if (err == ERR_OK && key.length != sizeof oldest)
		err = ERR_DAMAGED;
	if (err == ERR_OK)
		memcpy(oldest, key.data, sizeof oldest);
	store_cursor_close(cursor);
	if (err != ERR_OK)
		return err;
	txn->outbox_dropped++;
	return store_delete(txn->store, STORE_OUTBOX, (struct bytes){oldest, sizeof oldest});
}

/* A first look is told only beside what is on file. */
static enum err is_told(struct cache_txn *txn, const struct domain *domain,
			const struct history_event *event, bool *told)
{
	struct facts facts = {.first_seen_at = 0};
	enum err err = ERR_OK;

	if (event->state_before == STATE_UNKNOWN)
		err = cache_get_facts(txn, domain, &facts);
	if (err == ERR_OK)
		*told = outbox_is_told(event, facts.first_seen_at);
	return err;
}

enum err cache_add_change(struct cache_txn *txn, const struct domain *domain,
			  struct history_event *event)
{
	struct outbox_entry entry;
	uint64_t entries;
	bool told;
	uint32_t last = txn->meta.history_sequence;
	enum err err = cache_add_history(txn, domain, event);

	/* One that was on file already has been told. */
	if (err != ERR_OK || txn->takers == 0 || event->sequence <= last)
		return err;
	err = is_told(txn, domain, event, &told);
	if (err != ERR_OK || !told)
		return err;
	err = store_count(txn->store, STORE_OUTBOX, &entries);
	if (err == ERR_OK && entries >= OUTBOX_MAX)
		err = drop_oldest(txn);
	if (err != ERR_OK)
		return err;
	memset(&entry, 0, sizeof entry);
	entry.waiting = txn->takers;
	entry.domain = *domain;
	entry.event = *event;
	return cache_put_outbox(txn, &entry);
}

enum err cache_put_outbox(struct cache_txn *txn, const struct outbox_entry *entry)
{
	unsigned char key[OUTBOX_KEY_SIZE];
	unsigned char record[OUTBOX_RECORD_MAX];
	size_t length = outbox_encode(entry, record);

	txn->written = true;
	return store_put(txn->store, STORE_OUTBOX, sequence_bytes(entry->event.sequence, key),
			 (struct bytes){record, length});
}

/* ---- taking out ---- */

enum err cache_get_outbox(struct cache_txn *txn, uint32_t sequence, struct outbox_entry *entry)
{
	unsigned char key[OUTBOX_KEY_SIZE];
	struct bytes record;
	enum err err = store_get(txn->store, STORE_OUTBOX, sequence_bytes(sequence, key), &record);

	return err == ERR_OK ? outbox_decode((struct bytes){key, sizeof key}, record, entry) : err;
}

/* Completes the entry of whose event the sequence is known. */
static enum err find_sequence(void *context, const struct domain *domain,
			      const struct history_event *event)
{
	struct outbox_entry *entry = context;

	if (event->sequence != entry->event.sequence)
		return ERR_OK;
	entry->domain = *domain;
	entry->event = *event;
	return ERR_NOT_FOUND;
}

enum err cache_take_outbox(struct cache_txn *txn, uint32_t sequence, struct outbox_entry *entry)
{
	enum err err = cache_get_outbox(txn, sequence, entry);
	if (!err_is_damage(err))
		return err;

	struct outbox_entry anew = {.waiting = txn->takers, .event.sequence = sequence};
	err = cache_each_history(txn, NULL, find_sequence, &anew);
	if (err != ERR_OK)
		return err;
	if (anew.domain.length == 0 || txn->takers == 0) {
		log_line(LOG_LEVEL_ERROR,
			 "change %" PRIu32 " that waited in the outbox was damaged, and cannot be "
			 "made anew from the history: it is not told",
			 sequence);
		err = cache_delete_outbox(txn, sequence);
		return err == ERR_OK ? ERR_NOT_FOUND : err;
	}
	log_line(LOG_LEVEL_WARNING,
		 "change %" PRIu32 " of %s that waited in the outbox was damaged: it is made anew "
		 "from the history",
		 sequence, anew.domain.name);
	err = cache_put_outbox(txn, &anew);
	if (err == ERR_OK)
		*entry = anew;
	return err;
}

enum err cache_delete_outbox(struct cache_txn *txn, uint32_t sequence)
{
	unsigned char key[OUTBOX_KEY_SIZE];

	txn->written = true;
	return store_delete(txn->store, STORE_OUTBOX, sequence_bytes(sequence, key));
}

enum err cache_count_outbox(struct cache_txn *txn, uint64_t *changes)
{
	return store_count(txn->store, STORE_OUTBOX, changes);
}

/* ---- the takers ---- */

enum err cache_get_taker(struct cache_txn *txn, enum outbox_taker taker,
			 struct outbox_taker_state *state)
{
	struct bytes record;
	enum err err = store_get(txn->store, STORE_META, taker_bytes(taker), &record);

	return err == ERR_OK ? outbox_taker_decode(record, state) : err;
}

enum err cache_put_taker(struct cache_txn *txn, enum outbox_taker taker,
			 const struct outbox_taker_state *state)
{
	unsigned char record[OUTBOX_TAKER_RECORD_SIZE];

	outbox_taker_encode(state, record);
	txn->written = true;
	return store_put(txn->store, STORE_META, taker_bytes(taker),
			 (struct bytes){record, sizeof record});
}
