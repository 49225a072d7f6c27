/* SPDX-License-Identifier: BSD-2-Clause */
/* session: one SMTP client's connection, and one message after the other on it. */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "envelope.h"
#include "outcome.h"
#include "resetguard/addresses.h"
#include "resetguard/log.h"
#include "resetguard/render.h"
#include "scope.h"
#include "validity.h"

enum {
	SESSION_QUEUE_ID_MAX = 63,
	SESSION_AWAITED_MAX = 32,    /* domains that one message waits for */
	SESSION_MISS_WAIT_MS = 3000, /* where miss_wait is left to us */
};

struct session {
	const struct session_office *office;
	const struct world *world; /* of the present message, or of the last one */

	/* The connection. */
	struct scope_client client;
	bool mta_is_postfix;
	char daemon_name[SCOPE_DAEMON_NAME_MAX + 1];

	/* The message. */
	bool open;
	bool in_scope;
	bool from_sendmail;
	bool turned_away;
	bool settled; /* the envelope alone makes it a guarded message */
	enum err cut; /* why not all of the envelope was kept */
	struct envelope envelope;
	struct rules_match match;
	struct validity validity;
	struct outcome outcome;

	/* sendmail(1) mail only. */
	char first_queue_id[SESSION_QUEUE_ID_MAX + 1];
	uint64_t identity; /* hash of what a second attempt will show again */
};

/* What makes a message a guarded one. */
struct session_class {
	const char *name;
	const char *rule;
	const struct conf_class *keys;
};

/* What is the same for each recipient judged at one time. */
struct session_judging {
	struct session_class class;
	const char *queue_id;
	struct session_clock clock;
	int64_t wait_ms; /* what the message has waited */
	bool overdue;	 /* deferred for too long: refused instead */
	bool quiet;	 /* logged before */
};

struct session *session_new(const struct session_office *office)
{
	struct session *session = calloc(1, sizeof *session);

	if (session != NULL)
		session->office = office;
	return session;
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	session_end(session);
	world_release(session->world);
	envelope_free(&session->envelope);
	validity_free(&session->validity);
	free(session);
}

void session_end(struct session *session)
{
	if (!session->open)
		return;
	session->open = false;
	session->outcome = (struct outcome){0};
	traffic_end(session->office->traffic);
}

static enum session_step end_with(struct session *session, enum session_step step)
{
	session_end(session);
	return step;
}

void session_connect(struct session *session, const struct session_connection *connection)
{
	const char *daemon_name = connection->daemon_name;
	const char *version = connection->mta_version;

	session->client = scope_client(connection->address);
	session->mta_is_postfix = version != NULL && strncmp(version, "Postfix", 7) == 0;
	snprintf(session->daemon_name, sizeof session->daemon_name, "%s",
		 daemon_name != NULL ? daemon_name : "");
}

/* ---- what the message is ---- */

static bool is_given(const char *value)
{
	return value != NULL && value[0] != '\0';
}

/* False if the message, as far as it is known, is none that is guarded. */
static bool is_guarded(const struct session *session, struct session_class *class)
{
	const struct world *world = session->world;

	if (!rules_match_result(world->rules, &session->match, &class->name, &class->rule) ||
	    !rules_is_guarded(world->rules, class->name))
		return false;
	class->keys = conf_class_find(world->conf, class->name);
	return true;
}

/* Only equality is asked of it. */
static void add_to_identity(struct session *session, const char *text)
{
	session->identity = session->identity * UINT64_C(0x9e3779b97f4a7c15) +
			    addresses_text_hash(text, strlen(text)) + 1;
}

void session_mail(struct session *session, const struct session_mail *mail,
		  const struct session_clock *clock)
{
	bool is_authenticated = is_given(mail->auth_authen) || is_given(mail->auth_type);
	struct envelope_address sender;
	struct session_class class;
	bool guarded;

	session_end(session);
	session->open = true;
	traffic_begin(session->office->traffic);
	world_renew(session->office->worlds, &session->world);
	session->turned_away = traffic_turns_away(session->office->traffic);
	session->from_sendmail =
		scope_is_sendmail(session->mta_is_postfix, mail->queue_id, mail->sender_path);
	session->in_scope = scope_is_originating(session->world->conf,
						 &(struct scope_mail){
							 .client = &session->client,
							 .daemon_name = session->daemon_name,
							 .authenticated = is_authenticated,
							 .from_sendmail = session->from_sendmail,
						 });
	validity_begin(&session->validity);

	envelope_bare(mail->sender_path, &sender);
	rules_match_init(session->world->rules, &session->match);
	rules_match_envelope(session->world->rules, &session->match, sender.text,
			     is_given(mail->auth_authen) ? mail->auth_authen : NULL);
	guarded = is_guarded(session, &class);
	if (!session->in_scope) {
		if (guarded)
			complaints_out_of_scope(session->office->complaints, sender.text,
						&session->client, class.rule, clock->monotonic_ms);
		return;
	}
	session->settled = guarded && !rules_need_headers(session->world->rules, &session->match);
	session->cut = envelope_begin(&session->envelope, mail->sender_path);
	if (session->from_sendmail) {
		snprintf(session->first_queue_id, sizeof session->first_queue_id, "%s",
			 mail->queue_id);
		session->identity = 0;
		add_to_identity(session, sender.text);
	}
}

