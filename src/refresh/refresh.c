/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh: asks the sources about domains and stores what they say. */
#include "resetguard/refresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "resetguard/apply.h"
#include "resetguard/bootstrap.h"
#include "resetguard/http.h"
#include "resetguard/log.h"
#include "resetguard/rdap.h"
#include "resetguard/schedule.h"
#include "resetguard/time.h"

enum {
	BATCH_MAX = 256,      /* domains of one commit */
	BATCH_AGE_MS = 1000,  /* the longest an answer waits for its commit */
	REDIRECTS_MAX = 3,
};

/* The names still to be asked, one after another with their terminating zero: a
 * struct domain is fifteen times as large as most of them. */
struct name_queue {
	char *names;
	size_t length;
	size_t size;
	size_t taken;
};

/* One request under way. */
struct job {
	struct domain domain;
	struct bootstrap_server server;
	enum rdap_trust trust; /* of whoever answers now: redirects lead elsewhere */
	unsigned redirects;
	struct job *next_free;
};

/* One answer that waits for its commit. */
struct answer {
	struct domain domain;
	struct observation observation;
	bool registry_serves;
	enum refresh_outcome outcome;
	enum state state;
	enum source source;
};

struct refresh {
	struct refresh_options options;
	struct http *http;
	struct bootstrap *bootstrap;
	struct rdap_parking *parking;
	struct name_queue queue;
	struct job *jobs;
	struct job *free_jobs;
	struct answer *batch;
	size_t batch_count;
	int64_t batch_since_ms;
	/* Some HTTPS answer agreed with our clock: another that does not is wrong itself. */
	bool clock_confirmed;
	int64_t (*clock)(void);
	struct refresh_totals totals;
};

static const char *const rdap_headers[] = {
	"Accept: application/rdap+json, application/json;q=0.9",
	NULL,
};

const char *refresh_outcome_text(enum refresh_outcome outcome)
{
	switch (outcome) {
	case REFRESH_CHANGED:
		return "changed";
	case REFRESH_UNCHANGED:
		return "unchanged";
	case REFRESH_FAILED:
		return "failed";
	}
	return "failed";
}

enum err refresh_lock(const char *cache_dir, int *descriptor, struct why *why)
{
	char path[4096];
	int length = snprintf(path, sizeof path, "%s/refresh.lock", cache_dir);
	int fd;

	if (length < 0 || (size_t)length >= sizeof path)
		return err_why(ERR_TOO_LONG, why, "%s: the path is too long", cache_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_why_errno(errno, why, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int reason = errno;

		close(fd);
		if (reason == EWOULDBLOCK)
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
	made->jobs = calloc(options->jobs, sizeof *made->jobs);
	made->batch = calloc(BATCH_MAX, sizeof *made->batch);
	if (made->jobs == NULL || made->batch == NULL)
		goto fail;
	for (unsigned i = 0; i < options->jobs; i++) {
		made->jobs[i].next_free = made->free_jobs;
		made->free_jobs = &made->jobs[i];
	}
	if (conf->parking_name_servers != NULL) {
		err = rdap_parking_read(conf->parking_name_servers, &made->parking, why);
		if (err != ERR_OK)
			goto fail;
	}
	err = http_open(&http_options, &made->http, why);
	if (err != ERR_OK)
		goto fail;
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
	bootstrap_free(refresh->bootstrap);
	http_close(refresh->http);
	rdap_parking_free(refresh->parking);
	free(refresh->queue.names);
	free(refresh->batch);
	free(refresh->jobs);
	free(refresh);
}

/* ---- the queue ---- */

enum err refresh_add(struct refresh *refresh, const struct domain *domain)
{
	struct name_queue *queue = &refresh->queue;
	size_t needed = queue->length + domain->length + 1;

	if (needed > queue->size) {
		size_t size = queue->size == 0 ? 4096 : queue->size * 2;
		char *names = realloc(queue->names, size);

		if (names == NULL)
			return ERR_NO_MEMORY;
		queue->names = names;
		queue->size = size;
	}
	memcpy(queue->names + queue->length, domain->name, domain->length + 1U);
	queue->length = needed;
	return ERR_OK;
}

static bool take_name(struct name_queue *queue, struct domain *domain)
{
	size_t length;

	if (queue->taken == queue->length)
		return false;
	length = strlen(queue->names + queue->taken);
	memcpy(domain->name, queue->names + queue->taken, length + 1);
	domain->length = (unsigned char)length;
	queue->taken += length + 1;
	return true;
}

static enum err add_due(void *context, const struct domain *domain, int64_t due_at)
{
	(void)due_at;
	return refresh_add(context, domain);
}

static enum err add_any(void *context, const struct domain *domain, const struct facts *facts)
{
	(void)facts;
	return refresh_add(context, domain);
}

/* What is wanted and due is asked once: due names come first, and a wanted name
 * is left to them if its record is due. */
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

	if (err == ERR_OK && facts_next_check_at(&facts) <= wanted->now)
		return ERR_OK;
	return refresh_add(wanted->refresh, domain);
}

enum err refresh_add_due(struct refresh *refresh, int64_t now, struct why *why)
{
	struct wanted_context context = {.refresh = refresh, .now = now};
	enum err err = cache_read_begin(refresh->options.cache, time_monotonic_ms(), &context.txn);

