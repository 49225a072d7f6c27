/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change: what an operator's command does to the records of each of its names:
 * all of them in one transaction, which is opened after the last name was read.
 */
#ifndef RESETGUARD_CHANGE_H
#define RESETGUARD_CHANGE_H

#include "cli.h"

/* What --by and --note said. */
struct change_evidence {
	const char *by;	  /* NULL: not said */
	const char *note; /* NULL: not said */
};

/* Carries the change out for one name. Not ERR_OK: nothing of this name was
 * stored, why says the reason, and the other names go on. */
typedef enum err change_function(struct cli *cli, struct cache_txn *txn,
				 const struct cli_name *name, void *context, struct why *why);

/* Reads the names, opens the cache, changes and commits; reports. */
void change_names(struct cli *cli, int argc, char **argv, change_function *change, void *context);

/* The facts of domain, or those of a domain that is new to the cache. */
MUST_CHECK enum err change_facts(const struct cli *cli, struct cache_txn *txn,
				 const struct domain *domain, struct facts *facts, bool *is_new,
				 struct why *why);

/* Appends to domain's history: kind, who and why. hash NULL: the whole domain. */
MUST_CHECK enum err change_history(const struct cli *cli, struct cache_txn *txn,
				   const struct domain *domain, const struct address_hash *hash,
				   enum history_kind kind, const struct facts *before,
				   const struct facts *after,
				   const struct change_evidence *evidence, const char *what);

#endif
