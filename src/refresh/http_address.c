/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_address: tables of special-purpose address blocks.
 */
#include "resetguard/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ipv4_block {
	uint32_t network;
	unsigned prefix_length;
};

struct ipv6_block {
	unsigned char network[16];
	unsigned prefix_length;
};

#define IPV4(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct ipv4_block ipv4_special[] = {
	{IPV4(0, 0, 0, 0), 8},	     /* "this network" */
	{IPV4(10, 0, 0, 0), 8},	     /* private */
	{IPV4(100, 64, 0, 0), 10},   /* shared, carrier-grade NAT */
	{IPV4(127, 0, 0, 0), 8},     /* loopback */
	{IPV4(169, 254, 0, 0), 16},  /* link-local */
	{IPV4(172, 16, 0, 0), 12},   /* private */
	{IPV4(192, 0, 0, 0), 24},    /* protocol assignments */
	{IPV4(192, 0, 2, 0), 24},    /* documentation */
	{IPV4(192, 88, 99, 0), 24},  /* 6to4 relays, deprecated */
	{IPV4(192, 168, 0, 0), 16},  /* private */
	{IPV4(198, 18, 0, 0), 15},   /* benchmarking */
	{IPV4(198, 51, 100, 0), 24}, /* documentation */
	{IPV4(203, 0, 113, 0), 24},  /* documentation */
	{IPV4(224, 0, 0, 0), 4},     /* multicast */
	{IPV4(240, 0, 0, 0), 4},     /* reserved, limited broadcast */
};

static const struct ipv6_block ipv6_global = {{0x20}, 3}; /* 2000::/3, global unicast */

/* What is special within 2000::/3. */
static const struct ipv6_block ipv6_special[] = {
	{{0x20, 0x01, 0x00}, 23},	/* protocol assignments: Teredo, benchmarking, ORCHID */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
	{{0x20, 0x02}, 16},		/* 6to4 */
	{{0x3f, 0xff, 0x00}, 20},	/* documentation */
};

/* These carry an IPv4 address in their last four bytes. */
static const struct ipv6_block ipv6_embedding[] = {
	{{[10] = 0xff, [11] = 0xff}, 96},	    /* IPv4-mapped */
	{{[1] = 0x64, [2] = 0xff, [3] = 0x9b}, 96}, /* NAT64, well-known prefix */
};

static bool ipv4_is_public(uint32_t address)
{
	for (size_t i = 0; i < sizeof(ipv4_special) / sizeof(ipv4_special[0]); i++) {
		uint32_t mask = UINT32_MAX << (32 - ipv4_special[i].prefix_length);

		if ((address & mask) == ipv4_special[i].network)
			return false;
	}
	return true;
}

static bool ipv6_within(const unsigned char *address, const struct ipv6_block *block)
{
	size_t whole = block->prefix_length / 8;
	unsigned rest = block->prefix_length % 8;

	if (memcmp(address, block->network, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ block->network[whole]) >> (8 - rest) == 0;
}

static bool ipv6_is_public(const unsigned char *address)
{
	for (size_t i = 0; i < sizeof(ipv6_embedding) / sizeof(ipv6_embedding[0]); i++)
		if (ipv6_within(address, &ipv6_embedding[i]))
			return ipv4_is_public(
				IPV4(address[12], address[13], address[14], address[15]));
	if (!ipv6_within(address, &ipv6_global))
		return false;
	for (size_t i = 0; i < sizeof(ipv6_special) / sizeof(ipv6_special[0]); i++)
		if (ipv6_within(address, &ipv6_special[i]))
			return false;
	return true;
}

bool http_address_is_public(const struct sockaddr *address)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	if (address->sa_family == AF_INET) {
		memcpy(&ipv4, address, sizeof(ipv4));
		return ipv4_is_public(ntohl(ipv4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		memcpy(&ipv6, address, sizeof(ipv6));
		return ipv6_is_public(ipv6.sin6_addr.s6_addr);
	}
	return false;
}

bool http_address_text_is_public(const char *text)
{
	struct in_addr ipv4;
	struct in6_addr ipv6;

	if (inet_pton(AF_INET, text, &ipv4) == 1)
		return ipv4_is_public(ntohl(ipv4.s_addr));
	return inet_pton(AF_INET6, text, &ipv6) == 1 && ipv6_is_public(ipv6.s6_addr);
}

bool http_address_is_literal(const char *text)
{
	struct in_addr ipv4;

	return strchr(text, ':') != NULL || inet_pton(AF_INET, text, &ipv4) == 1;
}
