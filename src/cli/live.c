/* SPDX-License-Identifier: BSD-2-Clause */
/* live: what the running milter says of itself. */
#include "live.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "resetguard/time.h"

enum { HOST_MAX = 256 };

static const char unix_prefix[] = "unix:";

/* conf has looked at its form. HTTP/1.0: the page ends where the connection does. */
static int open_unix(const char *path, struct sockaddr_storage *address, socklen_t *length)
{
	struct sockaddr_un *name = (struct sockaddr_un *)address;

	name->sun_family = AF_UNIX;
	snprintf(name->sun_path, sizeof name->sun_path, "%s", path);
	*length = sizeof *name;
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* ADDRESS:PORT, with brackets about an IPv6 address. */
static int open_tcp(const char *place, struct sockaddr_storage *address, socklen_t *length)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	const char *colon = strrchr(place, ':');
	bool bracketed = place[0] == '[';
	struct addrinfo *found;
	char host[HOST_MAX];
	int fd;

	snprintf(host, sizeof host, "%.*s", (int)(colon - place) - (bracketed ? 2 : 0),
		 place + bracketed);
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	memcpy(address, found->ai_addr, found->ai_addrlen);
	*length = found->ai_addrlen;
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	freeaddrinfo(found);
	return fd;
}

/* Returns 0, or errno. */
static int await(int fd, short events, int64_t deadline_ms)
{
	struct pollfd polled = {.fd = fd, .events = events};
	int ready;

	do {
		int64_t left = deadline_ms - time_monotonic_ms();

		ready = poll(&polled, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	return ready > 0 ? 0 : ready == 0 ? ETIMEDOUT : errno;
}

static int connect_to(const char *place, int *fd, int64_t deadline_ms)
{
	struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
	socklen_t length;
	int failure = 0;
	socklen_t size = sizeof failure;

	*fd = strncmp(place, unix_prefix, sizeof unix_prefix - 1) == 0
		      ? open_unix(place + sizeof unix_prefix - 1, &address, &length)
		      : open_tcp(place, &address, &length);
	if (*fd < 0)
		return errno;
	if (connect(*fd, (struct sockaddr *)&address, length) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	failure = await(*fd, POLLOUT, deadline_ms);
	if (failure == 0 && getsockopt(*fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0)
		failure = errno;
	return failure;
}

/* The whole answer, with a NUL behind it. */
static int exchange(int fd, char answer[LIVE_PAGE_MAX + 1], int64_t deadline_ms)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\nHost: milter\r\n\r\n";
	size_t length = 0;

	if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
		return errno;
	while (length < LIVE_PAGE_MAX) {
		int failure = await(fd, POLLIN, deadline_ms);
		ssize_t got;

		if (failure != 0)
			return failure;
		got = recv(fd, answer + length, LIVE_PAGE_MAX - length, 0);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return errno;
		if (got == 0) {
			answer[length] = '\0';
			return 0;
		}
		length += got > 0 ? (size_t)got : 0;
	}
	return EMSGSIZE;
}

static enum err judge_failure(const char *place, int failure, struct why *why)
{
	if (failure == ENOENT || failure == ECONNREFUSED)
		return err_why(ERR_UNAVAILABLE, why, "nobody listens at %s", place);
	if (failure == EACCES)
		return err_why(ERR_PERMISSION, why, "%s: %s", place, strerror(failure));
	return failure == 0 ? ERR_OK : err_why(ERR_IO, why, "%s: %s", place, strerror(failure));
}

enum err live_knock(const char *place, pid_t *pid, struct why *why)
{
	struct ucred peer = {.pid = 0};
	socklen_t length = sizeof peer;
	int fd = -1;
	int failure = connect_to(place, &fd, time_monotonic_ms() + LIVE_WAIT_MS);

	if (failure == 0 && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
		peer.pid = 0;
	if (fd >= 0)
		close(fd);
	if (failure == 0)
		*pid = peer.pid;
	return judge_failure(place, failure, why);
}

enum err live_read(const char *place, char **page, struct why *why)
{
	int64_t deadline_ms = time_monotonic_ms() + LIVE_WAIT_MS;
	char *answer = malloc(LIVE_PAGE_MAX + 1);
	const char *body = NULL;
	int fd = -1;
	int failure;
	enum err err = ERR_OK;

	if (answer == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	failure = connect_to(place, &fd, deadline_ms);
	if (failure == 0) {
		failure = exchange(fd, answer, deadline_ms);
		/* Somebody was there. */
		if (failure != 0)
			err = err_why(ERR_IO, why, "%s: %s", place, strerror(failure));
	} else {
		err = judge_failure(place, failure, why);
	}
	if (err == ERR_OK)
		body = strstr(answer, "\r\n\r\n");
	/* OpenMetrics ends so: nothing is missing. */
	if (err == ERR_OK && (strncmp(answer, "HTTP/1.", 7) != 0 || body == NULL ||
			      strncmp(answer + 8, " 200 ", 5) != 0 || strstr(body, "\n# EOF") == NULL))
		err = err_why(ERR_DATA, why, "%s: that is no page of metrics", place);
	if (err == ERR_OK)
		*page = strdup(body + 4);
	if (err == ERR_OK && *page == NULL)
		err = err_why(ERR_NO_MEMORY, why, "out of memory");
	if (fd >= 0)
		close(fd);
	free(answer);
	return err;
}

bool live_next(char **page, const char **name, const char **value)
{
	while (**page != '\0') {
		char *line = *page;
		char *end = line + strcspn(line, "\n");
		char *blank;

		*page = *end == '\0' ? end : end + 1;
		*end = '\0';
		blank = strrchr(line, ' ');
		if (line[0] == '#' || blank == NULL)
			continue;
		*blank = '\0';
		*name = line;
		*value = blank + 1;
		return true;
	}
	return false;
}
