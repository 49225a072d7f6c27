/* SPDX-License-Identifier: BSD-2-Clause */
/* cli: what every command of resetguard shares. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resetguard/deliver.h"
#include "resetguard/privilege.h"
#include "resetguard/time.h"

enum { CLI_READERS = 8 };

/* ---- messages and the exit code ---- */

static void remember(struct cli *cli, enum err err)
{
	if (!cli->failed)
		cli->error_code = err_exit(err);
	cli->failed = true;
}

static void print_message(const char *format, va_list arguments) PRINTF_LIKE(1, 0);
static void print_message(const char *format, va_list arguments)
{
	fputs("resetguard: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void cli_error(struct cli *cli, enum err err, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_message(format, arguments);
	va_end(arguments);
	remember(cli, err);
}

static void print_about_name(bool json, const char *name, const char *text)
{
	fprintf(stderr, "resetguard: %s: %s\n", name, text);
	if (json) {
		struct json_line line = json_line_begin(stdout);

		json_line_string(&line, "name", name);
		json_line_string(&line, "error", text);
		json_line_end(&line);
	}
}

void cli_name_error(struct cli *cli, bool json, const char *name, enum err err, const char *text)
{
	print_about_name(json, name, text);
	remember(cli, err);
}

void cli_key_error(struct cli *cli, enum err err, const char *key, const char *text)
{
	const char *place = conf_place(cli->conf, key);
	bool named = strncmp(text, key, strlen(key)) == 0;

	cli_error(cli, err, "%s%s%s%s%s", place == NULL ? "" : place, place == NULL ? "" : ": ",
		  named ? "" : key, named ? "" : ": ", text);
}

void cli_name_negative(struct cli *cli, bool json, const char *name, const char *text)
{
	print_about_name(json, name, text);
	cli->negative = true;
}

void cli_say(const struct cli *cli, const char *format, ...)
{
	va_list arguments;

	if (cli->quiet)
		return;
	va_start(arguments, format);
	print_message(format, arguments);
	va_end(arguments);
}

void cli_usage_error(struct cli *cli, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_message(format, arguments);
	va_end(arguments);
	if (cli->command != NULL)
		fprintf(stderr, "usage: resetguard %s %s\n", cli->command->name,
			cli->command->synopsis);
	else
		fputs("Try 'resetguard --help' or resetguard(1).\n", stderr);
	remember(cli, ERR_USAGE);
}

int cli_exit_code(const struct cli *cli)
{
	if (cli->failed)
		return cli->error_code;
	if (cli->negative)
		return 1;
	return cli->deferred ? 75 : 0;
}

/* ---- opening ---- */

bool cli_open_conf(struct cli *cli)
{
	struct why why = {""};
	enum err err = conf_read(cli->conf_path, &cli->conf, &why);

	if (err != ERR_OK) {
		cli_error(cli, err, "%s", why.text);
		return false;
	}
	err = domain_suffixes_open(cli->conf->public_suffix_file, &cli->suffixes, &why);
	if (err != ERR_OK) {
		cli_key_error(cli, err, "public_suffix_file", why.text);
		return false;
	}
	return true;
}

/* The command goes on without the record, and ends with 75. */
static void told_damaged(void *context, const char *database, const char *name)
{
	struct cli *cli = context;
	bool of_domain = strcmp(database, "facts") == 0;

	fprintf(stderr, "resetguard: %s: a damaged record in %s is left out%s%s%s\n", name, database,
		of_domain ? ": 'resetguard refresh " : "", of_domain ? name : "",
		of_domain ? "' replaces it" : "");
	cli->deferred = true;
}

struct cache_options cli_cache_options(struct cli *cli)
{
	return (struct cache_options){
		.cache_dir = cli->conf->cache_dir,
		.map_size = cli->conf->map_size,
		.readers = CLI_READERS,
		.takers = deliver_takers(cli->conf),
		.begins_anew = cli->begins_anew,
		.damaged = told_damaged,
		.context = cli,
	};
}

/* Root does not read or write the cache as root. */
static enum err become_updater(const struct cli *cli, struct privilege_user *user,
			       struct why *why)
{
	if (geteuid() != 0)
		return ERR_OK;
	if (user->name[0] == '\0') {
		enum err err = privilege_find(cli->conf->updater_user, user, why);

		if (err != ERR_OK)
			return err;
	}
	return privilege_become(user, why);
}

bool cli_open_reader(struct cli *cli)
{
	const struct cache_options options = cli_cache_options(cli);
	struct privilege_user user = {.name = ""};
	struct why why = {""};
	enum err err = become_updater(cli, &user, &why);

	if (err == ERR_OK)
		err = cache_open_reader(&options, &cli->cache, &why);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text);
	return err == ERR_OK;
}

