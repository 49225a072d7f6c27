/* SPDX-License-Identifier: BSD-2-Clause */
/* report_text: what an audit answers, for people at a terminal. */
#include <inttypes.h>
#include <string.h>

#include "report_counts.h"
#include "resetguard/time.h"
#include "resetguard/utf8.h"

enum {
	BAR = 30,	/* characters of the longest bar */
	ROWS_SHOWN = 20,
	HALF_HOUR = 30 * TIME_MINUTE,
};

/* What came from outside. */
static void put_harmless(FILE *stream, const char *text)
{
	utf8_print(stream, text, strlen(text));
}

static void put_bar(FILE *stream, uint64_t count, uint64_t most)
{
	uint64_t length = most == 0 ? 0 : (count * BAR + most - 1) / most;

	while (length-- > 0)
		putc('#', stream);
}

static void put_count(FILE *stream, const char *what, uint64_t count, uint64_t most)
{
	fprintf(stream, "  %-28s %10" PRIu64 "  ", what, count);
	put_bar(stream, count, most);
	putc('\n', stream);
}

/* ---- one reset ---- */

static void put_verdict(FILE *stream, const struct audit_reset *reset)
{
	if (!reset->judged)
		fputs("not judged", stream);
	else
		fprintf(stream, "%s%s %s", reset->observe ? "would " : "",
			verdict_text(reset->verdict),
			reset->has_reason ? reason_text(reset->reason) : "?");
}

void report_text_reset(FILE *stream, const struct audit_reset *reset,
		       const struct report_domain *domain)
{
	const char *status = maillog_status_text(reset->status);

	fprintf(stream, "%s  %s  <", time_format(reset->at).text,
		reset->queue_id[0] == '\0' ? "NOQUEUE" : reset->queue_id);
	put_harmless(stream, reset->rcpt);
	fputs(">  ", stream);
	put_verdict(stream, reset);
	fprintf(stream, "  %s", status == NULL ? "-" : status);
	if (report_is(REPORT_EXPOSURE, reset, domain))
		fprintf(stream, "  owner since %s (%s)", time_format(domain->owner_since).text,
			state_text(domain->state));
	fputs("  from <", stream);
	put_harmless(stream, reset->from);
	fputs("> by ", stream);
	put_harmless(stream, report_submitter(reset));
	putc('\n', stream);
}

/* ---- the summary ---- */

static void put_span(const struct audit_coverage *coverage, FILE *stream)
{
	if (coverage->first_at == 0) {
		fputs("No line was understood.\n", stream);
		return;
	}
	fprintf(stream, "%s to %s, %" PRIu64 " lines", time_format(coverage->first_at).text,
		time_format(coverage->last_at).text, coverage->lines);
	if (coverage->not_understood > 0)
		fprintf(stream, ", %" PRIu64 " not understood", coverage->not_understood);
	putc('\n', stream);
}

static void put_verdicts(const struct report *report, FILE *stream)
{
	uint64_t most = report->resets;

	fprintf(stream, "\n%-30s %10" PRIu64 "\n", "Resets, by recipient", report->resets);
	put_count(stream, "let through", report->let_through, most);
	put_count(stream, "refused", report->kinds[REPORT_REFUSED], most);
	put_count(stream, "deferred", report->kinds[REPORT_DEFERRED], most);
	if (report->kinds[REPORT_WOULD_HAVE] > 0) {
		put_count(stream, "would have been refused", report->would_refuse, most);
		put_count(stream, "would have been deferred", report->would_defer, most);
	}
	if (report->kinds[REPORT_NOT_JUDGED] > 0)
		put_count(stream, "not judged", report->kinds[REPORT_NOT_JUDGED], most);
}

static void put_statuses(const struct report *report, FILE *stream)
{
	fputs("\nWhat became of them\n", stream);
	for (int i = MAILLOG_STATUS_SENT; i < MAILLOG_STATUS_COUNT; i++)
		put_count(stream, maillog_status_text((enum maillog_status)i),
			  report->statuses[i], report->resets);
	if (report->statuses[MAILLOG_STATUS_NONE] > 0)
		put_count(stream, "not in the log", report->statuses[MAILLOG_STATUS_NONE],
			  report->resets);
}

