/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/report.h"
#include "resetguard/time.h"

static const struct report_domain not_known = {.known = false};
static const struct audit_coverage coverage = {.lines = 3, .first_at = 86400, .last_at = 172800};

static struct audit_reset reset_of(enum verdict verdict, enum reason reason, bool observe)
{
	struct audit_reset reset = {.at = 1000000,
				    .queue_id = "4XyZ1",
				    .from = "app@svc.example",
				    .rcpt = "bob@lapsed.example",
				    .domain = "lapsed.example",
				    .class_name = "password-reset",
				    .judged = true,
				    .verdict = verdict,
				    .observe = observe,
				    .has_reason = true,
				    .reason = reason};

	return reset;
}

/* Which kinds a reset is of: one letter each, in the order of the enum. */
static void assert_kinds(const struct audit_reset *reset, const struct report_domain *domain,
			 const char *wanted)
{
	static const char letters[] = "rdswnec";
	char is[REPORT_KIND_COUNT + 1] = "";
	size_t length = 0;

	for (int i = 0; i < REPORT_KIND_COUNT; i++) {
		if (report_is((enum report_kind)i, reset, domain))
			is[length++] = letters[i];
	}
	is[length] = '\0';
	assert_string_equal(is, wanted);
}

static void a_reset_answers_to_its_kinds(void **state)
{
	const struct report_domain later = {.known = true, .owner_since = 2000};
	struct audit_reset reset;

	(void)state;
	reset = reset_of(VERDICT_REJECT, REASON_EXPIRED, false);
	reset.status = MAILLOG_STATUS_REFUSED;
	assert_kinds(&reset, &later, "rc");
	reset = reset_of(VERDICT_REJECT, REASON_BAD_ADDRESS, false);
	assert_kinds(&reset, &not_known, "r");
	reset = reset_of(VERDICT_TEMPFAIL, REASON_STALE, false);
	assert_kinds(&reset, &not_known, "d");
	reset = reset_of(VERDICT_REJECT, REASON_OWNER_CHANGED, true);
	reset.status = MAILLOG_STATUS_SENT;
	reset.delivered_at = 1999;
	assert_kinds(&reset, &later, "swec");
	/* Within the second in which the lapse was seen: which came first is not known. */
	reset.delivered_at = 2000;
	assert_kinds(&reset, &later, "swec");
	reset.delivered_at = 2001;
	assert_kinds(&reset, &later, "swc");
	reset = reset_of(VERDICT_ACCEPT, REASON_OK, false);
	reset.judged = false;
	reset.has_reason = false;
	reset.status = MAILLOG_STATUS_SENT;
	reset.delivered_at = 1;
	assert_kinds(&reset, &later, "sne");
	assert_kinds(&reset, &not_known, "sn");
}

static void kinds_have_names(void **state)
{
	enum report_kind kind = REPORT_REFUSED;

	(void)state;
	for (int i = 0; i < REPORT_KIND_COUNT; i++) {
		assert_int_equal(report_kind_from_text(report_kind_text((enum report_kind)i), &kind),
				 ERR_OK);
		assert_int_equal(kind, i);
	}
	assert_int_equal(report_kind_from_text("lost", &kind), ERR_DATA);
}

static void add(struct report *report, struct audit_reset reset,
		const struct report_domain *domain)
{
	report_add(report, &reset, domain);
}

static struct report *some_report(void)
{
	const struct report_domain later = {
		.known = true, .owner_since = 9000000, .state = STATE_REDEMPTION};
	struct audit_reset sent = reset_of(VERDICT_ACCEPT, REASON_OK, false);
	struct audit_reset hostile = reset_of(VERDICT_REJECT, REASON_EXPIRED, false);
	struct report *report;

	sent.status = MAILLOG_STATUS_SENT;
	sent.delivered_at = 1000001;
	strcpy(hostile.rcpt, "\"</td><script>alert(1)</script>\"@x.example");
	strcpy(hostile.from, "a&b'\xff\x1b[2J\xc2\x9b@x.example");
	hostile.at = 200 * TIME_DAY;
	assert_int_equal(report_new(&report), ERR_OK);
	add(report, sent, &later);
	add(report, hostile, &not_known);
	add(report, reset_of(VERDICT_TEMPFAIL, REASON_STALE, true), &not_known);
	return report;
}

