/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "resetguard/maillog.h"
#include "resetguard/time.h"

static void assert_text(struct maillog_text text, const char *wanted)
{
	char copy[1024];

	maillog_text_copy(text, copy, sizeof copy);
	assert_string_equal(copy, wanted);
}

static int64_t at(const char *text)
{
	int64_t moment = 0;

	assert_int_equal(time_parse(text, 0, &moment), ERR_OK);
	return moment;
}

/* ---- stamps ---- */

static void stamps_of_all_forms_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *moment;
	} rows[] = {
		{"Nov  1 09:08:07 ", "2026-11-01T09:08:07Z"},
		{"Nov 1 09:08:07 ", "2026-11-01T09:08:07Z"},
		{"Nov 21 09:08:07 ", "2026-11-21T09:08:07Z"},
		{"2026-11-01T09:08:07Z ", "2026-11-01T09:08:07Z"},
		{"2026-11-01T09:08:07+01:00 ", "2026-11-01T08:08:07Z"},
		{"2026-11-01T09:08:07-0130 ", "2026-11-01T10:38:07Z"},
		{"2026-11-01T09:08:07.123456+00:00 ", "2026-11-01T09:08:07Z"},
		{"2026-11-01T09:08:07.123456789Z ", "2026-11-01T09:08:07Z"},
		{"2026-11-01T09:08:07,123Z ", "2026-11-01T09:08:07Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct maillog_clock clock = maillog_clock_begin(at("2026-11-26T00:00:00Z"));
		int64_t moment = 0;
		size_t taken = 0;

		assert_true(maillog_stamp(&clock, rows[i].text, strlen(rows[i].text), &moment,
					  &taken));
		assert_int_equal(moment, at(rows[i].moment));
		assert_int_equal(taken, strlen(rows[i].text) - 1);
	}
}

static void what_is_no_stamp_is_none(void **state)
{
	static const char *const rows[] = {
		"",
		"Nov",
		"Nov 1 09:08",
		"Nov 32 09:08:07",
		"Nov 0 09:08:07",
		"Nov 1 24:08:07",
		"Nov 1 09:60:07",
		"Foo 1 09:08:07",
		"Nov: 1 09:08:07",
		"2026-11-01T09:08:07",
		"2026-13-01T09:08:07Z",
		"2026-11-01 09:08:07Z",
		"021-02-06T10:57:57+01:00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct maillog_clock clock = maillog_clock_begin(at("2026-11-26T00:00:00Z"));
		int64_t moment;
		size_t taken;

		assert_false(
			maillog_stamp(&clock, rows[i], strlen(rows[i]), &moment, &taken));
	}
}

/* One clock, stamp after stamp. */
static void the_year_follows_from_order_and_the_file_s_time(void **state)
{
	static const struct {
		const char *stamp;
		const char *moment;
	} rows[] = {
		{"Dec 30 23:59:59", "2025-12-30T23:59:59Z"}, /* later than the file: last year's */
		{"Dec 31 23:59:59", "2025-12-31T23:59:59Z"},
		{"Jan  1 00:00:01", "2026-01-01T00:00:01Z"},
		{"Dec 31 23:59:59", "2025-12-31T23:59:59Z"}, /* a line that was late */
		{"Jan  1 00:00:02", "2026-01-01T00:00:02Z"},
		{"Feb 28 12:00:00", "2026-02-28T12:00:00Z"},
		{"2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"}, /* tells the year */
		{"Mar  1 12:00:00", "2024-03-01T12:00:00Z"},
	};
	struct maillog_clock clock = maillog_clock_begin(at("2026-03-01T00:00:00Z"));

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t moment = 0;
		size_t taken;

		assert_true(maillog_stamp(&clock, rows[i].stamp, strlen(rows[i].stamp), &moment,
					  &taken));
		assert_string_equal(time_format(moment).text, rows[i].moment);
	}
}

