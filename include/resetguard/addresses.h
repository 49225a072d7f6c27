/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * addresses: what is known of one mailbox, kept under a keyed hash.
 *
 * The cache holds no address list: the key of a record is BLAKE2b-128 of the
 * canonical address ("local@host", as struct mailbox has them) under a secret
 * key that lies beside the cache in cache_dir/address.key. Its fingerprint is
 * in the cache's meta, so that a cache is never read with another key.
 *
 * The record: version 1, then verified_at and unverified_at as unsigned 32-bit
 * little-endian seconds: 9 bytes.
 */
#ifndef RESETGUARD_ADDRESSES_H
#define RESETGUARD_ADDRESSES_H

#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/mailbox.h"
#include "resetguard/wire.h"

enum {
	ADDRESSES_HASH_SIZE = 16,
	ADDRESSES_KEY_SIZE = 32,
	ADDRESSES_FINGERPRINT_SIZE = 8,
	ADDRESSES_DIGEST_SIZE = 32,
	ADDRESSES_RECORD_SIZE = 9,
	ADDRESSES_VERSION = 1,
};

struct address_hash {
	unsigned char bytes[ADDRESSES_HASH_SIZE];
};

struct addresses_key {
	unsigned char bytes[ADDRESSES_KEY_SIZE];
};

struct addresses_fingerprint {
	unsigned char bytes[ADDRESSES_FINGERPRINT_SIZE];
};

struct address_facts {
	int64_t verified_at;
	int64_t unverified_at;
};

/* A new random key. Once, at the cache's creation. */
MUST_CHECK enum err addresses_key_generate(struct addresses_key *key);
struct addresses_fingerprint addresses_key_fingerprint(const struct addresses_key *key);

/* No allocation, any thread. */
struct address_hash addresses_hash(const struct addresses_key *key, const struct mailbox *mailbox);

void addresses_encode(const struct address_facts *facts,
		      unsigned char record[ADDRESSES_RECORD_SIZE]);
MUST_CHECK enum err addresses_decode(struct bytes record, struct address_facts *facts);

/* 64-bit unkeyed hash of a canonical text (a registry handle, a sorted list of
 * name servers): only ever compared for equality. Never 0 for a non-empty text;
 * 0 for an empty one. */
uint64_t addresses_text_hash(const char *text, size_t length);

/* BLAKE2b-256 of the data and of all that came before: digest is that of what came
 * before, all zero at the beginning, and becomes that of the whole. */
void addresses_digest(struct bytes data, unsigned char digest[ADDRESSES_DIGEST_SIZE]);

#endif
