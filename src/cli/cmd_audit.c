/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit: what the mail logs say.
 *
 *   files or journal -> audit -> each reset, with what the cache says of its domain
 *                             -> JSON or text, and the counts of the report
 *
 * Everything is opened first, the logs and the page as root where that is who asks;
 * the lines are read as updater_user.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "resetguard/audit.h"
#include "resetguard/maillog_file.h"
#include "resetguard/redact.h"
#include "resetguard/report.h"
#include "resetguard/rules.h"
#include "resetguard/time.h"

struct auditing {
	struct cli *cli;
	int64_t since;
	int64_t until;
	bool json;
	bool by_kind;
	enum report_kind kind;
	const char *html_path;
	FILE *html;
	bool redact;
	struct addresses_key key; /* of this report's hashes */
	struct rules *rules;
	struct cache_txn *txn; /* NULL: the cache cannot be read */
	struct maillog_files *files;
	struct audit *audit;
	struct report *report;
};

/* Where logs lie when none is named. */
static const char *const usual_logs[] = {"/var/log/mail.log", "/var/log/maillog"};

/* ---- each reset ---- */

static void look_up(const struct auditing *auditing, const char *name,
		    struct report_domain *found)
{
	struct domain domain;
	struct facts facts;

	*found = (struct report_domain){.known = false};
	if (auditing->txn == NULL || domain_from_text(name, strlen(name), &domain) != ERR_OK ||
	    cache_get_facts(auditing->txn, &domain, &facts) != ERR_OK)
		return;
	found->known = true;
	found->owner_since = facts_owner_since(&facts);
	found->state = facts.state;
}

static void take_reset(void *context, const struct audit_reset *reset)
{
	struct auditing *auditing = context;
	struct audit_reset shown = *reset;
	struct report_domain domain;

	if (reset->at < auditing->since || reset->at > auditing->until)
		return;
	look_up(auditing, reset->domain, &domain);
	if (auditing->redact)
		redact_reset(&auditing->key, &shown);
	report_add(auditing->report, &shown, &domain);
	if (auditing->by_kind && !report_is(auditing->kind, reset, &domain))
		return;
	if (auditing->json)
		report_json_reset(stdout, &shown, &domain);
	else if (auditing->by_kind)
		report_text_reset(stdout, &shown, &domain);
}

static void take_line(void *context, const char *text, size_t length)
{
	struct auditing *auditing = context;

	audit_line(auditing->audit, text, length);
}

/* ---- opening ---- */

static bool open_rules(struct auditing *auditing)
{
	struct cli *cli = auditing->cli;
	struct why why = {""};
	enum err err = rules_read(cli->conf->messages_file, &cli->conf->guard, &auditing->rules,
				  &why);

	if (err == ERR_OK)
		return true;
	/* What was judged needs no rules. */
	cli_say(cli, "%s; resets from before resetguard ran are not looked for", why.text);
	return true;
}

static bool open_logs(struct auditing *auditing, int argc, char **argv)
{
	struct cli *cli = auditing->cli;
	const char *const *paths = (const char *const *)argv;
	size_t count = (size_t)argc;
	struct why why = {""};
	enum err err;

	if (count == 0) {
		paths = usual_logs;
		while (paths < usual_logs + 2 && access(*paths, F_OK) != 0)
			paths++;
		if (paths == usual_logs + 2) {
			cli_error(cli, ERR_NO_INPUT,
				  "neither %s nor %s is there: name the logs, or say --journal",
				  usual_logs[0], usual_logs[1]);
			return false;
		}
		count = 1;
	}
	err = maillog_files_open(paths, count, cli->now, &auditing->files, &why);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text);
	return err == ERR_OK;
}

static bool open_page(struct auditing *auditing)
{
	if (auditing->html_path == NULL)
		return true;
	auditing->html = fopen(auditing->html_path, "we");
	if (auditing->html == NULL)
		cli_error(auditing->cli, ERR_CANNOT_CREATE, "%s: %s", auditing->html_path,
			  strerror(errno));
	return auditing->html != NULL;
}

/* Without a cache all is told but exposure. */
static void open_snapshot(struct auditing *auditing)
{
	struct cli *cli = auditing->cli;
	struct why why = {""};

	if (cache_read_begin(cli->cache, time_monotonic_ms(), &auditing->txn) == ERR_OK)
		return;
	auditing->txn = NULL;
	(void)cache_status(cli->cache, &why);
	cli_say(cli, "exposure is not known: %s",
		why.text[0] != '\0' ? why.text : "the cache cannot be read");
}

