/* SPDX-License-Identifier: BSD-2-Clause */
/* config: the configuration in force. */
#include <getopt.h>

#include "commands.h"

void cmd_config(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"check", no_argument, NULL, 'c'},
						{"defaults", no_argument, NULL, 'd'},
						{NULL, 0, NULL, 0}};
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
	if (cli_open_conf(cli) && !check)
		conf_print(cli->conf, stdout);
}
