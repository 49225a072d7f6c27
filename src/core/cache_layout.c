/* SPDX-License-Identifier: BSD-2-Clause */
/* cache_layout: the files and directories below cache_dir, their owners and modes. */
#include "cache_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resetguard/cache.h"
#include "resetguard/cache_health.h"

static const char KEY_FILE[] = "address.key";
static const char KEY_FILE_NEW[] = "address.key.new";
static const char DATA_FILE[] = "cache/data.mdb";
enum { KEY_MODE = 0640 };

/* One thing of the layout. */
struct place {
	const char *path; /* below cache_dir; "" for cache_dir itself */
	mode_t type;
	mode_t mode;
	bool create; /* else it is put right only if it is there */
};

static const struct place LAYOUT[] = {
	{"", S_IFDIR, 02750, true},
	{"cache", S_IFDIR, 02750, true},
	{"wanted", S_IFDIR, 02770, true},
	{"refresh.lock", S_IFREG, 0640, true},
	{DATA_FILE, S_IFREG, 0640, false},
	{"cache/lock.mdb", S_IFREG, 0660, false},
	{KEY_FILE, S_IFREG, KEY_MODE, false},
};

struct ownership {
	uid_t owner;
	gid_t group;
};

static enum err path_of(const char *cache_dir, const char *below, char path[PATH_MAX],
			struct why *why)
{
	const char *slash = below[0] == '\0' ? "" : "/";

	if (snprintf(path, PATH_MAX, "%s%s%s", cache_dir, slash, below) >= PATH_MAX)
		return err_why(ERR_TOO_LONG, why, "cache_dir is too long: %.100s...", cache_dir);
	return ERR_OK;
}

/* Nothing here follows a symbolic link but that to cache_dir itself, which only
 * its parent's owner can have made. A FIFO does not hold us up. */
static int open_place(const struct place *place, const char *path)
{
	int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;

	if (place->path[0] != '\0')
		flags |= O_NOFOLLOW;
	return open(path, flags);
}

static int create_place(const struct place *place, const char *path)
{
	if (place->type == S_IFDIR)
		return mkdir(path, place->mode & 0777);

	int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, place->mode);
	return fd < 0 ? -1 : close(fd);
}

/* A second link may be anybody's file, which root must not give away. */
static enum err check_type(const struct place *place, const struct stat *status, const char *path,
			   struct why *why)
{
	if ((status->st_mode & S_IFMT) != place->type)
		return err_why(ERR_PERMISSION, why, "%s is no %s: move it away", path,
			       place->type == S_IFDIR ? "directory" : "regular file");
	if (place->type == S_IFREG && status->st_nlink != 1)
		return err_why(ERR_PERMISSION, why, "%s has other links: move it away", path);
	return ERR_OK;
}

static enum err put_right(const struct place *place, const struct ownership *wanted, int fd,
			  const char *path, struct why *why)
{
	struct stat is;
	if (fstat(fd, &is) != 0)
		return err_why_errno(errno, why, "%s", path);
	enum err err = check_type(place, &is, path, why);
	if (err != ERR_OK)
		return err;

	uid_t owner = wanted->owner == (uid_t)-1 ? is.st_uid : wanted->owner;
	gid_t group = wanted->group == (gid_t)-1 ? is.st_gid : wanted->group;
	bool chowned = owner != is.st_uid || group != is.st_gid;
	/* fchown clears the set-group-id bit: the mode comes after. */
	if ((chowned && fchown(fd, owner, group) != 0) ||
	    ((chowned || (is.st_mode & 07777) != place->mode) && fchmod(fd, place->mode) != 0))
		return err_why(err_from_errno(errno), why,
			       "%s is %u:%u %04o, should be %u:%u %04o: %s", path,
			       (unsigned)is.st_uid, (unsigned)is.st_gid,
			       (unsigned)(is.st_mode & 07777), (unsigned)owner, (unsigned)group,
			       (unsigned)place->mode, strerror(errno));
	return ERR_OK;
}

