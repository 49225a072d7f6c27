/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit: what the mail logs say.
 *
 * Everything is opened first, the logs and the page as root where that is who asks;
 * the lines are read as updater_user.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "audit_run.h"
#include "commands.h"
#include "resetguard/time.h"

/* Where logs lie when none is named. */
static const char *const usual_logs[] = {"/var/log/mail.log", "/var/log/maillog"};
enum { USUAL_LOGS = sizeof usual_logs / sizeof *usual_logs };

/* ---- opening: each reports what fails and returns false ---- */

/* What was judged needs no rules. */
static void open_rules(struct audit_run *run)
{
	struct cli *cli = run->cli;
	struct why why = {""};

	if (rules_read(cli->conf->messages_file, &cli->conf->guard, &run->rules, &why) == ERR_OK)
		return;
	cli_say(cli, "%s; resets from before resetguard ran are not looked for", why.text);
	run->rules = NULL;
}

static bool open_files(struct audit_run *run, const char *const *paths, size_t count)
{
	struct cli *cli = run->cli;
	struct why why = {""};
	size_t usual = 0;
	enum err err;

	while (count == 0 && usual < USUAL_LOGS && access(usual_logs[usual], F_OK) != 0)
		usual++;
	if (count == 0 && usual == USUAL_LOGS) {
		cli_error(cli, ERR_NO_INPUT,
			  "neither %s nor %s is there: name the logs, or say --journal",
			  usual_logs[0], usual_logs[1]);
		return false;
	}
	if (count == 0)
		err = maillog_files_open(&usual_logs[usual], 1, cli->now, &run->files, &why);
	else
		err = maillog_files_open(paths, count, cli->now, &run->files, &why);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text);
	return err == ERR_OK;
}

