/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit_run: one run of the audit: where lines come from, and where resets go.
 *
 *   files or journal -> audit -> each reset, with what the cache says of its domain
 *                             -> JSON or text, and the counts of the report
 */
#ifndef RESETGUARD_AUDIT_RUN_H
#define RESETGUARD_AUDIT_RUN_H

#include "audit_trace.h"
#include "cli.h"
#include "resetguard/addresses.h"
#include "resetguard/audit.h"
#include "resetguard/journal.h"
#include "resetguard/maillog_file.h"
#include "resetguard/report.h"
#include "resetguard/rules.h"

struct audit_run {
	struct cli *cli;

	/* what was asked for */
	int64_t since;
	int64_t until;
	bool json;
	bool follow;
	bool redact;
	bool use_journal;
	bool by_kind;
	enum report_kind kind;
	const char *html_path;
	const char *cursor_path;
	const char *message; /* a queue id or an address; NULL: all of them */

	/* what is open */
	struct maillog_files *files; /* or */
	struct journal *journal;
	struct rules *rules; /* NULL: only what was judged is found */
	FILE *html;
	int cursor_fd;	  /* -1: none */
	bool cache_known; /* the cache can be read */
	struct addresses_key key; /* of this report's hashes */
	struct audit_trace *trace;
	struct audit *audit;
	struct report *report;

	bool learning; /* the first of two readings */
};

/* Reads everything, and follows where that was asked for, until SIGINT or SIGTERM.
 * What goes wrong is reported to cli. */
void audit_run_read(struct audit_run *run);

/* The callbacks of struct audit_options, with the run as their context. */
void audit_run_reset(void *context, const struct audit_reset *reset);
void audit_run_line(void *context, const char *text, size_t length,
		    const struct maillog_event *event);

#endif
