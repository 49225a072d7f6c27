/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * records: the cache's records as export writes and import reads them, one JSON
 * object a line, told apart by "kind". Missing members are "not known".
 */
#ifndef RESETGUARD_RECORDS_H
#define RESETGUARD_RECORDS_H

#include <stdio.h>

#include "resetguard/addresses.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/facts.h"
#include "resetguard/history.h"
#include "resetguard/json.h"
#include "resetguard/pins.h"

enum records_kind { RECORDS_DOMAIN, RECORDS_ADDRESS, RECORDS_PIN, RECORDS_HISTORY };

/* One line that was read. */
struct records_row {
	enum records_kind kind;
	bool has_domain;
	struct domain domain;
	bool has_hash;
	struct address_hash hash;
	struct addresses_fingerprint key; /* of the hash */
	struct facts facts;		  /* RECORDS_DOMAIN */
	struct address_facts address;	  /* RECORDS_ADDRESS */
	struct pin pin;			  /* RECORDS_PIN */
	struct history_event event;	  /* RECORDS_HISTORY */
};

void records_write_domain(FILE *stream, const struct domain *domain, const struct facts *facts);
void records_write_address(FILE *stream, const struct addresses_fingerprint *key,
			   const struct address_hash *hash, const struct address_facts *facts);
/* Exactly one of domain and hash. */
void records_write_pin(FILE *stream, const struct addresses_fingerprint *key,
		       const struct domain *domain, const struct address_hash *hash,
		       const struct pin *pin);
void records_write_history(FILE *stream, const struct addresses_fingerprint *key,
			   const struct domain *domain, const struct history_event *event);

/* ERR_DATA, and why names the member at fault. */
MUST_CHECK enum err records_read(const char *text, size_t length, struct records_row *row,
				 struct why *why);

/* The members that history --json and the export share. */
void records_history_members(struct json_line *line, const struct history_event *event);

enum { RECORDS_HASH_TEXT = 2 * ADDRESSES_HASH_SIZE + 1 };
void records_hash_text(const struct address_hash *hash, char text[RECORDS_HASH_TEXT]);

#endif
