/* SPDX-License-Identifier: BSD-2-Clause */
/* verify, unverify: set or take back verified_at of mailboxes and domains. */
#include <getopt.h>
#include <string.h>

#include "change.h"
#include "commands.h"
#include "resetguard/policy.h"
#include "resetguard/time.h"

struct verify {
	int64_t at; /* 0: from this moment on */
	struct change_evidence evidence;
};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Later than anything on file, so that it counts from this moment on; a time
 * given with --at must count too, or the operator would be deceived. */
static enum err choose_time(const struct cli *cli, const struct verify *verify,
			    const struct facts *facts, int64_t unverified_at, int64_t *at,
			    struct why *why)
{
	int64_t after = later(unverified_at, facts->unverified_at);

	if (verify->at == 0) {
		*at = later(cli->now, later(after, facts_owner_since(facts)) + 1);
		return ERR_OK;
	}
	if (verify->at <= after)
		return err_why(ERR_DATA, why,
			       "un-verified at %s: a verification of %s does not count; leave out "
			       "--at to vouch from now on",
			       time_format(after).text, time_format(verify->at).text);
	*at = verify->at;
	return ERR_OK;
}

static enum err verify_address(struct cli *cli, struct cache_txn *txn, const struct cli_name *name,
			       const struct domain *domain, const struct facts *facts,
			       const struct verify *verify, struct why *why)
{
	struct address_hash hash = cache_address_hash(txn, &name->mailbox);
	struct address_facts address = {0};
	enum err err = cache_take_address(txn, &hash, &address);
	int64_t at;

	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	err = choose_time(cli, verify, facts, address.unverified_at, &at, why);
	if (err != ERR_OK)
		return err;
	address.verified_at = later(address.verified_at, at);
	err = cache_put_address(txn, &hash, &address);
	if (err == ERR_OK)
		err = change_history(cli, txn, domain, &hash, HISTORY_VERIFY, facts, facts,
				     &verify->evidence, time_format(at).text);
	return err;
}

static enum err verify_domain(struct cli *cli, struct cache_txn *txn, const struct domain *domain,
			      const struct facts *facts, bool is_new, const struct verify *verify,
			      struct why *why)
{
	struct facts after = *facts;
	int64_t at;
	enum err err = choose_time(cli, verify, facts, 0, &at, why);

	if (err != ERR_OK)
		return err;
	after.verified_at = later(facts->verified_at, at);
	err = cache_put_facts(txn, domain, is_new ? NULL : facts, &after);
	if (err == ERR_OK)
		err = change_history(cli, txn, domain, NULL, HISTORY_VERIFY, facts, &after,
				     &verify->evidence, time_format(at).text);
	return err;
}

/* Whose domain lapsed must not be vouched for: below a private suffix, neither of
 * the two. Their records are read before anything is stored. */
static enum err verify_name(struct cli *cli, struct cache_txn *txn, const struct cli_name *name,
			    void *context, struct why *why)
{
	const struct verify *verify = context;
	const struct domain *domains[2];
	const struct domain *narrowest;
	unsigned count = cli_name_domains(name, domains);
	struct facts facts = {.state = STATE_UNKNOWN};
	bool is_new = false;

	for (unsigned i = 0; i < count; i++) {
		enum err err = change_facts(cli, txn, domains[i], &facts, &is_new, why);

		if (err != ERR_OK)
			return err;
		if (state_is_expired(facts.state))
			return err_why(ERR_DATA, why,
				       "%s is expired (%s): whoever has it next reads its mail; "
				       "verify when it is registered again",
				       domains[i]->name, state_text(facts.state));
	}
	narrowest = domains[count - 1];
	if (!name->has_mailbox)
		return verify_domain(cli, txn, narrowest, &facts, is_new, verify, why);
	if (is_new) {
		enum err err = cache_put_facts(txn, narrowest, NULL, &facts);

		if (err != ERR_OK)
			return err;
	}
	return verify_address(cli, txn, name, narrowest, &facts, verify, why);
}

