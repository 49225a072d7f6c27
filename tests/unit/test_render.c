/* SPDX-License-Identifier: BSD-2-Clause */
/* Replies and log lines: exact texts, and that no message can forge them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/render.h"
#include "resetguard/time.h"

static const struct conf_class builtin_texts = {.name = ""};

static struct domain domain_of(const char *text)
{
	struct domain domain;

	assert_int_equal(domain_from_text(text, strlen(text), &domain), ERR_OK);
	return domain;
}

/* 2026-11-02T03:00:00Z, 2024-05-01T00:00:00Z and 2026-11-21T03:00:00Z */
static struct judgement lapsed(void)
{
	return (struct judgement){
		.verdict = VERDICT_REJECT,
		.reason = REASON_EXPIRED,
		.action = ACTION_REJECT,
		.has_domain = true,
		.domain = domain_of("lapsed.example"),
		.has_facts = true,
		.facts = {.state = STATE_REDEMPTION,
			  .source = SOURCE_RDAP,
			  .registry = {.checked_at = 1795230000}},
		.owner_since = 1793588400,
		.verified_at = 1714521600,
		.verified_by = VERIFIED_BY_ADDRESS,
	};
}

static struct render_event event_with(const struct render_reply *reply)
{
	return (struct render_event){
		.queue_id = "4XyZ1",
		.mode = MODE_ENFORCE,
		.class_name = "password-reset",
		.rule = "messages:3",
		.sender = "app@svc.example",
		.recipient = "bob@lapsed.example",
		.log_localpart = true,
		.reply = reply,
	};
}

static void the_line_is_the_documented_one(void **unused)
{
	struct judgement judgement = lapsed();
	struct render_reply reply;
	struct render_event event = event_with(&reply);
	char line[RENDER_LINE_MAX];
	size_t length;

	(void)unused;
	render_reply(&judgement, &builtin_texts, event.recipient, &reply);
	length = render_log_line(&judgement, &event, line);
	assert_int_equal(length, strlen(line));
	assert_string_equal(
		line,
		"4XyZ1: verdict=reject mode=enforce class=password-reset rule=messages:3 "
		"from=<app@svc.example> rcpt=<bob@lapsed.example> domain=lapsed.example "
		"reason=expired state=redemption owner_since=2026-11-02T03:00:00Z "
		"verified_at=2024-05-01T00:00:00Z checked_at=2026-11-21T03:00:00Z source=rdap "
		"reply=\"550 5.1.2\" wait_ms=0");
}

static void what_is_not_known_is_left_out(void **unused)
{
	struct judgement judgement = {
		.verdict = VERDICT_TEMPFAIL,
		.reason = REASON_NO_RECORD,
		.action = ACTION_TEMPFAIL,
		.has_domain = true,
		.domain = domain_of("new.example"),
	};
	struct render_reply reply;
	struct render_event event = event_with(&reply);
	char line[RENDER_LINE_MAX];

	(void)unused;
	event.queue_id = NULL;
	event.mode = MODE_OBSERVE;
	event.rule = "rrvs";
	event.sender = "";
	event.recipient = "bob@new.example";
	event.log_localpart = false;
	event.wait_ms = 12;
	render_reply(&judgement, &builtin_texts, event.recipient, &reply);
	render_log_line(&judgement, &event, line);
	assert_string_equal(line, "NOQUEUE: verdict=tempfail mode=observe class=password-reset "
				  "rule=rrvs from=<> rcpt=<*@new.example> domain=new.example "
				  "reason=no-record reply=\"450 4.7.1\" wait_ms=12");
}

static void an_accept_has_no_reply(void **unused)
{
	struct judgement judgement = lapsed();
	struct render_event event = event_with(NULL);
	char line[RENDER_LINE_MAX];

	(void)unused;
	judgement.verdict = VERDICT_ACCEPT;
	judgement.action = ACTION_ACCEPT;
	judgement.reason = REASON_OK;
	render_log_line(&judgement, &event, line);
	assert_null(strstr(line, "reply="));
	judgement.action = ACTION_QUARANTINE;
	render_log_line(&judgement, &event, line);
	assert_non_null(strstr(line, " reply=quarantine wait_ms="));
}

