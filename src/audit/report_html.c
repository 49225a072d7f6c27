/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_html: what an audit answers, as one page that needs nothing else.
 *
 * No script, no font, no image from anywhere. Whatever came from the log is escaped
 * and set apart by <bdi>, so that it can neither end an element nor turn the text
 * around. Colours are never the only thing that tells.
 */
#include <inttypes.h>
#include <string.h>

#include "report_counts.h"
#include "resetguard/time.h"
#include "resetguard/utf8.h"

enum {
	BARS_MAX = 100,	  /* of the timeline */
	CHART_WIDTH = 1000,
	CHART_HEIGHT = 160,
};

/* ---- escaping ---- */

static const char *entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

static void put_escaped(FILE *stream, const char *text)
{
	size_t left = strlen(text);
	bool harmless;

	for (size_t size; left > 0; text += size, left -= size) {
		size = utf8_shown(text, left, &harmless);
		if (!harmless)
			fputs("&#xfffd;", stream);
		else if (entity_of(text[0]) != NULL)
			fputs(entity_of(text[0]), stream);
		else
			fwrite(text, 1, size, stream);
	}
}

static void put_cell(FILE *stream, const char *text)
{
	fputs("<td><bdi>", stream);
	put_escaped(stream, text[0] == '\0' ? "-" : text);
	fputs("</bdi></td>", stream);
}

/* "2026-11-01 03:12", with the exact moment for machines. */
static void put_time(FILE *stream, int64_t moment)
{
	struct time_text text = time_format(moment);

	if (moment == 0) {
		fputs("-", stream);
		return;
	}
	fprintf(stream, "<time datetime=\"%s\">%.10s %.5s</time>", text.text, text.text,
		text.text + 11);
}

/* ---- the head ---- */

static const char head[] =
	"<!DOCTYPE html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" "
	"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<title>Password resets in the mail log</title>\n"
	"<style>\n"
	":root{--paper:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--card:#f6f8fa;"
	"--good:#2f7d4f;--wait:#9a6700;--bad:#c0262d;--none:#818b98}\n"
	"@media (prefers-color-scheme:dark){:root{--paper:#0d1117;--ink:#e6edf3;--soft:#9198a1;"
	"--line:#3d444d;--card:#151b23;--good:#3fb96f;--wait:#d9a520;--bad:#ff7b72;"
	"--none:#656c76}}\n"
	"body{margin:0 auto;padding:1.5rem;max-width:70rem;background:var(--paper);"
	"color:var(--ink);font:1rem/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.6rem;margin:0}h2{font-size:1.2rem;margin:2.2rem 0 .6rem}\n"
	".soft{color:var(--soft)}\n"
	"dl.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem;"
	"margin:1.5rem 0}\n"
	"dl.cards div{background:var(--card);border:1px solid var(--line);border-radius:.5rem;"
	"padding:.7rem .9rem}\n"
	"dl.cards dt{color:var(--soft);font-size:.9rem}\n"
	"dl.cards dd{margin:0;font-size:1.7rem;font-weight:600;"
	"font-variant-numeric:tabular-nums}\n"
	".bad dd{color:var(--bad)}.wait dd{color:var(--wait)}.good dd{color:var(--good)}\n"
	".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:0 2rem}\n"
	".scroll{overflow-x:auto}\n"
	"table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\n"
	"th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);"
	"vertical-align:top;overflow-wrap:break-word;max-width:24rem}\n"
	"th{color:var(--soft);font-weight:600}td.number,th.number{text-align:right;width:6rem}\n"
	"time{white-space:nowrap}\n"
	"svg{width:100%;height:auto;border-bottom:1px solid var(--line)}\n"
	".accept{fill:var(--good)}.tempfail{fill:var(--wait)}.reject{fill:var(--bad)}"
	".unjudged{fill:var(--none)}\n"
	".key span{white-space:nowrap;margin-right:1.2rem}"
	".key svg{width:.8rem;height:.8rem;border:0;vertical-align:baseline}\n"
	"summary{cursor:pointer}:focus-visible{outline:2px solid currentColor;"
	"outline-offset:2px}\n"
	"pre{background:var(--card);border:1px solid var(--line);border-radius:.5rem;"
	"padding:.6rem;white-space:pre-wrap;overflow-wrap:anywhere}\n"
	"@media print{body{max-width:none;padding:0}h2{break-after:avoid}tr{break-inside:avoid}"
	".scroll{overflow:visible}}\n"
	"</style>\n"
	"</head>\n"
	"<body>\n"
	"<header>\n"
	"<h1>Password resets in the mail log</h1>\n";

