/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_http: which URLs are followed, and the queue. Exchanges with a real server
 * are tests/refresh/http's.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/http.h"

struct url_row {
	const char *url;
	bool allow_http;
	const char *host; /* NULL: refused */
};

static const struct url_row urls[] = {
	{"https://rdap.example/domain/a.example", false, "rdap.example"},
	{"HTTPS://RDAP.Example:8443/", false, "rdap.example"},
	{"https://rdap.example", false, "rdap.example"},
	{"https://[2606:4700::1111]/", false, "2606:4700::1111"},
	{"https://192.0.2.7/", false, "192.0.2.7"},
	{"https://0x7f.1/", false, "127.0.0.1"}, /* as libcurl reads it */
	{"https://rdap.example/%41", false, "rdap.example"},
	{"http://rdap.example/", true, "rdap.example"},
	{"http://rdap.example/", false, NULL},
	{"ftp://rdap.example/", true, NULL},
	{"file:///etc/passwd", true, NULL},
	{"gopher://rdap.example/", true, NULL},
	{"rdap.example/", false, NULL},
	{"//rdap.example/", false, NULL},
	{"/domain/a.example", false, NULL},
	{"", false, NULL},
	{"https://", false, NULL},

	{"https://user@rdap.example/", false, NULL},
	{"https://user:secret@rdap.example/", false, NULL},
	{"https://rdap.example/a b", false, NULL},
	{"https://rdap.example/\r\nX-Header: 1", false, NULL},
	{"https://rdap.example:99999/", false, NULL},
	{"https://rdap.example/%%", false, NULL},
	{"https://rdap.example/%4", false, NULL},
	{"https://[::1/", false, NULL},
};

static void test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		const struct url_row *row = &urls[i];
		char host[DOMAIN_MAX + 1] = "untouched";
		struct why why = {""};
		enum err err = http_url_host(row->url, row->allow_http, host, &why);

		if (row->host == NULL) {
			if (err != ERR_DATA || strcmp(host, "untouched") != 0 ||
			    why.text[0] == '\0')
				fail_msg("%s: not refused, host %s", row->url, host);
		} else if (err != ERR_OK || strcmp(host, row->host) != 0) {
			fail_msg("%s: host %s, %s", row->url, host, why.text);
		}
	}
}

static void test_long_url(void **state)
{
	char url[HTTP_URL_MAX + 100] = "https://rdap.example/";
	char host[DOMAIN_MAX + 1];
	size_t length = strlen(url);

	(void)state;
	memset(url + length, 'a', sizeof(url) - length - 1);
	assert_int_equal(http_url_host(url, false, host, NULL), ERR_DATA);
	url[HTTP_URL_MAX - 1] = '\0';
	assert_int_equal(http_url_host(url, false, host, NULL), ERR_OK);
}

static const struct http_options options = {.max_reply = 1000, .timeout_ms = 1000, .jobs = 2};

/* What is refused without a word to anyone comes back like everything else. */
static void test_refused_come_back(void **state)
{
	static const struct {
		const char *url;
		enum http_failure failure;
	} rows[] = {
		{"http://rdap.example/", HTTP_BAD_URL},
		{"https://127.0.0.1/", HTTP_FORBIDDEN_ADDRESS},
		{"https://[::1]:443/", HTTP_FORBIDDEN_ADDRESS},
		{"https://2130706433/", HTTP_FORBIDDEN_ADDRESS},
		{"https://169.254.169.254/latest", HTTP_FORBIDDEN_ADDRESS},
		{"https://[::ffff:10.0.0.1]/", HTTP_FORBIDDEN_ADDRESS},
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	char tags[ROWS] = "";
	struct http *http;
	struct http_reply reply;

	(void)state;
	assert_int_equal(http_open(&options, &http, NULL), ERR_OK);
	for (size_t i = 0; i < ROWS; i++)
		assert_int_equal(http_start(http, rows[i].url, NULL, &tags[i]), ERR_OK);
	assert_int_equal(http_pending(http), ROWS);
	for (size_t i = 0; i < ROWS; i++) {
		size_t row;

		assert_int_equal(http_next(http, -1, &reply), ERR_OK);
		row = (size_t)((char *)reply.tag - tags);
		assert_true(row < ROWS && tags[row] == '\0');
		tags[row] = 'x';
		if (reply.failure != rows[row].failure)
			fail_msg("%s: %s", rows[row].url, http_failure_text(reply.failure));
		assert_int_equal(reply.status, 0);
		assert_int_equal(reply.length, 0);
		assert_string_equal(reply.body, "");
		assert_string_not_equal(reply.why.text, "");
	}
	assert_int_equal(http_pending(http), 0);
	assert_int_equal(http_next(http, 0, &reply), ERR_NOT_FOUND);
	http_close(http);
}

static void test_close_with_work_left(void **state)
{
	const char *const headers[] = {"Accept: application/rdap+json", NULL};
	struct http *http;
	struct http_reply reply;

	(void)state;
	assert_int_equal(http_open(&options, &http, NULL), ERR_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(http_start(http, "http://rdap.example/", headers, NULL), ERR_OK);
	assert_int_equal(http_next(http, -1, &reply), ERR_OK);
	http_close(http);
	http_close(NULL);
}

static void test_missing_ca_file(void **state)
{
	struct http_options wrong = options;
	struct http *http;
	struct why why = {""};

	(void)state;
	wrong.ca_file = "/nonexistent/ca.pem";
	assert_int_equal(http_open(&wrong, &http, &why), ERR_NO_INPUT);
	assert_non_null(strstr(why.text, "/nonexistent/ca.pem"));
}

static void test_sigpipe_is_given_back(void **state)
{
	struct sigaction action;
	struct http *http;

	(void)state;
	assert_int_equal(http_open(&options, &http, NULL), ERR_OK);
	assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_IGN);
	http_close(http);
	assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_long_url),
		cmocka_unit_test(test_refused_come_back),
		cmocka_unit_test(test_close_with_work_left),
		cmocka_unit_test(test_missing_ca_file),
		cmocka_unit_test(test_sigpipe_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
