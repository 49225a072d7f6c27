/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rdap_object: a domain object of RFC 9083 as an observation. Pure.
 *
 * The states by precedence: redemption (redemption period, pending restore),
 * pending-delete, held (client hold, server hold, inactive), grace (auto renew
 * period, or past its expiration date; held with name servers of a parking
 * house), else registered. The status free means that it is not there.
 */
#ifndef RESETGUARD_RDAP_OBJECT_H
#define RESETGUARD_RDAP_OBJECT_H

#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/json.h"
#include "resetguard/observation.h"
#include "resetguard/rdap_parking.h"

/* ERR_DATA, with the observation untouched, for anything but a well-formed
 * object about domain. parking may be NULL. host stays "". */
MUST_CHECK enum err rdap_object_read(const struct json *object, const struct domain *domain,
				     const struct rdap_parking *parking, int64_t now,
				     struct observation *observation, struct why *why);

#endif
