/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rrvs: the Require-Recipient-Valid-Since field of RFC 7293.
 *
 *   Require-Recipient-Valid-Since: addr-spec; date-time
 *
 * A field of the sender's own application; never trusted from mail that is out
 * of scope. Comments and folding are allowed (RFC 5322).
 */
#ifndef RESETGUARD_RRVS_H
#define RESETGUARD_RRVS_H

#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/mailbox.h"

#define RRVS_FIELD "Require-Recipient-Valid-Since"

enum { RRVS_VALUE_MAX = 2048 };

struct rrvs {
	struct mailbox mailbox;
	int64_t valid_since;
};

/* ERR_DATA, with the field untouched, where the value does not follow the grammar. */
MUST_CHECK enum err rrvs_parse(const char *value, size_t length, struct rrvs *rrvs);

#endif
