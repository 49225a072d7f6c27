/* SPDX-License-Identifier: BSD-2-Clause */
/* maillog_file: the files of a mail log, in order, line by line. */
#include "resetguard/maillog_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maillog_stream.h"

enum {
	BLOCK = 256 << 10, /* holds MAILLOG_LINE_MAX and more */
	PEEK = 4096,	   /* how far the first stamp is sought */
	SAMPLES = 256,	   /* places of a file that are looked at for its years */
	SAMPLE_SIZE = 2048,
};

struct file {
	char *path;
	struct maillog_stream *stream;
	int64_t not_after;
	int64_t first_at; /* of the first line that has a stamp; 0: none has */
	struct maillog_clock clock;
	bool skipping; /* the rest of a line that was too long */
	size_t used;   /* of block: what was read and not given */
	char *block;   /* PEEK bytes, and BLOCK once it is read */
};

struct maillog_files {
	size_t count;
	struct file *items;
};

/* ---- when a file begins ---- */

/* The month of the first whole line with a stamp at or behind offset; 0: none. */
static int month_at(int fd, off_t offset)
{
	char sample[SAMPLE_SIZE];
	ssize_t length = pread(fd, sample, sizeof sample, offset);
	const char *at = sample;
	const char *end = sample + (length > 0 ? length : 0);

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (newline == NULL)
			return 0;
		at = newline + 1;
		if (maillog_stamp_month(at, (size_t)(end - at)) != 0)
			return maillog_stamp_month(at, (size_t)(end - at));
	}
	return 0;
}

/* How many times December is followed by January, seen from places all over the file. */
static int new_years(int fd, off_t size, int *last_month)
{
	int years = 0;
	int before = 0;

	for (int i = 0; i < SAMPLES; i++) {
		int month = month_at(fd, size / SAMPLES * i);

		if (month == 0)
			continue;
		if (before != 0 && month < before)
			years++;
		before = month;
	}
	*last_month = before;
	return years;
}

/* Stamps without a year: a file that holds several has its first line further back
 * than the time of the file alone would tell. */
static void look_for_years(struct file *file, int fd, off_t size)
{
	int last_month = 0;
	int years = new_years(fd, size, &last_month);
	int first_month = file->clock.month;

	if (file->clock.year == 0 || years == 0)
		return;
	/* One New Year is what maillog_clock has found by itself. */
	if (first_month > last_month)
		years--;
	file->clock.year -= years;
	file->clock.hour_key = 0;
	file->clock.length = 0;
}

/* The first stamp in text, and the first one with a year, which none before it is
 * later than. */
static void find_stamps(struct file *file, const char *text, size_t length)
{
	struct maillog_clock clock = maillog_clock_begin(file->not_after);
	const char *end = text + length;
	const char *newline;
	int64_t moment;
	size_t taken;

	for (const char *at = text; at < end; at = newline == NULL ? end : newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (!maillog_stamp(&clock, at, (size_t)(end - at), &moment, &taken))
			continue;
		if (file->first_at == 0) {
			file->first_at = moment;
			file->clock = clock;
		}
		if (maillog_stamp_month(at, (size_t)(end - at)) == 0) {
			if (moment < file->not_after && file->clock.fraction_end == 0) {
				file->not_after = moment;
				file->first_at = 0;
				find_stamps(file, text, (size_t)(at - text));
			}
			return;
		}
	}
}

/* Reads what is enough to find the first stamp, and keeps it. */
static enum err look_at_beginning(struct file *file, struct why *why)
{
	size_t got = 0;
	enum err err;

	file->block = malloc(PEEK);
	if (file->block == NULL)
		return ERR_NO_MEMORY;
	err = maillog_stream_read(file->stream, file->block, PEEK, &got, why);
	if (err != ERR_OK && err != ERR_DATA) /* damage is told when it is read */
		return err;
	file->used = got;
	file->clock = maillog_clock_begin(file->not_after);
	find_stamps(file, file->block, got);
	return ERR_OK;
}

/* ---- opening ---- */

/* Takes fd, also on failure. path is copied. */
static enum err begin_file(int fd, const char *path, int64_t now, struct file *file,
			   struct why *why)
{
	struct stat status;
	enum err err;

