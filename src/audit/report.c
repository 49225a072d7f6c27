/* SPDX-License-Identifier: BSD-2-Clause */
/* report: what an audit answers, counted. */
#include "resetguard/report.h"

#include <stdlib.h>
#include <string.h>

#include "report_counts.h"
#include "resetguard/time.h"

static const char *const kind_tokens[REPORT_KIND_COUNT] = {
	[REPORT_REFUSED] = "refused",	    [REPORT_DEFERRED] = "deferred",
	[REPORT_DELIVERED] = "delivered",   [REPORT_WOULD_HAVE] = "would-have",
	[REPORT_NOT_JUDGED] = "not-judged", [REPORT_EXPOSURE] = "exposure",
	[REPORT_CANARY] = "canary",
};

const char *report_kind_text(enum report_kind kind)
{
	return kind_tokens[kind];
}

enum err report_kind_from_text(const char *text, enum report_kind *kind)
{
	for (int i = 0; i < REPORT_KIND_COUNT; i++) {
		if (strcmp(text, kind_tokens[i]) == 0) {
			*kind = (enum report_kind)i;
			return ERR_OK;
		}
	}
	return ERR_DATA;
}

/* The reasons that an attack under way would show. */
static bool is_canary(const struct audit_reset *reset)
{
	return reset->judged && reset->has_reason && reset->verdict == VERDICT_REJECT &&
	       (reset->reason == REASON_EXPIRED || reset->reason == REASON_OWNER_CHANGED ||
		reset->reason == REASON_UNVERIFIED || reset->reason == REASON_NEW_DOMAIN);
}

bool report_is(enum report_kind kind, const struct audit_reset *reset,
	       const struct report_domain *domain)
{
	bool acted = reset->judged && !reset->observe;

	switch (kind) {
	case REPORT_REFUSED:
		return acted && reset->verdict == VERDICT_REJECT;
	case REPORT_DEFERRED:
		return acted && reset->verdict == VERDICT_TEMPFAIL;
	case REPORT_DELIVERED:
		return reset->status == MAILLOG_STATUS_SENT;
	case REPORT_WOULD_HAVE:
		return reset->judged && reset->observe && reset->verdict != VERDICT_ACCEPT;
	case REPORT_NOT_JUDGED:
		return !reset->judged;
	case REPORT_EXPOSURE:
		/* A delivery and a lapse within one second: the lapse counts as the later. */
		return reset->status == MAILLOG_STATUS_SENT && domain->known &&
		       domain->owner_since >= reset->delivered_at;
	case REPORT_CANARY:
		return is_canary(reset);
	}
	return false;
}

const char *report_submitter(const struct audit_reset *reset)
{
	if (reset->login[0] != '\0')
		return reset->login;
	return reset->client[0] != '\0' ? reset->client : "-";
}

struct report_table report_table(const struct report *report, unsigned index)
{
	const struct report_table tables[REPORT_TABLES] = {
		{"Domains refused or deferred", report->domains},
		{"Senders", report->senders},
		{"Classes", report->classes},
	};

	return tables[index];
}

/* ---- adding ---- */

static enum err rows_new(struct report_rows *rows)
{
	/* Pages that no row is written to cost nothing. */
	rows->items = calloc(REPORT_ROWS_MAX, sizeof *rows->items);
	return rows->items == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static void rows_add(struct report_rows *rows, const struct audit_reset *reset,
		     const struct report_domain *domain)
{
	rows->count++;
	if (rows->kept < REPORT_ROWS_MAX)
		rows->items[rows->kept++] = (struct report_row){*reset, *domain};
}

enum err report_new(struct report **report)
{
	struct report *made = calloc(1, sizeof *made);
	enum err err = made == NULL ? ERR_NO_MEMORY : ERR_OK;

	if (err == ERR_OK)
		err = tally_new(REPORT_NAMES_MAX, &made->domains);
	if (err == ERR_OK)
		err = tally_new(REPORT_NAMES_MAX, &made->senders);
	if (err == ERR_OK)
		err = tally_new(REPORT_NAMES_MAX, &made->classes);
	if (err == ERR_OK)
		err = rows_new(&made->exposure);
	if (err == ERR_OK)
		err = rows_new(&made->canaries);
	if (err == ERR_OK) {
		made->days = calloc(REPORT_DAYS_MAX, sizeof *made->days);
		err = made->days == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
	if (err != ERR_OK) {
		if (made != NULL)
			report_free(made);
		return err;
	}
	*report = made;
	return ERR_OK;
}

void report_free(struct report *report)
{
	struct tally *const tallies[] = {report->domains, report->senders, report->classes};

	for (size_t i = 0; i < sizeof tallies / sizeof *tallies; i++) {
		if (tallies[i] != NULL)
			tally_free(tallies[i]);
	}
	free(report->exposure.items);
	free(report->canaries.items);
	free(report->days);
	free(report);
}

/* The day's counters. Resets come nearly in order: the place is sought from the end. */
static struct report_day *day_of(struct report *report, int64_t at)
{
	int64_t day = at / TIME_DAY;
	size_t place = report->day_count;

	while (place > 0 && report->days[place - 1].day > day)
		place--;
	if (place > 0 && report->days[place - 1].day == day)
		return &report->days[place - 1];
	if (report->day_count == REPORT_DAYS_MAX) {
		if (place == 0)
			return NULL;
		memmove(report->days, report->days + 1,
			(REPORT_DAYS_MAX - 1) * sizeof *report->days);
		report->day_count--;
		place--;
	}
	memmove(report->days + place + 1, report->days + place,
		(report->day_count - place) * sizeof *report->days);
	report->day_count++;
	report->days[place] = (struct report_day){.day = day};
	return &report->days[place];
}

static void count_verdict(struct report *report, const struct audit_reset *reset)
{
	struct report_day *day = day_of(report, reset->at);

	if (day != NULL && reset->judged)
		day->verdicts[reset->verdict]++;
	else if (day != NULL)
		day->not_judged++;
	if (!reset->judged)
		return;
	if (reset->has_reason)
		report->reasons[reset->reason]++;
	if (reset->verdict == VERDICT_ACCEPT) {
		report->let_through++;
		return;
	}
	if (reset->domain[0] != '\0')
		tally_add(report->domains, reset->domain);
	if (reset->observe && reset->verdict == VERDICT_REJECT)
		report->would_refuse++;
	else if (reset->observe)
		report->would_defer++;
}

void report_add(struct report *report, const struct audit_reset *reset,
		const struct report_domain *domain)
{
	report->resets++;
	for (int i = 0; i < REPORT_KIND_COUNT; i++) {
		if (report_is((enum report_kind)i, reset, domain))
			report->kinds[i]++;
	}
	report->statuses[reset->status]++;
	report->hours[reset->at / TIME_HOUR % 24]++;
	tally_add(report->senders, reset->from[0] != '\0' ? reset->from : "<>");
	tally_add(report->classes, reset->class_name);
	count_verdict(report, reset);
	if (report_is(REPORT_EXPOSURE, reset, domain))
		rows_add(&report->exposure, reset, domain);
	if (report_is(REPORT_CANARY, reset, domain))
		rows_add(&report->canaries, reset, domain);
}
