/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_exchange: how libcurl is told our rules, and what its end means.
 *
 * What libcurl leaves to its user, and is done here: it bounds a body only by what
 * the server announces, so the decoded bytes are counted where they arrive;
 * OPENSOCKETFUNCTION is not called for a connection that is used again, so the
 * address rules are applied in PREREQFUNCTION too; and unset, the proxy comes from
 * the environment.
 */
#include "http_exchange.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/http_address.h"
#include "resetguard/time.h"

enum {
	BODY_FIRST = 8 * 1024, /* ordinary replies fit */
	BODY_KEPT = 64 * 1024, /* a larger buffer is not kept for the next exchange */
};

/* --------------------------------------------------- what libcurl calls back */

static bool exchange_may_use(struct http_exchange *exchange, const char *address, bool public)
{
	/* The address of a proxy is the operator's choice. */
	if (public || exchange->options->allow_private_addresses ||
	    exchange->options->proxy != NULL)
		return true;
	snprintf(exchange->refused, sizeof(exchange->refused), "%s", address);
	return false;
}

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
				    struct curl_sockaddr *address)
{
	struct http_exchange *exchange = context;
	char text[64] = "an address of an unknown family";
	int fd;

	(void)purpose;
	if (address->family == AF_INET || address->family == AF_INET6)
		(void)getnameinfo(&address->addr, address->addrlen, text, sizeof(text), NULL, 0,
				  NI_NUMERICHOST);
	if (!exchange_may_use(exchange, text, http_address_is_public(&address->addr)))
		return CURL_SOCKET_BAD;
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_before_request(void *context, char *remote_address, char *local_address,
			     int remote_port, int local_port)
{
	(void)local_address;
	(void)remote_port;
	(void)local_port;
	return exchange_may_use(context, remote_address,
				http_address_text_is_public(remote_address))
		       ? CURL_PREREQFUNC_OK
		       : CURL_PREREQFUNC_ABORT;
}

static size_t on_header(char *line, size_t one, size_t length, void *context)
{
	struct http_exchange *exchange = context;

	(void)one;
	if (http_headers_line(&exchange->headers, line, length))
		return length;
	exchange->too_large = true;
	return 0;
}

static bool body_reserve(struct http_exchange *exchange, size_t size)
{
	size_t capacity = exchange->capacity != 0 ? exchange->capacity : BODY_FIRST;
	char *body;

	if (size <= exchange->capacity)
		return true;
	while (capacity < size)
		capacity *= 2;
	body = realloc(exchange->body, capacity);
	if (body == NULL)
		return false;
	exchange->body = body;
	exchange->capacity = capacity;
	return true;
}

static size_t on_body(char *data, size_t one, size_t length, void *context)
{
	struct http_exchange *exchange = context;
	struct http_reply *reply = &exchange->reply;

	(void)one;
	if (length > exchange->options->max_reply - reply->length) {
		exchange->too_large = true;
		return 0;
	}
	if (!body_reserve(exchange, reply->length + length + 1)) {
		exchange->no_memory = true;
		return 0;
	}
	memcpy(exchange->body + reply->length, data, length);
	reply->length += length;
	return length;
}

/* ------------------------------------------------------------ one exchange */

static bool easy_set_up(struct http_exchange *exchange)
{
	const struct http_options *options = exchange->options;
	CURL *easy = exchange->easy;
	CURLcode code = CURLE_OK;

#define SET(option, value) code = code != CURLE_OK ? code : curl_easy_setopt(easy, option, value)
	SET(CURLOPT_PRIVATE, exchange);
	SET(CURLOPT_ERRORBUFFER, exchange->error);
	SET(CURLOPT_USERAGENT, "resetguard/" PACKAGE_VERSION " (RDAP client)");
	SET(CURLOPT_PROTOCOLS_STR, options->allow_http ? "https,http" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_PROXY, options->proxy != NULL ? options->proxy : "");
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)options->timeout_ms);
	SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)options->max_reply);
	SET(CURLOPT_ACCEPT_ENCODING, "");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_PIPEWAIT, 1L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(CURLOPT_OPENSOCKETDATA, exchange);
	SET(CURLOPT_PREREQFUNCTION, on_before_request);
	SET(CURLOPT_PREREQDATA, exchange);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, exchange);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, exchange);
	if (options->ca_file != NULL) {
		SET(CURLOPT_CAINFO, options->ca_file);
		SET(CURLOPT_CAPATH, NULL);
	}
