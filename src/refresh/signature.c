/* SPDX-License-Identifier: BSD-2-Clause */
/* signature: what shows an application that a body is ours, and of now. */
#include "resetguard/signature.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void signature_make(struct bytes key, int64_t at, struct bytes body,
		    char text[SIGNATURE_TEXT_MAX])
{
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	char moment[24];
	int length = snprintf(moment, sizeof moment, "%" PRId64 ".", at);

	(void)crypto_auth_hmacsha256_init(&state, key.data, key.length);
	(void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)moment,
					    (unsigned long long)length);
	(void)crypto_auth_hmacsha256_update(&state, body.data, body.length);
	(void)crypto_auth_hmacsha256_final(&state, mac);
	explicit_bzero(&state, sizeof state);
	length = snprintf(text, SIGNATURE_TEXT_MAX, "t=%" PRId64 ",v1=", at);
	(void)sodium_bin2hex(text + length, SIGNATURE_TEXT_MAX - (size_t)length, mac, sizeof mac);
}
