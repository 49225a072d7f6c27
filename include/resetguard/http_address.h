/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_address: which addresses are of the public Internet.
 *
 * Public is what RFC 6890 and the IANA special-purpose registries leave over:
 * not loopback, private, link-local, shared (RFC 6598), multicast, reserved,
 * benchmarking, documentation, unique local, site-local, 6to4 or Teredo. An
 * IPv4-mapped or NAT64 (64:ff9b::/96) address is judged by the IPv4 address in it.
 */
#ifndef RESETGUARD_HTTP_ADDRESS_H
#define RESETGUARD_HTTP_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* False for any other family than AF_INET and AF_INET6. */
bool http_address_is_public(const struct sockaddr *address);

/* The same of an address in its usual text form, without brackets or port. */
bool http_address_text_is_public(const char *text);

/* Whether text is an IPv4 or IPv6 address at all (a zone index allowed). */
bool http_address_is_literal(const char *text);

#endif
