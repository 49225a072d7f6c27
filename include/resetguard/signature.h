/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * signature: what shows an application that a body is ours, and of now.
 *
 * HMAC-SHA-256 (RFC 2104) under the shared key over the time in decimal Unix seconds,
 * a dot, and the body. Pure.
 */
#ifndef RESETGUARD_SIGNATURE_H
#define RESETGUARD_SIGNATURE_H

#include <stdint.h>

#include "resetguard/wire.h"

enum { SIGNATURE_TEXT_MAX = sizeof "t=-9223372036854775808,v1=" + 64 };

/* "t=1700000000,v1=" and 64 hexadecimal digits. */
void signature_make(struct bytes key, int64_t at, struct bytes body,
		    char text[SIGNATURE_TEXT_MAX]);

#endif
