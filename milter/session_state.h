/* SPDX-License-Identifier: BSD-2-Clause */
/* session_state: what a session knows, and its parts, for session*.c. */
#ifndef RESETGUARD_MILTER_SESSION_STATE_H
#define RESETGUARD_MILTER_SESSION_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "envelope.h"
#include "outcome.h"
#include "resetguard/err.h"
#include "resetguard/mime.h"
#include "scope.h"
#include "session.h"
#include "validity.h"

enum { SESSION_QUEUE_ID_MAX = 63 };

struct session {
	const struct session_office *office;
	struct counters_shard *counters;
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
	struct mime_part part;	/* what its header fields say of its body */
	struct mime_body *body; /* NULL: none was needed so far */
	bool reads_body;	/* links may still make the message a guarded one */
	struct mime_flaw flaw;	/* of what was looked at; from the end of the headers on */
	struct validity validity;
	struct outcome outcome;
	char added_field[VALIDITY_FIELD_MAX]; /* "": none */

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
	int64_t wait_ms;	 /* what the message has waited */
	bool is_counted;	 /* some recipient of it */
	struct tally_cell worst; /* of those */
	bool overdue;		 /* deferred for too long: refused instead */
	bool quiet;		 /* logged before */
};

/* False if the message, as far as it is known, is none that is guarded. */
bool session_is_guarded(const struct session *session, struct session_class *class);

/* ---- session_judge ---- */

/* Judges and logs the recipient, and fills reply, where it is to be refused at RCPT. */
bool session_refuses_at_rcpt(struct session *session, struct session_judging *judging,
			     const char *recipient_path, struct reply *reply);

/* Judges and logs all recipients, sets the outcome, and fills reply where it has one. */
void session_judge_message(struct session *session, struct session_judging *judging,
			   struct reply *reply);

/* The same for sendmail(1) mail, which comes again and again when it is deferred. */
void session_judge_sendmail_message(struct session *session, struct session_judging *judging,
				    struct reply *reply);

#endif
