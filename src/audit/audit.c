/* SPDX-License-Identifier: BSD-2-Clause */
/* audit: the lines of mail logs joined to what became of each reset. */
#include "resetguard/audit.h"

#include <stdlib.h>
#include <string.h>

#include "audit_coverage.h"
#include "audit_open.h"
#include "resetguard/hash.h"
#include "resetguard/mailbox.h"
#include "resetguard/time.h"

enum {
	LATE = 60,	       /* seconds that our line may come after the end of its message */
	LATE_MTA = 5,	       /* the same of the MTA's, once ours is there */
	OTHER_HOST = 3600,     /* how long ago another host may have spoken of a queue id */
	PENDING_MAX = 64,      /* recipients refused before there was a queue id */
	PENDING_TIME = 30,     /* seconds between our line about one and the MTA's */
	LOGINS_MAX = 64,       /* Sendmail's processes that were logged in to last */
};

/* A recipient refused at RCPT, of whom the MTA has not spoken yet. */
struct pending {
	bool used;
	uint64_t host;
	struct audit_reset reset;
};

struct login {
	uint64_t process; /* a hash of host and process id */
	char name[AUDIT_NAME_MAX + 1];
};

struct audit {
	struct audit_options options;
	struct open_messages *open;
	struct maillog_clock clock;
	struct audit_coverage coverage;
	int64_t now; /* of the last line */
	unsigned next_pending;
	struct pending pending[PENDING_MAX];
	unsigned next_login;
	struct login logins[LOGINS_MAX];
	struct maillog_text host; /* of the last line, in host_text */
	uint64_t host_hash;
	char host_text[AUDIT_NAME_MAX + 1];
};

/* ---- small things ---- */

static uint64_t hash_of(struct maillog_text text)
{
	return hash_bytes(text.at, text.length);
}

static struct maillog_text text_of(const char *text)
{
	return (struct maillog_text){text, strlen(text)};
}

static uint64_t address_hash_of(struct maillog_text text)
{
	return hash_caseless(text.at, text.length);
}

#define COPY(text, field) ((void)maillog_text_copy((text), (field), sizeof(field)))
#define UNQUOTE(text, field) ((void)maillog_text_unquote((text), (field), sizeof(field)))

static void report(struct audit *audit, const struct audit_reset *reset)
{
	audit->options.reset(audit->options.context, reset);
}

/* ---- the end of a message ---- */

/* What became of a recipient whom no line of the MTA's names. */
static enum maillog_status status_at_end(const struct message *message,
					 const struct audit_reset *reset)
{
	bool acted = reset->judged && !reset->observe;

	if (message->refused_as != MAILLOG_STATUS_NONE)
		return message->refused_as;
	/* Taken off, while others had it; or the MTA's own line is missing. */
	if (acted && reset->verdict == VERDICT_REJECT)
		return MAILLOG_STATUS_REFUSED;
	if (acted && reset->verdict == VERDICT_TEMPFAIL)
		return MAILLOG_STATUS_DEFERRED;
	return MAILLOG_STATUS_NONE;
}

static void close_message(void *context, struct message *message, bool evicted)
{
	struct audit *audit = context;

	for (struct recipient *at = message->recipients; at != NULL; at = at->next) {
		struct audit_reset *reset = &at->reset;

		/* Our line may have come before the MTA said who the client is. */
		if (reset->client[0] == '\0')
			COPY(text_of(message->client), reset->client);
		if (reset->login[0] == '\0')
			COPY(text_of(message->login), reset->login);
		if (reset->status == MAILLOG_STATUS_NONE)
			reset->status = status_at_end(message, reset);
		if (evicted)
			audit->coverage.evicted++;
		report(audit, reset);
	}
}

/* ---- the messages ---- */

static struct message *known(struct audit *audit, const struct maillog_event *event)
{
	uint64_t instance = hash_of(event->instance);
	struct message *message =
		open_find(audit->open, audit->host_hash, instance, event->queue_id);

	if (message != NULL && message->instance == 0)
		message->instance = instance; /* so far only we had spoken of it */
	return message;
}

/* The message, which may have begun before the log did. */
static struct message *joined(struct audit *audit, const struct maillog_event *event)
{
	struct message *message = known(audit, event);

	if (message == NULL)
		return open_add(audit->open, audit->host_hash, hash_of(event->instance),
				event->queue_id, audit->now);
	open_touch(audit->open, message, audit->now);
	return message;
}

/* The MTA's message that a line of ours is about: ours does not name the instance,
 * and may have been logged on another host. */
