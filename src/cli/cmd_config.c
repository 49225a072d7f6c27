/* SPDX-License-Identifier: BSD-2-Clause */
/* config: the configuration in force. */
#include <getopt.h>

#include "commands.h"
#include "keyfiles.h"

static void report_failed(void *context, const char *key, const char *text)
{
	cli_key_error(context, ERR_CONFIG, key, text);
}

static void report_warned(void *context, const char *text)
{
	cli_say(context, "%s", text);
}

static void pass_over_count(void *context, size_t count)
{
	(void)context;
	(void)count;
}

void cmd_config(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"check", no_argument, NULL, 'c'},
						{"defaults", no_argument, NULL, 'd'},
						{NULL, 0, NULL, 0}};
	const struct keyfiles_sink sink = {report_failed, report_warned, pass_over_count, cli};
	bool check = false;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		switch (option) {
		case 'c':
			check = true;
			break;
		case 'd':
			conf_print_defaults(stdout);
			return;
		default: /* foreign enum */
			cli_usage_error(cli, "config: that is no option of this command");
			return;
		}
	}
	if (optind != argc) {
		cli_usage_error(cli, "config: takes no names");
		return;
	}
	if (!cli_open_conf(cli))
		return;
	if (check)
		keyfiles_check(cli->conf, &sink);
	else
		conf_print(cli->conf, stdout);
}
