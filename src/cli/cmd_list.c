/* SPDX-License-Identifier: BSD-2-Clause */
/* list: what the cache holds, one domain a line. */
#include <getopt.h>
#include <string.h>

#include "commands.h"
#include "counting.h"
#include "resetguard/time.h"

struct list {
	struct cli *cli;
	struct cache_txn *txn;
	struct judge judge;
	bool json;
	bool due;
	bool by_state;
	enum state state;
	bool by_reason;
	enum reason reason;
	const char *tld;
	bool any;
	struct refresh *refresh; /* with due: who would be asked */
};

/* Who would be asked about a domain whose check is due. */
struct questions {
	int64_t due_at;
	bool dns;
	enum source registry; /* SOURCE_NONE: not asked */
	char host[DOMAIN_MAX + 1];
};

/* due: NULL, but with --due. */
static void print_json(const struct domain *domain, const struct judgement *judgement,
		       const struct questions *due)
{
	const struct facts *facts = &judgement->facts;
	struct json_line line = json_line_begin(stdout);

	json_line_string(&line, "domain", domain->name);
	json_line_string(&line, "verdict", verdict_text(judgement->verdict));
	json_line_string(&line, "reason", reason_text(judgement->reason));
	json_line_string(&line, "state", state_text(facts->state));
	json_line_time(&line, "owner_since", judgement->owner_since);
	json_line_time(&line, "verified_at", judgement->verified_at);
	json_line_string(&line, "verified_by", verified_by_text(judgement->verified_by));
	json_line_time(&line, "registered_at", facts->registered_at);
	json_line_time(&line, "expires_at", facts->expires_at);
	json_line_time(&line, "checked_at", facts_checked_at(facts));
	json_line_time(&line, "next_check_at", facts_next_check_at(facts));
	json_line_string(&line, "source",
			 facts->source == SOURCE_NONE ? NULL : source_text(facts->source));
	if (due != NULL) {
		json_line_time(&line, "due_at", due->due_at);
		json_line_boolean(&line, "asks_dns", due->dns);
		json_line_string(&line, "asks_source",
				 due->registry == SOURCE_NONE ? NULL : source_text(due->registry));
		json_line_string(&line, "asks_host", due->host[0] == '\0' ? NULL : due->host);
	}
	json_line_end(&line);
}

static const char *or_dash(const char *text)
{
	return text[0] == '\0' ? "-" : text;
}

static void print_text(struct list *list, const struct domain *domain,
		       const struct judgement *judgement)
{
	const struct facts *facts = &judgement->facts;

	if (!list->any)
		printf("%-30s %-14s %-13s %-20s %-20s %s\n", "DOMAIN", "STATE", "REASON",
		       "OWNER SINCE", "CHECKED", "NEXT CHECK");
	list->any = true;
	printf("%-30s %-14s %-13s %-20s %-20s %s\n", domain->name, state_text(facts->state),
	       reason_text(judgement->reason), or_dash(time_format(judgement->owner_since).text),
	       or_dash(time_format(facts_checked_at(facts)).text),
	       or_dash(time_format(facts_next_check_at(facts)).text));
}

static void print_due_text(struct list *list, const struct domain *domain,
			   const struct judgement *judgement, const struct questions *due)
{
	bool asks_registry = due->registry != SOURCE_NONE;

	if (!list->any)
		printf("%-20s %-30s %-14s %-13s %s\n", "DUE SINCE", "DOMAIN", "STATE", "REASON",
		       "ASKS");
	list->any = true;
	printf("%-20s %-30s %-14s %-13s %s%s%s%s%s\n", or_dash(time_format(due->due_at).text),
	       domain->name, state_text(judgement->facts.state), reason_text(judgement->reason),
	       asks_registry ? source_text(due->registry) : "", asks_registry ? " at " : "",
	       due->host, asks_registry && due->dns ? ", " : "",
	       due->dns ? source_text(SOURCE_DNS) : asks_registry ? "" : "nobody");
}

