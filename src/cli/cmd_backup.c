/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backup: the whole cache and its key in one file.
 *
 * The file is made by who was asked to, root for example, and the cache is read by
 * updater_user, in a process of its own: one cannot do what the other may.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "resetguard/backup.h"
#include "resetguard/cache_backup.h"

/* Of the child, where some records are damaged: no error's, as 75 would be. */
enum { CHILD_IN_PART = 1 };

static void report(struct cli *cli, const struct cache_backup *backup)
{
	const uint64_t *entries = backup->entries;

	cli_say(cli,
		"backed up %" PRIu64 " domains, %" PRIu64 " addresses, %" PRIu64 " pins, %" PRIu64
		" events",
		entries[STORE_FACTS], entries[STORE_ADDRESSES], entries[STORE_PINS],
		entries[STORE_HISTORY]);
	if (backup->damaged == 0)
		return;
	cli_say(cli,
		"%" PRIu64 " records are damaged, and are so in the backup: 'resetguard export' "
		"names them, 'resetguard refresh' replaces those of domains",
		backup->damaged);
	cli->deferred = true;
}

/* Written, then read again where that is possible. */
static void write_backup(struct cli *cli, FILE *stream, bool verified)
{
	struct cache_backup backup;
	struct cache_txn *txn;
	struct why why = {""};
	enum err err;

	if (!cli_open_conf(cli) || !cli_open_reader(cli) || !cli_read_begin(cli, &txn))
		return;
	err = cache_backup_write(txn, cli->now, stream, &backup, &why);
	cache_read_end(txn);
	if (err == ERR_OK && verified) {
		if (fseeko(stream, 0, SEEK_SET) != 0)
			err = err_why_errno(errno, &why, "the backup cannot be read again");
		else
			err = cache_backup_verify(stream, &backup, &why);
	}
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text);
	else
		report(cli, &backup);
}

/* What is there is replaced only by a later backup of the same. */
static bool may_replace(struct cli *cli, const char *path)
{
	char start[BACKUP_BEGIN_MAX];
	struct stat status;
	ssize_t length;
	int fd;

	if (lstat(path, &status) != 0) {
		if (errno != ENOENT)
			cli_error(cli, err_from_errno(errno), "%s: %s", path, strerror(errno));
		return errno == ENOENT;
	}
	if (!S_ISREG(status.st_mode)) {
		cli_error(cli, ERR_CANNOT_CREATE,
			  "%s is no regular file: name another, or '-' for standard output", path);
		return false;
	}
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, start, sizeof start);
	if (fd >= 0)
		close(fd);
	if (length < 0) {
		cli_error(cli, err_from_errno(errno), "%s: %s", path, strerror(errno));
		return false;
	}
	if (length > 0 && !backup_begins((struct bytes){start, (size_t)length})) {
		cli_error(cli, ERR_CANNOT_CREATE,
			  "%s is there and is no backup of resetguard: it is left alone; name "
			  "another file",
			  path);
		return false;
	}
	return true;
}

/* Its exit code, or -1. */
static int write_in_child(struct cli *cli, FILE *stream)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		write_backup(cli, stream, true);
		_exit(cli->failed ? cli_exit_code(cli) : cli->deferred ? CHILD_IN_PART : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		cli_error(cli, err_from_errno(errno), "a process of its own: %s", strerror(errno));
		return -1;
	}
	if (!WIFEXITED(status)) {
		cli_error(cli, ERR_UNAVAILABLE, "the backup was broken off by signal %d",
			  WTERMSIG(status));
		return -1;
	}
	return WEXITSTATUS(status);
}

/* On disk before the name is there, and the name before we say so. */
static enum err put_in_place(int fd, const char *made, const char *path, struct why *why)
{
	char *copy = strdup(path);
	char *slash = copy == NULL ? NULL : strrchr(copy, '/');
	int directory;
	enum err err = ERR_OK;

	if (copy == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	if (slash != NULL)
		slash[slash == copy] = '\0';
	if (fsync(fd) != 0 || rename(made, path) != 0)
		err = err_why_errno(errno, why, "%s", path);
	directory = open(slash == NULL ? "." : copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (err == ERR_OK && (directory < 0 || fsync(directory) != 0))
		err = err_why_errno(errno, why, "%s", slash == NULL ? "." : copy);
	if (directory >= 0)
		close(directory);
	free(copy);
	return err;
}

static void backup_to(struct cli *cli, const char *path)
{
	struct why why = {""};
	char *made;
	FILE *stream = NULL;
	int fd = -1;
	int code;

	if (!may_replace(cli, path))
		return;
	if (asprintf(&made, "%s.XXXXXX", path) < 0) {
		cli_error(cli, ERR_NO_MEMORY, "out of memory");
		return;
	}
	/* Readable by its owner alone: the key is in it. */
	fd = mkostemp(made, O_CLOEXEC);
	if (fd >= 0)
		stream = fdopen(fd, "w+");
	if (stream == NULL) {
		cli_error(cli, ERR_CANNOT_CREATE, "%s: %s", path, strerror(errno));
		if (fd >= 0) {
			close(fd);
			unlink(made);
		}
		free(made);
		return;
	}
	code = write_in_child(cli, stream);
	if (code == 0 || code == CHILD_IN_PART) {
		enum err err = put_in_place(fd, made, path, &why);

		if (err != ERR_OK)
			cli_error(cli, err, "%s", why.text);
		cli->deferred = code == CHILD_IN_PART;
	} else if (code > 0) {
		/* It has said why. */
		cli->failed = true;
		cli->error_code = code;
	}
	if (cli->failed)
		unlink(made);
	fclose(stream);
	free(made);
}

void cmd_backup(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{NULL, 0, NULL, 0}};

	if (getopt_long(argc, argv, "", options, NULL) >= 0 || argc - optind != 1)
		cli_usage_error(cli, "backup: name one file, or '-' for standard output");
	else if (strcmp(argv[optind], "-") != 0)
		backup_to(cli, argv[optind]);
	else if (isatty(STDOUT_FILENO))
		cli_usage_error(cli, "backup: a backup is no text for a terminal");
	else
		write_backup(cli, stdout, false);
}
