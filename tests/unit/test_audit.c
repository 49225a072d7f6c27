/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/audit.h"
#include "resetguard/time.h"

enum { RESETS_KEPT = 64 };

struct place {
	struct domain_suffixes *suffixes;
	struct rules *rules;
	struct audit *audit;
	size_t count;
	struct audit_reset resets[RESETS_KEPT];
};

static void keep(void *context, const struct audit_reset *reset)
{
	struct place *place = context;

	if (place->count < RESETS_KEPT)
		place->resets[place->count] = *reset;
	place->count++;
}

static void begin(struct place *place)
{
	const struct audit_options options = {.rules = place->rules,
					      .suffixes = place->suffixes,
					      .reset = keep,
					      .context = place};
	struct maillog_clock clock;
	int64_t not_after = 0;

	place->count = 0;
	assert_int_equal(time_parse("2026-11-30", 0, &not_after), ERR_OK);
	clock = maillog_clock_begin(not_after);
	assert_int_equal(audit_new(&options, &place->audit), ERR_OK);
	audit_begin_file(place->audit, &clock);
}

/* "09:00:00 mx tag: message" on the 20th of November. */
static void line(struct place *place, const char *text)
{
	char whole[1024];

	snprintf(whole, sizeof whole, "Nov 20 %s", text);
	audit_line(place->audit, whole, strlen(whole));
}

static void verdict(struct place *place, const char *at_host, const char *queue_id,
		    const char *verdict, const char *mode, const char *rcpt)
{
	char text[512];

	snprintf(text, sizeof text,
		 "%s resetguard-milter[8]: %s: verdict=%s mode=%s class=password-reset "
		 "rule=messages:3 from=<app@svc.example> rcpt=<%s> domain=lapsed.example "
		 "reason=expired wait_ms=0",
		 at_host, queue_id, verdict, mode, rcpt);
	line(place, text);
}

static void end(struct place *place)
{
	audit_end(place->audit);
	audit_free(place->audit);
}

static void assert_reset(const struct place *place, size_t index, const char *rcpt,
			 enum maillog_status status)
{
	assert_true(index < place->count);
	assert_string_equal(place->resets[index].rcpt, rcpt);
	assert_int_equal(place->resets[index].status, status);
}

static void each_recipient_has_its_own_end(void **state)
{
	struct place *place = *state;

	begin(place);
	line(place, "09:00:00 mx postfix/smtpd[1]: 4AAAA: client=app[127.0.0.1], "
		    "sasl_method=PLAIN, sasl_username=shop");
	verdict(place, "09:00:00 mx", "4AAAA", "accept", "enforce", "a@one.example");
	verdict(place, "09:00:00 mx", "4AAAA", "reject", "observe", "b@two.example");
	verdict(place, "09:00:00 mx", "4AAAA", "accept", "enforce", "c@three.example");
	line(place, "09:00:01 mx postfix/smtp[1]: 4AAAA: to=<A@one.example>, relay=x, "
		    "status=sent (250 ok)");
	line(place, "09:00:01 mx postfix/smtp[1]: 4AAAA: to=<other@two.example>, "
		    "orig_to=<b@two.example>, relay=x, status=bounced (no)");
	line(place, "09:00:01 mx postfix/smtp[1]: 4AAAA: to=<c@three.example>, relay=x, "
		    "status=deferred (later)");
	end(place);
	assert_int_equal(place->count, 3);
	assert_reset(place, 0, "a@one.example", MAILLOG_STATUS_SENT);
	assert_string_equal(place->resets[0].client, "app[127.0.0.1]");
	assert_string_equal(place->resets[0].login, "shop");
	assert_string_equal(time_format(place->resets[0].delivered_at).text,
			    "2026-11-20T09:00:01Z");
	assert_reset(place, 1, "b@two.example", MAILLOG_STATUS_BOUNCED);
	assert_true(place->resets[1].observe);
	assert_reset(place, 2, "c@three.example", MAILLOG_STATUS_DEFERRED);
}