static bool open_all(struct auditing *auditing, int argc, char **argv)
{
	struct cli *cli = auditing->cli;
	struct audit_options options = {.reset = take_reset, .context = auditing};
	enum err err;

	if (!cli_open_conf(cli) || !open_rules(auditing) || !open_logs(auditing, argc, argv) ||
	    !open_page(auditing) || !cli_open_reader(cli))
		return false;
	open_snapshot(auditing);
	options.rules = auditing->rules;
	options.suffixes = cli->suffixes;
	err = auditing->redact ? addresses_key_generate(&auditing->key) : ERR_OK;
	if (err == ERR_OK)
		err = report_new(&auditing->report);
	if (err == ERR_OK)
		err = audit_new(&options, &auditing->audit);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", err_text(err));
	return err == ERR_OK;
}

static void close_all(struct auditing *auditing)
{
	if (auditing->audit != NULL)
		audit_free(auditing->audit);
	if (auditing->report != NULL)
		report_free(auditing->report);
	if (auditing->txn != NULL)
		cache_read_end(auditing->txn);
	if (auditing->files != NULL)
		maillog_files_close(auditing->files);
	if (auditing->rules != NULL)
		rules_free(auditing->rules);
}

/* ---- the whole ---- */

/* A file that is damaged in the middle does not hide what the others say. */
static void read_logs(struct auditing *auditing)
{
	for (size_t i = 0; i < maillog_files_count(auditing->files); i++) {
		struct maillog_clock clock = maillog_files_clock(auditing->files, i);
		struct why why = {""};
		enum err err;

		audit_begin_file(auditing->audit, &clock);
		err = maillog_files_read(auditing->files, i, true, take_line, auditing, &why);
		if (err != ERR_OK)
			cli_error(auditing->cli, err, "%s", why.text);
	}
	audit_end(auditing->audit);
}

static void write_report(struct auditing *auditing)
{
	struct cli *cli = auditing->cli;
	struct audit_coverage coverage = *audit_coverage(auditing->audit);
	bool cache_known = auditing->txn != NULL;

	if (auditing->redact)
		coverage.sample_count = 0;
	if (auditing->json)
		report_json_end(auditing->report, &coverage, stdout);
	else if (!auditing->by_kind && auditing->html == NULL)
		report_text(auditing->report, &coverage, cache_known, stdout);
	if (auditing->html == NULL)
		return;
	report_html(auditing->report, &coverage, cache_known, cli->now, auditing->html);
	if (ferror(auditing->html) | fclose(auditing->html))
		cli_error(cli, ERR_IO, "%s cannot be written", auditing->html_path);
}

static bool read_time(struct auditing *auditing, const char *option, int64_t *moment)
{
	if (time_parse(optarg, auditing->cli->now, moment) == ERR_OK)
		return true;
	cli_usage_error(auditing->cli,
			"audit: %s %s: that is no time: RFC 3339, a date, @unix, or an age such as "
			"30d",
			option, optarg);
	return false;
}

static bool read_options(struct auditing *auditing, int argc, char **argv)
{
	static const struct option options[] = {
		{"html", required_argument, NULL, 'h'},	 {"json", no_argument, NULL, 'j'},
		{"redact", no_argument, NULL, 'r'},	 {"show", required_argument, NULL, 'k'},
		{"since", required_argument, NULL, 's'}, {"until", required_argument, NULL, 'u'},
		{NULL, 0, NULL, 0}};
	bool good = true;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); good && option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		switch (option) {
		case 'h':
			auditing->html_path = optarg;
			break;
		case 'j':
			auditing->json = true;
			break;
		case 'k':
			auditing->by_kind = true;
			good = report_kind_from_text(optarg, &auditing->kind) == ERR_OK;
			if (!good)
				cli_usage_error(auditing->cli,
						"audit: --show takes refused, deferred, delivered, "
						"would-have, not-judged, exposure or canary");
			break;
		case 'r':
			auditing->redact = true;
			break;
		case 's':
			good = read_time(auditing, "--since", &auditing->since);
			break;
		case 'u':
			good = read_time(auditing, "--until", &auditing->until);
			break;
		default: /* getopt's own alphabet */
			cli_usage_error(auditing->cli, "audit: that is no option of this command");
			good = false;
		}
	}
	return good;
}

void cmd_audit(struct cli *cli, int argc, char **argv)
{
	struct auditing auditing = {.cli = cli, .until = INT64_MAX};

	if (!read_options(&auditing, argc, argv))
		return;
	if (open_all(&auditing, argc - optind, argv + optind)) {
		read_logs(&auditing);
		write_report(&auditing);
	}
	close_all(&auditing);
}
