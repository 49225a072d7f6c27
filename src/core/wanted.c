/* SPDX-License-Identifier: BSD-2-Clause */
/* wanted: the list of domains whose facts somebody is waiting for. */
#include "resetguard/wanted.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "resetguard/log.h"

enum { COUNT_INTERVAL_MS = 1000, FILE_MODE = 0660 };

/* By path, never by a descriptor that is kept: the directory may be exchanged. */
struct wanted {
	char directory[PATH_MAX];
	char lock[PATH_MAX];
	size_t max;
	/* Held over the counting of what is there, and from the look at the cap to the
	 * creation of the file: who adds while another counts would be counted twice, or
	 * not at all. */
	pthread_mutex_t counting;
	size_t count; /* what was there when it was counted, and what we added */
	int64_t counted_at;
};

enum err wanted_open(const char *cache_dir, size_t max, struct wanted **wanted)
{
	struct wanted *new = malloc(sizeof *new);
	if (new == NULL)
		return ERR_NO_MEMORY;

	int length = snprintf(new->directory, sizeof new->directory, "%s/wanted", cache_dir);
	if (length < 0 || (size_t)length + 1 + DOMAIN_MAX >= sizeof new->directory) {
		free(new);
		return ERR_TOO_LONG;
	}
	if (snprintf(new->lock, sizeof new->lock, "%s/refresh.lock", cache_dir) >= PATH_MAX) {
		free(new);
		return ERR_TOO_LONG;
	}
	if (pthread_mutex_init(&new->counting, NULL) != 0) {
		free(new);
		return ERR_NO_MEMORY;
	}
	new->max = max;
	new->count = 0;
	new->counted_at = -COUNT_INTERVAL_MS;
	*wanted = new;
	return ERR_OK;
}

void wanted_close(struct wanted *wanted)
{
	if (wanted != NULL)
		pthread_mutex_destroy(&wanted->counting);
	free(wanted);
}

static void path_of(const struct wanted *wanted, const struct domain *domain, char path[PATH_MAX])
{
	/* wanted_open has seen to it that there is room. */
	if (snprintf(path, PATH_MAX, "%s/%s", wanted->directory, domain->name) >= PATH_MAX)
		path[0] = '\0';
}

/* Calls visit for every name in the directory until it returns an error. Reads
 * the directory without the allocation of opendir. */
static enum err each_name(const struct wanted *wanted,
			  enum err (*visit)(void *context, const char *name), void *context)
{
	alignas(struct dirent64) char buffer[16384];
	enum err err = ERR_OK;
	ssize_t length;

	int fd = open(wanted->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_from_errno(errno);
	do {
		length = getdents64(fd, buffer, sizeof buffer);
		if (length < 0)
			err = err_from_errno(errno);
		for (ssize_t at = 0; err == ERR_OK && at < length;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				err = visit(context, entry->d_name);
			at += entry->d_reclen;
		}
	} while (err == ERR_OK && length > 0);
	close(fd);
	return err;
}

static enum err count_name(void *context, const char *name)
{
	size_t *count = context;

	(void)name;
	*count += 1;
	return ERR_OK;
}

/* The caller holds `counting`. */
static enum err count_anew(struct wanted *wanted, int64_t monotonic_ms)
{
	size_t count = 0;
	enum err err;

	if (monotonic_ms - wanted->counted_at < COUNT_INTERVAL_MS)
		return ERR_OK;
	wanted->counted_at = monotonic_ms;
	err = each_name(wanted, count_name, &count);
	if (err == ERR_OK)
		wanted->count = count;
	return err;
}

/* The caller holds `counting`. */
static enum err add_counted(struct wanted *wanted, const char *path)
{
	if (wanted->count >= wanted->max)
		return access(path, F_OK) == 0 ? ERR_OK : ERR_FULL;

	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return errno == EEXIST ? ERR_OK : err_from_errno(errno);
	close(fd);
	wanted->count++;
	return ERR_OK;
}

enum err wanted_add(struct wanted *wanted, const struct domain *domain, int64_t monotonic_ms)
{
	char path[PATH_MAX];
	enum err err;

	path_of(wanted, domain, path);
	pthread_mutex_lock(&wanted->counting);
	/* What cannot be counted may still be added to. */
	(void)count_anew(wanted, monotonic_ms);
	err = add_counted(wanted, path);
	pthread_mutex_unlock(&wanted->counting);
	return err;
}

enum err wanted_count(struct wanted *wanted, int64_t monotonic_ms, size_t *count)
{
	enum err err;

	pthread_mutex_lock(&wanted->counting);
	err = count_anew(wanted, monotonic_ms);
	if (err == ERR_OK)
		*count = wanted->count;
	pthread_mutex_unlock(&wanted->counting);
	return err;
}

struct domain_walk {
	const struct wanted *wanted;
	enum err (*visit)(void *context, const struct domain *domain);
	void *context;
};

static enum err visit_name(void *context, const char *name)
{
	const struct domain_walk *each = context;
	struct domain domain;

	if (domain_from_text(name, strlen(name), &domain) != ERR_OK ||
	    strcmp(domain.name, name) != 0) {
		log_line(LOG_LEVEL_WARNING, "%s/%s is no domain name: remove it",
			 each->wanted->directory, name);
		return ERR_OK;
	}
	return each->visit(each->context, &domain);
}

enum err wanted_each(struct wanted *wanted,
		     enum err (*visit)(void *context, const struct domain *domain), void *context)
{
	struct domain_walk each = {wanted, visit, context};

	return each_name(wanted, visit_name, &each);
}

enum err wanted_remove(struct wanted *wanted, const struct domain *domain)
{
	char path[PATH_MAX];

	path_of(wanted, domain, path);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_from_errno(errno);
	return ERR_OK;
}

static enum err stop_at_name(void *context, const char *name)
{
	(void)context;
	(void)name;
	return ERR_EXISTS;
}

bool wanted_is_empty(const struct wanted *wanted)
{
	return each_name(wanted, stop_at_name, NULL) != ERR_EXISTS;
}

bool wanted_has(const struct wanted *wanted, const struct domain *domain)
{
	char path[PATH_MAX];

	path_of(wanted, domain, path);
	return access(path, F_OK) == 0;
}

bool wanted_is_watched(const struct wanted *wanted)
{
	struct flock lock = {.l_type = F_RDLCK,
			     .l_whence = SEEK_SET,
			     .l_start = WANTED_LOCK_WATCHER,
			     .l_len = 1};
	int fd = open(wanted->lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool is_locked;

	if (fd < 0)
		return false;
	is_locked = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return is_locked;
}

enum err wanted_notify(const struct wanted *wanted, int inotify, uint32_t events)
{
	return inotify_add_watch(inotify, wanted->directory, events | IN_ONLYDIR) >= 0
		       ? ERR_OK
		       : err_from_errno(errno);
}
