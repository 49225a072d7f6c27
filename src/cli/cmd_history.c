/* SPDX-License-Identifier: BSD-2-Clause */
/* history: every change of a domain, with its evidence. */
#include <getopt.h>
#include <string.h>

#include "commands.h"
#include "records.h"
#include "resetguard/time.h"
#include "resetguard/utf8.h"

struct history {
	bool json;
	const struct address_hash *only; /* of an address: what is about others is left out */
	bool any;
};

static void print_json(const struct domain *domain, const struct history_event *event)
{
	struct json_line line = json_line_begin(stdout);
	char hash[RECORDS_HASH_TEXT];

	records_hash_text(&event->address, hash);
	json_line_string(&line, "domain", domain->name);
	records_history_members(&line, event);
	json_line_string(&line, "address", event->has_address ? hash : NULL);
	json_line_end(&line);
}

static void print_text(const struct domain *domain, const struct history_event *event)
{
	printf("%s  %s  %s%s", time_format(event->at).text, domain->name,
	       history_kind_text(event->kind), event->has_address ? " (one address)" : "");
	if (event->state_before != event->state_after)
		printf("  %s -> %s", state_text(event->state_before), state_text(event->state_after));
	if (history_owner_since(&event->owner_before) != history_owner_since(&event->owner_after))
		printf("  owner since %s",
		       time_format(history_owner_since(&event->owner_after)).text);
	if (event->host[0] != '\0')
		printf("  by %s", event->host);
	putchar('\n');
	if (event->evidence[0] != '\0') {
		fputs("    ", stdout);
		utf8_print(stdout, event->evidence, strlen(event->evidence));
		putchar('\n');
	}
}

static enum err print_event(void *context, const struct domain *domain,
			    const struct history_event *event)
{
	struct history *history = context;

	if (history->only != NULL && event->has_address &&
	    memcmp(&event->address, history->only, sizeof event->address) != 0)
		return ERR_OK;
	history->any = true;
	if (history->json)
		print_json(domain, event);
	else
		print_text(domain, event);
	return ferror(stdout) ? ERR_IO : ERR_OK;
}

static void history_one(struct cli *cli, const char *text, void *context)
{
	struct history *history = context;
	struct why why = {""};
	struct cli_name name;
	const struct domain *domains[2];
	struct address_hash hash;
	struct facts facts;
	struct cache_txn *txn;
	bool known = false;
	enum err err = cli_name_read(cli, text, &name, &why);

	if (err != ERR_OK) {
		cli_name_error(cli, history->json, text, err, why.text);
		return;
	}
	if (!cli_read_begin(cli, &txn))
		return;
	history->any = false;
	history->only = NULL;
	if (name.has_mailbox) {
		hash = cache_address_hash(txn, &name.mailbox);
		history->only = &hash;
	}
	for (unsigned i = 0; i < cli_name_domains(&name, domains) && err == ERR_OK; i++) {
		known |= cache_get_facts(txn, domains[i], &facts) == ERR_OK;
		err = cache_each_history(txn, domains[i], print_event, history);
	}
	cache_read_end(txn);
	if (err != ERR_OK) {
		cli_name_error(cli, history->json, text, err, err_text(err));
	} else if (!known && !history->any) {
		cli_name_negative(cli, history->json, text, "not in the cache");
	} else if (!history->any) {
		cli_say(cli, "%s: no change so far", text);
	}
}

void cmd_history(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{NULL, 0, NULL, 0}};
	struct history history = {.json = false};
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		if (option != 'j') {
			cli_usage_error(cli, "history: that is no option of this command");
			return;
		}
		history.json = true;
	}
	if (optind == argc) {
		cli_usage_error(cli, "history: name a domain or an address");
		return;
	}
	if (cli_open_conf(cli) && cli_open_reader(cli))
		cli_each_text(cli, argc - optind, argv + optind, history_one, &history);
}
