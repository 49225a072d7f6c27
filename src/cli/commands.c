/* SPDX-License-Identifier: BSD-2-Clause */
/* commands: the table of commands. Adding one is adding a row and a function. */
#include "commands.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/log.h"
#include "resetguard/time.h"

static const struct cli_command commands[] = {
	{"refresh",
	 "[--all | --watch | NAME...|-] [--dry-run] [--jobs N] [--json] | --release [HOST] | "
	 "--discard [HOST] | --undo HOST SINCE",
	 "look up what is due (or all, or these) and store it; or settle what the brake holds back",
	 cmd_refresh},
	{"lookup", "[--json] [--valid-since T] [--class C] NAME...|-",
	 "the verdict the milter would give now, and why", cmd_lookup},
	{"list", "[--state S] [--reason R] [--tld T] [--due] [--json]", "what the cache holds",
	 cmd_list},
	{"history", "[--json] NAME...|-", "every change, with its evidence", cmd_history},
	{"verify", "[--at T] [--by WHO] [--note TEXT] NAME...|-",
	 "vouch for a mailbox, or for every mailbox of a domain", cmd_verify},
	{"unverify", "[--by WHO] --note TEXT NAME...|-", "take that back", cmd_unverify},
	{"pin", "[--until T] [--by WHO] [--note TEXT] accept|reject NAME...|-",
	 "an operator's override, with an end", cmd_pin},
	{"unpin", "NAME...|-", "remove an override", cmd_unpin},
	{"import", "[--new] [FILE|-]", "domains or addresses: plain, CSV (address,verified_at), or exported",
	 cmd_import},
	{"export", "", "everything in the cache, one JSON object a line", cmd_export},
	{"stats", "[--json]", "counts, ages, what is due at which host, what the brake holds",
	 cmd_stats},
	{"status", "[--nagios]", "one line and an exit code for monitoring", cmd_status},
	{"audit",
	 "[--since T] [--until T] [--json] [--html FILE] [--show KIND | --message ID] [--redact] "
	 "[--follow] [--journal [--cursor-file FILE]] [LOG...|-]",
	 "what the mail logs say: refused, deferred, let through, and delivered to domains that "
	 "lapsed later",
	 cmd_audit},
	{"classify", "[--json] [--explain] FILE...|-",
	 "which rule, if any, takes each message of a file, folder, mbox or Maildir", cmd_classify},
	{"backup", "FILE|-", "the whole cache and its key, verified, in one file", cmd_backup},
	{"restore", "[--check] FILE|-", "put a backup in the cache's place, or only verify it",
	 cmd_restore},
	{"prune", "--future | NAME...|-", "forget domains or addresses and what is known of them",
	 cmd_prune},
	{"doctor", "[--json] [--postfix DIR] [--sendmail-cf FILE]",
	 "what is wrong, from the configuration to the MTA, and the command that mends it",
	 cmd_doctor},
	{"setup", "postfix [--apply] [--postfix DIR]",
	 "the Postfix settings that it takes, shown or carried out, and the way back", cmd_setup},
	{"config", "[--check|--defaults]", "the configuration in force", cmd_config},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *stream)
{
	fputs("usage: resetguard [-c FILE] [-q|-v] COMMAND\n\n", stream);
	for (int i = 0; i < COMMAND_COUNT; i++)
		fprintf(stream, "  %s%s%s\n      %s\n", commands[i].name,
			commands[i].synopsis[0] == '\0' ? "" : " ", commands[i].synopsis,
			commands[i].summary);
	fputs("\nNAME is a domain or an address. T is RFC 3339, a date, @unix, or an age such as 30d.\n"
	      "Exit: 0 done or accept, 1 reject, 75 defer or done in part, 64-78 errors.\n",
	      stream);
}

static const struct cli_command *find_command(const char *name)
{
	for (int i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return true;
	}
	return false;
}

static void run_command(struct cli *cli, int argc, char **argv)
{
	const struct cli_command *command = find_command(argv[0]);

	if (command == NULL) {
		cli_usage_error(cli, "there is no command '%s'", argv[0]);
		return;
	}
	if (asks_for_help(argc, argv)) {
		printf("usage: resetguard %s%s%s\n%s\n", command->name,
		       command->synopsis[0] == '\0' ? "" : " ", command->synopsis,
		       command->summary);
		return;
	}
	optind = 0;
	cli->command = command;
	command->run(cli, argc, argv);
}

static void close_all(struct cli *cli)
{
	if (cli->cache != NULL)
		cache_close(cli->cache);
	if (cli->suffixes != NULL)
		domain_suffixes_close(cli->suffixes);
	if (cli->conf != NULL)
		conf_free(cli->conf);
}

int cli_main(int argc, char **argv)
{
	static const struct option options[] = {{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{NULL, 0, NULL, 0}};
	struct cli cli = {.now = time_now()};
	int option;

	for (option = getopt_long(argc, argv, "+c:qvh", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "+c:qvh", options, NULL)) {
		switch (option) {
		case 'c':
			cli.conf_path = optarg;
			break;
		case 'q':
			cli.quiet = true;
			break;
		case 'v':
			cli.verbose = true;
			break;
		case 'V':
			puts("resetguard " PACKAGE_VERSION);
			return 0;
		case 'h':
			print_help(stdout);
			return 0;
		default: /* getopt's own alphabet */
			print_help(stderr);
			return err_exit(ERR_USAGE);
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return err_exit(ERR_USAGE);
	}
	log_open(LOG_TO_STDERR, cli.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "resetguard");
	run_command(&cli, argc - optind, argv + optind);
	close_all(&cli);
	if (fflush(stdout) != 0 || ferror(stdout))
		cli_error(&cli, ERR_IO, "standard output cannot be written");
	return cli_exit_code(&cli);
}
