/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes are facts or are refused; facts are the same when they are written and
 * read again, and merging them with themselves changes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char record[FACTS_RECORD_SIZE];
	struct facts facts;

	if (facts_decode((struct bytes){data, size}, &facts) != ERR_OK)
		return 0;
	facts_encode(&facts, record);
	if (size != sizeof record || memcmp(record, data, size) != 0)
		abort();
	struct facts merged = facts_merge(&facts, &facts);
	facts_encode(&merged, record);
	if (memcmp(record, data, size) != 0)
		abort();
	if (state_text(facts.state) == NULL || source_text(facts.source) == NULL)
		abort();
	return 0;
}
