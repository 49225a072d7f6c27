/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_headers: the fields of a response's head that matter here, line by line
 * as they arrive (RFC 9110, 9111). Pure; every value has its maximum, and one
 * beyond it counts as absent.
 */
#ifndef RESETGUARD_HTTP_HEADERS_H
#define RESETGUARD_HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/http.h"

enum {
	HTTP_SECONDS_MAX = 366 * 86400, /* of a freshness or a Retry-After: a longer one is cut */
};

struct http_headers {
	size_t total; /* bytes of all lines, interim responses included */
	char content_type[HTTP_HEADER_MAX];
	char etag[HTTP_HEADER_MAX];
	int64_t date;
	int64_t expires;
	int64_t age;
	int64_t max_age; /* -1: not said */
	bool no_store;	 /* no-store or no-cache */
	int64_t retry_after_seconds;
	int64_t retry_after_date;
};

void http_headers_init(struct http_headers *headers);

/* One line, its end included; a status line forgets the fields before it. False
 * once the lines together are longer than HTTP_HEADERS_TOTAL_MAX. */
bool http_headers_line(struct http_headers *headers, const char *line, size_t length);

/* Seconds for which the response stays fresh; 0: not said, or not at all. */
int64_t http_headers_expires_in(const struct http_headers *headers);

/* Seconds to wait; a date counts from the response's own Date, so that two
 * clocks need not agree, and from now where it has none. 0: not said. */
int64_t http_headers_retry_after(const struct http_headers *headers, int64_t now);

#endif
