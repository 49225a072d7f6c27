/* SPDX-License-Identifier: BSD-2-Clause */
/* backup: the file that a backup is. */
#include "resetguard/backup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char BEGINS[] = "resetguard backup ";
static const char FIRST_LINE[] = "resetguard backup 1\n";

_Static_assert(sizeof FIRST_LINE - 1 == BACKUP_BEGIN_MAX, "the whole line");

enum { BLOCK_HEAD = 4 + ADDRESSES_DIGEST_SIZE };

/* What is read and written in pieces: the block in hand, and the digest so far. */
struct block {
	FILE *stream;
	unsigned char digest[ADDRESSES_DIGEST_SIZE];
	size_t length;
	unsigned char payload[BACKUP_BLOCK_MAX];
};

/* ---- writing ---- */

struct backup_writer {
	struct block block;
	uint64_t entries;
};

static enum err write_bytes(FILE *stream, const void *data, size_t length)
{
	if (fwrite(data, 1, length, stream) != length)
		return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
	return ERR_OK;
}

static enum err flush_block(struct block *block)
{
	unsigned char length[4];
	struct wire_writer writer = wire_writer_init(length, sizeof length);

	if (block->length == 0)
		return ERR_OK;
	wire_write_u32(&writer, (uint32_t)block->length);
	addresses_digest((struct bytes){block->payload, block->length}, block->digest);
	enum err err = write_bytes(block->stream, length, sizeof length);
	if (err == ERR_OK)
		err = write_bytes(block->stream, block->digest, sizeof block->digest);
	if (err == ERR_OK)
		err = write_bytes(block->stream, block->payload, block->length);
	block->length = 0;
	return err;
}

/* Where an item of that size goes; *at has room for it. */
static enum err begin_item(struct block *block, size_t size, struct wire_writer *at)
{
	if (size > BACKUP_BLOCK_MAX)
		return ERR_TOO_LONG;
	if (size > BACKUP_BLOCK_MAX - block->length) {
		enum err err = flush_block(block);
		if (err != ERR_OK)
			return err;
	}
	*at = wire_writer_init(block->payload + block->length, size);
	block->length += size;
	return ERR_OK;
}

enum err backup_writer_new(FILE *stream, const struct backup_made *made,
			   struct backup_writer **writer)
{
	struct backup_writer *new = calloc(1, sizeof *new);
	struct wire_writer at;
	if (new == NULL)
		return ERR_NO_MEMORY;

	new->block.stream = stream;
	enum err err = write_bytes(stream, FIRST_LINE, sizeof FIRST_LINE - 1);
	if (err == ERR_OK)
		err = begin_item(&new->block, 1 + 4 + sizeof made->key.bytes, &at);
	if (err != ERR_OK) {
		free(new);
		return err;
	}
	wire_write_u8(&at, 'M');
	wire_write_time(&at, made->at);
	wire_write_bytes(&at, made->key.bytes, sizeof made->key.bytes);
	*writer = new;
	return ERR_OK;
}

enum err backup_write_database(struct backup_writer *writer, const char *name)
{
	size_t length = strlen(name);
	struct wire_writer at;

	if (length > BACKUP_NAME_MAX)
		return ERR_TOO_LONG;
	enum err err = begin_item(&writer->block, 2 + length, &at);
	if (err != ERR_OK)
		return err;
	wire_write_u8(&at, 'D');
	wire_write_text(&at, name, length);
	return ERR_OK;
}

enum err backup_write_entry(struct backup_writer *writer, struct bytes key, struct bytes value)
{
	struct wire_writer at;

	if (key.length > UINT16_MAX || value.length > BACKUP_BLOCK_MAX)
		return ERR_TOO_LONG;
	enum err err = begin_item(&writer->block, 1 + 2 + key.length + 4 + value.length, &at);
	if (err != ERR_OK)
		return err;
	wire_write_u8(&at, 'E');
	wire_write_u16(&at, (uint16_t)key.length);
	wire_write_bytes(&at, key.data, key.length);
	wire_write_u32(&at, (uint32_t)value.length);
	wire_write_bytes(&at, value.data, value.length);
	writer->entries++;
	return ERR_OK;
}

enum err backup_writer_end(struct backup_writer *writer)
{
	struct wire_writer at;

	enum err err = begin_item(&writer->block, 1 + 8, &at);
	if (err == ERR_OK) {
		wire_write_u8(&at, 'Z');
		wire_write_u64(&at, writer->entries);
		err = flush_block(&writer->block);
	}
	if (err == ERR_OK && fflush(writer->block.stream) != 0)
		err = err_from_errno(errno);
	backup_writer_free(writer);
	return err;
}

void backup_writer_free(struct backup_writer *writer)
{
	if (writer == NULL)
		return;
	explicit_bzero(writer, sizeof *writer);
	free(writer);
}

/* ---- reading ---- */

struct backup_reader {
	struct block block;
	struct wire_reader items; /* what is left of the block */
	uint64_t entries;
	uint64_t offset; /* of what comes after the block */
	char database[BACKUP_NAME_MAX + 1];
};

bool backup_begins(struct bytes start)
{
	return start.length >= sizeof BEGINS - 1 &&
	       memcmp(start.data, BEGINS, sizeof BEGINS - 1) == 0;
}

