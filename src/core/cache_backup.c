/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_backup: the whole cache, with its key, into a backup's file and back. */
#include "resetguard/cache_backup.h"

#include <errno.h>
#include <string.h>

#include "cache_layout.h"
#include "cache_txn.h"
#include "resetguard/backup.h"

/* ---- writing ---- */

static enum err write_entries(struct backup_writer *writer, struct store_txn *txn,
			      enum store_db db, uint64_t *entries)
{
	struct store_cursor *cursor;
	struct bytes key;
	struct bytes value;

	enum err err = store_cursor_open(txn, db, &cursor);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	err = store_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value);
	while (err == ERR_OK) {
		err = backup_write_entry(writer, key, value);
		++*entries;
		if (err == ERR_OK)
			err = store_cursor_next(cursor, &key, &value);
	}
	store_cursor_close(cursor);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err cache_backup_write(struct cache_txn *txn, int64_t now, FILE *stream,
			    struct cache_backup *backup, struct why *why)
{
	const struct backup_made made = {.at = now, .key = txn->key->key};
	struct cache_backup written = {.made_at = now};
	struct backup_writer *writer;

	enum err err = backup_writer_new(stream, &made, &writer);
	if (err != ERR_OK)
		return err_why(err, why, "the backup cannot be written: %s", err_text(err));
	for (unsigned i = 0; err == ERR_OK && i < STORE_DB_COUNT; i++) {
		enum store_db db = (enum store_db)i;

		err = backup_write_database(writer, store_db_name(db));
		if (err == ERR_OK)
			err = write_entries(writer, txn->store, db, &written.entries[db]);
	}
	if (err == ERR_OK)
		err = backup_writer_end(writer);
	else
		backup_writer_free(writer);
	if (err != ERR_OK)
		return err_why(err, why, "the backup cannot be written: %s", err_text(err));
	*backup = written;
	return ERR_OK;
}

/* ---- reading ---- */

/* A backup that is being read. */
struct reading {
	struct backup_reader *reader;
	struct addresses_fingerprint fingerprint;
	struct addresses_key key;
	struct cache_meta meta;
	bool has_meta;
	struct cache_backup *backup;
};

static enum err find_db(const char *name, enum store_db *db, struct why *why)
{
	for (unsigned i = 0; i < STORE_DB_COUNT; i++) {
		if (strcmp(name, store_db_name((enum store_db)i)) == 0) {
			*db = (enum store_db)i;
			return ERR_OK;
		}
	}
	return err_why(ERR_VERSION, why,
		       "the backup has a database '%s' that this version of resetguard does not "
		       "know: restore it with the one that made it",
		       name);
}

static enum err decode_meta(struct reading *reading, const struct backup_entry *entry,
			    struct why *why)
{
	enum err err = cache_meta_decode(entry->value, &reading->meta);

	if (err == ERR_VERSION)
		return err_why(err, why,
			       "the backup is of a cache whose version this one does not know: "
			       "restore it with the version of resetguard that made it");
	if (err != ERR_OK || memcmp(&reading->meta.fingerprint, &reading->fingerprint,
				    sizeof reading->fingerprint) != 0)
		return err_why(ERR_DATA, why, "the backup's key and cache do not belong together");
	reading->has_meta = true;
	return ERR_OK;
}

static enum err decode(enum store_db db, const struct backup_entry *entry)
{
	struct facts facts;
	struct domain domain;
	struct history_event event;
	struct address_facts address;
	struct pin pin;
	struct parked parked;
	struct host_record host;
	struct outbox_entry waiting;
	struct outbox_taker_state taker;

	switch (db) {
	case STORE_FACTS:
		return facts_decode(entry->value, &facts);
	case STORE_HISTORY:
		return history_decode(entry->key, entry->value, &domain, &event);
	case STORE_ADDRESSES:
		return addresses_decode(entry->value, &address);
	case STORE_PINS:
		return pins_decode(entry->value, &pin);
	case STORE_PARKED:
		return parked_decode(entry->value, &parked);
	case STORE_HOSTS:
		return host_record_decode(entry->value, &host);
	case STORE_OUTBOX:
		return outbox_decode(entry->key, entry->value, &waiting);
	case STORE_META:
		return outbox_taker_decode(entry->value, &taker);
	case STORE_DUE:
		break;
	}
	return ERR_OK;
}

