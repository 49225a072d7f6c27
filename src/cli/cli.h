/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli: what every command of resetguard shares: the configuration, the cache,
 * the names it is given, messages and the exit code.
 *
 * Data goes to stdout, messages to stderr. One thread.
 */
#ifndef RESETGUARD_CLI_H
#define RESETGUARD_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "resetguard/cache.h"
#include "resetguard/conf.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/judge.h"
#include "resetguard/json.h"
#include "resetguard/mailbox.h"

enum { CLI_NAME_MAX = MAILBOX_PATH_MAX };

struct cli_command;

struct cli {
	const struct cli_command *command; /* NULL: none was found */
	const char *conf_path; /* NULL: the default */
	bool quiet;
	bool verbose;
	bool begins_anew; /* cache_options */
	int64_t now; /* when the command started */

	struct conf *conf;
	struct domain_suffixes *suffixes;
	struct cache *cache;

	bool failed; /* some error was reported: error_code is its exit code */
	int error_code;
	bool negative; /* a reject, or a negative answer */
	bool deferred; /* a tempfail, or done in part */
};

/* A command, as main's table has it. */
struct cli_command {
	const char *name;
	const char *synopsis; /* what follows the name */
	const char *summary;
	void (*run)(struct cli *cli, int argc, char **argv);
};

/* The whole program: argv in, exit code out. */
int cli_main(int argc, char **argv);

/* ---- messages and the exit code ---- */

/* Reports on stderr and remembers err's exit code, the first one counting. */
void cli_error(struct cli *cli, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same about one name: with json also {"schema":1,"name":...,"error":...} on stdout. */
void cli_name_error(struct cli *cli, bool json, const char *name, enum err err, const char *text);
/* The same about the file that a key of the configuration names: "FILE:LINE: KEY: text". */
void cli_key_error(struct cli *cli, enum err err, const char *key, const char *text);
/* As cli_name_error where it is no error but a negative answer: exit 1. */
void cli_name_negative(struct cli *cli, bool json, const char *name, const char *text);
/* A message that -q silences. */
void cli_say(const struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
/* How the command is used, after a wrong option: ERR_USAGE. */
void cli_usage_error(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);
int cli_exit_code(const struct cli *cli);

/* ---- opening; each reports what fails and returns false ---- */

bool cli_open_conf(struct cli *cli); /* and the public suffix list */
/* For commands that only read. Succeeds without a cache; what is read then fails. */
bool cli_open_reader(struct cli *cli);
/* For commands that write: makes what is missing, with owners and modes. As root
 * becomes updater_user: open the files that were given before. */
bool cli_open_writer(struct cli *cli);
/* The first half of that: the directories, owners and modes, and the user. */
bool cli_prepare_cache(struct cli *cli);
struct cache_options cli_cache_options(struct cli *cli);
/* A snapshot; false: there is none, which has been said. */
bool cli_read_begin(struct cli *cli, struct cache_txn **txn);
struct judge cli_judge(const struct cli *cli);

/* ---- names ---- */

/* A NAME: a domain or an address, and what it comes down to. */
struct cli_name {
	char text[CLI_NAME_MAX + 1]; /* as given */
	bool has_mailbox;
	struct mailbox mailbox;
	struct domain_names names;
};

/* The domains a name is about: the registrable one and the one below a private suffix. */
unsigned cli_name_domains(const struct cli_name *name, const struct domain *domains[2]);
/* Of these the one that concerns nobody else: below a private suffix, the neighbours have
 * records of their own. */
const struct domain *cli_name_narrowest(const struct cli_name *name);

/* ERR_DATA and why if text is neither a domain nor an address of one. */
MUST_CHECK enum err cli_name_read(const struct cli *cli, const char *text, struct cli_name *name,
				  struct why *why);

/* Calls each for every argument; "-" stands for the lines of stdin. */
void cli_each_text(struct cli *cli, int argc, char **argv,
		   void (*each)(struct cli *cli, const char *text, void *context), void *context);

#endif
