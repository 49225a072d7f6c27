/* SPDX-License-Identifier: BSD-2-Clause */
/* addresses: what is known of one mailbox, kept under a keyed hash. */
#include "resetguard/addresses.h"

#include <sodium.h>
#include <string.h>

/* The smallest hash that libsodium makes; what is shorter is cut from it. */
#define DIGEST_SIZE crypto_generichash_BYTES_MIN

_Static_assert(ADDRESSES_HASH_SIZE == DIGEST_SIZE, "BLAKE2b-128");
_Static_assert(ADDRESSES_KEY_SIZE == crypto_generichash_KEYBYTES, "one key, whole");

static const char FINGERPRINT_OF[] = "resetguard address.key";

/* Cannot fail: all sizes are fixed and within BLAKE2b's. */
static void digest(const struct addresses_key *key, const void *text, size_t length,
		   unsigned char out[DIGEST_SIZE])
{
	(void)crypto_generichash(out, DIGEST_SIZE, text, length, key == NULL ? NULL : key->bytes,
				 key == NULL ? 0 : sizeof key->bytes);
}

enum err addresses_key_generate(struct addresses_key *key)
{
	if (sodium_init() < 0)
		return ERR_UNAVAILABLE;
	randombytes_buf(key->bytes, sizeof key->bytes);
	return ERR_OK;
}

struct addresses_fingerprint addresses_key_fingerprint(const struct addresses_key *key)
{
	struct addresses_fingerprint fingerprint;
	unsigned char whole[DIGEST_SIZE];

	digest(key, FINGERPRINT_OF, sizeof FINGERPRINT_OF - 1, whole);
	memcpy(fingerprint.bytes, whole, sizeof fingerprint.bytes);
	return fingerprint;
}

struct address_hash addresses_hash(const struct addresses_key *key, const struct mailbox *mailbox)
{
	struct address_hash hash;
	char address[MAILBOX_LOCAL_MAX + 1 + DOMAIN_MAX];
	char *at = address;

	memcpy(at, mailbox->local, mailbox->local_length);
	at += mailbox->local_length;
	*at++ = '@';
	memcpy(at, mailbox->host.name, mailbox->host.length);
	at += mailbox->host.length;
	digest(key, address, (size_t)(at - address), hash.bytes);
	return hash;
}

void addresses_encode(const struct address_facts *facts,
		      unsigned char record[ADDRESSES_RECORD_SIZE])
{
	struct wire_writer writer = wire_writer_init(record, ADDRESSES_RECORD_SIZE);

	wire_write_u8(&writer, ADDRESSES_VERSION);
	wire_write_time(&writer, facts->verified_at);
	wire_write_time(&writer, facts->unverified_at);
}

enum err addresses_decode(struct bytes record, struct address_facts *facts)
{
	struct wire_reader reader = wire_reader_init(record);
	unsigned version = wire_read_u8(&reader);
	if (!reader.failed && version != ADDRESSES_VERSION)
		return ERR_VERSION;

	struct address_facts read;
	read.verified_at = wire_read_time(&reader);
	read.unverified_at = wire_read_time(&reader);
	if (!wire_read_done(&reader))
		return ERR_DAMAGED;
	*facts = read;
	return ERR_OK;
}

uint64_t addresses_text_hash(const char *text, size_t length)
{
	if (length == 0)
		return 0;

	unsigned char whole[DIGEST_SIZE];
	digest(NULL, text, length, whole);
	struct wire_reader reader = wire_reader_init((struct bytes){whole, sizeof whole});
	uint64_t hash = wire_read_u64(&reader);
	return hash == 0 ? 1 : hash;
}

void addresses_digest(struct bytes data, unsigned char digest[ADDRESSES_DIGEST_SIZE])
{
	unsigned char before[ADDRESSES_DIGEST_SIZE];

	memcpy(before, digest, sizeof before);
	(void)crypto_generichash(digest, ADDRESSES_DIGEST_SIZE, data.data, data.length, before,
				 sizeof before);
}
