/* SPDX-License-Identifier: BSD-2-Clause */
/* watch: the refresh that goes on for ever. */
#include "resetguard/watch.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <search.h>
#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "refresh_work.h"
#include "resetguard/deliver.h"
#include "resetguard/log.h"
#include "resetguard/time.h"

enum {
	LOOK_INTERVAL_MS = 60 * 1000, /* what others have made due since is found by then */
	LOOK_SOONEST_MS = 1000,
	PAUSE_FIRST_MS = 1000, /* after an error; doubled at each that follows */
	PAUSE_LONGEST_MS = 300 * 1000,
	BOOTSTRAP_RELOAD_MS = 3600 * 1000, /* its copy says itself when it is stale */
	KEPT_SLOTS_PART = 4,		   /* one of so many jobs is for what is wanted */
};

struct watch {
	struct refresh_options options; /* the caller's, but for told */
	void (*told)(void *context, const struct refresh_result *result);
	void *told_context;
	int64_t (*clock)(void);
	struct deliver *deliver;     /* NULL: nobody is told of changes */
	struct refresh *refresh;     /* NULL after an error */
	struct refresh_host *limits; /* learned, while refresh is NULL */
	void *asked;		     /* tsearch(3): the names of wanted domains under way */
	int inotify;
	int signals;
	int events; /* epoll: the two above, and the DNS */
	bool stopped;
	int64_t look_at_ms;
	int64_t reload_at_ms;
	int64_t pause_ms;
};

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* ---- the wanted domains under way ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool is_asked(const struct watch *watch, const struct domain *domain)
{
	return tfind(domain->name, &watch->asked, compare_names) != NULL;
}

static void forget_asked(struct watch *watch, const char *name)
{
	void *node = tfind(name, &watch->asked, compare_names);
	char *kept;

	if (node == NULL)
		return;
	kept = *(char **)node;
	(void)tdelete(name, &watch->asked, compare_names);
	free(kept);
}

static enum err ask_wanted(struct watch *watch, const struct domain *domain)
{
	char *name;

	if (is_asked(watch, domain))
		return ERR_OK;
	name = strdup(domain->name);
	if (name == NULL || tsearch(name, &watch->asked, compare_names) == NULL) {
		free(name);
		return ERR_NO_MEMORY;
	}
	if (refresh_add_wanted(watch->refresh, domain) != ERR_OK) {
		forget_asked(watch, domain->name);
		return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static void told(void *context, const struct refresh_result *result)
{
	struct watch *watch = context;

	forget_asked(watch, result->domain->name);
	if (result->outcome == REFRESH_CHANGED)
		deliver_kick(watch->deliver);
	if (watch->told != NULL)
		watch->told(watch->told_context, result);
}

/* What failed keeps its time, and nobody waits for it: every message to it would have
 * it asked again. */
static enum err consider_wanted(struct watch *watch, struct cache_txn *txn,
				const struct domain *domain)
{
	struct facts facts;
	enum err err = cache_get_facts(txn, domain, &facts);

	if (err == ERR_OK && facts.registry.failures + facts.dns.failures > 0 &&
	    facts_next_check_at(&facts) > watch->clock() && !is_asked(watch, domain))
		return wanted_remove(watch->options.wanted, domain);
	return ask_wanted(watch, domain);
}

/* ---- events ---- */

static enum err look_at_name(struct watch *watch, const struct domain *domain)
{
	struct cache_txn *txn;
	enum err err;

	err = cache_read_begin(watch->options.cache, time_monotonic_ms(), &txn);
	if (err != ERR_OK)
		return err;
	err = consider_wanted(watch, txn, domain);
	cache_read_end(txn);
	return err;
}

static void take_signals(struct watch *watch)
{
	struct signalfd_siginfo info;

	while (read(watch->signals, &info, sizeof info) == (ssize_t)sizeof info)
		watch->stopped = true;
}

static void take_event(struct watch *watch, const struct inotify_event *event)
{
	struct domain domain;

	/* The queue ran over, or the directory is another one: look at all of it. */
	if (event->len == 0) {
		watch->look_at_ms = 0;
		return;
	}
	/* What is no name is reported where all are looked at. */
	if (domain_from_text(event->name, strlen(event->name), &domain) != ERR_OK ||
	    strcmp(domain.name, event->name) != 0)
		return;
	if (look_at_name(watch, &domain) != ERR_OK)
		watch->look_at_ms = 0;
}

static void take_wanted(struct watch *watch)
{
	alignas(struct inotify_event) char buffer[16384];
	ssize_t length = read(watch->inotify, buffer, sizeof buffer);

	while (length > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const void *)(buffer + at);

			take_event(watch, event);
			at += (ssize_t)(sizeof *event + event->len);
		}
		length = read(watch->inotify, buffer, sizeof buffer);
	}
}

