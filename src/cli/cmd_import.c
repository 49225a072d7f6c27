/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: domains or addresses, plain or CSV (address,verified_at), or JSON Lines
 * as exported; told apart line by line.
 *
 * What cannot be read is reported with its line number, the rest is imported.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "csv.h"
#include "import.h"
#include "lines.h"
#include "progress.h"
#include "resetguard/time.h"

enum {
	NAMED_MAX = 50,	   /* lines that are reported each */
	SHOW_EVERY = 1024, /* rows, whether it is time to draw */
};

struct import_command {
	struct cli *cli;
	const char *file_name;
	struct lines *lines;
	struct import *import;
	struct progress progress;
	uint64_t number; /* of the line in hand */
	uint64_t unreadable;
	bool storing;
};

static enum err import_csv(struct import_command *command, char *line, struct why *why)
{
	struct csv_row row;
	enum err err = csv_read(line, command->cli->now, &row, why);

	if (command->number == 1 && csv_is_heading(&row))
		return ERR_OK;
	return err == ERR_OK ? import_name(command->import, row.name, row.verified_at, why) : err;
}

static const char *reason(enum err err, const struct why *why)
{
	return why->text[0] == '\0' ? err_text(err) : why->text;
}

static void say_line(struct import_command *command, enum err err, const char *text)
{
	progress_clear(&command->progress);
	cli_error(command->cli, err, "%s:%" PRIu64 ": %s", command->file_name, command->number,
		  text);
}

/* Of millions of bad lines the first say enough. */
static void report_line(struct import_command *command, const char *text)
{
	if (++command->unreadable <= NAMED_MAX)
		say_line(command, ERR_DATA, text);
}

/* ---- how far it has got ---- */

static void show_reading(struct import_command *command)
{
	const struct progress_state state = {
		.what = "reading",
		.units = "rows",
		.count = command->number,
		.done = lines_bytes(command->lines),
		.all = lines_size(command->lines),
	};

	progress_show(&command->progress, &state, time_monotonic_ms());
}

static bool show_storing(void *context, const struct import_counts *counts)
{
	struct import_command *command = context;
	const struct progress_state state = {
		.what = "storing",
		.units = "entries",
		.count = counts->done,
		.done = counts->done,
		.all = counts->all,
	};

	if (!command->storing)
		progress_restart(&command->progress, time_monotonic_ms());
	command->storing = true;
	progress_show(&command->progress, &state, time_monotonic_ms());
	return !lines_stopped(command->lines);
}

/* Of an import that did not come to its end. */
static void say_how_far(struct import_command *command)
{
	const struct import_counts counts = import_counts(command->import);
	struct cli *cli = command->cli;

	if (counts.all == 0)
		cli_error(cli, ERR_BUSY,
			  "import: ended at line %" PRIu64 "; nothing of its names and addresses is "
			  "stored: run the same import again",
			  command->number);
	else
		cli_error(cli, ERR_BUSY,
			  "import: ended when %" PRIu64 " %% was stored; that stays: run the same "
			  "import again for the rest",
			  counts.done * 100 / counts.all);
}

/* ---- reading ---- */

/* False: what went wrong is not the line's fault, and it makes no sense to go on. */
static bool import_line(struct import_command *command, char *line, size_t length)
{
	char *start = line + strspn(line, " \t");
	struct why why;
	enum err err;

	if (command->number == 1 && strncmp(start, "\xef\xbb\xbf", 3) == 0)
		start += 3;
	length -= (size_t)(start - line);
	if (*start == '\0' || *start == '#')
		return true;
	why.text[0] = '\0';
	if (*start == '{')
		err = import_json(command->import, start, length, &why);
	else
		err = import_csv(command, start, &why);
	if (err == ERR_OK)
		return true;
	if (err == ERR_DATA)
		report_line(command, reason(err, &why));
	else
		say_line(command, err, reason(err, &why));
	return err == ERR_DATA;
}

/* True: all lines were read. */
static bool import_lines(struct import_command *command)
{
	enum lines_end end;
	bool going = true;
	size_t length;
	char *line;

	do {
		end = lines_next(command->lines, &line, &length);
		if (end != LINES_NONE && end != LINES_STOPPED)
			command->number++;
		switch (end) {
		case LINES_WHOLE:
			going = import_line(command, line, length);
			break;
		case LINES_TOO_LONG:
			report_line(command, "is longer than 65536 bytes");
			break;
		case LINES_HAS_NUL:
			report_line(command, "has a NUL byte");
			break;
		case LINES_FAILED:
			say_line(command, ERR_IO, strerror(errno));
			going = false;
			break;
		case LINES_STOPPED:
			going = false;
			break;
		case LINES_NONE:
			break;
		}
		if (command->number % SHOW_EVERY == 0)
			show_reading(command);
	} while (going && end != LINES_NONE);
	return going;
}

static void say_counts(const struct import_command *command)
{
	const struct import_counts counts = import_counts(command->import);
	const struct cli *cli = command->cli;

	cli_say(cli, "imported %" PRIu64 " domains (%" PRIu64 " new), %" PRIu64 " addresses",
		counts.domains, counts.new_domains, counts.addresses);
	if (counts.others > 0)
		cli_say(cli, "imported %" PRIu64 " pins and events", counts.others);
	if (command->unreadable > 0)
		cli_say(cli, "%" PRIu64 " lines could not be used%s", command->unreadable,
			command->unreadable > NAMED_MAX ? "; the first 50 are named above" : "");
}

static bool is_whole(const struct import *import)
{
	const struct import_counts counts = import_counts(import);

	return counts.done == counts.all;
}

static void import_all(struct import_command *command)
{
	struct cli *cli = command->cli;
	struct why why = {""};
	bool whole = import_lines(command);
	enum err err;

	if (whole) {
		err = import_finish(command->import, &why);
		progress_clear(&command->progress);
		if (err != ERR_OK)
			cli_error(cli, err, "%s", reason(err, &why));
		whole = err == ERR_OK && is_whole(command->import);
	}
	progress_clear(&command->progress);
	if (!whole)
		say_how_far(command);
	say_counts(command);
}

static void run(struct cli *cli, FILE *file, const char *file_name)
{
	struct import_command command = {
		.cli = cli,
		.file_name = file_name,
		.progress = progress_begin(cli->quiet, time_monotonic_ms()),
	};
	const struct import_options options = {
		.cli = cli,
		.clock = time_now,
		.sort_memory = IMPORT_SORT_MEMORY,
		.goes_on = show_storing,
		.context = &command,
	};
	struct why why = {""};
	enum err err = lines_open(fileno(file), &command.lines, &why);

	if (err == ERR_OK)
		err = import_new(&options, &command.import);
	if (err == ERR_OK)
		import_all(&command);
	else
		cli_error(cli, err, "import: %s", reason(err, &why));
	import_free(command.import);
	lines_close(command.lines);
}

void cmd_import(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"new", no_argument, NULL, 'n'},
						{NULL, 0, NULL, 0}};
	const char *name = "-";
	FILE *file = stdin;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option == 'n';
	     option = getopt_long(argc, argv, "", options, NULL))
		cli->begins_anew = true;
	if (option >= 0 || argc - optind > 1) {
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
