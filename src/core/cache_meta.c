/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_meta: the cache's one record in the meta database. */
#include "cache_txn.h"
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
