/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_table: the table of keys, and what a type of value can do.
 *
 * Shared by conf.c, conf_parse.c (files), conf_table.c (the table), conf_print.c,
 * conf_value.c, conf_text.c and conf_address.c (the types).
 */
#ifndef RESETGUARD_CONF_TABLE_H
#define RESETGUARD_CONF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "resetguard/conf.h"

struct conf_key;

/* What the meaning of a value depends on, beside the value. */
struct conf_context {
	const char *directory; /* that relative paths start from; "" leaves them alone */
	bool allow_http;
};

/* A field is where the value lies in struct conf or struct conf_class. */
struct conf_type {
	const char *argument; /* in the manual: "duration" */
	const char *form;     /* after "is not": "a duration such as 30s, 5m, 12h or 30d" */
	/* Replaces what the field holds, or leaves it alone and says why. */
	enum err (*parse)(const struct conf_key *key, const struct conf_context *context,
			  const char *value, void *field, struct why *why);
	/* Makes the field hold nothing, for an empty value; NULL: there must be one. */
	void (*clear)(void *field);
	/* The index-th value as parse takes it; "" if the field holds nothing. */
	void (*print)(const void *field, size_t index, FILE *stream);
	/* NULL for types of one value. */
	size_t (*count)(const void *field);
	/* The limits of a key, which its row has as numbers; NULL: there are none. */
	void (*print_limits)(const struct conf_key *key, FILE *stream);
	bool owns_memory; /* which clear frees */
};

enum conf_scope {
	CONF_GLOBAL,
	CONF_PER_CLASS,	 /* the field lies in struct conf_class */
	CONF_PER_REASON, /* so does an array of them, and the name ends in REASON */
};

struct conf_key {
	const char *name;
	const struct conf_type *type;
	enum conf_scope scope;
	bool optional;		   /* an empty value is allowed */
	size_t offset;		   /* of the field */
	const char *default_value; /* NULL: nothing, or what policy_defaults says */
	int64_t least;
	int64_t most;
	const char *help;    /* sentences, each on a line */
	const char *heading; /* of the group that begins here, else NULL */
};

/* A key as it is written: on_REASON stands for one key a reason. */
struct conf_target {
	const struct conf_key *key;
	enum reason reason; /* of CONF_PER_REASON */
};

enum {
	CONF_NAME_MAX = 32, /* with the terminator */
	CONF_REPLY_MAX = 400,
	CONF_ACCOUNT_MAX = 32,
};

extern const struct conf_key conf_keys[];
extern const size_t conf_key_count;

/* The next key in table order; the first where target->key is NULL. False behind
 * the last. */
bool conf_target_next(struct conf_target *target);
void conf_target_name(const struct conf_target *target, char name[CONF_NAME_MAX]);
/* ERR_NOT_FOUND, with the name of the key most like it in nearest ("" if none is
 * near). */
enum err conf_key_find(const char *name, struct conf_target *target, char nearest[CONF_NAME_MAX]);
/* base is the struct conf or the struct conf_class. */
void *conf_field(const struct conf_target *target, void *base);
/* Sets what the key's row names, or nothing. Keys of classes are left alone. */
enum err conf_set_default(const struct conf_key *key, const struct conf_context *context,
			  void *base);

/* ---- types, in conf_value.c ---- */

extern const struct conf_type conf_type_boolean;
extern const struct conf_type conf_type_log_target;
extern const struct conf_type conf_type_mode;
extern const struct conf_type conf_type_mixed;
extern const struct conf_type conf_type_action;
extern const struct conf_type conf_type_number;
extern const struct conf_type conf_type_size;
extern const struct conf_type conf_type_duration;
extern const struct conf_type conf_type_wait;
extern const struct conf_type conf_type_rate;
extern const struct conf_type conf_type_file_mode;

/* ---- types, in conf_text.c ---- */

extern const struct conf_type conf_type_path;
extern const struct conf_type conf_type_account;
extern const struct conf_type conf_type_command;
extern const struct conf_type conf_type_reply;
extern const struct conf_type conf_type_classes;
extern const struct conf_type conf_type_daemons;
extern const struct conf_type conf_type_domains;
extern const struct conf_type conf_type_sources;

bool conf_class_name_is_valid(const char *name);

/* ---- types, in conf_address.c ---- */

extern const struct conf_type conf_type_networks;
extern const struct conf_type conf_type_socket;
extern const struct conf_type conf_type_metrics;
extern const struct conf_type conf_type_host_port;
extern const struct conf_type conf_type_url;
extern const struct conf_type conf_type_url_or_file;
extern const struct conf_type conf_type_proxy;
extern const struct conf_type conf_type_rdap_servers;

/* ---- what types share, in conf_value.c ---- */

/* ERR_CONFIG: `"value" is not FORM`. */
enum err conf_not(const struct conf_key *key, const char *value, struct why *why);
enum err conf_no_memory(struct why *why);
/* The next word of a list at *at, between blanks and commas; 0 at the end. */
size_t conf_next_word(const char **at);
/* Replaces the string in a char * field. */
enum err conf_set_string(void *field, const char *value, struct why *why);
void conf_clear_string(void *field);
void conf_print_string(const void *field, size_t index, FILE *stream);

#endif
