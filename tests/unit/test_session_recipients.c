/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../milter/envelope.h"
#include "sessionbench.h"

/* ---- several recipients ---- */

static void one_refused_recipient_refuses_the_message(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@fine.example>");
	bench_add_rcpt(bench, "<bob@changed.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_add_rcpt(bench, "<eve@lapsed.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_REJECT);
	bench_assert_logged(4, "rcpt=<bob@fine.example>");
	/* Each refused one is named, under the code of the worst. */
	assert_string_equal(bench->reply.code.enhanced, "5.1.2");
	assert_int_equal(bench->reply.line_count, 3);
	bench_assert_has(bench->reply.lines[0], "bob@changed.example");
	bench_assert_has(bench->reply.lines[1], "bob@lapsed.example");
	bench_assert_has(bench->reply.lines[2], "eve@lapsed.example");
	bench_end(bench);
}

static void one_deferred_recipient_defers_the_message(void **state)
{
	static const char *const modes[] = {"mixed = reject\n", "mixed = strip\n"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct bench *bench = bench_begin(modes[i]);

		bench_local_mail(bench, "<app@svc.example>");
		bench_add_rcpt(bench, "<bob@lapsed.example>");
		bench_add_rcpt(bench, "<bob@stale.example>");
		bench_add_rcpt(bench, "<bob@fine.example>");
		bench_add_rcpt(bench, "<eve@lapsed.example>");
		bench_header(bench, "X-Mail-Class", "password-reset");
		assert_int_equal(bench_eoh(bench), SESSION_TEMPFAIL);
		bench_assert_logged(4, "reason=stale");
		assert_int_equal(bench->reply.code.code, 450);
		assert_string_equal(bench->reply.code.enhanced, "4.7.1");
		assert_int_equal(bench->reply.line_count, 1);
		bench_assert_has(bench->reply.lines[0], "bob@stale.example");
		bench_end(bench);
	}
}

