/* SPDX-License-Identifier: BSD-2-Clause */
/* deliver_round: what is due for one taker is told to it. */
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deliver_work.h"
#include "resetguard/command.h"
#include "resetguard/key_file.h"
#include "resetguard/log.h"
#include "resetguard/notice.h"
#include "resetguard/refresh.h"
#include "resetguard/signature.h"
#include "resetguard/time.h"

enum attempt_outcome {
	ATTEMPT_NONE,
	ATTEMPT_TAKEN,
	ATTEMPT_FAILED,
	ATTEMPT_FORGOTTEN, /* no taker it waits for is configured any more */
	ATTEMPT_DAMAGED,   /* its record makes no sense */
};

struct deliver_attempt {
	struct outbox_entry entry;
	enum attempt_outcome outcome;
	int64_t retry_after;
};

/* ---- opening ---- */

enum err deliver_worker_open(const struct deliver_options *options, enum outbox_taker taker,
			     int stop, struct deliver_worker *worker, struct why *why)
{
	const struct conf *conf = options->conf;
	const struct http_options http_options = {
		.allow_http = conf->allow_http,
		.allow_private_addresses = true,
		.ca_file = conf->ca_file,
		.proxy = conf->proxy,
		.max_reply = conf->max_reply,
		.timeout_ms = conf->timeout * 1000,
		.jobs = 1,
	};
	enum err err = ERR_OK;

	*worker = (struct deliver_worker){
		.options = *options,
		.taker = taker,
		.takers = deliver_takers(conf),
		.stop = stop,
		.deadline_ms = INT64_MAX,
	};
	worker->attempts = calloc(DELIVER_BATCH_MAX, sizeof *worker->attempts);
	if (worker->attempts == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	if (taker == OUTBOX_URL)
		err = http_open(&http_options, &worker->http, why);
	if (err == ERR_OK && taker == OUTBOX_URL)
		http_watch(worker->http, stop);
	return err;
}

void deliver_worker_close(struct deliver_worker *worker)
{
	http_close(worker->http);
	free(worker->attempts);
}

/* ---- what is due ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

struct collecting {
	struct deliver_worker *worker;
	int64_t now;
	int64_t next_at;
	size_t count;
	void *blocked; /* tsearch(3): domains with an earlier change that is not due */
};

static enum err block(struct collecting *collecting, const struct domain *domain)
{
	char *name = strdup(domain->name);

	if (name == NULL || tsearch(name, &collecting->blocked, compare_names) == NULL) {
		free(name);
		return ERR_NO_MEMORY;
	}
	return ERR_OK;
}

static void note_next(struct collecting *collecting, int64_t at)
{
	if (collecting->next_at == 0 || at < collecting->next_at)
		collecting->next_at = at;
}

static enum err collect(void *context, const struct outbox_entry *entry)
{
	struct collecting *collecting = context;
	struct deliver_worker *worker = collecting->worker;
	const struct outbox_try *try = &entry->tries[worker->taker];
	bool damaged = entry->waiting == 0;
	bool forgotten = (entry->waiting & worker->takers) == 0;

	if (!forgotten) {
		if ((entry->waiting & 1U << worker->taker) == 0 ||
		    tfind(entry->domain.name, &collecting->blocked, compare_names) != NULL)
			return ERR_OK;
		if (try->next_at > collecting->now) {
			note_next(collecting, try->next_at);
			return block(collecting, &entry->domain);
		}
	}
	worker->attempts[collecting->count++] = (struct deliver_attempt){
		.entry = *entry,
		.outcome = damaged     ? ATTEMPT_DAMAGED
			   : forgotten ? ATTEMPT_FORGOTTEN
				       : ATTEMPT_NONE,
	};
	/* Whose it is, is not known: what comes behind it waits until it is mended. */
	return damaged || collecting->count == DELIVER_BATCH_MAX ? ERR_NOT_FOUND : ERR_OK;
}

static enum err get_taker(struct deliver_worker *worker, struct cache_txn *txn,
			  struct outbox_taker_state *state)
{
	enum err err = cache_get_taker(txn, worker->taker, state);

	if (err == ERR_NOT_FOUND || err_is_damage(err)) {
		*state = (struct outbox_taker_state){0};
		return ERR_OK;
	}
	return err;
}

static enum err find_due(struct deliver_worker *worker, size_t *count, int64_t *next_at,
			 struct why *why)
{
	struct collecting collecting = {.worker = worker, .now = worker->options.clock()};
	struct cache *cache = worker->options.cache;
	struct outbox_taker_state state;
	struct cache_txn *txn;
	enum err err = cache_snapshot(cache, time_monotonic_ms(), &txn, why);

	if (err != ERR_OK)
		return err;
	err = get_taker(worker, txn, &state);
	if (err == ERR_OK && state.rest_until > collecting.now)
		collecting.next_at = state.rest_until;
	else if (err == ERR_OK)
		err = cache_each_outbox(txn, collect, &collecting);
	cache_read_end(txn);
	tdestroy(collecting.blocked, free);
	if (err != ERR_OK)
		return err_why(err, why, "the outbox: %s", err_text(err));
	*count = collecting.count;
	*next_at = collecting.next_at;
	return ERR_OK;
}

