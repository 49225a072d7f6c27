/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh: answers on their way into the cache, and out to whoever is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refresh_work.h"
#include "resetguard/apply.h"
#include "resetguard/log.h"
#include "resetguard/schedule.h"
#include "resetguard/time.h"

struct domain ticket_domain(const struct ticket *ticket)
{
	struct domain domain = {.length = ticket->length};

	memcpy(domain.name, ticket->name, ticket->length + 1U);
	return domain;
}

struct answer *refresh_new_answer(struct refresh *refresh, struct ticket *ticket,
				  enum source source)
{
	struct answer *answer = &refresh->batch[refresh->batch_count];

	if (refresh->batch_count == 0)
		refresh->batch_since_ms = time_monotonic_ms();
	refresh->batch_count++;
	memset(answer, 0, sizeof *answer);
	answer->ticket = ticket;
	answer->is_last = true;
	answer->observation.source = source;
	answer->observation.at = refresh->clock();
	return answer;
}

enum err ticket_new(struct refresh *refresh, const struct domain *domain, struct ticket **ticket)
{
	struct ticket *made = calloc(1, sizeof *made + domain->length + 1U);

	if (made == NULL)
		return ERR_NO_MEMORY;
	made->length = domain->length;
	memcpy(made->name, domain->name, domain->length + 1U);
	made->older = refresh->newest;
	if (refresh->newest != NULL)
		refresh->newest->newer = made;
	refresh->newest = made;
	refresh->ticket_count++;
	*ticket = made;
	return ERR_OK;
}

enum err ticket_read(struct refresh *refresh, struct ticket *ticket, const struct domain *domain,
		     bool forced)
{
	struct refresh_route route;
	struct facts facts = {.state = STATE_UNKNOWN};
	struct cache_txn *txn;
	enum err err = cache_read_begin(refresh->options.cache, time_monotonic_ms(), &txn);

	if (err != ERR_OK)
		return err;
	err = cache_get_facts(txn, domain, &facts);
	cache_read_end(txn);
	/* A record that makes no sense is replaced with the answer. */
	if (err_is_damage(err))
		err = ERR_NOT_FOUND;
	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	ticket->checked_at = facts_checked_at(&facts);
	ticket->state = facts.state;
	ticket->source = facts.source;
	ticket->dns_state = facts.dns_state;
	ticket->registry_serves = refresh_find_route(refresh, domain, &route);
	ticket->registry_due = forced || err == ERR_NOT_FOUND || refresh->dns == NULL ||
			       facts.registry.next_check_at <= refresh->clock();
	return ERR_OK;
}

void ticket_end(struct refresh *refresh, struct ticket *ticket)
{
	if (ticket->newer != NULL)
		ticket->newer->older = ticket->older;
	else
		refresh->newest = ticket->older;
	if (ticket->older != NULL)
		ticket->older->newer = ticket->newer;
	refresh->ticket_count--;
	refresh->wanted_tickets -= ticket->wanted;
	free(ticket->url);
	free(ticket->earlier);
	free(ticket);
}

/* ---- storing ---- */

static void set_next_checks(const struct refresh *refresh, const struct answer *answer,
			    struct apply_result *applied)
{
	const struct domain domain = ticket_domain(answer->ticket);
	struct schedule_rules rules = {
		.max_interval = refresh->options.conf->max_interval,
		.lifecycle = lifecycle_of(refresh->lifecycles, &domain),
	};
	uint64_t seed = addresses_text_hash(answer->ticket->name, answer->ticket->length);
	const struct observation *observation = &answer->observation;
	struct facts *facts = &applied->facts;
	int64_t asked = observation->at + (observation->retry_after < TIME_DAY
						   ? observation->retry_after
						   : TIME_DAY);
	int64_t next;

	if (observation->source == SOURCE_DNS) {
		facts->dns.next_check_at = schedule_dns_next(facts, &rules, seed);
		/* What no registry serves is due by the DNS alone. */
		if (!answer->ticket->registry_serves)
			facts->registry.next_check_at = 0;
		return;
	}
	next = applied->contradicted ? observation->at + APPLY_CONTRADICTED_RETRY
				     : schedule_next(facts, &rules, seed);
	facts->registry.next_check_at = next > asked ? next : asked;
}

static enum err add_history(struct cache_txn *txn, const struct domain *domain,
			    const struct observation *observation, const struct facts *before,
			    const struct facts *after)
{
	struct history_event event =
		history_event_make(HISTORY_OBSERVED, observation->at, before, after);

	event.source = observation->source;
	memcpy(event.host, observation->host, sizeof event.host);
	memcpy(event.evidence, observation->evidence, sizeof event.evidence);
	return cache_add_change(txn, domain, &event);
}

/* What was known stays; what would be is parked by the caller, if it is new. */
static void hold_back(struct refresh *refresh, struct answer *answer, const struct facts *before,
		      struct apply_result *applied)
{
	struct observation *observation = &answer->observation;

