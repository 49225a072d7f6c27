/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh: asks the sources about domains and stores what they say. */
#include "resetguard/refresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "refresh_work.h"
#include "resetguard/log.h"
#include "resetguard/time.h"

const char *refresh_outcome_text(enum refresh_outcome outcome)
{
	switch (outcome) {
	case REFRESH_CHANGED:
		return "changed";
	case REFRESH_UNCHANGED:
		return "unchanged";
	case REFRESH_FAILED:
		return "failed";
	case REFRESH_HELD_BACK:
		return "held-back";
	}
	return "failed";
}

const char *refresh_cause_text(enum refresh_cause cause)
{
	switch (cause) {
	case REFRESH_CAUSE_OTHER:
		break;
	case REFRESH_CAUSE_DNS:
		return "DNS";
	case REFRESH_CAUSE_CONNECT:
		return "unreachable";
	case REFRESH_CAUSE_TLS:
		return "TLS";
	case REFRESH_CAUSE_TIMEOUT:
		return "timed out";
	case REFRESH_CAUSE_THROTTLED:
		return "throttled";
	case REFRESH_CAUSE_STATUS:
		return "HTTP status";
	case REFRESH_CAUSE_MALFORMED:
		return "malformed";
	case REFRESH_CAUSE_CONTRADICTED:
		return "contradicted";
	}
	return "other";
}

static off_t first_byte(enum refresh_holder holder)
{
	switch (holder) {
	case REFRESH_RUN:
	case REFRESH_WATCHER:
		break;
	case REFRESH_TELLS_COMMAND:
		return WANTED_LOCK_TELLS_COMMAND;
	case REFRESH_TELLS_URL:
		return WANTED_LOCK_TELLS_URL;
	}
	return WANTED_LOCK_RUN;
}

enum err refresh_lock(const char *cache_dir, enum refresh_holder holder, int *descriptor,
		      struct why *why)
{
	struct flock lock = {.l_type = F_WRLCK,
			     .l_whence = SEEK_SET,
			     .l_start = first_byte(holder),
			     .l_len = holder == REFRESH_WATCHER ? WANTED_LOCK_WATCHER + 1 : 1};
	char path[4096];
	int length = snprintf(path, sizeof path, "%s/refresh.lock", cache_dir);
	int fd;

	if (length < 0 || (size_t)length >= sizeof path)
		return err_why(ERR_TOO_LONG, why, "%s: the path is too long", cache_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_why_errno(errno, why, "%s", path);
	if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		int reason = errno;

		close(fd);
		if (reason == EAGAIN || reason == EACCES)
			return err_why(ERR_BUSY, why,
				       "%s is held by another refresh, which does this work; wait "
				       "for it, or name the domains to refresh",
				       path);
		return err_why_errno(reason, why, "%s", path);
	}
	*descriptor = fd;
	return ERR_OK;
}

/* ---- opening ---- */

static enum err open_fastly(const struct conf *conf, char header[FASTLY_HEADER_MAX],
			    struct why *why)
{
	if (conf->fastly_key_file == NULL)
		return err_why(ERR_CONFIG, why,
			       "fastly is among the sources: fastly_key_file is to name the file "
			       "with its key");
	return fastly_header_read(conf->fastly_key_file, header, why);
}

/* The default tables are installed with the program: where it is run from its build tree,
 * there may be none. */
static enum err or_none(const struct conf *conf, const char *key, struct why *why, enum err err)
{
	if (err != ERR_NO_INPUT || !conf_is_default(conf, key))
		return err;
	if (why != NULL)
		why->text[0] = '\0';
	return ERR_OK;
}

