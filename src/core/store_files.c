/* SPDX-License-Identifier: BSD-2-Clause */
/* store_files: the files of an LMDB environment, as the file system shows them. */
#include "store_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum err store_paths_init(const char *directory, struct store_paths *paths)
{
	paths->directory = strdup(directory);
	if (asprintf(&paths->data, "%s/data.mdb", directory) < 0)
		paths->data = NULL;
	if (asprintf(&paths->lock, "%s/lock.mdb", directory) < 0)
		paths->lock = NULL;
	if (paths->directory == NULL || paths->data == NULL || paths->lock == NULL)
		return ERR_NO_MEMORY;
	return ERR_OK;
}

void store_paths_free(struct store_paths *paths)
{
	free(paths->directory);
	free(paths->data);
	free(paths->lock);
}

struct file_id file_id_of(const struct stat *status)
{
	return (struct file_id){.device = status->st_dev, .inode = status->st_ino};
}

bool file_id_equal(const struct file_id *a, const struct file_id *b)
{
	return a->device == b->device && a->inode == b->inode;
}

static enum err look_at(int directory, const char *path, const char *remedy, struct stat *status,
			struct why *why)
{
	if (fstatat(directory, strrchr(path, '/') + 1, status, 0) != 0) {
		if (errno == ENOENT)
			return err_why(ERR_NO_INPUT, why, "%s is not there: %s", path, remedy);
		return err_why_errno(errno, why, "%s", path);
	}
	if (!S_ISREG(status->st_mode))
		return err_why(ERR_DAMAGED, why, "%s is no regular file: move it away", path);
	return ERR_OK;
}

static const char DATA_REMEDY[] = "restore a backup or run 'resetguard import'";
static const char LOCK_REMEDY[] = "whatever writes makes it, e.g. 'resetguard refresh'";

enum err store_files_look(const struct store_paths *paths, struct store_files *files,
			  struct why *why)
{
	struct stat data;
	struct stat lock;

	/* Both in one directory, even if it is being exchanged. */
	int directory = open(paths->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		if (errno == ENOENT)
			return err_why(ERR_NO_INPUT, why, "%s is not there: %s", paths->data,
				       DATA_REMEDY);
		return err_why_errno(errno, why, "%s", paths->directory);
	}
	enum err err = look_at(directory, paths->data, DATA_REMEDY, &data, why);
	if (err == ERR_OK)
		err = look_at(directory, paths->lock, LOCK_REMEDY, &lock, why);
	close(directory);
	if (err != ERR_OK)
		return err;
	*files = (struct store_files){
		.data = file_id_of(&data),
		.lock = file_id_of(&lock),
		.data_size = data.st_size,
	};
	return ERR_OK;
}

enum err store_files_check(const struct store_paths *paths, struct store_files *files,
			   struct why *why)
{
	enum err err = store_files_look(paths, files, why);
	if (err != ERR_OK)
		return err;
	if (faccessat(AT_FDCWD, paths->lock, R_OK | W_OK, AT_EACCESS) != 0)
		return err_why(ERR_PERMISSION, why,
			       "%s: %s: readers too must be able to write it: make the user a member "
			       "of its group; a file system mounted read-only will not do",
			       paths->lock, strerror(errno));
	if (files->data_size == 0)
		return store_files_cut_short(paths, 0, why);
	return ERR_OK;
}

enum err store_files_make(const struct store_paths *paths, bool *new, struct why *why)
{
	struct stat status;
	enum err err = ERR_OK;

	bool missing = stat(paths->data, &status) != 0 && errno == ENOENT;
	if (missing && unlink(paths->lock) != 0 && errno != ENOENT)
		return err_why_errno(errno, why, "%s", paths->lock);

	/* mdb_env_open would apply the umask. Closed before it is called: closing
	 * it later would drop LMDB's own lock. */
	int fd = open(paths->lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, STORE_LOCK_MODE);
	if (fd < 0)
		return err_why_errno(errno, why, "%s", paths->lock);
	if (fstat(fd, &status) != 0 ||
	    ((status.st_mode & 07777) != STORE_LOCK_MODE && fchmod(fd, STORE_LOCK_MODE) != 0))
		err = err_why_errno(errno, why, "%s: cannot set its mode to %04o", paths->lock,
				    STORE_LOCK_MODE);
	close(fd);
	if (err == ERR_OK)
		*new = missing;
	return err;
}

enum err store_files_lock(const struct store_paths *paths, int *lock, struct why *why)
{
	int fd = open(paths->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_why_errno(errno, why, "%s", paths->directory);

	while (flock(fd, LOCK_EX) != 0) {
		if (errno == EINTR)
			continue;
		enum err err = err_why_errno(errno, why, "%s: cannot lock it", paths->directory);
		close(fd);
		return err;
	}
	*lock = fd;
	return ERR_OK;
}

enum err store_files_cut_short(const struct store_paths *paths, off_t size, struct why *why)
{
	return err_why(ERR_DAMAGED, why,
		       "%s is cut short at %lld bytes: restore a backup, or move the directory away "
		       "and run 'resetguard import'",
		       paths->data, (long long)size);
}