static void a_queue_id_used_again_is_another_message(void **state)
{
	struct place *place = *state;

	begin(place);
	line(place, "09:00:00 mx postfix/smtpd[1]: 4AAAA: client=one[127.0.0.1]");
	verdict(place, "09:00:00 mx", "4AAAA", "accept", "enforce", "a@one.example");
	line(place, "09:10:00 mx postfix/smtpd[1]: 4AAAA: client=two[127.0.0.1]");
	verdict(place, "09:10:00 mx", "4AAAA", "accept", "enforce", "a@one.example");
	line(place, "09:10:01 mx postfix/smtp[1]: 4AAAA: to=<a@one.example>, status=sent (ok)");
	end(place);
	assert_int_equal(place->count, 2);
	assert_reset(place, 0, "a@one.example", MAILLOG_STATUS_NONE);
	assert_string_equal(place->resets[0].client, "one[127.0.0.1]");
	assert_reset(place, 1, "a@one.example", MAILLOG_STATUS_SENT);
	assert_string_equal(place->resets[1].client, "two[127.0.0.1]");
}

static void hosts_and_instances_do_not_mix(void **state)
{
	struct place *place = *state;

	begin(place);
	line(place, "09:00:00 mx1 postfix/smtpd[1]: 4AAAA: client=one[127.0.0.1]");
	line(place, "09:00:00 mx2 postfix/smtpd[1]: 4AAAA: client=two[127.0.0.1]");
	line(place, "09:00:00 mx2 postfix-out/smtpd[1]: 4AAAA: client=three[127.0.0.1]");
	verdict(place, "09:00:00 mx1", "4AAAA", "accept", "enforce", "a@one.example");
	line(place, "09:00:01 mx2 postfix/smtp[1]: 4AAAA: to=<a@one.example>, status=sent (ok)");
	line(place, "09:00:01 mx2 postfix-out/smtp[1]: 4AAAA: to=<a@one.example>, "
		    "status=sent (ok)");
	line(place, "09:00:02 mx1 postfix/smtp[1]: 4AAAA: to=<a@one.example>, "
		    "status=bounced (no)");
	end(place);
	assert_int_equal(place->count, 1);
	assert_reset(place, 0, "a@one.example", MAILLOG_STATUS_BOUNCED);
	assert_string_equal(place->resets[0].client, "one[127.0.0.1]");
}

static void a_milter_may_log_on_another_host(void **state)
{
	struct place *place = *state;

	begin(place);
	line(place, "09:00:00 mx1 postfix/smtpd[1]: 4AAAA: client=one[127.0.0.1]");
	verdict(place, "09:00:00 filter", "4AAAA", "accept", "enforce", "a@one.example");
	line(place, "09:00:01 mx1 postfix/smtp[1]: 4AAAA: to=<a@one.example>, status=sent (ok)");
	end(place);
	assert_int_equal(place->count, 1);
	assert_reset(place, 0, "a@one.example", MAILLOG_STATUS_SENT);
}

static void a_log_that_begins_late_is_joined(void **state)
{
	struct place *place = *state;

	begin(place);
	verdict(place, "09:00:00 mx", "4AAAA", "accept", "enforce", "a@one.example");
	line(place, "09:00:01 mx postfix/smtp[1]: 4AAAA: to=<a@one.example>, status=sent (ok)");
	end(place);
	assert_int_equal(place->count, 1);
	assert_reset(place, 0, "a@one.example", MAILLOG_STATUS_SENT);
}

