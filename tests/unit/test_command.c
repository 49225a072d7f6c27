/* SPDX-License-Identifier: BSD-2-Clause */
/* Real commands: what they are given, and what may come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "resetguard/command.h"

struct place {
	char script[64];
	char output[COMMAND_OUTPUT_MAX + 1];
	struct why why;
	int64_t timeout_ms;
	int stop;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	int fd;

	if (place == NULL)
		return -1;
	strcpy(place->script, "/tmp/test_command.XXXXXX");
	fd = mkstemp(place->script);
	if (fd < 0)
		return -1;
	close(fd);
	place->timeout_ms = 60 * 1000;
	place->stop = -1;
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	unlink(place->script);
	free(place);
	return 0;
}

static enum err run_words(struct place *place, const char *command, const char *input)
{
	const struct command_options options = {
		.command = command,
		.input = {input, strlen(input)},
		.timeout_ms = place->timeout_ms,
		.stop = place->stop,
	};

	return command_run(&options, place->output, &place->why);
}

/* text is the script of a shell that the test asks for by name. */
static enum err run_script(struct place *place, const char *text, const char *input)
{
	char command[128];
	FILE *file = fopen(place->script, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	snprintf(command, sizeof command, "/bin/sh %s", place->script);
	return run_words(place, command, input);
}

static void it_gets_the_input(void **state)
{
	struct place *place = *state;

	assert_int_equal(run_words(place, "/bin/cat", "one change"), ERR_OK);
	assert_string_equal(place->output, "one change");
	assert_int_equal(run_words(place, "/bin/cat", ""), ERR_OK);
	assert_string_equal(place->output, "");
}

static void one_that_does_not_read_is_none_the_worse(void **state)
{
	struct place *place = *state;
	char input[COMMAND_INPUT_MAX + 2];

	memset(input, 'x', sizeof input);
	input[COMMAND_INPUT_MAX] = '\0';
	for (int i = 0; i < 20; i++)
		assert_int_equal(run_words(place, "/bin/true", input), ERR_OK);
	input[COMMAND_INPUT_MAX] = 'x';
	input[COMMAND_INPUT_MAX + 1] = '\0';
	assert_int_equal(run_words(place, "/bin/true", input), ERR_UNAVAILABLE);
}

static void no_shell_sees_it(void **state)
{
	struct place *place = *state;

	assert_int_equal(run_words(place, "/bin/echo  $HOME;\t`id` | * 'a b' >/x", ""), ERR_OK);
	assert_string_equal(place->output, "$HOME; `id` | * 'a b' >/x\n");
}

static void its_surroundings_are_clean(void **state)
{
	struct place *place = *state;

	setenv("RESETGUARD_SECRET", "key", 1);
	assert_int_equal(run_words(place, "/usr/bin/env", ""), ERR_OK);
	assert_string_equal(place->output,
			    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
	assert_int_equal(run_words(place, "/bin/pwd", ""), ERR_OK);
	assert_string_equal(place->output, "/\n");
	assert_true(dup(0) >= 0); /* one that is not close-on-exec */
	assert_int_equal(run_words(place, "/bin/ls /proc/self/fd", ""), ERR_OK);
	assert_string_equal(place->output, "0\n1\n2\n3\n");
}

static void signals_are_as_after_login(void **state)
{
	struct place *place = *state;
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(run_words(place, "/bin/grep -E ^Sig(Blk|Ign): /proc/self/status", ""),
			 ERR_OK);
	/* Two of the C library's own, 32 and 33, it ignores itself in what it spawns. */
	assert_non_null(strstr(place->output, "SigBlk:\t0000000000000000\n"));
	assert_non_null(strstr(strstr(place->output, "SigIgn:"), "80000000\n"));
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
}

static void how_it_ended_is_told(void **state)
{
	struct place *place = *state;

	assert_int_equal(run_script(place, "echo why; exit 3", ""), ERR_UNAVAILABLE);
	assert_string_equal(place->why.text, "ended with status 3");
	assert_string_equal(place->output, "why\n");
	assert_int_equal(run_script(place, "kill -9 $$", ""), ERR_UNAVAILABLE);
	assert_string_equal(place->why.text, "ended by signal 9");
	assert_int_equal(run_words(place, "/nowhere/command", ""), ERR_UNAVAILABLE);
	assert_string_equal(place->why.text,
			    "/nowhere/command cannot be started: No such file or directory");
}

static void what_it_prints_is_bounded(void **state)
{
	struct place *place = *state;

	assert_int_equal(run_script(place, "head -c 10000000 /dev/zero | tr '\\0' x; echo end >&2", ""),
			 ERR_OK);
	assert_int_equal(strlen(place->output), COMMAND_OUTPUT_MAX);
}

/* With all that it started: the pipe that they hold would not end otherwise. */
static void one_that_hangs_is_killed(void **state)
{
	struct place *place = *state;
	int ends[2];
	char script[128];
	char byte;

	assert_int_equal(pipe(ends), 0);
	place->timeout_ms = 300;
	snprintf(script, sizeof script, "exec 9<>/proc/%d/fd/%d; echo here; sleep 1000 & sleep 1000",
		 getpid(), ends[1]);
	assert_int_equal(run_script(place, script, ""), ERR_UNAVAILABLE);
	assert_string_equal(place->why.text, "still running after 0 s, and was killed");
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	assert_int_equal(run_script(place, "while :; do echo noise; done", ""), ERR_UNAVAILABLE);
}

static void what_it_leaves_behind_is_not_waited_for(void **state)
{
	struct place *place = *state;

	assert_int_equal(run_script(place, "echo first; sleep 2 &\nexit 0", ""), ERR_OK);
	assert_string_equal(place->output, "first\n");
}

static void it_can_be_stopped(void **state)
{
	struct place *place = *state;

	place->stop = eventfd(1, EFD_CLOEXEC);
	assert_true(place->stop >= 0);
	assert_int_equal(run_words(place, "/bin/sleep 1000", ""), ERR_BUSY);
	close(place->stop);
}

static void words_have_a_limit(void **state)
{
	struct place *place = *state;
	char command[4 * COMMAND_WORDS_MAX] = "/bin/true";

	for (unsigned i = 1; i < COMMAND_WORDS_MAX; i++)
		strcat(command, " x");
	assert_int_equal(run_words(place, command, ""), ERR_OK);
	strcat(command, " x");
	assert_int_equal(run_words(place, command, ""), ERR_UNAVAILABLE);
	assert_int_equal(run_words(place, " ", ""), ERR_UNAVAILABLE);
}

static void a_program_gets_its_words_as_they_are(void **state)
{
	struct place *place = *state;
	const char *const words[] = {"/bin/sh", "-c", "printf '<%s>' \"$@\"; echo wrong >&2", "sh",
				     "a b", "", "$x 'y'", NULL};
	char output[64];
	char errors[COMMAND_OUTPUT_MAX + 1];

	assert_int_equal(command_run_words(words, 60000, output, sizeof output, errors, &place->why),
			 ERR_OK);
	assert_string_equal(output, "<a b><><$x 'y'>");
	assert_string_equal(errors, "wrong\n");
}

/* As in a daemon: the pipes get the numbers that the program's own streams are to have. */
static int talk_without_streams(void)
{
	const char *const words[] = {"/bin/sh", "-c", "echo out; echo err >&2", NULL};
	const struct command_options cat = {
		.command = "/bin/cat", .input = {"through", 7}, .timeout_ms = 60000, .stop = -1};
	char output[COMMAND_OUTPUT_MAX + 1];
	char errors[COMMAND_OUTPUT_MAX + 1];
	struct why why;

	for (int fd = 0; fd <= 2; fd++)
		close(fd);
	if (command_run_words(words, 60000, output, sizeof output, errors, &why) != ERR_OK ||
	    strcmp(output, "out\n") != 0 || strcmp(errors, "err\n") != 0)
		return 1;
	if (command_run(&cat, output, &why) != ERR_OK || strcmp(output, "through") != 0)
		return 2;
	return 0;
}

static void streams_that_are_closed_are_no_hindrance(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		exit(talk_without_streams());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void what_a_program_prints_too_much_is_an_error(void **state)
{
	struct place *place = *state;
	const char *const words[] = {"/bin/sh", "-c",
				     "printf 12345678; head -c 100000 /dev/zero >&2; true", NULL};
	const char *const missing[] = {"/nonexistent/program", NULL};
	char output[10];
	char errors[COMMAND_OUTPUT_MAX + 1];

	assert_int_equal(command_run_words(words, 60000, output, 10, errors, &place->why), ERR_OK);
	assert_string_equal(output, "12345678");
	assert_int_equal(command_run_words(words, 60000, output, 9, errors, &place->why),
			 ERR_UNAVAILABLE);
	assert_int_equal(command_run_words(missing, 60000, output, 10, errors, &place->why),
			 ERR_UNAVAILABLE);
	assert_non_null(strstr(place->why.text, "/nonexistent/program"));
}

static void programs_are_found_where_commands_find_them(void **state)
{
	char *path = command_find("sh");

	(void)state;
	assert_non_null(path);
	assert_int_equal(access(path, X_OK), 0);
	free(path);
	assert_null(command_find("no-such-program"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_gets_the_input),
		TEST(one_that_does_not_read_is_none_the_worse),
		TEST(no_shell_sees_it),
		TEST(its_surroundings_are_clean),
		TEST(signals_are_as_after_login),
		TEST(how_it_ended_is_told),
		TEST(what_it_prints_is_bounded),
		TEST(one_that_hangs_is_killed),
		TEST(what_it_leaves_behind_is_not_waited_for),
		TEST(it_can_be_stopped),
		TEST(words_have_a_limit),
		TEST(a_program_gets_its_words_as_they_are),
		TEST(streams_that_are_closed_are_no_hindrance),
		TEST(what_a_program_prints_too_much_is_an_error),
		TEST(programs_are_found_where_commands_find_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