static enum err list_domain(struct list *list, const struct domain *domain,
			    const struct facts *facts, const struct questions *due)
{
	struct judgement judgement;

	if (list->tld != NULL && strcasecmp(domain_tld(domain), list->tld) != 0)
		return ERR_OK;
	if (list->by_state && facts->state != list->state)
		return ERR_OK;
	judge_facts(&list->judge, list->txn, domain, facts, list->cli->now, &judgement);
	if (list->by_reason && judgement.reason != list->reason)
		return ERR_OK;
	if (list->json)
		print_json(domain, &judgement, due);
	else if (due != NULL)
		print_due_text(list, domain, &judgement, due);
	else
		print_text(list, domain, &judgement);
	return ferror(stdout) ? ERR_IO : ERR_OK;
}

static enum err list_one(void *context, const struct domain *domain, const struct facts *facts)
{
	return list_domain(context, domain, facts, NULL);
}

/* As a run does: the DNS at every check, the registry where its own is due. */
static enum err list_due(void *context, const struct domain *domain, int64_t due_at)
{
	struct list *list = context;
	struct questions due = {.due_at = due_at,
				.dns = conf_has_source(list->cli->conf, SOURCE_DNS)};
	struct facts facts;
	enum err err = cache_get_facts(list->txn, domain, &facts);

	if (err != ERR_OK)
		return err;
	if (!due.dns || facts.registry.next_check_at <= list->cli->now)
		due.registry = refresh_registry_host(list->refresh, domain, &facts, due.host);
	return list_domain(list, domain, &facts, &due);
}

/* As the key on_REASON writes it: bad_address. */
static char *hyphened(char *text)
{
	for (char *c = text; *c != '\0'; c++) {
		if (*c == '_')
			*c = '-';
	}
	return text;
}

static bool read_options(struct list *list, int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},	 {"due", no_argument, NULL, 'd'},
		{"state", required_argument, NULL, 's'}, {"reason", required_argument, NULL, 'r'},
		{"tld", required_argument, NULL, 't'},	 {NULL, 0, NULL, 0}};
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		switch (option) {
		case 'j':
			list->json = true;
			break;
		case 'd':
			list->due = true;
			break;
		case 's':
			list->by_state = true;
			if (state_from_text(optarg, &list->state) != ERR_OK) {
				cli_usage_error(list->cli, "--state %s: it is one of registered, "
							   "grace, held, redemption, "
							   "pending-delete, unregistered, unknown",
						optarg);
				return false;
			}
			break;
		case 'r':
			list->by_reason = true;
			if (reason_from_text(hyphened(optarg), &list->reason) != ERR_OK) {
				cli_usage_error(list->cli,
						"--reason %s: no such reason; resetguard(1) has "
						"their table",
						optarg);
				return false;
			}
			break;
		case 't':
			list->tld = optarg + (optarg[0] == '.');
			break;
		default: /* foreign enum */
			cli_usage_error(list->cli, "list: that is no option of this command");
			return false;
		}
	}
	if (optind != argc)
		cli_usage_error(list->cli, "list: takes no names; 'lookup %s' does", argv[optind]);
	return optind == argc;
}

void cmd_list(struct cli *cli, int argc, char **argv)
{
	struct list list = {.cli = cli};
	struct wanted *wanted = NULL;
	enum err err;

	if (!read_options(&list, argc, argv) || !cli_open_conf(cli) || !cli_open_reader(cli))
		return;
	if ((!list.due || counting_open_hosts(cli, &list.refresh, &wanted)) &&
	    cli_read_begin(cli, &list.txn)) {
		list.judge = cli_judge(cli);
		err = list.due ? cache_each_due(list.txn, cli->now, list_due, &list)
			       : cache_each_facts(list.txn, list_one, &list);
		cache_read_end(list.txn);
		if (err != ERR_OK)
			cli_error(cli, err, "%s: %s", cli->conf->cache_dir, err_text(err));
	}
	refresh_close(list.refresh);
	wanted_close(wanted);
}
