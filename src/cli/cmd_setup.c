/* SPDX-License-Identifier: BSD-2-Clause */
/* setup: has the MTA's mail pass the milter; shows what that takes, or does it. */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "knock.h"
#include "postfix.h"
#include "resetguard/command.h"
#include "setup.h"

enum { RUN_TIMEOUT_MS = 60000, RUN_OUTPUT_MAX = 4096 };

static bool is_change(const struct setup_step *step)
{
	return step->new != NULL && step->service[0] == '\0';
}

static size_t count_changes(const struct setup *setup)
{
	size_t count = 0;

	for (size_t i = 0; i < setup->count; i++)
		count += is_change(&setup->steps[i]);
	return count;
}

/* ---- showing ---- */

/* What is printed can be given to a shell: all but the commands is comments. */
static void print_step(const struct postfix *postfix, const struct setup_step *step)
{
	struct remedy remedy = {.length = 0};
	struct setup_words words;

	printf("# %s\n", step->problem);
	if (step->new == NULL) {
		puts(step->level == LEVEL_NOTE ? "# That is as it should be where mail comes back "
						 "from a content filter."
					       : "# This is for you to change: it is not said in "
						 "that parameter itself.");
		return;
	}
	words = setup_forth(step);
	setup_add_postconf(&remedy, postfix, &words);
	if (step->service[0] != '\0')
		puts("# master.cf is left to you:");
	printf("%s%s\n", step->service[0] != '\0' ? "# " : "", remedy.text);
}

static void print_way_back(const struct postfix *postfix, const struct setup *setup)
{
	struct remedy reload = {.length = 0};

	puts("# The way back:");
	for (size_t i = 0; i < setup->count; i++) {
		struct remedy remedy = {.length = 0};
		struct setup_words words;

		if (!is_change(&setup->steps[i]))
			continue;
		words = setup_back(&setup->steps[i]);
		setup_add_postconf(&remedy, postfix, &words);
		printf("#   %s\n", remedy.text);
	}
	setup_add_reload(&reload, postfix);
	printf("#   %s\n", reload.text);
}

static void show(const struct postfix *postfix, const struct setup *setup)
{
	struct remedy reload = {.length = 0};

	for (size_t i = 0; i < setup->count; i++)
		print_step(postfix, &setup->steps[i]);
	if (count_changes(setup) == 0) {
		puts("# Nothing is to be done in main.cf.");
		return;
	}
	setup_add_reload(&reload, postfix);
	puts(reload.text);
	print_way_back(postfix, setup);
}

/* ---- doing ---- */

static bool run(struct cli *cli, const char *const *words)
{
	char output[RUN_OUTPUT_MAX];
	char errors[COMMAND_OUTPUT_MAX + 1];
	struct why why = {""};

	if (command_run_words(words, RUN_TIMEOUT_MS, output, sizeof output, errors, &why) == ERR_OK)
		return true;
	cli_error(cli, ERR_UNAVAILABLE, "%s: %s: %s%s", words[0], why.text, output, errors);
	return false;
}

static bool change(struct cli *cli, const struct postfix *postfix, const struct setup_step *step)
{
	struct setup_words words = setup_forth(step);
	const char *all[6] = {postfix->program};
	size_t count = 1;

	if (postfix->directory != NULL) {
		all[count++] = "-c";
		all[count++] = postfix->directory;
	}
	all[count++] = words.option;
	all[count++] = words.argument;
	return run(cli, all);
}

/* A Postfix that does not run reads its configuration when it starts. */
static bool reload(struct cli *cli, const struct postfix *postfix)
{
	char *program = command_find("postfix");
	const char *all[5] = {program};
	size_t count = 1;
	bool known;
	bool done;

	if (program == NULL) {
		cli_error(cli, ERR_UNAVAILABLE, "there is no postfix(1): reload it by hand");
		return false;
	}
	if (postfix->directory != NULL) {
		all[count++] = "-c";
		all[count++] = postfix->directory;
	}
	all[count] = "reload";
	done = !postfix_runs(postfix, &known) || run(cli, all);
	free(program);
	return done;
}

static bool may_write(struct cli *cli, const struct postfix *postfix)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/main.cf", postfix_value(postfix, "config_directory"));
	if (access(path, W_OK) == 0)
		return true;
	cli_error(cli, ERR_PERMISSION, "%s cannot be written: run this as root", path);
	return false;
}

/* With nobody at its socket all mail would be deferred from then on. */
static bool milter_listens(struct cli *cli)
{
	struct why why = {""};
	pid_t pid;
	enum err err = knock(cli->conf->socket, &pid, &why);

	if (err != ERR_OK)
		cli_error(cli, err,
			  "%s: Postfix would defer all mail; start the milter first. Nothing was "
			  "changed",
			  why.text);
	return err == ERR_OK;
}

static void apply(struct cli *cli, const struct postfix *postfix, const struct setup *setup)
{
	if (count_changes(setup) > 0 && (!may_write(cli, postfix) || !milter_listens(cli)))
		return;
	show(postfix, setup);
	for (size_t i = 0; i < setup->count; i++) {
		if (is_change(&setup->steps[i]) && !change(cli, postfix, &setup->steps[i])) {
			cli_say(cli,
				"not all of this was done; the way back above takes back what was");
			return;
		}
	}
	if (count_changes(setup) > 0 && reload(cli, postfix))
		cli_say(cli, "done: Postfix's mail passes resetguard now");
}

/* ---- the command ---- */

static void setup_postfix(struct cli *cli, const char *directory, bool really)
{
	struct setup *setup = calloc(1, sizeof *setup);
	struct postfix postfix = {.program = NULL};
	struct remedy remedy = {.length = 0};
	struct why why = {""};
	enum err err = setup == NULL ? err_why(ERR_NO_MEMORY, &why, "out of memory")
				     : postfix_ask(directory, &postfix, &why);

	if (err == ERR_OK) {
		err = setup_plan(&postfix, cli->conf, cli->conf_path, setup, &remedy, &why);
		if (err == ERR_OK && really)
			apply(cli, &postfix, setup);
		else if (err == ERR_OK)
			show(&postfix, setup);
		if (err == ERR_OK)
			setup_clear(setup);
		postfix_clear(&postfix);
	}
	if (err == ERR_NOT_FOUND)
		err = ERR_UNAVAILABLE;
	if (err != ERR_OK)
		cli_error(cli, err, "%s%s%s", why.text, remedy.length > 0 ? "; " : "", remedy.text);
	free(setup);
}

void cmd_setup(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"apply", no_argument, NULL, 'a'},
						{"postfix", required_argument, NULL, 'p'},
						{NULL, 0, NULL, 0}};
	const char *directory = NULL;
	bool really = false;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		switch (option) {
		case 'a':
			really = true;
			break;
		case 'p':
			directory = optarg;
			break;
		default: /* foreign enum */
			cli_usage_error(cli, "setup: that is no option of this command");
			return;
		}
	}
	if (optind + 1 != argc || strcmp(argv[optind], "postfix") != 0) {
		cli_usage_error(cli, "setup: of what? 'setup postfix' is all there is");
		return;
	}
	if (cli_open_conf(cli))
		setup_postfix(cli, directory, really);
}
