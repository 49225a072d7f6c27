/* SPDX-License-Identifier: BSD-2-Clause */
/* pin, unpin: an operator's override for a domain or a mailbox. */
#include <getopt.h>
#include <string.h>

#include "change.h"
#include "commands.h"
#include "resetguard/time.h"

struct pin_change {
	struct pin pin;
	struct change_evidence evidence;
};

static enum err set_pin(struct cli *cli, struct cache_txn *txn, const struct cli_name *name,
			void *context, struct why *why)
{
	const struct pin_change *change = context;
	struct pin pin = change->pin;
	const struct domain *domain = cli_name_narrowest(name);
	struct address_hash hash;
	struct facts facts;
	char what[64];
	bool is_new;
	enum err err = change_facts(cli, txn, domain, &facts, &is_new, why);

	if (err != ERR_OK)
		return err;
	if (name->has_mailbox)
		hash = cache_address_hash(txn, &name->mailbox);
	/* A change of this very second was seen by whoever sets the pin. */
	if (facts.transition_at >= pin.set_at)
		pin.set_at = facts.transition_at + 1;
	err = cache_put_pin(txn, name->has_mailbox ? NULL : domain,
			    name->has_mailbox ? &hash : NULL, &pin);
	if (err != ERR_OK)
		return err;
	snprintf(what, sizeof what, "%s until %s", pin_verdict_text(change->pin.verdict),
		 change->pin.until == 0 ? "further notice" : time_format(change->pin.until).text);
	return change_history(cli, txn, domain, name->has_mailbox ? &hash : NULL, HISTORY_PIN,
			      &facts, &facts, &change->evidence, what);
}

static enum err remove_pin(struct cli *cli, struct cache_txn *txn, const struct cli_name *name,
			   void *context, struct why *why)
{
	const struct change_evidence evidence = {NULL, NULL};
	const struct domain *domain = cli_name_narrowest(name);
	struct address_hash hash;
	struct facts facts;
	bool is_new;
	enum err err = change_facts(cli, txn, domain, &facts, &is_new, why);

	(void)context;
	if (err != ERR_OK)
		return err;
	if (name->has_mailbox)
		hash = cache_address_hash(txn, &name->mailbox);
	err = cache_delete_pin(txn, name->has_mailbox ? NULL : domain,
			       name->has_mailbox ? &hash : NULL);
	if (err == ERR_NOT_FOUND) {
		cli_name_negative(cli, false, name->text, "there is no pin");
		return ERR_OK;
	}
	if (err != ERR_OK)
		return err;
	return change_history(cli, txn, domain, name->has_mailbox ? &hash : NULL, HISTORY_UNPIN,
			      &facts, &facts, &evidence, "");
}

/* "30d" is that long from now; anything else is the moment itself. */
static enum err read_until(const char *text, int64_t now, int64_t *until)
{
	int64_t seconds;

	if (time_parse_duration(text, &seconds) == ERR_OK && seconds > 0) {
		*until = now + seconds;
		return ERR_OK;
	}
	return time_parse(text, now, until);
}

static bool copy_text(struct cli *cli, const char *option, const char *text, char *copy, size_t size)
{
	if (strlen(text) >= size) {
		cli_usage_error(cli, "%s: at most %zu characters", option, size - 1);
		return false;
	}
	memcpy(copy, text, strlen(text) + 1);
	return true;
}

static bool read_options(struct cli *cli, int argc, char **argv, struct pin_change *change)
{
	static const struct option options[] = {{"by", required_argument, NULL, 'b'},
						{"note", required_argument, NULL, 'n'},
						{"until", required_argument, NULL, 'u'},
						{NULL, 0, NULL, 0}};
	struct pin *pin = &change->pin;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		if (option == 'b') {
			change->evidence.by = optarg;
			if (!copy_text(cli, "--by", optarg, pin->by, sizeof pin->by))
				return false;
		} else if (option == 'n') {
			change->evidence.note = optarg;
			if (!copy_text(cli, "--note", optarg, pin->note, sizeof pin->note))
				return false;
		} else if (option == 'u') {
			if (read_until(optarg, cli->now, &pin->until) != ERR_OK ||
			    pin->until <= cli->now) {
				cli_usage_error(cli, "--until %s: not a time to come", optarg);
				return false;
			}
		} else {
			cli_usage_error(cli, "pin: that is no option of this command");
			return false;
		}
	}
	return true;
}

void cmd_pin(struct cli *cli, int argc, char **argv)
{
	struct pin_change change = {.pin = {.set_at = cli->now}};

	if (!read_options(cli, argc, argv, &change))
		return;
	if (argc - optind < 2) {
		cli_usage_error(cli, "pin: say accept or reject, and a domain or an address");
		return;
	}
	if (strcmp(argv[optind], "accept") == 0) {
		change.pin.verdict = PIN_ACCEPT;
		if (change.pin.until == 0)
			change.pin.until = cli->now + PIN_ACCEPT_LIFETIME;
	} else if (strcmp(argv[optind], "reject") == 0) {
		change.pin.verdict = PIN_REJECT;
	} else {
		cli_usage_error(cli, "pin %s: say accept or reject", argv[optind]);
		return;
	}
	change_names(cli, argc - optind - 1, argv + optind + 1, set_pin, &change);
}

void cmd_unpin(struct cli *cli, int argc, char **argv)
{
	if (argc < 2)
		cli_usage_error(cli, "unpin: name a domain or an address");
	else
		change_names(cli, argc - 1, argv + 1, remove_pin, NULL);
}