static void put_reasons(const struct report *report, FILE *stream)
{
	uint64_t most = 0;

	for (int i = 0; i < REASON_COUNT; i++)
		most = report->reasons[i] > most ? report->reasons[i] : most;
	if (most == 0)
		return;
	fputs("\nReasons\n", stream);
	for (int i = 0; i < REASON_COUNT; i++) {
		if (report->reasons[i] > 0)
			put_count(stream, reason_text((enum reason)i), report->reasons[i], most);
	}
}

static void put_table(struct report_table table, FILE *stream)
{
	struct tally_row rows[REPORT_TOP];
	size_t count = tally_top(table.tally, rows, REPORT_TOP);

	if (count == 0)
		return;
	fprintf(stream, "\n%s\n", table.heading);
	for (size_t i = 0; i < count; i++) {
		fprintf(stream, "  %10" PRIu64 "%s  ", rows[i].count,
			rows[i].slack > 0 ? " or less" : "");
		put_harmless(stream, rows[i].name);
		putc('\n', stream);
	}
	if (tally_count(table.tally) > count)
		fprintf(stream, "  and %zu more\n", tally_count(table.tally) - count);
}

static void put_hours(const struct report *report, FILE *stream)
{
	uint64_t most = 0;

	for (int i = 0; i < 24; i++)
		most = report->hours[i] > most ? report->hours[i] : most;
	fputs("\nHours of the day (UTC)\n", stream);
	for (int i = 0; i < 24; i++) {
		char hour[16];

		if (report->hours[i] == 0)
			continue;
		snprintf(hour, sizeof hour, "%02d:00", i);
		put_count(stream, hour, report->hours[i], most);
	}
}

static void put_rows(const struct report_rows *rows, const char *heading, const char *option,
		     FILE *stream)
{
	size_t shown = rows->kept < ROWS_SHOWN ? rows->kept : ROWS_SHOWN;

	if (rows->count == 0)
		return;
	fprintf(stream, "\n%s: %" PRIu64 "\n", heading, rows->count);
	for (size_t i = 0; i < shown; i++) {
		fputs("  ", stream);
		report_text_reset(stream, &rows->items[i].reset, &rows->items[i].domain);
	}
	if (rows->count > shown)
		fprintf(stream, "  and %" PRIu64 " more: audit --show %s\n", rows->count - shown,
			option);
}

static void put_coverage(const struct audit_coverage *coverage, FILE *stream)
{
	if (coverage->gap_count > 0)
		fputs("\nNothing was logged\n", stream);
	for (unsigned i = 0; i < coverage->gap_count; i++) {
		const struct audit_gap *gap = &coverage->gaps[i];
		int64_t hours = (gap->until - gap->from + HALF_HOUR) / TIME_HOUR;

		fprintf(stream, "  from %s to %s (%" PRId64 " h)\n", time_format(gap->from).text,
			time_format(gap->until).text, hours);
	}
	if (coverage->sample_count > 0)
		fputs("\nNot understood, for example\n", stream);
	for (unsigned i = 0; i < coverage->sample_count; i++)
		fprintf(stream, "  %s\n", coverage->samples[i]);
	if (coverage->evicted > 0)
		fprintf(stream,
			"\n%" PRIu64 " resets were counted before their end was read: more messages "
			"were under way than fit.\n",
			coverage->evicted);
}

void report_text(const struct report *report, const struct audit_coverage *coverage,
		 bool cache_known, FILE *stream)
{
	put_span(coverage, stream);
	put_verdicts(report, stream);
	if (report->resets > 0) {
		put_statuses(report, stream);
		put_reasons(report, stream);
		for (unsigned i = 0; i < REPORT_TABLES; i++)
			put_table(report_table(report, i), stream);
		put_hours(report, stream);
	}
	put_rows(&report->exposure,
		 "Exposure: delivered, and the domain lapsed or changed hands later",
		 report_kind_text(REPORT_EXPOSURE), stream);
	if (!cache_known)
		fputs("\nExposure is not known: the cache could not be read.\n", stream);
	put_rows(&report->canaries, "Canaries: asked for a domain that lapsed or changed hands",
		 report_kind_text(REPORT_CANARY), stream);
	put_coverage(coverage, stream);
}
