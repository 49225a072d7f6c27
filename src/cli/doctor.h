/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: what the parts of the doctor share. Each doctor_NAME is a group of checks that
 * adds its findings; together they leave everything as it is.
 */
#ifndef RESETGUARD_DOCTOR_H
#define RESETGUARD_DOCTOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli.h"
#include "counting.h"
#include "finding.h"
#include "remedy.h"

enum { DOCTOR_GROUP_MAX = 64 };

struct doctor {
	struct cli *cli;
	const char *postfix_directory; /* NULL: Postfix's own */
	const char *sendmail_cf;       /* NULL: the usual one, if there is one */
	bool is_root;
	bool misconfigured; /* exit 78 */
	enum err milter;    /* knock(conf.socket) */
	struct why milter_why;
	pid_t milter_pid;	   /* 0: not known */
	struct domain some_domain; /* of the cache; length 0: there is none */
	struct findings findings;
};

/* ---- groups of checks, in the order in which they are made ---- */

/* The configuration, once it could be read, with the files that it names, and the rules. */
void doctor_files(struct doctor *doctor);
void doctor_milter(struct doctor *doctor);
void doctor_mta(struct doctor *doctor);
void doctor_cache(struct doctor *doctor);
void doctor_machine(struct doctor *doctor); /* the clock, the disk */
/* Last: it starts threads. */
void doctor_sources(struct doctor *doctor);

/* Whole days; 0 if to is not after from. */
int64_t doctor_days(int64_t from, int64_t to);

/* Its name, or its number. */
void doctor_group_name(gid_t gid, char name[DOCTOR_GROUP_MAX]);

/* ---- commands that several of them name ---- */

/* A command of resetguard's, with the configuration that we have. */
void doctor_add_self(struct remedy *remedy, const struct doctor *doctor, const char *command);
/* Has the milter take notice of its configuration, or start (again). */
void doctor_add_reload(struct remedy *remedy, const struct doctor *doctor);
void doctor_add_start(struct remedy *remedy, const struct doctor *doctor);
/* One look-up of everything that is due, from now on and for ever if a unit does it. */
void doctor_add_refresh(struct remedy *remedy, const struct doctor *doctor);
/* In place of what the configuration says of key. */
void doctor_add_key(struct remedy *remedy, const struct doctor *doctor, const char *key,
		    const char *value);

#endif
