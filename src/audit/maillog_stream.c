/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maillog_stream: the bytes of a log, whatever it is compressed with.
 *
 * The first bytes decide: gzip's, zstd's, or none's. Plain files are read as they
 * are, without a copy. Compressed ones go through one buffer of what was read.
 */
#include "maillog_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum {
	PACKED_SIZE = 64 << 10,
	FIRST_SIZE = 4096, /* many files are opened before the first is read */
	GZIP_WINDOW = 15 + 16, /* zlib's way to ask for gzip's format */
};

enum kind { PLAIN, GZIP, ZSTD };

struct maillog_stream {
	const char *name;
	int fd;
	enum kind kind;
	bool ended;	   /* nothing more can be read from fd, for now */
	bool within;	   /* a compressed member has begun and not ended */
	size_t used;	   /* of packed: bytes read */
	size_t given;	   /* of packed: bytes done with */
	z_stream inflater;
#ifdef HAVE_ZSTD
	ZSTD_DStream *unzstd;
#endif
	unsigned char packed[PACKED_SIZE];
};

static enum err read_packed(struct maillog_stream *stream, size_t most, struct why *why)
{
	ssize_t got;

	if (stream->given > 0) {
		memmove(stream->packed, stream->packed + stream->given,
			stream->used - stream->given);
		stream->used -= stream->given;
		stream->given = 0;
	}
	do
		got = read(stream->fd, stream->packed + stream->used, most - stream->used);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_why_errno(errno, why, "%s", stream->name);
	stream->ended = got == 0;
	stream->used += (size_t)got;
	return ERR_OK;
}

static bool begins(const struct maillog_stream *stream, const char *magic, size_t length)
{
	return stream->used >= length && memcmp(stream->packed, magic, length) == 0;
}

/* Pipes may give less than a magic number at a time. */
static enum err recognise(struct maillog_stream *stream, struct why *why)
{
	enum err err = ERR_OK;

	while (err == ERR_OK && stream->used < 4 && !stream->ended)
		err = read_packed(stream, FIRST_SIZE, why);
	if (err != ERR_OK)
		return err;
	if (begins(stream, "\x1f\x8b", 2)) {
		stream->kind = GZIP;
		if (inflateInit2(&stream->inflater, GZIP_WINDOW) != Z_OK)
			return ERR_NO_MEMORY;
	} else if (begins(stream, "\x28\xb5\x2f\xfd", 4)) {
#ifdef HAVE_ZSTD
		stream->kind = ZSTD;
		stream->unzstd = ZSTD_createDStream();
		if (stream->unzstd == NULL)
			return ERR_NO_MEMORY;
#else
		return err_why(ERR_DATA, why,
			       "%s is compressed with zstd, which is not built in; zstd -dc it into "
			       "standard input",
			       stream->name);
#endif
	}
	return ERR_OK;
}

enum err maillog_stream_open(int fd, const char *name, struct maillog_stream **stream,
			     struct why *why)
{
	struct maillog_stream *made = calloc(1, sizeof *made);
	enum err err;

	if (made == NULL) {
		close(fd);
		return ERR_NO_MEMORY;
	}
	made->fd = fd;
	made->name = name;
	err = recognise(made, why);
	if (err != ERR_OK) {
		maillog_stream_close(made);
		return err;
	}
	*stream = made;
	return ERR_OK;
}

void maillog_stream_close(struct maillog_stream *stream)
{
	if (stream->kind == GZIP)
		(void)inflateEnd(&stream->inflater);
#ifdef HAVE_ZSTD
	if (stream->unzstd != NULL)
		(void)ZSTD_freeDStream(stream->unzstd);
#endif
	close(stream->fd);
	free(stream);
}

int maillog_stream_fd(const struct maillog_stream *stream)
{
	return stream->fd;
}

bool maillog_stream_is_plain(const struct maillog_stream *stream)
{
	return stream->kind == PLAIN;
}

static enum err read_plain(struct maillog_stream *stream, char *buffer, size_t size, size_t *got,
			   struct why *why)
{
	size_t left = stream->used - stream->given;
	ssize_t length;

	if (left > 0) {
		*got = left < size ? left : size;
		memcpy(buffer, stream->packed + stream->given, *got);
		stream->given += *got;
		return ERR_OK;
	}
	do
		length = read(stream->fd, buffer, size);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return err_why_errno(errno, why, "%s", stream->name);
	*got = (size_t)length;
	return ERR_OK;
}

static enum err damaged(const struct maillog_stream *stream, struct why *why)
{
	return err_why(ERR_DATA, why, "%s: the compressed data are damaged; what came before counts",
		       stream->name);
}

/* One step of unpacking what is in packed. Sets *made, how much came out. */
static enum err inflate_some(struct maillog_stream *stream, char *buffer, size_t size,
			     size_t *made, struct why *why)
{
	z_stream *inflater = &stream->inflater;
	int result;

	inflater->next_in = stream->packed + stream->given;
	inflater->avail_in = (unsigned)(stream->used - stream->given);
	inflater->next_out = (unsigned char *)buffer;
	inflater->avail_out = (unsigned)size;
	result = inflate(inflater, Z_NO_FLUSH);
	stream->given = stream->used - inflater->avail_in;
	*made = size - inflater->avail_out;
	stream->within = result != Z_STREAM_END;
	/* Members of a file that was compressed in parts follow one another. */
	if (result == Z_STREAM_END && inflateReset(inflater) == Z_OK)
		return ERR_OK;
	return result == Z_OK || result == Z_BUF_ERROR ? ERR_OK : damaged(stream, why);
}

#ifdef HAVE_ZSTD
static enum err unzstd_some(struct maillog_stream *stream, char *buffer, size_t size,
			    size_t *made, struct why *why)
{
	ZSTD_inBuffer in = {stream->packed, stream->used, stream->given};
	ZSTD_outBuffer out = {buffer, size, 0};
	size_t result = ZSTD_decompressStream(stream->unzstd, &out, &in);

	stream->given = in.pos;
	*made = out.pos;
	stream->within = result != 0;
	return ZSTD_isError(result) ? damaged(stream, why) : ERR_OK;
}
#endif

static enum err unpack_some(struct maillog_stream *stream, char *buffer, size_t size,
			    size_t *made, struct why *why)
{
#ifdef HAVE_ZSTD
	if (stream->kind == ZSTD)
		return unzstd_some(stream, buffer, size, made, why);
#endif
	return inflate_some(stream, buffer, size, made, why);
}

enum err maillog_stream_read(struct maillog_stream *stream, char *buffer, size_t size, size_t *got,
			     struct why *why)
{
	size_t made = 0;
	enum err err = ERR_OK;

	if (stream->kind == PLAIN)
		return read_plain(stream, buffer, size, got, why);
	while (err == ERR_OK && made == 0) {
		if (stream->given < stream->used || stream->within)
			err = unpack_some(stream, buffer, size, &made, why);
		if (err != ERR_OK || made > 0)
			break;
		if (stream->ended) {
			if (stream->within)
				err = damaged(stream, why);
			break;
		}
		err = read_packed(stream, PACKED_SIZE, why);
	}
	if (err == ERR_OK)
		*got = made;
	return err;
}
