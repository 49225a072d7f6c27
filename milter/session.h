/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: one SMTP client's connection, and one message after the other on it.
 * What the MTA tells goes in, what to do comes out; libmilter is not known here.
 *
 *   connect   remembered
 *   MAIL      the newest configuration; in scope? envelope rules
 *   RCPT      out of scope: accept, the rest of the message is not looked at.
 *             Where the envelope alone settles the class of SMTP mail, a recipient
 *             that no header could mend is refused here, by itself.
 *   header    rules, Require-Recipient-Valid-Since
 *   EOH       unguarded: accept, unless a link could change that. Guarded: where
 *             somebody looks up what is wanted, the message waits for newer facts of
 *             all its recipients, once. Then each is judged and logged, and the message
 *             gets its answer.
 *   body      only where a link could still make the message a guarded one: links are
 *             looked for, and nothing of it is kept
 *   EOM       a message that links made a guarded one is judged as at EOH. Otherwise
 *             only where recipients are to be taken off, the message is held, or a
 *             field is to be added
 *
 * sendmail(1) mail is never answered at RCPT: Postfix calls that a configuration
 * error and keeps the message in its maildrop for ever. Nor does it wait: pickup(8)
 * is one process, and all other local mail would wait with it.
 *
 * In observe mode everything is accepted, judged and logged all the same.
 *
 * What of a message cannot be parsed, of the fields and the body that were looked at, is
 * logged once for the message.
 *
 * Used by one thread at a time, not always the same one.
 */
#ifndef RESETGUARD_MILTER_SESSION_H
#define RESETGUARD_MILTER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "arrivals.h"
#include "canary.h"
#include "complaints.h"
#include "counters.h"
#include "deferrals.h"
#include "reply.h"
#include "traffic.h"
#include "world.h"

/* What all sessions share; borrowed. */
struct session_office {
	struct worlds *worlds;
	struct deferrals *deferrals;
	struct complaints *complaints;
	struct traffic *traffic;
	struct arrivals *arrivals;
	struct counters *counters;
	struct canary *canary;
};

struct session_clock {
	int64_t now;
	int64_t monotonic_ms;
};

enum session_step {
	SESSION_CONTINUE,
	SESSION_ACCEPT,	  /* the whole message, unseen from here on */
	SESSION_TEMPFAIL, /* with the reply */
	SESSION_REJECT,	  /* with the reply */
	SESSION_DISCARD,
};

/* Strings the MTA does not give are NULL. All are borrowed for the call. */
struct session_connection {
	const struct sockaddr *address;
	const char *daemon_name; /* {daemon_name} */
	const char *mta_version; /* v */
};

struct session_mail {
	const char *sender_path; /* as received, with angle brackets if it has them */
	const char *queue_id;	 /* i */
	const char *auth_authen; /* {auth_authen} */
	const char *auth_type;	 /* {auth_type} */
};

struct session;

/* NULL: no memory. office is kept. */
struct session *session_new(const struct session_office *office);
/* Ends an open transaction. session may be NULL. */
void session_free(struct session *session);

void session_connect(struct session *session, const struct session_connection *connection);

void session_mail(struct session *session, const struct session_mail *mail,
		  const struct session_clock *clock);

/* queue_id NULL: there is none yet. reply is filled for the two steps that have one. */
MUST_CHECK enum session_step session_rcpt(struct session *session, const char *recipient_path,
					  const char *queue_id, const struct session_clock *clock,
					  struct reply *reply);

/* value as it arrives: folded, undecoded. */
void session_header(struct session *session, const char *name, const char *value);

MUST_CHECK enum session_step session_eoh(struct session *session, const char *queue_id,
					 const struct session_clock *clock, struct reply *reply);

/* A piece of the body, which only a message gets that session_eoh has let go on. */
MUST_CHECK enum session_step session_body(struct session *session, const char *bytes, size_t length,
					  const char *queue_id);
MUST_CHECK enum session_step session_eom(struct session *session, const char *queue_id,
					 const struct session_clock *clock, struct reply *reply);

/* At end of message, before session_end: the recipient to be taken off next, exactly
 * as received, or NULL. *next begins at 0. */
const char *session_next_stripped(const struct session *session, size_t *next);
/* Whether the message is to go to the MTA's hold queue. */
bool session_is_held(const struct session *session);

/* The value of the Require-Recipient-Valid-Since field to be added, or NULL. */
const char *session_added_field(const struct session *session);

/* The message is over: at its end, or at an abort, whenever that comes. */
void session_end(struct session *session);

#endif
