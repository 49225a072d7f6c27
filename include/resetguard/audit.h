/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit: the lines of mail logs joined to what became of each reset.
 *
 *   line -> maillog -> the open message with that queue id -> one struct audit_reset
 *   for each recipient, when the message is over
 *
 * A message is known by host, instance and queue id, and ends when it leaves the
 * queue, when it is refused, or when its queue id begins anew: ids are used again.
 * Our verdict joins by host and queue id, then, where the milter logs on another
 * host, by queue id alone. A message is a reset where we judged it, or, for the time
 * before resetguard ran, where a rule takes it by what the log says: its sender, its
 * login, or a header that header_checks logged.
 *
 * Memory is bounded whatever the log: AUDIT_OPEN_MAX messages and AUDIT_RESETS_MAX
 * recipients of resets are open at a time. Beyond that the one that was quiet the
 * longest is closed, one that is no reset first; a reset so closed is reported with
 * what is known of it, and counted (audit_coverage.evicted).
 *
 * One thread.
 */
#ifndef RESETGUARD_AUDIT_H
#define RESETGUARD_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/maillog.h"
#include "resetguard/rules.h"

enum {
	AUDIT_OPEN_MAX = 8192,
	AUDIT_RESETS_MAX = 2048,
	AUDIT_PATH_MAX = 256, /* RFC 5321 4.5.3.1.3; what is longer is cut */
	AUDIT_NAME_MAX = 95,  /* hosts, logins, classes, rules; cut */
	AUDIT_SAMPLES_MAX = 5,
	AUDIT_SAMPLE_MAX = 160,
	AUDIT_GAPS_MAX = 8,
	AUDIT_GAP = 6 * 3600, /* silence from which on it is told; seconds */
};

/* One recipient of one reset. Texts are "" where the log does not say. */
struct audit_reset {
	int64_t at; /* when it was judged, else when the message came */
	char host[AUDIT_NAME_MAX + 1];
	char queue_id[MAILLOG_QUEUE_ID_MAX + 1];
	char client[AUDIT_NAME_MAX + 1]; /* "host[address]" */
	char login[AUDIT_NAME_MAX + 1];	 /* SASL, or the user of sendmail(1) */
	char from[AUDIT_PATH_MAX + 1];
	char rcpt[AUDIT_PATH_MAX + 1];
	char domain[DOMAIN_MAX + 1];
	char state[AUDIT_NAME_MAX + 1]; /* when it was judged */
	char class_name[AUDIT_NAME_MAX + 1];
	char rule[AUDIT_NAME_MAX + 1];
	char reply[AUDIT_NAME_MAX + 1]; /* the last of the MTA's, else ours */
	bool judged;			/* the four below are said */
	enum verdict verdict;
	bool observe;
	bool has_reason;
	enum reason reason;
	enum maillog_status status; /* NONE: the log does not say */
	int64_t delivered_at;	    /* status sent: when */
};

struct audit_gap {
	int64_t from;
	int64_t until;
};

/* What was read. */
struct audit_coverage {
	uint64_t lines;
	uint64_t foreign;	 /* of other programs */
	uint64_t not_understood; /* no line of a syslog */
	uint64_t evicted;	 /* resets reported before they were over */
	int64_t first_at;	 /* 0: no line was understood */
	int64_t last_at;
	unsigned sample_count; /* of lines not understood, the first ones */
	char samples[AUDIT_SAMPLES_MAX][AUDIT_SAMPLE_MAX + 1];
	unsigned gap_count; /* the longest ones, in order of time */
	struct audit_gap gaps[AUDIT_GAPS_MAX];
};

struct audit_options {
	const struct rules *rules; /* NULL: only what was judged is a reset */
	const struct domain_suffixes *suffixes;
	/* Called for each recipient, in the order in which messages end. */
	void (*reset)(void *context, const struct audit_reset *reset);
	/* Called for each line with a queue id or NOQUEUE, before it is joined; may be NULL. */
	void (*line)(void *context, const char *text, size_t length,
		     const struct maillog_event *event);
	void *context;
};

struct audit;

/* options are copied, what they point at is borrowed. The caller frees. */
MUST_CHECK enum err audit_new(const struct audit_options *options, struct audit **audit);
void audit_free(struct audit *audit);

/* Another file begins, whose lines are read with this clock. */
void audit_begin_file(struct audit *audit, const struct maillog_clock *clock);
/* One line, without its newline: of any length, with any bytes. */
void audit_line(struct audit *audit, const char *text, size_t length);
/* Nothing was written between the last line and now: reports what is over. */
void audit_idle(struct audit *audit, int64_t now);
/* The log ends: reports all that is open. */
void audit_end(struct audit *audit);

const struct audit_coverage *audit_coverage(const struct audit *audit);

#endif
