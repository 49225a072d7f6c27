/* SPDX-License-Identifier: BSD-2-Clause */
/* mailfiles: the messages in a file, a folder, an mbox or a Maildir. */
#include "mailfiles.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---------------------------------------------------------------------- a file */

struct file {
	const struct mailfiles_sink *sink;
	const char *name;
	bool is_mbox;
	bool open; /* a message has begun */
	unsigned number;
	bool behind_blank; /* the line before was empty, or there was none */
	bool begun;	   /* this line's beginning came before */
};

static bool is_empty_line(const char *line, size_t length)
{
	return (length == 1 && line[0] == '\n') ||
	       (length == 2 && line[0] == '\r' && line[1] == '\n');
}

static void end_message(struct file *file)
{
	if (file->open)
		file->sink->end(file->sink->context);
	file->open = false;
}

static void begin_message(struct file *file)
{
	end_message(file);
	file->open = true;
	file->number += file->is_mbox ? 1 : 0;
	file->sink->begin(file->sink->context, file->name, file->number);
}

static void take_piece(struct file *file, const char *piece, size_t length)
{
	bool separates =
		!file->begun && file->behind_blank && length >= 5 && memcmp(piece, "From ", 5) == 0;

	if (!file->open && separates)
		file->is_mbox = true;
	if (!file->open || (separates && file->is_mbox))
		begin_message(file);
	if (!separates || !file->is_mbox)
		file->sink->line(file->sink->context, piece, length);
	file->behind_blank = !file->begun && is_empty_line(piece, length);
	file->begun = piece[length - 1] != '\n';
}

/* Pieces of lines; NULs are kept. */
static void read_stream(const struct mailfiles_sink *sink, const char *name, FILE *stream)
{
	struct file file = {.sink = sink, .name = name, .behind_blank = true};
	char buffer[MAILFILES_LINE_MAX];
	size_t count = 0;
	size_t got;

	do {
		char *newline;
		size_t start = 0;

		got = fread(buffer + count, 1, sizeof(buffer) - count, stream);
		count += got;
		for (newline = memchr(buffer, '\n', count); newline != NULL;
		     newline = memchr(buffer + start, '\n', count - start)) {
			size_t length = (size_t)(newline + 1 - (buffer + start));

			take_piece(&file, buffer + start, length);
			start += length;
		}
		if (start == 0 && count == sizeof(buffer)) {
			take_piece(&file, buffer, count);
			start = count;
		}
		count -= start;
		memmove(buffer, buffer + start, count);
	} while (got != 0);
	if (count != 0)
		take_piece(&file, buffer, count);
	if (!file.open && ferror(stream) == 0)
		begin_message(&file); /* an empty file is an empty message */
	end_message(&file);
	if (ferror(stream) != 0)
		sink->failed(sink->context, name, ERR_IO, "cannot be read");
}

static void read_file(const struct mailfiles_sink *sink, const char *path)
{
	FILE *stream = fopen(path, "re");

	if (stream == NULL) {
		sink->failed(sink->context, path, err_from_errno(errno), strerror(errno));
		return;
	}
	read_stream(sink, path, stream);
	fclose(stream);
}

/* -------------------------------------------------------------------- a folder */

static void read_path(const struct mailfiles_sink *sink, const char *path, bool was_named,
		      unsigned depth);

static int is_no_dot(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* What lies in a Maildir beside its folders is the mail server's own, and what is in
 * tmp has not been delivered. */
static bool is_maildir(const char *path)
{
	char cur[PATH_MAX];
	struct stat status;

	return (size_t)snprintf(cur, sizeof(cur), "%s/cur", path) < sizeof(cur) &&
	       stat(cur, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_skipped(const char *path, const char *name)
{
	struct stat status;

	return strcmp(name, "tmp") == 0 || stat(path, &status) != 0 || !S_ISDIR(status.st_mode);
}

static void read_folder(const struct mailfiles_sink *sink, const char *path, unsigned depth)
{
	struct dirent **entries;
	bool maildir = is_maildir(path);
	int count;

	if (depth == MAILFILES_DEPTH_MAX) {
		sink->failed(sink->context, path, ERR_TOO_LONG, "too many folders in folders");
		return;
	}
	count = scandir(path, &entries, is_no_dot, alphasort);
	if (count < 0) {
		sink->failed(sink->context, path, err_from_errno(errno), strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		char *inner;

		if (asprintf(&inner, "%s/%s", path, entries[i]->d_name) < 0) {
			sink->failed(sink->context, path, ERR_NO_MEMORY, "out of memory");
		} else {
			if (!maildir || !is_skipped(inner, entries[i]->d_name))
				read_path(sink, inner, false, depth + 1);
			free(inner);
		}
		free(entries[i]);
	}
	free(entries);
}

/* What was named is read whatever it is (a pipe, say); in a folder, files only. */
static void read_path(const struct mailfiles_sink *sink, const char *path, bool was_named,
		      unsigned depth)
{
	struct stat status;

	if (stat(path, &status) != 0)
		sink->failed(sink->context, path, err_from_errno(errno), strerror(errno));
	else if (S_ISDIR(status.st_mode))
		read_folder(sink, path, depth);
	else if (was_named || S_ISREG(status.st_mode))
		read_file(sink, path);
}

void mailfiles_read(const char *path, const struct mailfiles_sink *sink)
{
	if (strcmp(path, "-") == 0)
		read_stream(sink, path, stdin);
	else
		read_path(sink, path, true, 0);
}
