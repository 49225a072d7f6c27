/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http: many requests at once over one libcurl multi handle.
 *
 * What a hostile or broken server may do is bounded here: only https (unless
 * allow_http), only public addresses (unless allow_private_addresses; checked
 * for new and for reused connections), no redirects followed (the caller sees
 * them and decides), decoded bodies counted against max_reply while they arrive,
 * a time limit for the whole exchange, no proxy but the one asked for, no
 * cookies, no credentials from a URL.
 *
 * With a proxy the addresses behind names are the proxy's to resolve and to
 * refuse; only an address written in the URL itself is still judged here.
 *
 * One thread. Pull style: http_start queues, http_next waits for one to end. At
 * most jobs exchanges run at the same time, and one's time limit begins only
 * when it runs. While one struct http is open the process ignores SIGPIPE.
 */
#ifndef RESETGUARD_HTTP_H
#define RESETGUARD_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/wire.h"

enum {
	HTTP_URL_MAX = 2048,
	HTTP_HEADER_MAX = 1024,		/* of one header value that is kept */
	HTTP_HEADERS_TOTAL_MAX = 65536, /* of all response headers together */
};

struct http_options {
	bool allow_http;
	bool allow_private_addresses;
	const char *ca_file; /* NULL: the system's */
	const char *proxy;   /* NULL: none, whatever the environment says */
	uint64_t max_reply;  /* bytes of decoded body */
	int64_t timeout_ms;  /* of one whole exchange, from its connect on */
	unsigned jobs;	     /* exchanges, and connections, at the same time; at least 1 */
};

enum http_failure {
	HTTP_DONE = 0,		/* there is a status and a whole body */
	HTTP_BAD_URL,		/* not https, no host, too long, credentials */
	HTTP_FORBIDDEN_ADDRESS, /* the name leads to an address that is not public */
	HTTP_CANNOT_RESOLVE,
	HTTP_CANNOT_CONNECT,
	HTTP_TLS, /* certificate or handshake */
	HTTP_TIMEOUT,
	HTTP_TOO_LARGE,	 /* body over max_reply, or headers over their maximum */
	HTTP_BROKEN_OFF, /* fewer bytes than announced, reset, bad encoding */
	HTTP_OTHER,
};

struct http_reply {
	void *tag; /* as given to http_start */
	enum http_failure failure;
	int status;	  /* 0 unless HTTP_DONE */
	const char *body; /* owned by http until the next http_next; NUL after length */
	size_t length;
	char host[DOMAIN_MAX + 1]; /* of the URL, lower case; "" for HTTP_BAD_URL */
	char content_type[HTTP_HEADER_MAX];
	char location[HTTP_HEADER_MAX]; /* of a 3xx, made absolute; "" if none */
	char etag[HTTP_HEADER_MAX];
	int64_t date;	     /* of the answer's Date field; 0: none */
	int64_t expires_in;  /* freshness from Cache-Control or Expires, seconds; 0: none */
	int64_t retry_after; /* seconds from now; 0: none */
	struct why why;	     /* one line: what went wrong, with the host */
};

struct http;

MUST_CHECK enum err http_open(const struct http_options *options, struct http **http,
			      struct why *why);
/* Aborts what is under way. */
void http_close(struct http *http);

/* Queues a GET. headers is a NULL-terminated array of "Name: value" or NULL;
 * url and headers are copied. Even a URL that is refused comes back through http_next. */
MUST_CHECK enum err http_start(struct http *http, const char *url, const char *const *headers,
			       void *tag);

/* Queues a POST of body, which is copied too. The headers are to name its type. */
MUST_CHECK enum err http_post(struct http *http, const char *url, const char *const *headers,
			      struct bytes body, void *tag);

/* How many were started and not yet taken with http_next. */
unsigned http_pending(const struct http *http);

/* Lets http_next return, with ERR_NOT_FOUND, also when descriptor becomes readable. */
void http_watch(struct http *http, int descriptor);

/* Waits until a request has ended or timeout_ms (-1: none) has passed, also where
 * none is pending. ERR_NOT_FOUND: nothing ended in time. */
MUST_CHECK enum err http_next(struct http *http, int timeout_ms, struct http_reply *reply);

const char *http_failure_text(enum http_failure failure);

/* Whether url is one that http_start would follow: absolute, https (or http if
 * allowed), without credentials; and its host, lower case, an IPv6 address without
 * its brackets. ERR_DATA. Pure. */
MUST_CHECK enum err http_url_host(const char *url, bool allow_http, char host[DOMAIN_MAX + 1],
				  struct why *why);

#endif
