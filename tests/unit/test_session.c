/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sessionbench.h"

/* ---- scope and recognition ---- */

static void mail_out_of_scope_is_let_go_at_the_first_recipient(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_connect(bench, "192.0.2.7", "smtpd");
	bench_mail(bench, "<app@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@lapsed.example>"), SESSION_ACCEPT);
	bench_connect(bench, "127.0.0.1", "reinject");
	bench_mail(bench, "<app@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@lapsed.example>"), SESSION_ACCEPT);
	assert_string_equal(bench_take_log(), "");
	bench_end(bench);
}

static void a_reset_out_of_scope_is_complained_of_once(void **state)
{
	struct bench *bench = bench_begin("");
	const char *text;

	(void)state;
	bench_connect(bench, "192.0.2.7", "smtpd");
	for (int i = 0; i < 3; i++) {
		bench_mail(bench, "<resets@svc.example>");
		assert_int_equal(bench_rcpt(bench, "<bob@lapsed.example>"), SESSION_ACCEPT);
	}
	text = bench_take_log();
	assert_int_equal(bench_lines(text), 1);
	bench_assert_has(text, "192.0.2.7");
	bench_assert_has(text, "messages:3");
	bench_assert_has(text, "originating_networks");
	bench->clock.monotonic_ms += COMPLAINTS_INTERVAL_MS;
	bench_mail(bench, "<resets@svc.example>");
	bench_assert_logged(1, "(4 so far)");
	bench_end(bench);
}

static void scope_is_looked_at_for_each_message(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_connect(bench, "192.0.2.7", "smtpd");
	bench_mail(bench, "<app@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@fine.example>"), SESSION_ACCEPT);
	session_mail(
		bench->session,
		&(struct session_mail){.sender_path = "<app@svc.example>", .auth_authen = "app"},
		&bench->clock);
	assert_int_equal(bench_rcpt(bench, "<bob@fine.example>"), SESSION_CONTINUE);
	session_end(bench->session);
	session_mail(
		bench->session,
		&(struct session_mail){.sender_path = "<app@svc.example>", .auth_type = "EXTERNAL"},
		&bench->clock);
	assert_int_equal(bench_rcpt(bench, "<bob@fine.example>"), SESSION_CONTINUE);
	session_end(bench->session);
	bench_mail(bench, "<app@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@fine.example>"), SESSION_ACCEPT);
	bench_end(bench);
}

static void ordinary_mail_is_accepted_unjudged(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_header(bench, "Subject", "Lunch");
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	/* Nor is mail of a class that is not guarded. */
	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_header(bench, "X-Mail-Class", "newsletter");
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	assert_string_equal(bench_take_log(), "");
	bench_end(bench);
}

static void nothing_is_carried_from_one_message_to_the_next(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	assert_int_equal(bench_reset_to(bench, "<bob@lapsed.example>"), SESSION_REJECT);
	(void)bench_take_log();
	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<alice@lapsed.example>");
	bench_header(bench, "Subject", "Lunch");
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);

	/* Nor after an abort, wherever it comes. */
	bench_mail(bench, "<resets@svc.example>");
	session_end(bench->session);
	session_end(bench->session);
	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_header(bench, "Require-Recipient-Valid-Since",
		     "bob@lapsed.example; Wed, 1 May 2024 00:00:00 +0000");
	session_end(bench->session);
	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	assert_string_equal(bench_take_log(), "");
	bench_end(bench);
}

/* ---- one recipient ---- */