static struct message *judged_message(struct audit *audit, const struct maillog_event *event)
{
	struct message *message =
		open_find(audit->open, audit->host_hash, 0, event->queue_id);

	if (message == NULL)
		message = open_find_anywhere(audit->open, event->queue_id,
					     audit->now - OTHER_HOST);
	if (message == NULL)
		return open_add(audit->open, audit->host_hash, 0, event->queue_id, audit->now);
	open_touch(audit->open, message, audit->now);
	return message;
}

static bool same_path(const char *a, struct maillog_text b)
{
	return maillog_text_same(text_of(a), b);
}

static struct recipient *recipient_of(struct message *message, struct maillog_text path)
{
	for (struct recipient *at = message->recipients; at != NULL; at = at->next) {
		if (same_path(at->reset.rcpt, path))
			return at;
	}
	return NULL;
}

/* ---- what the lines say ---- */

static void begin_message(struct audit *audit, const struct maillog_event *event)
{
	struct message *message = known(audit, event);

	if (message != NULL)
		open_close(audit->open, message); /* its queue id is used again */
	message = open_add(audit->open, audit->host_hash, hash_of(event->instance),
			   event->queue_id, audit->now);
	COPY(event->client, message->client);
	COPY(event->login, message->login);
}

/* Whether a rule takes the message for a class that is guarded, by what is logged. */
static void recognise(struct audit *audit, struct message *message,
		      const struct maillog_event *event)
{
	const struct rules *rules = audit->options.rules;
	struct rules_match match;
	const char *class_name;
	const char *rule;
	char from[AUDIT_PATH_MAX + 1];

	if (rules == NULL || message->judged || message->class_name != NULL)
		return;
	COPY(event->from, from);
	rules_match_init(rules, &match);
	rules_match_envelope(rules, &match, from,
			     message->login[0] != '\0' ? message->login : NULL);
	if (event->header_name.length > 0) {
		char name[AUDIT_NAME_MAX + 1];
		char value[RULES_LINE_MAX];

		COPY(event->header_name, name);
		COPY(event->header_value, value);
		rules_match_header(rules, &match, name, value);
	}
	if (rules_match_result(rules, &match, &class_name, &rule) &&
	    rules_is_guarded(rules, class_name)) {
		message->class_name = class_name;
		message->rule = rule;
	}
}

static void note_sender(struct audit *audit, const struct maillog_line *line,
			const struct maillog_event *event)
{
	struct message *message = joined(audit, event);

	if (message->from[0] == '\0')
		COPY(event->from, message->from);
	if (event->client.length > 0)
		COPY(event->client, message->client);
	if (message->login[0] == '\0' && event->instance.length == 0) {
		uint64_t process = hash_more(audit->host_hash, line->pid.at, line->pid.length);

		for (unsigned i = 0; i < LOGINS_MAX; i++) {
			if (audit->logins[i].process == process)
				COPY(text_of(audit->logins[i].name), message->login);
		}
	}
	recognise(audit, message, event);
}

static void note_login(struct audit *audit, const struct maillog_line *line,
		       const struct maillog_event *event)
{
	struct login *login = &audit->logins[audit->next_login++ % LOGINS_MAX];

	login->process = hash_more(audit->host_hash, line->pid.at, line->pid.length);
	COPY(event->login, login->name);
}

/* The domain that a registry sells, as the milter would have found it. */
static void find_domain(const struct audit *audit, struct audit_reset *reset)
{
	struct mailbox mailbox;
	struct domain_names names;

	if (mailbox_parse(reset->rcpt, strlen(reset->rcpt), &mailbox) == ERR_OK &&
	    domain_names(audit->options.suffixes, &mailbox.host, &names) == ERR_OK)
		COPY(text_of(names.registrable.name), reset->domain);
}

/* A recipient of a message that nobody judged, and a rule takes. */
static struct recipient *add_unjudged(struct audit *audit, struct message *message,
				      struct maillog_text path)
{
	struct recipient *added = open_add_recipient(audit->open, message);
	struct audit_reset *reset = &added->reset;

	reset->at = message->first_at;
	COPY(text_of(audit->host_text), reset->host);
	COPY(text_of(message->queue_id), reset->queue_id);
	COPY(text_of(message->from), reset->from);
	COPY(path, reset->rcpt);
	COPY(text_of(message->class_name), reset->class_name);
	COPY(text_of(message->rule), reset->rule);
	find_domain(audit, reset);
	return added;
}

