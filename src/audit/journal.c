/* SPDX-License-Identifier: BSD-2-Clause */
/* journal: systemd's journal, as lines of a mail log. */
#include "resetguard/journal.h"

#ifdef HAVE_SYSTEMD

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

#include "resetguard/time.h"

struct journal {
	sd_journal *handle;
	char cursor[JOURNAL_CURSOR_MAX];
};

enum { MICROSECONDS = 1000000 };

static enum err open_paths(const char *const *paths, size_t count, sd_journal **handle,
			   struct why *why)
{
	const char **list;
	struct stat status;
	int result;

	if (count == 0) {
		result = sd_journal_open(handle, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
		return result < 0 ? err_why_errno(-result, why, "the journal") : ERR_OK;
	}
	if (count == 1 && stat(paths[0], &status) == 0 && S_ISDIR(status.st_mode)) {
		result = sd_journal_open_directory(handle, paths[0], 0);
		return result < 0 ? err_why_errno(-result, why, "%s", paths[0]) : ERR_OK;
	}
	list = calloc(count + 1, sizeof *list);
	if (list == NULL)
		return ERR_NO_MEMORY;
	memcpy(list, paths, count * sizeof *list);
	result = sd_journal_open_files(handle, list, 0);
	free(list);
	return result < 0 ? err_why_errno(-result, why, "%s", paths[0]) : ERR_OK;
}

static int add_matches(sd_journal *handle)
{
	int result = sd_journal_add_match(handle, "SYSLOG_FACILITY=2", 0);

	if (result >= 0)
		result = sd_journal_add_disjunction(handle);
	if (result >= 0)
		result = sd_journal_add_match(handle, "SYSLOG_IDENTIFIER=resetguard-milter", 0);
	return result;
}

enum err journal_open(const char *const *paths, size_t count, struct journal **journal,
		      struct why *why)
{
	struct journal *made = calloc(1, sizeof *made);
	enum err err;
	int result;

	if (made == NULL)
		return ERR_NO_MEMORY;
	err = open_paths(paths, count, &made->handle, why);
	if (err == ERR_OK) {
		result = add_matches(made->handle);
		if (result < 0)
			err = err_why_errno(-result, why, "the journal");
	}
	if (err != ERR_OK) {
		journal_close(made);
		return err;
	}
	*journal = made;
	return ERR_OK;
}

void journal_close(struct journal *journal)
{
	sd_journal_close(journal->handle); /* which takes NULL */
	free(journal);
}

enum err journal_seek(struct journal *journal, const char *cursor, int64_t since, struct why *why)
{
	int result;

	if (cursor[0] == '\0') {
		result = since > 0 ? sd_journal_seek_realtime_usec(
					     journal->handle, (uint64_t)since * MICROSECONDS)
				   : sd_journal_seek_head(journal->handle);
		return result < 0 ? err_why_errno(-result, why, "the journal") : ERR_OK;
	}
	result = sd_journal_seek_cursor(journal->handle, cursor);
	if (result < 0)
		return err_why(ERR_DATA, why, "\"%.100s\" is no cursor of the journal", cursor);
	/* The entry itself has been read already, unless it is gone and a later one is met. */
	result = sd_journal_next(journal->handle);
	if (result > 0 && sd_journal_test_cursor(journal->handle, cursor) <= 0)
		result = sd_journal_previous(journal->handle);
	return result < 0 ? err_why_errno(-result, why, "the journal") : ERR_OK;
}

/* The field's value into text, cut at size, or "" where the entry has none. */
static void copy_field(sd_journal *handle, const char *name, char *text, size_t size)
{
	const void *data;
	size_t length;
	size_t skipped = strlen(name) + 1;

	text[0] = '\0';
	if (sd_journal_get_data(handle, name, &data, &length) < 0 || length < skipped)
		return;
	length -= skipped;
	if (length >= size)
		length = size - 1;
	memcpy(text, (const char *)data + skipped, length);
	text[length] = '\0';
}

/* A message of several lines becomes one: no entry can pass for another. */
static void flatten(char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n' || *text == '\r')
			*text = ' ';
	}
}