void session_header(struct session *session, const char *name, const char *value)
{
	if (!session->open || !session->in_scope)
		return;
	if (strcasecmp(name, RRVS_FIELD) == 0)
		validity_add(&session->validity, value);
	rules_match_header(session->world->rules, &session->match, name, value);
	/* A Message-ID that names the queue id is Postfix's own, and new each time. */
	if (session->from_sendmail &&
	    (strcasecmp(name, "Date") == 0 || (strcasecmp(name, "Message-ID") == 0 &&
					       strstr(value, session->first_queue_id) == NULL)))
		add_to_identity(session, value);
}

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

		if (err != ERR_OK)
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

	judge_recipient(&world->judge, &question, judgement);
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

/* Writes the log line, and fills reply if there is one. */
static void report(const struct session *session, const struct session_judging *judging,
		   const char *recipient_path, const struct judgement *judgement,
		   struct render_reply *reply)
{
	const struct conf *conf = session->world->conf;
	struct envelope_address sender;
	struct envelope_address recipient;
	char line[RENDER_LINE_MAX];

	envelope_bare(recipient_path, &recipient);
	if (has_reply(judgement))
		render_reply(judgement, judging->class.keys, recipient.text, reply);
	if (judging->quiet)
		return;
	envelope_bare(envelope_sender_path(&session->envelope), &sender);
	render_log_line(judgement,
			&(struct render_event){
				.queue_id = judging->queue_id,
				.mode = conf->mode,
				.class_name = judging->class.name,
				.rule = judging->class.rule,
				.sender = sender.text,
				.recipient = recipient.text,
				.log_localpart = conf->log_localpart,
				.wait_ms = judging->wait_ms,
				.reply = has_reply(judgement) ? reply : NULL,
			},
			line);
	log_write(LOG_LEVEL_INFO, line);
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
	judging->clock.now += (judging->wait_ms + 500) / 1000;
	judging->clock.monotonic_ms += judging->wait_ms;
	return true;
}

