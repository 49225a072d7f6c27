/* SPDX-License-Identifier: BSD-2-Clause */
/* wire: records and keys as bytes; numbers are little-endian. */
#include "resetguard/wire.h"

#include <string.h>

#include "resetguard/time.h"

struct wire_writer wire_writer_init(void *buffer, size_t size)
{
	unsigned char *at = buffer;

	return (struct wire_writer){.at = at, .end = at + size};
}

/* The next length bytes, or NULL after the first that did not fit. */
static unsigned char *writer_take(struct wire_writer *writer, size_t length)
{
	if (writer->failed || (size_t)(writer->end - writer->at) < length) {
		writer->failed = true;
		return NULL;
	}
	unsigned char *taken = writer->at;
	writer->at += length;
	return taken;
}

static void write_number(struct wire_writer *writer, uint64_t value, size_t length)
{
	unsigned char *at = writer_take(writer, length);

	if (at == NULL)
		return;
	for (size_t i = 0; i < length; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

void wire_write_u8(struct wire_writer *writer, uint8_t value)
{
	write_number(writer, value, sizeof value);
}

void wire_write_u16(struct wire_writer *writer, uint16_t value)
{
	write_number(writer, value, sizeof value);
}

void wire_write_u32(struct wire_writer *writer, uint32_t value)
{
	write_number(writer, value, sizeof value);
}

void wire_write_u64(struct wire_writer *writer, uint64_t value)
{
	write_number(writer, value, sizeof value);
}

void wire_write_u32_sorted(struct wire_writer *writer, uint32_t value)
{
	for (unsigned shift = 32; shift > 0; shift -= 8)
		wire_write_u8(writer, (uint8_t)(value >> (shift - 8)));
}

void wire_write_bytes(struct wire_writer *writer, const void *data, size_t length)
{
	unsigned char *at = writer_take(writer, length);

	if (at != NULL && length > 0)
		memcpy(at, data, length);
}

static uint32_t seconds_of(int64_t moment)
{
	if (moment < 0)
		return 0;
	return moment > TIME_MAX ? (uint32_t)TIME_MAX : (uint32_t)moment;
}

void wire_write_time(struct wire_writer *writer, int64_t moment)
{
	wire_write_u32(writer, seconds_of(moment));
}

void wire_write_time_sorted(struct wire_writer *writer, int64_t moment)
{
	wire_write_u32_sorted(writer, seconds_of(moment));
}

void wire_write_text(struct wire_writer *writer, const char *text, size_t length)
{
	if (length > UINT8_MAX)
		writer->failed = true;
	wire_write_u8(writer, (uint8_t)length);
	wire_write_bytes(writer, text, length);
}

uint32_t wire_read_u32_sorted(struct wire_reader *reader)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < sizeof value; i++)
		value = value << 8 | wire_read_u8(reader);
	return value;
}

void wire_read_bytes(struct wire_reader *reader, void *data, size_t length)
{
	const unsigned char *at = wire_read(reader, length);

	if (at != NULL && length > 0)
		memcpy(data, at, length);
}

void wire_read_text(struct wire_reader *reader, char *text, size_t max)
{
	size_t length = wire_read_u8(reader);
	const unsigned char *at = wire_read(reader, length);

	if (at == NULL)
		return;
	if (length > max || memchr(at, 0, length) != NULL) {
		reader->failed = true;
		return;
	}
	memcpy(text, at, length);
	text[length] = '\0';
}

int64_t wire_read_time_sorted(struct wire_reader *reader)
{
	return wire_read_u32_sorted(reader);
}
