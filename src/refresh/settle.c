/* SPDX-License-Identifier: BSD-2-Clause */
/* settle: what an operator decides of a host's changes: release, discard, undo. */
#include "resetguard/settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/brake.h"
#include "resetguard/log.h"
#include "resetguard/time.h"

enum { BATCH_MAX = 256 };

const char *settle_outcome_text(enum settle_outcome outcome)
{
	switch (outcome) {
	case SETTLE_RELEASED:
		return "released";
	case SETTLE_DISCARDED:
		return "discarded";
	case SETTLE_UNDONE:
		return "undone";
	case SETTLE_KEPT:
		return "kept";
	}
	return "kept";
}

/* The domains to settle, each name ended by a zero. */
struct names {
	char *text;
	size_t length;
	size_t size;
	size_t last; /* where the last one begins */
};

struct settling {
	const struct settle_options *options;
	const char *host; /* NULL: any */
	int64_t since;
	struct names names;
	/* Settles one domain; false in *any: there was nothing to settle after all. */
	enum err (*settle)(struct settling *settling, struct cache_txn *txn,
			   const struct domain *domain, struct settle_result *result, bool *any);
	struct settle_totals totals;
	/* Of the domain that is being undone. */
	struct history_event *events;
	size_t event_count;
	size_t event_size;
};

static enum err add_name(struct names *names, const struct domain *domain)
{
	size_t needed = names->length + domain->length + 1;

	if (names->length > 0 && strcmp(names->text + names->last, domain->name) == 0)
		return ERR_OK;
	if (needed > names->size) {
		size_t size = names->size == 0 ? 4096 : names->size * 2;
		char *text = realloc(names->text, size);

		if (text == NULL)
			return ERR_NO_MEMORY;
		names->text = text;
		names->size = size;
	}
	memcpy(names->text + names->length, domain->name, domain->length + 1U);
	names->last = names->length;
	names->length = needed;
	return ERR_OK;
}

static bool is_of_host(const struct settling *settling, const char *host)
{
	return settling->host == NULL || strcmp(settling->host, host) == 0;
}

/* ---- the counts ---- */

static enum err uncount(struct cache_txn *txn, const char *host, bool all, int64_t at, int64_t now)
{
	struct host_record known;
	enum err err = cache_get_host(txn, host, &known);

	/* A record that makes no sense counts nothing. */
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND || err_is_damage(err) ? ERR_OK : err;
	if (all)
		brake_uncount_all(&known.counts);
	else
		brake_uncount(&known.counts, at, now);
	return cache_put_host(txn, host, &known);
}

/* ---- held back: release and discard ---- */

static enum err add_parked(void *context, const struct domain *domain,
			   const struct parked *parked)
{
	struct settling *settling = context;

	return is_of_host(settling, parked->host) ? add_name(&settling->names, domain) : ERR_OK;
}

static enum err add_event(struct cache_txn *txn, const struct domain *domain,
			  const struct settle_options *options, enum history_kind kind,
			  const struct parked *parked, const struct facts *before,
			  const struct facts *after)
{
	struct history_event event = history_event_make(kind, options->now, before, after);

	event.source = parked->facts.source;
	memcpy(event.host, parked->host, sizeof event.host);
	memcpy(event.evidence, parked->evidence, sizeof event.evidence);
	return cache_add_change(txn, domain, &event);
}

/* Of a domain whose facts make no sense there is nothing to settle. */
static enum err pass_over(struct settling *settling, const struct domain *domain)
{
	settling->totals.kept++;
	log_line(
		LOG_LEVEL_WARNING,
		"the record of %s is damaged, and left as it is: 'resetguard refresh %s' begins it "
		"anew",
		domain->name, domain->name);
	return ERR_OK;
}

/* What is held back of the domain, and the facts it would change. *any is false when
 * another process has settled it meanwhile, or an import has replaced the facts. */
static enum err take_parked(struct settling *settling, struct cache_txn *txn,
			    const struct domain *domain, struct parked *parked,
			    struct facts *facts, bool *any)
{
	enum err err = cache_take_parked(txn, domain, parked);

