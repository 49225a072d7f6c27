/* SPDX-License-Identifier: BSD-2-Clause */
/* milterrun: the program itself, and an MTA that talks to it. */
#include "milterrun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/mtamessage.h"

struct milterplace run_place;
static char program[4096];
static pid_t running; /* the milter that a failed test leaves behind; 0: none */

/* ---- the milter's process ---- */

static int bind_notices(char path[sizeof((struct sockaddr_un *)NULL)->sun_path])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", run_place.root);
	(void)unlink(address.sun_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	strcpy(path, address.sun_path);
	return fd;
}

/* The next notice. */
void run_take_notice(const struct run *run, char *notice, size_t size)
{
	struct pollfd readable = {.fd = run->notices, .events = POLLIN};
	ssize_t length;

	assert_int_equal(poll(&readable, 1, RUN_PATIENCE_MS), 1);
	length = recv(run->notices, notice, size - 1, 0);
	assert_true(length >= 0);
	notice[length] = '\0';
}

/* Waits for the notice that begins so. */
void run_await_notice(const struct run *run, const char *beginning)
{
	char notice[256];

	do
		run_take_notice(run, notice, sizeof notice);
	while (strncmp(notice, beginning, strlen(beginning)) != 0);
}

static void exec_milter(const char *notify_path, const char *watchdog_usec)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "%s/log", run_place.root);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC, 0600);
	dup2(fd, STDERR_FILENO);
	setenv("NOTIFY_SOCKET", notify_path, 1);
	unsetenv("WATCHDOG_PID");
	if (watchdog_usec != NULL)
		setenv("WATCHDOG_USEC", watchdog_usec, 1);
	execl(program, "resetguard-milter", "-f", "-c", run_place.conf_path, (char *)NULL);
	_exit(127);
}

struct run run_start_watched(const char *keys, const char *watchdog_usec)
{
	struct run run;
	char notify_path[sizeof((struct sockaddr_un *)NULL)->sun_path];

	milterplace_configure(&run_place, keys);
	run.notices = bind_notices(notify_path);
	snprintf(run.socket, sizeof run.socket, "unix:%s/milter.sock", run_place.root);
	run.pid = fork();
	assert_true(run.pid >= 0);
	if (run.pid == 0)
		exec_milter(notify_path, watchdog_usec);
	running = run.pid;
	run_await_notice(&run, "READY=1");
	return run;
}

struct run run_start(const char *keys)
{
	return run_start_watched(keys, NULL);
}

/* Its exit status. */
int run_await_end(const struct run *run)
{
	int status;

	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	running = 0;
	assert_true(WIFEXITED(status));
	close(run->notices);
	return WEXITSTATUS(status);
}

void run_await_signal(const struct run *run, int number)
{
	int status;

	assert_int_equal(waitpid(run->pid, &status, 0), run->pid);
	running = 0;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), number);
	close(run->notices);
}

void run_kill(const struct run *run)
{
	assert_int_equal(kill(run->pid, SIGKILL), 0);
	assert_int_equal(waitpid(run->pid, NULL, 0), run->pid);
	running = 0;
	close(run->notices);
}

void run_stop(const struct run *run)
{
	assert_int_equal(kill(run->pid, SIGTERM), 0);
	assert_int_equal(run_await_end(run), 0);
}

void run_assert_logged(const char *part)
{
	char path[64];
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof path, "%s/log", run_place.root);
	file = fopen(path, "r");
	assert_non_null(file);
	while (!found && getline(&line, &size, file) >= 0)
		found = strstr(line, part) != NULL;
	free(line);
	if (!found) {
		rewind(file);
		for (int c = getc(file); c != EOF; c = getc(file))
			putc(c, stderr);
	}
	fclose(file);
	if (!found)
		fail_msg("no \"%s\" in the log", part);
}

/* ---- the MTA ---- */

struct mtaclient *run_dial(const struct run *run)
{
	struct mtaclient_settings settings = MTACLIENT_POSTFIX(run->socket);
	char problem[MILTERWIRE_PROBLEM_MAX];
	struct mtaclient *client = mtaclient_open(&settings, problem);

	if (client == NULL)
		fail_msg("%s", problem);
	return client;
}

struct mtaclient *run_connect(const struct run *run, const char *address)
{
	struct mtaclient *client = run_dial(run);

	assert_int_equal(mtaclient_connect(client, "app.svc.example", address, 40000),
			 MTACLIENT_CONTINUE);
	return client;
}

void run_hang_up(struct mtaclient *client)
{
	assert_int_not_equal(mtaclient_quit(client, false), MTACLIENT_FAILED);
	mtaclient_close(client);
}

enum mtaclient_verdict run_send_to(struct mtaclient *client, const char *sender,
				   const char *const *recipients, const char *text)
{
	enum mtaclient_verdict verdict = mtamessage_send(client,
							 &(struct mtamessage){
								 .sender = sender,
								 .recipients = recipients,
								 .text = text,
								 .text_length = strlen(text),
							 },
							 NULL);

	if (verdict == MTACLIENT_FAILED)
		fail_msg("%s", mtaclient_problem(client));
	return verdict;
}

enum mtaclient_verdict run_send(struct mtaclient *client, const char *recipient, const char *text)
{
	return run_send_to(client, "<app@svc.example>", (const char *const[]){recipient, NULL},
			   text);
}

void run_assert_begins(const char *text, const char *beginning)
{
	if (text == NULL || strncmp(text, beginning, strlen(beginning)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", text != NULL ? text : "nothing",
			 beginning);
}

/* One that shows that all is well. */
void run_assert_works(const struct run *run)
{
	struct mtaclient *client = run_connect(run, "127.0.0.1");

	assert_int_equal(run_send(client, "<bob@fine.example>", RUN_RESET), MTACLIENT_ACCEPT);
	assert_int_equal(run_send(client, "<bob@lapsed.example>", RUN_RESET), MTACLIENT_REJECT);
	run_hang_up(client);
}

/* The exit status of a milter that must not start, or of -t; NULL: in the background. */
int run_exit_of(const char *option)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		char path[64];

		snprintf(path, sizeof path, "%s/log", run_place.root);
		dup2(open(path, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC, 0600), STDERR_FILENO);
		execl(program, "resetguard-milter", "-c", run_place.conf_path, option,
		      (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- set up ---- */

int run_set_up(void **state)
{
	const char *build = getenv("BUILD");

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	snprintf(program, sizeof program, "%s/resetguard-milter", build != NULL ? build : ".");
	if (access(program, X_OK) != 0) {
		fprintf(stderr, "%s: %s; BUILD names the build directory\n", program,
			strerror(errno));
		return -1;
	}
	milterplace_make(&run_place, time(NULL));
	return 0;
}

int run_end_leftover(void **state)
{
	(void)state;
	if (running != 0) {
		kill(running, SIGKILL);
		waitpid(running, NULL, 0);
		running = 0;
	}
	return 0;
}

int run_tear_down(void **state)
{
	(void)state;
	milterplace_remove(&run_place);
	return 0;
}
