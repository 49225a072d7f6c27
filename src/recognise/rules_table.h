/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_table: what rules_read.c makes of the rule file and rules.c asks. */
#ifndef RESETGUARD_RULES_TABLE_H
#define RESETGUARD_RULES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/conf.h"
#include "resetguard/match.h"
#include "resetguard/rules.h"
#include "rules_parse.h"

enum condition_kind {
	CONDITION_PRESENT, /* the header is there */
	CONDITION_PATTERN,
	CONDITION_EMPTY,   /* the sender is <> */
	CONDITION_ADDRESS, /* the sender's canonical address is text */
	CONDITION_DOMAIN,  /* it ends in text, "@domain" */
};

struct condition {
	enum condition_kind kind;
	enum rules_field field;
	unsigned char bit; /* in rules_match.met */
	size_t rule;
	char *name; /* of the header, in lower case */
	struct match *pattern;
	char *text;
};

struct rule {
	char *name;
	char *class_name;
	bool guarded;
	bool asks_headers;
	bool settles;	   /* no rule before it asks headers for another class */
	unsigned char all; /* the bits of its conditions */
	size_t met;	   /* the place in rules_match.met of a rule with & */
};

/* Conditions on one thing, in order of their rules. */
struct conditions {
	size_t first;
	size_t count;
};

struct header {
	const char *name; /* in lower case */
	struct conditions conditions;
};

struct rules {
	size_t rule_count;
	struct rule *rules; /* in order of precedence */
	size_t condition_count;
	struct condition *conditions; /* by field, name and rule */
	struct conditions sender;
	struct conditions sasl_user;
	size_t header_count;
	struct header *headers;
	size_t slot_mask;
	uint16_t *slots; /* by rules_hash of the name: index of the header + 1, 0: none */
	size_t combined_count;
	struct conf_list guard;
};

/* Of a header's name in any case. */
uint32_t rules_hash(const char *name);

#endif