static void a_reset_gets_its_verdict_and_its_line(void **state)
{
	static const struct {
		const char *path;
		enum session_step step;
		int code;
		const char *enhanced;
		const char *line;
	} cases[] = {
		{"<bob@fine.example>", SESSION_ACCEPT, 0, "",
		 "4XyZ1: verdict=accept mode=enforce class=password-reset rule=messages:1 "
		 "from=<app@svc.example> rcpt=<bob@fine.example> domain=fine.example reason=ok"},
		{"<bob@lapsed.example>", SESSION_REJECT, 550, "5.1.2",
		 "verdict=reject mode=enforce class=password-reset rule=messages:1 "
		 "from=<app@svc.example> rcpt=<bob@lapsed.example> domain=lapsed.example "
		 "reason=expired state=redemption"},
		{"<bob@stale.example>", SESSION_TEMPFAIL, 450, "4.7.1", "reason=stale"},
		{"<bob@changed.example>", SESSION_REJECT, 550, "5.7.18", "reason=unverified"},
		{"<bob@never-seen.example>", SESSION_TEMPFAIL, 450, "4.7.1", "reason=no-record"},
		{"<bob>", SESSION_REJECT, 550, "5.1.3", "reason=bad-address"},
		{"<bob@Mail.Lapsed.Example.>", SESSION_REJECT, 550, "5.1.2",
		 "rcpt=<bob@Mail.Lapsed.Example.> domain=lapsed.example"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct bench *bench = bench_begin("");

		assert_int_equal(bench_reset_to(bench, cases[i].path), cases[i].step);
		bench_assert_logged(1, cases[i].line);
		if (cases[i].code != 0) {
			assert_int_equal(bench->reply.code.code, cases[i].code);
			assert_string_equal(bench->reply.code.enhanced, cases[i].enhanced);
			assert_int_equal(bench->reply.line_count, 1);
			bench_assert_has(bench->reply.lines[0], "bob");
		}
		bench_end(bench);
	}
}

static void observe_accepts_and_says_what_it_would_do(void **state)
{
	struct bench *bench = bench_begin("mode = observe\n");

	(void)state;
	assert_int_equal(bench_reset_to(bench, "<bob@lapsed.example>"), SESSION_ACCEPT);
	bench_assert_logged(1, "verdict=reject mode=observe");
	/* Not at RCPT either. */
	bench_local_mail(bench, "<resets@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@lapsed.example>"), SESSION_CONTINUE);
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	bench_assert_logged(1, "reply=\"550 5.1.2\"");
	bench_end(bench);
}

static void a_message_may_be_held_or_dropped(void **state)
{
	struct bench *bench = bench_begin("on_stale = quarantine\non_expired = discard\n");
	size_t next = 0;

	(void)state;
	assert_int_equal(bench_reset_to(bench, "<bob@stale.example>"), SESSION_CONTINUE);
	assert_true(session_is_held(bench->session));
	assert_null(session_next_stripped(bench->session, &next));
	session_end(bench->session);
	assert_false(session_is_held(bench->session));
	assert_int_equal(bench_reset_to(bench, "<bob@lapsed.example>"), SESSION_DISCARD);
	bench_end(bench);
}

static void a_cache_out_of_order_defers_and_is_complained_of_once(void **state)
{
	struct bench *bench = bench_begin("");
	char from[128];
	char to[128];

	(void)state;
	snprintf(from, sizeof from, "%s/cache", bench_place.root);
	snprintf(to, sizeof to, "%s/cache.away", bench_place.root);
	assert_int_equal(rename(from, to), 0);
	for (int i = 0; i < 3; i++) {
		bench->clock.monotonic_ms += 5000;
		assert_int_equal(bench_reset_to(bench, "<bob@fine.example>"), SESSION_TEMPFAIL);
		assert_int_equal(bench->reply.code.code, 451);
		assert_string_equal(bench->reply.code.enhanced, "4.3.0");
	}
	bench_assert_logged(1 + 3, "the cache cannot be used");
	assert_int_equal(rename(to, from), 0);
	bench->clock.monotonic_ms += 5000;
	assert_int_equal(bench_reset_to(bench, "<bob@fine.example>"), SESSION_ACCEPT);
	bench_assert_logged(1 + 1, "the cache is in order again");
	bench_end(bench);
}

/* ---- at RCPT ---- */