static enum err prepare(const char *cache_dir, const struct place *place,
			const struct ownership *wanted, struct why *why)
{
	char path[PATH_MAX];
	enum err err = path_of(cache_dir, place->path, path, why);
	if (err != ERR_OK)
		return err;

	if (place->create && create_place(place, path) != 0 && errno != EEXIST)
		return err_why(ERR_CANNOT_CREATE, why, "%s: cannot make it: %s", path,
			       strerror(errno));
	int fd = open_place(place, path);
	if (fd < 0) {
		if (errno == ENOENT && !place->create)
			return ERR_OK;
		return err_why_errno(errno, why, "%s", path);
	}
	err = put_right(place, wanted, fd, path, why);
	close(fd);
	return err;
}

enum err cache_prepare(const char *cache_dir, uid_t owner, gid_t group, struct why *why)
{
	struct ownership wanted = {owner, group};

	for (size_t i = 0; i < sizeof LAYOUT / sizeof LAYOUT[0]; i++) {
		enum err err = prepare(cache_dir, &LAYOUT[i], &wanted, why);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

enum err cache_each_place(const char *cache_dir,
			  void (*visit)(void *context, const struct cache_place *place),
			  void *context, struct why *why)
{
	for (size_t i = 0; i < sizeof LAYOUT / sizeof LAYOUT[0]; i++) {
		const struct place *place = &LAYOUT[i];
		struct cache_place is = {.right_mode = place->mode, .is_needed = place->create};
		struct stat status;
		enum err err = path_of(cache_dir, place->path, is.path, why);

		if (err != ERR_OK)
			return err;
		if (fstatat(AT_FDCWD, is.path, &status,
			    place->path[0] == '\0' ? 0 : AT_SYMLINK_NOFOLLOW) != 0) {
			if (errno != ENOENT)
				return err_why_errno(errno, why, "%s", is.path);
			is.is_missing = true;
		} else {
			is.is_other_type = check_type(place, &status, is.path, NULL) != ERR_OK;
			is.owner = status.st_uid;
			is.group = status.st_gid;
			is.mode = status.st_mode & 07777;
		}
		visit(context, &is);
	}
	return ERR_OK;
}

static enum err read_key(const char *cache_dir, const char *name, struct addresses_key *key,
			 struct why *why)
{
	char path[PATH_MAX];
	enum err err = path_of(cache_dir, name, path, why);
	if (err != ERR_OK)
		return err;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_why_errno(errno, why, "%s", path);

	/* One byte more, to see a file that is too long. */
	unsigned char bytes[ADDRESSES_KEY_SIZE + 1];
	ssize_t length = read(fd, bytes, sizeof bytes);
	if (length < 0)
		err = err_why_errno(errno, why, "%s", path);
	else if (length != ADDRESSES_KEY_SIZE)
		err = err_why(ERR_DAMAGED, why, "%s is no key of %d bytes: restore it from a backup",
			      path, ADDRESSES_KEY_SIZE);
	else
		memcpy(key->bytes, bytes, sizeof key->bytes);
	close(fd);
	return err;
}

enum err cache_layout_read_key(const char *cache_dir, struct addresses_key *key, struct why *why)
{
	return read_key(cache_dir, KEY_FILE, key, why);
}

static bool is_of(const struct addresses_key *key, const struct addresses_fingerprint *fingerprint)
{
	struct addresses_fingerprint is = addresses_key_fingerprint(key);

	return memcmp(is.bytes, fingerprint->bytes, sizeof is.bytes) == 0;
}

enum err cache_layout_find_key(const char *cache_dir,
			       const struct addresses_fingerprint *fingerprint,
			       struct addresses_key *key, bool *is_staged, struct why *why)
{
	struct addresses_key read;

	enum err err = read_key(cache_dir, KEY_FILE, &read, why);
	bool staged = err != ERR_OK || !is_of(&read, fingerprint);
	if (staged && read_key(cache_dir, KEY_FILE_NEW, &read, NULL) == ERR_OK &&
	    is_of(&read, fingerprint))
		err = ERR_OK;
	else if (err == ERR_NO_INPUT)
		return err_why(ERR_DAMAGED, why,
			       "%s/address.key is missing: restore it from the cache's backup",
			       cache_dir);
	else if (err == ERR_OK && staged)
		return err_why(ERR_DAMAGED, why,
			       "%s/address.key belongs to another cache: restore both from one backup",
			       cache_dir);
	if (err != ERR_OK)
		return err;
	*key = read;
	*is_staged = staged;
	return ERR_OK;
}

static bool is_there(const char *cache_dir, const char *name)
{
	char path[PATH_MAX];
	struct stat status;

	return path_of(cache_dir, name, path, NULL) == ERR_OK && lstat(path, &status) == 0;
}

enum err cache_layout_check_new(const char *cache_dir, struct why *why)
{
	if (!is_there(cache_dir, KEY_FILE))
		return ERR_OK;
	return err_why(ERR_DAMAGED, why,
		       "%s/cache has been lost, its address.key is still there: 'resetguard restore' "
		       "a backup, or begin anew with 'resetguard import --new'",
		       cache_dir);
}

enum err cache_layout_check_lost(const char *cache_dir, struct why *why)
{
	return is_there(cache_dir, DATA_FILE) ? ERR_OK : cache_layout_check_new(cache_dir, why);
}

static enum err write_key(int fd, const struct addresses_key *key, const char *path,
			  struct why *why)
{
	ssize_t written = write(fd, key->bytes, sizeof key->bytes);
	if (written >= 0 && (size_t)written != sizeof key->bytes)
		return err_why(ERR_FULL, why, "%s: no room for it", path);
	if (written < 0 || fchmod(fd, KEY_MODE) != 0 || fsync(fd) != 0)
		return err_why_errno(errno, why, "%s", path);
	return ERR_OK;
}

static enum err sync_directory(const char *path, struct why *why)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0) {
		enum err err = err_why_errno(errno, why, "%s", path);
		if (fd >= 0)
			close(fd);
		return err;
	}
	close(fd);
	return ERR_OK;
}