static size_t format_entry(sd_journal *handle, char line[JOURNAL_LINE_MAX])
{
	char host[256];
	char identifier[256];
	char pid[24];
	char message[JOURNAL_LINE_MAX / 2];
	uint64_t at = 0;
	int length;

	copy_field(handle, "_HOSTNAME", host, sizeof host);
	copy_field(handle, "SYSLOG_IDENTIFIER", identifier, sizeof identifier);
	copy_field(handle, "SYSLOG_PID", pid, sizeof pid);
	if (pid[0] == '\0')
		copy_field(handle, "_PID", pid, sizeof pid);
	copy_field(handle, "MESSAGE", message, sizeof message);
	if (sd_journal_get_realtime_usec(handle, &at) < 0)
		at = 0;
	flatten(message);
	length = snprintf(line, JOURNAL_LINE_MAX, "%s %s %s[%s]: %s",
			  time_format((int64_t)(at / MICROSECONDS)).text,
			  host[0] == '\0' ? "localhost" : host, identifier, pid, message);
	return length < JOURNAL_LINE_MAX ? (size_t)length : JOURNAL_LINE_MAX - 1;
}

static void remember(struct journal *journal)
{
	char *cursor = NULL;

	if (sd_journal_get_cursor(journal->handle, &cursor) >= 0 &&
	    strlen(cursor) < JOURNAL_CURSOR_MAX)
		strcpy(journal->cursor, cursor);
	free(cursor);
}

enum err journal_read(struct journal *journal,
		      void (*line)(void *context, const char *text, size_t length), void *context,
		      struct why *why)
{
	char text[JOURNAL_LINE_MAX];
	bool any = false;
	int result;

	for (result = sd_journal_next(journal->handle); result > 0;
	     result = sd_journal_next(journal->handle)) {
		line(context, text, format_entry(journal->handle, text));
		any = true;
	}
	/* At the end the last entry is still the one that is stood at. */
	if (any)
		remember(journal);
	return result < 0 ? err_why_errno(-result, why, "the journal") : ERR_OK;
}

void journal_cursor(const struct journal *journal, char cursor[JOURNAL_CURSOR_MAX])
{
	strcpy(cursor, journal->cursor);
}

enum err journal_watch(struct journal *journal, int *fd, struct why *why)
{
	int result = sd_journal_get_fd(journal->handle);

	if (result < 0)
		return err_why_errno(-result, why, "the journal");
	*fd = result;
	return ERR_OK;
}

void journal_woken(struct journal *journal)
{
	(void)sd_journal_process(journal->handle);
}

#else /* no libsystemd */

enum err journal_open(const char *const *paths, size_t count, struct journal **journal,
		      struct why *why)
{
	(void)paths;
	(void)count;
	(void)journal;
	return err_why(ERR_UNAVAILABLE, why,
		       "the journal cannot be read: this program is built without libsystemd; pipe "
		       "'journalctl -o short-iso --facility=mail' into it");
}

void journal_close(struct journal *journal)
{
	(void)journal;
}

enum err journal_seek(struct journal *journal, const char *cursor, int64_t since, struct why *why)
{
	(void)cursor;
	(void)since;
	return journal_open(NULL, 0, &journal, why);
}

enum err journal_read(struct journal *journal,
		      void (*line)(void *context, const char *text, size_t length), void *context,
		      struct why *why)
{
	(void)line;
	(void)context;
	return journal_open(NULL, 0, &journal, why);
}

void journal_cursor(const struct journal *journal, char cursor[JOURNAL_CURSOR_MAX])
{
	(void)journal;
	cursor[0] = '\0';
}

enum err journal_watch(struct journal *journal, int *fd, struct why *why)
{
	(void)fd;
	return journal_open(NULL, 0, &journal, why);
}

void journal_woken(struct journal *journal)
{
	(void)journal;
}

#endif