static void smtp_mail_is_refused_at_rcpt_where_nothing_could_mend_it(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_local_mail(bench, "<resets@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@lapsed.example>"), SESSION_REJECT);
	assert_int_equal(bench->reply.code.code, 550);
	assert_string_equal(bench->reply.code.enhanced, "5.1.2");
	bench_assert_logged(1,
			    "NOQUEUE: verdict=reject mode=enforce class=password-reset "
			    "rule=messages:3 from=<resets@svc.example> rcpt=<bob@lapsed.example>");
	assert_int_equal(bench_rcpt(bench, "<bob>"), SESSION_REJECT);
	assert_string_equal(bench->reply.code.enhanced, "5.1.3");
	(void)bench_take_log();
	/* These may be mended by a header, or by time. */
	assert_int_equal(bench_rcpt(bench, "<bob@changed.example>"), SESSION_CONTINUE);
	assert_int_equal(bench_rcpt(bench, "<bob@stale.example>"), SESSION_CONTINUE);
	assert_int_equal(bench_rcpt(bench, "<bob@never-seen.example>"), SESSION_CONTINUE);
	assert_string_equal(bench_take_log(), "");
	session_end(bench->session);

	/* The refused one is out of it, and not logged again. */
	bench_mail(bench, "<resets@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@lapsed.example>"), SESSION_REJECT);
	assert_int_equal(bench_rcpt(bench, "<bob@fine.example>"), SESSION_CONTINUE);
	(void)bench_take_log();
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	bench_assert_logged(1, "rcpt=<bob@fine.example>");
	bench_end(bench);
}

static void the_login_name_settles_it_too(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_connect(bench, "192.0.2.7", "submission");
	session_mail(bench->session,
		     &(struct session_mail){.sender_path = "<app@svc.example>",
					    .auth_authen = "reset-service"},
		     &bench->clock);
	assert_int_equal(bench_rcpt(bench, "<bob@lapsed.example>"), SESSION_REJECT);
	bench_end(bench);
}

static void a_header_that_could_change_the_class_is_waited_for(void **state)
{
	struct bench *bench = bench_begin_with("", "header X-Kind: link class=magic-link\n"
						   "sender resets@svc.example\n");

	(void)state;
	bench_local_mail(bench, "<resets@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@lapsed.example>"), SESSION_CONTINUE);
	bench_header(bench, "X-Kind", "link");
	assert_int_equal(bench_eoh(bench), SESSION_REJECT);
	bench_assert_logged(1, "class=magic-link rule=messages:1");
	bench_end(bench);
}

static void sendmail_mail_is_never_answered_at_rcpt(void **state)
{
	struct bench *bench = bench_begin_with("", "sender app@svc.example\n");

	(void)state;
	bench_sendmail_mail(bench, "4XyZ1");
	assert_int_equal(bench_rcpt(bench, "bob@lapsed.example"), SESSION_CONTINUE);
	assert_string_equal(bench_take_log(), "");
	assert_int_equal(bench_eoh(bench), SESSION_REJECT);
	bench_assert_logged(1, "verdict=reject");
	bench_end(bench);
}

/* ---- the rest of the world ---- */

static bool is_wanted(const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/wanted/%s", bench_place.root, name);
	if (access(path, F_OK) != 0)
		return false;
	assert_int_equal(unlink(path), 0);
	return true;
}

static void newer_facts_are_asked_for(void **state)
{
	struct bench *bench = bench_begin("exempt_domains = exempt.example\n");

	(void)state;
	(void)is_wanted("stale.example");
	(void)is_wanted("never-seen.example");
	assert_int_equal(bench_reset_to(bench, "<bob@stale.example>"), SESSION_TEMPFAIL);
	assert_true(is_wanted("stale.example"));
	assert_int_equal(bench_reset_to(bench, "<bob@never-seen.example>"), SESSION_TEMPFAIL);
	assert_true(is_wanted("never-seen.example"));
	assert_int_equal(bench_reset_to(bench, "<bob@fine.example>"), SESSION_ACCEPT);
	assert_false(is_wanted("fine.example")); /* checked half an hour ago */
	assert_int_equal(bench_reset_to(bench, "<bob@exempt.example>"), SESSION_ACCEPT);
	assert_false(is_wanted("exempt.example"));
	bench->clock.now += 3600;
	assert_int_equal(bench_reset_to(bench, "<bob@fine.example>"), SESSION_ACCEPT);
	assert_true(is_wanted("fine.example"));
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@stale.example>");
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	assert_false(is_wanted("stale.example"));
	bench_end(bench);
}