static void put_span(const struct audit_coverage *coverage, int64_t now, FILE *stream)
{
	fputs("<p class=\"soft\">", stream);
	if (coverage->first_at != 0) {
		put_time(stream, coverage->first_at);
		fputs(" to ", stream);
		put_time(stream, coverage->last_at);
		fprintf(stream, " UTC, %" PRIu64 " lines. ", coverage->lines);
	} else {
		fputs("No line was understood. ", stream);
	}
	fputs("Written ", stream);
	put_time(stream, now);
	fputs(" UTC.</p>\n</header>\n<main>\n", stream);
}

static void put_card(FILE *stream, const char *class_name, const char *what, uint64_t count)
{
	fprintf(stream, "<div%s%s%s><dt>%s</dt><dd>%" PRIu64 "</dd></div>\n",
		count > 0 && class_name[0] != '\0' ? " class=\"" : "",
		count > 0 ? class_name : "", count > 0 && class_name[0] != '\0' ? "\"" : "", what,
		count);
}

static void put_cards(const struct report *report, FILE *stream)
{
	fputs("<dl class=\"cards\">\n", stream);
	put_card(stream, "", "Resets, by recipient", report->resets);
	put_card(stream, "good", "Let through", report->let_through);
	put_card(stream, "bad", "Refused", report->kinds[REPORT_REFUSED]);
	put_card(stream, "wait", "Deferred", report->kinds[REPORT_DEFERRED]);
	if (report->kinds[REPORT_WOULD_HAVE] > 0) {
		put_card(stream, "bad", "Would have been refused", report->would_refuse);
		put_card(stream, "wait", "Would have been deferred", report->would_defer);
	}
	put_card(stream, "", "Not judged", report->kinds[REPORT_NOT_JUDGED]);
	put_card(stream, "bad", "Exposure", report->exposure.count);
	put_card(stream, "bad", "Canaries", report->canaries.count);
	fputs("</dl>\n", stream);
}

/* ---- the timeline ---- */

struct bar {
	uint64_t parts[VERDICT_COUNT + 1]; /* by verdict, and not judged */
};

static const char *const part_classes[VERDICT_COUNT + 1] = {
	[VERDICT_ACCEPT] = "accept",
	[VERDICT_TEMPFAIL] = "tempfail",
	[VERDICT_REJECT] = "reject",
	[VERDICT_COUNT] = "unjudged",
};
static const char *const part_words[VERDICT_COUNT + 1] = {
	[VERDICT_ACCEPT] = "let through",
	[VERDICT_TEMPFAIL] = "deferred, or would have been",
	[VERDICT_REJECT] = "refused, or would have been",
	[VERDICT_COUNT] = "not judged",
};

static uint64_t bar_total(const struct bar *bar)
{
	uint64_t total = 0;

	for (int i = 0; i <= VERDICT_COUNT; i++)
		total += bar->parts[i];
	return total;
}

static void fill_bars(const struct report *report, int64_t days_a_bar, struct bar bars[BARS_MAX])
{
	for (size_t i = 0; i < report->day_count; i++) {
		const struct report_day *day = &report->days[i];
		struct bar *bar = &bars[(day->day - report->days[0].day) / days_a_bar];

		for (int v = 0; v < VERDICT_COUNT; v++)
			bar->parts[v] += day->verdicts[v];
		bar->parts[VERDICT_COUNT] += day->not_judged;
	}
}

static void put_bar(FILE *stream, const struct bar *bar, size_t index, size_t count,
		    uint64_t most)
{
	double width = (double)CHART_WIDTH / (double)count;
	double y = CHART_HEIGHT;

	for (int i = 0; i <= VERDICT_COUNT; i++) {
		double height = (double)bar->parts[i] * CHART_HEIGHT / (double)most;

		if (bar->parts[i] == 0)
			continue;
		y -= height;
		fprintf(stream,
			"<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
			part_classes[i], (double)index * width, y, width * 0.85, height);
	}
}

static void put_key(FILE *stream)
{
	fputs("<p class=\"key\">", stream);
	for (int i = 0; i <= VERDICT_COUNT; i++)
		fprintf(stream,
			"<span><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"%s\" "
			"width=\"1\" height=\"1\"/></svg> %s</span> ",
			part_classes[i], part_words[i]);
	fputs("</p>\n", stream);
}

