/* SPDX-License-Identifier: BSD-2-Clause */
/* change: what an operator's command does to the records of each of its names. */
#include "change.h"

#include <stdlib.h>
#include <string.h>

#include "resetguard/time.h"

struct name_list {
	struct cli_name *names;
	size_t count;
	size_t size;
};

static void add_name(struct cli *cli, const char *text, void *context)
{
	struct name_list *list = context;
	struct why why = {""};
	enum err err;

	if (list->count == list->size) {
		size_t size = list->size == 0 ? 8 : list->size * 2;
		struct cli_name *names = reallocarray(list->names, size, sizeof *names);

		if (names == NULL) {
			cli_error(cli, ERR_NO_MEMORY, "out of memory");
			return;
		}
		list->names = names;
		list->size = size;
	}
	err = cli_name_read(cli, text, &list->names[list->count], &why);
	if (err != ERR_OK)
		cli_name_error(cli, false, text, err, why.text);
	else
		list->count++;
}

void change_names(struct cli *cli, int argc, char **argv, change_function *change, void *context)
{
	struct name_list list = {.names = NULL};
	struct why why = {""};
	struct cache_txn *txn;
	enum err err;

	if (!cli_open_conf(cli))
		return;
	cli_each_text(cli, argc, argv, add_name, &list);
	if (list.count == 0 || !cli_open_writer(cli))
		goto out;
	err = cache_write_begin(cli->cache, time_now, &txn, &why);
	if (err != ERR_OK) {
		cli_error(cli, err, "%s", why.text);
		goto out;
	}
	for (size_t i = 0; i < list.count; i++) {
		why.text[0] = '\0';
		err = change(cli, txn, &list.names[i], context, &why);
		if (err != ERR_OK)
			cli_name_error(cli, false, list.names[i].text, err,
				       why.text[0] == '\0' ? err_text(err) : why.text);
	}
	err = cache_write_commit(txn, &why);
	if (err != ERR_OK)
		cli_error(cli, err, "%s", why.text);
out:
	free(list.names);
}

enum err change_facts(const struct cli *cli, struct cache_txn *txn, const struct domain *domain,
		      struct facts *facts, bool *is_new, struct why *why)
{
	unsigned flags =
		domain_is_below_private(cli->suffixes, domain) ? FACTS_PRIVATE_SUFFIX : 0;
	enum err err = cache_take_facts(txn, domain, flags, facts);

	*is_new = err == ERR_NOT_FOUND;
	if (err == ERR_NOT_FOUND) {
		*facts = facts_new(cli->now, flags);
		return ERR_OK;
	}
	if (err != ERR_OK)
		return err_why(err, why, "the record of %s: %s", domain->name, err_text(err));
	return ERR_OK;
}

enum err change_history(const struct cli *cli, struct cache_txn *txn, const struct domain *domain,
			const struct address_hash *hash, enum history_kind kind,
			const struct facts *before, const struct facts *after,
			const struct change_evidence *evidence, const char *what)
{
	struct history_event event = history_event_make(kind, cli->now, before, after);

	if (hash != NULL) {
		event.has_address = true;
		event.address = *hash;
	}
	snprintf(event.evidence, sizeof event.evidence, "%s%s%s%s%s", what,
		 evidence->by == NULL ? "" : " by ", evidence->by == NULL ? "" : evidence->by,
		 evidence->note == NULL ? "" : ": ", evidence->note == NULL ? "" : evidence->note);
	return cache_add_history(txn, domain, &event);
}