	memset(file, 0, sizeof *file);
	if (fstat(fd, &status) != 0) {
		int error = errno;

		close(fd);
		return err_why_errno(error, why, "%s", path);
	}
	file->not_after = S_ISREG(status.st_mode) ? (int64_t)status.st_mtime : now;
	file->path = strdup(path);
	if (file->path == NULL) {
		close(fd);
		return ERR_NO_MEMORY;
	}
	err = maillog_stream_open(fd, file->path, &file->stream, why);
	if (err == ERR_OK)
		err = look_at_beginning(file, why);
	if (err == ERR_OK && S_ISREG(status.st_mode) && maillog_stream_is_plain(file->stream))
		look_for_years(file, fd, status.st_size);
	return err;
}

static enum err open_file(const char *path, int64_t now, struct file *file, struct why *why)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	memset(file, 0, sizeof *file);
	if (fd < 0)
		return err_why_errno(errno, why, "%s", path);
	return begin_file(fd, is_stdin ? "standard input" : path, now, file, why);
}

static void close_file(struct file *file)
{
	if (file->stream != NULL)
		maillog_stream_close(file->stream);
	free(file->block);
	free(file->path);
}

static enum err add_file(struct maillog_files *files, const char *path, int64_t now,
			 struct why *why)
{
	enum err err;

	if (files->count == MAILLOG_FILES_MAX)
		return err_why(ERR_TOO_LONG, why, "%s: more than %d files", path,
			       MAILLOG_FILES_MAX);
	err = open_file(path, now, &files->items[files->count], why);
	files->count++;
	return err;
}

static bool is_log_name(const char *name)
{
	return strncmp(name, "mail", 4) == 0 || strncmp(name, "postfix", 7) == 0;
}

static enum err add_directory(struct maillog_files *files, const char *path, int64_t now,
			      struct why *why)
{
	DIR *directory = opendir(path);
	char inner[4096];
	enum err err = ERR_OK;

	if (directory == NULL)
		return err_why_errno(errno, why, "%s", path);
	for (struct dirent *entry = readdir(directory); err == ERR_OK && entry != NULL;
	     entry = readdir(directory)) {
		struct stat status;

		if (!is_log_name(entry->d_name) ||
		    snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >=
			    (int)sizeof inner ||
		    stat(inner, &status) != 0 || !S_ISREG(status.st_mode))
			continue;
		err = add_file(files, inner, now, why);
	}
	closedir(directory);
	return err;
}

/* By the first line; a file without any stands where it was named. */
static int compare_files(const void *a, const void *b)
{
	const struct file *left = a;
	const struct file *right = b;

	if (left->first_at != right->first_at)
		return left->first_at < right->first_at ? -1 : 1;
	return strcmp(left->path, right->path);
}

enum err maillog_files_open(const char *const *paths, size_t count, int64_t now,
			    struct maillog_files **files, struct why *why)
{
	struct maillog_files *made = calloc(1, sizeof *made);
	struct stat status;
	enum err err = ERR_OK;

	if (made != NULL)
		made->items = calloc(MAILLOG_FILES_MAX, sizeof *made->items);
	if (made == NULL || made->items == NULL) {
		free(made);
		return ERR_NO_MEMORY;
	}
	for (size_t i = 0; err == ERR_OK && i < count; i++) {
		if (strcmp(paths[i], "-") != 0 && stat(paths[i], &status) == 0 &&
		    S_ISDIR(status.st_mode))
			err = add_directory(made, paths[i], now, why);
		else
			err = add_file(made, paths[i], now, why);
	}
	if (err == ERR_OK && made->count == 0)
		err = err_why(ERR_NO_INPUT, why, "%s has no file whose name begins with mail",
			      count > 0 ? paths[0] : "it");
	if (err != ERR_OK) {
		maillog_files_close(made);
		return err;
	}
	qsort(made->items, made->count, sizeof *made->items, compare_files);
	*files = made;
	return ERR_OK;
}

void maillog_files_close(struct maillog_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		close_file(&files->items[i]);
	free(files->items);
	free(files);
}