/* ---- telling one ---- */

static enum err run_command(struct deliver_worker *worker, const char *id, char *text,
			    size_t length, struct why *why)
{
	char output[COMMAND_OUTPUT_MAX + 1];
	struct command_options options = {
		.command = worker->options.conf->on_change_command,
		.input = {text, length + 1},
		.timeout_ms = worker->options.conf->timeout * 1000,
		.stop = worker->stop,
	};
	enum err err;

	text[length] = '\n';
	err = command_run(&options, output, why);
	if (output[0] != '\0')
		log_line(err == ERR_OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
			 "on_change_command: %s: it wrote: %s", id, output);
	return err;
}

enum err deliver_read_key(const struct conf *conf, char key[KEY_FILE_MAX + 1], struct why *why)
{
	enum err err =
		key_file_read("on_change_key_file", conf->on_change_key_file, key, why);

	if (err == ERR_OK && strlen(key) < DELIVER_KEY_MIN)
		err = err_why(ERR_CONFIG, why,
			      "on_change_key_file: %s: a key of less than %d characters can be "
			      "guessed: openssl rand -hex 32",
			      conf->on_change_key_file, DELIVER_KEY_MIN);
	return err;
}

static enum err judge_reply(const struct http_reply *reply, struct why *why)
{
	if (reply->failure != HTTP_DONE)
		return err_why(ERR_UNAVAILABLE, why, "%s", reply->why.text);
	if (reply->status >= 200 && reply->status <= 299)
		return ERR_OK;
	if (reply->location[0] != '\0')
		return err_why(ERR_UNAVAILABLE, why,
			       "%s answers %d, a redirect to %.200s, which is not followed: set "
			       "on_change_url to where it is to go",
			       reply->host, reply->status, reply->location);
	return err_why(ERR_UNAVAILABLE, why, "%s answers %d", reply->host, reply->status);
}

/* The key is read each time: a new one counts at once. */
static enum err post(struct deliver_worker *worker, struct bytes body, int64_t *retry_after,
		     struct why *why)
{
	const struct conf *conf = worker->options.conf;
	char key[KEY_FILE_MAX + 1] = "";
	char signature[SIGNATURE_TEXT_MAX];
	char signature_header[SIGNATURE_TEXT_MAX + 32];
	const char *const headers[] = {
		"Content-Type: application/json",
		"User-Agent: resetguard/" PACKAGE_VERSION,
		signature_header,
		NULL,
	};
	struct http_reply reply;
	enum err err = deliver_read_key(conf, key, why);

	if (err == ERR_OK) {
		signature_make((struct bytes){key, strlen(key)}, worker->options.clock(), body,
			       signature);
		snprintf(signature_header, sizeof signature_header, "Resetguard-Signature: %s",
			 signature);
		err = http_post(worker->http, conf->on_change_url, headers, body, NULL);
	}
	explicit_bzero(key, sizeof key);
	if (err == ERR_OK)
		err = http_next(worker->http, -1, &reply);
	if (err == ERR_NOT_FOUND)
		return ERR_BUSY;
	if (err != ERR_OK)
		return err_why(err, why, "%s", why->text[0] == '\0' ? err_text(err) : why->text);
	err = judge_reply(&reply, why);
	*retry_after = err == ERR_OK ? 0 : reply.retry_after;
	return err;
}

static void tell(struct deliver_worker *worker, struct deliver_attempt *attempt)
{
	const char *taker = outbox_taker_text(worker->taker);
	char text[NOTICE_MAX + 2];
	char id[NOTICE_ID_MAX];
	struct why why = {""};
	size_t length;
	enum err err = notice_write(&attempt->entry, text, &length);

	notice_id(&attempt->entry, id);
	if (err != ERR_OK)
		(void)err_why(err, &why, "%s", err_text(err));
	else if (worker->taker == OUTBOX_COMMAND)
		err = run_command(worker, id, text, length, &why);
	else
		err = post(worker, (struct bytes){text, length}, &attempt->retry_after, &why);
	if (err == ERR_BUSY) {
		worker->stopped = true;
		return;
	}
	attempt->outcome = err == ERR_OK ? ATTEMPT_TAKEN : ATTEMPT_FAILED;
	if (err == ERR_OK)
		log_line(LOG_LEVEL_INFO, "%s: %s: taken", taker, id);
	else
		log_line(LOG_LEVEL_WARNING, "%s: %s: not taken: %s", taker, id, why.text);
}

/* An earlier change of the domain in the batch was not taken. */
static bool is_behind_a_failure(const struct deliver_worker *worker, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		const struct deliver_attempt *earlier = &worker->attempts[i];

		if (earlier->outcome == ATTEMPT_FAILED &&
		    domain_equal(&earlier->entry.domain, &worker->attempts[index].entry.domain))
			return true;
	}
	return false;
}

