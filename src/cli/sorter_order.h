/* SPDX-License-Identifier: BSD-2-Clause */
/* sorter_order: the order of keys in memory, for sorter.c. */
#ifndef RESETGUARD_SORTER_ORDER_H
#define RESETGUARD_SORTER_ORDER_H

#include <stddef.h>
#include <stdint.h>

/* A key that lies elsewhere. */
struct sorter_entry {
	uint64_t chunk;	 /* sorter_chunk at 0; of another place once it was ordered */
	uint32_t at;	 /* of the key, or whatever the caller puts before it */
	uint32_t length; /* of the key */
};

/* Eight bytes of the key from at on, or as many as there are and zeros, as a number
 * that is ordered as they are. */
uint64_t sorter_chunk(const unsigned char *key, size_t length, size_t at);

/* Below, at, or above 0. */
int sorter_compare(const unsigned char *a, size_t a_length, const unsigned char *b,
		   size_t b_length);

/* Puts the entries into the order of their keys, which are at keys + at. */
void sorter_order(struct sorter_entry *entries, size_t count, const unsigned char *keys);

#endif
