/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh: look up what is due (or all, or these) and store it; and settle what the
 * brake holds back. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "resetguard/deliver.h"
#include "resetguard/refresh.h"
#include "resetguard/settle.h"
#include "resetguard/time.h"
#include "resetguard/watch.h"

enum { JOBS_MAX = 1024 };

/* What is done instead of looking up. */
enum settle_kind { SETTLE_NOTHING, SETTLE_RELEASE, SETTLE_DISCARD, SETTLE_UNDO };

struct refresh_command {
	struct cli *cli;
	bool all;
	bool dry_run;
	bool watch;
	bool json;
	enum settle_kind settle;
	const char *host; /* to settle; NULL: any */
	int64_t since;
	unsigned jobs; /* 0: as configured */
	bool named;
	struct name_list *names;
	struct refresh *refresh;
};

/* The domains that were named, once each is enough. */
struct name_list {
	struct domain *domains;
	size_t count;
	size_t size;
};

static void add_domain(struct cli *cli, struct name_list *list, const struct domain *domain)
{
	for (size_t i = list->count; i-- > 0;) {
		if (domain_equal(&list->domains[i], domain))
			return;
	}
	if (list->count == list->size) {
		size_t size = list->size == 0 ? 8 : list->size * 2;
		struct domain *domains = reallocarray(list->domains, size, sizeof *domains);

		if (domains == NULL) {
			cli_error(cli, ERR_NO_MEMORY, "out of memory");
			return;
		}
		list->domains = domains;
		list->size = size;
	}
	list->domains[list->count++] = *domain;
}

static void add_name(struct cli *cli, const char *text, void *context)
{
	struct refresh_command *command = context;
	struct why why = {""};
	struct cli_name name;
	const struct domain *domains[2];
	enum err err = cli_name_read(cli, text, &name, &why);

	if (err != ERR_OK) {
		cli_name_error(cli, command->json, text, err, why.text);
		return;
	}
	for (unsigned i = 0; i < cli_name_domains(&name, domains); i++)
		add_domain(cli, command->names, domains[i]);
}

static void print_json(const struct refresh_result *result)
{
	struct json_line line = json_line_begin(stdout);

	json_line_string(&line, "domain", result->domain->name);
	json_line_string(&line, "result", refresh_outcome_text(result->outcome));
	json_line_string(&line, "state", state_text(result->state));
	json_line_string(&line, "source",
			 result->source == SOURCE_NONE ? NULL : source_text(result->source));
	json_line_string(&line, "error", result->error);
	json_line_end(&line);
}

/* Of a long run a person wants to see what moved and what failed. */
static void told(void *context, const struct refresh_result *result)
{
	const struct refresh_command *command = context;
	const char *name = result->domain->name;

	if (command->json) {
		print_json(result);
		return;
	}
	switch (result->outcome) {
	case REFRESH_CHANGED:
		if (!command->named && command->cli->quiet)
			break;
		printf("%s: changed: %s\n", name, state_text(result->state));
		break;
	case REFRESH_UNCHANGED:
		if (command->named || command->cli->verbose)
			printf("%s: unchanged: %s\n", name, state_text(result->state));
		break;
	case REFRESH_FAILED:
		fprintf(stderr, "resetguard: %s: failed, what was known stays: %s\n", name,
			result->error);
		break;
	case REFRESH_HELD_BACK:
		fprintf(stderr, "resetguard: %s: %s; what was known stays, disputed\n", name,
			result->error);
		break;
	}
}

static enum err queue_names(struct refresh_command *command, struct why *why)
{
	struct cli *cli = command->cli;
	enum err err = ERR_OK;

	if (command->all)
		return refresh_add_all(command->refresh, why);
	if (!command->named)
		return refresh_add_due(command->refresh, cli->now, why);
	for (size_t i = 0; i < command->names->count && err == ERR_OK; i++)
		err = refresh_add(command->refresh, &command->names->domains[i]);
	return err;
}

/* "2 TLS, 1 throttled" */
static void list_causes(const struct refresh_totals *totals, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < REFRESH_CAUSE_COUNT; i++) {
		if (totals->causes[i] != 0 && length < size)
			length += (size_t)snprintf(text + length, size - length,
						   "%s%" PRIu64 " %s", length == 0 ? "" : ", ",
						   totals->causes[i],
						   refresh_cause_text((enum refresh_cause)i));
	}
}