/* ---- looking for what is to be done ---- */

struct look {
	struct watch *watch;
	struct cache_txn *txn;
	int64_t now;
	int64_t next; /* when the first one that is not due yet will be; 0: none */
};

/* Whether a host that wants to be left alone would have to be asked. */
static bool is_resting(const struct refresh *refresh, const struct domain *domain)
{
	struct bootstrap_server server;
	const struct refresh_host *host;

	if (refresh->bootstrap == NULL ||
	    bootstrap_find(refresh->bootstrap, domain, &server) != ERR_OK)
		return false;
	host = refresh_listed_host(refresh, server.host);
	return host != NULL && refresh_host_rest_ms(refresh, host) > 0;
}

static enum err look_at_wanted(void *context, const struct domain *domain)
{
	const struct look *look = context;

	return consider_wanted(look->watch, look->txn, domain);
}

static enum err look_at_due(void *context, const struct domain *domain, int64_t due_at)
{
	struct look *look = context;

	if (due_at > look->now) {
		look->next = due_at;
		return ERR_NOT_FOUND;
	}
	if (is_asked(look->watch, domain) || is_resting(look->watch->refresh, domain))
		return ERR_OK;
	return refresh_add_if_due(look->watch->refresh, domain);
}

/* What is due is looked for only when all that was due before is done. */
static enum err look(struct watch *watch, struct why *why)
{
	struct look look = {.watch = watch, .now = watch->clock()};
	bool idle = !refresh_is_busy(watch->refresh);
	int64_t wait_ms = LOOK_INTERVAL_MS;
	enum err err = wanted_notify(watch->options.wanted, watch->inotify,
				     IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF);

	if (err != ERR_OK)
		return err_why(err, why, "wanted/ cannot be watched: %s", err_text(err));
	err = cache_snapshot(watch->options.cache, time_monotonic_ms(), &look.txn, why);
	if (err != ERR_OK)
		return err;
	err = wanted_each(watch->options.wanted, look_at_wanted, &look);
	if (err == ERR_OK && idle)
		err = cache_each_due(look.txn, TIME_MAX, look_at_due, &look);
	cache_read_end(look.txn);
	if (err != ERR_OK)
		return err_why(err, why, "what is due: %s", err_text(err));
	if (look.next > 0)
		wait_ms = sooner((look.next - look.now) * 1000, LOOK_INTERVAL_MS);
	if (wait_ms < LOOK_SOONEST_MS)
		wait_ms = LOOK_SOONEST_MS;
	watch->look_at_ms = time_monotonic_ms() + wait_ms;
	return ERR_OK;
}

/* ---- the refresh below ---- */

static enum err load_bootstrap(struct watch *watch, struct why *why)
{
	enum err err;

	/* Events end a wait, and would here end the load. */
	http_watch(watch->refresh->http, -1);
	err = refresh_load_bootstrap(watch->refresh, why);
	http_watch(watch->refresh->http, watch->events);
	watch->reload_at_ms = time_monotonic_ms() + BOOTSTRAP_RELOAD_MS;
	if (err != ERR_OK && watch->refresh->bootstrap != NULL) {
		log_line(LOG_LEVEL_WARNING, "going on with the older one: %s", why->text);
		return ERR_OK;
	}
	return err;
}

