/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: what an audit answers, as text, as JSON Lines and as a page.
 *
 * Each reset is added once, with what the cache says of its domain now. What grows
 * with the log is counted, not kept: lists are cut at REPORT_ROWS_MAX, tables of names
 * at REPORT_NAMES_MAX (tally.h says how well they count beyond that).
 *
 * One thread.
 */
#ifndef RESETGUARD_REPORT_H
#define RESETGUARD_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "resetguard/audit.h"
#include "resetguard/facts.h"

enum {
	REPORT_ROWS_MAX = 500,
	REPORT_NAMES_MAX = 1024,
	REPORT_DAYS_MAX = 3660, /* of the timeline: the last ones */
};

/* What the cache says of a reset's domain now. */
struct report_domain {
	bool known;
	int64_t owner_since;
	enum state state;
};

/* What can be asked for. A reset may answer to several. */
enum report_kind {
	REPORT_REFUSED,	   /* we refused it, and acted */
	REPORT_DEFERRED,   /* we deferred it, and acted */
	REPORT_DELIVERED,  /* status sent */
	REPORT_WOULD_HAVE, /* observe mode let through what enforce would not */
	REPORT_NOT_JUDGED, /* before resetguard ran, or out of its scope */
	REPORT_EXPOSURE,   /* delivered, and the domain has its present owner from later on */
	REPORT_CANARY,	   /* asked for an address whose domain lapsed or changed hands */
};
enum { REPORT_KIND_COUNT = 7 };

/* "refused", "would-have", ...; ERR_DATA for an unknown word. */
const char *report_kind_text(enum report_kind kind);
MUST_CHECK enum err report_kind_from_text(const char *text, enum report_kind *kind);
bool report_is(enum report_kind kind, const struct audit_reset *reset,
	       const struct report_domain *domain);

struct report;

MUST_CHECK enum err report_new(struct report **report);
void report_free(struct report *report);

void report_add(struct report *report, const struct audit_reset *reset,
		const struct report_domain *domain);

/* ---- as JSON: one object a line ---- */

/* The reset, and an object more each for an exposure and a canary. */
void report_json_reset(FILE *stream, const struct audit_reset *reset,
		       const struct report_domain *domain);
/* The summary, and the coverage. */
void report_json_end(const struct report *report, const struct audit_coverage *coverage,
		     FILE *stream);

/* ---- for people ---- */

/* One line. */
void report_text_reset(FILE *stream, const struct audit_reset *reset,
		       const struct report_domain *domain);
/* cache_known: false if the cache could not be read, so that exposure is not known. */
void report_text(const struct report *report, const struct audit_coverage *coverage,
		 bool cache_known, FILE *stream);
/* A page that needs nothing else: no script, nothing loaded. */
void report_html(const struct report *report, const struct audit_coverage *coverage,
		 bool cache_known, int64_t now, FILE *stream);

#endif
