/* SPDX-License-Identifier: BSD-2-Clause */
/* config: the configuration in force. */
#include <getopt.h>
#include <unistd.h>

#include "commands.h"
#include "resetguard/mime.h"
#include "resetguard/rules.h"

/* The milter's rules, if there are any: a machine may run the updater alone. */
static void check_rules(struct cli *cli)
{
	const struct conf *conf = cli->conf;
	struct rules *rules;
	struct why why = {""};
	enum err err;

	if (access(conf->messages_file, F_OK) != 0) {
		cli_say(cli, "%s: there is no such file; the milter would not start",
			conf->messages_file);
		return;
	}
	mime_init();
	err = rules_read(conf->messages_file, &conf->guard, &rules, &why);
	if (err != ERR_OK) {
		cli_error(cli, err, "%s", why.text);
		return;
	}
	for (size_t i = 0; rules_warning(rules, i) != NULL; i++)
		cli_say(cli, "%s", rules_warning(rules, i));
	rules_free(rules);
}

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
	if (!cli_open_conf(cli))
		return;
	if (check)
		check_rules(cli);
	else
		conf_print(cli->conf, stdout);
}