static void a_new_configuration_counts_from_the_next_message_on(void **state)
{
	struct bench *bench = bench_begin("");
	struct why why = {""};

	(void)state;
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	milterplace_configure(&bench_place, "mode = observe\n");
	assert_int_equal(worlds_reload(bench->office.worlds, &why), ERR_OK);
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_REJECT);
	assert_int_equal(bench_reset_to(bench, "<bob@lapsed.example>"), SESSION_ACCEPT);

	milterplace_configure(&bench_place, "mode = nonsense\n");
	assert_int_equal(worlds_reload(bench->office.worlds, &why), ERR_CONFIG);
	bench_assert_has(why.text, "resetguard.conf:7");
	assert_int_equal(bench_reset_to(bench, "<bob@lapsed.example>"), SESSION_ACCEPT);
	milterplace_configure(&bench_place, "");
	milterplace_write(&bench_place, "messages", "subject /(/\n");
	assert_int_equal(worlds_reload(bench->office.worlds, &why), ERR_CONFIG);
	bench_assert_has(why.text, "messages:1");
	assert_int_equal(bench_reset_to(bench, "<bob@lapsed.example>"), SESSION_ACCEPT);
	milterplace_write(&bench_place, "messages", milterplace_rules);
	assert_int_equal(worlds_reload(bench->office.worlds, &why), ERR_OK);
	assert_int_equal(bench_reset_to(bench, "<bob@lapsed.example>"), SESSION_REJECT);
	bench_end(bench);
}

static void a_milter_about_to_stop_turns_smtp_away(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_mail(bench, "<app@svc.example>");
	assert_int_equal(traffic_drain(bench->office.traffic, 0), 1);
	/* What was begun is seen through. */
	bench_connect(bench, "127.0.0.1", NULL);
	bench_add_rcpt(bench, "<bob@fine.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	bench_mail(bench, "<app@svc.example>");
	for (int i = 0; i < 2; i++) {
		assert_int_equal(bench_rcpt(bench, "<bob@fine.example>"), SESSION_TEMPFAIL);
		assert_int_equal(bench->reply.code.code, 421);
		assert_string_equal(bench->reply.code.enhanced, "4.3.2");
	}
	bench_sendmail_mail(bench, "4XyZ1");
	assert_int_equal(bench_rcpt(bench, "bob@fine.example"), SESSION_CONTINUE);
	bench_end(bench);
}

static void an_mta_out_of_step_is_deferred(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_connect(bench, "127.0.0.1", NULL);
	assert_int_equal(bench_rcpt(bench, "<bob@fine.example>"), SESSION_TEMPFAIL);
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_TEMPFAIL);
	assert_int_equal(bench->reply.code.code, 451);
	bench_end(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_out_of_scope_is_let_go_at_the_first_recipient),
		cmocka_unit_test(a_reset_out_of_scope_is_complained_of_once),
		cmocka_unit_test(scope_is_looked_at_for_each_message),
		cmocka_unit_test(ordinary_mail_is_accepted_unjudged),
		cmocka_unit_test(nothing_is_carried_from_one_message_to_the_next),
		cmocka_unit_test(a_reset_gets_its_verdict_and_its_line),
		cmocka_unit_test(observe_accepts_and_says_what_it_would_do),
		cmocka_unit_test(a_message_may_be_held_or_dropped),
		cmocka_unit_test(a_cache_out_of_order_defers_and_is_complained_of_once),
		cmocka_unit_test(smtp_mail_is_refused_at_rcpt_where_nothing_could_mend_it),
		cmocka_unit_test(the_login_name_settles_it_too),
		cmocka_unit_test(a_header_that_could_change_the_class_is_waited_for),
		cmocka_unit_test(sendmail_mail_is_never_answered_at_rcpt),
		cmocka_unit_test(newer_facts_are_asked_for),
		cmocka_unit_test(a_new_configuration_counts_from_the_next_message_on),
		cmocka_unit_test(a_milter_about_to_stop_turns_smtp_away),
		cmocka_unit_test(an_mta_out_of_step_is_deferred),
	};

	return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
