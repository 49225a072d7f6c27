/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parked: a change of one domain that the brake holds back, and its record.
 *
 * Key: the domain. The record, version 1, little-endian:
 *
 *    0  version    1
 *    1  since      4    when it was held back first, Unix seconds
 *    5  at         4    when the server said so last
 *    9  facts      100  as they would be: a facts record
 *  109  host       1 + its length, text: who said so
 *       evidence   1 + its length, text: in the server's words
 */
#ifndef RESETGUARD_PARKED_H
#define RESETGUARD_PARKED_H

#include <stddef.h>
#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/facts.h"
#include "resetguard/history.h"
#include "resetguard/wire.h"

enum {
	PARKED_VERSION = 1,
	PARKED_RECORD_MAX = 9 + FACTS_RECORD_SIZE + 1 + DOMAIN_MAX + 1 + HISTORY_EVIDENCE_MAX,
};

struct parked {
	int64_t since;
	int64_t at;
	struct facts facts;
	char host[DOMAIN_MAX + 1];
	char evidence[HISTORY_EVIDENCE_MAX + 1];
};

size_t parked_encode(const struct parked *parked, unsigned char record[PARKED_RECORD_MAX]);
MUST_CHECK enum err parked_decode(struct bytes record, struct parked *parked);

#endif
