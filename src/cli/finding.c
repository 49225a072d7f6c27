/* SPDX-License-Identifier: BSD-2-Clause */
/* finding: what the doctor has found, and the one place where it is written down. */
#include "finding.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/json.h"
#include "resetguard/utf8.h"

enum { CHECK_WIDTH = 14 };

const char *level_text(enum level level)
{
	switch (level) {
	case LEVEL_OK:
		return "ok";
	case LEVEL_NOTE:
		return "note";
	case LEVEL_WARNING:
		return "warning";
	case LEVEL_ERROR:
		return "error";
	}
	return "error";
}

/* SGR sequences of ECMA-48. */
static const char *level_colour(enum level level)
{
	switch (level) {
	case LEVEL_OK:
		return "\033[32m";
	case LEVEL_NOTE:
		return "\033[36m";
	case LEVEL_WARNING:
		return "\033[33m";
	case LEVEL_ERROR:
		return "\033[31m";
	}
	return "";
}

/* Lines that other programs wrote may end in a newline, which is nothing to see. */
static void mask(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	utf8_mask(text);
}

void finding_add(struct findings *findings, const char *check, enum level level, const char *remedy,
		 const char *format, ...)
{
	char text[FINDING_TEXT_MAX];
	struct finding *items = reallocarray(findings->items, findings->count + 1, sizeof *items);
	va_list arguments;

	if (items == NULL) {
		findings->incomplete = true;
		return;
	}
	findings->items = items;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	mask(text);
	items[findings->count] = (struct finding){
		.check = check,
		.level = level,
		.text = strdup(text),
		.remedy = remedy == NULL ? NULL : strdup(remedy),
	};
	if (items[findings->count].text == NULL ||
	    (remedy != NULL && items[findings->count].remedy == NULL))
		findings->incomplete = true;
	findings->count++;
}

void findings_clear(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->items[i].text);
		free(findings->items[i].remedy);
	}
	free(findings->items);
	*findings = (struct findings){0};
}

size_t findings_count(const struct findings *findings, enum level level)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		count += findings->items[i].level == level;
	return count;
}

void finding_print(const struct finding *finding, bool colour, FILE *stream)
{
	fprintf(stream, "%s%-8s%s %-*s %s\n", colour ? level_colour(finding->level) : "",
		level_text(finding->level), colour ? "\033[0m" : "", CHECK_WIDTH, finding->check,
		finding->text == NULL ? "out of memory" : finding->text);
	if (finding->remedy != NULL)
		fprintf(stream, "    mend: %s\n", finding->remedy);
}

void finding_print_json(const struct finding *finding, FILE *stream)
{
	struct json_line line = json_line_begin(stream);

	json_line_string(&line, "check", finding->check);
	json_line_string(&line, "level", level_text(finding->level));
	json_line_string(&line, "finding", finding->text);
	json_line_string(&line, "remedy", finding->remedy);
	json_line_end(&line);
}
