/* SPDX-License-Identifier: BSD-2-Clause */
/* knock: whether somebody answers at a milter's socket, for us and for the MTA. */
#include "knock.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live.h"
#include "milters.h"

enum err knock(const char *socket, pid_t *pid, struct why *why)
{
	struct milters_socket place;
	char text[PATH_MAX + sizeof "unix:"];

	if (milters_socket_read(socket, &place) != ERR_OK)
		return err_why(ERR_NOT_FOUND, why, "%s: only who passes it on knows where it is",
			       socket);
	if (place.path[0] != '\0')
		snprintf(text, sizeof text, "unix:%s", place.path);
	else
		snprintf(text, sizeof text, strchr(place.host, ':') == NULL ? "%s:%s" : "[%s]:%s",
			 place.host, place.port);
	return live_knock(text, pid, why);
}

/* ---- as another ---- */

/* Returns errno. */
static int become(const struct knock_as *as)
{
	if (setgid(as->user.gid) != 0 || initgroups(as->user.name, as->user.gid) != 0)
		return errno;
	if (as->chrooted && chroot(as->directory) != 0)
		return errno;
	if (chdir(as->chrooted ? "/" : as->directory) != 0)
		return errno;
	return setuid(as->user.uid) == 0 ? 0 : errno;
}

/* The first directory on the way that may not be passed, or the socket itself. */
static void find_barrier(const char *path, char *where, size_t size)
{
	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		snprintf(where, size, "%.*s", (int)(slash - path), path);
		if (access(where, X_OK) != 0)
			return;
	}
	snprintf(where, size, "%s", path);
}

static struct knock_result try(const struct knock_as *as)
{
	struct knock_result result = {.where = ""};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	result.failure = become(as);
	if (result.failure != 0)
		return result;
	if (strlen(as->path) >= sizeof address.sun_path) {
		result.failure = ENAMETOOLONG;
		return result;
	}
	strcpy(address.sun_path, as->path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* EAGAIN: its backlog is full, but we may. */
	if (fd < 0 ||
	    (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EAGAIN))
		result.failure = errno;
	if (result.failure == EACCES)
		find_barrier(as->path, result.where, sizeof result.where);
	return result;
}

enum err knock_as(const struct knock_as *as, struct knock_result *result, struct why *why)
{
	struct knock_result tried = {.where = ""};
	int ends[2];
	pid_t child;
	ssize_t length;

	if (pipe(ends) != 0)
		return err_why_errno(errno, why, "cannot make a pipe");
	child = fork();
	if (child == 0) {
		tried = try(as);
		length = write(ends[1], &tried, sizeof tried);
		_exit(length == (ssize_t)sizeof tried ? 0 : 1);
	}
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return err_why_errno(errno, why, "cannot start a process");
	}
	/* What it says fits into the pipe. */
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	length = read(ends[0], &tried, sizeof tried);
	close(ends[0]);
	if (length != (ssize_t)sizeof tried)
		return err_why(ERR_IO, why, "the process that tried ended early");
	*result = tried;
	return ERR_OK;
}
