/* SPDX-License-Identifier: BSD-2-Clause */
/* milterwire - milter protocol packets over a socket. */
#include "milterwire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <libmilter/mfdef.h>

#define HEAD_LENGTH (MILTER_LEN_BYTES + 1)
#define PACKET_MAX (MILTER_MAX_DATA_SIZE + HEAD_LENGTH) /* libmilter sends no larger one */
#define WRITE_SIZE 4096					/* as large as Postfix's stream buffer */
#define HOST_MAX 256

struct milterwire {
	int fd;
	bool failed;
	char problem[MILTERWIRE_PROBLEM_MAX];
	char *out; /* owned */
	size_t out_length;
	size_t out_room;
	size_t packet_start; /* in out, of the packet being written */
	char in[PACKET_MAX];
	size_t in_length;
	size_t consumed; /* bytes of in that the last read returned */
};

/* Connecting. No TCP_NODELAY: Postfix sets none, and a milter feels it. */

static int connect_socket(int family, const struct sockaddr *address, socklen_t length,
			  int timeout_ms)
{
	struct timeval timeout = {
		.tv_sec = timeout_ms / 1000,
		.tv_usec = (timeout_ms % 1000) * 1000,
	};
	int fd;
	int error;

	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0 &&
	    connect(fd, address, length) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int dial_inet(const char *endpoint, int family, int timeout_ms)
{
	struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char port[8];
	const char *host = strchr(endpoint, '@');
	size_t port_length = host != NULL ? (size_t)(host - endpoint) : strlen(endpoint);
	int fd;

	if (port_length == 0 || port_length >= sizeof port) {
		errno = EINVAL;
		return -1;
	}
	memcpy(port, endpoint, port_length);
	port[port_length] = '\0';
	if (getaddrinfo(host != NULL ? host + 1 : NULL, port, &hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = connect_socket(found->ai_family, found->ai_addr, found->ai_addrlen, timeout_ms);
	freeaddrinfo(found);
	return fd;
}

int milterwire_dial(const char *socket, int timeout_ms)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strncmp(socket, "inet:", 5) == 0)
		return dial_inet(socket + 5, AF_INET, timeout_ms);
	if (strncmp(socket, "inet6:", 6) == 0)
		return dial_inet(socket + 6, AF_INET6, timeout_ms);
	if (strncmp(socket, "unix:", 5) != 0 || strlen(socket + 5) >= sizeof address.sun_path) {
		errno = EINVAL;
		return -1;
	}
	strcpy(address.sun_path, socket + 5);
	return connect_socket(AF_UNIX, (const struct sockaddr *)&address, sizeof address,
			      timeout_ms);
}

struct milterwire *milterwire_new(int fd)
{
	struct milterwire *w = calloc(1, sizeof *w);

	if (w != NULL)
		w->fd = fd;
	return w;
}

void milterwire_free(struct milterwire *w)
{
	if (w == NULL)
		return;
	close(w->fd);
	free(w->out);
	free(w);
}

bool milterwire_fail(struct milterwire *w, const char *format, ...)
{
	va_list arguments;

	if (!w->failed) {
		va_start(arguments, format);
		vsnprintf(w->problem, sizeof w->problem, format, arguments);
		va_end(arguments);
		w->failed = true;
	}
	return false;
}

bool milterwire_failed(const struct milterwire *w)
{
	return w->failed;
}

const char *milterwire_problem(const struct milterwire *w)
{
	return w->problem;
}

/* Writing */

static bool reserve(struct milterwire *w, size_t more)
{
	size_t room = w->out_room > 0 ? w->out_room : 2 * WRITE_SIZE;
	char *out;

	if (w->out_length + more <= w->out_room)
		return true;
	while (room < w->out_length + more)
		room *= 2;
	out = realloc(w->out, room);
	if (out == NULL)
		return milterwire_fail(w, "out of memory");
	w->out = out;
	w->out_room = room;
	return true;
}

void milterwire_put(struct milterwire *w, const char *data, size_t length)
{
	if (length == 0 || w->failed || !reserve(w, length))
		return;
	memcpy(w->out + w->out_length, data, length);
	w->out_length += length;
}

void milterwire_put_string(struct milterwire *w, const char *text)
{
	milterwire_put(w, text, strlen(text) + 1);
}

void milterwire_put_number(struct milterwire *w, uint32_t number)
{
	char bytes[sizeof number];

	number = htonl(number);
	memcpy(bytes, &number, sizeof number);
	milterwire_put(w, bytes, sizeof bytes);
}

void milterwire_begin(struct milterwire *w, char command)
{
	w->packet_start = w->out_length;
	milterwire_put_number(w, 0);
	milterwire_put(w, &command, 1);
}

void milterwire_end(struct milterwire *w)
{
	uint32_t length;

	if (w->failed)
		return;
	length = htonl((uint32_t)(w->out_length - w->packet_start - MILTER_LEN_BYTES));
	memcpy(w->out + w->packet_start, &length, sizeof length);
	if (w->out_length >= WRITE_SIZE)
		milterwire_flush(w);
}

void milterwire_flush(struct milterwire *w)
{
	size_t done = 0;
	ssize_t n;

	while (done < w->out_length && !w->failed) {
		n = send(w->fd, w->out + done, w->out_length - done, MSG_NOSIGNAL);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN || errno == EWOULDBLOCK)
			milterwire_fail(w, "time out while writing");
		else if (errno != EINTR)
			milterwire_fail(w, "cannot write: %s", strerror(errno));
	}
	w->out_length = 0;
}

/* Reading */

static bool fill(struct milterwire *w)
{
	ssize_t n;

	do {
		n = recv(w->fd, w->in + w->in_length, sizeof w->in - w->in_length, 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return milterwire_fail(w, "hung up");
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return milterwire_fail(w, "time out while reading");
	if (n < 0)
		return milterwire_fail(w, "cannot read: %s", strerror(errno));
	w->in_length += (size_t)n;
	return true;
}

bool milterwire_read(struct milterwire *w, char *command, const char **data, size_t *length)
{
	uint32_t announced;

	if (w->failed)
		return false;
	w->in_length -= w->consumed;
	memmove(w->in, w->in + w->consumed, w->in_length);
	w->consumed = 0;
	while (w->in_length < MILTER_LEN_BYTES) {
		if (!fill(w))
			return false;
	}
	memcpy(&announced, w->in, sizeof announced);
	announced = ntohl(announced);
	if (announced == 0 || announced > sizeof w->in - MILTER_LEN_BYTES)
		return milterwire_fail(w, "a packet of %lu bytes", (unsigned long)announced);
	while (w->in_length < MILTER_LEN_BYTES + announced) {
		if (!fill(w))
			return false;
	}
	w->consumed = MILTER_LEN_BYTES + announced;
	*command = w->in[MILTER_LEN_BYTES];
	*data = w->in + HEAD_LENGTH;
	*length = announced - 1;
	return true;
}

bool milterwire_pending(const struct milterwire *w)
{
	return w->in_length > w->consumed;
}

bool milterwire_take_string(const char **data, size_t *length, const char **text)
{
	const char *end = memchr(*data, '\0', *length);

	if (end == NULL)
		return false;
	*text = *data;
	*length -= (size_t)(end + 1 - *data);
	*data = end + 1;
	return true;
}

bool milterwire_take_number(const char **data, size_t *length, uint32_t *number)
{
	uint32_t bytes;

	if (*length < sizeof bytes)
		return false;
	memcpy(&bytes, *data, sizeof bytes);
	*number = ntohl(bytes);
	*data += sizeof bytes;
	*length -= sizeof bytes;
	return true;
}
