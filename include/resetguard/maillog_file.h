/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maillog_file: the files of a mail log, plain or compressed, line by line.
 *
 * What a file holds is told by its first bytes, not by its name. Rotated files have
 * many kinds of names; the stamp of its first line tells where a file belongs.
 */
#ifndef RESETGUARD_MAILLOG_FILE_H
#define RESETGUARD_MAILLOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/maillog.h"

enum {
	MAILLOG_LINE_MAX = 64 << 10, /* of a longer line the beginning is given, once */
	MAILLOG_FILES_MAX = 4096,
};

/* The files of one call, in order of their first lines. */
struct maillog_files;

/* Opens all: files, directories (the files in it whose name begins with "mail" or
 * "postfix"), "-" for standard input. So a process may give up its privileges before
 * it reads. ERR_NO_INPUT, ERR_PERMISSION, ... with the path; nothing is open then.
 * now: no line of standard input is later. The caller closes. */
MUST_CHECK enum err maillog_files_open(const char *const *paths, size_t count, int64_t now,
				       struct maillog_files **files, struct why *why);
void maillog_files_close(struct maillog_files *files);

size_t maillog_files_count(const struct maillog_files *files);
const char *maillog_files_path(const struct maillog_files *files, size_t index);
/* The clock with which the lines of this file are to be read from its beginning. */
struct maillog_clock maillog_files_clock(const struct maillog_files *files, size_t index);

/* Calls line for each line of the file that has not been given yet, without its
 * newline; of what does not end in one yet only if last is true. Goes on, at the next
 * call, where the file ended. ERR_IO or ERR_DATA (compressed data are damaged; what
 * came before was given), with why. */
MUST_CHECK enum err maillog_files_read(struct maillog_files *files, size_t index, bool last,
				       void (*line)(void *context, const char *text,
						    size_t length),
				       void *context, struct why *why);

/* ---- following ---- */

/* A descriptor of inotify(7) that is readable when something happens where this file
 * lies. The caller closes it. */
MUST_CHECK enum err maillog_files_watch(const struct maillog_files *files, size_t index, int *fd,
					struct why *why);
/* Whether another file has the name now, or the file has become shorter. */
bool maillog_files_is_rotated(const struct maillog_files *files, size_t index);
/* Goes on with the file that has the name now. On failure the old one stays. */
MUST_CHECK enum err maillog_files_renew(struct maillog_files *files, size_t index, int64_t now,
					struct why *why);

/* Back to the beginning of all. ERR_IO for what is no regular file. */
MUST_CHECK enum err maillog_files_rewind(struct maillog_files *files, int64_t now,
					 struct why *why);

#endif
