/* SPDX-License-Identifier: BSD-2-Clause */
/* session_judge: the recipients of a guarded message are judged, logged, answered. */
#include <stdio.h>
#include <string.h>

#include "resetguard/log.h"
#include "resetguard/render.h"
#include "resetguard/time.h"
#include "session_state.h"

enum {
	SESSION_AWAITED_MAX = 32,    /* domains that one message waits for */
	SESSION_MISS_WAIT_MS = 3000, /* where miss_wait is left to us */
};

/* ---- judging ---- */

static bool wants_newer_facts(const struct session *session, const struct judgement *judgement,
			      const struct session_clock *clock)
{
	return judgement->wanted_count > 0 &&
	       clock->now - judgement->registry_checked_at > session->world->conf->recheck_after;
}

/* A guarded message asks for newer facts where those at hand are not new. */
static void want_newer_facts(const struct session *session, const struct judgement *judgement,
			     const struct session_clock *clock)
{
	const struct world *world = session->world;

	if (!wants_newer_facts(session, judgement, clock))
		return;
	for (unsigned i = 0; i < judgement->wanted_count; i++) {
		enum err err =
			wanted_add(world->wanted, &judgement->wanted[i], clock->monotonic_ms);

		if (err == ERR_OK)
			continue;
		counters_add(session->counters, COUNTER_WANTED_DROPPED);
		complaints_wanted(session->office->complaints, &judgement->wanted[i], err,
				  clock->monotonic_ms);
	}
}

static void judge(const struct session *session, const struct session_judging *judging,
		  const char *recipient_path, struct judgement *judgement)
{
	const struct world *world = session->world;
	struct judge_question question = {
		.name = recipient_path,
		.name_length = strlen(recipient_path),
		.class = judging->class.keys,
		.header_verified_at = validity_since(&session->validity, recipient_path),
		.now = judging->clock.now,
		.monotonic_ms = judging->clock.monotonic_ms,
	};
	uint64_t begin = time_monotonic_ns();

	judge_recipient(&world->judge, &question, judgement);
	counters_observe(session->counters, HISTOGRAM_LOOKUP, time_monotonic_ns() - begin);
	complaints_cache(session->office->complaints, world->judge.cache,
			 judgement->reason == REASON_CACHE_ERROR);
	if (judging->overdue && judgement->action == ACTION_TEMPFAIL) {
		judgement->action = ACTION_REJECT;
		judgement->verdict = VERDICT_REJECT;
	}
}

static bool has_reply(const struct judgement *judgement)
{
	return judgement->action == ACTION_TEMPFAIL || judgement->action == ACTION_REJECT;
}

static bool is_worse(const struct judgement *judgement, const struct tally_cell *cell)
{
	if (judgement->verdict != cell->verdict)
		return judgement->verdict > cell->verdict;
	return judgement->reason < cell->reason;
}

/* Counts what is logged, and keeps the worst of it for the message. */
static void count(const struct session *session, struct session_judging *judging,
		  const struct judgement *judgement)
{
	struct tally_cell cell = {
		.mode = session->world->conf->mode,
		.class = counters_class(session->office->counters, judging->class.name),
		.verdict = judgement->verdict,
		.reason = judgement->reason,
	};

	counters_tally(session->counters, TALLY_RECIPIENTS, &cell);
	if (canary_is_one(judgement))
		counters_add(session->counters, COUNTER_CANARY);
	if (!judging->is_counted || is_worse(judgement, &judging->worst))
		judging->worst = cell;
	judging->is_counted = true;
}

/* Writes the log line, and fills reply if there is one. */
static void report(const struct session *session, struct session_judging *judging,
		   const char *recipient_path, const struct judgement *judgement,
		   struct render_reply *reply)
{
	const struct conf *conf = session->world->conf;
	struct envelope_address sender;
	struct envelope_address recipient;
	struct render_event event;
	char line[RENDER_LINE_MAX];

