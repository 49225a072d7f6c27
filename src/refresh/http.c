/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http: the queue, and the exchanges under way.
 *
 * libcurl's own queue counts against a transfer's time limit, so no more
 * transfers are handed to it than may run, and the others wait here. Easy handles,
 * and reply buffers of ordinary size, are kept and used again.
 */
#include "resetguard/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http_exchange.h"
#include "resetguard/time.h"

enum {
	POLL_MAX_MS = 60 * 1000,
	STREAMS_MAX = 100, /* exchanges on one HTTP/2 connection */
};

/* Waits its turn. */
struct request {
	struct request *next;
	void *tag;
	struct curl_slist *headers;
	struct bytes body; /* to be posted; data NULL: a GET. Lies behind url */
	char url[];	   /* NUL-terminated */
};

struct http {
	CURLM *multi;
	struct http_options options; /* strings are the copies below */
	char *ca_file;
	char *proxy;
	struct request *queue_first;
	struct request **queue_end;
	struct http_exchange *exchanges; /* options.jobs of them */
	struct http_exchange *idle;
	struct http_exchange *ended_first;
	struct http_exchange **ended_end;
	struct http_exchange *lent; /* whose body the caller may still read */
	unsigned pending;
	int watched; /* a descriptor that ends a wait; -1: none */
	struct sigaction sigpipe;
	bool sigpipe_saved;
};

static enum err copy_options(struct http *http, const struct http_options *options)
{
	http->options = *options;
	http->options.ca_file = NULL;
	http->options.proxy = NULL;
	if (http->options.jobs == 0)
		http->options.jobs = 1;
	if (options->ca_file != NULL) {
		http->ca_file = strdup(options->ca_file);
		if (http->ca_file == NULL)
			return ERR_NO_MEMORY;
		http->options.ca_file = http->ca_file;
	}
	if (options->proxy != NULL && options->proxy[0] != '\0') {
		http->proxy = strdup(options->proxy);
		if (http->proxy == NULL)
			return ERR_NO_MEMORY;
		http->options.proxy = http->proxy;
	}
	return ERR_OK;
}

/* With NOSIGNAL libcurl leaves SIGPIPE alone, and a TLS connection that the
 * server has closed would end the process. */
static void ignore_sigpipe(struct http *http)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigemptyset(&ignore.sa_mask);
	http->sigpipe_saved = sigaction(SIGPIPE, &ignore, &http->sigpipe) == 0;
}

enum err http_open(const struct http_options *options, struct http **http, struct why *why)
{
	struct http *new = NULL;
	bool global = false;
	enum err err = ERR_NO_MEMORY;

	if (options->ca_file != NULL && access(options->ca_file, R_OK) != 0)
		return err_why_errno(errno, why, "ca_file %s", options->ca_file);
	global = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	if (!global)
		goto fail;
	new = calloc(1, sizeof(*new));
	if (new == NULL)
		goto fail;
	new->watched = -1;
	new->queue_end = &new->queue_first;
	new->ended_end = &new->ended_first;
	err = copy_options(new, options);
	if (err != ERR_OK)
		goto fail;
	err = ERR_NO_MEMORY;
	new->exchanges = calloc(new->options.jobs, sizeof(*new->exchanges));
	new->multi = curl_multi_init();
	if (new->exchanges == NULL || new->multi == NULL)
		goto fail;
	for (unsigned i = new->options.jobs; i-- > 0;) {
		new->exchanges[i].options = &new->options;
		new->exchanges[i].next = new->idle;
		new->idle = &new->exchanges[i];
	}
	(void)curl_multi_setopt(new->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	(void)curl_multi_setopt(new->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)STREAMS_MAX);
	(void)curl_multi_setopt(new->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
				(long)new->options.jobs);
	ignore_sigpipe(new);
	*http = new;
	return ERR_OK;
fail:
	if (new != NULL) {
		if (new->multi != NULL)
			curl_multi_cleanup(new->multi);
		free(new->exchanges);
		free(new->ca_file);
		free(new->proxy);
		free(new);
	}
	if (global)
		curl_global_cleanup();
	return err_why(err, why, "cannot set libcurl up: %s", err_text(err));
}

static void request_free(struct request *request)
{
	curl_slist_free_all(request->headers);
	free(request);
}

void http_close(struct http *http)
{
	if (http == NULL)
		return;
	while (http->queue_first != NULL) {
		struct request *request = http->queue_first;

		http->queue_first = request->next;
		request_free(request);
	}
	for (unsigned i = 0; i < http->options.jobs; i++) {
		struct http_exchange *exchange = &http->exchanges[i];

		if (exchange->easy != NULL)
			(void)curl_multi_remove_handle(http->multi, exchange->easy);
		http_exchange_free(exchange);
	}
	curl_multi_cleanup(http->multi);
	if (http->sigpipe_saved)
		(void)sigaction(SIGPIPE, &http->sigpipe, NULL);
	free(http->exchanges);
	free(http->ca_file);
	free(http->proxy);
	free(http);
	curl_global_cleanup();
}

