/* SPDX-License-Identifier: BSD-2-Clause */
/* The program itself, and what an MTA may do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/mtamessage.h"
#include "milterrun.h"

enum {
	RELOADS = 300,
	SIGNALS = 20000, /* without waiting between */
	SESSIONS = 100,
};

/* ---- what is said ---- */

static void the_least_is_asked_for(void **state)
{
	struct run run = run_start("");
	struct mtaclient *client = run_dial(&run);

	(void)state;
	assert_int_equal(mtaclient_actions(client), SMFIF_DELRCPT | SMFIF_QUARANTINE | SMFIF_ADDHDRS);
	assert_int_equal(mtaclient_steps(client), SMFIP_NOHELO | SMFIP_NOUNKNOWN |
							  SMFIP_NR_CONN | SMFIP_NR_MAIL |
							  SMFIP_NR_HDR);
	mtaclient_close(client);
	run_stop(&run);
}

/* The command whose answer is the last is the last that the milter is told. */
static void mail_that_cannot_match_ends_early(void **state)
{
	struct run run = run_start("");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");

	(void)state;
	assert_int_equal(run_send(client, "<bob@lapsed.example>", RUN_ORDINARY), MTACLIENT_ACCEPT);
	assert_int_equal(mtaclient_command(client), SMFIC_EOH);
	assert_int_equal(run_send(client, "<bob@fine.example>", RUN_RESET), MTACLIENT_ACCEPT);
	assert_int_equal(mtaclient_command(client), SMFIC_EOH);
	run_hang_up(client);
	client = run_connect(&run, "192.0.2.7");
	assert_int_equal(run_send(client, "<bob@lapsed.example>", RUN_RESET), MTACLIENT_ACCEPT);
	assert_int_equal(mtaclient_command(client), SMFIC_RCPT);
	run_hang_up(client);
	run_stop(&run);
}

static void a_reset_is_answered_at_end_of_headers(void **state)
{
	static const char *const both[] = {"<bob@lapsed.example>", "<eve@lapsed.example>",
					   "<bob@fine.example>", NULL};
	struct run run = run_start("");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");

	(void)state;
	assert_int_equal(run_send(client, "<bob@lapsed.example>", RUN_RESET), MTACLIENT_REJECT);
	assert_int_equal(mtaclient_command(client), SMFIC_EOH);
	run_assert_begins(mtaclient_reply(client), "550 5.1.2 Reset mail to <bob@lapsed.example> ");
	assert_int_equal(run_send(client, "<bob@stale.example>", RUN_RESET), MTACLIENT_TEMPFAIL);
	run_assert_begins(mtaclient_reply(client), "450 4.7.1 ");
	assert_int_equal(run_send_to(client, "<app@svc.example>", both, RUN_RESET),
			 MTACLIENT_REJECT);
	run_assert_begins(mtaclient_reply(client), "550-5.1.2 Reset mail to <bob@lapsed.example> ");
	assert_non_null(strstr(mtaclient_reply(client),
			       "\r\n550 5.1.2 Reset mail to <eve@lapsed.example> "));
	run_hang_up(client);
	run_stop(&run);
	run_assert_logged(": verdict=reject mode=enforce class=password-reset rule=messages:1 "
			  "from=<app@svc.example> rcpt=<bob@lapsed.example>");
}

static void a_recipient_is_refused_by_itself_where_the_sender_settles_it(void **state)
{
	static const char *const both[] = {"<bob@lapsed.example>", "<bob@fine.example>", NULL};
	struct run run = run_start("");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");
	enum mtaclient_verdict verdicts[2];

	(void)state;
	assert_int_equal(mtamessage_send(client,
					 &(struct mtamessage){
						 .sender = "<resets@svc.example>",
						 .recipients = both,
						 .text = RUN_ORDINARY,
						 .text_length = strlen(RUN_ORDINARY),
					 },
					 verdicts),
			 MTACLIENT_ACCEPT);
	assert_int_equal(verdicts[0], MTACLIENT_REJECT);
	assert_int_equal(verdicts[1], MTACLIENT_CONTINUE);
	run_hang_up(client);
	run_stop(&run);
	run_assert_logged("NOQUEUE: verdict=reject");
}