/* Beside the cache's own record there are the takers', each by its name. */
static bool is_cache_meta(enum store_db db, struct bytes key)
{
	struct bytes name = cache_meta_name();

	return db == STORE_META && key.length == name.length &&
	       memcmp(key.data, name.data, name.length) == 0;
}

/* One entry is taken: looked at, or stored. */
typedef enum err entry_taker(struct reading *reading, enum store_db db,
			     const struct backup_entry *entry, void *context, struct why *why);

static enum err look_at(struct reading *reading, enum store_db db,
			const struct backup_entry *entry, void *context, struct why *why)
{
	(void)context;
	reading->backup->entries[db]++;
	if (is_cache_meta(db, entry->key))
		return decode_meta(reading, entry, why);
	reading->backup->damaged += decode(db, entry) != ERR_OK;
	return ERR_OK;
}

static enum err read_all(FILE *stream, struct reading *reading, entry_taker *take, void *context,
			 struct why *why)
{
	struct backup_made made;
	struct backup_entry entry;
	enum store_db db = STORE_META;

	enum err err = backup_reader_new(stream, &reading->reader, &made, why);
	if (err != ERR_OK)
		return err;
	reading->key = made.key;
	reading->fingerprint = addresses_key_fingerprint(&made.key);
	reading->backup->made_at = made.at;
	for (;;) {
		err = backup_read_entry(reading->reader, &entry, why);
		if (err == ERR_OK)
			err = find_db(entry.database, &db, why);
		if (err == ERR_OK)
			err = take(reading, db, &entry, context, why);
		if (err != ERR_OK)
			break;
	}
	backup_reader_free(reading->reader);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err verify(FILE *stream, struct reading *reading, struct why *why)
{
	enum err err = read_all(stream, reading, look_at, NULL, why);

	if (err == ERR_OK && !reading->has_meta)
		err = err_why(ERR_DATA, why, "the backup has no meta record");
	reading->backup->committed_at = reading->meta.committed_at;
	return err;
}

enum err cache_backup_verify(FILE *stream, struct cache_backup *backup, struct why *why)
{
	struct cache_backup verified = {.made_at = 0};
	struct reading reading = {.backup = &verified};

	enum err err = verify(stream, &reading, why);
	if (err == ERR_OK)
		*backup = verified;
	explicit_bzero(&reading.key, sizeof reading.key);
	return err;
}

/* ---- loading ---- */

static enum err store_entry(struct reading *reading, enum store_db db,
			    const struct backup_entry *entry, void *context, struct why *why)
{
	struct bytes waiting;
	enum err err;

	(void)reading;
	if (db == STORE_META)
		return ERR_OK;
	if (db == STORE_OUTBOX && store_get(context, db, entry->key, &waiting) == ERR_OK)
		return ERR_OK;
	err = db == STORE_OUTBOX ? store_put(context, db, entry->key, entry->value)
				 : store_append(context, db, entry->key, entry->value);
	if (err == ERR_EXISTS)
		return err_why(ERR_DATA, why, "the backup's entries are not in order");
	return err;
}

/* What is there now, as far as it can be read. */
static void look_at_old(struct store_txn *txn, struct cache_meta *meta,
			struct cache_backup *replaced)
{
	struct bytes record;

	if (store_get(txn, STORE_META, cache_meta_name(), &record) == ERR_OK &&
	    cache_meta_decode(record, meta) == ERR_OK)
		replaced->committed_at = meta->committed_at;
	for (unsigned i = 0; i < STORE_DB_COUNT; i++) {
		if (store_count(txn, (enum store_db)i, &replaced->entries[i]) != ERR_OK)
			replaced->entries[i] = 0;
	}
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The number of a change is not given out twice. */
static enum err put_meta(struct store_txn *txn, const struct cache_meta *old,
			 const struct cache_meta *restored, int64_t now)
{
	unsigned char record[CACHE_META_SIZE];
	struct cache_meta meta = *restored;

	meta.committed_at = later(meta.committed_at, now);
	if (old->history_sequence > meta.history_sequence)
		meta.history_sequence = old->history_sequence;
	cache_meta_encode(&meta, record);
	return store_put(txn, STORE_META, cache_meta_name(),
			 (struct bytes){record, sizeof record});
}

static enum err stage_key(const char *cache_dir, const struct reading *reading, struct why *why)
{
	struct addresses_key key;
	bool is_staged;

