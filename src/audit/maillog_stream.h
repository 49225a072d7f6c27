/* SPDX-License-Identifier: BSD-2-Clause */
/* maillog_stream: the bytes of a log, whatever it is compressed with. */
#ifndef RESETGUARD_MAILLOG_STREAM_H
#define RESETGUARD_MAILLOG_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/err.h"

struct maillog_stream;

/* Takes fd, also on failure. name is kept, for errors. */
MUST_CHECK enum err maillog_stream_open(int fd, const char *name, struct maillog_stream **stream,
					struct why *why);
void maillog_stream_close(struct maillog_stream *stream);

/* The stream's own. */
int maillog_stream_fd(const struct maillog_stream *stream);
bool maillog_stream_is_plain(const struct maillog_stream *stream);
/* Up to size bytes; 0 at the end for now: a plain file may have grown at the next
 * call. ERR_IO, ERR_DATA. */
MUST_CHECK enum err maillog_stream_read(struct maillog_stream *stream, char *buffer, size_t size,
					size_t *got, struct why *why);

#endif