	if (err != ERR_OK)
		return cache_status(refresh->options.cache, why);
	err = cache_each_due(context.txn, now, add_due, refresh);
	if (err == ERR_OK)
		err = wanted_each(refresh->options.wanted, add_wanted, &context);
	cache_read_end(context.txn);
	return err == ERR_OK ? err : err_why(err, why, "what is due: %s", err_text(err));
}

enum err refresh_add_all(struct refresh *refresh, struct why *why)
{
	struct cache_txn *txn;
	enum err err = cache_read_begin(refresh->options.cache, time_monotonic_ms(), &txn);

	if (err != ERR_OK)
		return cache_status(refresh->options.cache, why);
	err = cache_each_facts(txn, add_any, refresh);
	cache_read_end(txn);
	return err == ERR_OK ? err : err_why(err, why, "the list of domains: %s", err_text(err));
}

/* ---- the commit ---- */

static bool is_below_private(const struct refresh *refresh, const struct domain *domain)
{
	return domain_is_below_private(refresh->options.suffixes, domain);
}

static int64_t next_check(const struct refresh *refresh, const struct apply_result *applied,
			  const struct answer *answer)
{
	struct schedule_rules rules = {.max_interval = refresh->options.conf->max_interval};
	uint64_t seed = addresses_text_hash(answer->domain.name, answer->domain.length);
	int64_t next = schedule_next(&applied->facts, &rules, seed);
	int64_t asked = answer->observation.at + answer->observation.retry_after;

	if (applied->contradicted)
		next = answer->observation.at + APPLY_CONTRADICTED_RETRY;
	return next > asked ? next : asked;
}

static enum err store_answer(struct refresh *refresh, struct cache_txn *txn, struct answer *answer)
{
	const struct observation *observation = &answer->observation;
	const struct apply_rules rules = {
		.dns_is_source = false,
		.registry_serves = answer->registry_serves,
		.dns_lapse_after = refresh->options.conf->dns_lapse_after,
	};
	struct facts before;
	struct apply_result applied;
	enum err err = cache_get_facts(txn, &answer->domain, &before);
	bool is_new = err == ERR_NOT_FOUND;

	if (is_new)
		before = facts_new(observation->at, is_below_private(refresh, &answer->domain)
							    ? FACTS_PRIVATE_SUFFIX
							    : 0);
	else if (err != ERR_OK)
		return err;
	applied = facts_apply(&before, observation, &rules);
	applied.facts.registry.next_check_at = next_check(refresh, &applied, answer);
	err = cache_put_facts(txn, &answer->domain, is_new ? NULL : &before, &applied.facts);
	if (err != ERR_OK)
		return err;

