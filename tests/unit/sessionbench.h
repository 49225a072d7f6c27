/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sessionbench: a session with all that it needs, without an MTA, for the tests of
 * session. What goes wrong ends the test.
 */
#ifndef RESETGUARD_TESTS_SESSIONBENCH_H
#define RESETGUARD_TESTS_SESSIONBENCH_H

#include "../../milter/session.h"
#include "milterplace.h"

#define BENCH_NOW INT64_C(1795000000) /* 2026-11-18T11:06:40Z */

struct bench {
	struct session_office office;
	struct session *session;
	struct session_clock clock;
	struct reply reply;
};

/* What all tests of a program share, its facts as of BENCH_NOW. */
extern struct milterplace bench_place;

/* cmocka's set-up and tear-down of a group. The log goes into a file from then on. */
int bench_set_up(void **state);
int bench_tear_down(void **state);

/* What sessions share, with the configuration in that file. */
void bench_open_office(struct session_office *office, const char *conf_path);

struct bench *bench_begin_with(const char *keys, const char *rules);
/* With the rules of milterplace. */
struct bench *bench_begin(const char *keys);
void bench_end(struct bench *bench);

void bench_connect(struct bench *bench, const char *address, const char *daemon_name);
void bench_mail(struct bench *bench, const char *sender_path);
/* SMTP mail of a local application. */
void bench_local_mail(struct bench *bench, const char *sender_path);
void bench_sendmail_mail(struct bench *bench, const char *queue_id);
enum session_step bench_rcpt(struct bench *bench, const char *path);
/* One that is let through so far. */
void bench_add_rcpt(struct bench *bench, const char *path);
void bench_header(struct bench *bench, const char *name, const char *value);
enum session_step bench_eoh(struct bench *bench);
/* All of a local application's reset to one recipient. */
enum session_step bench_reset_to(struct bench *bench, const char *path);

/* What was logged since the last time, in a static buffer. */
const char *bench_take_log(void);
unsigned bench_lines(const char *text);
void bench_assert_has(const char *text, const char *part);
/* So many lines were logged since the last time, and part is in them. */
void bench_assert_logged(unsigned lines, const char *part);

#endif