enum err cache_layout_stage_key(const char *cache_dir, const struct addresses_key *key,
				struct why *why)
{
	char path[PATH_MAX];
	enum err err = path_of(cache_dir, KEY_FILE_NEW, path, why);
	if (err != ERR_OK)
		return err;

	/* Left over from a writer that was killed before its commit. */
	if (unlink(path) != 0 && errno != ENOENT)
		return err_why_errno(errno, why, "%s", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, KEY_MODE);
	if (fd < 0)
		return err_why_errno(errno, why, "%s: cannot make it", path);
	err = write_key(fd, key, path, why);
	close(fd);
	if (err != ERR_OK) {
		unlink(path);
		return err;
	}
	return sync_directory(cache_dir, why);
}

enum err cache_layout_take_staged_key(const char *cache_dir, struct why *why)
{
	char path[PATH_MAX];
	char new_path[PATH_MAX];
	enum err err = path_of(cache_dir, KEY_FILE, path, why);
	if (err == ERR_OK)
		err = path_of(cache_dir, KEY_FILE_NEW, new_path, why);
	if (err != ERR_OK)
		return err;
	if (rename(new_path, path) != 0)
		return err_why_errno(errno, why, "%s: cannot make it", path);
	return sync_directory(cache_dir, why);
}

void cache_layout_drop_staged_key(const char *cache_dir)
{
	char path[PATH_MAX];

	if (path_of(cache_dir, KEY_FILE_NEW, path, NULL) == ERR_OK)
		(void)unlink(path);
}
