/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maillog: one line of a mail log, as Postfix, Sendmail and resetguard-milter
 * write it through syslog.
 *
 *   line    = [ "<" priority ">" ] stamp host tag [ "[" pid "]" ] [ ":" ] message
 *   stamp   = "Nov  1 09:08:07"                     local time, no year
 *           / "2026-11-01T09:08:07.123456+01:00"    RFC 3339, offset also without colon
 *   tag     = "postfix/smtpd" / "postfix-out/submission/smtpd" / "sm-mta" / ...
 *   message = queue-id ":" what
 *
 * A stamp without a year gets the one that the lines before it and the time of the
 * file allow. Nothing is copied: what is found points into the line, which stays the
 * caller's. No allocation, no system call. Pure, but for TZ, which local stamps need.
 */
#ifndef RESETGUARD_MAILLOG_H
#define RESETGUARD_MAILLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/policy.h"

enum {
	MAILLOG_STAMP_MAX = 40,	      /* bytes of a stamp */
	MAILLOG_QUEUE_ID_MAX = 31,    /* Postfix's long ones have up to 17, Sendmail's 14 */
};

/* Part of a line. length 0: not said. */
struct maillog_text {
	const char *at;
	size_t length;
};

bool maillog_text_is(struct maillog_text text, const char *wanted);
/* In any case of ASCII letters: for addresses. */
bool maillog_text_same(struct maillog_text a, struct maillog_text b);
/* Into a buffer of size, cut there, and terminated. Returns the length. */
size_t maillog_text_copy(struct maillog_text text, char *copy, size_t size);

/* The same, of a value of a verdict line, with its \xHH undone. A zero byte becomes "?". */
size_t maillog_text_unquote(struct maillog_text text, char *copy, size_t size);

/* ---- when ---- */

/* What is remembered from line to line of one file, so that years are found and
 * the same second is not read twice. A plain value. */
struct maillog_clock {
	int64_t not_after; /* no line is from later than a day after that: the file's time */
	int year;	   /* of the last stamp without one; 0: none yet */
	int month;	   /* 1 to 12 */
	size_t length;	   /* of the last stamp's text; 0: none */
	size_t fraction_end; /* where its fraction of a second ends; 0: RFC 3339 it is not */
	char text[MAILLOG_STAMP_MAX];
	int64_t moment;
	int64_t hour_at; /* the hour that the last local stamp lay in */
	int hour_key;	 /* which hour that was; 0: none yet */
};

struct maillog_clock maillog_clock_begin(int64_t not_after);

/* Reads a stamp at the beginning of text and what it took. False: there is none. */
bool maillog_stamp(struct maillog_clock *clock, const char *text, size_t length, int64_t *moment,
		   size_t *taken);
/* The month of a stamp without a year, 1 to 12, else 0. */
int maillog_stamp_month(const char *text, size_t length);

/* ---- who ---- */

struct maillog_line {
	int64_t at;
	struct maillog_text host;
	struct maillog_text tag; /* without the process id */
	struct maillog_text pid;
	struct maillog_text message;
};

/* False: this is no line of a syslog. */
bool maillog_split(struct maillog_clock *clock, const char *text, size_t length,
		   struct maillog_line *line);

/* ---- what ---- */

enum maillog_kind {
	MAILLOG_OTHER,	   /* of a mail system, and of no interest */
	MAILLOG_FOREIGN,   /* of another program */
	MAILLOG_CLIENT,	   /* a client begins a message: client, login */
	MAILLOG_PICKUP,	   /* sendmail(1) mail begins: login is the user */
	MAILLOG_HEADER,	   /* header_checks logged one: name, value, and from, to */
	MAILLOG_SENDER,	   /* from; with Sendmail also client */
	MAILLOG_LOGIN,	   /* Sendmail: login, of all that this process receives */
	MAILLOG_DELIVERY,  /* to, orig_to, status, reply */
	MAILLOG_EXPIRED,   /* the queue gave up: what is not delivered is bounced */
	MAILLOG_MILTER,	   /* some milter refused or held: status, stage, reply, from, to */
	MAILLOG_HELD,	   /* placed on hold */
	MAILLOG_REMOVED,   /* out of the queue */
	MAILLOG_VERDICT,   /* ours: verdict and all that the line says */
};

enum maillog_status {
	MAILLOG_STATUS_NONE,
	MAILLOG_STATUS_SENT,
	MAILLOG_STATUS_BOUNCED,
	MAILLOG_STATUS_DEFERRED,
	MAILLOG_STATUS_REFUSED,
};
enum { MAILLOG_STATUS_COUNT = 5 };

/* What resetguard-milter said of one recipient. */
struct maillog_verdict {
	enum verdict verdict;
	bool observe; /* mode=observe */
	bool has_reason;
	enum reason reason;
	struct maillog_text class_name;
	struct maillog_text rule;
	struct maillog_text domain;
	struct maillog_text state;
	struct maillog_text reply;
};

struct maillog_event {
	enum maillog_kind kind;
	struct maillog_text instance; /* of Postfix: "postfix-out"; else empty */
	struct maillog_text queue_id; /* empty: NOQUEUE */
	struct maillog_text client;   /* "host[address]" */
	struct maillog_text login;
	struct maillog_text from; /* addresses without angle brackets */
	bool has_from;		  /* from may be <> */
	struct maillog_text to;	  /* Sendmail: may be several, "<a>,<b>" */
	struct maillog_text orig_to;
	bool at_rcpt; /* MAILLOG_MILTER: to alone is concerned */
	enum maillog_status status;
	struct maillog_text reply; /* code and text */
	struct maillog_text header_name;
	struct maillog_text header_value;
	struct maillog_verdict verdict;
};

/* event->kind says which members are filled; the others are empty. */
void maillog_read(const struct maillog_line *line, struct maillog_event *event);

/* The next of several addresses, without angle brackets. False: there is none. */
bool maillog_next_address(struct maillog_text *rest, struct maillog_text *address);

/* "sent", "bounced", "deferred", "refused", or NULL. */
const char *maillog_status_text(enum maillog_status status);

#endif
