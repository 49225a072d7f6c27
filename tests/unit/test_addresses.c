/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "resetguard/addresses.h"

static struct mailbox mailbox_of(const char *local, const char *host)
{
	struct mailbox mailbox = {0};

	mailbox.local_length = (unsigned char)strlen(local);
	memcpy(mailbox.local, local, mailbox.local_length);
	mailbox.host.length = (unsigned char)strlen(host);
	memcpy(mailbox.host.name, host, mailbox.host.length);
	return mailbox;
}

static struct addresses_key key_of(unsigned char start)
{
	struct addresses_key key;

	for (unsigned i = 0; i < sizeof key.bytes; i++)
		key.bytes[i] = (unsigned char)(start + i);
	return key;
}

/* Computed with Python's hashlib.blake2b(digest_size=16, key=bytes(range(32))):
 * what is on disk must be found again by every later version. */
static void a_hash_is_blake2b_128_under_the_key(void **state)
{
	static const unsigned char wanted[ADDRESSES_HASH_SIZE] = {
		0x6f, 0x0b, 0xd7, 0x05, 0x13, 0x3f, 0x5d, 0xe0,
		0x26, 0x87, 0xb5, 0xc2, 0xa2, 0xef, 0x0f, 0x86};
	static const unsigned char wanted_print[ADDRESSES_FINGERPRINT_SIZE] = {
		0x20, 0x5d, 0xb8, 0x74, 0xbc, 0x84, 0x17, 0x56};
	struct addresses_key key = key_of(0);
	struct mailbox mailbox = mailbox_of("bob", "lapsed.example");

	(void)state;
	struct address_hash hash = addresses_hash(&key, &mailbox);
	assert_memory_equal(hash.bytes, wanted, sizeof wanted);
	struct addresses_fingerprint fingerprint = addresses_key_fingerprint(&key);
	assert_memory_equal(fingerprint.bytes, wanted_print, sizeof wanted_print);
}

static void texts_hash_without_a_key(void **state)
{
	(void)state;
	assert_true(addresses_text_hash("", 0) == 0);
	assert_true(addresses_text_hash("D1-LROR", 7) == UINT64_C(0xb7ab70cac4314da6));
	assert_true(addresses_text_hash("D1-LROR", 6) != addresses_text_hash("D1-LROR", 7));
}

static void another_key_local_part_or_host_is_another_hash(void **state)
{
	struct addresses_key key = key_of(0);
	struct addresses_key other_key = key_of(1);
	struct mailbox mailboxes[] = {
		mailbox_of("bob", "lapsed.example"),
		mailbox_of("bo", "b.lapsed.example"),
		mailbox_of("bob", "lapsed.test"),
		mailbox_of("bob@lapsed.example", "lapsed.example"),
	};
	struct address_hash first = addresses_hash(&key, &mailboxes[0]);
	struct address_hash other = addresses_hash(&other_key, &mailboxes[0]);

	(void)state;
	assert_memory_not_equal(first.bytes, other.bytes, sizeof first.bytes);
	for (size_t i = 1; i < sizeof mailboxes / sizeof mailboxes[0]; i++) {
		other = addresses_hash(&key, &mailboxes[i]);
		assert_memory_not_equal(first.bytes, other.bytes, sizeof first.bytes);
	}
}

static void the_longest_address_fits(void **state)
{
	struct addresses_key key = key_of(0);
	struct mailbox mailbox = {0};

	(void)state;
	memset(mailbox.local, 'l', MAILBOX_LOCAL_MAX);
	mailbox.local_length = MAILBOX_LOCAL_MAX;
	memset(mailbox.host.name, 'h', DOMAIN_MAX);
	mailbox.host.length = DOMAIN_MAX;
	struct address_hash hash = addresses_hash(&key, &mailbox);
	mailbox.host.name[DOMAIN_MAX - 1] = 'x';
	struct address_hash other = addresses_hash(&key, &mailbox);
	assert_memory_not_equal(hash.bytes, other.bytes, sizeof hash.bytes);
}

static void keys_are_random(void **state)
{
	struct addresses_key a = key_of(0);
	struct addresses_key b = key_of(0);

	(void)state;
	assert_int_equal(addresses_key_generate(&a), ERR_OK);
	assert_int_equal(addresses_key_generate(&b), ERR_OK);
	assert_memory_not_equal(a.bytes, b.bytes, sizeof a.bytes);
}

static void what_is_written_is_read_back(void **state)
{
	static const unsigned char wanted[] = {1, 4, 3, 2, 1, 8, 7, 6, 5};
	unsigned char record[ADDRESSES_RECORD_SIZE];
	struct address_facts read;

	(void)state;
	addresses_encode(&(struct address_facts){0x01020304, 0x05060708}, record);
	assert_memory_equal(record, wanted, sizeof wanted);
	assert_int_equal(addresses_decode((struct bytes){record, sizeof record}, &read), ERR_OK);
	assert_true(read.verified_at == 0x01020304);
	assert_true(read.unverified_at == 0x05060708);
}

static void damaged_records_are_refused(void **state)
{
	unsigned char record[ADDRESSES_RECORD_SIZE + 1] = {ADDRESSES_VERSION};

	(void)state;
	for (size_t length = 0; length <= sizeof record; length++) {
		struct address_facts read = {.verified_at = 77};
		enum err err = addresses_decode((struct bytes){record, length}, &read);
		assert_int_equal(err, length == ADDRESSES_RECORD_SIZE ? ERR_OK : ERR_DAMAGED);
		assert_true(read.verified_at == (err == ERR_OK ? 0 : 77));
	}
	for (unsigned version = 0; version < 256; version++) {
		struct address_facts read;
		record[0] = (unsigned char)version;
		enum err err =
			addresses_decode((struct bytes){record, ADDRESSES_RECORD_SIZE}, &read);
		assert_int_equal(err, version == ADDRESSES_VERSION ? ERR_OK : ERR_VERSION);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_is_blake2b_128_under_the_key),
		cmocka_unit_test(texts_hash_without_a_key),
		cmocka_unit_test(another_key_local_part_or_host_is_another_hash),
		cmocka_unit_test(the_longest_address_fits),
		cmocka_unit_test(keys_are_random),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(damaged_records_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