enum err refresh_open(const struct refresh_options *options, struct refresh **refresh,
		      struct why *why)
{
	const struct conf *conf = options->conf;
	struct http_options http_options = {
		.allow_http = conf->allow_http,
		.allow_private_addresses = conf->allow_private_addresses,
		.ca_file = conf->ca_file,
		.proxy = conf->proxy,
		.max_reply = conf->max_reply,
		.timeout_ms = conf->timeout * 1000,
		.jobs = options->jobs,
	};
	struct refresh *made = calloc(1, sizeof *made);
	enum err err = err_why(ERR_NO_MEMORY, why, "out of memory");

	if (made == NULL)
		return err;
	made->options = *options;
	made->batch = calloc(REFRESH_BATCH_MAX, sizeof *made->batch);
	if (made->batch == NULL)
		goto fail;
	if (conf->parking_name_servers != NULL) {
		err = or_none(conf, "parking_name_servers", why,
			      rdap_parking_read(conf->parking_name_servers, &made->parking, why));
		if (err != ERR_OK)
			goto fail;
	}
	if (conf->tld_lifecycle != NULL) {
		err = or_none(conf, "tld_lifecycle", why,
			      lifecycle_read(conf->tld_lifecycle, &made->lifecycles, why));
		if (err != ERR_OK)
			goto fail;
	}
	if (conf_has_source(conf, SOURCE_FASTLY)) {
		err = open_fastly(conf, made->fastly_header, why);
		if (err != ERR_OK)
			goto fail;
	}
	err = http_open(&http_options, &made->http, why);
	if (err != ERR_OK)
		goto fail;
	if (conf_has_source(conf, SOURCE_DNS)) {
		err = dns_open(conf, &made->dns, why);
		if (err != ERR_OK)
			goto fail;
		http_watch(made->http, dns_descriptor(made->dns));
	}
	*refresh = made;
	return ERR_OK;
fail:
	refresh_close(made);
	return err;
}

void refresh_close(struct refresh *refresh)
{
	if (refresh == NULL)
		return;
	while (refresh->newest != NULL)
		ticket_end(refresh, refresh->newest);
	refresh_free_hosts(refresh->hosts);
	bootstrap_free(refresh->bootstrap);
	dns_close(refresh->dns);
	http_close(refresh->http);
	rdap_parking_free(refresh->parking);
	lifecycle_free(refresh->lifecycles);
	free(refresh->queue.names);
	free(refresh->wanted_queue.names);
	free(refresh->batch);
	explicit_bzero(refresh->fastly_header, sizeof refresh->fastly_header);
	free(refresh);
}

/* ---- the queue ---- */

static enum err queue_name(struct name_queue *queue, const struct domain *domain, char how)
{
	size_t needed = queue->length + domain->length + 2;

	if (needed > queue->size) {
		size_t size = queue->size == 0 ? 4096 : queue->size * 2;
		char *names = realloc(queue->names, size);

		if (names == NULL)
			return ERR_NO_MEMORY;
		queue->names = names;
		queue->size = size;
	}
	queue->names[queue->length] = how;
	memcpy(queue->names + queue->length + 1, domain->name, domain->length + 1U);
	queue->length = needed;
	return ERR_OK;
}

enum err refresh_add(struct refresh *refresh, const struct domain *domain)
{
	return queue_name(&refresh->queue, domain, REFRESH_FORCED);
}

enum err refresh_add_wanted(struct refresh *refresh, const struct domain *domain)
{
	return queue_name(&refresh->wanted_queue, domain, REFRESH_FORCED);
}

enum err refresh_add_if_due(struct refresh *refresh, const struct domain *domain)
{
	return queue_name(&refresh->queue, domain, REFRESH_DUE);
}

static enum err add_due(void *context, const struct domain *domain, int64_t due_at)
{
	(void)due_at;
	return refresh_add_if_due(context, domain);
}

static enum err add_any(void *context, const struct domain *domain)
{
	return refresh_add(context, domain);
}

/* What is wanted is asked once and whole, whichever of its checks are due. */
struct wanted_context {
	struct refresh *refresh;
	struct cache_txn *txn;
	int64_t now;
};