static enum err say_damaged(const struct backup_reader *reader, struct why *why)
{
	return err_why(ERR_DATA, why, "the backup is damaged before byte %llu",
		       (unsigned long long)reader->offset);
}

static enum err read_bytes(struct backup_reader *reader, void *data, size_t length,
			   struct why *why)
{
	FILE *stream = reader->block.stream;
	size_t read = fread(data, 1, length, stream);

	reader->offset += read;
	if (read == length)
		return ERR_OK;
	if (ferror(stream))
		return err_why_errno(errno, why, "it cannot be read");
	return err_why(ERR_DATA, why, "the backup is cut short at %llu bytes",
		       (unsigned long long)reader->offset);
}

static enum err read_block(struct backup_reader *reader, struct why *why)
{
	struct block *block = &reader->block;
	unsigned char bytes[BLOCK_HEAD];

	enum err err = read_bytes(reader, bytes, sizeof bytes, why);
	if (err != ERR_OK)
		return err;
	struct wire_reader head = wire_reader_init((struct bytes){bytes, sizeof bytes});
	block->length = wire_read_u32(&head);
	if (block->length == 0 || block->length > BACKUP_BLOCK_MAX)
		return say_damaged(reader, why);
	err = read_bytes(reader, block->payload, block->length, why);
	if (err != ERR_OK)
		return err;
	reader->items = wire_reader_init((struct bytes){block->payload, block->length});
	addresses_digest((struct bytes){block->payload, block->length}, block->digest);
	if (memcmp(block->digest, bytes + 4, sizeof block->digest) != 0)
		return say_damaged(reader, why);
	return ERR_OK;
}

static enum err read_line(struct backup_reader *reader, struct why *why)
{
	char line[sizeof FIRST_LINE];
	size_t length = fread(line, 1, sizeof FIRST_LINE - 1, reader->block.stream);

	if (ferror(reader->block.stream))
		return err_why_errno(errno, why, "it cannot be read");
	reader->offset = length;
	if (!backup_begins((struct bytes){line, length}))
		return err_why(ERR_DATA, why, "this is no backup of resetguard");
	if (length != sizeof FIRST_LINE - 1 || memcmp(line, FIRST_LINE, length) != 0)
		return err_why(ERR_VERSION, why,
			       "the backup was made by a version of resetguard that this one does "
			       "not know: restore it with that one");
	return ERR_OK;
}

enum err backup_reader_new(FILE *stream, struct backup_reader **reader, struct backup_made *made,
			   struct why *why)
{
	struct backup_reader *new = calloc(1, sizeof *new);
	struct backup_made read;
	if (new == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");

	new->block.stream = stream;
	enum err err = read_line(new, why);
	if (err == ERR_OK)
		err = read_block(new, why);
	if (err == ERR_OK && wire_read_u8(&new->items) != 'M')
		err = say_damaged(new, why);
	if (err != ERR_OK) {
		backup_reader_free(new);
		return err;
	}
	read.at = wire_read_time(&new->items);
	wire_read_bytes(&new->items, read.key.bytes, sizeof read.key.bytes);
	if (new->items.failed) {
		err = say_damaged(new, why);
		backup_reader_free(new);
		return err;
	}
	*made = read;
	*reader = new;
	return ERR_OK;
}

static enum err read_end(struct backup_reader *reader, struct why *why)
{
	uint64_t entries = wire_read_u64(&reader->items);
	unsigned char more;

	if (!wire_read_done(&reader->items) || entries != reader->entries)
		return say_damaged(reader, why);
	if (fread(&more, 1, 1, reader->block.stream) == 1)
		return err_why(ERR_DATA, why, "something follows the backup's end at byte %llu",
			       (unsigned long long)reader->offset);
	return ERR_NOT_FOUND;
}

static void take_entry(struct backup_reader *reader, struct backup_entry *entry)
{
	entry->key.length = wire_read_u16(&reader->items);
	entry->key.data = wire_read(&reader->items, entry->key.length);
	entry->value.length = wire_read_u32(&reader->items);
	entry->value.data = wire_read(&reader->items, entry->value.length);
	memcpy(entry->database, reader->database, sizeof entry->database);
	reader->entries++;
}

enum err backup_read_entry(struct backup_reader *reader, struct backup_entry *entry,
			   struct why *why)
{
	for (;;) {
		struct backup_entry taken;
		if (wire_read_done(&reader->items)) {
			enum err err = read_block(reader, why);
			if (err != ERR_OK)
				return err;
		}
		uint8_t item = wire_read_u8(&reader->items);
		if (item == 'Z')
			return read_end(reader, why);
		if (item == 'D')
			wire_read_text(&reader->items, reader->database, BACKUP_NAME_MAX);
		else if (item == 'E')
			take_entry(reader, &taken);
		else
			reader->items.failed = true;
		if (reader->items.failed)
			return say_damaged(reader, why);
		if (item == 'E') {
			*entry = taken;
			return ERR_OK;
		}
	}
}

void backup_reader_free(struct backup_reader *reader)
{
	if (reader == NULL)
		return;
	explicit_bzero(reader, sizeof *reader);
	free(reader);
}