static void report(struct cli *cli, const struct refresh_totals *totals)
{
	uint64_t answered = totals->checked + totals->held_back;
	char causes[256];
	char oldest[80] = "";
	char held_back[40] = "";

	list_causes(totals, causes, sizeof causes);
	if (totals->oldest_check != 0)
		snprintf(oldest, sizeof oldest, "; of the failed the oldest good check is of %s",
			 time_format(totals->oldest_check).text);
	if (totals->held_back > 0)
		snprintf(held_back, sizeof held_back, ", %" PRIu64 " held back", totals->held_back);
	cli_say(cli, "%" PRIu64 " checked, %" PRIu64 " changed, %" PRIu64 " failed%s%s%s%s%s%s",
		totals->checked, totals->changed, totals->failed, causes[0] == '\0' ? "" : " (",
		causes, causes[0] == '\0' ? "" : ")", held_back, oldest,
		answered + totals->failed == 0 ? ": nothing was due" : "");
	if (totals->failed > 0 && answered == 0)
		cli_error(cli, ERR_UNAVAILABLE, "nothing could be looked up");
	cli->deferred |= totals->failed + totals->held_back > 0;
}

/* ---- what would be asked ---- */

static const char *why_asked(const struct refresh_command *command,
			     const struct refresh_question *question)
{
	if (!question->forced)
		return "due";
	if (command->all)
		return "all";
	return command->named ? "named" : "wanted";
}

static void print_question(void *context, const struct refresh_question *question)
{
	const struct refresh_command *command = context;
	const char *source = question->source == SOURCE_NONE ? NULL : source_text(question->source);
	const char *why = why_asked(command, question);

	if (command->json) {
		struct json_line line = json_line_begin(stdout);

		json_line_string(&line, "domain", question->domain->name);
		json_line_string(&line, "source", source);
		json_line_string(&line, "host", question->host);
		json_line_string(&line, "why", why);
		json_line_time(&line, "next_check_at", question->due_at);
		json_line_end(&line);
		return;
	}
	printf("%s: ", question->domain->name);
	if (source == NULL)
		printf("no source serves it");
	else if (question->host != NULL)
		printf("%s at %s", source, question->host);
	else
		printf("%s at %s", source,
		       question->source == SOURCE_DNS ? "the system's resolver" : "a server to be found");
	printf(", %s", why);
	if (!question->forced && question->due_at != 0 &&
	    question->due_at <= command->cli->now)
		printf(" since %s", time_format(question->due_at).text);
	putchar('\n');
}

static void dry_run(struct refresh_command *command)
{
	struct cli *cli = command->cli;
	struct refresh_options options = {
		.conf = cli->conf,
		.suffixes = cli->suffixes,
		.cache = cli->cache,
		.jobs = 1,
	};
	struct why why = {""};
	enum err err = wanted_open(cli->conf->cache_dir, cli->conf->wanted_max, &options.wanted);

	if (err == ERR_OK)
		err = refresh_open(&options, &command->refresh, &why);
	if (err == ERR_OK)
		err = queue_names(command, &why);
	if (err == ERR_OK)
		err = refresh_plan(command->refresh, cli->now, print_question, command, &why);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text[0] == '\0' ? err_text(err) : why.text);
	else if (why.text[0] != '\0')
		cli_say(cli, "%s", why.text);
	refresh_close(command->refresh);
	wanted_close(options.wanted);
}

/* ---- telling the application ---- */

/* What it does not take stays: the run is done in part only. */
static void tell_application(struct refresh_command *command)
{
	struct cli *cli = command->cli;
	const struct deliver_options options = {
		.conf = cli->conf,
		.cache = cli->cache,
		.clock = time_now,
	};
	struct deliver_totals totals;
	struct why why = {""};
	enum err err;

	if (deliver_takers(cli->conf) == 0)
		return;
	err = deliver_once(&options, &totals, &why);
	if (err != ERR_OK) {
		cli_error(cli, err, "the application was not told: %s",
			  why.text[0] == '\0' ? err_text(err) : why.text);
		return;
	}
	if (totals.taken > 0 || totals.waiting > 0)
		cli_say(cli, "told the application: %" PRIu64 " taken, %" PRIu64 " waiting%s",
			totals.taken, totals.waiting,
			totals.busy ? "; another process tells it" : "");
	cli->deferred |= totals.waiting > 0 && !totals.busy;
}