	*any = false;
	if (err == ERR_NOT_FOUND || (err == ERR_OK && !is_of_host(settling, parked->host)))
		return ERR_OK;
	if (err != ERR_OK)
		return err;
	err = cache_get_facts(txn, domain, facts);
	if (err_is_damage(err))
		return pass_over(settling, domain);
	if (err == ERR_OK)
		*any = (facts->flags & FACTS_DISPUTED) != 0;
	else if (err != ERR_NOT_FOUND)
		return err;
	return cache_delete_parked(txn, domain);
}

static enum err settle_parked(struct settling *settling, struct cache_txn *txn,
			      const struct domain *domain, bool release,
			      struct settle_result *result, bool *any)
{
	const struct settle_options *options = settling->options;
	struct parked parked;
	struct facts before;
	struct facts after;
	enum err err = take_parked(settling, txn, domain, &parked, &before, any);

	if (err != ERR_OK || !*any)
		return err;
	after = before;
	after.flags &= ~(unsigned)FACTS_DISPUTED;
	if (release)
		after = brake_release(&before, &parked.facts);
	err = cache_put_facts(txn, domain, &before, &after);
	if (err == ERR_OK)
		err = add_event(txn, domain, options,
				release ? HISTORY_RELEASED : HISTORY_DISCARDED, &parked, &before,
				&after);
	if (err == ERR_OK)
		err = uncount(txn, parked.host, release, parked.since, options->now);
	result->outcome = release ? SETTLE_RELEASED : SETTLE_DISCARDED;
	result->state = after.state;
	result->source = after.source;
	return err;
}

static enum err release_one(struct settling *settling, struct cache_txn *txn,
			    const struct domain *domain, struct settle_result *result, bool *any)
{
	return settle_parked(settling, txn, domain, true, result, any);
}

static enum err discard_one(struct settling *settling, struct cache_txn *txn,
			    const struct domain *domain, struct settle_result *result, bool *any)
{
	return settle_parked(settling, txn, domain, false, result, any);
}

/* ---- stored already: undo ---- */

static bool is_to_undo(const struct settling *settling, const struct history_event *event)
{
	return (event->kind == HISTORY_OBSERVED || event->kind == HISTORY_RELEASED) &&
	       event->at >= settling->since && is_of_host(settling, event->host) &&
	       brake_event_unexplained(event);
}

static enum err add_changed(void *context, const struct domain *domain,
			    const struct history_event *event)
{
	struct settling *settling = context;

	return is_to_undo(settling, event) ? add_name(&settling->names, domain) : ERR_OK;
}

static enum err collect_event(void *context, const struct domain *domain,
			      const struct history_event *event)
{
	struct settling *settling = context;

	(void)domain;
	/* What came before was taken back then, or could not be. */
	if (event->kind == HISTORY_UNDONE && is_of_host(settling, event->host))
		settling->event_count = 0;
	if (!is_to_undo(settling, event))
		return ERR_OK;
	if (settling->event_count == settling->event_size) {
		size_t size = settling->event_size == 0 ? 16 : settling->event_size * 2;
		struct history_event *events =
			reallocarray(settling->events, size, sizeof *events);

		if (events == NULL)
			return ERR_NO_MEMORY;
		settling->events = events;
		settling->event_size = size;
	}
	settling->events[settling->event_count++] = *event;
	return ERR_OK;
}

/* Counted at its time, if it was counted at all. */
static enum err uncount_event(const struct settling *settling, struct cache_txn *txn,
			      const struct history_event *event)
{
	if (event->kind != HISTORY_OBSERVED || event->state_before == STATE_UNKNOWN)
		return ERR_OK;
	return uncount(txn, event->host, false, event->at, settling->options->now);
}

static enum err add_undone(const struct settling *settling, struct cache_txn *txn,
			   const struct domain *domain, const struct facts *before,
			   const struct facts *after, unsigned undone)
{
	struct history_event event =
		history_event_make(HISTORY_UNDONE, settling->options->now, before, after);

	snprintf(event.host, sizeof event.host, "%s", settling->host);
	snprintf(event.evidence, sizeof event.evidence, "%u change%s since %s taken back", undone,
		 undone == 1 ? "" : "s", time_format(settling->since).text);
	return cache_add_change(txn, domain, &event);
}