static void put_day_table(FILE *stream, const struct bar *bars, size_t count, int64_t first_day,
			  int64_t days_a_bar)
{
	fputs("<details><summary>The same as a table</summary>\n<div class=\"scroll\"><table>\n"
	      "<thead><tr><th scope=\"col\">From</th>",
	      stream);
	for (int i = 0; i <= VERDICT_COUNT; i++)
		fprintf(stream, "<th scope=\"col\" class=\"number\">%s</th>", part_words[i]);
	fputs("</tr></thead>\n<tbody>\n", stream);
	for (size_t i = 0; i < count; i++) {
		int64_t day = first_day + (int64_t)i * days_a_bar;

		if (bar_total(&bars[i]) == 0)
			continue;
		fprintf(stream, "<tr><th scope=\"row\">%.10s</th>",
			time_format(day * TIME_DAY).text);
		for (int part = 0; part <= VERDICT_COUNT; part++)
			fprintf(stream, "<td class=\"number\">%" PRIu64 "</td>",
				bars[i].parts[part]);
		fputs("</tr>\n", stream);
	}
	fputs("</tbody></table></div></details>\n", stream);
}

static void put_timeline(const struct report *report, FILE *stream)
{
	struct bar bars[BARS_MAX] = {0};
	int64_t first = report->days[0].day;
	int64_t span = report->days[report->day_count - 1].day - first + 1;
	int64_t days_a_bar = (span + BARS_MAX - 1) / BARS_MAX;
	size_t count = (size_t)((span + days_a_bar - 1) / days_a_bar);
	uint64_t most = 1;

	fill_bars(report, days_a_bar, bars);
	for (size_t i = 0; i < count; i++)
		most = bar_total(&bars[i]) > most ? bar_total(&bars[i]) : most;
	fprintf(stream,
		"<section>\n<h2>Timeline</h2>\n"
		"<p class=\"soft\">%.10s to %.10s, %" PRId64 " day%s a bar, at most %" PRIu64
		" resets in one.</p>\n"
		"<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Resets by day and verdict; "
		"the table below has the numbers\">",
		time_format(first * TIME_DAY).text, time_format((first + span - 1) * TIME_DAY).text,
		days_a_bar, days_a_bar == 1 ? "" : "s", most, CHART_WIDTH, CHART_HEIGHT);
	for (size_t i = 0; i < count; i++)
		put_bar(stream, &bars[i], i, count, most);
	fputs("</svg>\n", stream);
	put_key(stream);
	put_day_table(stream, bars, count, first, days_a_bar);
	fputs("</section>\n", stream);
}

/* ---- tables of counts ---- */

static void begin_counts(FILE *stream, const char *heading, const char *what)
{
	fprintf(stream,
		"<section>\n<h2>%s</h2>\n<table>\n<thead><tr><th scope=\"col\">%s</th>"
		"<th scope=\"col\" class=\"number\">Resets</th></tr></thead>\n<tbody>\n",
		heading, what);
}

static void put_count_row(FILE *stream, const char *what, uint64_t count, uint64_t slack)
{
	fputs("<tr>", stream);
	put_cell(stream, what);
	fprintf(stream, "<td class=\"number\">%s%" PRIu64 "</td></tr>\n", slack > 0 ? "\u2264 " : "",
		count);
}

static void end_counts(FILE *stream)
{
	fputs("</tbody>\n</table>\n</section>\n", stream);
}

static void put_counts(const struct report *report, FILE *stream)
{
	fputs("<div class=\"pair\">\n", stream);
	begin_counts(stream, "What became of them", "Status");
	for (int i = 0; i < MAILLOG_STATUS_COUNT; i++) {
		const char *word = maillog_status_text((enum maillog_status)i);

		if (report->statuses[i] > 0)
			put_count_row(stream, word == NULL ? "not in the log" : word,
				      report->statuses[i], 0);
	}
	end_counts(stream);
	begin_counts(stream, "Reasons", "Reason");
	for (int i = 0; i < REASON_COUNT; i++) {
		if (report->reasons[i] > 0)
			put_count_row(stream, reason_text((enum reason)i), report->reasons[i], 0);
	}
	end_counts(stream);
	for (unsigned i = 0; i < REPORT_TABLES; i++) {
		struct report_table table = report_table(report, i);
		struct tally_row rows[REPORT_TOP];
		size_t count = tally_top(table.tally, rows, REPORT_TOP);

		begin_counts(stream, table.heading, "Name");
		for (size_t row = 0; row < count; row++)
			put_count_row(stream, rows[row].name, rows[row].count, rows[row].slack);
		end_counts(stream);
	}
	begin_counts(stream, "Hours of the day (UTC)", "Hour");
	for (int i = 0; i < 24; i++) {
		char hour[16];

		snprintf(hour, sizeof hour, "%02d:00", i);
		if (report->hours[i] > 0)
			put_count_row(stream, hour, report->hours[i], 0);
	}
	end_counts(stream);
	fputs("</div>\n", stream);
}