	envelope_bare(recipient_path, &recipient);
	if (has_reply(judgement))
		render_reply(judgement, judging->class.keys, recipient.text, reply);
	if (judging->quiet)
		return;
	count(session, judging, judgement);
	envelope_bare(envelope_sender_path(&session->envelope), &sender);
	event = (struct render_event){
		.queue_id = judging->queue_id,
		.mode = conf->mode,
		.class_name = judging->class.name,
		.rule = judging->class.rule,
		.sender = sender.text,
		.recipient = recipient.text,
		.log_localpart = conf->log_localpart,
		.wait_ms = judging->wait_ms,
		.reply = has_reply(judgement) ? reply : NULL,
	};
	render_log_line(judgement, &event, line);
	log_write(LOG_LEVEL_INFO, line);
	if (conf->on_canary_command != NULL && canary_is_one(judgement))
		canary_tell(session->office->canary, conf->on_canary_command, judgement, &event,
			    judging->clock.now, judging->clock.monotonic_ms);
}

/* ---- waiting for newer facts ---- */

static int64_t miss_wait_ms(const struct session *session)
{
	int64_t configured_ms = session->world->conf->miss_wait_ms;

	return configured_ms < 0 ? SESSION_MISS_WAIT_MS : configured_ms;
}

/* In observe mode nothing is gained by it. */
static bool may_wait(const struct session *session, const struct session_clock *clock)
{
	return !session->from_sendmail && session->world->conf->mode == MODE_ENFORCE &&
	       miss_wait_ms(session) > 0 &&
	       arrivals_are_expected(session->office->arrivals, session->world->wanted,
				     clock->monotonic_ms);
}

struct awaited {
	struct domain domains[SESSION_AWAITED_MAX];
	unsigned count;
};

/* What there is no room for is wanted, too, but not waited for. */
static void await(struct awaited *awaited, const struct judgement *judgement)
{
	for (unsigned i = 0; i < judgement->wanted_count; i++) {
		if (awaited->count < SESSION_AWAITED_MAX)
			awaited->domains[awaited->count++] = judgement->wanted[i];
	}
}

/* Puts all that the message is to be judged by on the list first, and waits once. False
 * if there was nothing to wait for: then the judgement is that of the last recipient. */
static bool wait_for_newer_facts(const struct session *session, struct session_judging *judging,
				 struct judgement *judgement)
{
	const struct envelope *envelope = &session->envelope;
	struct awaited awaited;

	awaited.count = 0;
	for (size_t i = 0; i < envelope->recipient_count; i++) {
		if (envelope->recipients[i].first != i)
			continue;
		judge(session, judging, envelope_recipient_path(envelope, i), judgement);
		if (!wants_newer_facts(session, judgement, &judging->clock))
			continue;
		want_newer_facts(session, judgement, &judging->clock);
		await(&awaited, judgement);
	}
	if (awaited.count == 0)
		return false;
	judging->wait_ms = arrivals_wait(session->office->arrivals, session->world->wanted,
					 awaited.domains, awaited.count, miss_wait_ms(session));
	if (judging->wait_ms > 0)
		counters_observe(session->counters, HISTOGRAM_WAIT,
				 (uint64_t)judging->wait_ms * 1000000);
	judging->clock.now += (judging->wait_ms + 500) / 1000;
	judging->clock.monotonic_ms += judging->wait_ms;
	return true;
}

/* ---- RCPT ---- */

/* What no header could mend: neither another date nor another class. */
static bool is_final(const struct judgement *judgement)
{
	if (judgement->action != ACTION_REJECT)
		return false;
	return judgement->reason == REASON_EXPIRED || judgement->reason == REASON_BAD_ADDRESS ||
	       judgement->reason == REASON_PINNED;
}

bool session_refuses_at_rcpt(struct session *session, struct session_judging *judging,
			     const char *recipient_path, struct reply *reply)
{
	struct judgement judgement;
	struct render_reply rendered;

	judge(session, judging, recipient_path, &judgement);
	if (!is_final(&judgement))
		return false;
	/* Newer facts may mend it, and at the end of the headers they are waited for. */
	if (wants_newer_facts(session, &judgement, &judging->clock) &&
	    may_wait(session, &judging->clock))
		return false;
	want_newer_facts(session, &judgement, &judging->clock);
	report(session, judging, recipient_path, &judgement, &rendered);
	reply_set(reply, rendered.code, rendered.text);
	return true;
}

/* ---- the whole message ---- */

/* The answer names those whose verdict it is, under the codes of the worst. */
struct answer {
	struct reply *reply;
	enum action action; /* of those that reply names; ACTION_ACCEPT: nobody yet */
	enum reason worst;
};