	if (cache_layout_find_key(cache_dir, &reading->fingerprint, &key, &is_staged, NULL) ==
	    ERR_OK)
		return ERR_OK;
	return cache_layout_stage_key(cache_dir, &reading->key, why);
}

static enum err load(struct store_txn *txn, FILE *stream, const struct reading *verified,
		     int64_t now, struct cache_backup *replaced, struct why *why)
{
	struct cache_backup again = {.made_at = 0};
	struct reading reading = {.backup = &again};
	struct cache_meta old = {.committed_at = 0};
	enum err err = ERR_OK;

	look_at_old(txn, &old, replaced);
	/* What was seen is still to be told to the application, whatever is restored, and how
	 * its takers are doing is no matter of the backup's. */
	for (unsigned i = 0; err == ERR_OK && i < STORE_DB_COUNT; i++) {
		if (i != STORE_OUTBOX && i != STORE_META)
			err = store_clear(txn, (enum store_db)i);
	}
	if (err == ERR_OK)
		err = read_all(stream, &reading, store_entry, txn, why);
	if (err == ERR_OK)
		err = put_meta(txn, &old, &verified->meta, now);
	explicit_bzero(&reading.key, sizeof reading.key);
	return err;
}

static enum err restore_into(struct store *store, const char *cache_dir, FILE *stream,
			     const struct reading *reading, int64_t now,
			     struct cache_backup *replaced, struct why *why)
{
	struct store_txn *txn;

	enum err err = store_write_begin(store, &txn, why);
	if (err != ERR_OK)
		return err;
	err = stage_key(cache_dir, reading, why);
	if (err != ERR_OK) {
		store_write_abort(txn);
		return err;
	}
	err = load(txn, stream, reading, now, replaced, why);
	/* The databases were emptied first: nothing of a load that failed is committed. */
	err = err == ERR_OK ? store_write_commit(txn, why) : store_write_give_up(txn, err, why);
	if (err != ERR_OK)
		return err;
	/* A staged key that stays where it is serves, too: the next writer tries again. */
	(void)!cache_settle_key(store, cache_dir, NULL);
	return ERR_OK;
}

static enum err say_unusable(enum err err, const char *cache_dir, struct why *why)
{
	struct why cause = *why;

	if (!err_is_damage(err))
		return err;
	return err_why(err, why,
		       "%s/cache cannot be written (%.200s): move it away, 'mv %s/cache "
		       "%s/cache.damaged', and restore again",
		       cache_dir, cause.text, cache_dir, cache_dir);
}

enum err cache_restore(const struct cache_options *options, FILE *stream, int64_t now,
		       struct cache_backup *backup, struct cache_backup *replaced,
		       struct why *why)
{
	struct cache_backup verified = {.made_at = 0};
	struct cache_backup before = {.made_at = 0};
	struct reading reading = {.backup = &verified};
	struct store *store;

	enum err err = verify(stream, &reading, why);
	if (err == ERR_OK && fseeko(stream, 0, SEEK_SET) != 0)
		err = err_why_errno(errno, why, "the backup cannot be read twice");
	if (err != ERR_OK)
		goto out;
	err = cache_open_store(options, store_open_writer, &store, why);
	if (err != ERR_OK) {
		err = say_unusable(err, options->cache_dir, why);
		goto out;
	}
	err = restore_into(store, options->cache_dir, stream, &reading, now, &before, why);
	store_close(store);
	if (err == ERR_OK) {
		*backup = verified;
		*replaced = before;
	}
out:
	explicit_bzero(&reading.key, sizeof reading.key);
	return err;
}