static void refused_recipients_are_taken_off_as_received(void **state)
{
	struct bench *bench = bench_begin("mixed = strip\n");
	size_t next = 0;

	(void)state;
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<Bob@Lapsed.Example.>");
	bench_add_rcpt(bench, "<bob@fine.example>");
	bench_add_rcpt(bench, "<@relay.example:eve@lapsed.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	bench_assert_logged(3, "verdict=reject");
	assert_string_equal(session_next_stripped(bench->session, &next), "<Bob@Lapsed.Example.>");
	assert_string_equal(session_next_stripped(bench->session, &next),
			    "<@relay.example:eve@lapsed.example>");
	assert_null(session_next_stripped(bench->session, &next));
	assert_false(session_is_held(bench->session));
	session_end(bench->session);

	/* Never the last one. */
	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_add_rcpt(bench, "<eve@lapsed.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_REJECT);
	assert_int_equal(bench->reply.line_count, 2);
	bench_end(bench);
}

static void a_recipient_given_twice_is_one(void **state)
{
	struct bench *bench = bench_begin("mixed = strip\n");
	size_t next = 0;

	(void)state;
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_add_rcpt(bench, "<bob@fine.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_add_rcpt(bench, "<Bob@Lapsed.example>");
	bench_add_rcpt(bench, "<bob@fine.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	bench_assert_logged(2, "rcpt=<bob@lapsed.example>");
	/* Each spelling is taken off, once. */
	assert_string_equal(session_next_stripped(bench->session, &next), "<bob@lapsed.example>");
	assert_string_equal(session_next_stripped(bench->session, &next), "<Bob@Lapsed.example>");
	assert_null(session_next_stripped(bench->session, &next));
	session_end(bench->session);

	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_add_rcpt(bench, "<BOB@lapsed.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_REJECT);
	assert_int_equal(bench->reply.line_count, 1);
	bench_end(bench);
}

static void many_refused_recipients_are_counted(void **state)
{
	struct bench *bench = bench_begin("");
	char path[64];

	(void)state;
	bench_local_mail(bench, "<app@svc.example>");
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof path, "<user%d@lapsed.example>", i);
		bench_add_rcpt(bench, path);
	}
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_REJECT);
	bench_assert_logged(1000, "rcpt=<user999@lapsed.example>");
	assert_int_equal(bench->reply.line_count, REPLY_LINES_MAX);
	assert_string_equal(bench->reply.lines[REPLY_LINES_MAX - 1], "and 969 more");
	bench_end(bench);
}

static void more_recipients_than_are_kept_are_nobodys_reset(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	for (int guarded = 0; guarded <= 1; guarded++) {
		bench_local_mail(bench, "<app@svc.example>");
		for (int i = 0; i <= ENVELOPE_RECIPIENTS_MAX; i++)
			bench_add_rcpt(bench, "<bob@fine.example>");
		if (guarded)
			bench_header(bench, "X-Mail-Class", "password-reset");
		assert_int_equal(bench_eoh(bench), guarded ? SESSION_REJECT : SESSION_ACCEPT);
	}
	assert_string_equal(bench->reply.code.enhanced, "5.5.3");
	bench_assert_logged(1, "too many recipients");
	bench_end(bench);
}

/* ---- RFC 7293 ---- */

static const char after_change[] = "bob@changed.example; Thu, 1 Oct 2026 00:00:00 +0000";
static const char before_change[] = "bob@changed.example; Wed, 1 May 2024 00:00:00 +0000";

static enum session_step rrvs_mail(struct bench *bench, const char *first, const char *second)
{
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@changed.example>");
	bench_header(bench, "require-recipient-valid-since", first);
	if (second != NULL)
		bench_header(bench, "Require-Recipient-Valid-Since", second);
	return bench_eoh(bench);
}

static void a_date_in_the_message_counts_for_its_recipient(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	assert_int_equal(rrvs_mail(bench, after_change, NULL), SESSION_ACCEPT);
	bench_assert_logged(1, "class=password-reset rule=rrvs");
	assert_int_equal(rrvs_mail(bench, before_change, NULL), SESSION_REJECT);
	assert_string_equal(bench->reply.code.enhanced, "5.7.18");
	(void)bench_take_log();
	/* All fields must hold. */
	assert_int_equal(rrvs_mail(bench, after_change, before_change), SESSION_REJECT);
	assert_int_equal(rrvs_mail(bench, before_change, after_change), SESSION_REJECT);
	(void)bench_take_log();
	/* One for somebody else says nothing. */
	assert_int_equal(
		rrvs_mail(bench, "eve@changed.example; Thu, 1 Oct 2026 00:00:00 +0000", NULL),
		SESSION_REJECT);
	bench_assert_logged(1, "reason=unverified");
	/* And none is carried to the next message. */
	assert_int_equal(rrvs_mail(bench, after_change, NULL), SESSION_ACCEPT);
	assert_int_equal(bench_reset_to(bench, "<bob@changed.example>"), SESSION_REJECT);
	bench_end(bench);
}

static void an_unreadable_field_marks_the_message_and_no_more(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	assert_int_equal(rrvs_mail(bench, "bob@changed.example; tomorrow", NULL), SESSION_REJECT);
	bench_assert_logged(2, "4XyZ1: 1 Require-Recipient-Valid-Since field(s) cannot be read");
	bench_end(bench);
}

/* ---- add_rrvs ---- */

static const char *added_to(struct bench *bench, const char *recipient, const char *field)
{
	enum session_step step;

	session_end(bench->session);
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, recipient);
	bench_header(bench, "X-Mail-Class", "password-reset");
	if (field != NULL)
		bench_header(bench, "Require-Recipient-Valid-Since", field);
	step = bench_eoh(bench);
	if (session_added_field(bench->session) == NULL)
		assert_int_not_equal(step, SESSION_CONTINUE);
	else
		assert_int_equal(step, SESSION_CONTINUE);
	return session_added_field(bench->session);
}

static void a_field_is_added_where_we_know_better(void **state)
{
	struct bench *bench = bench_begin("add_rrvs = yes\non_unverified = accept\n");
	struct facts facts = milterplace_good_facts(&bench_place);

	(void)state;
	facts.verified_at = 0;
	milterplace_put(&bench_place, "unknown.example", &facts);
	bench_assert_has(added_to(bench, "<Bob@fine.example>", NULL), "Bob@fine.example; ");
	/* The message speaks of it already, or may. */
	assert_null(added_to(bench, "<bob@fine.example>",
			     "bob@fine.example; Thu, 1 Oct 2026 00:00:00 +0000"));
	assert_null(added_to(bench, "<bob@fine.example>", "bob@fine.example; tomorrow"));
	assert_non_null(added_to(bench, "<bob@fine.example>",
				 "eve@fine.example; Thu, 1 Oct 2026 00:00:00 +0000"));
	/* That we first saw the domain then is no verification. */
	assert_null(added_to(bench, "<bob@unknown.example>", NULL));
	/* An operator lets it through, the rule would not. */
	assert_null(added_to(bench, "<bob@changed.example>", NULL));
	assert_null(added_to(bench, "<bob@lapsed.example>", NULL));
	/* Nothing is left for the next message. */
	assert_non_null(added_to(bench, "<bob@fine.example>", NULL));
	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@fine.example>");
	bench_add_rcpt(bench, "<eve@good.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	assert_null(session_added_field(bench->session));
	bench_end(bench);

	bench = bench_begin("");
	assert_null(added_to(bench, "<bob@fine.example>", NULL));
	bench_end(bench);
	bench = bench_begin("add_rrvs = yes\nmode = observe\n");
	assert_null(added_to(bench, "<bob@fine.example>", NULL));
	bench_end(bench);
}

/* ---- what is counted ---- */

static uint64_t tally_of(const struct bench *bench, enum tally tally, enum verdict verdict,
			 enum reason reason)
{
	const struct tally_cell cell = {.verdict = verdict, .reason = reason};

	return counters_tally_total(bench->office.counters, tally, &cell);
}

static void messages_count_by_their_worst_recipient(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@fine.example>");
	bench_add_rcpt(bench, "<bob@changed.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_add_rcpt(bench, "<BOB@lapsed.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_REJECT);
	assert_int_equal(tally_of(bench, TALLY_MESSAGES, VERDICT_REJECT, REASON_EXPIRED), 1);
	assert_int_equal(tally_of(bench, TALLY_MESSAGES, VERDICT_REJECT, REASON_UNVERIFIED), 0);
	assert_int_equal(tally_of(bench, TALLY_RECIPIENTS, VERDICT_ACCEPT, REASON_OK), 1);
	assert_int_equal(tally_of(bench, TALLY_RECIPIENTS, VERDICT_REJECT, REASON_EXPIRED), 1);
	assert_int_equal(tally_of(bench, TALLY_RECIPIENTS, VERDICT_REJECT, REASON_UNVERIFIED), 1);
	assert_int_equal(counters_total(bench->office.counters, COUNTER_CANARY), 2);
	assert_int_equal(counters_total(bench->office.counters, COUNTER_TRANSACTIONS), 1);
	bench_end(bench);
}

static void a_field_of_a_stranger_is_not_looked_at(void **state)
{
	struct bench *bench = bench_begin("");

	(void)state;
	bench_connect(bench, "192.0.2.7", "smtpd");
	bench_mail(bench, "<app@svc.example>");
	assert_int_equal(bench_rcpt(bench, "<bob@changed.example>"), SESSION_ACCEPT);
	bench_header(bench, "Require-Recipient-Valid-Since", after_change);
	assert_string_equal(bench_take_log(), "");
	bench_end(bench);
}

/* ---- sendmail(1) ---- */

static enum session_step sendmail_reset(struct bench *bench, const char *queue_id,
					const char *recipient)
{
	char message_id[64];

	snprintf(message_id, sizeof message_id, "<20261118110640.%s@svc.example>", queue_id);
	bench_sendmail_mail(bench, queue_id);
	bench_add_rcpt(bench, recipient);
	bench_header(bench, "X-Mail-Class", "password-reset");
	bench_header(bench, "Message-Id", message_id);
	bench_header(bench, "Date", "Wed, 18 Nov 2026 11:06:40 +0000 (UTC)");
	return bench_eoh(bench);
}

static void repeated_deferrals_are_logged_once_and_end_in_a_refusal(void **state)
{
	struct bench *bench = bench_begin("defer_max = 4h\n");

	(void)state;
	assert_int_equal(sendmail_reset(bench, "4XyZ1", "bob@stale.example"), SESSION_TEMPFAIL);
	bench_assert_logged(1, "verdict=tempfail");
	for (int i = 0; i < 7; i++) {
		bench->clock.now += 1800;
		assert_int_equal(sendmail_reset(bench, "4XyZ2", "bob@stale.example"),
				 SESSION_TEMPFAIL);
		assert_int_equal(bench->reply.code.code, 450);
	}
	assert_string_equal(bench_take_log(), "");
	/* Another message is another one. */
	assert_int_equal(sendmail_reset(bench, "4XyZ3", "eve@stale.example"), SESSION_TEMPFAIL);
	bench_assert_logged(1, "rcpt=<eve@stale.example>");

	bench->clock.now = BENCH_NOW + 4 * 3600;
	assert_int_equal(sendmail_reset(bench, "4XyZ4", "bob@stale.example"), SESSION_REJECT);
	assert_int_equal(bench->reply.code.code, 550);
	assert_string_equal(bench->reply.code.enhanced, "5.7.1");
	bench_assert_logged(1, "verdict=reject");
	assert_int_equal(counters_total(bench->office.counters, COUNTER_DEFERRAL_REPEATS), 7);
	assert_int_equal(tally_of(bench, TALLY_MESSAGES, VERDICT_TEMPFAIL, REASON_STALE), 2);
	assert_int_equal(tally_of(bench, TALLY_MESSAGES, VERDICT_REJECT, REASON_STALE), 1);
	/* That was the end of it. */
	assert_int_equal(sendmail_reset(bench, "4XyZ5", "bob@stale.example"), SESSION_TEMPFAIL);
	bench_assert_logged(1, "verdict=tempfail");
	bench_end(bench);
}

static void a_repeat_that_is_let_through_is_logged(void **state)
{
	struct bench *bench = bench_begin("");
	struct facts good = milterplace_good_facts(&bench_place);
	struct facts stale = good;

	(void)state;
	stale.registry.checked_at = BENCH_NOW - 100 * MILTERPLACE_DAY;
	milterplace_put(&bench_place, "mended.example", &stale);
	assert_int_equal(sendmail_reset(bench, "4XyZ1", "bob@mended.example"), SESSION_TEMPFAIL);
	assert_int_equal(sendmail_reset(bench, "4XyZ2", "bob@mended.example"), SESSION_TEMPFAIL);
	bench_assert_logged(1, "reason=stale");
	milterplace_put(&bench_place, "mended.example", &good);
	assert_int_equal(sendmail_reset(bench, "4XyZ3", "bob@mended.example"), SESSION_ACCEPT);
	bench_assert_logged(1, "verdict=accept");
	bench_end(bench);
}

/* Of what a repeat was judged by first nothing is left, when it is judged again to be
 * logged. */
static void a_repeat_gets_its_field_too(void **state)
{
	struct bench *bench = bench_begin("add_rrvs = yes\n");
	struct facts good = milterplace_good_facts(&bench_place);
	struct facts stale = good;

	(void)state;
	stale.registry.checked_at = BENCH_NOW - 100 * MILTERPLACE_DAY;
	milterplace_put(&bench_place, "again.example", &stale);
	assert_int_equal(sendmail_reset(bench, "4XyZ1", "bob@again.example"), SESSION_TEMPFAIL);
	assert_null(session_added_field(bench->session));
	milterplace_put(&bench_place, "again.example", &good);
	assert_int_equal(sendmail_reset(bench, "4XyZ2", "bob@again.example"), SESSION_CONTINUE);
	bench_assert_has(session_added_field(bench->session), "bob@again.example; ");
	session_end(bench->session);
	assert_null(session_added_field(bench->session));
	bench_end(bench);
}

static void smtp_mail_is_deferred_as_often_as_it_comes(void **state)
{
	struct bench *bench = bench_begin("defer_max = 4h\n");

	(void)state;
	for (int i = 0; i < 3; i++) {
		bench->clock.now += 3 * 3600;
		assert_int_equal(bench_reset_to(bench, "<bob@stale.example>"), SESSION_TEMPFAIL);
		bench_assert_logged(1, "verdict=tempfail");
	}
	bench_end(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_refused_recipient_refuses_the_message),
		cmocka_unit_test(one_deferred_recipient_defers_the_message),
		cmocka_unit_test(refused_recipients_are_taken_off_as_received),
		cmocka_unit_test(a_recipient_given_twice_is_one),
		cmocka_unit_test(many_refused_recipients_are_counted),
		cmocka_unit_test(more_recipients_than_are_kept_are_nobodys_reset),
		cmocka_unit_test(a_date_in_the_message_counts_for_its_recipient),
		cmocka_unit_test(an_unreadable_field_marks_the_message_and_no_more),
		cmocka_unit_test(a_field_is_added_where_we_know_better),
		cmocka_unit_test(messages_count_by_their_worst_recipient),
		cmocka_unit_test(a_field_of_a_stranger_is_not_looked_at),
		cmocka_unit_test(repeated_deferrals_are_logged_once_and_end_in_a_refusal),
		cmocka_unit_test(a_repeat_that_is_let_through_is_logged),
		cmocka_unit_test(a_repeat_gets_its_field_too),
		cmocka_unit_test(smtp_mail_is_deferred_as_often_as_it_comes),
	};

	return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
