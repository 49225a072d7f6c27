/* SPDX-License-Identifier: BSD-2-Clause */
/* What a milter says of itself, and what others say in its place. */
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../src/cli/live.h"

/* One connection is answered, then closed. */
struct server {
	pthread_t thread;
	int fd;
	char place[64];
	const char *answer;
	size_t repeated; /* the answer's last byte, so often */
};

static void *serve(void *context)
{
	const struct server *server = context;
	int fd = accept(server->fd, NULL, NULL);
	char request[256];

	if (fd < 0)
		return NULL;
	if (recv(fd, request, sizeof request, 0) > 0) {
		size_t length = strlen(server->answer);
		bool open = send(fd, server->answer, length, MSG_NOSIGNAL) == (ssize_t)length;

		for (size_t i = 0; open && i < server->repeated; i++)
			open = send(fd, server->answer + length - 1, 1, MSG_NOSIGNAL) == 1;
	}
	close(fd);
	return NULL;
}

static void server_begin(struct server *server, const char *answer, size_t repeated)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;

	server->answer = answer;
	server->repeated = repeated;
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(server->fd, 1), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &length), 0);
	snprintf(server->place, sizeof server->place, "127.0.0.1:%u", ntohs(address.sin_port));
	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_end(struct server *server)
{
	assert_int_equal(pthread_join(server->thread, NULL), 0);
	close(server->fd);
}

static void expect_refused(const char *answer, size_t repeated, enum err expected)
{
	struct server server;
	struct why why;
	char *page;

	server_begin(&server, answer, repeated);
	assert_int_equal(live_read(server.place, &page, &why), expected);
	server_end(&server);
}

static void samples_are_read(void **state)
{
	struct server server;
	struct why why;
	const char *name;
	const char *value;
	char *page;
	char *at;

	(void)state;
	server_begin(&server,
		     "HTTP/1.1 200 OK\r\nA: b\r\n\r\n# TYPE x counter\nx_total{a=\"b c\"} 7\ny 1\n"
		     "# EOF\n",
		     0);
	assert_int_equal(live_read(server.place, &page, &why), ERR_OK);
	server_end(&server);
	at = page;
	assert_true(live_next(&at, &name, &value));
	assert_string_equal(name, "x_total{a=\"b c\"}");
	assert_string_equal(value, "7");
	assert_true(live_next(&at, &name, &value));
	assert_string_equal(name, "y");
	assert_false(live_next(&at, &name, &value));
	free(page);
}

static void other_answers_are_refused(void **state)
{
	(void)state;
	expect_refused("HTTP/1.1 404 Not Found\r\n\r\n# EOF\n", 0, ERR_DATA);
	expect_refused("HTTP/1.1 200 OK\r\n\r\nx_total 7\n", 0, ERR_DATA);
	expect_refused("220 mx.example ESMTP\r\n", 0, ERR_DATA);
	expect_refused("H", 0, ERR_DATA);
	expect_refused("HTTP/1.1 200 OK\r\n\r\n#", LIVE_PAGE_MAX, ERR_IO);
}

static void nobody_there_is_told(void **state)
{
	struct why why;
	char *page;

	(void)state;
	assert_int_equal(live_read("unix:/nonexistent/metrics.sock", &page, &why),
			 ERR_UNAVAILABLE);
	assert_string_equal(why.text, "nobody listens at unix:/nonexistent/metrics.sock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_read),
		cmocka_unit_test(other_answers_are_refused),
		cmocka_unit_test(nobody_there_is_told),
	};

	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