/* From now on no verification so far counts, also none of this very second. */
static enum err unverify_domain(struct cli *cli, struct cache_txn *txn, const struct domain *domain,
				const struct facts *facts, bool is_new, const struct verify *verify)
{
	struct facts after = *facts;
	enum err err;

	after.unverified_at = later(cli->now, facts->verified_at);
	err = cache_put_facts(txn, domain, is_new ? NULL : facts, &after);
	if (err == ERR_OK)
		err = change_history(cli, txn, domain, NULL, HISTORY_UNVERIFY, facts, &after,
				     &verify->evidence, time_format(after.unverified_at).text);
	return err;
}

static enum err unverify_address(struct cli *cli, struct cache_txn *txn,
				 const struct cli_name *name, const struct domain *domain,
				 const struct facts *facts, const struct verify *verify)
{
	struct address_hash hash = cache_address_hash(txn, &name->mailbox);
	struct address_facts address = {0};
	enum err err = cache_take_address(txn, &hash, &address);

	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	address.unverified_at = later(cli->now, address.verified_at);
	err = cache_put_address(txn, &hash, &address);
	if (err == ERR_OK)
		err = change_history(cli, txn, domain, &hash, HISTORY_UNVERIFY, facts, facts,
				     &verify->evidence, time_format(address.unverified_at).text);
	return err;
}

static enum err unverify_name(struct cli *cli, struct cache_txn *txn, const struct cli_name *name,
			      void *context, struct why *why)
{
	const struct verify *verify = context;
	const struct domain *domain = cli_name_narrowest(name);
	struct facts facts;
	bool is_new;
	enum err err = change_facts(cli, txn, domain, &facts, &is_new, why);

	if (err != ERR_OK)
		return err;
	if (!name->has_mailbox)
		return unverify_domain(cli, txn, domain, &facts, is_new, verify);
	if (is_new)
		err = cache_put_facts(txn, domain, NULL, &facts);
	return err == ERR_OK ? unverify_address(cli, txn, name, domain, &facts, verify) : err;
}

static bool read_options(struct cli *cli, int argc, char **argv, bool with_at,
			 struct verify *verify)
{
	static const struct option options[] = {{"by", required_argument, NULL, 'b'},
						{"note", required_argument, NULL, 'n'},
						{"at", required_argument, NULL, 'a'},
						{NULL, 0, NULL, 0}};
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		if (option == 'b') {
			verify->evidence.by = optarg;
		} else if (option == 'n') {
			verify->evidence.note = optarg;
			if (strlen(optarg) > PIN_NOTE_MAX) {
				cli_usage_error(cli, "--note: at most %d characters", PIN_NOTE_MAX);
				return false;
			}
		} else if (option == 'a' && with_at) {
			if (time_parse(optarg, cli->now, &verify->at) != ERR_OK ||
			    verify->at > cli->now + POLICY_CLOCK_SKEW) {
				cli_usage_error(cli, "--at %s: not a time that has been, such as 2024-05-01 or 30d", optarg);
				return false;
			}
		} else {
			cli_usage_error(cli, "%s: that is no option of this command", argv[0]);
			return false;
		}
	}
	if (optind == argc)
		cli_usage_error(cli, "%s: name a domain or an address", argv[0]);
	return optind < argc;
}

void cmd_verify(struct cli *cli, int argc, char **argv)
{
	struct verify verify = {.at = 0};

	if (read_options(cli, argc, argv, true, &verify))
		change_names(cli, argc - optind, argv + optind, verify_name, &verify);
}

void cmd_unverify(struct cli *cli, int argc, char **argv)
{
	struct verify verify = {.at = 0};

	if (!read_options(cli, argc, argv, false, &verify))
		return;
	if (verify.evidence.note == NULL) {
		cli_usage_error(cli, "unverify: --note TEXT says why, for whoever asks later");
		return;
	}
	change_names(cli, argc - optind, argv + optind, unverify_name, &verify);
}