static enum err add_wanted(void *context, const struct domain *domain)
{
	struct wanted_context *wanted = context;
	struct facts facts;
	enum err err = cache_get_facts(wanted->txn, domain, &facts);

	/* It failed, and its time has not come: asking at each run would be hammering. */
	if (err == ERR_OK && facts.registry.failures + facts.dns.failures > 0 &&
	    facts_next_check_at(&facts) > wanted->now)
		return ERR_OK;
	/* Asked already, as what is due. */
	if (err == ERR_OK && facts_next_check_at(&facts) <= wanted->now &&
	    facts.registry.next_check_at <= wanted->now)
		return ERR_OK;
	return refresh_add(wanted->refresh, domain);
}

enum err refresh_add_due(struct refresh *refresh, int64_t now, struct why *why)
{
	struct wanted_context context = {.refresh = refresh, .now = now};
	enum err err =
		cache_snapshot(refresh->options.cache, time_monotonic_ms(), &context.txn, why);

	if (err != ERR_OK)
		return err;
	err = cache_each_due(context.txn, now, add_due, refresh);
	if (err == ERR_OK)
		err = wanted_each(refresh->options.wanted, add_wanted, &context);
	cache_read_end(context.txn);
	return err == ERR_OK ? err : err_why(err, why, "what is due: %s", err_text(err));
}

enum err refresh_add_all(struct refresh *refresh, struct why *why)
{
	struct cache_txn *txn;
	enum err err = cache_snapshot(refresh->options.cache, time_monotonic_ms(), &txn, why);

	if (err != ERR_OK)
		return err;
	err = cache_each_domain(txn, add_any, refresh);
	cache_read_end(txn);
	return err == ERR_OK ? err : err_why(err, why, "the list of domains: %s", err_text(err));
}

/* An older copy of IANA's document serves too, and that is worth a line. */
enum err refresh_load_bootstrap(struct refresh *refresh, struct why *why)
{
	struct bootstrap *loaded;
	enum err err;

	if (!conf_has_source(refresh->options.conf, SOURCE_RDAP))
		return ERR_OK;
	err = bootstrap_load(refresh->options.conf, refresh->http, refresh->clock(), &loaded, why);
	if (err != ERR_OK) {
		struct why cause = *why;

		return err_why(err, why,
			       "%.380s: without it nobody is asked; see the network, proxy, or set "
			       "rdap_bootstrap to a downloaded copy",
			       cause.text);
	}
	if (why->text[0] != '\0') {
		log_line(LOG_LEVEL_WARNING, "%s", why->text);
		why->text[0] = '\0';
	}
	bootstrap_free(refresh->bootstrap);
	refresh->bootstrap = loaded;
	return ERR_OK;
}

enum err refresh_step(struct refresh *refresh, struct why *why)
{
	enum err err = refresh_ask(refresh, why);

	/* Until some server has confirmed the clock, nothing is written while one still may. */
	if (err == ERR_OK && ((refresh_batch_is_ripe(refresh) && refresh->clock_confirmed) ||
			      !refresh_is_waiting(refresh)))
		err = refresh_commit(refresh, why);
	/* A watcher has no other end to say it at. */
	if (err == ERR_OK && !refresh_is_busy(refresh))
		refresh_brake_report(refresh);
	return err;
}

enum err refresh_run(struct refresh *refresh, int64_t (*clock)(void), struct refresh_totals *totals,
		     struct why *why)
{
	enum err err = ERR_OK;

	refresh->clock = clock;
	memset(&refresh->totals, 0, sizeof refresh->totals);
	if (refresh->bootstrap == NULL && refresh_is_busy(refresh))
		err = refresh_load_bootstrap(refresh, why);
	while (err == ERR_OK && refresh_is_busy(refresh))
		err = refresh_step(refresh, why);
	refresh_brake_report(refresh);
	*totals = refresh->totals;
	return err;
}