static enum err queue(struct http *http, const char *url, const char *const *headers,
		      struct bytes body, void *tag)
{
	/* One that is too long is refused with the others, and need not be kept whole. */
	size_t length = strnlen(url, HTTP_URL_MAX);
	struct request *request = calloc(1, sizeof(*request) + length + 1 + body.length);

	if (request == NULL)
		return ERR_NO_MEMORY;
	memcpy(request->url, url, length);
	request->tag = tag;
	if (body.data != NULL) {
		memcpy(request->url + length + 1, body.data, body.length);
		request->body = (struct bytes){request->url + length + 1, body.length};
	}
	for (; headers != NULL && *headers != NULL; headers++) {
		struct curl_slist *list = curl_slist_append(request->headers, *headers);

		if (list == NULL) {
			request_free(request);
			return ERR_NO_MEMORY;
		}
		request->headers = list;
	}
	*http->queue_end = request;
	http->queue_end = &request->next;
	http->pending++;
	return ERR_OK;
}

enum err http_start(struct http *http, const char *url, const char *const *headers, void *tag)
{
	return queue(http, url, headers, (struct bytes){NULL, 0}, tag);
}

enum err http_post(struct http *http, const char *url, const char *const *headers,
		   struct bytes body, void *tag)
{
	return queue(http, url, headers, body, tag);
}

void http_watch(struct http *http, int descriptor)
{
	http->watched = descriptor;
}

unsigned http_pending(const struct http *http)
{
	return http->pending;
}

static void exchange_ended(struct http *http, struct http_exchange *exchange)
{
	exchange->next = NULL;
	*http->ended_end = exchange;
	http->ended_end = &exchange->next;
}

static void start_queued(struct http *http)
{
	while (http->idle != NULL && http->queue_first != NULL) {
		struct http_exchange *exchange = http->idle;
		struct request *request = http->queue_first;

		http->idle = exchange->next;
		http->queue_first = request->next;
		if (http->queue_first == NULL)
			http->queue_end = &http->queue_first;
		if (!http_exchange_begin(exchange, http->multi, request->url, request->headers,
					 request->body, request->tag))
			exchange_ended(http, exchange);
		request->headers = NULL;
		request_free(request);
	}
}

static void collect_ended(struct http *http)
{
	for (;;) {
		int left;
		CURLMsg *message = curl_multi_info_read(http->multi, &left);
		struct http_exchange *exchange;
		char *private;

		if (message == NULL)
			return;
		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
		exchange = (void *)private;
		http_exchange_complete(exchange, message->data.result);
		/* The message is gone with this. */
		(void)curl_multi_remove_handle(http->multi, exchange->easy);
		exchange_ended(http, exchange);
	}
}

static void lend(struct http *http, struct http_reply *reply)
{
	struct http_exchange *exchange = http->ended_first;

	http->ended_first = exchange->next;
	if (http->ended_first == NULL)
		http->ended_end = &http->ended_first;
	http->pending--;
	http->lent = exchange;
	if (exchange->body != NULL)
		exchange->body[exchange->reply.length] = '\0';
	exchange->reply.body = exchange->body != NULL ? exchange->body : "";
	*reply = exchange->reply;
}

enum err http_next(struct http *http, int timeout_ms, struct http_reply *reply)
{
	int64_t deadline = timeout_ms < 0 ? INT64_MAX : time_monotonic_ms() + timeout_ms;
	struct curl_waitfd watched = {.fd = http->watched, .events = CURL_WAIT_POLLIN};

	if (http->lent != NULL) {
		http_exchange_reset(http->lent);
		http->lent->next = http->idle;
		http->idle = http->lent;
		http->lent = NULL;
	}
	for (;;) {
		int running;
		int64_t left;

		start_queued(http);
		if (http->ended_first != NULL) {
			lend(http, reply);
			return ERR_OK;
		}
		if (curl_multi_perform(http->multi, &running) != CURLM_OK)
			return ERR_IO;
		collect_ended(http);
		if (http->ended_first != NULL)
			continue;
		left = deadline - time_monotonic_ms();
		if (left <= 0)
			return ERR_NOT_FOUND;
		watched.revents = 0;
		if (curl_multi_poll(http->multi, &watched, http->watched >= 0 ? 1 : 0,
				    left < POLL_MAX_MS ? (int)left : POLL_MAX_MS, NULL) != CURLM_OK)
			return ERR_IO;
		if (watched.revents != 0)
			return ERR_NOT_FOUND;
	}
}
