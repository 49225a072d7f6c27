/* SPDX-License-Identifier: BSD-2-Clause */
/* sessionbench: a session, and what it says. */
#include "sessionbench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resetguard/log.h"
#include "resetguard/mime.h"

enum { LOG_MAX = 1 << 20 };

struct milterplace bench_place;

/* The log, which is standard error, is in a file. */
static int log_file;
static char logged[LOG_MAX];

/* ---- the log ---- */

/* What was logged since the last time. */
const char *bench_take_log(void)
{
	ssize_t length = read(log_file, logged, sizeof logged - 1);

	assert_true(length >= 0);
	logged[length] = '\0';
	return logged;
}

unsigned bench_lines(const char *text)
{
	unsigned count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

void bench_assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

void bench_assert_logged(unsigned lines, const char *part)
{
	const char *text = bench_take_log();

	if (bench_lines(text) != lines)
		fail_msg("%u lines, not %u: %s", bench_lines(text), lines, text);
	bench_assert_has(text, part);
}

/* ---- one milter ---- */

void bench_open_office(struct session_office *office, const char *conf_path)
{
	struct why why = {""};

	if (worlds_open(conf_path, &office->worlds, &why) != ERR_OK)
		fail_msg("%s", why.text);
	assert_int_equal(deferrals_open(&office->deferrals), ERR_OK);
	assert_int_equal(complaints_open(&office->complaints), ERR_OK);
	assert_int_equal(traffic_open(&office->traffic), ERR_OK);
	assert_int_equal(counters_open(&office->counters), ERR_OK);
	if (arrivals_open(&office->arrivals, &why) != ERR_OK)
		fail_msg("%s", why.text);
	if (canary_open(&office->canary, &why) != ERR_OK)
		fail_msg("%s", why.text);
}

struct bench *bench_begin_with(const char *keys, const char *rules)
{
	struct bench *bench = calloc(1, sizeof *bench);

	assert_non_null(bench);
	milterplace_configure(&bench_place, keys);
	milterplace_write(&bench_place, "messages", rules);
	bench_open_office(&bench->office, bench_place.conf_path);
	bench->session = session_new(&bench->office);
	assert_non_null(bench->session);
	bench->clock = (struct session_clock){.now = BENCH_NOW, .monotonic_ms = 1000};
	(void)bench_take_log();
	return bench;
}

struct bench *bench_begin(const char *keys)
{
	return bench_begin_with(keys, milterplace_rules);
}

void bench_end(struct bench *bench)
{
	session_free(bench->session);
	assert_int_equal(traffic_drain(bench->office.traffic, 0), 0);
	worlds_close(bench->office.worlds);
	deferrals_close(bench->office.deferrals);
	complaints_close(bench->office.complaints);
	traffic_close(bench->office.traffic);
	counters_close(bench->office.counters);
	canary_close(bench->office.canary);
	arrivals_close(bench->office.arrivals);
	free(bench);
}

void bench_connect(struct bench *bench, const char *address, const char *daemon_name)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	assert_int_equal(inet_pton(AF_INET, address, &v4.sin_addr), 1);
	session_connect(bench->session, &(struct session_connection){
						.address = (struct sockaddr *)&v4,
						.daemon_name = daemon_name,
						.mta_version = "Postfix 3.7.11",
					});
}

void bench_mail(struct bench *bench, const char *sender_path)
{
	session_mail(bench->session, &(struct session_mail){.sender_path = sender_path},
		     &bench->clock);
}

/* SMTP mail of a local application. */
void bench_local_mail(struct bench *bench, const char *sender_path)
{
	bench_connect(bench, "127.0.0.1", NULL);
	bench_mail(bench, sender_path);
}

void bench_sendmail_mail(struct bench *bench, const char *queue_id)
{
	bench_connect(bench, "127.0.0.1", NULL);
	session_mail(bench->session,
		     &(struct session_mail){.sender_path = "app@svc.example", .queue_id = queue_id},
		     &bench->clock);
}

enum session_step bench_rcpt(struct bench *bench, const char *path)
{
	return session_rcpt(bench->session, path, NULL, &bench->clock, &bench->reply);
}

void bench_add_rcpt(struct bench *bench, const char *path)
{
	assert_int_equal(bench_rcpt(bench, path), SESSION_CONTINUE);
}

void bench_header(struct bench *bench, const char *name, const char *value)
{
	session_header(bench->session, name, value);
}

enum session_step bench_eoh(struct bench *bench)
{
	return session_eoh(bench->session, "4XyZ1", &bench->clock, &bench->reply);
}

/* A local application's reset to one recipient. */
enum session_step bench_reset_to(struct bench *bench, const char *path)
{
	bench_local_mail(bench, "<app@svc.example>");
	bench_add_rcpt(bench, path);
	bench_header(bench, "X-Mail-Class", "password-reset");
	return bench_eoh(bench);
}

/* ---- set up ---- */

int bench_set_up(void **state)
{
	char path[64];
	int fd;

	(void)state;
	milterplace_make(&bench_place, BENCH_NOW);
	snprintf(path, sizeof path, "%s/log", bench_place.root);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	log_file = open(path, O_RDONLY);
	assert_true(fd >= 0 && log_file >= 0);
	/* cmocka goes on writing to where it did. */
	stderr = fdopen(dup(STDERR_FILENO), "w");
	assert_non_null(stderr);
	setvbuf(stderr, NULL, _IONBF, 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	log_open(LOG_TO_STDERR, LOG_LEVEL_INFO, "test");
	mime_init();
	return 0;
}

int bench_tear_down(void **state)
{
	(void)state;
	close(log_file);
	milterplace_remove(&bench_place);
	return 0;
}
