/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_exchange: one request and its reply over one easy handle of libcurl, which
 * is used again for the next. http owns them and says when.
 */
#ifndef RESETGUARD_HTTP_EXCHANGE_H
#define RESETGUARD_HTTP_EXCHANGE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "resetguard/http.h"
#include "resetguard/http_headers.h"

struct http_exchange {
	struct http_exchange *next; /* in http's lists */
	const struct http_options *options;
	CURL *easy; /* NULL until the first request */
	struct curl_slist *request_headers;
	struct http_headers headers;
	struct http_reply reply;
	char *body;
	size_t capacity;
	bool too_large;
	bool no_memory;
	char refused[64]; /* the address that is not public; "" if none was met */
	char error[CURL_ERROR_SIZE];
};

/* Hands a request to libcurl and takes its headers over. body.data NULL: a GET;
 * else a POST of it. False: it has ended already, and reply says how. */
bool http_exchange_begin(struct http_exchange *exchange, CURLM *multi, const char *url,
			 struct curl_slist *headers, struct bytes body, void *tag);
/* libcurl is done with it: fills reply. */
void http_exchange_complete(struct http_exchange *exchange, CURLcode code);
/* Ready for the next request; reply is gone. */
void http_exchange_reset(struct http_exchange *exchange);
/* What the exchange holds, but not itself. */
void http_exchange_free(struct http_exchange *exchange);

#endif