/* The cursor of the run before; "" where there was none. */
static bool read_cursor(struct audit_run *run, char cursor[JOURNAL_CURSOR_MAX])
{
	ssize_t length;

	cursor[0] = '\0';
	if (run->cursor_path == NULL)
		return true;
	run->cursor_fd = open(run->cursor_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	length = run->cursor_fd < 0 ? -1 : read(run->cursor_fd, cursor, JOURNAL_CURSOR_MAX - 1);
	if (length < 0) {
		cli_error(run->cli, err_from_errno(errno), "%s: %s", run->cursor_path,
			  strerror(errno));
		return false;
	}
	cursor[length] = '\0';
	cursor[strcspn(cursor, "\n")] = '\0';
	return true;
}

static bool open_journal(struct audit_run *run, const char *const *paths, size_t count)
{
	char cursor[JOURNAL_CURSOR_MAX];
	struct why why = {""};
	enum err err = journal_open(paths, count, &run->journal, &why);

	if (err == ERR_OK && !read_cursor(run, cursor))
		return false;
	if (err == ERR_OK)
		err = journal_seek(run->journal, cursor, run->since, &why);
	if (err != ERR_OK)
		cli_error(run->cli, err, "%s", why.text);
	return err == ERR_OK;
}

static bool open_page(struct audit_run *run)
{
	if (run->html_path == NULL)
		return true;
	run->html = fopen(run->html_path, "we");
	if (run->html == NULL)
		cli_error(run->cli, ERR_CANNOT_CREATE, "%s: %s", run->html_path, strerror(errno));
	return run->html != NULL;
}

/* Without a cache all is told but exposure. */
static void try_cache(struct audit_run *run)
{
	struct cli *cli = run->cli;
	struct why why = {""};
	struct cache_txn *txn;

	run->cache_known = cache_read_begin(cli->cache, time_monotonic_ms(), &txn) == ERR_OK;
	if (run->cache_known) {
		cache_read_end(txn);
		return;
	}
	(void)cache_status(cli->cache, &why);
	cli_say(cli, "exposure is not known: %s",
		why.text[0] != '\0' ? why.text : "the cache cannot be read");
}

static bool make_parts(struct audit_run *run)
{
	const struct audit_options options = {.rules = run->rules,
					      .suffixes = run->cli->suffixes,
					      .reset = audit_run_reset,
					      .line = run->message != NULL ? audit_run_line : NULL,
					      .context = run};
	enum err err = run->redact ? addresses_key_generate(&run->key) : ERR_OK;

	if (err == ERR_OK && run->message != NULL) {
		run->trace = audit_trace_new(run->message);
		err = run->trace == NULL ? ERR_NO_MEMORY : ERR_OK;
	}
	if (err == ERR_OK)
		err = report_new(&run->report);
	if (err == ERR_OK)
		err = audit_new(&options, &run->audit);
	if (err != ERR_OK)
		cli_error(run->cli, err, "%s", err_text(err));
	return err == ERR_OK;
}

static bool open_all(struct audit_run *run, const char *const *paths, size_t count)
{
	if (!cli_open_conf(run->cli))
		return false;
	open_rules(run);
	if (!(run->use_journal ? open_journal : open_files)(run, paths, count) ||
	    !open_page(run) || !cli_open_reader(run->cli))
		return false;
	try_cache(run);
	return make_parts(run);
}

static void close_all(struct audit_run *run)
{
	if (run->audit != NULL)
		audit_free(run->audit);
	if (run->report != NULL)
		report_free(run->report);
	audit_trace_free(run->trace);
	if (run->cursor_fd >= 0)
		close(run->cursor_fd);
	if (run->journal != NULL)
		journal_close(run->journal);
	if (run->files != NULL)
		maillog_files_close(run->files);
	if (run->rules != NULL)
		rules_free(run->rules);
}

/* ---- the end ---- */

static void write_report(struct audit_run *run)
{
	struct cli *cli = run->cli;
	struct audit_coverage coverage = *audit_coverage(run->audit);

	if (run->redact)
		coverage.sample_count = 0;
	if (run->json && run->message == NULL)
		report_json_end(run->report, &coverage, stdout);
	else if (!run->json && !run->by_kind && run->message == NULL && run->html == NULL)
		report_text(run->report, &coverage, run->cache_known, stdout);
	if (run->html == NULL)
		return;
	report_html(run->report, &coverage, run->cache_known, cli->now, run->html);
	if (ferror(run->html) | fclose(run->html))
		cli_error(cli, ERR_IO, "%s cannot be written", run->html_path);
}

/* Only once everything is out: what was not told is read again. */
static void write_cursor(struct audit_run *run)
{
	char cursor[JOURNAL_CURSOR_MAX + 1];
	size_t length;

	if (run->cursor_fd < 0 || run->cli->failed || fflush(stdout) != 0)
		return;
	journal_cursor(run->journal, cursor);
	length = strlen(cursor);
	if (length == 0)
		return;
	cursor[length++] = '\n';
	if (pwrite(run->cursor_fd, cursor, length, 0) != (ssize_t)length ||
	    ftruncate(run->cursor_fd, (off_t)length) != 0)
		cli_error(run->cli, err_from_errno(errno), "%s: %s", run->cursor_path,
			  strerror(errno));
}

/* ---- the command line ---- */

static bool read_time(struct audit_run *run, const char *option, int64_t *moment)
{
	if (time_parse(optarg, run->cli->now, moment) == ERR_OK)
		return true;
	cli_usage_error(run->cli,
			"audit: %s %s: that is no time: RFC 3339, a date, @unix, or an age such as "
			"30d",
			option, optarg);
	return false;
}

static bool read_kind(struct audit_run *run)
{
	run->by_kind = report_kind_from_text(optarg, &run->kind) == ERR_OK;
	if (!run->by_kind)
		cli_usage_error(run->cli, "audit: --show takes refused, deferred, delivered, "
					  "would-have, not-judged, exposure or canary");
	return run->by_kind;
}

enum { OPTION_CURSOR_FILE = 256, OPTION_SHOW };

static bool read_options(struct audit_run *run, int argc, char **argv)
{
	static const struct option options[] = {
		{"cursor-file", required_argument, NULL, OPTION_CURSOR_FILE},
		{"follow", no_argument, NULL, 'f'},
		{"html", required_argument, NULL, 'h'},
		{"journal", no_argument, NULL, 'J'},
		{"json", no_argument, NULL, 'j'},
		{"message", required_argument, NULL, 'm'},
		{"redact", no_argument, NULL, 'r'},
		{"show", required_argument, NULL, OPTION_SHOW},
		{"since", required_argument, NULL, 's'},
		{"until", required_argument, NULL, 'u'},
		{NULL, 0, NULL, 0}};
	bool good = true;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); good && option >= 0;
	     option = good ? getopt_long(argc, argv, "", options, NULL) : -1) {
		switch (option) {
		case OPTION_CURSOR_FILE:
			run->cursor_path = optarg;
			break;
		case 'f':
			run->follow = true;
			break;
		case 'h':
			run->html_path = optarg;
			break;
		case 'J':
			run->use_journal = true;
			break;
		case 'j':
			run->json = true;
			break;
		case 'm':
			run->message = optarg;
			break;
		case 'r':
			run->redact = true;
			break;
		case OPTION_SHOW:
			good = read_kind(run);
			break;
		case 's':
			good = read_time(run, "--since", &run->since);
			break;
		case 'u':
			good = read_time(run, "--until", &run->until);
			break;
		default: /* getopt's own alphabet */
			cli_usage_error(run->cli, "audit: that is no option of this command");
			good = false;
		}
	}
	return good;
}

static bool fits_together(const struct audit_run *run)
{
	if (run->message != NULL && (run->redact || run->follow || run->by_kind))
		cli_usage_error(run->cli,
				"audit: --message goes without --redact, --follow and --show");
	else if (run->cursor_path != NULL && (!run->use_journal || run->message != NULL))
		cli_usage_error(run->cli, "audit: --cursor-file goes with --journal");
	else
		return true;
	return false;
}

void cmd_audit(struct cli *cli, int argc, char **argv)
{
	struct audit_run run = {.cli = cli, .until = INT64_MAX, .cursor_fd = -1};

	if (!read_options(&run, argc, argv) || !fits_together(&run))
		return;
	if (open_all(&run, (const char *const *)argv + optind, (size_t)(argc - optind))) {
		audit_run_read(&run);
		write_report(&run);
		write_cursor(&run);
	}
	close_all(&run);
}
