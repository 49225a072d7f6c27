/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fastly: what Fastly's Domain Research API says of a domain. Its status is one
 * word or several, the last the most important:
 *
 *   inactive                            available: not registered
 *   active, parked                      registered; held with undelegated
 *   marketed, priced, transferable      for sale: registered, unless a word above or
 *                                       below says otherwise
 *   expiring                            redemption
 *   deleting                            pending-delete
 *   anything else, or unknown           it cannot tell
 *
 * It shows no dates, no holder and no name servers. Pure, but for the key's file.
 */
#ifndef RESETGUARD_FASTLY_H
#define RESETGUARD_FASTLY_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/http.h"
#include "resetguard/key_file.h"
#include "resetguard/observation.h"

enum { FASTLY_HEADER_MAX = KEY_FILE_MAX + 16 };

/* The request header with the key in the file, a secret; see key_file_read. */
MUST_CHECK enum err fastly_header_read(const char *path, char header[FASTLY_HEADER_MAX],
				       struct why *why);

/* BASE?domain=NAME. ERR_TOO_LONG. */
MUST_CHECK enum err fastly_url(const char *base, const struct domain *domain,
			       char url[HTTP_URL_MAX]);

/* A finished exchange as an observation of domain. */
void fastly_observe(const struct domain *domain, const struct http_reply *reply, int64_t now,
		    struct observation *observation);

/* Whether the reply says that the key is not good: asking on is of no use. */
bool fastly_refuses_key(const struct http_reply *reply);

#endif
