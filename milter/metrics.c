/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics: /metrics and /healthz over HTTP. */
#include "metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"
#include "metrics_page.h"
#include "resetguard/cache.h"
#include "resetguard/time.h"
#include "survey.h"

enum { BACKLOG = 16, HOST_MAX = 256 };

/* A place to serve at. */
struct place {
	int fd;	    /* -1: none */
	char *name; /* as in conf */
};

struct metrics {
	const struct session_office *office;
	struct survey *survey; /* from the first time that something is served */
	struct place bound;    /* and not served yet */
	char *served;	       /* the name of the place; NULL: none */
	struct MHD_Daemon *server;
	int64_t started_at;
	_Atomic int64_t loaded_at;
	atomic_bool reload_failed;
};

/* ---- what is answered: the server's thread ---- */

static enum err visit_due(void *context, const struct domain *domain, int64_t due_at)
{
	int64_t *first = context;

	(void)domain;
	*first = due_at;
	return ERR_NOT_FOUND;
}

/* Of the check that is due first; 0: there is none, or the cache cannot tell. */
static int64_t look_at_due(struct cache *cache)
{
	struct cache_txn *txn;
	int64_t due_at = 0;

	if (cache_read_begin(cache, time_monotonic_ms(), &txn) != ERR_OK)
		return 0;
	if (cache_each_due(txn, TIME_MAX, visit_due, &due_at) != ERR_OK)
		due_at = 0;
	cache_read_end(txn);
	return due_at;
}

/* Whether a message could be judged now. */
static bool is_cache_usable(struct cache *cache, struct why *why)
{
	struct cache_txn *txn;

	if (cache_read_begin(cache, time_monotonic_ms(), &txn) == ERR_OK) {
		cache_read_end(txn);
		return true;
	}
	if (cache_status(cache, why) == ERR_OK)
		(void)err_why(ERR_BUSY, why, "it is being opened");
	return false;
}

static struct metrics_page look_around(const struct metrics *metrics, const struct world *world)
{
	const struct session_office *office = metrics->office;
	struct cache *cache = worlds_cache(office->worlds);

	return (struct metrics_page){
		.counters = office->counters,
		.version = PACKAGE_VERSION,
		.mode = world->conf->mode,
		.started_at = metrics->started_at,
		.loaded_at = atomic_load(&metrics->loaded_at),
		.reload_failed = atomic_load(&metrics->reload_failed),
		.is_draining = traffic_is_draining(office->traffic),
		.open_transactions = traffic_open_count(office->traffic),
		.cache_usable = is_cache_usable(cache, NULL),
		.due_at = look_at_due(cache),
		.survey = survey_result(metrics->survey),
	};
}

/* The caller frees. NULL: no memory. */
static char *make_page(const struct metrics *metrics, size_t *length)
{
	const struct world *world = NULL;
	struct metrics_page page;
	char *text = NULL;
	FILE *stream = open_memstream(&text, length);
	bool failed;

	if (stream == NULL)
		return NULL;
	world_renew(metrics->office->worlds, &world);
	page = look_around(metrics, world);
	page.has_wanted = wanted_count(world->wanted, time_monotonic_ms(), &page.wanted) == ERR_OK;
	world_release(world);
	metrics_page_write(&page, stream);
	failed = ferror(stream) != 0;
	if (fclose(stream) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}

/* text is copied, or, if it is to be freed, taken. */
static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned status, char *text,
				 size_t length, enum MHD_ResponseMemoryMode memory,
				 const char *type, const char *allow)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(length, text, memory);
	enum MHD_Result result;

	if (response == NULL) {
		if (memory == MHD_RESPMEM_MUST_FREE)
			free(text);
		return MHD_NO;
	}
	result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (result == MHD_YES && allow != NULL)
		result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
	if (result == MHD_YES)
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result send_words(struct MHD_Connection *connection, unsigned status,
				  const char *words, const char *allow)
{
	char text[WHY_MAX + 64];
	int length = snprintf(text, sizeof text, "%s\n", words);

	return send_text(connection, status, text, (size_t)length, MHD_RESPMEM_MUST_COPY,
			 "text/plain; charset=utf-8", allow);
}

