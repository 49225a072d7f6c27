/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_http_headers: heads of responses, and what is read of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/http_headers.h"

static const int64_t now = 1795330800;				       /* 2026-11-22T07:00:00Z */
static const char date_line[] = "Date: Sun, 22 Nov 2026 06:00:00 GMT"; /* an hour before */

/* lines: NULL-terminated. */
static struct http_headers read_lines(const char *const *lines)
{
	struct http_headers headers;
	char line[4096];

	http_headers_init(&headers);
	for (; *lines != NULL; lines++) {
		strcpy(line, *lines);
		strcat(line, "\r\n");
		assert_true(http_headers_line(&headers, line, strlen(line)));
	}
	return headers;
}

#define HEADERS(...) read_lines((const char *const[]){__VA_ARGS__, NULL})

static void test_fields(void **state)
{
	struct http_headers headers =
		HEADERS("HTTP/2 200", "content-TYPE:\t application/rdap+json;charset=UTF-8 \t",
			"ETag: \"abc\"", date_line, "X-Other: 1", "no colon here", "");

	(void)state;
	assert_string_equal(headers.content_type, "application/rdap+json;charset=UTF-8");
	assert_string_equal(headers.etag, "\"abc\"");
	assert_int_equal(headers.date, now - 3600);
}

static void test_interim_response_is_forgotten(void **state)
{
	struct http_headers headers =
		HEADERS("HTTP/1.1 103 Early Hints", "Retry-After: 9", "ETag: \"early\"", "",
			"HTTP/1.1 200 OK", "Content-Type: text/html", "");

	(void)state;
	assert_string_equal(headers.etag, "");
	assert_int_equal(http_headers_retry_after(&headers, now), 0);
	assert_string_equal(headers.content_type, "text/html");
}

static void test_retry_after(void **state)
{
	struct http_headers seconds = HEADERS("Retry-After: 120");
	struct http_headers date = HEADERS(date_line, "Retry-After: Sun, 22 Nov 2026 06:30:00 GMT");
	struct http_headers no_date = HEADERS("Retry-After: Sun, 22 Nov 2026 07:30:00 GMT");
	struct http_headers past = HEADERS(date_line, "Retry-After: Sat, 21 Nov 2026 06:30:00 GMT");
	struct http_headers ages = HEADERS("Retry-After: 99999999999999999999999999");
	struct http_headers words = HEADERS("Retry-After: soon");
	struct http_headers minus = HEADERS("Retry-After: -5");

	(void)state;
	assert_int_equal(http_headers_retry_after(&seconds, now), 120);
	assert_int_equal(http_headers_retry_after(&date, now), 1800);
	assert_int_equal(http_headers_retry_after(&no_date, now), 1800);
	assert_int_equal(http_headers_retry_after(&past, now), 0);
	assert_int_equal(http_headers_retry_after(&ages, now), HTTP_SECONDS_MAX);
	assert_int_equal(http_headers_retry_after(&words, now), 0);
	assert_int_equal(http_headers_retry_after(&minus, now), 0);
}

static void test_freshness(void **state)
{
	struct http_headers max_age = HEADERS("Cache-Control: public, max-age=86400");
	struct http_headers quoted = HEADERS("cache-control: MAX-AGE=\"60\"");
	struct http_headers aged = HEADERS("Cache-Control: max-age=100", "Age: 30");
	struct http_headers stale = HEADERS("Cache-Control: max-age=100", "Age: 300");
	struct http_headers two = HEADERS("Cache-Control: max-age=100", "Cache-Control: no-store");
	struct http_headers expires = HEADERS(date_line, "Expires: Mon, 23 Nov 2026 06:00:00 GMT");
	struct http_headers both = HEADERS(date_line, "Expires: Mon, 23 Nov 2026 06:00:00 GMT",
					   "Cache-Control: max-age=5");
	struct http_headers bad = HEADERS(date_line, "Expires: 0");
	struct http_headers none = HEADERS(date_line);

	(void)state;
	assert_int_equal(http_headers_expires_in(&max_age), 86400);
	assert_int_equal(http_headers_expires_in(&quoted), 60);
	assert_int_equal(http_headers_expires_in(&aged), 70);
	assert_int_equal(http_headers_expires_in(&stale), 0);
	assert_int_equal(http_headers_expires_in(&two), 0);
	assert_int_equal(http_headers_expires_in(&expires), 86400);
	assert_int_equal(http_headers_expires_in(&both), 5);
	assert_int_equal(http_headers_expires_in(&bad), 0);
	assert_int_equal(http_headers_expires_in(&none), 0);
}

static void test_maxima(void **state)
{
	struct http_headers headers;
	char line[HTTP_HEADER_MAX + 16] = "ETag: ";
	size_t total = 0;

	(void)state;
	memset(line + 6, 'x', HTTP_HEADER_MAX);
	http_headers_init(&headers);
	assert_true(http_headers_line(&headers, line, 6 + HTTP_HEADER_MAX));
	assert_string_equal(headers.etag, "");
	assert_true(http_headers_line(&headers, line, 6 + HTTP_HEADER_MAX - 1));
	assert_int_equal(strlen(headers.etag), HTTP_HEADER_MAX - 1);

	http_headers_init(&headers);
	while (total + 1000 <= HTTP_HEADERS_TOTAL_MAX) {
		assert_true(http_headers_line(&headers, line, 1000));
		total += 1000;
	}
	/* A status line does not begin a new count. */
	assert_true(http_headers_line(&headers, "HTTP/1.1 200 OK\r\n", 17));
	assert_false(http_headers_line(&headers, line, HTTP_HEADERS_TOTAL_MAX - total - 17 + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_interim_response_is_forgotten),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_freshness),
		cmocka_unit_test(test_maxima),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