	if (applied.change.state_changed || applied.change.owner_changed) {
		struct history_event event = history_event_make(HISTORY_OBSERVED, observation->at,
								&before, &applied.facts);

		event.source = observation->source;
		memcpy(event.host, observation->host, sizeof event.host);
		memcpy(event.evidence, observation->evidence, sizeof event.evidence);
		err = cache_add_history(txn, &answer->domain, &event);
		if (err != ERR_OK)
			return err;
	}
	answer->state = applied.facts.state;
	answer->source = applied.facts.source;
	if (applied.failed)
		answer->outcome = REFRESH_FAILED;
	else if (applied.change.state_changed || applied.change.owner_changed)
		answer->outcome = REFRESH_CHANGED;
	else
		answer->outcome = REFRESH_UNCHANGED;
	if (applied.contradicted)
		snprintf(answer->observation.error, sizeof answer->observation.error,
			 "%.150s says there is no such domain, the DNS does not",
			 observation->host);
	return ERR_OK;
}

static void tell(struct refresh *refresh, const struct answer *answer)
{
	bool failed = answer->outcome == REFRESH_FAILED;
	struct refresh_result result = {
		.domain = &answer->domain,
		.outcome = answer->outcome,
		.state = answer->state,
		.source = answer->source,
		.error = failed ? answer->observation.error : NULL,
	};

	if (failed)
		refresh->totals.failed++;
	else
		refresh->totals.checked++;
	if (answer->outcome == REFRESH_CHANGED)
		refresh->totals.changed++;
	if (refresh->options.told != NULL)
		refresh->options.told(refresh->options.context, &result);
}

/* A failed look-up leaves the name wanted: it is still being waited for. */
static enum err answer_wanted(struct refresh *refresh, const struct answer *answer)
{
	if (refresh->options.wanted == NULL || answer->outcome == REFRESH_FAILED)
		return ERR_OK;
	return wanted_remove(refresh->options.wanted, &answer->domain);
}

static enum err commit_batch(struct refresh *refresh, struct why *why)
{
	struct cache_txn *txn;
	enum err err;

	if (refresh->batch_count == 0)
		return ERR_OK;
	err = cache_write_begin(refresh->options.cache, refresh->clock(), &txn, why);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < refresh->batch_count; i++) {
		struct answer *answer = &refresh->batch[i];

		err = store_answer(refresh, txn, answer);
		if (err != ERR_OK) {
			cache_write_abort(txn);
			return err_why(err, why, "the record of %s: %s", answer->domain.name,
				       err_text(err));
		}
	}
	err = cache_write_commit(txn, why);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < refresh->batch_count; i++) {
		const struct answer *answer = &refresh->batch[i];

		if (answer_wanted(refresh, answer) != ERR_OK)
			log_line(LOG_LEVEL_WARNING, "wanted/%s cannot be removed",
				 answer->domain.name);
		tell(refresh, answer);
	}
	refresh->batch_count = 0;
	return ERR_OK;
}

/* ---- asking ---- */

static struct answer *new_answer(struct refresh *refresh, const struct domain *domain)
{
	struct answer *answer = &refresh->batch[refresh->batch_count];

	if (refresh->batch_count == 0)
		refresh->batch_since_ms = time_monotonic_ms();
	refresh->batch_count++;
	memset(answer, 0, sizeof *answer);
	answer->domain = *domain;
	answer->observation.source = SOURCE_RDAP;
	answer->observation.at = refresh->clock();
	return answer;
}

static void fail_at_once(struct refresh *refresh, const struct domain *domain, const char *cause)
{
	struct answer *answer = new_answer(refresh, domain);

	answer->observation.answer = OBSERVATION_FAILED;
	snprintf(answer->observation.error, sizeof answer->observation.error, "%s", cause);
}

static enum err start_job(struct refresh *refresh, const struct domain *domain)
{
	struct job *job = refresh->free_jobs;
	char url[HTTP_URL_MAX];
	char cause[OBSERVATION_ERROR_MAX + 1];
	enum err err;

	if (is_below_private(refresh, domain)) {
		fail_at_once(refresh, domain, "no registry serves a name below a private suffix");
		return ERR_OK;
	}
	if (!conf_has_source(refresh->options.conf, SOURCE_RDAP)) {
		fail_at_once(refresh, domain, "rdap is not among the sources");
		return ERR_OK;
	}
	err = bootstrap_find(refresh->bootstrap, domain, &job->server);
	if (err != ERR_OK) {
		snprintf(cause, sizeof cause, "no RDAP server is known for .%.63s (rdap_server names one)",
			 domain_tld(domain));
		fail_at_once(refresh, domain, cause);
		return ERR_OK;
	}
	err = rdap_url(job->server.base, domain, url);
	if (err == ERR_OK)
		err = http_start(refresh->http, url, rdap_headers, job);
	if (err != ERR_OK) {
		fail_at_once(refresh, domain, err_text(err));
		return ERR_OK;
	}
	refresh->free_jobs = job->next_free;
	job->domain = *domain;
	job->trust = job->server.trust;
	job->redirects = 0;
	return ERR_OK;
}

static bool is_redirect(const struct http_reply *reply)
{
	return reply->failure == HTTP_DONE && reply->location[0] != '\0' &&
	       (reply->status == 301 || reply->status == 302 || reply->status == 303 ||
		reply->status == 307 || reply->status == 308);
}