static void answer_add(struct answer *answer, const struct judgement *judgement,
		       const struct render_reply *rendered)
{
	if (!has_reply(judgement))
		return;
	/* One deferral makes it a deferral, and what was refused is not named in it. */
	if (answer->action == ACTION_ACCEPT ||
	    (answer->action == ACTION_REJECT && judgement->action == ACTION_TEMPFAIL)) {
		answer->action = judgement->action;
		answer->worst = judgement->reason;
		reply_begin(answer->reply, rendered->code);
	}
	if (judgement->action != answer->action)
		return;
	if (judgement->reason < answer->worst) {
		answer->worst = judgement->reason;
		answer->reply->code = rendered->code;
	}
	reply_add(answer->reply, rendered->text);
}

/* For the receiver to check, too: since when we know the mailbox to be the right
 * person's. Not where that is only when we first saw the domain, nor where an operator
 * lets through what the rule would not; and not with several recipients, who would see
 * each other's, and of whom one could fail the message for all. */
static void add_field(struct session *session, const struct judgement *judgement)
{
	const char *path = envelope_recipient_path(&session->envelope, 0);
	bool is_known = judgement->verified_by == VERIFIED_BY_ADDRESS ||
			judgement->verified_by == VERIFIED_BY_DOMAIN;

	if (is_known && judgement->action == ACTION_ACCEPT &&
	    judgement->reason > REASON_NEW_DOMAIN &&
	    !validity_is_spoken_of(&session->validity, path))
		(void)!validity_make_field(path, judgement->verified_at,
					   session->added_field); /* untouched: there is none */
}

void session_judge_message(struct session *session, struct session_judging *judging,
			   struct reply *reply)
{
	struct envelope *envelope = &session->envelope;
	struct answer answer = {.reply = reply, .action = ACTION_ACCEPT};
	struct outcome_counts counts = {{0}};
	struct judgement judgement;
	struct render_reply rendered;
	bool waits = may_wait(session, &judging->clock);
	bool is_judged = waits && !wait_for_newer_facts(session, judging, &judgement) &&
			 envelope->recipient_count == 1;

	for (size_t i = 0; i < envelope->recipient_count; i++) {
		const char *path = envelope_recipient_path(envelope, i);
		uint32_t first = envelope->recipients[i].first;

		if (first != i) {
			envelope->recipients[i].action = envelope->recipients[first].action;
			continue;
		}
		if (!is_judged)
			judge(session, judging, path, &judgement);
		if (!waits)
			want_newer_facts(session, &judgement, &judging->clock);
		report(session, judging, path, &judgement, &rendered);
		answer_add(&answer, &judgement, &rendered);
		envelope->recipients[i].action = judgement.action;
		counts.of[judgement.action]++;
	}
	if (answer.action != ACTION_ACCEPT)
		reply_end(reply);
	session->added_field[0] = '\0'; /* it may have been judged before */
	if (session->world->conf->add_rrvs && session->world->conf->mode == MODE_ENFORCE &&
	    envelope->recipient_count == 1)
		add_field(session, &judgement);
	if (judging->is_counted)
		counters_tally(session->counters, TALLY_MESSAGES, &judging->worst);
	session->outcome = outcome_settle(&counts, session->world->conf->mixed);
}

/* sendmail(1) mail that is deferred comes again and again. */
void session_judge_sendmail_message(struct session *session, struct session_judging *judging,
				    struct reply *reply)
{
	struct deferrals *deferrals = session->office->deferrals;
	int64_t now = judging->clock.now;
	int64_t since;
	bool is_repeat = deferrals_find(deferrals, session->identity, now, &since);

	judging->overdue = is_repeat && now - since >= session->world->conf->defer_max;
	judging->quiet = is_repeat && !judging->overdue;
	session_judge_message(session, judging, reply);
	if (session->outcome.answer == OUTCOME_TEMPFAIL) {
		if (is_repeat)
			counters_add(session->counters, COUNTER_DEFERRAL_REPEATS);
		else
			deferrals_add(deferrals, session->identity, now);
		return;
	}
	if (!is_repeat)
		return;
	deferrals_remove(deferrals, session->identity);
	if (judging->quiet) {
		judging->quiet = false;
		session_judge_message(session, judging, reply);
	}
}
