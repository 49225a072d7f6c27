/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_http_address: the first and last address of each special block, and their
 * neighbours outside.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "resetguard/http_address.h"

static const char *const public_addresses[] = {
	"1.1.1.1",	    "9.255.255.255",	"11.0.0.0",	    "100.63.255.255",
	"100.128.0.0",	    "126.255.255.255",	"128.0.0.0",	    "169.253.255.255",
	"169.255.0.0",	    "172.15.255.255",	"172.32.0.0",	    "191.255.255.255",
	"192.0.1.0",	    "192.0.3.0",	"192.88.98.255",    "192.88.100.0",
	"192.167.255.255",  "192.169.0.0",	"198.17.255.255",   "198.20.0.0",
	"198.51.99.255",    "198.51.101.0",	"203.0.112.255",    "203.0.114.0",
	"223.255.255.255",  "2001:200::1",	"2001:db7:ffff::1", "2001:db9::1",
	"2003::1",	    "2606:4700::1111",	"3ffe::1",	    "3fff:1000::1",
	"::ffff:192.0.1.0", "64:ff9b::808:808",
};

static const char *const special_addresses[] = {
	"0.0.0.0",
	"0.255.255.255",
	"10.0.0.0",
	"10.255.255.255",
	"100.64.0.0",
	"100.127.255.255",
	"127.0.0.1",
	"127.255.255.255",
	"169.254.0.0",
	"169.254.169.254",
	"172.16.0.0",
	"172.31.255.255",
	"192.0.0.0",
	"192.0.0.255",
	"192.0.2.1",
	"192.88.99.1",
	"192.168.0.0",
	"192.168.255.255",
	"198.18.0.0",
	"198.19.255.255",
	"198.51.100.7",
	"203.0.113.255",
	"224.0.0.1",
	"239.255.255.255",
	"240.0.0.0",
	"255.255.255.255",
	"::",
	"::1",
	"::7f00:1", /* IPv4-compatible */
	"::808:808",
	"::ffff:127.0.0.1", /* IPv4-mapped */
	"::ffff:10.1.2.3",
	"64:ff9b::7f00:1", /* NAT64 of 127.0.0.1 */
	"64:ff9b::a9fe:a9fe",
	"64:ff9b:1::808:808", /* NAT64, local use */
	"100::1",	      /* discard-only */
	"1fff:ffff::1",
	"2001::1",    /* Teredo */
	"2001:2::1",  /* benchmarking */
	"2001:10::1", /* ORCHID */
	"2001:20::1",
	"2001:1ff:ffff::1",
	"2001:db8::1",
	"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
	"2002:7f00:1::1", /* 6to4 */
	"3fff::1",
	"3fff:fff:ffff::1",
	"4000::1",
	"fc00::1",
	"fdff:ffff::1",
	"fe80::1",
	"fec0::1",
	"ff02::1",
};

static struct sockaddr_storage socket_address(const char *text)
{
	struct sockaddr_storage storage = {0};
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&storage;

	if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
		storage.ss_family = AF_INET;
	} else {
		assert_int_equal(inet_pton(AF_INET6, text, &ipv6->sin6_addr), 1);
		storage.ss_family = AF_INET6;
	}
	return storage;
}

static void check(const char *text, bool public)
{
	struct sockaddr_storage storage = socket_address(text);

	if (http_address_text_is_public(text) != public ||
	    http_address_is_public((struct sockaddr *)&storage) != public)
		fail_msg("%s: should %sbe public", text, public ? "" : "not ");
	assert_true(http_address_is_literal(text));
}

static void test_public(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(public_addresses) / sizeof(public_addresses[0]); i++)
		check(public_addresses[i], true);
}

static void test_special(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(special_addresses) / sizeof(special_addresses[0]); i++)
		check(special_addresses[i], false);
}

static void test_no_address(void **state)
{
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	(void)state;
	assert_false(http_address_text_is_public(""));
	assert_false(http_address_text_is_public("rdap.example"));
	assert_false(http_address_text_is_public("fe80::1%eth0"));
	assert_false(http_address_is_public((struct sockaddr *)&local));
	assert_false(http_address_is_literal("rdap.example"));
	assert_true(http_address_is_literal("fe80::1%eth0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_public),
		cmocka_unit_test(test_special),
		cmocka_unit_test(test_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
