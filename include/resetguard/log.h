/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: one line to syslog (facility mail) or to stderr.
 *
 * The only process-wide state of the program: log_open is called once at
 * start-up, before any thread exists, and again never. log_line and log_write
 * may be called from any thread; a line is never split or mixed with another.
 */
#ifndef RESETGUARD_LOG_H
#define RESETGUARD_LOG_H

#include "resetguard/err.h"

enum log_target { LOG_TO_SYSLOG, LOG_TO_STDERR };

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* program is kept; it must be a string that lives as long as the process. */
void log_open(enum log_target target, enum log_level most_verbose, const char *program);

/* Control characters in the finished line are written as \xHH, so that nothing
 * from outside can forge a second line. No newline at the end of format. A
 * line is cut at 4096 bytes, all told. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same for a line that is rendered already. */
void log_write(enum log_level level, const char *line);

#endif
