/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counting: the census of the cache, and what lies beside it, for stats and status.
 */
#ifndef RESETGUARD_COUNTING_H
#define RESETGUARD_COUNTING_H

#include "cli.h"
#include "resetguard/census.h"
#include "resetguard/refresh.h"

/* As brake, history and refresh name it where no registry's server answers. */
#define COUNTING_DNS_HOST "the DNS"

struct counting {
	struct census census;
	bool asks_dns;
	uint64_t untold;   /* changes that wait for the application */
	uint64_t wanted;   /* domains on the wanted list */
	bool watched;	   /* by refresh --watch */
	uint64_t used;	   /* bytes of map_size */
};

/* Who would be asked, without asking anybody. Reports what fails and returns false. The
 * caller closes both. */
bool counting_open_hosts(struct cli *cli, struct refresh **refresh, struct wanted **wanted);

/* The running milter's page of metrics; NULL, and why not, where there is none. The caller
 * frees. False: metrics is set, and nobody listens there. */
bool counting_ask_milter(const struct cli *cli, char **page, struct why *why);

/* In one snapshot and one pass. Reports what fails and returns false; clear it anyway. */
bool counting_take(struct cli *cli, struct counting *counting);
void counting_clear(struct counting *counting);

/* Of a hundred. */
double counting_percent(uint64_t part, uint64_t whole);

#endif
