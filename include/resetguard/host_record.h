/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_record: what is remembered of one registry host between runs.
 *
 * Key: the host's name. The record, version 1: 209 bytes, little-endian:
 *
 *    0  version       1
 *    1  rate          8   learned requests in a million seconds; 0: nothing learned
 *    9  rests_until   4   Unix seconds; 0: it does not rest
 *   13  hour          4   the newest hour that is counted, in hours since 1970
 *   17  checked       96  24 counts of 4, hour h at h modulo 24: domains checked
 *  113  unexplained   96  as checked: changes without the registry's explicit word
 *  209
 */
#ifndef RESETGUARD_HOST_RECORD_H
#define RESETGUARD_HOST_RECORD_H

#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/wire.h"

enum {
	HOST_RECORD_VERSION = 1,
	HOST_RECORD_HOURS = 24,
	HOST_RECORD_SIZE = 17 + 2 * 4 * HOST_RECORD_HOURS,
};

/* The last 24 hours, one count each. */
struct host_counts {
	int64_t hour;
	uint32_t checked[HOST_RECORD_HOURS];
	uint32_t unexplained[HOST_RECORD_HOURS];
};

struct host_record {
	uint64_t rate;
	int64_t rests_until;
	struct host_counts counts;
};

void host_record_encode(const struct host_record *host, unsigned char record[HOST_RECORD_SIZE]);
MUST_CHECK enum err host_record_decode(struct bytes record, struct host_record *host);

#endif
