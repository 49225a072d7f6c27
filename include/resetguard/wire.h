/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: records and keys as bytes; numbers are little-endian.
 *
 * A reader or writer remembers its first failure, so that a codec is a straight
 * list of reads or writes and one check at the end.
 */
#ifndef RESETGUARD_WIRE_H
#define RESETGUARD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to somebody else. */
struct bytes {
	const void *data;
	size_t length;
};

struct wire_writer {
	unsigned char *at;
	unsigned char *end;
	bool failed;
};

struct wire_reader {
	const unsigned char *at;
	const unsigned char *end;
	bool failed;
};

struct wire_writer wire_writer_init(void *buffer, size_t size);
void wire_write_u8(struct wire_writer *writer, uint8_t value);
void wire_write_u16(struct wire_writer *writer, uint16_t value);
void wire_write_u32(struct wire_writer *writer, uint32_t value);
void wire_write_u64(struct wire_writer *writer, uint64_t value);
/* Big-endian: for keys, which sort as bytes. */
void wire_write_u32_sorted(struct wire_writer *writer, uint32_t value);
void wire_write_bytes(struct wire_writer *writer, const void *data, size_t length);
/* A moment (Unix seconds): below 0 is written as 0, beyond TIME_MAX as TIME_MAX. */
void wire_write_time(struct wire_writer *writer, int64_t moment);
void wire_write_time_sorted(struct wire_writer *writer, int64_t moment);
/* A text of at most 255 bytes: its length (1), then its bytes. */
void wire_write_text(struct wire_writer *writer, const char *text, size_t length);

/* Inline, like the reading of numbers: every look-up reads a record. */
static inline struct wire_reader wire_reader_init(struct bytes record)
{
	const unsigned char *at = record.data;

	return (struct wire_reader){.at = at, .end = record.length == 0 ? at : at + record.length};
}

/* The next length bytes, or NULL after the first that was missing. */
static inline const unsigned char *wire_read(struct wire_reader *reader, size_t length)
{
	if (reader->failed || (size_t)(reader->end - reader->at) < length) {
		reader->failed = true;
		return NULL;
	}
	const unsigned char *taken = reader->at;
	reader->at += length;
	return taken;
}

static inline uint8_t wire_read_u8(struct wire_reader *reader)
{
	const unsigned char *at = wire_read(reader, 1);

	return at == NULL ? 0 : at[0];
}

static inline uint16_t wire_read_u16(struct wire_reader *reader)
{
	const unsigned char *at = wire_read(reader, 2);
	unsigned value = at == NULL ? 0u : (unsigned)at[0] | (unsigned)at[1] << 8;

	return (uint16_t)value;
}

/* Compilers make one load of this. */
static inline uint32_t wire_read_u32(struct wire_reader *reader)
{
	const unsigned char *at = wire_read(reader, 4);

	return at == NULL ? 0
			  : (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
				    (uint32_t)at[3] << 24;
}

static inline uint64_t wire_read_u64(struct wire_reader *reader)
{
	uint64_t low = wire_read_u32(reader);
	uint64_t high = wire_read_u32(reader);

	return reader->failed ? 0 : low | high << 32;
}

uint32_t wire_read_u32_sorted(struct wire_reader *reader);
void wire_read_bytes(struct wire_reader *reader, void *data, size_t length);
static inline int64_t wire_read_time(struct wire_reader *reader)
{
	return wire_read_u32(reader);
}
int64_t wire_read_time_sorted(struct wire_reader *reader);
/* Into text, which has room for max bytes and the terminator. A text that is
 * longer or has a zero byte in it is a failure. */
void wire_read_text(struct wire_reader *reader, char *text, size_t max);
/* True if nothing failed and nothing is left. */
static inline bool wire_read_done(const struct wire_reader *reader)
{
	return !reader->failed && reader->at == reader->end;
}

#endif