static void recipients_are_stripped_and_messages_held_at_the_end(void **state)
{
	static const char *const both[] = {"<Bob@Lapsed.Example>", "<bob@fine.example>", NULL};
	struct run run = run_start("mixed = strip\non_stale = quarantine\n");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");
	const struct mtaedit *edits;

	(void)state;
	assert_int_equal(run_send_to(client, "<app@svc.example>", both, RUN_RESET),
			 MTACLIENT_CONTINUE);
	assert_int_equal(mtaclient_edits(client, &edits), 1);
	assert_int_equal(edits[0].reply, SMFIR_DELRCPT);
	assert_string_equal(edits[0].name, "<Bob@Lapsed.Example>");
	assert_int_equal(run_send(client, "<bob@lapsed.example>", RUN_RESET), MTACLIENT_REJECT);
	assert_int_equal(run_send(client, "<bob@stale.example>", RUN_RESET), MTACLIENT_CONTINUE);
	assert_int_equal(mtaclient_edits(client, &edits), 1);
	assert_int_equal(edits[0].reply, SMFIR_QUARANTINE);
	run_hang_up(client);
	run_stop(&run);
}

static void sendmail_mail_has_one_answer_at_end_of_headers(void **state)
{
	static const char *const one[] = {"bob@lapsed.example", NULL};
	struct run run = run_start("");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");

	(void)state;
	assert_int_equal(run_send_to(client, "resets@svc.example", one, RUN_ORDINARY),
			 MTACLIENT_REJECT);
	assert_int_equal(mtaclient_command(client), SMFIC_EOH);
	run_hang_up(client);
	run_stop(&run);
}

static void an_mta_that_knows_less_is_served_too(void **state)
{
	static const struct {
		uint32_t version;
		uint32_t steps;
	} old[] = {
		{2, SMFI_V2_PROT}, /* no DATA, unknown commands are sent, all is answered */
		{6, SMFI_V2_PROT | SMFIP_NODATA | SMFIP_NOUNKNOWN},
	};
	struct run run = run_start("");

	(void)state;
	for (size_t i = 0; i < sizeof old / sizeof old[0]; i++) {
		struct mtaclient_settings settings = MTACLIENT_POSTFIX(run.socket);
		char problem[MILTERWIRE_PROBLEM_MAX];
		struct mtaclient *client;

		settings.version = old[i].version;
		settings.steps = old[i].steps;
		client = mtaclient_open(&settings, problem);
		if (client == NULL)
			fail_msg("%s", problem);
		assert_int_equal(mtaclient_connect(client, "app.example", "127.0.0.1", 40000),
				 MTACLIENT_CONTINUE);
		assert_int_equal(run_send(client, "<bob@lapsed.example>", RUN_RESET),
				 MTACLIENT_REJECT);
		assert_int_equal(run_send(client, "<bob@fine.example>", RUN_RESET),
				 MTACLIENT_ACCEPT);
		run_hang_up(client);
	}
	run_assert_works(&run);
	run_stop(&run);
}

/* ---- what may happen ---- */

static void broken_connections_do_no_harm(void **state)
{
	struct run run = run_start("");

	(void)state;
	for (int i = 0; i < 50; i++) {
		struct mtaclient *client;
		int fd = milterwire_dial(run.socket, RUN_PATIENCE_MS);

		assert_true(fd >= 0);
		if (i % 2 == 0)
			assert_int_equal(write(fd, "\0\0\0\rO\0\0", 7), 7);
		close(fd);
		mtaclient_close(run_dial(&run));
		mtaclient_close(run_connect(&run, "127.0.0.1"));
		client = run_connect(&run, "127.0.0.1");
		assert_int_equal(mtaclient_mail(client, "<app@svc.example>", NULL),
				 MTACLIENT_CONTINUE);
		assert_int_equal(mtaclient_rcpt(client, "<bob@lapsed.example>", NULL),
				 MTACLIENT_CONTINUE);
		mtaclient_close(client);
	}
	run_assert_works(&run);
	run_stop(&run);
}

static void *send_many(void *argument)
{
	struct mtaclient *client = argument;
	bool right = true;

	for (int i = 0; i < 20; i++)
		right = right &&
			run_send(client, "<bob@fine.example>", RUN_RESET) == MTACLIENT_ACCEPT &&
			run_send(client, "<bob@lapsed.example>", RUN_RESET) == MTACLIENT_REJECT;
	return right ? client : NULL;
}

