/* SPDX-License-Identifier: BSD-2-Clause */
/* lines: the lines of a file or pipe, read once, until somebody says stop. */
#include "lines.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 4 * LINES_MAX };

struct lines {
	int fd;
	int signals;
	sigset_t blocked_before;
	bool stopped;
	bool ended;
	uint64_t size;
	uint64_t bytes;
	size_t used;
	size_t have;
	char buffer[BUFFER_SIZE + 1]; /* a zero fits behind it */
};

/* What is left of a regular file. */
static uint64_t size_of(int fd)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return 0;
	off_t at = lseek(fd, 0, SEEK_CUR);
	return at < 0 || at > status.st_size ? 0 : (uint64_t)(status.st_size - at);
}

/* Those that are not ignored: nohup(1) means what it says. */
static sigset_t heeded_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	return set;
}

enum err lines_open(int fd, struct lines **lines, struct why *why)
{
	struct lines *new = malloc(sizeof *new);
	sigset_t set;

	if (new == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	new->fd = fd;
	new->stopped = false;
	new->ended = false;
	new->size = size_of(fd);
	new->bytes = 0;
	new->used = 0;
	new->have = 0;
	set = heeded_signals();
	new->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (new->signals < 0 || sigprocmask(SIG_BLOCK, &set, &new->blocked_before) != 0) {
		enum err err = err_why_errno(errno, why, "cannot wait for signals");
		if (new->signals >= 0)
			close(new->signals);
		free(new);
		return err;
	}
	*lines = new;
	return ERR_OK;
}

void lines_close(struct lines *lines)
{
	if (lines == NULL)
		return;
	(void)lines_stopped(lines);
	(void)sigprocmask(SIG_SETMASK, &lines->blocked_before, NULL);
	close(lines->signals);
	free(lines);
}

bool lines_stopped(struct lines *lines)
{
	struct signalfd_siginfo info;

	while (read(lines->signals, &info, sizeof info) == (ssize_t)sizeof info)
		lines->stopped = true;
	return lines->stopped;
}

uint64_t lines_bytes(const struct lines *lines)
{
	return lines->bytes;
}

uint64_t lines_size(const struct lines *lines)
{
	return lines->size;
}

/* More of the input, behind what has not been used. LINES_WHOLE: there is more, or
 * the input has ended. */
static enum lines_end read_more(struct lines *lines)
{
	struct pollfd events[] = {
		{.fd = lines->fd, .events = POLLIN},
		{.fd = lines->signals, .events = POLLIN},
	};
	ssize_t got;

	memmove(lines->buffer, lines->buffer + lines->used, lines->have - lines->used);
	lines->have -= lines->used;
	lines->used = 0;
	do {
		if (poll(events, sizeof events / sizeof *events, -1) < 0 && errno != EINTR)
			return LINES_FAILED;
		if (lines_stopped(lines))
			return LINES_STOPPED;
		got = read(lines->fd, lines->buffer + lines->have, BUFFER_SIZE - lines->have);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return LINES_FAILED;
	lines->ended = got == 0;
	lines->have += (size_t)got;
	return LINES_WHOLE;
}

/* Where the line ends, once all of it is in the buffer. One that is too long is
 * passed over as it comes. */
static enum lines_end find_end(struct lines *lines, char **end)
{
	enum lines_end found = LINES_WHOLE;
	size_t searched = 0;

	for (;;) {
		char *start = lines->buffer + lines->used;
		size_t length = lines->have - lines->used;
		char *newline = memchr(start + searched, '\n', length - searched);

		if (newline == NULL && !lines->ended && length > LINES_MAX) {
			found = LINES_TOO_LONG;
			lines->used = lines->have;
			lines->bytes += length;
			length = 0;
		}
		if (newline != NULL || lines->ended) {
			*end = newline != NULL ? newline : start + length;
			return newline == NULL && length == 0 && found == LINES_WHOLE ? LINES_NONE
										      : found;
		}
		searched = length;
		enum lines_end more = read_more(lines);
		if (more != LINES_WHOLE)
			return more;
	}
}

enum lines_end lines_next(struct lines *lines, char **line, size_t *length)
{
	char *end;

	enum lines_end found = find_end(lines, &end);
	if (found != LINES_WHOLE && found != LINES_TOO_LONG)
		return found;

	char *start = lines->buffer + lines->used;
	size_t used = (size_t)(end - start);
	size_t with_newline = used + (end < lines->buffer + lines->have);
	lines->used += with_newline;
	lines->bytes += with_newline;
	if (used > LINES_MAX)
		found = LINES_TOO_LONG;
	else if (found == LINES_WHOLE && memchr(start, '\0', used) != NULL)
		found = LINES_HAS_NUL;
	while (used > 0 && strchr(" \t\r", start[used - 1]) != NULL)
		used--;
	start[used] = '\0';
	*line = start;
	*length = used;
	return found;
}