	snprintf(observation->error, sizeof observation->error,
		 "held back: %.100s says %s, and the brake is on", observation->host,
		 state_text(applied->facts.state));
	applied->facts = brake_hold(before, observation);
	set_next_checks(refresh, answer, applied);
	answer->outcome = REFRESH_HELD_BACK;
	answer->host->held_back++;
}

/* The registry has agreed with what is known, or has said why not. */
static enum err end_dispute(struct cache_txn *txn, const struct domain *domain,
			    struct apply_result *applied)
{
	enum err err = cache_delete_parked(txn, domain);

	applied->facts.flags &= ~(unsigned)FACTS_DISPUTED;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum refresh_outcome outcome_of(const struct apply_result *applied)
{
	if (applied->failed)
		return REFRESH_FAILED;
	return applied->change.state_changed || applied->change.owner_changed ? REFRESH_CHANGED
									      : REFRESH_UNCHANGED;
}

static enum err store_answer(struct refresh *refresh, struct cache_txn *txn, struct answer *answer)
{
	const struct domain domain = ticket_domain(answer->ticket);
	struct observation *observation = &answer->observation;
	const struct apply_rules rules = {
		.dns_is_source = refresh->dns != NULL,
		.registry_serves = answer->ticket->registry_serves,
		.dns_lapse_after = refresh->options.conf->dns_lapse_after,
	};
	struct facts before;
	struct apply_result applied;
	unsigned flags = domain_is_below_private(refresh->options.suffixes, &domain)
				 ? FACTS_PRIVATE_SUFFIX
				 : 0;
	enum err err = cache_take_facts(txn, &domain, flags, &before);
	bool is_new = err == ERR_NOT_FOUND;

