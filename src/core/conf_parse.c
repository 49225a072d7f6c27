/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_parse: from files to settings: lines, continuations, keys. */
#include "conf_parse.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resetguard/utf8.h"

enum { FILE_SIZE_MAX = 4 << 20 };

void conf_settings_release(struct conf_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		struct conf_setting *setting = &settings->items[i];

		free(setting->class_name);
		free(setting->name);
		free(setting->value);
		free(setting->place);
	}
	free(settings->items);
}

/* ---- lines ---- */

/* One file on its way to settings. */
struct reader {
	const char *name;
	unsigned line_number;	    /* of the physical line */
	unsigned first_line_number; /* of the logical line */
	size_t length;
	char line[CONF_LINE_MAX + 1]; /* the logical line so far; "" between two */
	struct conf_settings *settings;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Cuts blanks off the end, and returns where the text begins behind others. */
static char *trim(char *text)
{
	size_t length = strlen(text);

	while (length != 0 && is_blank(text[length - 1]))
		length--;
	text[length] = '\0';
	while (is_blank(*text))
		text++;
	return text;
}

static enum err unknown_key(const struct reader *reader, const char *name, const char *nearest,
			    struct why *why)
{
	if (nearest[0] == '\0')
		return err_why(ERR_CONFIG, why,
			       "%s:%u: %s: unknown key; resetguard config --defaults lists them",
			       reader->name, reader->first_line_number, name);
	return err_why(ERR_CONFIG, why, "%s:%u: %s: unknown key; did you mean %s?", reader->name,
		       reader->first_line_number, name, nearest);
}

/* The key, perhaps with "CLASS:" before it. */
static enum err find_target(const struct reader *reader, char *name, struct conf_setting *setting,
			    struct why *why)
{
	char *colon = strchr(name, ':');
	const char *key_name = colon == NULL ? name : colon + 1;
	char nearest[CONF_NAME_MAX];

	if (conf_key_find(key_name, &setting->target, nearest) != ERR_OK)
		return unknown_key(reader, name, nearest, why);
	if (colon == NULL)
		return ERR_OK;
	if (setting->target.key->scope == CONF_GLOBAL)
		return err_why(ERR_CONFIG, why, "%s:%u: %s: %s cannot be set for one class",
			       reader->name, reader->first_line_number, name, key_name);
	*colon = '\0';
	if (!conf_class_name_is_valid(name))
		return err_why(ERR_CONFIG, why,
			       "%s:%u: \"%s\" is no class of mail: letters, digits, \"-\", \"_\" "
			       "and \".\", at most %d",
			       reader->name, reader->first_line_number, name, CONF_CLASS_MAX);
	setting->class_name = strdup(name);
	*colon = ':';
	return setting->class_name == NULL ? conf_no_memory(why) : ERR_OK;
}

static enum err take_setting(struct reader *reader, struct why *why)
{
	char *equals = strchr(reader->line, '=');
	struct conf_settings *settings = reader->settings;
	struct conf_setting *items;
	struct conf_setting *setting;
	const char *name;
	enum err err;

	if (equals == NULL)
		return err_why(ERR_CONFIG, why, "%s:%u: no \"=\" in \"%.60s\"; write KEY = VALUE",
			       reader->name, reader->first_line_number, reader->line);
	*equals = '\0';
	name = trim(reader->line);
	items = reallocarray(settings->items, settings->count + 1, sizeof(*items));
	if (items == NULL)
		return conf_no_memory(why);
	settings->items = items;
	setting = &items[settings->count];
	*setting = (struct conf_setting){0};
	err = find_target(reader, (char *)name, setting, why);
	if (err != ERR_OK)
		return err;
	settings->count++;
	setting->name = strdup(name);
	setting->value = strdup(trim(equals + 1));
	if (asprintf(&setting->place, "%s:%u", reader->name, reader->first_line_number) < 0)
		setting->place = NULL;
	if (setting->name == NULL || setting->value == NULL || setting->place == NULL)
		return conf_no_memory(why);
	return ERR_OK;
}

static enum err finish_line(struct reader *reader, struct why *why)
{
	enum err err = reader->length == 0 ? ERR_OK : take_setting(reader, why);

