/* SPDX-License-Identifier: BSD-2-Clause */
/* command: runs a command that an operator has configured. */
#include "resetguard/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "resetguard/time.h"

_Static_assert(COMMAND_INPUT_MAX <= PIPE_BUF, "a write to an empty pipe does not wait");

#define PATH_VARIABLE "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
	FIRST_OTHER_FD = STDERR_FILENO + 1,
	PIPE_PARTS = 16, /* of 4 KiB */
};

struct running {
	pid_t pid;
	int pidfd;
	int output; /* what it writes; -1: closed */
	int errors; /* where else its standard error goes; -1: with the rest */
	char *kept;
	size_t length;
	size_t room; /* beyond length */
};

/* The words of text, in place. ERR_TOO_LONG. */
static enum err split(char *text, char *words[COMMAND_WORDS_MAX + 1])
{
	static const char blanks[] = " \t";
	size_t count = 0;
	char *rest;

	for (char *word = strtok_r(text, blanks, &rest); word != NULL;
	     word = strtok_r(NULL, blanks, &rest)) {
		if (count == COMMAND_WORDS_MAX)
			return ERR_TOO_LONG;
		words[count++] = word;
	}
	words[count] = NULL;
	return count == 0 ? ERR_NO_INPUT : ERR_OK;
}

/* ---- starting ---- */

/* The reading end of a pipe with the whole input in it, or an errno below 0. Nobody
 * reads yet, and nobody need: so a command that does not read cannot hold us up, or
 * end us. */
static int fill_pipe(struct bytes input)
{
	int ends[2];
	ssize_t written;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	written = write(ends[1], input.data, input.length);
	close(ends[1]);
	if (written == (ssize_t)input.length)
		return ends[0];
	close(ends[0]);
	return -EIO;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;
	int failure;

	sigemptyset(&none);
	sigfillset(&all);
	failure = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
							       POSIX_SPAWN_SETSIGMASK |
							       POSIX_SPAWN_SETSIGDEF);
	if (failure == 0)
		failure = posix_spawnattr_setsigmask(attributes, &none);
	if (failure == 0)
		failure = posix_spawnattr_setsigdefault(attributes, &all);
	return failure;
}

static int set_actions(posix_spawn_file_actions_t *actions, int input, int output, int errors)
{
	int failure = posix_spawn_file_actions_addchdir_np(actions, "/");

	if (failure == 0)
		failure = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);
	if (failure == 0)
		failure = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
	if (failure == 0)
		failure = posix_spawn_file_actions_adddup2(actions, errors, STDERR_FILENO);
	if (failure == 0)
		failure = posix_spawn_file_actions_addclosefrom_np(actions, FIRST_OTHER_FD);
	return failure;
}

static int spawn(char *const words[], int input, int output, int errors, pid_t *pid)
{
	char variable[] = PATH_VARIABLE;
	char *environment[] = {variable, NULL};
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	int failure = posix_spawnattr_init(&attributes);

	if (failure != 0)
		return failure;
	failure = posix_spawn_file_actions_init(&actions);
	if (failure == 0) {
		failure = set_attributes(&attributes);
		if (failure == 0)
			failure = set_actions(&actions, input, output, errors);
		if (failure == 0)
			failure = posix_spawn(pid, words[0], &actions, &attributes, words,
					      environment);
		posix_spawn_file_actions_destroy(&actions);
	}
	posix_spawnattr_destroy(&attributes);
	return failure;
}

/* The descriptors 0 to 2 may be closed in a daemon, so that a pipe gets one of them, and
 * the actions above would overwrite it before it is used. */
static int move_up(int *descriptor)
{
	int moved;

	if (*descriptor >= FIRST_OTHER_FD)
		return 0;
	moved = fcntl(*descriptor, F_DUPFD_CLOEXEC, FIRST_OTHER_FD);
	if (moved < 0)
		return errno;
	close(*descriptor);
	*descriptor = moved;
	return 0;
}

static int start(char *const words[], struct bytes input_bytes, struct running *running)
{
	int ends[2];
	int failure = 0;
	int input = fill_pipe(input_bytes);

	if (input < 0)
		return -input;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		failure = errno;
		close(input);
		return failure;
	}
	failure = move_up(&input);
	if (failure == 0)
		failure = move_up(&ends[1]);
	if (failure == 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
		failure = errno;
	if (failure == 0)
		failure = spawn(words, input, ends[1],
				running->errors < 0 ? ends[1] : running->errors, &running->pid);
	close(input);
	close(ends[1]);
	running->output = ends[0];
	return failure;
}

/* ---- running ---- */

/* Takes what is there, and keeps the first of it; a pipe's worth at a time, since one
 * that writes without end must not keep us from looking at the clock. */
static void take_output(struct running *running)
{
	char chunk[4096];

	for (unsigned i = 0; i < PIPE_PARTS && running->output >= 0; i++) {
		ssize_t got = read(running->output, chunk, sizeof chunk);
		size_t kept;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			close(running->output);
			running->output = -1;
			continue;
		}
		kept = (size_t)got < running->room ? (size_t)got : running->room;
		memcpy(running->kept + running->length, chunk, kept);
		running->length += kept;
		running->room -= kept;
	}
}

