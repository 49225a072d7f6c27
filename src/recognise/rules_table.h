/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules_table: what is made of the rule file, and what rules.c asks.
 *
 * rules_read.c reads lines into drafts; rules_index.c makes the table of them, in
 * which each condition stands once, however many rules have it.
 */
#ifndef RESETGUARD_RULES_TABLE_H
#define RESETGUARD_RULES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/conf.h"
#include "resetguard/match.h"
#include "resetguard/rules.h"
#include "resetguard/texts.h"
#include "resetguard/urls.h"
#include "rules_parse.h"

enum condition_kind {
	/* tried one after the other */
	CONDITION_PRESENT, /* the header is there */
	CONDITION_PATTERN,
	CONDITION_EMPTY,   /* the sender is <> */
	CONDITION_ADDRESS, /* the sender's canonical address is text */
	CONDITION_DOMAIN,  /* it ends in text, "@domain" */
	/* found by an index */
	CONDITION_TEXT,	 /* text, with MIME_ANY */
	CONDITION_WORDS, /* text is the name of words, with their file's number */
	CONDITION_URL,
};

/* Where a condition stands in a rule. */
struct use {
	size_t rule;
	unsigned char bit; /* in rules_match.met */
	bool negated;
};

struct condition {
	enum condition_kind kind;
	enum rules_field field;
	bool ignore_case;
	char *name; /* of the header, in lower case */
	char *text;
	struct match *pattern;
	size_t first_use; /* in order of their rules */
	size_t use_count;
};

/* A condition of one rule, as it was read. */
struct draft {
	struct condition condition;
	struct use use;
};

struct phrase {
	char *words; /* as a condition's text names them */
	char *text;
};

struct rule {
	char *name;
	char *source; /* "FILE:LINE: text" */
	char *class_name;
	bool guarded;
	bool from_pack;
	bool asks_headers;	  /* the envelope and the headers alone decide it */
	bool settles;		  /* no rule before it asks headers for another class */
	unsigned char all;	  /* the bits of its conditions without "!" */
	unsigned char forbidden;  /* and of those with */
	unsigned char early;	  /* of both, those that are decided before the body */
	enum rules_stage decided; /* when the forbidden ones are known not to have come */
	size_t met;		  /* the place in rules_match.met of a rule with & */
};

/* Conditions that are tried one after the other. */
struct conditions {
	size_t first;
	size_t count;
};

struct header {
	const char *name; /* in lower case */
	struct conditions tried;
	bool has_regexes;    /* among them */
	struct texts *texts; /* NULL: there are none */
	size_t first_rule;
};

struct rules {
	size_t rule_count;
	struct rule *rules; /* in order of precedence */
	size_t condition_count;
	struct condition *conditions; /* by field, name and kind */
	size_t use_count;
	struct use *uses;
	struct conditions sender;
	struct conditions sasl_user;
	size_t header_count;
	struct header *headers;
	size_t slot_mask;
	uint16_t *slots; /* by rules_hash of the name: index of the header + 1, 0: none */
	struct urls *urls;
	size_t link_rule_count;
	size_t *link_rules; /* guarded rules with a url, in order */
	size_t combined_count;
	struct conf_list guard;
	struct conf_list warnings;
};

/* Of a header's name in any case. */
uint32_t rules_hash(const char *name);

/* Room for one more item, zeroed, at the end of an array whose size doubles at
 * powers of two. NULL: there is no memory, and nothing has changed. */
void *rules_append(void **items, size_t *count, size_t size);

/* Orders the rules, and makes the rest of the table. What the drafts hold goes to the
 * table or is freed, also on failure. */
MUST_CHECK enum err rules_index(struct rules *rules, struct draft *drafts, size_t draft_count,
				const struct phrase *phrases, size_t phrase_count);
void rules_free_condition(struct condition *condition);

#endif