static bool add_event(struct watch *watch, int descriptor)
{
	struct epoll_event event = {.events = EPOLLIN};

	return epoll_ctl(watch->events, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/* A clock that contradicts the cache is found before anybody is asked. */
static enum err check_cache(struct watch *watch, struct why *why)
{
	struct cache_txn *txn;
	enum err err = cache_write_begin(watch->options.cache, watch->clock, &txn, why);

	if (err == ERR_OK)
		cache_write_abort(txn);
	return err;
}

static enum err begin(struct watch *watch, struct why *why)
{
	enum err err = check_cache(watch, why);
	struct refresh *refresh;

	if (err != ERR_OK)
		return err;
	err = refresh_open(&watch->options, &watch->refresh, why);
	if (err != ERR_OK)
		return err;
	refresh = watch->refresh;
	refresh->clock = watch->clock;
	refresh->kept_slots = watch->options.jobs / KEPT_SLOTS_PART;
	refresh->hosts = watch->limits;
	watch->limits = NULL;
	if (refresh->dns != NULL && !add_event(watch, dns_descriptor(refresh->dns)))
		return err_why_errno(errno, why, "the DNS cannot be watched");
	watch->look_at_ms = 0;
	return load_bootstrap(watch, why);
}

/* What the hosts have taught is kept, and nothing else. */
static void end(struct watch *watch)
{
	struct refresh *refresh = watch->refresh;

	watch->refresh = NULL;
	if (refresh == NULL)
		return;
	watch->limits = refresh->hosts;
	refresh->hosts = NULL;
	for (struct refresh_host *host = watch->limits; host != NULL; host = host->next) {
		host->wanted = host->others = (struct ticket_line){NULL, NULL};
		host->limit.running = 0;
	}
	refresh_close(refresh);
	tdestroy(watch->asked, free);
	watch->asked = NULL;
}

/* ---- the loop ---- */

static enum err wait_for_event(struct watch *watch)
{
	struct http_reply reply;
	int64_t wait_ms = watch->look_at_ms - time_monotonic_ms();
	enum err err = http_next(watch->refresh->http, wait_ms > 0 ? (int)wait_ms : 0, &reply);

	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err turn(struct watch *watch, struct why *why)
{
	struct refresh *refresh = watch->refresh;
	int64_t now_ms = time_monotonic_ms();
	enum err err = ERR_OK;

	take_wanted(watch);
	if (now_ms >= watch->reload_at_ms && !refresh_is_busy(refresh))
		err = load_bootstrap(watch, why);
	if (err == ERR_OK && now_ms >= watch->look_at_ms)
		err = look(watch, why);
	if (err != ERR_OK)
		return err;
	if (refresh_is_busy(refresh))
		return refresh_step(refresh, why);
	watch->pause_ms = 0;
	return wait_for_event(watch);
}

static void pause_after(struct watch *watch, enum err err, const struct why *why)
{
	struct pollfd signals = {.fd = watch->signals, .events = POLLIN};

	watch->pause_ms = watch->pause_ms == 0 ? PAUSE_FIRST_MS
					       : sooner(watch->pause_ms * 2, PAUSE_LONGEST_MS);
	log_line(LOG_LEVEL_ERROR, "%s; trying again in %lld s",
		 why->text[0] != '\0' ? why->text : err_text(err),
		 (long long)(watch->pause_ms / 1000));
	(void)poll(&signals, 1, (int)watch->pause_ms);
}

static void go_on_until_stopped(struct watch *watch)
{
	for (take_signals(watch); !watch->stopped; take_signals(watch)) {
		struct why why = {""};
		enum err err = watch->refresh == NULL ? begin(watch, &why) : turn(watch, &why);

		if (err != ERR_OK) {
			end(watch);
			pause_after(watch, err, &why);
		}
	}
}

static enum err open_events(struct watch *watch, struct why *why)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return err_why_errno(errno, why, "cannot block signals");
	watch->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	watch->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	watch->events = epoll_create1(EPOLL_CLOEXEC);
	if (watch->signals < 0 || watch->inotify < 0 || watch->events < 0 ||
	    !add_event(watch, watch->signals) || !add_event(watch, watch->inotify))
		return err_why_errno(errno, why, "cannot watch for events");
	return ERR_OK;
}

static void close_events(const struct watch *watch)
{
	const int descriptors[] = {watch->signals, watch->inotify, watch->events};

	for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++) {
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	}
}

enum err watch_run(const struct refresh_options *options, int64_t (*clock)(void), struct why *why)
{
	struct watch watch = {
		.options = *options,
		.told = options->told,
		.told_context = options->context,
		.clock = clock,
		.inotify = -1,
		.signals = -1,
		.events = -1,
	};
	const struct deliver_options deliver_options = {
		.conf = options->conf,
		.cache = options->cache,
		.clock = clock,
	};
	enum err err = open_events(&watch, why);

	watch.options.told = told;
	watch.options.context = &watch;
	if (err == ERR_OK)
		err = deliver_start(&deliver_options, &watch.deliver, why);
	if (err == ERR_OK) {
		go_on_until_stopped(&watch);
		if (watch.refresh != NULL)
			err = refresh_commit(watch.refresh, why);
	}
	end(&watch);
	refresh_free_hosts(watch.limits);
	deliver_stop(watch.deliver);
	close_events(&watch);
	return err;
}