static void deliver(struct audit *audit, struct message *message,
		    const struct maillog_event *event, struct maillog_text path)
{
	struct recipient *recipient = recipient_of(message, path);

	if (recipient == NULL && event->orig_to.length > 0)
		recipient = recipient_of(message, event->orig_to);
	if (recipient == NULL && !message->judged && message->class_name != NULL)
		recipient = add_unjudged(audit, message,
					 event->orig_to.length > 0 ? event->orig_to : path);
	if (recipient == NULL)
		return;
	/* An alias that stands for several: one who got it outweighs the others. */
	if (recipient->reset.status == MAILLOG_STATUS_SENT)
		return;
	recipient->reset.status = event->status;
	COPY(event->reply, recipient->reset.reply);
	if (event->status == MAILLOG_STATUS_SENT)
		recipient->reset.delivered_at = audit->now;
}

static void note_delivery(struct audit *audit, const struct maillog_event *event)
{
	struct message *message = joined(audit, event);
	struct maillog_text rest = event->to;
	struct maillog_text path;

	if (message->recipients == NULL && message->class_name == NULL) {
		message->delivery = event->status;
		message->delivered_at = audit->now;
		message->delivered_to = address_hash_of(
			event->orig_to.length > 0 ? event->orig_to : event->to);
		return;
	}
	if (event->instance.length > 0) {
		deliver(audit, message, event, event->to);
		return;
	}
	while (maillog_next_address(&rest, &path))
		deliver(audit, message, event, path);
}

/* The queue gave up: what was deferred is bounced. */
static void note_expired(struct audit *audit, const struct maillog_event *event)
{
	struct message *message = joined(audit, event);

	for (struct recipient *at = message->recipients; at != NULL; at = at->next) {
		if (at->reset.status == MAILLOG_STATUS_DEFERRED ||
		    at->reset.status == MAILLOG_STATUS_NONE)
			at->reset.status = MAILLOG_STATUS_BOUNCED;
	}
}

/* The MTA's line about a recipient refused before there was a queue id. */
static void settle_pending(struct audit *audit, const struct maillog_event *event)
{
	for (unsigned i = 0; i < PENDING_MAX; i++) {
		struct pending *pending = &audit->pending[i];

		if (!pending->used || pending->host != audit->host_hash ||
		    !same_path(pending->reset.rcpt, event->to))
			continue;
		COPY(event->client, pending->reset.client);
		COPY(event->reply, pending->reset.reply);
		pending->reset.status = event->status;
		report(audit, &pending->reset);
		pending->used = false;
		return;
	}
}

/* Some milter's doing: another one may have refused what we let through. */
static void note_milter(struct audit *audit, const struct maillog_event *event)
{
	struct message *message;
	struct recipient *recipient;

	if (event->queue_id.length == 0) {
		settle_pending(audit, event);
		return;
	}
	message = joined(audit, event);
	if (message->client[0] == '\0')
		COPY(event->client, message->client);
	if (event->at_rcpt) {
		recipient = recipient_of(message, event->to);
		if (recipient != NULL) {
			recipient->reset.status = event->status;
			COPY(event->reply, recipient->reset.reply);
		}
		return;
	}
	message->refused_as = event->status;
	for (recipient = message->recipients; recipient != NULL; recipient = recipient->next)
		COPY(event->reply, recipient->reset.reply);
	open_over(audit->open, message, audit->now);
}

static void fill_judged(struct audit *audit, const struct maillog_event *event,
			struct audit_reset *reset)
{
	const struct maillog_verdict *said = &event->verdict;

	reset->at = audit->now;
	COPY(text_of(audit->host_text), reset->host);
	COPY(event->queue_id, reset->queue_id);
	UNQUOTE(event->from, reset->from);
	UNQUOTE(event->to, reset->rcpt);
	UNQUOTE(said->domain, reset->domain);
	UNQUOTE(said->state, reset->state);
	UNQUOTE(said->class_name, reset->class_name);
	UNQUOTE(said->rule, reset->rule);
	UNQUOTE(said->reply, reset->reply);
	reset->judged = true;
	reset->verdict = said->verdict;
	reset->observe = said->observe;
	reset->has_reason = said->has_reason;
	reset->reason = said->reason;
}

static void report_pending(struct audit *audit, struct pending *pending)
{
	struct audit_reset *reset = &pending->reset;

	if (!reset->observe && reset->verdict == VERDICT_REJECT)
		reset->status = MAILLOG_STATUS_REFUSED;
	report(audit, reset);
	pending->used = false;
}

static void report_old_pending(struct audit *audit, int64_t until)
{
	/* In the order in which they came. */
	for (unsigned i = 0; i < PENDING_MAX; i++) {
		struct pending *pending =
			&audit->pending[(audit->next_pending + i) % PENDING_MAX];

		if (pending->used && pending->reset.at <= until)
			report_pending(audit, pending);
	}
}

