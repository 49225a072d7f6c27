/* SPDX-License-Identifier: BSD-2-Clause */
/* session: one SMTP client's connection, and one message after the other on it. */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resetguard/addresses.h"
#include "resetguard/log.h"
#include "session_state.h"

struct session *session_new(const struct session_office *office)
{
	struct session *session = calloc(1, sizeof *session);

	if (session == NULL)
		return NULL;
	session->office = office;
	session->counters = counters_shard(office->counters);
	counters_add(session->counters, COUNTER_SESSIONS_BEGUN);
	return session;
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	session_end(session);
	counters_add(session->counters, COUNTER_SESSIONS_ENDED);
	world_release(session->world);
	envelope_free(&session->envelope);
	validity_free(&session->validity);
	mime_body_free(session->body);
	free(session);
}

void session_end(struct session *session)
{
	if (!session->open)
		return;
	session->open = false;
	session->reads_body = false;
	session->outcome = (struct outcome){0};
	session->added_field[0] = '\0';
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

bool session_is_guarded(const struct session *session, struct session_class *class)
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
	counters_add(session->counters, COUNTER_TRANSACTIONS);
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
	guarded = session_is_guarded(session, &class);
	if (!session->in_scope) {
		if (guarded) {
			counters_add(session->counters, COUNTER_OUT_OF_SCOPE);
			complaints_out_of_scope(session->office->complaints, sender.text,
						&session->client, class.rule, clock->monotonic_ms);
		}
		return;
	}
	mime_part_init(&session->part);
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
	mime_part_header(&session->part, name, value);
	rules_match_header(session->world->rules, &session->match, name, value);
	/* A Message-ID that names the queue id is Postfix's own, and new each time. */
	if (session->from_sendmail &&
	    (strcasecmp(name, "Date") == 0 || (strcasecmp(name, "Message-ID") == 0 &&
					       strstr(value, session->first_queue_id) == NULL)))
		add_to_identity(session, value);
}

/* An MTA that tells of recipients or headers of no message: nothing is known of it. */
static enum session_step out_of_step(struct reply *reply)
{
	reply_set(reply, (struct policy_reply_code){451, "4.3.0"},
		  "The reset mail check was told of no message; try again later");
	return SESSION_TEMPFAIL;
}

/* ---- RCPT ---- */

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
		    session_is_guarded(session, &judging.class) &&
		    session_refuses_at_rcpt(session, &judging, recipient_path, reply))
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

/* Once, when the message has been classified. */
static void mention_flaw(const struct session *session, const char *queue_id)
{
	char text[MIME_FLAW_TEXT_MAX + 1];

	if (session->flaw.kind == MIME_FLAWLESS)
		return;
	mime_flaw_print(&session->flaw, text);
	log_line(LOG_LEVEL_INFO, "%s: cannot be parsed, classified by what can be read: %s",
		 queue_id != NULL ? queue_id : "NOQUEUE", text);
}

/* At its end. */
static bool is_to_be_changed(const struct session *session)
{
	return session->outcome.answer == OUTCOME_EDIT ||
	       (session->outcome.answer == OUTCOME_ACCEPT && session->added_field[0] != '\0');
}

/* The answer to a guarded message. */
static enum session_step answer_guarded(struct session *session, struct session_judging *judging,
					struct reply *reply)
{
	mention_bad_rrvs(session, judging->queue_id);
	if (session->cut == ERR_OK)
		session->cut = envelope_find_repeats(&session->envelope);
	if (session->cut != ERR_OK)
		return end_with(session, answer_cut(session, judging, reply));
	if (session->from_sendmail && session->world->conf->mode == MODE_ENFORCE)
		session_judge_sendmail_message(session, judging, reply);
	else
		session_judge_message(session, judging, reply);
	if (!judging->quiet)
		mention_flaw(session, judging->queue_id);
	if (session->world->conf->mode == MODE_OBSERVE)
		return end_with(session, SESSION_ACCEPT);
	if (is_to_be_changed(session))
		return SESSION_CONTINUE;
	return end_with(session, step_of(session->outcome.answer));
}

