/* SPDX-License-Identifier: BSD-2-Clause */
/* report_counts: what report.c counts and the three ways to show it read. */
#ifndef RESETGUARD_REPORT_COUNTS_H
#define RESETGUARD_REPORT_COUNTS_H

#include "resetguard/policy.h"
#include "resetguard/report.h"
#include "resetguard/tally.h"

enum { VERDICT_COUNT = VERDICT_REJECT + 1 };

/* A day's resets: by verdict, whether it was acted on or not, and those not judged. */
struct report_day {
	int64_t day; /* since 1970-01-01, UTC */
	uint64_t verdicts[VERDICT_COUNT];
	uint64_t not_judged;
};

struct report_row {
	struct audit_reset reset;
	struct report_domain domain;
};

struct report_rows {
	uint64_t count;	 /* in all */
	size_t kept;	 /* the first ones */
	struct report_row *items;
};

struct report {
	uint64_t resets;
	uint64_t kinds[REPORT_KIND_COUNT];
	uint64_t let_through; /* judged, and nothing to say against it */
	uint64_t would_refuse;
	uint64_t would_defer;
	uint64_t statuses[MAILLOG_STATUS_COUNT];
	uint64_t reasons[REASON_COUNT];
	uint64_t hours[24]; /* UTC */
	struct tally *domains; /* refused, deferred, or would have been */
	struct tally *senders; /* of all resets */
	struct tally *classes;
	size_t day_count;
	struct report_day *days; /* in order */
	struct report_rows exposure;
	struct report_rows canaries;
};

/* Who submitted it, in a few words: the login, or the client. */
const char *report_submitter(const struct audit_reset *reset);

/* What a table of names has: a heading, the names, and what they count. */
struct report_table {
	const char *heading;
	const struct tally *tally;
};
enum { REPORT_TABLES = 3, REPORT_TOP = 10 };
struct report_table report_table(const struct report *report, unsigned index);

#endif
