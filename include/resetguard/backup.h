/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backup: the file that a backup is: entries of named databases, and a digest over
 * all of it.
 *
 * The line "resetguard backup 1", then blocks, little-endian:
 *
 *    0  length   4    of the payload, at most BACKUP_BLOCK_MAX
 *    4  digest   32   BLAKE2b-256 of the payload and of all before it
 *   36  payload       items, none of which is cut by the block's end:
 *
 *    made       'M'  made_at 4, key 32    the first item
 *    database   'D'  length 1, name       the entries that follow are its own
 *    entry      'E'  key length 2, key, value length 4, value
 *    end        'Z'  entries 8            the last item; then the file ends
 *
 * So a file that was cut, changed or put together wrongly is known for that before
 * the end is reached, and one that was read to its end is whole.
 */
#ifndef RESETGUARD_BACKUP_H
#define RESETGUARD_BACKUP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "resetguard/addresses.h"
#include "resetguard/err.h"
#include "resetguard/wire.h"

enum { BACKUP_BLOCK_MAX = 64 * 1024, BACKUP_NAME_MAX = 31 };

struct backup_writer;
struct backup_reader;

struct backup_made {
	int64_t at;
	struct addresses_key key; /* secret: of the address hashes */
};

struct backup_entry {
	char database[BACKUP_NAME_MAX + 1];
	struct bytes key; /* until the next call */
	struct bytes value;
};

/* The stream stays the caller's. ERR_NO_MEMORY. */
MUST_CHECK enum err backup_writer_new(FILE *stream, const struct backup_made *made,
				      struct backup_writer **writer);
/* ERR_IO, ERR_FULL; ERR_TOO_LONG: an entry that no block can hold. */
MUST_CHECK enum err backup_write_database(struct backup_writer *writer, const char *name);
MUST_CHECK enum err backup_write_entry(struct backup_writer *writer, struct bytes key,
				       struct bytes value);
/* Nothing is whole without it. Flushes the stream; frees the writer. */
MUST_CHECK enum err backup_writer_end(struct backup_writer *writer);
void backup_writer_free(struct backup_writer *writer);

/* Reads from where the stream stands, which stays the caller's. ERR_DATA: it is no
 * backup; ERR_VERSION: one of another format. why does not name the file. */
MUST_CHECK enum err backup_reader_new(FILE *stream, struct backup_reader **reader,
				      struct backup_made *made, struct why *why);
/* ERR_NOT_FOUND: that was all, and the file is whole. ERR_DATA: it is not. */
MUST_CHECK enum err backup_read_entry(struct backup_reader *reader, struct backup_entry *entry,
				      struct why *why);
void backup_reader_free(struct backup_reader *reader);

/* Whether a file that begins so is a backup, of whatever format. */
bool backup_begins(struct bytes start);
enum { BACKUP_BEGIN_MAX = 20 };

#endif