static void many_sessions_are_served_while_all_is_reloaded(void **state)
{
	struct run run = run_start("");
	struct mtaclient *clients[SESSIONS];
	pthread_t threads[SESSIONS];

	(void)state;
	for (size_t i = 0; i < SESSIONS; i++)
		clients[i] = run_connect(&run, "127.0.0.1");
	for (size_t i = 0; i < SESSIONS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, send_many, clients[i]), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(kill(run.pid, SIGUSR1), 0);
		run_await_notice(&run, "READY=1");
	}
	for (size_t i = 0; i < SESSIONS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_ptr_equal(result, clients[i]);
		run_hang_up(clients[i]);
	}
	run_stop(&run);
}

static void each_sighup_reloads_and_none_stops(void **state)
{
	struct run run = run_start("");
	char notice[256];

	(void)state;
	for (int i = 0; i < RELOADS; i++) {
		assert_int_equal(kill(run.pid, SIGHUP), 0);
		run_take_notice(&run, notice, sizeof notice);
		run_assert_begins(notice, "RELOADING=1\nMONOTONIC_USEC=");
		run_take_notice(&run, notice, sizeof notice);
		assert_string_equal(notice, "READY=1");
	}
	run_assert_works(&run);
	run_stop(&run);
}

/* Notices that nobody reads would hold the milter up, so somebody does. */
static void *read_notices(void *argument)
{
	const struct run *run = argument;
	char notice[256];

	do
		run_take_notice(run, notice, sizeof notice);
	while (strcmp(notice, "STOPPING=1") != 0);
	return NULL;
}

static void no_storm_of_signals_stops_it(void **state)
{
	struct run run = run_start("");
	pthread_t reader;

	(void)state;
	assert_int_equal(pthread_create(&reader, NULL, read_notices, &run), 0);
	for (int i = 0; i < SIGNALS; i++)
		assert_int_equal(kill(run.pid, SIGHUP), 0);
	/* Pairs, each on a quiet milter. */
	for (int i = 0; i < 500; i++) {
		assert_int_equal(kill(run.pid, SIGUSR1), 0);
		assert_int_equal(kill(run.pid, SIGHUP), 0);
		run_assert_works(&run);
	}
	assert_int_equal(kill(run.pid, SIGTERM), 0);
	pthread_join(reader, NULL);
	assert_int_equal(run_await_end(&run), 0);
}

static void a_reload_changes_all_or_nothing(void **state)
{
	struct run run = run_start("");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");

	(void)state;
	milterplace_configure(&run_place, "mode = observe\n");
	assert_int_equal(kill(run.pid, SIGHUP), 0);
	run_await_notice(&run, "READY=1");
	assert_int_equal(run_send(client, "<bob@lapsed.example>", RUN_RESET), MTACLIENT_ACCEPT);
	milterplace_configure(&run_place, "mode = enforce\nmixd = strip\n");
	assert_int_equal(kill(run.pid, SIGUSR1), 0);
	run_await_notice(&run, "READY=1");
	assert_int_equal(run_send(client, "<bob@lapsed.example>", RUN_RESET), MTACLIENT_ACCEPT);
	run_assert_logged("reload failed, what was in force stays so: ");
	run_assert_logged("resetguard.conf:8: mixd: ");
	milterplace_configure(&run_place, "map_size = 32m\n");
	assert_int_equal(kill(run.pid, SIGUSR1), 0);
	run_await_notice(&run, "READY=1");
	assert_int_equal(run_send(client, "<bob@lapsed.example>", RUN_RESET), MTACLIENT_REJECT);
	run_assert_logged("the new map_size takes effect at a restart");
	run_hang_up(client);
	run_stop(&run);
}

static void a_message_under_way_is_seen_through(void **state)
{
	struct run run = run_start("drain_time = 600s\n");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");

	(void)state;
	assert_int_equal(mtaclient_mail(client, "<app@svc.example>", NULL), MTACLIENT_CONTINUE);
	assert_int_equal(mtaclient_rcpt(client, "<bob@lapsed.example>", NULL), MTACLIENT_CONTINUE);
	assert_int_equal(kill(run.pid, SIGTERM), 0);
	run_await_notice(&run, "STOPPING=1");
	assert_int_equal(mtaclient_data(client), MTACLIENT_CONTINUE);
	assert_int_equal(mtamessage_send_content(client, RUN_RESET, strlen(RUN_RESET)),
			 MTACLIENT_REJECT);
	assert_int_equal(run_await_end(&run), 0);
	mtaclient_close(client);
}