static void note_verdict(struct audit *audit, const struct maillog_event *event)
{
	struct message *message;
	struct audit_reset *reset;

	if (event->queue_id.length == 0) {
		struct pending *pending =
			&audit->pending[audit->next_pending++ % PENDING_MAX];

		if (pending->used)
			report_pending(audit, pending);
		memset(pending, 0, sizeof *pending);
		pending->used = true;
		pending->host = audit->host_hash;
		fill_judged(audit, event, &pending->reset);
		return;
	}
	message = judged_message(audit, event);
	message->judged = true;
	reset = &open_add_recipient(audit->open, message)->reset;
	fill_judged(audit, event, reset);
	if (message->delivery != MAILLOG_STATUS_NONE &&
	    message->delivered_to == address_hash_of(text_of(reset->rcpt))) {
		reset->status = message->delivery;
		if (reset->status == MAILLOG_STATUS_SENT)
			reset->delivered_at = message->delivered_at;
	}
}

static void take(struct audit *audit, const struct maillog_line *line,
		 const struct maillog_event *event)
{
	switch (event->kind) {
	case MAILLOG_OTHER:
	case MAILLOG_FOREIGN:
		break;
	case MAILLOG_CLIENT:
	case MAILLOG_PICKUP:
		begin_message(audit, event);
		break;
	case MAILLOG_HEADER:
		recognise(audit, joined(audit, event), event);
		break;
	case MAILLOG_SENDER:
		note_sender(audit, line, event);
		break;
	case MAILLOG_LOGIN:
		note_login(audit, line, event);
		break;
	case MAILLOG_DELIVERY:
		note_delivery(audit, event);
		break;
	case MAILLOG_EXPIRED:
		note_expired(audit, event);
		break;
	case MAILLOG_MILTER:
		note_milter(audit, event);
		break;
	case MAILLOG_HELD:
		(void)joined(audit, event);
		break;
	case MAILLOG_REMOVED:
		open_over(audit->open, joined(audit, event), audit->now);
		break;
	case MAILLOG_VERDICT:
		note_verdict(audit, event);
		break;
	}
}

static void note_time(struct audit *audit, int64_t at)
{
	if (at == audit->now)
		return;
	audit_coverage_time(&audit->coverage, at);
	audit->now = at;
	audit_idle(audit, at);
}

/* ---- the interface ---- */

enum err audit_new(const struct audit_options *options, struct audit **audit)
{
	struct audit *made = calloc(1, sizeof *made);
	enum err err;

	if (made == NULL)
		return ERR_NO_MEMORY;
	err = open_messages_new(close_message, made, &made->open);
	if (err != ERR_OK) {
		free(made);
		return err;
	}
	made->options = *options;
	*audit = made;
	return ERR_OK;
}

void audit_free(struct audit *audit)
{
	open_messages_free(audit->open);
	free(audit);
}

void audit_begin_file(struct audit *audit, const struct maillog_clock *clock)
{
	audit->clock = *clock;
}

static void note_host(struct audit *audit, struct maillog_text host)
{
	if (maillog_text_is(host, audit->host_text))
		return;
	COPY(host, audit->host_text);
	audit->host_hash = hash_of(host);
}

void audit_line(struct audit *audit, const char *text, size_t length)
{
	struct audit_coverage *coverage = &audit->coverage;
	struct maillog_line line;
	struct maillog_event event;

	if (length == 0)
		return;
	coverage->lines++;
	if (!maillog_split(&audit->clock, text, length, &line)) {
		audit_coverage_sample(coverage, text, length);
		return;
	}
	note_time(audit, line.at);
	maillog_read(&line, &event);
	if (event.kind == MAILLOG_FOREIGN)
		coverage->foreign++;
	if (audit->options.line != NULL && event.queue_id.at != NULL)
		audit->options.line(audit->options.context, text, length, &event);
	if (event.kind == MAILLOG_OTHER || event.kind == MAILLOG_FOREIGN)
		return;
	note_host(audit, line.host);
	take(audit, &line, &event);
}

void audit_idle(struct audit *audit, int64_t now)
{
	open_close_over(audit->open, now - LATE, now - LATE_MTA);
	report_old_pending(audit, now - PENDING_TIME);
}

void audit_end(struct audit *audit)
{
	report_old_pending(audit, INT64_MAX);
	open_close_all(audit->open);
}

const struct audit_coverage *audit_coverage(const struct audit *audit)
{
	return &audit->coverage;
}
