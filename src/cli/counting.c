/* SPDX-License-Identifier: BSD-2-Clause */
/* counting: the census of the cache, and what lies beside it. */
#include "counting.h"

#include <limits.h>
#include <sys/stat.h>

#include "live.h"
#include "resetguard/parked.h"
#include "resetguard/time.h"

struct count {
	struct cli *cli;
	struct cache_txn *txn;
	struct judge judge;
	struct refresh *refresh;
	struct counting *counting;
};

bool counting_open_hosts(struct cli *cli, struct refresh **refresh, struct wanted **wanted)
{
	struct refresh_options options = {
		.conf = cli->conf, .suffixes = cli->suffixes, .cache = cli->cache, .jobs = 1};
	struct why why = {""};
	enum err err = wanted_open(cli->conf->cache_dir, cli->conf->wanted_max, wanted);

	options.wanted = *wanted;
	if (err == ERR_OK)
		err = refresh_open(&options, refresh, &why);
	if (err == ERR_OK)
		err = refresh_learn_hosts(*refresh, cli->now, &why);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text[0] == '\0' ? err_text(err) : why.text);
	else if (why.text[0] != '\0')
		cli_say(cli, "%s", why.text);
	return err == ERR_OK;
}

static enum err count_domain(void *context, const struct domain *domain, const struct facts *facts)
{
	struct count *count = context;
	struct counting *counting = count->counting;
	int64_t now = count->cli->now;
	struct judgement judgement;
	char host[DOMAIN_MAX + 1];
	enum err err;

	judge_facts(&count->judge, count->txn, domain, facts, now, &judgement);
	(void)refresh_registry_host(count->refresh, domain, facts, host);
	err = census_add(&counting->census, facts, judgement.reason, host, now);
	if (err == ERR_OK && counting->asks_dns)
		err = census_add_check(&counting->census, COUNTING_DNS_HOST,
				       facts->dns.next_check_at, now);
	return err;
}

static enum err count_parked(void *context, const struct domain *domain,
			     const struct parked *parked)
{
	struct count *count = context;

	(void)domain;
	return census_add_held_back(&count->counting->census, parked->host);
}

static enum err count_wanted(void *context, const struct domain *domain)
{
	struct counting *counting = context;

	(void)domain;
	counting->wanted++;
	return ERR_OK;
}

/* What lies beside the cache; a list that is not there is empty. */
static void count_files(const struct cli *cli, struct wanted *wanted, struct counting *counting)
{
	char path[PATH_MAX];
	struct stat status;

	(void)!wanted_each(wanted, count_wanted, counting);
	counting->watched = wanted_is_watched(wanted);
	snprintf(path, sizeof path, "%s/cache/data.mdb", cli->conf->cache_dir);
	if (stat(path, &status) == 0)
		counting->used = (uint64_t)status.st_blocks * 512;
}

bool counting_take(struct cli *cli, struct counting *counting)
{
	struct count count = {.cli = cli, .counting = counting, .judge = cli_judge(cli)};
	struct wanted *wanted = NULL;
	enum err err = ERR_OK;
	bool opened = counting_open_hosts(cli, &count.refresh, &wanted) &&
		      cli_read_begin(cli, &count.txn);

	if (opened) {
		counting->asks_dns = conf_has_source(cli->conf, SOURCE_DNS);
		count_files(cli, wanted, counting);
		err = cache_each_facts(count.txn, count_domain, &count);
		if (err == ERR_OK)
			err = cache_count_outbox(count.txn, &counting->untold);
		if (err == ERR_OK)
			err = cache_each_parked(count.txn, count_parked, &count);
		cache_read_end(count.txn);
		if (err != ERR_OK)
			cli_error(cli, err, "%s: %s", cli->conf->cache_dir, err_text(err));
	}
	refresh_close(count.refresh);
	wanted_close(wanted);
	return opened && err == ERR_OK;
}

bool counting_ask_milter(const struct cli *cli, char **page, struct why *why)
{
	struct why detail = {""};
	enum err err;

	if (cli->conf->metrics == NULL)
		return true;
	err = live_read(cli->conf->metrics, page, &detail);
	if (err != ERR_OK)
		(void)err_why(err, why, "%s: %s",
			      err == ERR_UNAVAILABLE ? "not running" : "cannot be asked",
			      detail.text);
	return err != ERR_UNAVAILABLE;
}

void counting_clear(struct counting *counting)
{
	census_clear(&counting->census);
}

double counting_percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0.0 : 100.0 * (double)part / (double)whole;
}
