/* SPDX-License-Identifier: BSD-2-Clause */
/* prune: forgets domains or addresses, or what a clock that ran ahead has left. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include "change.h"
#include "commands.h"
#include "resetguard/time.h"

static void say_removed(const struct domain *domain, const struct cache_removed *removed)
{
	const struct facts *facts = &removed->facts;
	const struct {
		const char *name;
		int64_t moment;
	} moments[] = {
		{"owner since", removed->had_facts ? facts_owner_since(facts) : 0},
		{"first seen", facts->first_seen_at},
		{"verified", facts->verified_at},
		{"un-verified", facts->unverified_at},
	};

	printf("%s: forgotten: ", domain->name);
	if (removed->facts_damaged)
		printf("a damaged record");
	else
		printf("%s", removed->had_facts ? state_text(facts->state) : "no record");
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		if (removed->had_facts && !removed->facts_damaged && moments[i].moment != 0)
			printf(", %s %s", moments[i].name, time_format(moments[i].moment).text);
	}
	printf(", %" PRIu64 " event%s%s%s\n", removed->events, removed->events == 1 ? "" : "s",
	       removed->had_pin ? ", a pin" : "",
	       removed->had_parked ? ", what the brake held back" : "");
}

static enum err prune_domain(struct cli *cli, struct cache_txn *txn, const struct cli_name *name)
{
	const struct domain *domain = cli_name_narrowest(name);
	struct cache_removed removed;
	enum err err = cache_remove_domain(txn, domain, &removed);

	if (err != ERR_OK)
		return err;
	if (!removed.had_facts && removed.events == 0 && !removed.had_pin && !removed.had_parked)
		cli_name_negative(cli, false, name->text, "nothing is known of it");
	else
		say_removed(domain, &removed);
	return ERR_OK;
}

/* The history of its domain stays, and says what was said of it. */
static enum err prune_address(struct cli *cli, struct cache_txn *txn, const struct cli_name *name)
{
	struct address_hash hash = cache_address_hash(txn, &name->mailbox);
	enum err err = cache_remove_address(txn, &hash);

	if (err == ERR_NOT_FOUND) {
		cli_name_negative(cli, false, name->text, "nothing is known of it");
		return ERR_OK;
	}
	if (err == ERR_OK)
		printf("%s: forgotten: when it was verified, un-verified and pinned\n", name->text);
	return err;
}

static enum err prune_name(struct cli *cli, struct cache_txn *txn, const struct cli_name *name,
			   void *context, struct why *why)
{
	(void)context;
	(void)why;
	return name->has_mailbox ? prune_address(cli, txn, name) : prune_domain(cli, txn, name);
}

static void prune_future(struct cli *cli)
{
	struct cache_future forgotten;
	struct why why = {""};
	enum err err;

	if (!cli_open_conf(cli) || !cli_open_writer(cli))
		return;
	err = cache_forget_future(cli->cache, cli->now, &forgotten, &why);
	if (err != ERR_OK) {
		cli_error(cli, err, "%s", why.text);
		return;
	}
	cli_say(cli,
		"the clock says %s, the cache was last written %s: mended %" PRIu64 " domains, "
		"%" PRIu64 " addresses, %" PRIu64 " pins, %" PRIu64 " hosts, %" PRIu64
		" changes that wait to be told",
		time_format(cli->now).text, time_format(forgotten.committed_at).text,
		forgotten.domains, forgotten.addresses, forgotten.pins, forgotten.hosts,
		forgotten.changes);
	if (forgotten.unverified > 0)
		cli_say(cli, "%" PRIu64 " domains entered the cache at a time that is yet to come: "
			     "they are unverified until they are verified",
			forgotten.unverified);
}

void cmd_prune(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"future", no_argument, NULL, 'f'},
						{NULL, 0, NULL, 0}};
	bool future = false;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option == 'f';
	     option = getopt_long(argc, argv, "", options, NULL))
		future = true;
	if (option >= 0 || future == (optind < argc))
		cli_usage_error(cli, "prune: name domains or addresses, or say --future");
	else if (future)
		prune_future(cli);
	else
		change_names(cli, argc - optind, argv + optind, prune_name, NULL);
}