/* An MTA that tells of recipients or headers of no message: nothing is known of it. */
static enum session_step out_of_step(struct reply *reply)
{
	reply_set(reply, (struct policy_reply_code){451, "4.3.0"},
		  "The reset mail check was told of no message; try again later");
	return SESSION_TEMPFAIL;
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

static bool is_refused_at_rcpt(struct session *session, const struct session_judging *judging,
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

enum session_step session_rcpt(struct session *session, const char *recipient_path,
			       const char *queue_id, const struct session_clock *clock,
			       struct reply *reply)
{
	struct session_judging judging = {.queue_id = queue_id, .clock = *clock};
	enum err err;

	if (!session->open)
		return out_of_step(reply);
	if (!session->in_scope)
		return end_with(session, SESSION_ACCEPT);
	if (!session->from_sendmail) {
		if (session->turned_away) {
			reply_set(reply, (struct policy_reply_code){421, "4.3.2"},
				  "The reset mail check is restarting; connect again");
			return SESSION_TEMPFAIL;
		}
		if (session->settled && session->world->conf->mode == MODE_ENFORCE &&
		    is_guarded(session, &judging.class) &&
		    is_refused_at_rcpt(session, &judging, recipient_path, reply))
			return SESSION_REJECT;
	} else {
		add_to_identity(session, recipient_path);
	}
	err = envelope_add(&session->envelope, recipient_path);
	if (session->cut == ERR_OK)
		session->cut = err;
	return SESSION_CONTINUE;
}

/* ---- end of headers ---- */

static enum session_step step_of(enum outcome_answer answer)
{
	switch (answer) {
	case OUTCOME_ACCEPT:
		return SESSION_ACCEPT;
	case OUTCOME_TEMPFAIL:
		return SESSION_TEMPFAIL;
	case OUTCOME_REJECT:
		return SESSION_REJECT;
	case OUTCOME_DISCARD:
		return SESSION_DISCARD;
	case OUTCOME_EDIT:
		return SESSION_CONTINUE;
	}
	return SESSION_TEMPFAIL;
}

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

static void judge_message(struct session *session, struct session_judging *judging,
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
	session->outcome = outcome_settle(&counts, session->world->conf->mixed);
}

/* sendmail(1) mail that is deferred comes again and again. */
static void judge_sendmail_message(struct session *session, struct session_judging *judging,
				   struct reply *reply)
{
	struct deferrals *deferrals = session->office->deferrals;
	int64_t now = judging->clock.now;
	int64_t since;
	bool is_repeat = deferrals_find(deferrals, session->identity, now, &since);

	judging->overdue = is_repeat && now - since >= session->world->conf->defer_max;
	judging->quiet = is_repeat && !judging->overdue;
	judge_message(session, judging, reply);
	if (session->outcome.answer == OUTCOME_TEMPFAIL) {
		if (!is_repeat)
			deferrals_add(deferrals, session->identity, now);
		return;
	}
	if (!is_repeat)
		return;
	deferrals_remove(deferrals, session->identity);
	if (judging->quiet) {
		judging->quiet = false;
		judge_message(session, judging, reply);
	}
}

/* A guarded message with more recipients than are kept is nobody's reset, and one that
 * memory did not suffice for was not judged whole. */
static enum session_step answer_cut(const struct session *session,
				    const struct session_judging *judging, struct reply *reply)
{
	bool is_huge = session->cut == ERR_TOO_LONG;

	log_line(LOG_LEVEL_WARNING, "%s: not judged: mode=%s class=%s rule=%s: %s",
		 judging->queue_id != NULL ? judging->queue_id : "NOQUEUE",
		 mode_text(session->world->conf->mode), judging->class.name, judging->class.rule,
		 is_huge ? "too many recipients for such a message"
			 : "no memory for its recipients");
	if (session->world->conf->mode == MODE_OBSERVE)
		return SESSION_ACCEPT;
	if (is_huge)
		reply_set(reply, (struct policy_reply_code){550, "5.5.3"},
			  "Reset mail refused: too many recipients for such a message");
	else
		reply_set(reply, (struct policy_reply_code){451, "4.3.0"},
			  "Reset mail deferred: out of memory; try again later");
	return is_huge ? SESSION_REJECT : SESSION_TEMPFAIL;
}

static void mention_bad_rrvs(const struct session *session, const char *queue_id)
{
	if (queue_id == NULL)
		queue_id = "NOQUEUE";
	if (session->validity.unreadable > 0)
		log_line(LOG_LEVEL_WARNING,
			 "%s: %u " RRVS_FIELD " field(s) cannot be read and do not count", queue_id,
			 session->validity.unreadable);
	if (session->validity.too_many)
		log_line(LOG_LEVEL_WARNING,
			 "%s: more than %d " RRVS_FIELD " fields, so none of them counts", queue_id,
			 VALIDITY_FIELDS_MAX);
}

enum session_step session_eoh(struct session *session, const char *queue_id,
			      const struct session_clock *clock, struct reply *reply)
{
	struct session_judging judging = {.queue_id = queue_id, .clock = *clock};

	if (!session->open)
		return out_of_step(reply);
	if (!session->in_scope || !is_guarded(session, &judging.class))
		return end_with(session, SESSION_ACCEPT);
	mention_bad_rrvs(session, queue_id);
	if (session->cut)
		return end_with(session, answer_cut(session, &judging, reply));
	if (session->world->conf->mode == MODE_OBSERVE) {
		judge_message(session, &judging, reply);
		return end_with(session, SESSION_ACCEPT);
	}
	if (session->from_sendmail)
		judge_sendmail_message(session, &judging, reply);
	else
		judge_message(session, &judging, reply);
	if (session->outcome.answer == OUTCOME_EDIT)
		return SESSION_CONTINUE;
	return end_with(session, step_of(session->outcome.answer));
}

/* ---- end of message ---- */

const char *session_next_stripped(const struct session *session, size_t *next)
{
	const struct envelope *envelope = &session->envelope;

	if (!session->outcome.strip)
		return NULL;
	while (*next < envelope->recipient_count) {
		size_t recipient = (*next)++;

		if (outcome_is_stripped(envelope->recipients[recipient].action))
			return envelope_recipient_path(envelope, recipient);
	}
	return NULL;
}

bool session_is_held(const struct session *session)
{
	return session->outcome.hold;
}
