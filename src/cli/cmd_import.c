/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: domains or addresses, plain or CSV (address,verified_at), or JSON Lines
 * as exported; told apart line by line.
 *
 * Plain and CSV rows are gathered, sorted and merged, since one account may stand
 * there twice in two spellings: colliding rows keep the older date. JSON rows are
 * merged in batches as they come. What cannot be read is reported with its line
 * number, the rest is imported.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "import.h"
#include "resetguard/time.h"

enum { IMPORT_LINE_MAX = 65536 };

enum line_end { LINE_WHOLE, LINE_TOO_LONG, LINE_HAS_NUL, LINE_NONE };

/* One line without its end. The rest of a line that is too long is passed over. */
static enum line_end read_line(FILE *file, char line[IMPORT_LINE_MAX + 1], size_t *length)
{
	enum line_end end = LINE_WHOLE;
	size_t used = 0;
	int c = getc_unlocked(file);

	if (c == EOF)
		return LINE_NONE;
	for (; c != EOF && c != '\n'; c = getc_unlocked(file)) {
		if (c == '\0')
			end = LINE_HAS_NUL;
		if (used == IMPORT_LINE_MAX)
			end = LINE_TOO_LONG;
		else
			line[used++] = (char)c;
	}
	while (used > 0 && strchr(" \t\r", line[used - 1]) != NULL)
		used--;
	line[used] = '\0';
	*length = used;
	return end;
}

/* Takes one CSV field (RFC 4180) in place: at is moved behind its comma. A quote
 * that is not closed before a comma or the end belongs to the text itself, as in
 * "john smith"@example.org. */
static char *take_field(char **at)
{
	char *start = *at + strspn(*at, " \t");
	char *end = start + strcspn(start, ",;\t");

	if (*start == '"') {
		char *to = start;
		char *from = start + 1;

		while (*from != '\0' && (*from != '"' || from[1] == '"')) {
			from += *from == '"';
			from++;
		}
		if (*from == '"' && (from[1] == '\0' || strchr(",;\t ", from[1]) != NULL)) {
			char *close = from;

			for (from = start + 1; from < close; from++) {
				from += *from == '"';
				*to++ = *from;
			}
			end = close + 1 + strcspn(close + 1, ",;\t");
			*to = '\0';
		} else if (*from == '"') {
			end = from + strcspn(from, ",;\t");
		}
	}
	*at = *end == '\0' ? end : end + 1;
	*end = '\0';
	for (end = start + strlen(start); end > start && strchr(" \t", end[-1]) != NULL;)
		*--end = '\0';
	return start;
}

static bool is_heading(const char *field)
{
	static const char *const headings[] = {"address", "email", "e-mail", "mail", "domain",
					       "name"};

	for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
		if (strcasecmp(field, headings[i]) == 0)
			return true;
	}
	return false;
}

static enum err import_csv(struct import *import, char *line, uint64_t number, struct why *why)
{
	char *at = line;
	const char *name = take_field(&at);
	const char *date = take_field(&at);
	int64_t verified_at = 0;

	if (number == 1 && is_heading(name))
		return ERR_OK;
	if (*date != '\0' && time_parse(date, import->cli->now, &verified_at) != ERR_OK &&
	    time_parse_lenient(date, &verified_at) != ERR_OK)
		return err_why(ERR_DATA, why, "\"%.40s\" is no time: write 2024-05-01, "
			       "2024-05-01T07:00:00Z or @SECONDS",
			       date);
	return import_name(import, name, verified_at, why);
}

static void report_line(struct import *import, const char *file_name, uint64_t number,
			enum err err, const char *text)
{
	import->unreadable++;
	cli_error(import->cli, err, "%s:%" PRIu64 ": %s", file_name, number, text);
}

/* False: what went wrong is not the line's fault, and it makes no sense to go on. */
static bool import_line(struct import *import, char *line, size_t length, uint64_t number,
			const char *file_name)
{
	char *start = line + strspn(line, " \t");
	struct why why = {""};
	enum err err;

	if (number == 1 && strncmp(start, "\xef\xbb\xbf", 3) == 0)
		start += 3;
	length -= (size_t)(start - line);
	if (*start == '\0' || *start == '#')
		return true;
	if (*start == '{')
		err = import_json(import, start, length, &why);
	else
		err = import_csv(import, start, number, &why);
	if (err == ERR_OK)
		return true;
	report_line(import, file_name, number, err, why.text[0] == '\0' ? err_text(err) : why.text);
	return err == ERR_DATA;
}

static bool import_file(struct import *import, FILE *file, const char *file_name)
{
	char *line = malloc(IMPORT_LINE_MAX + 1);
	uint64_t number = 0;
	size_t length;
	bool going = line != NULL;

	while (going) {
		enum line_end end = read_line(file, line, &length);

		number++;
		if (end == LINE_NONE)
			break;
		if (end == LINE_WHOLE)
			going = import_line(import, line, length, number, file_name);
		else
			report_line(import, file_name, number, ERR_DATA,
				    end == LINE_HAS_NUL ? "has a NUL byte"
							: "is longer than 65536 bytes");
	}
	if (ferror(file)) {
		cli_error(import->cli, ERR_IO, "%s: line %" PRIu64 ": %s", file_name, number,
			  strerror(errno));
		going = false;
	}
	free(line);
	return going;
}

static void run(struct cli *cli, FILE *file, const char *file_name)
{
	struct import import = {.cli = cli};
	struct why why = {""};
	enum err err;

	if (import_file(&import, file, file_name)) {
		err = import_finish(&import, &why);
		if (err != ERR_OK)
			cli_error(cli, err, "%s", why.text[0] == '\0' ? err_text(err) : why.text);
	}
	import_free(&import);
	cli_say(cli, "imported %" PRIu64 " domains (%" PRIu64 " new), %" PRIu64 " addresses",
		import.domains, import.new_domains, import.addresses);
	if (import.others > 0)
		cli_say(cli, "imported %" PRIu64 " pins and events", import.others);
	if (import.unreadable > 0)
		cli_say(cli, "%" PRIu64 " lines could not be used", import.unreadable);
}

void cmd_import(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{NULL, 0, NULL, 0}};
	const char *name = "-";
	FILE *file = stdin;

	if (getopt_long(argc, argv, "", options, NULL) >= 0 || argc - optind > 1) {
		cli_usage_error(cli, "import: name one file, or none for standard input");
		return;
	}
	if (optind < argc)
		name = argv[optind];
	if (strcmp(name, "-") != 0) {
		file = fopen(name, "re");
		if (file == NULL) {
			cli_error(cli, err_from_errno(errno), "%s: %s", name, strerror(errno));
			return;
		}
	}
	if (cli_open_conf(cli) && cli_open_writer(cli))
		run(cli, file, file == stdin ? "standard input" : name);
	if (file != stdin)
		fclose(file);
}