	reader->length = 0;
	reader->line[0] = '\0';
	return err;
}

static enum err append_to_line(struct reader *reader, const char *text, size_t length,
			       struct why *why)
{
	if (length > CONF_LINE_MAX - reader->length)
		return err_why(ERR_CONFIG, why, "%s:%u: the line is longer than %d bytes",
			       reader->name, reader->line_number, CONF_LINE_MAX);
	memcpy(reader->line + reader->length, text, length);
	reader->length += length;
	reader->line[reader->length] = '\0';
	return ERR_OK;
}

/* As in main.cf: comments and empty lines may stand between a line and its
 * continuation. */
static enum err take_physical_line(struct reader *reader, const char *text, size_t length,
				   struct why *why)
{
	bool continues = length != 0 && is_blank(text[0]);
	enum err err;

	if (memchr(text, '\0', length) != NULL)
		return err_why(ERR_CONFIG, why,
			       "%s:%u: there is a NUL byte; is this text in UTF-8?", reader->name,
			       reader->line_number);
	if (!utf8_is_valid(text, length))
		return err_why(ERR_CONFIG, why, "%s:%u: this is not UTF-8", reader->name,
			       reader->line_number);
	while (length != 0 && is_blank(text[0])) {
		text++;
		length--;
	}
	while (length != 0 && is_blank(text[length - 1]))
		length--;
	if (length == 0 || text[0] == '#')
		return ERR_OK;
	if (continues && reader->length == 0)
		return err_why(ERR_CONFIG, why,
			       "%s:%u: a line that begins with a blank continues the one before, "
			       "but there is none",
			       reader->name, reader->line_number);
	if (continues) {
		err = append_to_line(reader, " ", 1, why);
	} else {
		err = finish_line(reader, why);
		reader->first_line_number = reader->line_number;
	}
	return err == ERR_OK ? append_to_line(reader, text, length, why) : err;
}

enum err conf_collect_text(const char *text, size_t length, const char *name,
			   struct conf_settings *settings, struct why *why)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct reader *reader = malloc(sizeof(*reader));
	const char *end = text + length;
	enum err err = ERR_OK;

	if (reader == NULL)
		return conf_no_memory(why);
	reader->name = name;
	reader->line_number = 0;
	reader->first_line_number = 0;
	reader->length = 0;
	reader->line[0] = '\0';
	reader->settings = settings;
	if (length >= 3 && memcmp(text, byte_order_mark, 3) == 0)
		text += 3;
	while (text < end && err == ERR_OK) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline == NULL ? end : newline;

		reader->line_number++;
		err = take_physical_line(reader, text, (size_t)(line_end - text), why);
		text = newline == NULL ? end : newline + 1;
	}
	if (err == ERR_OK)
		err = finish_line(reader, why);
	free(reader);
	return err;
}

/* ---- files ---- */

static enum err cannot_read(int errno_value, const char *path, struct why *why)
{
	err_why_errno(errno_value, why, "%s", path);
	return ERR_CONFIG;
}

static enum err read_all(int fd, const char *path, char *text, size_t *length, struct why *why)
{
	size_t have = 0;

	for (;;) {
		ssize_t got = read(fd, text + have, FILE_SIZE_MAX + 1 - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cannot_read(errno, path, why);
		if (got == 0)
			break;
		have += (size_t)got;
		if (have > FILE_SIZE_MAX)
			return err_why(ERR_CONFIG, why, "%s: larger than %d bytes", path,
				       FILE_SIZE_MAX);
	}
	*length = have;
	return ERR_OK;
}

enum err conf_collect_file(const char *path, struct conf_settings *settings, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = NULL;
	size_t length = 0;
	enum err err;

	if (fd < 0)
		return cannot_read(errno, path, why);
	text = malloc(FILE_SIZE_MAX + 1);
	err = text == NULL ? conf_no_memory(why) : read_all(fd, path, text, &length, why);
	if (err == ERR_OK)
		err = conf_collect_text(text, length, path, settings, why);
	free(text);
	close(fd);
	return err;
}

static int is_conf_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

enum err conf_collect_directory(const char *directory, struct conf_settings *settings,
				struct why *why)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX + NAME_MAX + 2];
	int count = scandir(directory, &entries, is_conf_file, by_bytes);
	enum err err = ERR_OK;

	if (count < 0)
		return errno == ENOENT ? ERR_OK : cannot_read(errno, directory, why);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (err == ERR_OK)
			err = conf_collect_file(path, settings, why);
		free(entries[i]);
	}
	free(entries);
	return err;
}
