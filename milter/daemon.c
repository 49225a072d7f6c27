/* SPDX-License-Identifier: BSD-2-Clause */
/* daemon: going into the background. */
#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child is alive as long as the pipe is open, and ready when it writes. */
static int await_child(int child_end, pid_t child)
{
	char byte;
	ssize_t length;
	int status = 0;

	do
		length = read(child_end, &byte, 1);
	while (length < 0 && errno == EINTR);
	if (length == 1)
		return EXIT_SUCCESS;
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		return WEXITSTATUS(status);
	return EXIT_FAILURE;
}

enum err daemon_detach(int *parent, struct why *why)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_why_errno(errno, why, "cannot make a pipe");
	child = fork();
	if (child < 0) {
		close(ends[0]);
		close(ends[1]);
		return err_why_errno(errno, why, "cannot fork");
	}
	if (child > 0) {
		close(ends[1]);
		_exit(await_child(ends[0], child));
	}
	close(ends[0]);
	(void)setsid();
	*parent = ends[1];
	return ERR_OK;
}

void daemon_release(int parent, bool keep_stderr)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)!chdir("/");
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		if (!keep_stderr)
			(void)dup2(null, STDERR_FILENO);
		if (null > STDERR_FILENO)
			close(null);
	}
	(void)!write(parent, "", 1);
	close(parent);
}
