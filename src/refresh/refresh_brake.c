/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh: the registries' hosts and what is remembered of them; the brake on them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refresh_work.h"
#include "resetguard/log.h"
#include "resetguard/time.h"

/* host_record keeps requests in a million seconds. */
#define RATE_UNIT 1e6

/* ---- limits that outlive the run ---- */

static struct host_limit limit_of(const struct refresh *refresh, const struct host_record *known)
{
	int64_t now_ms = time_monotonic_ms();
	int64_t rest = known->rests_until - refresh->clock();
	struct host_limit limit = host_limit_new(&refresh->options.conf->host_rate, now_ms);

	if (known->rate > 0)
		host_limit_slow(&limit, (double)known->rate / RATE_UNIT);
	if (rest > 0)
		limit.rests_until_ms = now_ms + rest * 1000;
	return limit;
}

/* What is remembered of the host; nothing is no failure, nor is a record of it that
 * makes no sense: it is learned again. */
static struct host_record recall(struct cache_txn *txn, const char *name)
{
	struct host_record known = {0};
	enum err err = cache_get_host(txn, name, &known);

	if (err != ERR_OK && err != ERR_NOT_FOUND)
		log_line(LOG_LEVEL_WARNING, "what is remembered of %s: %s: learned anew", name,
			 err_text(err));
	return known;
}

static void remember_limit(const struct refresh *refresh, const struct host_limit *limit,
			   struct host_record *known)
{
	int64_t rest_ms = limit->rests_until_ms - time_monotonic_ms();
	const struct conf_rate *rate = &refresh->options.conf->host_rate;
	bool is_slowed = limit->per_second * rate->per < rate->count;

	known->rate = is_slowed ? (uint64_t)(limit->per_second * RATE_UNIT + 0.5) : 0;
	known->rests_until = rest_ms > 0 ? refresh->clock() + (rest_ms + 999) / 1000 : 0;
}

/* ---- the list ---- */

struct refresh_host *refresh_listed_host(const struct refresh *refresh, const char *name)
{
	struct refresh_host *host = refresh->hosts;

	while (host != NULL && strcmp(host->name, name) != 0)
		host = host->next;
	return host;
}

static struct refresh_host *enlist(struct refresh *refresh, const char *name,
				   const struct host_record *known)
{
	struct refresh_host *host = calloc(1, sizeof *host);

	if (host == NULL)
		return NULL;
	snprintf(host->name, sizeof host->name, "%s", name);
	host->limit = limit_of(refresh, known);
	host->next = refresh->hosts;
	refresh->hosts = host;
	return host;
}

struct refresh_host *refresh_find_host(struct refresh *refresh, const char *name)
{
	struct refresh_host *host = refresh_listed_host(refresh, name);
	struct host_record known = {0};
	struct cache_txn *txn;

	if (host != NULL)
		return host;
	if (cache_read_begin(refresh->options.cache, time_monotonic_ms(), &txn) == ERR_OK) {
		known = recall(txn, name);
		cache_read_end(txn);
	}
	return enlist(refresh, name, &known);
}

void refresh_free_hosts(struct refresh_host *hosts)
{
	while (hosts != NULL) {
		struct refresh_host *next = hosts->next;

		free(hosts);
		hosts = next;
	}
}

/* ---- within a commit ---- */

/* Other processes count, too: what is on file now is what is counted on. */
static struct refresh_host *host_in(struct refresh *refresh, struct cache_txn *txn,
				    const char *name)
{
	struct refresh_host *host = refresh_listed_host(refresh, name);
	struct host_record known;

	if (host != NULL && host->in_commit)
		return host;
	known = recall(txn, name);
	if (host == NULL)
		host = enlist(refresh, name, &known);
	if (host != NULL) {
		host->counts = known.counts;
		host->in_commit = true;
	}
	return host;
}

enum err refresh_brake_begin(struct refresh *refresh, struct cache_txn *txn)
{
	for (struct refresh_host *host = refresh->hosts; host != NULL; host = host->next)
		host->in_commit = false;
	for (size_t i = 0; i < refresh->batch_count; i++) {
		struct answer *answer = &refresh->batch[i];

		answer->host = NULL;
		if (answer->observation.host[0] == '\0')
			continue;
		answer->host = host_in(refresh, txn, answer->observation.host);
		if (answer->host == NULL)
			return ERR_NO_MEMORY;
		brake_note_answer(&answer->observation, &answer->host->run);
	}
	return ERR_OK;
}

enum err refresh_brake_end(struct refresh *refresh, struct cache_txn *txn)
{
	enum err err = ERR_OK;

	for (struct refresh_host *host = refresh->hosts; host != NULL && err == ERR_OK;
	     host = host->next) {
		struct host_record known = {.counts = host->counts};

		if (!host->in_commit)
			continue;
		remember_limit(refresh, &host->limit, &known);
		err = cache_put_host(txn, host->name, &known);
	}
	return err;
}

/* ---- the brake ---- */

enum brake_decision refresh_brake(struct refresh *refresh, const struct answer *answer,
				  const struct facts *before, const struct apply_rules *apply_rules,
				  const struct apply_result *applied)
{
	const struct conf *conf = refresh->options.conf;
	const struct brake_rules rules = {.count = conf->brake_count,
					  .percent = conf->brake_percent};

	if (answer->host == NULL)
		return BRAKE_APPLY;
	return brake_decide(before, &answer->observation, apply_rules, applied, &rules,
			    &answer->host->run, &answer->host->counts);
}

enum err refresh_park(struct cache_txn *txn, const struct domain *domain,
		      const struct answer *answer, const struct facts *would_be)
{
	const struct observation *observation = &answer->observation;
	struct parked parked;
	enum err err = cache_take_parked(txn, domain, &parked);

	if (err == ERR_NOT_FOUND)
		parked.since = observation->at;
	else if (err != ERR_OK)
		return err;
	parked.at = observation->at;
	parked.facts = *would_be;
	parked.facts.flags &= ~(unsigned)FACTS_DISPUTED;
	memcpy(parked.host, observation->host, sizeof parked.host);
	memcpy(parked.evidence, observation->evidence, sizeof parked.evidence);
	return cache_put_parked(txn, domain, &parked);
}

void refresh_brake_report(struct refresh *refresh)
{
	for (struct refresh_host *host = refresh->hosts; host != NULL; host = host->next) {
		struct brake_day day = brake_day(&host->counts, refresh->clock());
		const char *quote = strchr(host->name, ' ') == NULL ? "" : "'";

		if (host->held_back == 0)
			continue;
		log_line(LOG_LEVEL_ERROR,
			 "THE BRAKE IS ON for %s: %" PRIu64 " of its answers held back; in 24 h it "
			 "changed the owner of %" PRIu64 " of %" PRIu64 " domains without a word "
			 "why, and said of %" PRIu64 " of %" PRIu64 " in this run that there is no "
			 "such domain; find out whether that is true, then: "
			 "resetguard refresh --release %s%s%s|--discard %s%s%s",
			 host->name, host->held_back, day.unexplained, day.checked,
			 host->run.absent, host->run.answers, quote, host->name, quote, quote,
			 host->name, quote);
		host->held_back = 0;
	}
}