/* Until the batch is done, old enough, or the taker has had enough of failing. */
static void tell_batch(struct deliver_worker *worker, size_t count)
{
	int64_t begun_ms = time_monotonic_ms();
	unsigned failures = 0;

	for (size_t i = 0; i < count && failures < OUTBOX_PATIENCE; i++) {
		struct deliver_attempt *attempt = &worker->attempts[i];
		int64_t now_ms = time_monotonic_ms();

		if (attempt->outcome != ATTEMPT_NONE || is_behind_a_failure(worker, i))
			continue;
		if (now_ms - begun_ms >= DELIVER_BATCH_AGE_MS || now_ms >= worker->deadline_ms)
			return;
		tell(worker, attempt);
		if (worker->stopped || attempt->retry_after > 0)
			return;
		failures = attempt->outcome == ATTEMPT_FAILED ? failures + 1 : 0;
	}
}

/* ---- what has become of it ---- */

static enum err store_attempt(struct deliver_worker *worker, struct cache_txn *txn,
			      const struct deliver_attempt *attempt)
{
	uint32_t sequence = attempt->entry.event.sequence;
	struct outbox_entry entry;
	enum err err = cache_take_outbox(txn, sequence, &entry);

	/* Dropped meanwhile, or the other taker's last word. */
	if (err == ERR_NOT_FOUND)
		return ERR_OK;
	/* One that was made anew is told in the next batch. */
	if (err != ERR_OK || attempt->outcome == ATTEMPT_DAMAGED)
		return err;
	if (attempt->outcome == ATTEMPT_FAILED)
		outbox_failed(&entry.tries[worker->taker], worker->options.clock(),
			      attempt->retry_after);
	else
		entry.waiting &= worker->takers & ~(1U << worker->taker);
	return entry.waiting == 0 ? cache_delete_outbox(txn, sequence)
				  : cache_put_outbox(txn, &entry);
}

static void note_outcome(struct deliver_worker *worker, const struct deliver_attempt *attempt,
			 struct outbox_taker_state *state)
{
	if (attempt->outcome == ATTEMPT_TAKEN) {
		worker->taken++;
		*state = (struct outbox_taker_state){0};
	} else if (attempt->outcome == ATTEMPT_FAILED) {
		outbox_taker_failed(state, worker->options.clock(), attempt->retry_after);
		if (state->failures == OUTBOX_PATIENCE)
			log_line(LOG_LEVEL_ERROR,
				 "%s takes nothing since %s: changes wait, and are told again "
				 "from time to time",
				 outbox_taker_text(worker->taker),
				 time_format(state->failing_since).text);
	}
}

static enum err store_attempts(struct deliver_worker *worker, struct cache_txn *txn, size_t count)
{
	struct outbox_taker_state state;
	uint64_t forgotten = 0;
	enum err err = get_taker(worker, txn, &state);

	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		const struct deliver_attempt *attempt = &worker->attempts[i];

		if (attempt->outcome == ATTEMPT_NONE)
			continue;
		forgotten += attempt->outcome == ATTEMPT_FORGOTTEN;
		note_outcome(worker, attempt, &state);
		err = store_attempt(worker, txn, attempt);
	}
	if (err == ERR_OK)
		err = cache_put_taker(txn, worker->taker, &state);
	if (err == ERR_OK && forgotten > 0)
		log_line(LOG_LEVEL_WARNING,
			 "%" PRIu64 " changes waited for a hook that is no longer configured: they "
			 "are not told",
			 forgotten);
	return err;
}

static enum err commit_batch(struct deliver_worker *worker, size_t count, struct why *why)
{
	struct cache_txn *txn;
	enum err err = cache_write_begin(worker->options.cache, worker->options.clock, &txn, why);

	if (err != ERR_OK)
		return err;
	err = store_attempts(worker, txn, count);
	if (err != ERR_OK) {
		cache_write_abort(txn);
		return err_why(err, why, "the outbox: %s", err_text(err));
	}
	return cache_write_commit(txn, why);
}

/* ---- the round ---- */

static enum err tell_all(struct deliver_worker *worker, int64_t *next_at, struct why *why)
{
	size_t count = 0;
	enum err err;

	do {
		err = find_due(worker, &count, next_at, why);
		if (err != ERR_OK || count == 0)
			return err;
		tell_batch(worker, count);
		err = commit_batch(worker, count, why);
	} while (err == ERR_OK && !worker->stopped && time_monotonic_ms() < worker->deadline_ms);
	return err;
}

enum err deliver_round(struct deliver_worker *worker, int64_t *next_at, struct why *why)
{
	enum refresh_holder holder =
		worker->taker == OUTBOX_COMMAND ? REFRESH_TELLS_COMMAND : REFRESH_TELLS_URL;
	int64_t next = 0;
	int lock;
	enum err err = refresh_lock(worker->options.conf->cache_dir, holder, &lock, why);

	if (err != ERR_OK)
		return err;
	err = tell_all(worker, &next, why);
	close(lock);
	if (err == ERR_OK)
		*next_at = next;
	return err;
}