static enum err undo_one(struct settling *settling, struct cache_txn *txn,
			 const struct domain *domain, struct settle_result *result, bool *any)
{
	struct facts before;
	struct facts after;
	unsigned undone = 0;
	enum err err = cache_get_facts(txn, domain, &before);

	*any = false;
	if (err_is_damage(err))
		return pass_over(settling, domain);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	after = before;
	settling->event_count = 0;
	err = cache_each_history(txn, domain, collect_event, settling);
	*any = settling->event_count > 0;
	for (size_t i = settling->event_count; err == ERR_OK && i-- > 0;) {
		if (!brake_undo(&settling->events[i], settling->options->now, &after))
			break;
		undone++;
		err = uncount_event(settling, txn, &settling->events[i]);
	}
	if (err == ERR_OK && undone > 0)
		err = cache_put_facts(txn, domain, &before, &after);
	if (err == ERR_OK && undone > 0)
		err = add_undone(settling, txn, domain, &before, &after, undone);
	result->outcome = undone == settling->event_count ? SETTLE_UNDONE : SETTLE_KEPT;
	result->state = after.state;
	result->source = after.source;
	return err;
}

/* ---- the work ---- */

static size_t take_name(const struct names *names, size_t at, struct domain *domain)
{
	size_t length = strlen(names->text + at);

	memcpy(domain->name, names->text + at, length + 1);
	domain->length = (unsigned char)length;
	return at + length + 1;
}

static void tell(struct settling *settling, const struct settle_result *results, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (results[i].outcome == SETTLE_KEPT)
			settling->totals.kept++;
		else
			settling->totals.settled++;
		settling->options->told(settling->options->context, &results[i]);
	}
}

static enum err settle_batch(struct settling *settling, size_t *at, struct why *why)
{
	struct domain domains[BATCH_MAX];
	struct settle_result results[BATCH_MAX];
	size_t count = 0;
	size_t next = *at;
	struct cache_txn *txn;
	enum err err =
		cache_write_begin(settling->options->cache, settling->options->clock, &txn, why);

	if (err != ERR_OK)
		return err;
	while (count < BATCH_MAX && next < settling->names.length) {
		struct domain *domain = &domains[count];
		bool any;

		next = take_name(&settling->names, next, domain);
		results[count].domain = domain;
		err = settling->settle(settling, txn, domain, &results[count], &any);
		if (err != ERR_OK) {
			cache_write_abort(txn);
			return err_why(err, why, "the records of %s: %s", domain->name,
				       err_text(err));
		}
		count += any;
	}
	err = cache_write_commit(txn, why);
	if (err != ERR_OK)
		return err;
	*at = next;
	tell(settling, results, count);
	return ERR_OK;
}

static enum err find_names(struct settling *settling, bool in_history, struct why *why)
{
	struct cache_txn *txn;
	enum err err = cache_snapshot(settling->options->cache, time_monotonic_ms(), &txn, why);

	if (err != ERR_OK)
		return err;
	err = in_history ? cache_each_history(txn, NULL, add_changed, settling)
			 : cache_each_parked(txn, add_parked, settling);
	cache_read_end(txn);
	return err == ERR_OK ? err : err_why(err, why, "what is to settle: %s", err_text(err));
}

static enum err settle_all(struct settling *settling, bool in_history,
			   struct settle_totals *totals, struct why *why)
{
	size_t at = 0;
	enum err err = find_names(settling, in_history, why);

	while (err == ERR_OK && at < settling->names.length)
		err = settle_batch(settling, &at, why);
	free(settling->names.text);
	free(settling->events);
	*totals = settling->totals;
	return err;
}

enum err settle_release(const struct settle_options *options, const char *host,
			struct settle_totals *totals, struct why *why)
{
	struct settling settling = {.options = options, .host = host, .settle = release_one};

	return settle_all(&settling, false, totals, why);
}

enum err settle_discard(const struct settle_options *options, const char *host,
			struct settle_totals *totals, struct why *why)
{
	struct settling settling = {.options = options, .host = host, .settle = discard_one};

	return settle_all(&settling, false, totals, why);
}

enum err settle_undo(const struct settle_options *options, const char *host, int64_t since,
		     struct settle_totals *totals, struct why *why)
{
	struct settling settling = {
		.options = options, .host = host, .since = since, .settle = undo_one};

	return settle_all(&settling, true, totals, why);
}
