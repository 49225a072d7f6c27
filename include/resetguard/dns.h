/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dns: does a domain exist? NS queries through libunbound, many at once: as a stub
 * of the system's resolver or of `resolver`, validating where a trust anchor is set.
 *
 * NXDOMAIN is evidence; SERVFAIL, REFUSED, bogus answers and time-outs are errors.
 *
 * One thread. dns_start queues, dns_next takes what has ended; dns_descriptor is
 * readable when something has.
 */
#ifndef RESETGUARD_DNS_H
#define RESETGUARD_DNS_H

#include <stdint.h>

#include "resetguard/conf.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/observation.h"

struct dns;

MUST_CHECK enum err dns_open(const struct conf *conf, struct dns **dns, struct why *why);
/* Gives up what is under way. */
void dns_close(struct dns *dns);

/* Whether dns_open's options can be used: asks for localhost, which is answered here.
 * libunbound reads the trust anchor no sooner. */
MUST_CHECK enum err dns_check(const struct conf *conf, struct why *why);

int dns_descriptor(const struct dns *dns);

/* domain is copied. */
MUST_CHECK enum err dns_start(struct dns *dns, const struct domain *domain, void *tag,
			      int64_t monotonic_ms);
/* How many were started and not yet taken. */
unsigned dns_pending(const struct dns *dns);

/* Takes one that has ended, without waiting, as an observation at now.
 * ERR_NOT_FOUND: none has. What took longer than `timeout` ends as failed. */
MUST_CHECK enum err dns_next(struct dns *dns, int64_t now, int64_t monotonic_ms, void **tag,
			     struct observation *observation);

#endif
