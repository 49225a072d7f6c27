/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix: a Postfix's configuration, as postconf(1) tells it.
 *
 * postfix_ask runs postconf; everything else is pure.
 */
#ifndef RESETGUARD_POSTFIX_H
#define RESETGUARD_POSTFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/err.h"

enum {
	POSTFIX_NAME_MAX = 255,
	POSTFIX_OUTPUT_MAX = 1 << 20, /* of one postconf */
};

/* "NAME = VALUE" lines. */
struct postfix_pairs {
	size_t count;
	struct postfix_pair {
		char *name;
		char *value;
	} * items;
};

struct postfix {
	char *program;			/* postconf's path */
	char *directory;		/* of the configuration; NULL: postconf's own */
	struct postfix_pairs set;	/* what main.cf itself sets, as written */
	struct postfix_pairs expanded;	/* of every parameter, with $name expanded */
	struct postfix_pairs fields;	/* of master.cf: SERVICE/TYPE/FIELD */
	struct postfix_pairs overrides; /* of master.cf: SERVICE/TYPE/PARAMETER, as written */
	/* The same expanded; empty where there is nothing to expand. */
	struct postfix_pairs overrides_expanded;
};

/* Of what text holds besides, warnings, nothing is kept. ERR_NO_MEMORY. */
MUST_CHECK enum err postfix_pairs_read(const char *text, struct postfix_pairs *pairs);
/* NULL: there is no such name. */
const char *postfix_pairs_get(const struct postfix_pairs *pairs, const char *name);

/* directory NULL: that of MAIL_CONFIG, or postconf's own. ERR_NOT_FOUND: there is no
 * postconf on this machine. Otherwise the caller clears. */
MUST_CHECK enum err postfix_ask(const char *directory, struct postfix *postfix, struct why *why);
void postfix_clear(struct postfix *postfix);

/* Whether it runs, by what its master wrote down, which only root may read: else it is not
 * known. */
bool postfix_runs(const struct postfix *postfix, bool *known);

/* "" for a parameter that this Postfix does not know. */
const char *postfix_value(const struct postfix *postfix, const char *parameter);
/* As main.cf has it; where it has it not, as above. */
const char *postfix_raw(const struct postfix *postfix, const char *parameter);
bool postfix_is_set(const struct postfix *postfix, const char *parameter);

/* A line of master.cf. */
struct postfix_service {
	char name[POSTFIX_NAME_MAX + 1]; /* "SERVICE/TYPE" */
	char program[POSTFIX_NAME_MAX + 1];
	bool chrooted;
};

/* From index on, the next service that runs one of the programs; false: there is none. */
bool postfix_next_service(const struct postfix *postfix, size_t *index, const char *program,
			  struct postfix_service *service);
/* What the service sets itself; NULL: nothing. */
const char *postfix_override(const struct postfix *postfix, const struct postfix_service *service,
			     const char *parameter);
const char *postfix_override_raw(const struct postfix *postfix,
				 const struct postfix_service *service, const char *parameter);
/* That, or main.cf's. */
const char *postfix_service_value(const struct postfix *postfix,
				  const struct postfix_service *service, const char *parameter);

#endif
