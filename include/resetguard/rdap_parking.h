/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rdap_parking: the name servers of parking and auction houses. An expired
 * domain that answers from one of them is no longer its owner's.
 */
#ifndef RESETGUARD_RDAP_PARKING_H
#define RESETGUARD_RDAP_PARKING_H

#include <stdbool.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"

enum {
	RDAP_PARKING_LINE_MAX = 1024,
	RDAP_PARKING_DOMAINS_MAX = 10000,
};

/* Read-only once made: any thread. */
struct rdap_parking;

/* A file, one domain a line, # comments. why says "FILE:LINE: ...". The caller
 * frees. */
MUST_CHECK enum err rdap_parking_read(const char *path, struct rdap_parking **parking,
				      struct why *why);
void rdap_parking_free(struct rdap_parking *parking);

/* Whether the name server is a listed domain or lies below one. */
bool rdap_parking_has(const struct rdap_parking *parking, const struct domain *name_server);

#endif
