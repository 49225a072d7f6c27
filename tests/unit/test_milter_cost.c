/* SPDX-License-Identifier: BSD-2-Clause */
/* What a message costs: which commands of the milter protocol the MTA sends for it, and
 * for which of them it waits for an answer ("?"). Mail that is none of ours is let go as
 * early as the protocol allows, and a body is asked for only if a link could matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "milterrun.h"

#define FOUR_BODIES "BODY? BODY? BODY? BODY? "

static const char without_links[] = "header X-Mail-Class: password-reset\n"
				    "sender resets@svc.example\n";
static const char with_links[] = "header X-Mail-Class: password-reset\n"
				 "sender resets@svc.example\n"
				 "url /reset/*\n";

#define LINK_RESET "Subject: Hello\n\nhttps://app.example/reset/abc\n"

/* A body of 300 KiB. */
static const char long_mail[] = "";

struct row {
	const char *kind;
	const char *rules;
	const char *keys;
	const char *client;
	const char *sender;
	const char *recipients[4];
	const char *text;
	unsigned told;
	unsigned answered;
	const char *trace;
};

static const struct row rows[] = {
	{"a connection", without_links, "", "127.0.0.1", NULL, {NULL}, NULL, 1, 0, "CONNECT"},
	{"mail that does not originate here",
	 with_links,
	 "",
	 "192.0.2.7",
	 "<a@b.example>",
	 {"<bob@lapsed.example>"},
	 RUN_RESET,
	 2,
	 1,
	 "MAIL RCPT?"},
	{"the same to three recipients",
	 with_links,
	 "",
	 "192.0.2.7",
	 "<a@b.example>",
	 {"<bob@lapsed.example>", "<eve@lapsed.example>", "<bob@fine.example>"},
	 RUN_RESET,
	 2,
	 1,
	 "MAIL RCPT?"},
	{"ordinary mail",
	 without_links,
	 "",
	 "127.0.0.1",
	 "<app@svc.example>",
	 {"<bob@fine.example>"},
	 RUN_ORDINARY,
	 5,
	 3,
	 "MAIL RCPT? DATA? HEADER EOH?"},
	{"a reset that is let through",
	 without_links,
	 "",
	 "127.0.0.1",
	 "<app@svc.example>",
	 {"<bob@fine.example>"},
	 RUN_RESET,
	 6,
	 3,
	 "MAIL RCPT? DATA? HEADER HEADER EOH?"},
	{"a reset that is refused",
	 without_links,
	 "",
	 "127.0.0.1",
	 "<app@svc.example>",
	 {"<bob@lapsed.example>"},
	 RUN_RESET,
	 6,
	 3,
	 "MAIL RCPT? DATA? HEADER HEADER EOH?"},
	{"a reset to three recipients",
	 without_links,
	 "",
	 "127.0.0.1",
	 "<app@svc.example>",
	 {"<bob@fine.example>", "<ann@fine.example>", "<bob@good.example>"},
	 RUN_RESET,
	 8,
	 5,
	 "MAIL RCPT? RCPT? RCPT? DATA? HEADER HEADER EOH?"},
	{"a reset refused by its sender alone",
	 without_links,
	 "",
	 "127.0.0.1",
	 "<resets@svc.example>",
	 {"<bob@lapsed.example>"},
	 RUN_ORDINARY,
	 2,
	 1,
	 "MAIL RCPT?"},
	{"a reset of sendmail(1)",
	 without_links,
	 "",
	 "127.0.0.1",
	 "app@svc.example",
	 {"bob@lapsed.example"},
	 RUN_RESET,
	 6,
	 3,
	 "MAIL RCPT? DATA? HEADER HEADER EOH?"},
	{"one of which a recipient is taken off",
	 without_links,
	 "mixed = strip\n",
	 "127.0.0.1",
	 "<app@svc.example>",
	 {"<bob@lapsed.example>", "<bob@fine.example>"},
	 RUN_RESET,
	 9,
	 6,
	 "MAIL RCPT? RCPT? DATA? HEADER HEADER EOH? BODY? EOM?"},
	{"links matter: ordinary mail",
	 with_links,
	 "",
	 "127.0.0.1",
	 "<app@svc.example>",
	 {"<bob@fine.example>"},
	 RUN_ORDINARY,
	 7,
	 5,
	 "MAIL RCPT? DATA? HEADER EOH? BODY? EOM?"},
	{"links matter: a reset by its header",
	 with_links,
	 "",
	 "127.0.0.1",
	 "<app@svc.example>",
	 {"<bob@lapsed.example>"},
	 RUN_RESET,
	 6,
	 3,
	 "MAIL RCPT? DATA? HEADER HEADER EOH?"},
	{"links matter: a reset by its link",
	 with_links,
	 "",
	 "127.0.0.1",
	 "<app@svc.example>",
	 {"<bob@lapsed.example>"},
	 LINK_RESET,
	 7,
	 5,
	 "MAIL RCPT? DATA? HEADER EOH? BODY? EOM?"},
	{"links matter: 300 KiB of ordinary mail",
	 with_links,
	 "",
	 "127.0.0.1",
	 "<app@svc.example>",
	 {"<bob@fine.example>"},
	 long_mail,
	 10,
	 8,
	 "MAIL RCPT? DATA? HEADER EOH? " FOUR_BODIES "BODY?"},
};

enum { ROWS = sizeof rows / sizeof rows[0], LONG_BODY = 300 << 10 };

static char *make_long_mail(void)
{
	static const char header[] = "Subject: Lunch\n\n";
	size_t length = sizeof header - 1 + LONG_BODY;
	char *text = malloc(length + 1);

	assert_non_null(text);
	memcpy(text, header, sizeof header - 1);
	for (size_t i = sizeof header - 1; i < length; i++)
		text[i] = i % 64 == 0 ? '\n' : 'x';
	text[length] = '\0';
	return text;
}

static void costs_what_the_table_says(void **state)
{
	const struct row *row = *state;
	char *made = row->text == long_mail ? make_long_mail() : NULL;
	struct run run;
	struct mtaclient *client;
	unsigned told = 1;
	unsigned answered = 0;

	milterplace_write(&run_place, "messages", row->rules);
	run = run_start(row->keys);
	client = run_connect(&run, row->client);
	if (row->sender != NULL)
		(void)run_send_to(client, row->sender, row->recipients,
				  made != NULL ? made : row->text);
	assert_string_equal(mtaclient_trace(client), row->trace);
	for (const char *at = mtaclient_trace(client); *at != '\0'; at++) {
		told += *at == ' ' ? 1 : 0;
		answered += *at == '?' ? 1 : 0;
	}
	assert_int_equal(told, row->told);
	assert_int_equal(answered, row->answered);
	run_hang_up(client);
	run_stop(&run);
	free(made);
}

int main(void)
{
	static char names[ROWS][256];
	struct CMUnitTest tests[ROWS];

	for (size_t i = 0; i < ROWS; i++) {
		snprintf(names[i], sizeof names[i], "%s: %u told, %u answered: %s", rows[i].kind,
			 rows[i].told, rows[i].answered, rows[i].trace);
		tests[i] = (struct CMUnitTest){
			.name = names[i],
			.test_func = costs_what_the_table_says,
			.teardown_func = run_end_leftover,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	}
	return cmocka_run_group_tests(tests, run_set_up, run_tear_down);
}