	if (is_new)
		before = facts_new(observation->at, flags);
	else if (err != ERR_OK)
		return err;
	applied = facts_apply(&before, observation, &rules);
	set_next_checks(refresh, answer, &applied);
	answer->outcome = outcome_of(&applied);
	err = ERR_OK;
	switch (refresh_brake(refresh, answer, &before, &rules, &applied)) {
	case BRAKE_APPLY:
		break;
	case BRAKE_SETTLE:
		err = end_dispute(txn, &domain, &applied);
		break;
	case BRAKE_HOLD:
		err = refresh_park(txn, &domain, answer, &applied.facts);
		hold_back(refresh, answer, &before, &applied);
		break;
	case BRAKE_WAIT:
		hold_back(refresh, answer, &before, &applied);
		break;
	}
	if (err == ERR_OK)
		err = cache_put_facts(txn, &domain, is_new ? NULL : &before, &applied.facts);
	if (err == ERR_OK && answer->outcome == REFRESH_CHANGED)
		err = add_history(txn, &domain, observation, &before, &applied.facts);
	answer->state = applied.facts.state;
	answer->source = applied.facts.source;
	answer->checked_at = facts_checked_at(&applied.facts);
	if (applied.contradicted)
		answer->cause = REFRESH_CAUSE_CONTRADICTED;
	if (applied.contradicted)
		snprintf(observation->error, sizeof observation->error,
			 "%.100s says there is no such domain, the DNS does not agree",
			 observation->host);
	else if (applied.failed && observation->answer == OBSERVATION_NODATA)
		snprintf(observation->error, sizeof observation->error,
			 "the DNS says neither that it exists nor that it does not");
	return err;
}

/* ---- telling ---- */

static void note_failed(struct refresh_totals *totals, const struct refresh_result *result)
{
	totals->failed++;
	totals->causes[result->cause]++;
	if (result->checked_at != 0 &&
	    (totals->oldest_check == 0 || result->checked_at < totals->oldest_check))
		totals->oldest_check = result->checked_at;
}

/* What was answered is no longer wanted; a failure is an answer too, once its record
 * says when to ask again. */
static void take_off_list(struct refresh *refresh)
{
	if (refresh->options.wanted == NULL || wanted_is_empty(refresh->options.wanted))
		return;
	for (size_t i = 0; i < refresh->batch_count; i++) {
		const struct domain domain = ticket_domain(refresh->batch[i].ticket);

		if (refresh->batch[i].is_last &&
		    wanted_remove(refresh->options.wanted, &domain) != ERR_OK)
			log_line(LOG_LEVEL_WARNING, "wanted/%s cannot be removed", domain.name);
	}
}

static void tell(struct refresh *refresh, const struct refresh_result *result)
{
	switch (result->outcome) {
	case REFRESH_FAILED:
		note_failed(&refresh->totals, result);
		break;
	case REFRESH_CHANGED:
		refresh->totals.changed++;
		refresh->totals.checked++;
		break;
	case REFRESH_UNCHANGED:
		refresh->totals.checked++;
		break;
	case REFRESH_HELD_BACK:
		refresh->totals.held_back++;
		break;
	}
	if (refresh->options.told != NULL)
		refresh->options.told(refresh->options.context, result);
}

static void tell_answer(struct refresh *refresh, const struct answer *answer)
{
	const struct domain domain = ticket_domain(answer->ticket);
	bool taken = answer->outcome == REFRESH_CHANGED || answer->outcome == REFRESH_UNCHANGED;
	struct refresh_result result = {
		.domain = &domain,
		.outcome = answer->outcome,
		.state = answer->state,
		.source = answer->source,
		.error = taken ? NULL : answer->observation.error,
		.cause = answer->cause,
		.checked_at = answer->checked_at,
	};

	if (answer->ticket->changed && answer->outcome == REFRESH_UNCHANGED)
		result.outcome = REFRESH_CHANGED;
	tell(refresh, &result);
}

void refresh_give_up(struct refresh *refresh, struct ticket *ticket, const char *cause)
{
	const struct domain domain = ticket_domain(ticket);
	const struct refresh_result result = {
		.domain = &domain,
		.outcome = REFRESH_FAILED,
		.state = ticket->state,
		.source = ticket->source,
		.error = cause,
		.cause = REFRESH_CAUSE_THROTTLED,
		.checked_at = ticket->checked_at,
	};

	tell(refresh, &result);
	ticket_end(refresh, ticket);
}

/* ---- the commit ---- */

static bool batch_is_waited_for(const struct refresh *refresh)
{
	if (refresh->wanted_tickets == 0)
		return false;
	for (size_t i = 0; i < refresh->batch_count; i++) {
		if (refresh->batch[i].is_last && refresh->batch[i].ticket->wanted)
			return true;
	}
	return false;
}

bool refresh_batch_is_ripe(const struct refresh *refresh)
{
	return refresh->batch_count == REFRESH_BATCH_MAX || batch_is_waited_for(refresh) ||
	       (refresh->batch_count > 0 &&
		time_monotonic_ms() - refresh->batch_since_ms >= REFRESH_BATCH_AGE_MS);
}

/* A clock that runs ahead makes every certificate look expired, so that nobody is
 * left to tell; and what is stored at its time shuts the cache to all that comes
 * before. Failures are not worth that risk. */
static bool clock_is_doubtful(const struct refresh *refresh, const struct cache_txn *txn)
{
	int64_t committed_at = cache_committed_at(txn);

	if (refresh->clock_confirmed || committed_at == 0 ||
	    refresh->clock() <= committed_at + TIME_DAY)
		return false;
	for (size_t i = 0; i < refresh->batch_count; i++)
		if (refresh->batch[i].observation.answer != OBSERVATION_FAILED)
			return false;
	return true;
}

/* The answers are told, and their domains stay due. */
static void leave_batch(struct refresh *refresh, struct cache_txn *txn)
{
	log_line(LOG_LEVEL_WARNING,
		 "the clock says %s, more than a day after the last write, and no server was there "
		 "to confirm it: failures are not stored",
		 time_format(refresh->clock()).text);
	cache_write_abort(txn);
	for (size_t i = 0; i < refresh->batch_count; i++) {
		struct answer *answer = &refresh->batch[i];

		answer->outcome = REFRESH_FAILED;
		answer->state = answer->ticket->state;
		answer->source = answer->ticket->source;
		answer->checked_at = answer->ticket->checked_at;
	}
}

static enum err store_batch(struct refresh *refresh, struct cache_txn *txn, struct why *why)
{
	const char *name = "a registry's host";
	enum err err = refresh_brake_begin(refresh, txn);

	for (size_t i = 0; err == ERR_OK && i < refresh->batch_count; i++) {
		err = store_answer(refresh, txn, &refresh->batch[i]);
		if (err != ERR_OK)
			name = refresh->batch[i].ticket->name;
	}
	if (err == ERR_OK)
		err = refresh_brake_end(refresh, txn);
	if (err != ERR_OK) {
		cache_write_abort(txn);
		return err_why(err, why, "the record of %s: %s", name, err_text(err));
	}
	return cache_write_commit(txn, why);
}

enum err refresh_commit(struct refresh *refresh, struct why *why)
{
	struct cache_txn *txn;
	enum err err;

	if (refresh->batch_count == 0)
		return ERR_OK;
	err = cache_write_begin(refresh->options.cache, refresh->clock, &txn, why);
	if (err != ERR_OK)
		return err;
	if (clock_is_doubtful(refresh, txn)) {
		leave_batch(refresh, txn);
	} else {
		err = store_batch(refresh, txn, why);
		if (err != ERR_OK)
			return err;
		take_off_list(refresh);
	}
	for (size_t i = 0; i < refresh->batch_count; i++) {
		const struct answer *answer = &refresh->batch[i];

		if (answer->is_last) {
			tell_answer(refresh, answer);
			ticket_end(refresh, answer->ticket);
		} else if (answer->outcome == REFRESH_CHANGED) {
			answer->ticket->changed = true;
		}
	}
	refresh->batch_count = 0;
	return ERR_OK;
}