static void nothing_forges_a_line(void **unused)
{
	static const struct {
		const char *value;
		const char *written;
	} cases[] = {
		{"a b@x.example", "from=\"<a b@x.example>\""},
		{"a=b@x.example", "from=\"<a=b@x.example>\""},
		{"\"a\"@x.example", "from=\"<\\x22a\\x22@x.example>\""},
		{"a\\b@x.example", "from=\"<a\\x5cb@x.example>\""},
		{"a\r\nQ: verdict=accept", "from=\"<a\\x0d\\x0aQ: verdict=accept>\""},
		{"b\xc3\xbc@x.example", "from=\"<b\\xc3\\xbc@x.example>\""},
		{"\x7f\x01", "from=\"<\\x7f\\x01>\""},
	};
	struct judgement judgement = lapsed();
	struct render_event event = event_with(NULL);
	char line[RENDER_LINE_MAX];

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		event.sender = cases[i].value;
		render_log_line(&judgement, &event, line);
		assert_non_null(strstr(line, cases[i].written));
	}
}

static void a_long_line_is_cut(void **unused)
{
	static char long_text[3 * RENDER_LINE_MAX];
	struct judgement judgement = lapsed();
	struct render_event event = event_with(NULL);
	char line[RENDER_LINE_MAX];
	size_t length;

	(void)unused;
	memset(long_text, '\x01', sizeof long_text - 1);
	event.rule = long_text;
	length = render_log_line(&judgement, &event, line);
	assert_int_equal(length, RENDER_LINE_MAX - 1);
	assert_int_equal(strlen(line), RENDER_LINE_MAX - 1);
}

static bool is_harmless(const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f || *c == '%' || *c == '\\')
			return false;
	}
	return true;
}

static void every_reply_fits_and_is_harmless(void **unused)
{
	static char long_name[1000];
	const char *names[] = {"bob@lapsed.example", "%s%n\r\n250 ok\\@x", "b\xc3\xbc@x.example",
			       long_name};
	struct judgement judgement = lapsed();
	struct render_reply reply;

	(void)unused;
	memset(long_name, 'a', sizeof long_name - 1);
	for (int reason = 0; reason < REASON_COUNT; reason++) {
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			char token[40];

			judgement.reason = (enum reason)reason;
			render_reply(&judgement, &builtin_texts, names[i], &reply);
			assert_true(is_harmless(reply.text));
			assert_true(strlen(reply.text) + sizeof "550 5.7.18 \r\n" <=
				    RENDER_REPLY_MAX);
			snprintf(token, sizeof token, " [%s]", reason_text((enum reason)reason));
			assert_string_equal(reply.text + strlen(reply.text) - strlen(token), token);
		}
	}
}

static void reply_names_recipient_reason_and_remedy(void **unused)
{
	struct judgement judgement = lapsed();
	struct render_reply reply;

	(void)unused;
	render_reply(&judgement, &builtin_texts, "bob@lapsed.example", &reply);
	assert_int_equal(reply.code.code, 550);
	assert_string_equal(reply.code.enhanced, "5.1.2");
	assert_string_equal(reply.text,
			    "Reset mail to <bob@lapsed.example> refused: domain lapsed.example has "
			    "expired (redemption); use another address of this person [expired]");
}

static void the_operators_text_has_placeholders(void **unused)
{
	struct conf_class class = {.name = ""};
	char text[] = "{recipient}: {domain} is {state} ({reason}) {other} {recipient";
	struct judgement judgement = lapsed();
	struct render_reply reply;

	(void)unused;
	class.reply[REASON_EXPIRED] = text;
	render_reply(&judgement, &class, "b%b@lapsed.example", &reply);
	assert_string_equal(reply.text, "b?b@lapsed.example: lapsed.example is redemption (expired) "
					"{other} {recipient");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_is_the_documented_one),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(an_accept_has_no_reply),
		cmocka_unit_test(nothing_forges_a_line),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(every_reply_fits_and_is_harmless),
		cmocka_unit_test(reply_names_recipient_reason_and_remedy),
		cmocka_unit_test(the_operators_text_has_placeholders),
	};

	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