static char *written(void (*write)(const struct report *report, FILE *stream))
{
	struct report *report = some_report();
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	write(report, stream);
	assert_int_equal(fclose(stream), 0);
	report_free(report);
	return text;
}

static void write_html(const struct report *report, FILE *stream)
{
	report_html(report, &coverage, true, 300 * TIME_DAY, stream);
}

static void write_text(const struct report *report, FILE *stream)
{
	report_text(report, &coverage, true, stream);
}

static void write_json(const struct report *report, FILE *stream)
{
	report_json_end(report, &coverage, stream);
}

static void the_page_escapes_what_the_log_says(void **state)
{
	char *page = written(write_html);

	(void)state;
	assert_null(strstr(page, "<script"));
	assert_non_null(strstr(page, "&quot;&lt;/td&gt;&lt;script&gt;alert(1)"));
	assert_non_null(strstr(page, "a&amp;b&#39;&#xfffd;&#xfffd;[2J&#xfffd;@x.example"));
	assert_null(strchr(page, '\x1b'));
	assert_non_null(strstr(page, "<dt>Exposure</dt><dd>1</dd>"));
	assert_non_null(strstr(page, "<dt>Would have been deferred</dt><dd>1</dd>"));
	assert_non_null(strstr(page, "</html>"));
	free(page);
}

static void a_page_without_resets_is_one(void **state)
{
	struct report *report;
	char *page = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&page, &size);

	(void)state;
	assert_non_null(stream);
	assert_int_equal(report_new(&report), ERR_OK);
	report_html(report, &coverage, false, 1, stream);
	assert_int_equal(fclose(stream), 0);
	report_free(report);
	assert_non_null(strstr(page, "the cache could not be read"));
	assert_non_null(strstr(page, "</html>"));
	free(page);
}

static void the_text_is_harmless_to_terminals(void **state)
{
	char *text = written(write_text);

	(void)state;
	for (const char *at = text; *at != '\0'; at++)
		assert_true((unsigned char)*at >= 0x20 || *at == '\n');
	assert_non_null(strstr(text, "Resets, by recipient                    3"));
	assert_non_null(strstr(text, "a&b'??[2J?@x.example"));
	assert_non_null(strstr(text, "Exposure: delivered, and the domain lapsed or changed hands "
				     "later: 1"));
	free(text);
}

static void the_summary_has_every_number(void **state)
{
	char *text = written(write_json);

	(void)state;
	assert_non_null(strstr(text, "{\"schema\":1,\"kind\":\"summary\",\"resets\":3,"
				     "\"let_through\":1,\"refused\":1,\"deferred\":0,"
				     "\"would_have_refused\":0,\"would_have_deferred\":1,"
				     "\"not_judged\":0,\"delivered\":1,\"exposure\":1,\"canary\":1,"));
	assert_non_null(strstr(text, "\n{\"schema\":1,\"kind\":\"coverage\",\"lines\":3,"));
	free(text);
}

/* Days that come out of order, and more than are kept. */
static void the_timeline_keeps_the_last_days(void **state)
{
	struct report *report;
	struct audit_reset reset = reset_of(VERDICT_ACCEPT, REASON_OK, false);
	char *page = NULL;
	size_t size = 0;
	FILE *stream;

	(void)state;
	assert_int_equal(report_new(&report), ERR_OK);
	for (int64_t day = 10000; day < 10000 + REPORT_DAYS_MAX + 5; day++) {
		reset.at = day * TIME_DAY;
		add(report, reset, &not_known);
		reset.at = (day - 1) * TIME_DAY;
		add(report, reset, &not_known);
	}
	reset.at = TIME_DAY;
	add(report, reset, &not_known);
	stream = open_memstream(&page, &size);
	assert_non_null(stream);
	report_html(report, &coverage, true, 1, stream);
	assert_int_equal(fclose(stream), 0);
	report_free(report);
	assert_non_null(strstr(page, "1997-05-24 to 2007-05-31, 37 days a bar, at most 74"));
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reset_answers_to_its_kinds),
		cmocka_unit_test(kinds_have_names),
		cmocka_unit_test(the_page_escapes_what_the_log_says),
		cmocka_unit_test(a_page_without_resets_is_one),
		cmocka_unit_test(the_text_is_harmless_to_terminals),
		cmocka_unit_test(the_summary_has_every_number),
		cmocka_unit_test(the_timeline_keeps_the_last_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