static void run_once(struct refresh_command *command, const struct refresh_options *options)
{
	struct refresh_totals totals = {0};
	struct why why = {""};
	enum err err = refresh_open(options, &command->refresh, &why);

	if (err == ERR_OK)
		err = queue_names(command, &why);
	if (err == ERR_OK) {
		err = refresh_run(command->refresh, time_now, &totals, &why);
		if (err == ERR_OK || totals.checked + totals.failed + totals.held_back > 0)
			report(command->cli, &totals);
	}
	if (err != ERR_OK)
		cli_error(command->cli, err, "%s",
			  why.text[0] == '\0' ? err_text(err) : why.text);
	refresh_close(command->refresh);
	tell_application(command);
}

static void watch(struct refresh_command *command, const struct refresh_options *options)
{
	struct why why = {""};
	enum err err;

	/* Somebody may be reading along. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	cli_say(command->cli, "watching");
	err = watch_run(options, time_now, &why);
	if (err != ERR_OK)
		cli_error(command->cli, err, "%s",
			  why.text[0] == '\0' ? err_text(err) : why.text);
}

static void run(struct refresh_command *command)
{
	struct cli *cli = command->cli;
	struct refresh_options options = {
		.conf = cli->conf,
		.suffixes = cli->suffixes,
		.cache = cli->cache,
		.jobs = command->jobs == 0 ? cli->conf->jobs : command->jobs,
		.told = told,
		.context = command,
	};
	struct why why = {""};
	int lock = -1;
	enum err err = ERR_OK;

	if (!command->named)
		err = refresh_lock(cli->conf->cache_dir,
				   command->watch ? REFRESH_WATCHER : REFRESH_RUN, &lock, &why);
	if (err == ERR_OK)
		err = wanted_open(cli->conf->cache_dir, cli->conf->wanted_max, &options.wanted);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text[0] == '\0' ? err_text(err) : why.text);
	else if (command->watch)
		watch(command, &options);
	else
		run_once(command, &options);
	wanted_close(options.wanted);
	if (lock >= 0)
		close(lock);
}

/* ---- settling ---- */

static void told_settled(void *context, const struct settle_result *result)
{
	const struct refresh_command *command = context;
	const char *word = settle_outcome_text(result->outcome);
	const char *name = result->domain->name;

	if (command->json) {
		struct json_line line = json_line_begin(stdout);

		json_line_string(&line, "domain", name);
		json_line_string(&line, "result", word);
		json_line_string(&line, "state", state_text(result->state));
		json_line_string(&line, "source",
				 result->source == SOURCE_NONE ? NULL : source_text(result->source));
		json_line_string(&line, "error", NULL);
		json_line_end(&line);
	} else if (result->outcome == SETTLE_KEPT) {
		printf("%s: %s: %s: more has changed since\n", name, word,
		       state_text(result->state));
	} else {
		printf("%s: %s: %s\n", name, word, state_text(result->state));
	}
}

static void settle(struct refresh_command *command)
{
	struct cli *cli = command->cli;
	const struct settle_options options = {
		.cache = cli->cache,
		.now = cli->now,
		.clock = time_now,
		.told = told_settled,
		.context = command,
	};
	struct settle_totals totals = {0};
	struct why why = {""};
	enum err err = ERR_OK;

	switch (command->settle) {
	case SETTLE_NOTHING:
		return;
	case SETTLE_RELEASE:
		err = settle_release(&options, command->host, &totals, &why);
		break;
	case SETTLE_DISCARD:
		err = settle_discard(&options, command->host, &totals, &why);
		break;
	case SETTLE_UNDO:
		err = settle_undo(&options, command->host, command->since, &totals, &why);
		break;
	}
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text[0] == '\0' ? err_text(err) : why.text);
	cli_say(cli, "%" PRIu64 " settled, %" PRIu64 " kept%s", totals.settled, totals.kept,
		totals.settled + totals.kept == 0 ? ": there was nothing to settle" : "");
	/* A host that was named and has nothing is most likely another's name. */
	cli->negative |= command->host != NULL && totals.settled + totals.kept == 0;
	cli->deferred |= totals.kept > 0;
	tell_application(command);
}

