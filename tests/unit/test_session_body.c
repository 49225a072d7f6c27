/* SPDX-License-Identifier: BSD-2-Clause */
/* test_session_body: messages that only a link can tell from others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "sessionbench.h"

static const char rules[] = "header X-Mail-Class: password-reset\n"
			    "url /reset/* & !subject *changed*\n";
static const char reset_body[] = "Go to https://app.example/reset/abc\r\n";

static struct bench *begin(const char *keys, const char *recipient, const char *subject)
{
	struct bench *bench = bench_begin_with(keys, rules);

	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, recipient);
	bench_header(bench, "Subject", subject);
	return bench;
}

static enum session_step feed(struct bench *bench, const char *text)
{
	return session_body(bench->session, text, strlen(text), "4XyZ1");
}

static enum session_step end(struct bench *bench)
{
	return session_eom(bench->session, "4XyZ1", &bench->clock, &bench->reply);
}

static void a_link_makes_a_reset(void **state)
{
	struct bench *bench = begin("", "<bob@lapsed.example>", "Hello");

	(void)state;
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	assert_string_equal(bench_take_log(), "");
	assert_int_equal(feed(bench, "Go to https://app.exa"), SESSION_CONTINUE);
	assert_int_equal(feed(bench, "mple/reset/abc"), SESSION_CONTINUE);
	assert_int_equal(end(bench), SESSION_REJECT);
	assert_int_equal(bench->reply.code.code, 550);
	bench_assert_logged(1, "class=password-reset rule=messages:2");

	/* The same to somebody else, on the same connection. */
	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@fine.example>");
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	assert_int_equal(feed(bench, reset_body), SESSION_CONTINUE);
	assert_int_equal(end(bench), SESSION_ACCEPT);
	bench_assert_logged(1, "verdict=accept");
	bench_end(bench);
}

static void other_mail_is_let_go(void **state)
{
	struct bench *bench = begin("", "<bob@lapsed.example>", "Hello");

	(void)state;
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	assert_int_equal(feed(bench, "https://app.example/news\r\n"), SESSION_CONTINUE);
	assert_int_equal(end(bench), SESSION_ACCEPT);
	assert_string_equal(bench_take_log(), "");
	bench_end(bench);
}

static void no_body_is_asked_for_in_vain(void **state)
{
	struct bench *bench = begin("", "<bob@lapsed.example>", "It was changed x");

	(void)state;
	assert_int_equal(bench_eoh(bench), SESSION_ACCEPT);
	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_header(bench, "X-Mail-Class", "password-reset");
	assert_int_equal(bench_eoh(bench), SESSION_REJECT);
	bench_end(bench);
}

static void what_is_beyond_the_limit_is_not_looked_at(void **state)
{
	struct bench *bench = begin("body_limit = 1k\n", "<bob@lapsed.example>", "Hello");
	char text[1024];

	(void)state;
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	memset(text, 'x', sizeof text - 1);
	assert_int_equal(session_body(bench->session, text, sizeof text - 1, "4XyZ1"),
			 SESSION_CONTINUE);
	assert_int_equal(feed(bench, " https://app.example/reset/abc "), SESSION_ACCEPT);
	bench_end(bench);
}

static void observed_resets_are_accepted(void **state)
{
	struct bench *bench = begin("mode = observe\n", "<bob@lapsed.example>", "Hello");

	(void)state;
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	assert_int_equal(feed(bench, reset_body), SESSION_CONTINUE);
	assert_int_equal(end(bench), SESSION_ACCEPT);
	bench_assert_logged(1, "verdict=reject mode=observe");
	bench_end(bench);
}

static void recipients_are_taken_off_at_the_end(void **state)
{
	struct bench *bench = begin("mixed = strip\n", "<bob@lapsed.example>", "Hello");
	size_t next = 0;

	(void)state;
	bench_add_rcpt(bench, "<bob@fine.example>");
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	assert_int_equal(feed(bench, reset_body), SESSION_CONTINUE);
	assert_int_equal(end(bench), SESSION_CONTINUE);
	assert_string_equal(session_next_stripped(bench->session, &next), "<bob@lapsed.example>");
	session_end(bench->session);
	bench_end(bench);
}

static void parts_are_decoded(void **state)
{
	struct bench *bench = begin("", "<bob@lapsed.example>", "Hello");

	(void)state;
	bench_header(bench, "Content-Type", "multipart/mixed;\n\tboundary=b");
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	assert_int_equal(feed(bench,
			      "--b\r\nContent-Type: text/html\r\n"
			      "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
			      "<a href=3D\"https://app.example/re=\r\nset/abc\">\r\n--b--\r\n"),
			 SESSION_CONTINUE);
	assert_int_equal(end(bench), SESSION_REJECT);
	bench_end(bench);
}

/* Once for a message, whatever else is wrong with it, and it is judged all the same. */
static void what_cannot_be_parsed_is_logged(void **state)
{
	struct bench *bench = begin("", "<bob@lapsed.example>", "=?x-none?Q?Hello?=");
	const char *log;

	(void)state;
	bench_header(bench, "Content-Type", "text/plain; charset=x-none");
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	assert_int_equal(feed(bench, reset_body), SESSION_CONTINUE);
	assert_int_equal(end(bench), SESSION_REJECT);
	log = bench_take_log();
	assert_int_equal(bench_lines(log), 2);
	bench_assert_has(log, "4XyZ1: verdict=reject");
	bench_assert_has(log, "4XyZ1: cannot be parsed, classified by what can be read: "
			      "Subject: unknown charset x-none\n");

	/* A body that is cut short by a link lacks nothing. */
	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@fine.example>");
	bench_header(bench, "Content-Transfer-Encoding", "base64");
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	assert_int_equal(feed(bench, "aHR0cHM6Ly9hcHAuZXhhbXBsZS9yZXNldC9hYmMgI\r\n"),
			 SESSION_CONTINUE);
	assert_int_equal(end(bench), SESSION_ACCEPT);
	bench_assert_logged(1, "4XyZ1: verdict=accept");

	bench_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, "<bob@lapsed.example>");
	bench_header(bench, "Content-Transfer-Encoding", "base64");
	assert_int_equal(bench_eoh(bench), SESSION_CONTINUE);
	assert_int_equal(feed(bench, "(none)\r\n"), SESSION_CONTINUE);
	assert_int_equal(end(bench), SESSION_ACCEPT);
	bench_assert_logged(1, "classified by what can be read: the body: broken base64\n");

	/* sendmail(1) mail that is deferred comes again, and is not told of again. */
	for (int i = 0; i < 2; i++) {
		bench_sendmail_mail(bench, "4XyZ2");
		bench_add_rcpt(bench, "bob@stale.example");
		bench_header(bench, "Subject", "=?x-none?Q?Hello?=");
		bench_header(bench, "X-Mail-Class", "password-reset");
		assert_int_equal(bench_eoh(bench), SESSION_TEMPFAIL);
		assert_int_equal(bench_lines(bench_take_log()), i == 0 ? 2 : 0);
	}
	bench_end(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_makes_a_reset),
		cmocka_unit_test(other_mail_is_let_go),
		cmocka_unit_test(no_body_is_asked_for_in_vain),
		cmocka_unit_test(what_is_beyond_the_limit_is_not_looked_at),
		cmocka_unit_test(observed_resets_are_accepted),
		cmocka_unit_test(recipients_are_taken_off_at_the_end),
		cmocka_unit_test(parts_are_decoded),
		cmocka_unit_test(what_cannot_be_parsed_is_logged),
	};

	return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