static enum MHD_Result send_page(const struct metrics *metrics, struct MHD_Connection *connection)
{
	size_t length = 0;
	char *text = make_page(metrics, &length);

	if (text == NULL)
		return send_words(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory", NULL);
	return send_text(connection, MHD_HTTP_OK, text, length, MHD_RESPMEM_MUST_FREE,
			 metrics_page_content_type, NULL);
}

static enum MHD_Result send_health(const struct metrics *metrics, struct MHD_Connection *connection)
{
	const struct session_office *office = metrics->office;
	char words[WHY_MAX + 32];
	struct why why = {""};

	if (traffic_is_draining(office->traffic))
		return send_words(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "about to stop", NULL);
	if (!is_cache_usable(worlds_cache(office->worlds), &why)) {
		snprintf(words, sizeof words, "the cache cannot be used: %s", why.text);
		return send_words(connection, MHD_HTTP_SERVICE_UNAVAILABLE, words, NULL);
	}
	return send_words(connection, MHD_HTTP_OK, "ok", NULL);
}

/* Nothing of what is asked is repeated or logged. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **state)
{
	const struct metrics *metrics = context;

	(void)version;
	(void)upload;
	(void)upload_size;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_words(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET or HEAD",
				  "GET, HEAD");
	if (strcmp(url, "/metrics") == 0)
		return send_page(metrics, connection);
	if (strcmp(url, "/healthz") == 0)
		return send_health(metrics, connection);
	return send_words(connection, MHD_HTTP_NOT_FOUND, "/metrics or /healthz", NULL);
}

/* ---- places ---- */

static void leave(struct place *place)
{
	if (place->fd >= 0)
		close(place->fd);
	free(place->name);
	*place = (struct place){.fd = -1};
}

/* fd is closed on failure. */
static enum err bind_to(int fd, const struct sockaddr *address, socklen_t length, const char *name,
			struct why *why)
{
	int failed;

	if (bind(fd, address, length) == 0 && listen(fd, BACKLOG) == 0)
		return ERR_OK;
	failed = errno;
	close(fd);
	return err_why_errno(failed, why, "metrics: cannot listen on %s", name);
}

static enum err take_unix(const struct conf *conf, uid_t owner, const char *path, int *fd,
			  struct why *why)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct listen_key key = {"metrics", conf->metrics};
	enum err err = listen_check(conf, &key, why);

	if (err != ERR_OK)
		return err;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return err_why_errno(errno, why, "metrics: %s", conf->metrics);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	(void)unlink(path);	 /* nobody listens on it */
	(void)fchmod(*fd, 0600); /* what bind gives the file, until it is handed over */
	err = bind_to(*fd, (struct sockaddr *)&address, sizeof address, conf->metrics, why);
	if (err != ERR_OK)
		return err;
	err = listen_hand_over(conf, &key, owner, why);
	if (err != ERR_OK)
		close(*fd);
	return err;
}

/* ADDRESS:PORT, with brackets about an IPv6 address. */
static enum err resolve(const char *name, struct addrinfo **found, struct why *why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	const char *colon = strrchr(name, ':');
	const char *begin = name[0] == '[' ? name + 1 : name;
	size_t length = (size_t)(colon - begin) - (name[0] == '[' ? 1 : 0);
	char host[HOST_MAX];
	int failed;

	snprintf(host, sizeof host, "%.*s", (int)length, begin);
	failed = getaddrinfo(host, colon + 1, &hints, found);
	if (failed != 0)
		return err_why(ERR_CANNOT_CREATE, why, "metrics: %s: %s", name,
			       gai_strerror(failed));
	return ERR_OK;
}

static enum err take_tcp(const char *name, int *fd, struct why *why)
{
	struct addrinfo *found;
	const int on = 1;
	enum err err = resolve(name, &found, why);