size_t maillog_files_count(const struct maillog_files *files)
{
	return files->count;
}

const char *maillog_files_path(const struct maillog_files *files, size_t index)
{
	return files->items[index].path;
}

struct maillog_clock maillog_files_clock(const struct maillog_files *files, size_t index)
{
	return files->items[index].clock;
}

/* ---- reading ---- */

/* Gives the whole lines of the block, and keeps the rest at its beginning. */
static void give_lines(struct file *file,
		       void (*line)(void *context, const char *text, size_t length),
		       void *context)
{
	const char *at = file->block;
	const char *end = at + file->used;

	for (;;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (newline == NULL)
			break;
		if (file->skipping)
			file->skipping = false;
		else
			line(context, at, (size_t)(newline - at));
		at = newline + 1;
	}
	file->used = (size_t)(end - at);
	if (file->skipping) {
		file->used = 0;
	} else if (file->used >= MAILLOG_LINE_MAX) {
		line(context, at, MAILLOG_LINE_MAX);
		file->skipping = true;
		file->used = 0;
	} else if (at != file->block) {
		memmove(file->block, at, file->used);
	}
}

enum err maillog_files_read(struct maillog_files *files, size_t index, bool last,
			    void (*line)(void *context, const char *text, size_t length),
			    void *context, struct why *why)
{
	struct file *file = &files->items[index];
	char *block = realloc(file->block, BLOCK);
	size_t got = 0;
	enum err err = ERR_OK;

	if (block == NULL)
		return ERR_NO_MEMORY;
	file->block = block;
	do {
		give_lines(file, line, context);
		got = 0;
		err = maillog_stream_read(file->stream, file->block + file->used,
					  BLOCK - file->used, &got, why);
		file->used += got;
	} while (err == ERR_OK && got > 0);
	give_lines(file, line, context);
	if (last && file->used > 0) {
		line(context, file->block, file->used);
		file->used = 0;
	}
	return err;
}

/* ---- following ---- */

enum err maillog_files_watch(const struct maillog_files *files, size_t index, int *fd,
			     struct why *why)
{
	const char *path = files->items[index].path;
	char *copy = strdup(path); /* dirname writes into it */
	int made = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (copy == NULL || made < 0 ||
	    inotify_add_watch(made, dirname(copy), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
		int error = errno;

		free(copy);
		if (made >= 0)
			close(made);
		return err_why_errno(error, why, "%s cannot be followed", path);
	}
	free(copy);
	*fd = made;
	return ERR_OK;
}

bool maillog_files_is_rotated(const struct maillog_files *files, size_t index)
{
	const struct file *file = &files->items[index];
	int fd = maillog_stream_fd(file->stream);
	struct stat open_one;
	struct stat named;

	if (fstat(fd, &open_one) != 0 || stat(file->path, &named) != 0)
		return false; /* for a moment, there may be none */
	return open_one.st_dev != named.st_dev || open_one.st_ino != named.st_ino ||
	       open_one.st_size < lseek(fd, 0, SEEK_CUR);
}

enum err maillog_files_renew(struct maillog_files *files, size_t index, int64_t now,
			     struct why *why)
{
	struct file renewed;
	enum err err = open_file(files->items[index].path, now, &renewed, why);

	if (err != ERR_OK) {
		close_file(&renewed);
		return err;
	}
	close_file(&files->items[index]);
	files->items[index] = renewed;
	return ERR_OK;
}

enum err maillog_files_rewind(struct maillog_files *files, int64_t now, struct why *why)
{
	for (size_t i = 0; i < files->count; i++) {
		struct file *file = &files->items[i];
		struct file rewound;
		int fd = dup(maillog_stream_fd(file->stream));
		enum err err;

		if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0) {
			int error = errno;

			if (fd >= 0)
				close(fd);
			return err_why_errno(error, why, "%s cannot be read twice", file->path);
		}
		err = begin_file(fd, file->path, now, &rewound, why);
		if (err != ERR_OK) {
			close_file(&rewound);
			return err;
		}
		close_file(file);
		*file = rewound;
	}
	return ERR_OK;
}