static void what_the_milter_refused_is_refused(void **state)
{
	struct place *place = *state;

	begin(place);
	/* All of it, at its end: who was accepted has not got it either. */
	line(place, "09:00:00 mx postfix/smtpd[1]: 4AAAA: client=one[127.0.0.1]");
	verdict(place, "09:00:00 mx", "4AAAA", "reject", "enforce", "a@one.example");
	verdict(place, "09:00:00 mx", "4AAAA", "accept", "enforce", "b@two.example");
	line(place, "09:00:00 mx postfix/cleanup[1]: 4AAAA: milter-reject: END-OF-MESSAGE from "
		    "one[127.0.0.1]: 5.1.2 gone; from=<app@svc.example> to=<b@two.example> "
		    "proto=ESMTP helo=<h>");
	/* Deferred. */
	line(place, "09:01:00 mx postfix/smtpd[1]: 4AAAB: client=one[127.0.0.1]");
	verdict(place, "09:01:00 mx", "4AAAB", "tempfail", "enforce", "c@three.example");
	line(place, "09:01:00 mx postfix/cleanup[1]: 4AAAB: milter-reject: END-OF-MESSAGE from "
		    "one[127.0.0.1]: 4.7.1 later; from=<app@svc.example> to=<c@three.example> "
		    "proto=ESMTP helo=<h>");
	/* At RCPT, before there is a queue id. */
	verdict(place, "09:02:00 mx", "NOQUEUE", "reject", "enforce", "d@four.example");
	line(place, "09:02:00 mx postfix/smtpd[1]: NOQUEUE: milter-reject: RCPT from "
		    "two[127.0.0.1]: 550 5.1.2 gone; from=<app@svc.example> to=<d@four.example> "
		    "proto=ESMTP helo=<h>");
	/* Taken off, while another has it. */
	line(place, "09:03:00 mx postfix/smtpd[1]: 4AAAC: client=one[127.0.0.1]");
	verdict(place, "09:03:00 mx", "4AAAC", "reject", "enforce", "e@five.example");
	verdict(place, "09:03:00 mx", "4AAAC", "accept", "enforce", "f@six.example");
	line(place, "09:03:01 mx postfix/smtp[1]: 4AAAC: to=<f@six.example>, status=sent (ok)");
	line(place, "09:03:01 mx postfix/qmgr[1]: 4AAAC: removed");
	end(place);
	assert_int_equal(place->count, 6);
	assert_reset(place, 0, "a@one.example", MAILLOG_STATUS_REFUSED);
	assert_reset(place, 1, "b@two.example", MAILLOG_STATUS_REFUSED);
	assert_reset(place, 2, "c@three.example", MAILLOG_STATUS_DEFERRED);
	assert_reset(place, 3, "d@four.example", MAILLOG_STATUS_REFUSED);
	assert_string_equal(place->resets[3].client, "two[127.0.0.1]");
	assert_reset(place, 4, "e@five.example", MAILLOG_STATUS_REFUSED);
	assert_reset(place, 5, "f@six.example", MAILLOG_STATUS_SENT);
}

static void a_line_may_come_after_the_end(void **state)
{
	struct place *place = *state;

	begin(place);
	line(place, "09:00:00 mx postfix/smtpd[1]: 4AAAA: client=one[127.0.0.1]");
	line(place, "09:00:01 mx postfix/smtp[1]: 4AAAA: to=<a@one.example>, status=sent (ok)");
	line(place, "09:00:01 mx postfix/qmgr[1]: 4AAAA: removed");
	line(place, "09:00:30 mx postfix/smtpd[1]: connect from one[127.0.0.1]");
	verdict(place, "09:00:50 mx", "4AAAA", "accept", "enforce", "a@one.example");
	assert_int_equal(place->count, 0);
	line(place, "09:00:55 mx postfix/smtpd[1]: connect from one[127.0.0.1]");
	assert_int_equal(place->count, 1);
	assert_reset(place, 0, "a@one.example", MAILLOG_STATUS_SENT);
	assert_string_equal(place->resets[0].client, "one[127.0.0.1]");
	assert_string_equal(time_format(place->resets[0].delivered_at).text,
			    "2026-11-20T09:00:01Z");
	end(place);
	assert_int_equal(place->count, 1);
}