static void a_stamp_like_the_one_before_is_not_taken_for_it(void **state)
{
	static const struct {
		const char *stamp;
		const char *moment;
	} rows[] = {
		{"2026-11-01T09:08:07.123456+01:00", "2026-11-01T08:08:07Z"},
		{"2026-11-01T09:08:07.654321+01:00", "2026-11-01T08:08:07Z"},
		{"2026-11-01T09:08:07.654321+02:00", "2026-11-01T07:08:07Z"},
		{"2026-11-01T09:08:07.65432+02:00 ", "2026-11-01T07:08:07Z"},
		{"2026-11-01T09:08:07+02:00", "2026-11-01T07:08:07Z"},
		{"2026-11-01T09:08:08+02:00", "2026-11-01T07:08:08Z"},
		{"2026-11-01T09:08:08Z", "2026-11-01T09:08:08Z"},
	};
	struct maillog_clock clock = maillog_clock_begin(at("2026-11-26T00:00:00Z"));

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t moment = 0;
		size_t taken;

		assert_true(maillog_stamp(&clock, rows[i].stamp, strlen(rows[i].stamp), &moment,
					  &taken));
		assert_string_equal(time_format(moment).text, rows[i].moment);
	}
}

/* ---- lines ---- */

static bool split(const char *text, struct maillog_line *line)
{
	struct maillog_clock clock = maillog_clock_begin(at("2026-11-26T00:00:00Z"));

	return maillog_split(&clock, text, strlen(text), line);
}

static void tags_of_all_shapes_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *tag;
		const char *pid;
	} rows[] = {
		{"Nov 1 09:08:07 mx postfix/smtpd[12]: hello", "postfix/smtpd", "12"},
		{"Nov 1 09:08:07 mx postfix/smtpd[12] hello", "postfix/smtpd", "12"},
		{"Nov 1 09:08:07 mx postfix-out/submission/smtpd[12]: hello",
		 "postfix-out/submission/smtpd", "12"},
		{"Nov 1 09:08:07 mx sendmail: hello", "sendmail", ""},
		{"<22>Nov 1 09:08:07 mx postfix/smtpd[12]: hello", "postfix/smtpd", "12"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct maillog_line line;

		assert_true(split(rows[i].text, &line));
		assert_text(line.host, "mx");
		assert_text(line.tag, rows[i].tag);
		assert_text(line.pid, rows[i].pid);
		assert_text(line.message, "hello");
	}
}

static void what_is_no_line_of_a_syslog_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"garbage",
		"Nov 1 09:08:07",
		"Nov 1 09:08:07 mx",
		"Nov 1 09:08:07 mx postfix/smtpd",
		"Nov 1 09:08:07 mx postfix/smtpd[12",
		"Nov 1 09:08:07  postfix/smtpd[12]: hello",
		"<22 Nov 1 09:08:07 mx postfix/smtpd[12]: hello",
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct maillog_line line;

		assert_false(split(rows[i], &line));
	}
}

/* ---- events ---- */

static struct maillog_event read_as(const char *tag, const char *message)
{
	const struct maillog_line line = {.tag = {tag, strlen(tag)},
					  .message = {message, strlen(message)}};
	struct maillog_event event;

	maillog_read(&line, &event);
	return event;
}

static void postfix_begins_a_message(void **state)
{
	struct maillog_event event = read_as(
		"postfix/submission/smtpd",
		"4XyZ1: client=app.example[192.0.2.1], sasl_method=PLAIN, sasl_username=shop");

	(void)state;
	assert_int_equal(event.kind, MAILLOG_CLIENT);
	assert_text(event.instance, "postfix");
	assert_text(event.queue_id, "4XyZ1");
	assert_text(event.client, "app.example[192.0.2.1]");
	assert_text(event.login, "shop");
	event = read_as("postfix/pickup", "D2FAE20586: uid=33 from=<www-data>");
	assert_int_equal(event.kind, MAILLOG_PICKUP);
	assert_text(event.login, "www-data");
	event = read_as("postfix/qmgr", "D2FAE20586: from=<>, size=1, nrcpt=1 (queue active)");
	assert_int_equal(event.kind, MAILLOG_SENDER);
	assert_true(event.has_from);
	assert_text(event.from, "");
}

