/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rdap: what an RDAP server's reply says of a domain (RFC 7480, 9082, 9083).
 * Pure: bytes in, an observation out.
 */
#ifndef RESETGUARD_RDAP_H
#define RESETGUARD_RDAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/http.h"
#include "resetguard/observation.h"
#include "resetguard/rdap_parking.h"

/* How far a server is believed. */
enum rdap_trust {
	RDAP_AUTHORITATIVE, /* named by IANA's bootstrap or the operator: its 404 is an answer */
	RDAP_DATES_ONLY,    /* believed for its objects, never for its 404 */
};

enum { RDAP_BASE_MAX = 1024 };

/* BASE/domain/NAME. ERR_TOO_LONG. */
MUST_CHECK enum err rdap_url(const char *base, const struct domain *domain, char url[HTTP_URL_MAX]);

/* A finished exchange as an observation of domain. Everything that is not a
 * well-formed object about domain, an authoritative 404, or a status "free"
 * becomes OBSERVATION_FAILED with a cause. parking: NULL or a set that
 * rdap_parking_has asks. */
void rdap_observe(const struct domain *domain, const struct http_reply *reply,
		  enum rdap_trust trust, const struct rdap_parking *parking, int64_t now,
		  struct observation *observation);

/* The body alone: a domain object about domain, as an observation without host;
 * ERR_DATA and why, a verb and what follows, for anything else. */
MUST_CHECK enum err rdap_parse(const char *body, size_t length, const struct domain *domain,
			       const struct rdap_parking *parking, int64_t now,
			       struct observation *observation, struct why *why);

#endif
