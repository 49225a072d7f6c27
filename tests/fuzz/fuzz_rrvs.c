/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the field of RFC 7293: what is taken names a mailbox and a moment,
 * and nothing is written otherwise. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/rrvs.h"
#include "resetguard/time.h"
#include "resetguard/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rrvs rrvs;
	struct rrvs before;

	memset(&rrvs, 0xa5, sizeof(rrvs));
	before = rrvs;
	if (rrvs_parse((const char *)data, size, &rrvs) != ERR_OK) {
		if (memcmp(&rrvs, &before, sizeof(rrvs)) != 0)
			abort();
		return 0;
	}
	if (rrvs.valid_since < 0 || rrvs.valid_since > TIME_MAX)
		abort();
	if (rrvs.mailbox.host.length == 0 ||
	    strlen(rrvs.mailbox.host.name) != rrvs.mailbox.host.length ||
	    strlen(rrvs.mailbox.local) != rrvs.mailbox.local_length ||
	    !utf8_is_valid(rrvs.mailbox.local, rrvs.mailbox.local_length))
		abort();
	return 0;
}