static void what_the_queue_gave_up_is_bounced(void **state)
{
	struct place *place = *state;

	begin(place);
	verdict(place, "09:00:00 mx", "4AAAA", "accept", "enforce", "a@one.example");
	line(place, "09:00:01 mx postfix/smtp[1]: 4AAAA: to=<a@one.example>, "
		    "status=deferred (later)");
	line(place, "09:50:01 mx postfix/qmgr[1]: 4AAAA: from=<app@svc.example>, "
		    "status=expired, returned to sender");
	end(place);
	assert_reset(place, 0, "a@one.example", MAILLOG_STATUS_BOUNCED);
}

/* Before resetguard ran: by the sender, the login, or a logged subject. */
static void rules_find_what_was_not_judged(void **state)
{
	struct place *place = *state;

	begin(place);
	line(place, "09:00:00 mx postfix/smtpd[1]: 4AAAA: client=one[127.0.0.1]");
	line(place, "09:00:00 mx postfix/qmgr[1]: 4AAAA: from=<resets@svc.example>, size=1");
	line(place, "09:00:01 mx postfix/smtp[1]: 4AAAA: to=<a@www.one.example>, "
		    "status=sent (ok)");
	line(place, "09:01:00 mx postfix/smtpd[1]: 4AAAB: client=one[127.0.0.1]");
	line(place, "09:01:00 mx postfix/cleanup[1]: 4AAAB: info: header Subject: Reset me "
		    "from one[127.0.0.1]; from=<any@svc.example> to=<b@two.example>");
	line(place, "09:01:00 mx postfix/qmgr[1]: 4AAAB: from=<any@svc.example>, size=1");
	line(place, "09:01:01 mx postfix/smtp[1]: 4AAAB: to=<b@two.example>, "
		    "status=bounced (no)");
	line(place, "09:02:00 mx postfix/qmgr[1]: 4AAAC: from=<any@svc.example>, size=1");
	line(place, "09:02:01 mx postfix/smtp[1]: 4AAAC: to=<b@two.example>, status=sent (ok)");
	end(place);
	assert_int_equal(place->count, 2);
	assert_reset(place, 0, "a@www.one.example", MAILLOG_STATUS_SENT);
	assert_false(place->resets[0].judged);
	assert_string_equal(place->resets[0].domain, "one.example");
	assert_string_equal(place->resets[0].rule, "messages:1");
	assert_reset(place, 1, "b@two.example", MAILLOG_STATUS_BOUNCED);
	assert_string_equal(place->resets[1].rule, "messages:2");
}

static void sendmail_is_joined(void **state)
{
	struct place *place = *state;

	begin(place);
	line(place, "09:00:00 mx sm-mta[7]: AUTH=server, relay=app [192.0.2.1], authid=shop, "
		    "mech=PLAIN, bits=0");
	verdict(place, "09:00:00 mx", "x1AB2cd3", "accept", "enforce", "a@one.example");
	verdict(place, "09:00:00 mx", "x1AB2cd3", "accept", "enforce", "b@two.example");
	line(place, "09:00:00 mx sm-mta[7]: x1AB2cd3: from=<app@svc.example>, size=3, nrcpts=2, "
		    "proto=ESMTP, daemon=MTA, relay=app [192.0.2.1]");
	line(place, "09:00:01 mx sm-mta[9]: x1AB2cd3: to=<a@one.example>,<b@two.example>, "
		    "delay=1, mailer=esmtp, relay=x, dsn=2.0.0, stat=Sent (ok)");
	end(place);
	assert_int_equal(place->count, 2);
	assert_reset(place, 0, "a@one.example", MAILLOG_STATUS_SENT);
	assert_reset(place, 1, "b@two.example", MAILLOG_STATUS_SENT);
	assert_string_equal(place->resets[1].login, "shop");
	assert_string_equal(place->resets[1].client, "app [192.0.2.1]");
}

