/* SPDX-License-Identifier: BSD-2-Clause */
/* import_work: what the parts of import share: import.c gathers and stores names,
 * import_records.c what was exported. */
#ifndef RESETGUARD_IMPORT_WORK_H
#define RESETGUARD_IMPORT_WORK_H

#include "import.h"
#include "records.h"
#include "sorter.h"

struct import {
	struct import_options options;
	struct cli *cli;
	struct import_counts counts;

	struct sorter *domains;	  /* by name; a struct import_domain each */
	struct sorter *addresses; /* by hash; when it was verified */

	bool stopped; /* goes_on said no */

	struct records_row *rows; /* the batch in hand */
	size_t row_count;
};

/* A write transaction at the clock's time, which may be later than cli's now: other
 * writers commit between our batches. */
MUST_CHECK enum err import_begin(struct import *import, struct cache_txn **txn, struct why *why);
/* Commits, after err from the last row. Ends the transaction whatever it returns. */
MUST_CHECK enum err import_end(struct cache_txn *txn, enum err err, struct why *why);

/* Merges into what is known of the address. */
MUST_CHECK enum err import_address(struct import *import, struct cache_txn *txn,
				   const struct address_hash *hash,
				   const struct address_facts *row);

/* Merges and commits the exported rows in hand. */
MUST_CHECK enum err import_commit_records(struct import *import, struct why *why);

#endif