#undef SET
	return code == CURLE_OK;
}

static enum http_failure failure_of(const struct http_exchange *exchange, CURLcode code)
{
	if (code == CURLE_OK)
		return HTTP_DONE;
	if (exchange->too_large)
		return HTTP_TOO_LARGE;
	if (exchange->no_memory)
		return HTTP_OTHER;
	/* libcurl's codes are many and grow; what is not named here is HTTP_OTHER. */
	switch ((int)code) {
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return HTTP_BAD_URL;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTP_CANNOT_RESOLVE;
	case CURLE_COULDNT_CONNECT:
	case CURLE_ABORTED_BY_CALLBACK:
		return exchange->refused[0] != '\0' ? HTTP_FORBIDDEN_ADDRESS : HTTP_CANNOT_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_SHUTDOWN_FAILED:
		return HTTP_TLS;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMEOUT;
	case CURLE_FILESIZE_EXCEEDED:
		return HTTP_TOO_LARGE;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_WRITE_ERROR:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return HTTP_BROKEN_OFF;
	default:
		return HTTP_OTHER;
	}
}

static void explain(struct http_exchange *exchange, CURLcode code)
{
	struct http_reply *reply = &exchange->reply;
	const struct http_options *options = exchange->options;
	const char *text = exchange->error[0] != '\0' ? exchange->error : curl_easy_strerror(code);
	/* OpenSSL says no more of the certificates than that it could not take them, and
	 * libcurl not always by the code for it. */
	bool untaken = code == CURLE_SSL_CACERT_BADFILE ||
		       strncmp(text, "error setting certificate", 25) == 0;
	const char *causes =
		untaken ? ": it cannot be read, has no certificate, or memory ran out" : "";

	/* No default: a new kind of failure must be given its words. */
	switch (reply->failure) {
	case HTTP_DONE:
		break;
	case HTTP_FORBIDDEN_ADDRESS:
		(void)err_why(ERR_DATA, &reply->why,
			      "%s: leads to %s, which is not a public address", reply->host,
			      exchange->refused);
		break;
	case HTTP_TIMEOUT:
		(void)err_why(ERR_IO, &reply->why, "%s: no whole answer within %lld ms",
			      reply->host, (long long)options->timeout_ms);
		break;
	case HTTP_TOO_LARGE:
		if (exchange->headers.total > HTTP_HEADERS_TOTAL_MAX)
			(void)err_why(ERR_IO, &reply->why,
				      "%s: response headers of more than %d bytes", reply->host,
				      HTTP_HEADERS_TOTAL_MAX);
		else
			(void)err_why(ERR_IO, &reply->why, "%s: a reply of more than %llu bytes",
				      reply->host, (unsigned long long)options->max_reply);
		break;
	case HTTP_BAD_URL:
	case HTTP_CANNOT_RESOLVE:
	case HTTP_CANNOT_CONNECT:
	case HTTP_TLS:
	case HTTP_BROKEN_OFF:
	case HTTP_OTHER:
		(void)err_why(ERR_IO, &reply->why, "%s: %s: %s%s", reply->host,
			      http_failure_text(reply->failure), text, causes);
		break;
	}
}

static void reset_reply(struct http_exchange *exchange, void *tag)
{
	http_headers_init(&exchange->headers);
	memset(&exchange->reply, 0, sizeof(exchange->reply));
	exchange->reply.tag = tag;
	exchange->too_large = false;
	exchange->no_memory = false;
	exchange->refused[0] = '\0';
	exchange->error[0] = '\0';
}

static bool url_may_be_asked(struct http_exchange *exchange, const char *url)
{
	const struct http_options *options = exchange->options;
	struct http_reply *reply = &exchange->reply;
	enum err err = http_url_host(url, options->allow_http, reply->host, &reply->why);

	if (err != ERR_OK) {
		reply->failure = err == ERR_DATA ? HTTP_BAD_URL : HTTP_OTHER;
		return false;
	}
	if (!options->allow_private_addresses && http_address_is_literal(reply->host) &&
	    !http_address_text_is_public(reply->host)) {
		(void)err_why(ERR_DATA, &reply->why, "%s: not a public address", reply->host);
		reply->failure = HTTP_FORBIDDEN_ADDRESS;
		return false;
	}
	return true;
}

