/* SPDX-License-Identifier: BSD-2-Clause */
/* sorter_order: the order of keys in memory. */
#include "sorter_order.h"

#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 12 }; /* entries that are sorted one by one */

struct order {
	const unsigned char *keys;
	uint64_t random; /* never 0 */
};

uint64_t sorter_chunk(const unsigned char *key, size_t length, size_t at)
{
	uint64_t chunk = 0;

	if (at < length)
		memcpy(&chunk, key + at, length - at < sizeof chunk ? length - at : sizeof chunk);
	return be64toh(chunk);
}

int sorter_compare(const unsigned char *a, size_t a_length, const unsigned char *b, size_t b_length)
{
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	if (order != 0)
		return order;
	return a_length < b_length ? -1 : a_length > b_length;
}

static const unsigned char *key_of(const struct order *order, const struct sorter_entry *entry)
{
	return order->keys + entry->at;
}

/* Of two that have the chunk of one place. */
static bool entry_is_before(const struct order *order, const struct sorter_entry *a,
			    const struct sorter_entry *b)
{
	if (a->chunk != b->chunk)
		return a->chunk < b->chunk;
	return sorter_compare(key_of(order, a), a->length, key_of(order, b), b->length) < 0;
}

static void swap(struct sorter_entry *a, struct sorter_entry *b)
{
	struct sorter_entry c = *a;

	*a = *b;
	*b = c;
}

static uint64_t middle_of(uint64_t a, uint64_t b, uint64_t c)
{
	if (a > b)
		return middle_of(b, a, c);
	if (b <= c)
		return b;
	return a > c ? a : c;
}

/* Somewhere in the entries: no order in which rows come makes it a bad pivot often. */
static uint64_t any_chunk(struct order *order, const struct sorter_entry *entries, size_t count)
{
	order->random ^= order->random << 13;
	order->random ^= order->random >> 7;
	order->random ^= order->random << 17;
	return entries[order->random % count].chunk;
}

/* The stretch of entries whose chunk is the pivot's: smaller ones come before it,
 * larger ones behind. */
struct middle {
	size_t from;
	size_t end;
};

static struct middle divide(struct order *order, struct sorter_entry *entries, size_t count)
{
	uint64_t pivot =
		middle_of(any_chunk(order, entries, count), any_chunk(order, entries, count),
			  any_chunk(order, entries, count));
	struct middle middle = {0, count};

	for (size_t i = 0; i < middle.end;) {
		if (entries[i].chunk < pivot)
			swap(&entries[i++], &entries[middle.from++]);
		else if (entries[i].chunk > pivot)
			swap(&entries[i], &entries[--middle.end]);
		else
			i++;
	}
	return middle;
}

static int by_length(const void *a, const void *b)
{
	uint32_t a_length = ((const struct sorter_entry *)a)->length;
	uint32_t b_length = ((const struct sorter_entry *)b)->length;

	return a_length < b_length ? -1 : a_length > b_length;
}

/* Of entries that are equal up to at: gives them the chunk there, and puts in order
 * those, at the front, whose keys are at their end. Returns how many these are. */
static size_t next_chunks(const struct order *order, struct sorter_entry *entries, size_t count,
			  size_t at)
{
	size_t ended = 0;

	for (size_t i = 0; i < count; i++) {
		entries[i].chunk = sorter_chunk(key_of(order, &entries[i]), entries[i].length, at);
		if (entries[i].length <= at)
			swap(&entries[i], &entries[ended++]);
	}
	/* They are one key, but for zeros at the end. */
	qsort(entries, ended, sizeof *entries, by_length);
	return ended;
}

static void sort_few(const struct order *order, struct sorter_entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j > 0 && entry_is_before(order, &entries[j], &entries[j - 1]);
		     j--)
			swap(&entries[j], &entries[j - 1]);
	}
}

/* Quicksort of strings by chunks (Bentley and Sedgewick 1997). The entries are equal
 * up to at, and have the chunk that begins there. */
static void sort_entries(struct order *order, struct sorter_entry *entries, size_t count, size_t at)
{
	while (count > FEW) {
		struct middle middle = divide(order, entries, count);
		struct sorter_entry *equal = entries + middle.from;
		struct sorter_entry *larger = entries + middle.end;
		size_t equal_count = middle.end - middle.from;
		size_t larger_count = count - middle.end;
		size_t ended = next_chunks(order, equal, equal_count, at + sizeof equal->chunk);

		sort_entries(order, equal + ended, equal_count - ended, at + sizeof equal->chunk);
		/* The larger part in this loop, so that the stack stays small. */
		if (middle.from < larger_count) {
			sort_entries(order, entries, middle.from, at);
			entries = larger;
			count = larger_count;
		} else {
			sort_entries(order, larger, larger_count, at);
			count = middle.from;
		}
	}
	sort_few(order, entries, count);
}

void sorter_order(struct sorter_entry *entries, size_t count, const unsigned char *keys)
{
	struct order order = {.keys = keys, .random = 1};

	sort_entries(&order, entries, count, 0);
}
