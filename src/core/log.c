/* SPDX-License-Identifier: BSD-2-Clause */
/* log: one line to syslog or to stderr. */
#include "resetguard/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* No more than PIPE_BUF on Linux: what is written to a pipe at once, prefix and
 * newline included, stays in one piece. */
enum { LOG_LINE_MAX = 4096 };

/* Set by log_open before any thread exists, read-only afterwards. */
static enum log_target log_target = LOG_TO_STDERR;
static enum log_level log_most_verbose = LOG_LEVEL_INFO;
static const char *log_program = "resetguard";

void log_open(enum log_target target, enum log_level most_verbose, const char *program)
{
	log_target = target;
	log_most_verbose = most_verbose;
	log_program = program;
	if (target == LOG_TO_SYSLOG)
		openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

static int syslog_priority(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return LOG_ERR;
	case LOG_LEVEL_WARNING:
		return LOG_WARNING;
	case LOG_LEVEL_INFO:
		return LOG_INFO;
	case LOG_LEVEL_DEBUG:
		return LOG_DEBUG;
	}
	return LOG_ERR;
}

static const char *stderr_word(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error: ";
	case LOG_LEVEL_WARNING:
		return "warning: ";
	case LOG_LEVEL_INFO:
	case LOG_LEVEL_DEBUG:
		return "";
	}
	return "";
}

/* C0, DEL, and C1 in UTF-8, where terminals obey U+009B as they do ESC [. */
static bool begins_control(const unsigned char *at)
{
	return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f);
}

static size_t escape(const char *line, char *escaped, size_t most)
{
	static const char digits[] = "0123456789ABCDEF";
	const unsigned char *at = (const unsigned char *)line;
	size_t length = 0;

	for (; *at != '\0'; at++) {
		if (!begins_control(at)) {
			if (length + 1 > most)
				break;
			escaped[length++] = (char)*at;
			continue;
		}
		if (length + 4 > most)
			break;
		escaped[length++] = '\\';
		escaped[length++] = 'x';
		escaped[length++] = digits[*at >> 4];
		escaped[length++] = digits[*at & 0xf];
	}
	escaped[length] = '\0';
	return length;
}

static void write_syslog(enum log_level level, const char *line)
{
	char escaped[LOG_LINE_MAX + 1];

	escape(line, escaped, LOG_LINE_MAX);
	syslog(syslog_priority(level), "%s", escaped);
}

static void write_stderr(enum log_level level, const char *line)
{
	char text[LOG_LINE_MAX + 1];
	int prefix = snprintf(text, LOG_LINE_MAX, "%s: %s", log_program, stderr_word(level));
	size_t length = prefix < 0 ? 0 : (size_t)prefix;
	ssize_t written;

	if (length >= LOG_LINE_MAX)
		length = LOG_LINE_MAX - 1;
	length += escape(line, text + length, LOG_LINE_MAX - 1 - length);
	text[length++] = '\n';
	do
		written = write(STDERR_FILENO, text, length);
	while (written < 0 && errno == EINTR);
}

void log_write(enum log_level level, const char *line)
{
	int saved_errno = errno;

	if (level > log_most_verbose)
		return;
	switch (log_target) {
	case LOG_TO_SYSLOG:
		write_syslog(level, line);
		break;
	case LOG_TO_STDERR:
		write_stderr(level, line);
		break;
	}
	errno = saved_errno;
}

void log_line(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX + 1];
	va_list arguments;

	if (level > log_most_verbose)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	log_write(level, line);
}
