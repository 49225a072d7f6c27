/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milterrun: the program itself, $BUILD/resetguard-milter, and an MTA that talks to it.
 * What it tells the service manager is what tests wait for. What goes wrong ends the
 * test.
 */
#ifndef RESETGUARD_TESTS_MILTERRUN_H
#define RESETGUARD_TESTS_MILTERRUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "../lib/mtaclient.h"
#include "milterplace.h"

enum { RUN_PATIENCE_MS = 30000 }; /* for what must happen */

#define RUN_RESET "X-Mail-Class: password-reset\nSubject: Reset\n\nLink\n"
#define RUN_ORDINARY "Subject: Lunch\n\nNoon?\n"

struct run {
	pid_t pid;
	int notices;	 /* $NOTIFY_SOCKET */
	char socket[64]; /* as mtaclient takes it */
};

/* What all tests of a program share. */
extern struct milterplace run_place;

/* cmocka's set-up and tear-down of a group, and the tear-down of each test. */
int run_set_up(void **state);
int run_tear_down(void **state);
int run_end_leftover(void **state);

/* Return when it is ready. keys are added to the configuration. */
struct run run_start(const char *keys);
struct run run_start_watched(const char *keys, const char *watchdog_usec);
/* Ends it, and sees that all was well. */
void run_stop(const struct run *run);
/* Its exit status. */
int run_await_end(const struct run *run);
/* The end by a signal. */
void run_await_signal(const struct run *run, int number);
/* Without a test's being ended by what it leaves behind: it was killed. */
void run_kill(const struct run *run);
/* The exit status of a milter with one more option, or, NULL, in the background. */
int run_exit_of(const char *option);
/* In the log of the milter that was started last. */
void run_assert_logged(const char *part);

void run_take_notice(const struct run *run, char *notice, size_t size);
/* Waits for the notice that begins so. */
void run_await_notice(const struct run *run, const char *beginning);

struct mtaclient *run_dial(const struct run *run);
struct mtaclient *run_connect(const struct run *run, const char *address);
void run_hang_up(struct mtaclient *client);
enum mtaclient_verdict run_send_to(struct mtaclient *client, const char *sender,
				   const char *const *recipients, const char *text);
enum mtaclient_verdict run_send(struct mtaclient *client, const char *recipient, const char *text);
void run_assert_begins(const char *text, const char *beginning);
/* Two messages that show that all is well. */
void run_assert_works(const struct run *run);

#endif