static void postfix_delivers(void **state)
{
	static const struct {
		const char *message;
		enum maillog_status status;
		const char *to;
		const char *orig_to;
		const char *reply;
	} rows[] = {
		{"0F5383D: to=<a@b>, relay=x, delay=1, dsn=2.0.0, status=sent (250 ok)",
		 MAILLOG_STATUS_SENT, "a@b", "", "250 ok"},
		{"0F5383D: to=<a@b>, orig_to=<c@d>, relay=x, dsn=5.1.1, status=bounced (no (x))",
		 MAILLOG_STATUS_BOUNCED, "a@b", "c@d", "no (x)"},
		{"0F5383D: to=a@b, orig_to=root, relay=local, dsn=4.4.2, status=deferred (later)",
		 MAILLOG_STATUS_DEFERRED, "a@b", "root", "later"},
		{"0F5383D: to=<\"a, status=sent\\\">\"@b>, relay=x, status=bounced (no)",
		 MAILLOG_STATUS_BOUNCED, "\"a, status=sent\\\">\"@b", "", "no"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct maillog_event event = read_as("postfix/smtp", rows[i].message);

		assert_int_equal(event.kind, MAILLOG_DELIVERY);
		assert_int_equal(event.status, rows[i].status);
		assert_text(event.to, rows[i].to);
		assert_text(event.orig_to, rows[i].orig_to);
		assert_text(event.reply, rows[i].reply);
	}
	assert_int_equal(read_as("postfix/error",
				 "3E290: to=<a@b>, status=undeliverable-but-not-cached (no)")
				 .kind,
			 MAILLOG_OTHER);
	assert_int_equal(read_as("postfix/qmgr", "585BC3F: from=<>, status=expired, returned")
				 .kind,
			 MAILLOG_EXPIRED);
	assert_int_equal(read_as("postfix/qmgr", "585BC3F: removed").kind, MAILLOG_REMOVED);
	assert_int_equal(read_as("postfix/postsuper", "585BC3F: placed on hold").kind,
			 MAILLOG_HELD);
}

static void milters_of_postfix_refuse(void **state)
{
	struct maillog_event event;

	(void)state;
	event = read_as("postfix/smtpd",
			"NOQUEUE: milter-reject: RCPT from h[2001:db8::1]: 550 5.1.2 gone: a; "
			"from=<x>; from=<s@t> to=<a@b> proto=ESMTP helo=<h>");
	assert_int_equal(event.kind, MAILLOG_MILTER);
	assert_int_equal(event.status, MAILLOG_STATUS_REFUSED);
	assert_true(event.at_rcpt);
	assert_text(event.queue_id, "");
	assert_text(event.client, "h[2001:db8::1]");
	assert_text(event.from, "s@t");
	assert_text(event.to, "a@b");
	event = read_as("postfix/cleanup",
			"4104E3D: milter-reject: END-OF-MESSAGE from h[1.2.3.4]: 4.7.1 later; "
			"from=<s@t> to=<a@b> proto=ESMTP helo=<h>");
	assert_int_equal(event.status, MAILLOG_STATUS_DEFERRED);
	assert_false(event.at_rcpt);
	assert_text(event.reply, "4.7.1 later");
	event = read_as("postfix/cleanup",
			"4104E3D: milter-hold: END-OF-MESSAGE from h[1.2.3.4]: milter triggers HOLD "
			"action; from=<> to=<a@b> proto=ESMTP helo=<h>");
	assert_int_equal(event.kind, MAILLOG_MILTER);
	assert_int_equal(event.status, MAILLOG_STATUS_DEFERRED);
}

static void logged_headers_are_read(void **state)
{
	struct maillog_event event =
		read_as("postfix/cleanup",
			"D9534: info: header Subject: Reset from here; from=<x> from local; "
			"from=<f@e> to=<t@e>");

	(void)state;
	assert_int_equal(event.kind, MAILLOG_HEADER);
	assert_text(event.header_name, "Subject");
	assert_text(event.header_value, "Reset from here; from=<x>");
	assert_text(event.from, "f@e");
	assert_text(event.to, "t@e");
}

static void sendmail_is_read(void **state)
{
	struct maillog_event event;
	struct maillog_text rest;
	struct maillog_text address;

	(void)state;
	event = read_as("sm-mta", "x1AB2cd3: from=<s@t>, size=300, class=0, nrcpts=2, msgid=<, "
				  "relay=x>, proto=ESMTP, daemon=MTA, relay=app [192.0.2.1]");
	assert_int_equal(event.kind, MAILLOG_SENDER);
	assert_text(event.from, "s@t");
	assert_text(event.client, "app [192.0.2.1]");
	event = read_as("sm-mta", "x1AB2cd3: to=<a@b>,<\"c,d\"@e>, ctladdr=<s@t> (0/0), delay=1, "
				  "mailer=esmtp, relay=b., dsn=2.0.0, stat=Sent (ok)");
	assert_int_equal(event.kind, MAILLOG_DELIVERY);
	assert_int_equal(event.status, MAILLOG_STATUS_SENT);
	rest = event.to;
	assert_true(maillog_next_address(&rest, &address));
	assert_text(address, "a@b");
	assert_true(maillog_next_address(&rest, &address));
	assert_text(address, "\"c,d\"@e");
	assert_false(maillog_next_address(&rest, &address));
	event = read_as("sm-mta", "x1AB2cd3: to=<a@b>, delay=1, dsn=4.0.0, stat=Deferred: no");
	assert_int_equal(event.status, MAILLOG_STATUS_DEFERRED);
	event = read_as("sm-mta", "x1AB2cd3: to=<a@b>, delay=1, dsn=5.1.1, stat=User unknown");
	assert_int_equal(event.status, MAILLOG_STATUS_BOUNCED);
	event = read_as("sm-mta", "x1AB2cd3: Milter: data, reject=550 5.1.2 gone");
	assert_int_equal(event.kind, MAILLOG_MILTER);
	assert_int_equal(event.status, MAILLOG_STATUS_REFUSED);
	assert_text(event.reply, "550 5.1.2 gone");
	event = read_as("sm-mta", "x1AB2cd3: Milter: to=<a@b>, reject=451 4.7.1 later");
	assert_int_equal(event.status, MAILLOG_STATUS_DEFERRED);
	assert_true(event.at_rcpt);
	assert_text(event.to, "a@b");
	event = read_as("sm-mta",
			"AUTH=server, relay=app [192.0.2.1], authid=shop, mech=PLAIN, bits=0");
	assert_int_equal(event.kind, MAILLOG_LOGIN);
	assert_text(event.login, "shop");
}

static void our_own_lines_are_read(void **state)
{
	struct maillog_event event = read_as(
		"resetguard-milter",
		"4XyZ1: verdict=reject mode=observe class=password-reset rule=messages:3 "
		"from=<app@svc.example> rcpt=\"<\\x22b c\\x22@lapsed.example>\" "
		"domain=lapsed.example reason=expired state=redemption "
		"owner_since=2026-11-02T03:00:00Z source=rdap reply=\"550 5.1.2\" wait_ms=0");
	char path[64];

	(void)state;
	assert_int_equal(event.kind, MAILLOG_VERDICT);
	assert_int_equal(event.verdict.verdict, VERDICT_REJECT);
	assert_true(event.verdict.observe);
	assert_true(event.verdict.has_reason);
	assert_int_equal(event.verdict.reason, REASON_EXPIRED);
	assert_text(event.verdict.class_name, "password-reset");
	assert_text(event.verdict.rule, "messages:3");
	assert_text(event.from, "app@svc.example");
	assert_text(event.verdict.domain, "lapsed.example");
	assert_text(event.verdict.state, "redemption");
	assert_text(event.verdict.reply, "550 5.1.2");
	maillog_text_unquote(event.to, path, sizeof path);
	assert_string_equal(path, "\"b c\"@lapsed.example");
	/* Cut by a relay, and other lines of the milter's. */
	event = read_as("resetguard-milter", "NOQUEUE: verdict=tempfail mode=enforce rcpt=<a@b");
	assert_int_equal(event.kind, MAILLOG_VERDICT);
	assert_text(event.queue_id, "");
	assert_int_equal(read_as("resetguard-milter", "reloaded").kind, MAILLOG_OTHER);
	assert_int_equal(read_as("resetguard-milter", "4XyZ1: verdict=maybe mode=x").kind,
			 MAILLOG_OTHER);
}

static void other_programs_are_foreign(void **state)
{
	(void)state;
	assert_int_equal(read_as("dovecot", "imap-login: hello").kind, MAILLOG_FOREIGN);
	assert_int_equal(read_as("kernel", "4XyZ1: removed").kind, MAILLOG_FOREIGN);
}

static int use_utc(void **state)
{
	(void)state;
	return setenv("TZ", "UTC", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps_of_all_forms_are_read),
		cmocka_unit_test(what_is_no_stamp_is_none),
		cmocka_unit_test(the_year_follows_from_order_and_the_file_s_time),
		cmocka_unit_test(a_stamp_like_the_one_before_is_not_taken_for_it),
		cmocka_unit_test(tags_of_all_shapes_are_read),
		cmocka_unit_test(what_is_no_line_of_a_syslog_is_refused),
		cmocka_unit_test(postfix_begins_a_message),
		cmocka_unit_test(postfix_delivers),
		cmocka_unit_test(milters_of_postfix_refuse),
		cmocka_unit_test(logged_headers_are_read),
		cmocka_unit_test(sendmail_is_read),
		cmocka_unit_test(our_own_lines_are_read),
		cmocka_unit_test(other_programs_are_foreign),
	};

	return cmocka_run_group_tests(tests, use_utc, NULL);
}