/* The handle may have done the other last. */
static bool easy_set_method(CURL *easy, struct bytes body)
{
	if (body.data == NULL)
		return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.length) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body.data) == CURLE_OK;
}

static bool easy_prepare(struct http_exchange *exchange, const char *url, struct bytes body)
{
	if (exchange->easy == NULL) {
		exchange->easy = curl_easy_init();
		if (exchange->easy != NULL && !easy_set_up(exchange)) {
			curl_easy_cleanup(exchange->easy);
			exchange->easy = NULL;
		}
	}
	return exchange->easy != NULL && body_reserve(exchange, 1) &&
	       easy_set_method(exchange->easy, body) &&
	       curl_easy_setopt(exchange->easy, CURLOPT_URL, url) == CURLE_OK &&
	       curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->request_headers) ==
		       CURLE_OK;
}

bool http_exchange_begin(struct http_exchange *exchange, CURLM *multi, const char *url,
			 struct curl_slist *headers, struct bytes body, void *tag)
{
	struct http_reply *reply = &exchange->reply;
	CURLMcode added;

	reset_reply(exchange, tag);
	exchange->request_headers = headers;
	if (!url_may_be_asked(exchange, url))
		return false;
	reply->failure = HTTP_OTHER;
	if (!easy_prepare(exchange, url, body)) {
		(void)err_why(ERR_NO_MEMORY, &reply->why, "%s: no memory for a request",
			      reply->host);
		return false;
	}
	added = curl_multi_add_handle(multi, exchange->easy);
	if (added != CURLM_OK) {
		(void)err_why(ERR_IO, &reply->why, "%s: %s", reply->host,
			      curl_multi_strerror(added));
		return false;
	}
	return true;
}

void http_exchange_reset(struct http_exchange *exchange)
{
	curl_slist_free_all(exchange->request_headers);
	exchange->request_headers = NULL;
	if (exchange->capacity > BODY_KEPT) {
		free(exchange->body);
		exchange->body = NULL;
		exchange->capacity = 0;
	}
}

void http_exchange_free(struct http_exchange *exchange)
{
	curl_easy_cleanup(exchange->easy);
	curl_slist_free_all(exchange->request_headers);
	free(exchange->body);
}

void http_exchange_complete(struct http_exchange *exchange, CURLcode code)
{
	struct http_reply *reply = &exchange->reply;
	long status = 0;
	char *location = NULL;

	reply->failure = failure_of(exchange, code);
	explain(exchange, code);
	if (code != CURLE_OK) {
		reply->length = 0;
		return;
	}
	(void)curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &location);
	reply->status = (int)status;
	if (location != NULL && strlen(location) < sizeof(reply->location))
		strcpy(reply->location, location);
	memcpy(reply->content_type, exchange->headers.content_type, sizeof(reply->content_type));
	memcpy(reply->etag, exchange->headers.etag, sizeof(reply->etag));
	reply->date = exchange->headers.date;
	reply->expires_in = http_headers_expires_in(&exchange->headers);
	reply->retry_after = http_headers_retry_after(&exchange->headers, time_now());
}

const char *http_failure_text(enum http_failure failure)
{
	switch (failure) {
	case HTTP_DONE:
		return "done";
	case HTTP_BAD_URL:
		return "not a URL to follow";
	case HTTP_FORBIDDEN_ADDRESS:
		return "not a public address";
	case HTTP_CANNOT_RESOLVE:
		return "cannot be resolved";
	case HTTP_CANNOT_CONNECT:
		return "cannot connect";
	case HTTP_TLS:
		return "TLS failed";
	case HTTP_TIMEOUT:
		return "timed out";
	case HTTP_TOO_LARGE:
		return "too large";
	case HTTP_BROKEN_OFF:
		return "broken off";
	case HTTP_OTHER:
		return "failed";
	}
	return "failed";
}