/* Until it has ended, its time is up, or it is to be stopped. */
static enum err wait_for_end(struct running *running, const struct command_options *options)
{
	int64_t deadline = time_monotonic_ms() + options->timeout_ms;

	running->pidfd = pidfd_open(running->pid, 0);
	if (running->pidfd < 0)
		return err_from_errno(errno);
	for (;;) {
		struct pollfd events[] = {
			{.fd = running->pidfd, .events = POLLIN},
			{.fd = running->output, .events = POLLIN},
			{.fd = options->stop, .events = POLLIN},
		};
		int64_t left = deadline - time_monotonic_ms();
		int ready;

		if (left <= 0)
			return ERR_UNAVAILABLE;
		ready = poll(events, sizeof events / sizeof events[0],
			     left < INT_MAX ? (int)left : INT_MAX);
		if (ready < 0 && errno != EINTR)
			return ERR_IO;
		if (ready <= 0)
			continue;
		if (events[1].revents != 0)
			take_output(running);
		if (events[0].revents != 0)
			return ERR_OK;
		if (events[2].revents != 0)
			return ERR_BUSY;
	}
}

static enum err judge_status(int status, struct why *why)
{
	if (WIFSIGNALED(status))
		return err_why(ERR_UNAVAILABLE, why, "ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_why(ERR_UNAVAILABLE, why, "ended with status %d", WEXITSTATUS(status));
	return ERR_OK;
}

static enum err finish(struct running *running, const struct command_options *options,
		       struct why *why)
{
	enum err err = wait_for_end(running, options);
	int status = 0;

	if (err != ERR_OK)
		(void)kill(-running->pid, SIGKILL);
	while (waitpid(running->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (running->output >= 0)
		take_output(running);
	if (err == ERR_OK)
		return judge_status(status, why);
	if (err == ERR_UNAVAILABLE)
		return err_why(err, why, "still running after %lld s, and was killed",
			       (long long)(options->timeout_ms / 1000));
	return err_why(err, why, "killed: %s", err == ERR_BUSY ? "we end" : err_text(err));
}

static enum err run(char *const words[], const struct command_options *options,
		    struct running *running, struct why *why)
{
	int failure = start(words, options->input, running);
	enum err err;

	if (failure == 0)
		err = finish(running, options, why);
	else
		err = err_why(ERR_UNAVAILABLE, why, "%s cannot be started: %s", words[0],
			      strerror(failure));
	running->kept[running->length] = '\0';
	if (running->output >= 0)
		close(running->output);
	if (running->pidfd >= 0)
		close(running->pidfd);
	return err;
}

enum err command_run(const struct command_options *options, char output[COMMAND_OUTPUT_MAX + 1],
		     struct why *why)
{
	struct running running = {.kept = output,
				  .room = COMMAND_OUTPUT_MAX,
				  .pidfd = -1,
				  .output = -1,
				  .errors = -1};
	char *words[COMMAND_WORDS_MAX + 1];
	char *text;
	enum err err;

	output[0] = '\0';
	if (options->input.length > COMMAND_INPUT_MAX)
		return err_why(ERR_UNAVAILABLE, why, "an input of more than %d bytes",
			       COMMAND_INPUT_MAX);
	text = strdup(options->command);
	if (text == NULL)
		return err_why(ERR_UNAVAILABLE, why, "out of memory");
	err = split(text, words);
	if (err != ERR_OK)
		err = err_why(ERR_UNAVAILABLE, why, "is to have 1 to %d words", COMMAND_WORDS_MAX);
	else
		err = run(words, options, &running, why);
	free(text);
	return err;
}

/* A file of a fixed size: what is written behind its end is lost. */
static int open_errors(void)
{
	int fd = memfd_create("errors", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, COMMAND_OUTPUT_MAX) != 0 ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) != 0 || move_up(&fd) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

enum err command_run_words(const char *const words[], int64_t timeout_ms, char *output,
			   size_t size, char errors[COMMAND_OUTPUT_MAX + 1], struct why *why)
{
	const struct command_options options = {
		.input = {"", 0}, .timeout_ms = timeout_ms, .stop = -1};
	struct running running = {
		.kept = output, .room = size - 1, .pidfd = -1, .output = -1, .errors = open_errors()};
	enum err err;
	ssize_t length;

	output[0] = '\0';
	errors[0] = '\0';
	if (running.errors < 0)
		return err_why(ERR_UNAVAILABLE, why, "%s cannot be started: %s", words[0],
			       strerror(errno));
	/* exec(3) does not write to its words. */
	err = run((char *const *)(uintptr_t)words, &options, &running, why);
	length = pread(running.errors, errors, COMMAND_OUTPUT_MAX, 0);
	errors[length < 0 ? 0 : length] = '\0';
	close(running.errors);
	if (err == ERR_OK && running.room == 0)
		err = err_why(ERR_UNAVAILABLE, why, "%s says more than %zu bytes", words[0], size - 2);
	return err;
}

char *command_find(const char *name)
{
	char directories[] = PATH_VARIABLE;
	char *rest;
	char *path;

	(void)strtok_r(directories, "=", &rest);
	for (char *directory = strtok_r(NULL, ":", &rest); directory != NULL;
	     directory = strtok_r(NULL, ":", &rest)) {
		if (asprintf(&path, "%s/%s", directory, name) < 0)
			return NULL;
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}