	if (err != ERR_OK)
		return err;
	*fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0) {
		err = err_why_errno(errno, why, "metrics: %s", name);
	} else {
		(void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		err = bind_to(*fd, found->ai_addr, found->ai_addrlen, name, why);
	}
	freeaddrinfo(found);
	return err;
}

static enum err take(const struct conf *conf, uid_t owner, struct place *place, struct why *why)
{
	static const char prefix[] = "unix:";
	bool is_unix = strncmp(conf->metrics, prefix, sizeof prefix - 1) == 0;
	struct place taken = {.name = strdup(conf->metrics)};
	enum err err;

	if (taken.name == NULL)
		return err_why(ERR_NO_MEMORY, why, "metrics: no memory");
	err = is_unix ? take_unix(conf, owner, conf->metrics + sizeof prefix - 1, &taken.fd, why)
		      : take_tcp(conf->metrics, &taken.fd, why);
	if (err == ERR_OK)
		*place = taken;
	else
		free(taken.name);
	return err;
}

/* ---- serving ---- */

static void stop_serving(struct metrics *metrics)
{
	if (metrics->server == NULL)
		return;
	MHD_stop_daemon(metrics->server); /* closes the socket */
	metrics->server = NULL;
	listen_remove(metrics->served);
	free(metrics->served);
	metrics->served = NULL;
}

/* Takes place over, whatever comes of it. */
static enum err serve(struct metrics *metrics, struct place *place, struct why *why)
{
	struct MHD_Daemon *server;

	if (metrics->survey == NULL &&
	    survey_open(metrics->office->worlds, &metrics->survey, why) != ERR_OK) {
		leave(place);
		return ERR_NO_MEMORY;
	}
	errno = 0;
	server = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, answer, metrics,
				  MHD_OPTION_LISTEN_SOCKET, place->fd, MHD_OPTION_CONNECTION_LIMIT,
				  (unsigned)METRICS_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
				  (unsigned)METRICS_TIMEOUT, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				  (size_t)METRICS_REQUEST_MAX, MHD_OPTION_END);
	if (server == NULL) {
		enum err err =
			err_why_errno(errno, why, "metrics: cannot serve on %s", place->name);

		leave(place);
		return err;
	}
	stop_serving(metrics);
	metrics->server = server;
	metrics->served = place->name;
	*place = (struct place){.fd = -1};
	return ERR_OK;
}

enum err metrics_open(const struct session_office *office, int64_t now, struct metrics **metrics)
{
	struct metrics *opened = calloc(1, sizeof *opened);

	if (opened == NULL)
		return ERR_NO_MEMORY;
	opened->office = office;
	opened->bound.fd = -1;
	opened->started_at = now;
	atomic_init(&opened->loaded_at, now);
	*metrics = opened;
	return ERR_OK;
}

void metrics_close(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	stop_serving(metrics);
	leave(&metrics->bound);
	survey_close(metrics->survey);
	free(metrics);
}

enum err metrics_bind(struct metrics *metrics, const struct conf *conf, uid_t owner,
		      struct why *why)
{
	return conf->metrics == NULL ? ERR_OK : take(conf, owner, &metrics->bound, why);
}

enum err metrics_serve(struct metrics *metrics, struct why *why)
{
	return metrics->bound.fd < 0 ? ERR_OK : serve(metrics, &metrics->bound, why);
}

enum err metrics_move(struct metrics *metrics, const struct conf *conf, struct why *why)
{
	enum err err;

	if (conf->metrics == NULL) {
		stop_serving(metrics);
		return ERR_OK;
	}
	if (metrics->served != NULL && strcmp(metrics->served, conf->metrics) == 0)
		return ERR_OK;
	err = metrics_bind(metrics, conf, (uid_t)-1, why);
	return err == ERR_OK ? metrics_serve(metrics, why) : err;
}

void metrics_tell_reload(struct metrics *metrics, bool failed, int64_t now)
{
	if (!failed)
		atomic_store(&metrics->loaded_at, now);
	atomic_store(&metrics->reload_failed, failed);
}

void metrics_remove_socket(const struct metrics *metrics)
{
	if (metrics->served != NULL)
		listen_remove(metrics->served);
}
