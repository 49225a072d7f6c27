/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash: FNV-1a of 64 bits (draft-eastlake-fnv), for tables in memory. Whoever chooses the
 * bytes can choose the hash: a table that outsiders fill has a bound of its own. Nothing
 * stores it. Any thread.
 */
#ifndef RESETGUARD_HASH_H
#define RESETGUARD_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const char *bytes, size_t length);

/* The hash of what hash is of, with the bytes after it. */
uint64_t hash_more(uint64_t hash, const char *bytes, size_t length);

/* The same for ASCII letters of either case. */
uint64_t hash_caseless(const char *bytes, size_t length);

/* For a table of a power of 2, whose index takes the lowest bits. */
uint32_t hash_folded(uint64_t hash);

#endif