static void an_mta_that_stalls_is_waited_for_no_longer_than_said(void **state)
{
	struct run run = run_start("drain_time = 1s\n");
	struct mtaclient *client = run_connect(&run, "127.0.0.1");

	(void)state;
	assert_int_equal(mtaclient_mail(client, "<app@svc.example>", NULL), MTACLIENT_CONTINUE);
	assert_int_equal(mtaclient_rcpt(client, "<bob@fine.example>", NULL), MTACLIENT_CONTINUE);
	run_stop(&run);
	mtaclient_close(client);
	run_assert_logged("stopping with 1 messages half way");
}

static void the_watchdog_is_fed(void **state)
{
	struct run run = run_start_watched("", "100000");

	(void)state;
	for (int i = 0; i < 3; i++)
		run_await_notice(&run, "WATCHDOG=1");
	run_stop(&run);
}

/* ---- at start ---- */

static void what_is_wrong_is_said_at_start(void **state)
{
	struct run run;
	char keys[128];

	(void)state;
	milterplace_configure(&run_place, "");
	assert_int_equal(run_exit_of("-t"), 0);
	milterplace_configure(&run_place, "mod = observe\n");
	assert_int_equal(run_exit_of("-t"), 78);
	run_assert_logged("resetguard.conf:7: mod: ");
	assert_int_equal(run_exit_of("-f"), 78);
	milterplace_configure(&run_place, "");
	milterplace_write(&run_place, "messages", "subject\n");
	assert_int_equal(run_exit_of("-t"), 78);
	run_assert_logged("messages:1");
	milterplace_write(&run_place, "messages", milterplace_rules);

	snprintf(keys, sizeof keys, "socket = unix:%s/none/milter.sock\n", run_place.root);
	milterplace_configure(&run_place, keys);
	assert_int_equal(run_exit_of("-f"), 78);
	run_assert_logged("install -d");
	snprintf(keys, sizeof keys, "socket = unix:%s/messages\n", run_place.root);
	milterplace_configure(&run_place, keys);
	assert_int_equal(run_exit_of("-f"), 78);
	run_assert_logged("is not a socket");
	assert_int_equal(run_exit_of("-x"), 64);

	run = run_start("");
	assert_int_equal(run_exit_of("-f"), 75);
	run_assert_works(&run);
	run_stop(&run);
}

static void a_stale_socket_is_replaced(void **state)
{
	struct run run = run_start("");

	(void)state;
	run_kill(&run);
	run = run_start("");
	run_assert_works(&run);
	run_stop(&run);
}

static void in_the_background_the_exit_status_is_true(void **state)
{
	struct run run = {.pid = -1};
	struct ucred listener;
	socklen_t length = sizeof listener;
	char byte;
	int fd;

	(void)state;
	snprintf(run.socket, sizeof run.socket, "unix:%s/milter.sock", run_place.root);
	milterplace_configure(&run_place, "mod = observe\n");
	assert_int_equal(run_exit_of(NULL), 78);
	milterplace_configure(&run_place, "");
	assert_int_equal(run_exit_of(NULL), 0);
	run_assert_works(&run);

	fd = milterwire_dial(run.socket, RUN_PATIENCE_MS);
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &length), 0);
	assert_int_equal(kill(listener.pid, SIGTERM), 0);
	/* The end of the process is the end of the connection. */
	assert_true(read(fd, &byte, 1) <= 0);
	close(fd);
}

#define TEST(name) cmocka_unit_test_teardown(name, run_end_leftover)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_least_is_asked_for),
		TEST(mail_that_cannot_match_ends_early),
		TEST(a_reset_is_answered_at_end_of_headers),
		TEST(a_recipient_is_refused_by_itself_where_the_sender_settles_it),
		TEST(recipients_are_stripped_and_messages_held_at_the_end),
		TEST(sendmail_mail_has_one_answer_at_end_of_headers),
		TEST(an_mta_that_knows_less_is_served_too),
		TEST(broken_connections_do_no_harm),
		TEST(many_sessions_are_served_while_all_is_reloaded),
		TEST(each_sighup_reloads_and_none_stops),
		TEST(no_storm_of_signals_stops_it),
		TEST(a_reload_changes_all_or_nothing),
		TEST(a_message_under_way_is_seen_through),
		TEST(an_mta_that_stalls_is_waited_for_no_longer_than_said),
		TEST(the_watchdog_is_fed),
		TEST(what_is_wrong_is_said_at_start),
		TEST(a_stale_socket_is_replaced),
		TEST(in_the_background_the_exit_status_is_true),
	};

	return cmocka_run_group_tests(tests, run_set_up, run_tear_down);
}