/* ---- lists of resets ---- */

static void put_row(const struct report_row *row, bool is_exposure, FILE *stream)
{
	const struct audit_reset *reset = &row->reset;
	const char *status = maillog_status_text(reset->status);

	fputs("<tr><td>", stream);
	put_time(stream, reset->at);
	fputs("</td>", stream);
	put_cell(stream, reset->rcpt);
	if (is_exposure) {
		fputs("<td>", stream);
		put_time(stream, row->domain.owner_since);
		fputs("</td>", stream);
		put_cell(stream, state_text(row->domain.state));
	} else {
		put_cell(stream, reset->has_reason ? reason_text(reset->reason) : "");
		put_cell(stream, status == NULL ? "" : status);
	}
	put_cell(stream, reset->from);
	put_cell(stream, report_submitter(reset));
	put_cell(stream, reset->queue_id);
	fputs("</tr>\n", stream);
}

static void put_rows(const struct report_rows *rows, const char *heading, const char *text,
		     bool is_exposure, FILE *stream)
{
	fprintf(stream, "<section>\n<h2>%s</h2>\n<p class=\"soft\">%s</p>\n", heading, text);
	if (rows->count == 0) {
		fputs("<p>None.</p>\n</section>\n", stream);
		return;
	}
	fprintf(stream,
		"<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Time (UTC)</th>"
		"<th scope=\"col\">Recipient</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
		"<th scope=\"col\">Sender</th><th scope=\"col\">Submitted by</th>"
		"<th scope=\"col\">Queue id</th></tr></thead>\n<tbody>\n",
		is_exposure ? "Owner since" : "Reason", is_exposure ? "State" : "Status");
	for (size_t i = 0; i < rows->kept; i++)
		put_row(&rows->items[i], is_exposure, stream);
	fputs("</tbody></table></div>\n", stream);
	if (rows->count > rows->kept)
		fprintf(stream, "<p>And %" PRIu64 " more.</p>\n", rows->count - rows->kept);
	fputs("</section>\n", stream);
}

static void put_coverage(const struct audit_coverage *coverage, FILE *stream)
{
	fprintf(stream,
		"<section>\n<h2>What was read</h2>\n<p>%" PRIu64 " lines, %" PRIu64
		" of other programs, %" PRIu64 " not understood.</p>\n",
		coverage->lines, coverage->foreign, coverage->not_understood);
	if (coverage->gap_count > 0)
		fputs("<p>Nothing was logged:</p>\n<ul>\n", stream);
	for (unsigned i = 0; i < coverage->gap_count; i++) {
		fputs("<li>from ", stream);
		put_time(stream, coverage->gaps[i].from);
		fputs(" to ", stream);
		put_time(stream, coverage->gaps[i].until);
		fputs("</li>\n", stream);
	}
	if (coverage->gap_count > 0)
		fputs("</ul>\n", stream);
	if (coverage->sample_count > 0)
		fputs("<p>Not understood, for example:</p>\n", stream);
	for (unsigned i = 0; i < coverage->sample_count; i++) {
		fputs("<pre><bdi>", stream);
		put_escaped(stream, coverage->samples[i]);
		fputs("</bdi></pre>\n", stream);
	}
	if (coverage->evicted > 0)
		fprintf(stream,
			"<p>%" PRIu64 " resets were counted before their end was read: more messages "
			"were under way than fit.</p>\n",
			coverage->evicted);
	fputs("</section>\n", stream);
}

void report_html(const struct report *report, const struct audit_coverage *coverage,
		 bool cache_known, int64_t now, FILE *stream)
{
	fputs(head, stream);
	put_span(coverage, now, stream);
	put_cards(report, stream);
	if (report->day_count > 0)
		put_timeline(report, stream);
	put_rows(&report->exposure, "Exposure",
		 cache_known ? "Resets that were delivered to a domain which lapsed or changed hands "
			       "later. Look at these accounts first."
			     : "Not known: the cache could not be read.",
		 true, stream);
	put_rows(&report->canaries, "Canaries",
		 "Resets asked for an address whose domain had lapsed or changed hands: perhaps an "
		 "attack under way.",
		 false, stream);
	put_counts(report, stream);
	put_coverage(coverage, stream);
	fputs("</main>\n</body>\n</html>\n", stream);
}
