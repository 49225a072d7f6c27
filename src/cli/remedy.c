/* SPDX-License-Identifier: BSD-2-Clause */
/* remedy: commands for an operator to paste into a shell, built word by word. */
#include "remedy.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct remedy *remedy, const char *text, size_t length)
{
	if (length >= sizeof remedy->text - remedy->length) {
		remedy->cut = true;
		return;
	}
	memcpy(remedy->text + remedy->length, text, length);
	remedy->length += length;
	remedy->text[remedy->length] = '\0';
}

static void append_text(struct remedy *remedy, const char *text)
{
	append(remedy, text, strlen(text));
}

static void separate(struct remedy *remedy)
{
	if (remedy->length > 0)
		append_text(remedy, " ");
}

void remedy_word(struct remedy *remedy, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "@%+=:,./_-";

	separate(remedy);
	if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
		append_text(remedy, word);
		return;
	}
	append_text(remedy, "'");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			append_text(remedy, "'\\''");
		else
			append(remedy, word, 1);
	}
	append_text(remedy, "'");
}

void remedy_format(struct remedy *remedy, const char *format, ...)
{
	char word[REMEDY_MAX];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(word, sizeof word, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof word)
		remedy->cut = true;
	else
		remedy_word(remedy, word);
}

void remedy_shell(struct remedy *remedy, const char *text)
{
	separate(remedy);
	append_text(remedy, text);
}

void remedy_words(struct remedy *remedy, const char *const *words)
{
	for (; *words != NULL; words++)
		remedy_word(remedy, *words);
}

void remedy_and(struct remedy *remedy)
{
	if (remedy->length > 0)
		append_text(remedy, " &&");
}

const char *remedy_text(const struct remedy *remedy)
{
	return remedy->cut || remedy->length == 0 ? NULL : remedy->text;
}

/* ---- lines of files ---- */

/* Some line of a file, with the lines that continue it. */
struct extent {
	char file[PATH_MAX];
	unsigned long first;
	unsigned long last;
};

/* "FILE:LINE", and perhaps ":..." behind it. */
static bool read_place(const char *text, struct extent *extent)
{
	for (const char *colon = strchr(text, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
		char *end;

		if (!isdigit((unsigned char)colon[1]))
			continue;
		extent->first = strtoul(colon + 1, &end, 10);
		if ((*end != '\0' && *end != ':') || (size_t)(colon - text) >= sizeof extent->file)
			continue;
		memcpy(extent->file, text, (size_t)(colon - text));
		extent->file[colon - text] = '\0';
		return extent->first > 0;
	}
	return false;
}

/* As conf and main.cf have it: lines that begin with a blank, and comments and empty
 * lines before those. */
static bool find_extent(const char *place, struct extent *extent)
{
	FILE *file;
	char *line = NULL;
	size_t size = 0;
	unsigned long number = 0;

	if (!read_place(place, extent))
		return false;
	file = fopen(extent->file, "re");
	if (file == NULL)
		return false;
	extent->last = 0;
	while (getline(&line, &size, file) >= 0) {
		const char *text = line + strspn(line, " \t\r\n\f\v");

		number++;
		if (number == extent->first)
			extent->last = number;
		if (number <= extent->first || *text == '\0' || *text == '#')
			continue;
		if (text == line)
			break;
		extent->last = number;
	}
	free(line);
	(void)fclose(file);
	return extent->last != 0;
}

bool remedy_leave_out(struct remedy *remedy, const char *text)
{
	struct extent extent;

	if (!find_extent(text, &extent))
		return false;
	remedy_words(remedy, (const char *[]){"sed", "-i", NULL});
	remedy_format(remedy, "%lu,%lus/^/#/", extent.first, extent.last);
	remedy_word(remedy, extent.file);
	return true;
}

void remedy_set_key(struct remedy *remedy, const struct conf *conf, const char *conf_path,
		    const char *key, const char *value)
{
	const char *place = conf_place(conf, key);
	struct extent extent;

	if (place != NULL && find_extent(place, &extent)) {
		remedy_words(remedy, (const char *[]){"sed", "-i", NULL});
		remedy_format(remedy, "%lu,%luc\\%s = %s", extent.first, extent.last, key, value);
		remedy_word(remedy, extent.file);
		return;
	}
	/* The file may lack its last newline. */
	remedy_words(remedy, (const char *[]){"printf", "\\n%s = %s\\n", key, value, NULL});
	remedy_shell(remedy, ">>");
	remedy_word(remedy, conf_path == NULL ? conf_default_path : conf_path);
}
