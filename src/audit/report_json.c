/* SPDX-License-Identifier: BSD-2-Clause */
/* report_json: what an audit answers, one object a line. */
#include "report_counts.h"
#include "resetguard/json.h"

static const char *or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static void reset_members(struct json_line *line, const char *kind,
			  const struct audit_reset *reset)
{
	json_line_string(line, "kind", kind);
	json_line_time(line, "time", reset->at);
	json_line_string(line, "host", or_null(reset->host));
	json_line_string(line, "queue_id", or_null(reset->queue_id));
	json_line_string(line, "client", or_null(reset->client));
	json_line_string(line, "login", or_null(reset->login));
	json_line_string(line, "from", reset->from);
	json_line_string(line, "rcpt", reset->rcpt);
	json_line_string(line, "domain", or_null(reset->domain));
	json_line_string(line, "class", or_null(reset->class_name));
	json_line_string(line, "rule", or_null(reset->rule));
	json_line_string(line, "verdict", reset->judged ? verdict_text(reset->verdict) : NULL);
	json_line_string(line, "mode",
			 reset->judged ? (reset->observe ? "observe" : "enforce") : NULL);
	json_line_string(line, "reason", reset->has_reason ? reason_text(reset->reason) : NULL);
	json_line_string(line, "status", maillog_status_text(reset->status));
	json_line_string(line, "reply", or_null(reset->reply));
	json_line_time(line, "delivered_at", reset->delivered_at);
}

void report_json_reset(FILE *stream, const struct audit_reset *reset,
		       const struct report_domain *domain)
{
	struct json_line line = json_line_begin(stream);

	reset_members(&line, "reset", reset);
	json_line_end(&line);
	if (report_is(REPORT_EXPOSURE, reset, domain)) {
		line = json_line_begin(stream);
		reset_members(&line, "exposure", reset);
		json_line_time(&line, "owner_since", domain->owner_since);
		json_line_string(&line, "state", state_text(domain->state));
		json_line_end(&line);
	}
	if (report_is(REPORT_CANARY, reset, domain)) {
		line = json_line_begin(stream);
		reset_members(&line, "canary", reset);
		json_line_end(&line);
	}
}

static void count_member(struct json_line *line, const char *name, uint64_t count)
{
	json_line_integer(line, name, (int64_t)count);
}

static void top_members(struct json_line *line, const char *name, const struct tally *tally)
{
	struct tally_row rows[REPORT_TOP];
	size_t count = tally_top(tally, rows, REPORT_TOP);

	json_line_open_array(line, name);
	for (size_t i = 0; i < count; i++) {
		json_line_open(line, NULL);
		json_line_string(line, "name", rows[i].name);
		count_member(line, "count", rows[i].count);
		json_line_close(line);
	}
	json_line_close_array(line);
}

static void summary(const struct report *report, FILE *stream)
{
	struct json_line line = json_line_begin(stream);

	json_line_string(&line, "kind", "summary");
	count_member(&line, "resets", report->resets);
	count_member(&line, "let_through", report->let_through);
	count_member(&line, "refused", report->kinds[REPORT_REFUSED]);
	count_member(&line, "deferred", report->kinds[REPORT_DEFERRED]);
	count_member(&line, "would_have_refused", report->would_refuse);
	count_member(&line, "would_have_deferred", report->would_defer);
	count_member(&line, "not_judged", report->kinds[REPORT_NOT_JUDGED]);
	count_member(&line, "delivered", report->kinds[REPORT_DELIVERED]);
	count_member(&line, "exposure", report->exposure.count);
	count_member(&line, "canary", report->canaries.count);
	json_line_open(&line, "status");
	for (int i = MAILLOG_STATUS_SENT; i < MAILLOG_STATUS_COUNT; i++)
		count_member(&line, maillog_status_text((enum maillog_status)i),
			     report->statuses[i]);
	count_member(&line, "unknown", report->statuses[MAILLOG_STATUS_NONE]);
	json_line_close(&line);
	json_line_open(&line, "reasons");
	for (int i = 0; i < REASON_COUNT; i++) {
		if (report->reasons[i] > 0)
			count_member(&line, reason_text((enum reason)i), report->reasons[i]);
	}
	json_line_close(&line);
	json_line_open_array(&line, "hours");
	for (int i = 0; i < 24; i++)
		count_member(&line, NULL, report->hours[i]);
	json_line_close_array(&line);
	top_members(&line, "domains", report->domains);
	top_members(&line, "senders", report->senders);
	top_members(&line, "classes", report->classes);
	json_line_end(&line);
}

static void coverage_line(const struct audit_coverage *coverage, FILE *stream)
{
	struct json_line line = json_line_begin(stream);

	json_line_string(&line, "kind", "coverage");
	count_member(&line, "lines", coverage->lines);
	count_member(&line, "foreign", coverage->foreign);
	count_member(&line, "not_understood", coverage->not_understood);
	count_member(&line, "evicted", coverage->evicted);
	json_line_time(&line, "first", coverage->first_at);
	json_line_time(&line, "last", coverage->last_at);
	json_line_open_array(&line, "gaps");
	for (unsigned i = 0; i < coverage->gap_count; i++) {
		json_line_open(&line, NULL);
		json_line_time(&line, "from", coverage->gaps[i].from);
		json_line_time(&line, "until", coverage->gaps[i].until);
		json_line_close(&line);
	}
	json_line_close_array(&line);
	json_line_open_array(&line, "samples");
	for (unsigned i = 0; i < coverage->sample_count; i++)
		json_line_string(&line, NULL, coverage->samples[i]);
	json_line_close_array(&line);
	json_line_end(&line);
}

void report_json_end(const struct report *report, const struct audit_coverage *coverage,
		     FILE *stream)
{
	summary(report, stream);
	coverage_line(coverage, stream);
}
