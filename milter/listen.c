/* SPDX-License-Identifier: BSD-2-Clause */
/* listen: the socket's place in the file system. */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "resetguard/log.h"

enum { GROUP_BUFFER_SIZE = 65536 };

/* The path of a UNIX socket, or NULL. */
static const char *unix_path(const char *socket_name)
{
	static const char prefix[] = "unix:";
	size_t length = sizeof prefix - 1;

	return strncmp(socket_name, prefix, length) == 0 ? socket_name + length : NULL;
}

static bool somebody_listens(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool connected;

	if (fd < 0)
		return false;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	/* EAGAIN: its backlog is full. */
	connected =
		connect(fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN;
	close(fd);
	return connected;
}

static enum err check_directory(const struct conf *conf, const char *key, const char *path,
				struct why *why)
{
	char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	const char *slash = strrchr(path, '/');
	int length = slash > path ? (int)(slash - path) : 1;
	struct stat status;

	snprintf(directory, sizeof directory, "%.*s", length, path);
	if (stat(directory, &status) != 0 && errno == ENOENT)
		return err_why(ERR_CONFIG, why,
			       "%s: there is no directory %s; make it: install -d -o %s -m "
			       "0755 %s",
			       key, directory, conf->milter_user, directory);
	if (stat(directory, &status) != 0)
		return err_why_errno(errno, why, "%s: %s", key, directory);
	if (!S_ISDIR(status.st_mode))
		return err_why(ERR_CONFIG, why, "%s: %s is not a directory", key, directory);
	return ERR_OK;
}

enum err listen_check(const struct conf *conf, const struct listen_key *key, struct why *why)
{
	const char *path = unix_path(key->value);
	struct stat status;
	enum err err;

	if (path == NULL)
		return ERR_OK;
	err = check_directory(conf, key->name, path, why);
	if (err != ERR_OK)
		return err;
	if (lstat(path, &status) != 0)
		return errno == ENOENT ? ERR_OK
				       : err_why_errno(errno, why, "%s: %s", key->name, path);
	if (!S_ISSOCK(status.st_mode))
		return err_why(ERR_CONFIG, why,
			       "%s: %s is there and is not a socket; remove it or choose "
			       "another path",
			       key->name, path);
	if (somebody_listens(path))
		return err_why(ERR_BUSY, why,
			       "%s: another process listens on %s; is the milter running "
			       "already?",
			       key->name, path);
	return ERR_OK;
}

static enum err find_group(const char *name, gid_t *gid, struct why *why)
{
	char *buffer = malloc(GROUP_BUFFER_SIZE);
	struct group entry;
	struct group *found = NULL;
	int failure = ENOMEM;

	if (buffer != NULL)
		failure = getgrnam_r(name, &entry, buffer, GROUP_BUFFER_SIZE, &found);
	if (found != NULL)
		*gid = entry.gr_gid;
	free(buffer);
	if (failure != 0)
		return err_why_errno(failure, why, "socket_group: looking up %s", name);
	if (found == NULL)
		return err_why(ERR_CONFIG, why,
			       "socket_group: there is no group %s; name the one that the MTA "
			       "runs as, or none",
			       name);
	return ERR_OK;
}

static enum err give(const char *path, const char *group, uid_t owner, struct why *why)
{
	gid_t gid = (gid_t)-1;
	struct stat is;
	enum err err = ERR_OK;

	if (group != NULL)
		err = find_group(group, &gid, why);
	/* Its group may come from its directory: a service manager that lets us give
	 * nothing away has nothing to refuse then. */
	if (err == ERR_OK && lstat(path, &is) == 0 && (owner == (uid_t)-1 || is.st_uid == owner) &&
	    (gid == (gid_t)-1 || is.st_gid == gid))
		return ERR_OK;
	if (err == ERR_OK && fchownat(AT_FDCWD, path, owner, gid, AT_SYMLINK_NOFOLLOW) != 0)
		err = err_why_errno(errno, why, "socket_group: cannot give %s to group %s", path,
				    group != NULL ? group : "-");
	return err;
}

enum err listen_hand_over(const struct conf *conf, const struct listen_key *key, uid_t owner,
			  struct why *why)
{
	const char *path = unix_path(key->value);
	struct why reason;
	enum err err;

	if (path == NULL)
		return ERR_OK;
	err = give(path, conf->socket_group, owner, &reason);
	if (err != ERR_OK && geteuid() == 0)
		return err_why(err, why, "%s", reason.text);
	if (err != ERR_OK)
		log_line(LOG_LEVEL_WARNING, "%s", reason.text);
	if (fchmodat(AT_FDCWD, path, conf->socket_mode, AT_SYMLINK_NOFOLLOW) != 0)
		return err_why_errno(errno, why, "socket_mode: cannot change the mode of %s", path);
	return ERR_OK;
}

void listen_remove(const char *socket_name)
{
	const char *path = unix_path(socket_name);

	/* Its directory may be the MTA's: then it stays, and is replaced at the next start. */
	if (path != NULL)
		(void)unlink(path);
}
