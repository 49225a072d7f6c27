/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../milter/metrics.h"
#include "sessionbench.h"

static struct bench *bench;
static struct metrics *metrics;
static char place[64]; /* of a UNIX socket */
static char keys[128];

static int open_one(void **state)
{
	(void)state;
	bench = bench_begin("");
	snprintf(place, sizeof place, "%s/metrics.sock", bench_place.root);
	snprintf(keys, sizeof keys, "metrics = unix:%s\nsocket_group =\nsocket_mode = 0640\n",
		 place);
	return metrics_open(&bench->office, BENCH_NOW, &metrics) == ERR_OK ? 0 : -1;
}

static int close_one(void **state)
{
	(void)state;
	metrics_close(metrics);
	bench_end(bench);
	return 0;
}

static struct conf *conf_of(const char *text)
{
	struct why why = {""};
	struct conf *conf;

	if (conf_read_text(text, strlen(text), "conf", &conf, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return conf;
}

static enum err serve_at(const char *text, struct why *why)
{
	struct conf *conf = conf_of(text);
	enum err err = metrics_move(metrics, conf, why);

	conf_free(conf);
	return err;
}

static void must_serve_at(const char *text)
{
	struct why why = {""};

	if (serve_at(text, &why) != ERR_OK)
		fail_msg("%s", why.text);
}

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", place);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static const char *answer_to(const char *request)
{
	static char answer[65536];
	size_t length = 0;
	ssize_t got;
	int fd = dial();

	assert_true(fd >= 0);
	(void)!send(fd, request, strlen(request), MSG_NOSIGNAL);
	do {
		got = read(fd, answer + length, sizeof answer - 1 - length);
		length += got > 0 ? (size_t)got : 0;
	} while (got > 0); /* who sends too much may be reset */
	answer[length] = '\0';
	close(fd);
	return answer;
}

#define REQUEST(line) line " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void assert_begins(const char *text, const char *beginning)
{
	if (strncmp(text, beginning, strlen(beginning)) != 0)
		fail_msg("%s", text);
}

static void what_is_asked_is_answered_and_no_more(void **state)
{
	const char *answer;

	(void)state;
	must_serve_at(keys);
	answer = answer_to(REQUEST("GET /metrics"));
	assert_begins(answer, "HTTP/1.1 200 ");
	bench_assert_has(answer, "\r\nContent-Type: application/openmetrics-text; version=1.0.0; "
				 "charset=utf-8\r\n");
	bench_assert_has(answer, "\nresetguard_sessions_total 1\n");
	bench_assert_has(answer, "\nresetguard_cache_usable 1\n");
	assert_string_equal(answer + strlen(answer) - 7, "\n# EOF\n");
	answer = answer_to(REQUEST("HEAD /metrics"));
	assert_begins(answer, "HTTP/1.1 200 ");
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	assert_begins(answer_to(REQUEST("GET /metrics?x=1")), "HTTP/1.1 200 ");
	assert_begins(answer_to(REQUEST("GET /")), "HTTP/1.1 404 ");
	assert_begins(answer_to(REQUEST("GET /metrics/")), "HTTP/1.1 404 ");
	assert_begins(answer_to(REQUEST("GET /../etc/passwd")), "HTTP/1.1 404 ");
	answer = answer_to("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
			   "Connection: close\r\n\r\nabc");
	assert_begins(answer, "HTTP/1.1 405 ");
	bench_assert_has(answer, "\r\nAllow: GET, HEAD\r\n");
	assert_begins(answer_to(REQUEST("DELETE /metrics")), "HTTP/1.1 405 ");
	assert_string_equal(bench_take_log(), "");
}

static void too_much_is_refused(void **state)
{
	static char request[2 * METRICS_REQUEST_MAX];
	int fds[2 * METRICS_CONNECTIONS_MAX];

	(void)state;
	must_serve_at(keys);
	memset(request, 'x', sizeof request - 1);
	memcpy(request, "GET /", 5);
	memcpy(request + sizeof request - 1 - 4, "\r\n\r\n", 4);
	assert_true(strstr(answer_to(request), "200 OK") == NULL);
	/* Others are served again once idle ones have left. */
	for (size_t i = 0; i < 2 * METRICS_CONNECTIONS_MAX; i++)
		fds[i] = dial();
	for (size_t i = 0; i < 2 * METRICS_CONNECTIONS_MAX; i++)
		close(fds[i]);
	assert_begins(answer_to(REQUEST("GET /healthz")), "HTTP/1.1 200 ");
}

static void the_socket_is_as_the_milters(void **state)
{
	struct stat status;

	(void)state;
	must_serve_at(keys);
	assert_int_equal(stat(place, &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 07777, 0640);
	/* The same again changes nothing; without the key it ends. */
	must_serve_at(keys);
	assert_begins(answer_to(REQUEST("GET /healthz")), "HTTP/1.1 200 ");
	must_serve_at("");
	assert_int_equal(dial(), -1);
	assert_int_not_equal(stat(place, &status), 0);
}

static void a_place_that_is_taken_leaves_what_was(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t length = sizeof address;
	struct why why = {""};
	char other[64];
	int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(taken, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(taken, 1), 0);
	assert_int_equal(getsockname(taken, (struct sockaddr *)&address, &length), 0);
	snprintf(other, sizeof other, "metrics = 127.0.0.1:%u\n", ntohs(address.sin_port));
	must_serve_at(keys);
	assert_int_not_equal(serve_at(other, &why), ERR_OK);
	bench_assert_has(why.text, "metrics: cannot listen on 127.0.0.1:");
	assert_begins(answer_to(REQUEST("GET /healthz")), "HTTP/1.1 200 ");
	close(taken);
	must_serve_at(other);
	assert_int_equal(dial(), -1);

	/* A file in the way is named, and left alone. */
	snprintf(other, sizeof other, "metrics = unix:%s/messages\n", bench_place.root);
	assert_int_not_equal(serve_at(other, &why), ERR_OK);
	bench_assert_has(why.text, "metrics: ");
	bench_assert_has(why.text, "is not a socket");
}

static void a_stale_socket_is_replaced(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", place);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
	must_serve_at(keys);
	assert_begins(answer_to(REQUEST("GET /healthz")), "HTTP/1.1 200 ");
}

static void a_drain_is_no_health(void **state)
{
	(void)state;
	must_serve_at(keys);
	assert_int_equal(traffic_drain(bench->office.traffic, 0), 0);
	bench_assert_has(answer_to(REQUEST("GET /healthz")), "about to stop");
	bench_assert_has(answer_to(REQUEST("GET /metrics")), "\nresetguard_draining 1\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_one, close_one)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_asked_is_answered_and_no_more),
		TEST(too_much_is_refused),
		TEST(the_socket_is_as_the_milters),
		TEST(a_place_that_is_taken_leaves_what_was),
		TEST(a_stale_socket_is_replaced),
		TEST(a_drain_is_no_health),
	};

	return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