static bool set_settle(struct refresh_command *command, enum settle_kind kind)
{
	if (command->settle != SETTLE_NOTHING) {
		cli_usage_error(command->cli, "refresh: one of --release, --discard and --undo");
		return false;
	}
	command->settle = kind;
	return true;
}

/* What follows the options: [HOST], or HOST SINCE. */
static bool read_settle(struct refresh_command *command, int argc, char **argv)
{
	struct cli *cli = command->cli;
	bool is_undo = command->settle == SETTLE_UNDO;

	if (command->all || command->jobs != 0) {
		cli_usage_error(cli, "refresh: --release, --discard and --undo look nothing up");
		return false;
	}
	if (is_undo ? argc != 2 : argc > 1) {
		cli_usage_error(cli, is_undo ? "refresh: --undo HOST SINCE"
					     : "refresh: --release or --discard, and one HOST at most");
		return false;
	}
	command->host = argc > 0 ? argv[0] : NULL;
	if (is_undo && (time_parse(argv[1], cli->now, &command->since) != ERR_OK ||
			command->since > cli->now)) {
		cli_usage_error(cli, "refresh: --undo HOST %s: a time that has been, such as 2026-11-22T07:00:00Z, "
				     "@unix or 12h", argv[1]);
		return false;
	}
	return true;
}

static bool read_options(struct refresh_command *command, int argc, char **argv)
{
	static const struct option options[] = {{"all", no_argument, NULL, 'a'},
						{"dry-run", no_argument, NULL, 'd'},
						{"json", no_argument, NULL, 'j'},
						{"jobs", required_argument, NULL, 'n'},
						{"watch", no_argument, NULL, 'w'},
						{"release", no_argument, NULL, 'r'},
						{"discard", no_argument, NULL, 'x'},
						{"undo", no_argument, NULL, 'u'},
						{NULL, 0, NULL, 0}};
	char *end;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		if (option == 'a') {
			command->all = true;
		} else if (option == 'd') {
			command->dry_run = true;
		} else if (option == 'j') {
			command->json = true;
		} else if (option == 'w') {
			command->watch = true;
		} else if (option == 'r' || option == 'x' || option == 'u') {
			if (!set_settle(command, option == 'r'	 ? SETTLE_RELEASE
						 : option == 'x' ? SETTLE_DISCARD
								 : SETTLE_UNDO))
				return false;
		} else if (option == 'n') {
			unsigned long jobs = strtoul(optarg, &end, 10);

			if (*end != '\0' || jobs < 1 || jobs > JOBS_MAX) {
				cli_usage_error(command->cli, "--jobs %s: a number from 1 to %d",
						optarg, JOBS_MAX);
				return false;
			}
			command->jobs = (unsigned)jobs;
		} else {
			cli_usage_error(command->cli, "refresh: that is no option of this command");
			return false;
		}
	}
	if (command->settle != SETTLE_NOTHING)
		return read_settle(command, argc - optind, argv + optind);
	command->named = optind < argc;
	if (command->all + command->watch + command->named > 1) {
		cli_usage_error(command->cli,
				"refresh: one of --all, --watch and names, not several");
		return false;
	}
	return true;
}

void cmd_refresh(struct cli *cli, int argc, char **argv)
{
	struct name_list names = {.domains = NULL};
	struct refresh_command command = {.cli = cli, .names = &names};

	if (!read_options(&command, argc, argv) || !cli_open_conf(cli))
		return;
	if (command.settle != SETTLE_NOTHING) {
		if (cli_open_writer(cli))
			settle(&command);
		return;
	}
	cli_each_text(cli, argc - optind, argv + optind, add_name, &command);
	if (command.named && names.count == 0)
		goto out;
	if (command.dry_run && cli_open_reader(cli))
		dry_run(&command);
	else if (!command.dry_run && cli_open_writer(cli))
		run(&command);
out:
	free(names.domains);
}
