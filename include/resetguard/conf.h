/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf: resetguard.conf, in the style of Postfix's main.cf.
 *
 * `key = value`, # comments, continuation lines that begin with white space,
 * then conf.d/(any).conf beside the file in order of name. Every key has one row
 * in one table: name, type, default, limits, help; parser, conf_print_defaults
 * and the manual's list come from it. A key given twice counts the last time,
 * unless it is repeatable. CLASS:KEY sets a key for one class of mail.
 *
 * A struct conf is read-only once read; any thread may use it.
 */
#ifndef RESETGUARD_CONF_H
#define RESETGUARD_CONF_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/facts.h"
#include "resetguard/policy.h"

enum {
	CONF_LINE_MAX = 65536, /* one logical line, continuations joined */
	CONF_CLASS_MAX = 63,   /* characters of a class name */
	CONF_CLASSES_MAX = 32, /* classes with keys of their own */
};

/* A list of words; owned by the conf. */
struct conf_list {
	size_t count;
	char **items;
};

/* Addresses are kept as IPv6, IPv4 mapped (RFC 4291 2.5.5.2). */
struct conf_network {
	struct in6_addr address;
	unsigned prefix_length; /* of the 128 */
};

struct conf_networks {
	size_t count;
	struct conf_network *items;
};

/* rdap_server = TLD URL [dates-only] */
struct conf_rdap_server {
	char *tld;
	char *url;
	bool dates_only; /* believed for its objects, never for its 404 */
};

struct conf_rdap_servers {
	size_t count;
	struct conf_rdap_server *items;
};

enum mode { MODE_ENFORCE, MODE_OBSERVE };
enum mixed { MIXED_REJECT, MIXED_STRIP };

/* The keys that may be set per class. The first entry of conf.classes has the
 * name "" and is every class without keys of its own. */
struct conf_class {
	char name[CONF_CLASS_MAX + 1];
	struct policy policy;
	char *reply[REASON_COUNT]; /* reply_REASON; NULL: built in */
};

/* `rate = count / per`, e.g. 5/s: at most count in per seconds. */
struct conf_rate {
	unsigned count;
	unsigned per;
};

struct conf {
	/* both programs */
	char *cache_dir;
	uint64_t map_size;
	bool log_to_stderr;
	bool log_localpart;
	char *public_suffix_file; /* NULL: libpsl's own */
	struct conf_list exempt_domains;

	/* the milter */
	char *milter_user;
	char *socket;
	mode_t socket_mode;
	char *socket_group;
	enum mode mode;
	char *messages_file; /* default: "messages" beside the configuration */
	struct conf_list guard;
	struct conf_networks originating_networks;
	struct conf_list originating_daemons;
	enum mixed mixed;
	int64_t miss_wait_ms; /* -1: 3 s when a watcher runs, else 0 */
	int64_t recheck_after;
	int64_t defer_max;
	size_t class_count;
	struct conf_class *classes;
	char *on_canary_command;
	uint64_t body_limit;
	bool add_rrvs;
	int64_t drain_time;
	char *metrics;
	unsigned wanted_max;

	/* the updater */
	char *updater_user;
	size_t source_count;
	enum source sources[SOURCE_COUNT];
	char *rdap_bootstrap;
	struct conf_rdap_servers rdap_servers;
	char *fastly_key_file;
	char *fastly_url;
	char *resolver;
	char *dns_trust_anchor;
	unsigned jobs;
	unsigned host_jobs;
	struct conf_rate host_rate;
	uint64_t max_reply;
	int64_t timeout;
	char *proxy;
	unsigned brake_count;
	unsigned brake_percent;
	int64_t max_interval;
	char *tld_lifecycle;
	char *parking_name_servers;
	int64_t dns_lapse_after;
	char *on_change_command;
	char *on_change_url;
	char *on_change_key_file;

	/* for conf_place: in the order of the table */
	char **places;

	/* tests only */
	bool allow_http;
	bool allow_private_addresses;
	char *ca_file;
};

/* Where the shipped configuration lies. */
extern const char conf_default_path[];

/* Reads path and conf.d beside it. path NULL: conf_default_path. On an error why
 * says "FILE:LINE: KEY: what is wrong; did you mean ...?" and it is ERR_CONFIG;
 * a file that cannot be opened is ERR_CONFIG too. The caller frees. */
MUST_CHECK enum err conf_read(const char *path, struct conf **conf, struct why *why);
/* Reads from memory, as if it were the file called name; no conf.d. */
MUST_CHECK enum err conf_read_text(const char *text, size_t length, const char *name,
				   struct conf **conf, struct why *why);
void conf_free(struct conf *conf);

/* "FILE:LINE" where a key that is for all classes was set last; NULL: nowhere, its
 * default holds. */
const char *conf_place(const struct conf *conf, const char *name);
/* Whether the key, one text for all classes, has its default, wherever that was written. */
bool conf_is_default(const struct conf *conf, const char *name);
/* The keys of class, or the ones for every class. */
const struct conf_class *conf_class_find(const struct conf *conf, const char *class_name);
bool conf_list_has(const struct conf_list *list, const char *item); /* case-insensitive */
bool conf_networks_have(const struct conf_networks *networks, const struct in6_addr *address);
/* Whether the domain or a parent of it is listed. */
bool conf_is_exempt(const struct conf *conf, const struct domain *host);
bool conf_has_source(const struct conf *conf, enum source source);

/* Every key with its default and one line of help, as a file conf_read takes. */
void conf_print_defaults(FILE *stream);
/* The keys as they are in force, one `key = value` a line, table order. */
void conf_print(const struct conf *conf, FILE *stream);
/* The table as mdoc list items, for the manual. */
void conf_print_mdoc(FILE *stream);

const char *mode_text(enum mode mode);

#endif
