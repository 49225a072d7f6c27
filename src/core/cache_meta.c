/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_meta: the cache's one record in the meta database. */
#include "cache_layout.h"
#include "cache_txn.h"
#include "resetguard/cache_health.h"
#include "resetguard/wire.h"

enum { META_VERSION = 1 };

struct bytes cache_meta_name(void)
{
	static const char NAME[] = "cache";

	return (struct bytes){NAME, sizeof NAME - 1};
}

void cache_meta_encode(const struct cache_meta *meta, unsigned char record[CACHE_META_SIZE])
{
	struct wire_writer writer = wire_writer_init(record, CACHE_META_SIZE);

	wire_write_u8(&writer, META_VERSION);
	wire_write_bytes(&writer, meta->fingerprint.bytes, sizeof meta->fingerprint.bytes);
	wire_write_time(&writer, meta->committed_at);
	wire_write_u32(&writer, meta->history_sequence);
}

enum err cache_meta_decode(struct bytes record, struct cache_meta *meta)
{
	struct wire_reader reader = wire_reader_init(record);
	unsigned version = wire_read_u8(&reader);
	if (!reader.failed && version != META_VERSION)
		return ERR_VERSION;

	struct cache_meta read;
	wire_read_bytes(&reader, read.fingerprint.bytes, sizeof read.fingerprint.bytes);
	read.committed_at = wire_read_time(&reader);
	read.history_sequence = wire_read_u32(&reader);
	if (!wire_read_done(&reader))
		return ERR_DAMAGED;
	*meta = read;
	return ERR_OK;
}

enum err cache_last_commit(struct cache_txn *txn, int64_t *committed_at)
{
	struct cache_meta meta;
	struct bytes record;

	enum err err = store_get(txn->store, STORE_META, cache_meta_name(), &record);
	if (err == ERR_OK)
		err = cache_meta_decode(record, &meta);
	if (err == ERR_OK)
		*committed_at = meta.committed_at;
	return err;
}

enum err cache_settle_key(struct store *store, const char *cache_dir, struct why *why)
{
	struct addresses_key key;
	struct cache_meta meta;
	struct store_txn *txn;
	struct bytes record;
	bool is_staged;

	enum err err = store_write_begin(store, &txn, why);
	if (err != ERR_OK)
		return err;
	err = store_get(txn, STORE_META, cache_meta_name(), &record);
	if (err == ERR_OK)
		err = cache_meta_decode(record, &meta);
	if (err == ERR_OK)
		err = cache_layout_find_key(cache_dir, &meta.fingerprint, &key, &is_staged, why);
	if (err == ERR_OK && is_staged)
		err = cache_layout_take_staged_key(cache_dir, why);
	else if (err == ERR_OK)
		cache_layout_drop_staged_key(cache_dir);
	store_write_abort(txn);
	return err;
}