bool cli_prepare_cache(struct cli *cli)
{
	struct privilege_user user = {.name = "", .uid = (uid_t)-1, .gid = (gid_t)-1};
	struct why why = {""};
	enum err err = ERR_OK;

	if (geteuid() == 0)
		err = privilege_find(cli->conf->updater_user, &user, &why);
	if (err == ERR_OK)
		err = cache_prepare(cli->conf->cache_dir, user.uid, user.gid, &why);
	if (err == ERR_OK)
		err = become_updater(cli, &user, &why);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text);
	return err == ERR_OK;
}

bool cli_open_writer(struct cli *cli)
{
	const struct cache_options options = cli_cache_options(cli);
	struct why why = {""};
	enum err err;

	if (!cli_prepare_cache(cli))
		return false;
	err = cache_open_writer(&options, &cli->cache, &why);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text);
	return err == ERR_OK;
}

bool cli_read_begin(struct cli *cli, struct cache_txn **txn)
{
	struct why why = {""};
	enum err err = cache_snapshot(cli->cache, time_monotonic_ms(), txn, &why);

	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text);
	return err == ERR_OK;
}

struct judge cli_judge(const struct cli *cli)
{
	return (struct judge){
		.cache = cli->cache,
		.suffixes = cli->suffixes,
		.conf = cli->conf,
	};
}

/* ---- names ---- */

enum err cli_name_read(const struct cli *cli, const char *text, struct cli_name *name,
		       struct why *why)
{
	size_t length = strlen(text);
	bool has_mailbox = strchr(text, '@') != NULL;
	struct domain_names names;
	struct mailbox mailbox;
	enum err err;

	if (length > CLI_NAME_MAX)
		return err_why(ERR_DATA, why, "longer than %d characters", CLI_NAME_MAX);
	if (has_mailbox)
		err = mailbox_parse(text, length, &mailbox);
	else
		err = domain_from_text(text, length, &mailbox.host);
	if (err != ERR_OK)
		return err_why(ERR_DATA, why, "is neither a domain nor an address of one");
	err = domain_names(cli->suffixes, &mailbox.host, &names);
	if (err != ERR_OK)
		return err_why(ERR_DATA, why, "no registry sells such a name (%s)",
			       mailbox.host.name);
	/* What there is of it, not 2 kB: import reads millions. */
	memcpy(name->text, text, length + 1);
	name->has_mailbox = has_mailbox;
	if (has_mailbox)
		name->mailbox = mailbox;
	name->names = names;
	return ERR_OK;
}

unsigned cli_name_domains(const struct cli_name *name, const struct domain *domains[2])
{
	domains[0] = &name->names.registrable;
	domains[1] = &name->names.below_private;
	return name->names.below_private.length > 0 ? 2 : 1;
}

const struct domain *cli_name_narrowest(const struct cli_name *name)
{
	return name->names.below_private.length > 0 ? &name->names.below_private
						    : &name->names.registrable;
}

static void each_line(struct cli *cli,
		      void (*each)(struct cli *cli, const char *text, void *context),
		      void *context)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	for (length = getline(&line, &size, stdin); length >= 0;
	     length = getline(&line, &size, stdin)) {
		char *start = line;

		while (length > 0 && strchr(" \t\r\n", line[length - 1]) != NULL)
			line[--length] = '\0';
		start += strspn(start, " \t");
		if (*start != '\0' && *start != '#')
			each(cli, start, context);
	}
	if (ferror(stdin))
		cli_error(cli, ERR_IO, "standard input cannot be read");
	free(line);
}

void cli_each_text(struct cli *cli, int argc, char **argv,
		   void (*each)(struct cli *cli, const char *text, void *context), void *context)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-") == 0)
			each_line(cli, each, context);
		else
			each(cli, argv[i], context);
	}
}