/* What is no guarded message. */
static enum session_step let_go(struct session *session, const char *queue_id)
{
	mention_flaw(session, queue_id);
	return end_with(session, SESSION_ACCEPT);
}

static void on_link(void *context, const char *link, size_t length)
{
	struct session *session = context;

	rules_match_link(session->world->rules, &session->match, link, length);
}

/* False: no memory. */
static bool begin_body(struct session *session)
{
	const struct links_sink sink = {on_link, session};

	if (session->body == NULL)
		session->body = mime_body_new();
	if (session->body == NULL)
		return false;
	mime_body_begin(session->body, &session->part, session->world->conf->body_limit, &sink);
	session->reads_body = true;
	return true;
}

enum session_step session_eoh(struct session *session, const char *queue_id,
			      const struct session_clock *clock, struct reply *reply)
{
	struct session_judging judging = {.queue_id = queue_id, .clock = *clock};
	const struct rules *rules;

	if (!session->open)
		return out_of_step(reply);
	if (!session->in_scope)
		return end_with(session, SESSION_ACCEPT);
	rules = session->world->rules;
	rules_match_end_headers(rules, &session->match);
	session->flaw = session->match.flaw;
	if (session_is_guarded(session, &judging.class))
		return answer_guarded(session, &judging, reply);
	if (!rules_need_body(rules, &session->match))
		return let_go(session, queue_id);
	if (begin_body(session))
		return SESSION_CONTINUE;
	reply_set(reply, (struct policy_reply_code){451, "4.3.0"},
		  "Mail deferred: no memory to look for reset links; try again later");
	return end_with(session, SESSION_TEMPFAIL);
}

/* ---- body ---- */

/* No more links are looked for; whole: there is no more. */
static void end_body(struct session *session, bool whole)
{
	mime_body_end(session->body, whole);
	rules_match_end_body(session->world->rules, &session->match);
	session->reads_body = false;
	if (session->flaw.kind == MIME_FLAWLESS)
		session->flaw = *mime_body_flaw(session->body);
}

enum session_step session_body(struct session *session, const char *bytes, size_t length,
			       const char *queue_id)
{
	struct session_class class;

	if (!session->open || !session->reads_body)
		return SESSION_CONTINUE;
	if (mime_body_feed(session->body, bytes, length) && !session_is_guarded(session, &class))
		return SESSION_CONTINUE;
	end_body(session, false);
	return session_is_guarded(session, &class) ? SESSION_CONTINUE : let_go(session, queue_id);
}

enum session_step session_eom(struct session *session, const char *queue_id,
			      const struct session_clock *clock, struct reply *reply)
{
	struct session_judging judging = {.queue_id = queue_id, .clock = *clock};

	if (!session->open)
		return out_of_step(reply);
	if (session->reads_body)
		end_body(session, true);
	if (is_to_be_changed(session))
		return SESSION_CONTINUE;
	return session_is_guarded(session, &judging.class)
		       ? answer_guarded(session, &judging, reply)
		       : let_go(session, queue_id);
}

/* ---- end of message ---- */

const char *session_next_stripped(const struct session *session, size_t *next)
{
	const struct envelope *envelope = &session->envelope;

	if (!session->outcome.strip)
		return NULL;
	while (*next < envelope->recipient_count) {
		size_t at = (*next)++;
		const struct envelope_recipient *recipient = &envelope->recipients[at];
		const char *path = envelope_recipient_path(envelope, at);

		/* The MTA tells spellings apart, and takes off all that are spelt so. */
		if (outcome_is_stripped(recipient->action) &&
		    (recipient->first == at ||
		     strcmp(path, envelope_recipient_path(envelope, recipient->first)) != 0))
			return path;
	}
	return NULL;
}

const char *session_added_field(const struct session *session)
{
	return session->added_field[0] != '\0' ? session->added_field : NULL;
}

bool session_is_held(const struct session *session)
{
	return session->outcome.hold;
}
