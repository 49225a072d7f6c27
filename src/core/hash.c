/* SPDX-License-Identifier: BSD-2-Clause */
#include "resetguard/hash.h"

static const uint64_t basis = UINT64_C(0xcbf29ce484222325);
static const uint64_t prime = UINT64_C(0x100000001b3);

uint64_t hash_more(uint64_t hash, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * prime;
	return hash;
}

uint64_t hash_bytes(const char *bytes, size_t length)
{
	return hash_more(basis, bytes, length);
}

uint64_t hash_caseless(const char *bytes, size_t length)
{
	uint64_t hash = basis;

	for (size_t i = 0; i < length; i++) {
		char c = bytes[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		hash = hash_more(hash, &c, 1);
	}
	return hash;
}

uint32_t hash_folded(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32);
}