/* More messages and recipients than fit: the others are all told, none twice. */
static void what_does_not_fit_is_told_early(void **state)
{
	struct place *place = *state;
	char text[128];
	size_t judged = 2 * AUDIT_RESETS_MAX;

	begin(place);
	for (size_t i = 0; i < judged; i++) {
		snprintf(text, sizeof text, "4AAA%zu", i);
		verdict(place, "09:00:00 mx", text, "accept", "enforce", "a@one.example");
	}
	assert_int_equal(audit_coverage(place->audit)->evicted, judged - AUDIT_RESETS_MAX);
	for (size_t i = 0; i < AUDIT_OPEN_MAX + 1; i++) {
		snprintf(text, sizeof text, "09:00:01 mx postfix/smtpd[1]: 5BBB%zu: client=one[::1]",
			 i);
		line(place, text);
	}
	for (size_t i = 0; i < AUDIT_RESETS_MAX + 1; i++) {
		snprintf(text, sizeof text, "u%zu@one.example", i);
		verdict(place, "09:00:02 mx", "6CCCC", "accept", "enforce", text);
	}
	end(place);
	assert_int_equal(place->count, judged + AUDIT_RESETS_MAX + 1);
}

static void coverage_tells_what_was_read(void **state)
{
	struct place *place = *state;
	const struct audit_coverage *coverage;
	char nul[] = "Nov 20 09:00:02 mx postfix/smtpd[1]: a\0b";

	begin(place);
	line(place, "09:00:00 mx postfix/smtpd[1]: connect from one[127.0.0.1]");
	line(place, "09:00:00 mx dovecot: hello");
	audit_line(place->audit, "gar\001bage", 8);
	audit_line(place->audit, "", 0);
	audit_line(place->audit, nul, sizeof nul - 1);
	line(place, "21:00:00 mx postfix/smtpd[1]: connect from one[127.0.0.1]");
	coverage = audit_coverage(place->audit);
	assert_int_equal(coverage->lines, 5);
	assert_int_equal(coverage->foreign, 1);
	assert_int_equal(coverage->not_understood, 1);
	assert_string_equal(coverage->samples[0], "gar?bage");
	assert_string_equal(time_format(coverage->first_at).text, "2026-11-20T09:00:00Z");
	assert_string_equal(time_format(coverage->last_at).text, "2026-11-20T21:00:00Z");
	assert_int_equal(coverage->gap_count, 1);
	assert_int_equal(coverage->gaps[0].until - coverage->gaps[0].from, 12 * TIME_HOUR - 2);
	end(place);
}

static int open_place(void **state)
{
	static const char messages[] = "sender resets@svc.example\nsubject \"Reset me\"\n";
	static struct place place;
	char class_name[] = "password-reset";
	char *classes[] = {class_name};
	const struct conf_list guard = {.count = 1, .items = classes};
	struct why why;

	if (setenv("TZ", "UTC", 1) != 0 ||
	    domain_suffixes_open(NULL, &place.suffixes, &why) != ERR_OK ||
	    rules_read_text(messages, sizeof messages - 1, "messages", &guard, &place.rules,
			    &why) != ERR_OK)
		return -1;
	*state = &place;
	return 0;
}

static int close_place(void **state)
{
	struct place *place = *state;

	rules_free(place->rules);
	domain_suffixes_close(place->suffixes);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_recipient_has_its_own_end),
		cmocka_unit_test(a_queue_id_used_again_is_another_message),
		cmocka_unit_test(hosts_and_instances_do_not_mix),
		cmocka_unit_test(a_milter_may_log_on_another_host),
		cmocka_unit_test(a_log_that_begins_late_is_joined),
		cmocka_unit_test(what_the_milter_refused_is_refused),
		cmocka_unit_test(a_line_may_come_after_the_end),
		cmocka_unit_test(what_the_queue_gave_up_is_bounced),
		cmocka_unit_test(rules_find_what_was_not_judged),
		cmocka_unit_test(sendmail_is_joined),
		cmocka_unit_test(what_does_not_fit_is_told_early),
		cmocka_unit_test(coverage_tells_what_was_read),
	};

	return cmocka_run_group_tests(tests, open_place, close_place);
}
