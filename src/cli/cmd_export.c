/* SPDX-License-Identifier: BSD-2-Clause */
/* export: everything in the cache, from one snapshot. */
#include <getopt.h>

#include "commands.h"
#include "records.h"

static enum err stream_state(void)
{
	return ferror(stdout) ? ERR_IO : ERR_OK;
}

static enum err export_domain(void *context, const struct domain *domain, const struct facts *facts)
{
	(void)context;
	records_write_domain(stdout, domain, facts);
	return stream_state();
}

static enum err export_address(void *context, const struct address_hash *hash,
			       const struct address_facts *facts)
{
	records_write_address(stdout, context, hash, facts);
	return stream_state();
}

static enum err export_pin(void *context, const struct domain *domain,
			   const struct address_hash *hash, const struct pin *pin)
{
	records_write_pin(stdout, context, domain, hash, pin);
	return stream_state();
}

static enum err export_event(void *context, const struct domain *domain,
			     const struct history_event *event)
{
	records_write_history(stdout, context, domain, event);
	return stream_state();
}

void cmd_export(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{NULL, 0, NULL, 0}};
	struct addresses_fingerprint key;
	struct cache_txn *txn;
	enum err err;

	if (getopt_long(argc, argv, "", options, NULL) == '?' || optind != argc) {
		cli_usage_error(cli, "export: takes no names and writes to standard output");
		return;
	}
	if (!cli_open_conf(cli) || !cli_open_reader(cli) || !cli_read_begin(cli, &txn))
		return;
	key = cache_key_fingerprint(txn);
	err = cache_each_facts(txn, export_domain, NULL);
	if (err == ERR_OK)
		err = cache_each_address(txn, export_address, &key);
	if (err == ERR_OK)
		err = cache_each_pin(txn, export_pin, &key);
	if (err == ERR_OK)
		err = cache_each_history(txn, NULL, export_event, &key);
	cache_read_end(txn);
	if (err != ERR_OK)
		cli_error(cli, err, "the export is not complete: %s", err_text(err));
}