/* A 404 is believed of the named server only, not of wherever it sends us. */
static bool follow(struct refresh *refresh, struct job *job, const struct http_reply *reply)
{
	if (!is_redirect(reply) || job->redirects == REDIRECTS_MAX)
		return false;
	if (http_start(refresh->http, reply->location, rdap_headers, job) != ERR_OK)
		return false;
	job->redirects++;
	job->trust = RDAP_DATES_ONLY;
	return true;
}

/* Our clock against the server's: more than a day apart, one of them is wrong. */
static bool clock_agrees(struct refresh *refresh, const struct http_reply *reply)
{
	int64_t now = refresh->clock();

	if (reply->failure != HTTP_DONE || reply->date == 0)
		return true;
	if (reply->date > now + TIME_DAY || reply->date < now - TIME_DAY)
		return false;
	refresh->clock_confirmed = true;
	return true;
}

static enum err take_reply(struct refresh *refresh, const struct http_reply *reply,
			   struct why *why)
{
	struct job *job = reply->tag;
	struct answer *answer;

	if (!clock_agrees(refresh, reply) && !refresh->clock_confirmed)
		return err_why(ERR_CLOCK, why,
			       "the clock here says %s, %s says %s: nothing is written until they "
			       "agree within a day; set the clock (timedatectl)",
			       time_format(refresh->clock()).text, reply->host,
			       time_format(reply->date).text);
	if (follow(refresh, job, reply))
		return ERR_OK;

	answer = new_answer(refresh, &job->domain);
	answer->registry_serves = true;
	rdap_observe(&job->domain, reply, job->trust, refresh->parking, refresh->clock(),
		     &answer->observation);
	if (!clock_agrees(refresh, reply)) {
		answer->observation.answer = OBSERVATION_FAILED;
		snprintf(answer->observation.error, sizeof answer->observation.error,
			 "the clock of %.150s is wrong by more than a day", reply->host);
	}
	job->next_free = refresh->free_jobs;
	refresh->free_jobs = job;
	return ERR_OK;
}

static bool batch_is_ripe(const struct refresh *refresh)
{
	return refresh->batch_count == BATCH_MAX ||
	       (refresh->batch_count > 0 &&
		time_monotonic_ms() - refresh->batch_since_ms >= BATCH_AGE_MS);
}

/* Starts what there is room for. */
static enum err fill_jobs(struct refresh *refresh, struct why *why)
{
	struct domain domain;
	enum err err = ERR_OK;

	while (err == ERR_OK && refresh->free_jobs != NULL && take_name(&refresh->queue, &domain)) {
		err = start_job(refresh, &domain);
		if (err == ERR_OK && refresh->batch_count == BATCH_MAX)
			err = commit_batch(refresh, why);
	}
	return err;
}

/* An older copy of IANA's document serves too, and that is worth a line. */
static enum err load_bootstrap(struct refresh *refresh, struct why *why)
{
	enum err err = bootstrap_load(refresh->options.conf, refresh->http, refresh->clock(),
				      &refresh->bootstrap, why);

	if (err == ERR_OK && why->text[0] != '\0') {
		log_line(LOG_LEVEL_WARNING, "%s", why->text);
		why->text[0] = '\0';
	}
	return err;
}

enum err refresh_run(struct refresh *refresh, int64_t (*clock)(void),
		     struct refresh_totals *totals, struct why *why)
{
	struct http_reply *reply = malloc(sizeof *reply);
	enum err err = ERR_OK;

	if (reply == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	refresh->clock = clock;
	memset(&refresh->totals, 0, sizeof refresh->totals);
	if (refresh->bootstrap == NULL && refresh->queue.length > 0)
		err = load_bootstrap(refresh, why);
	while (err == ERR_OK) {
		err = fill_jobs(refresh, why);
		if (err != ERR_OK || http_pending(refresh->http) == 0)
			break;
		err = http_next(refresh->http, BATCH_AGE_MS, reply);
		if (err == ERR_OK)
			err = take_reply(refresh, reply, why);
		else if (err == ERR_NOT_FOUND)
			err = ERR_OK;
		else
			err = err_why(err, why, "waiting for answers: %s", err_text(err));
		if (err == ERR_OK && batch_is_ripe(refresh))
			err = commit_batch(refresh, why);
	}
	if (err == ERR_OK)
		err = commit_batch(refresh, why);
	*totals = refresh->totals;
	free(reply);
	return err;
}
