/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally: a hash table of places, and a heap of them by count, so that the one met
 * least is at hand.
 */
#include "resetguard/tally.h"

#include <stdlib.h>
#include <string.h>

#include "resetguard/hash.h"

struct place {
	uint64_t count;
	uint64_t slack;
	size_t in_heap;
	struct place *next; /* with the same hash */
	char name[TALLY_NAME_MAX + 1];
};

struct tally {
	size_t places;
	size_t used;
	size_t bucket_count; /* a power of two */
	struct place *items;
	struct place **heap; /* the one met least is the first */
	struct place **buckets;
};

enum err tally_new(size_t places, struct tally **tally)
{
	struct tally *made = calloc(1, sizeof *made);

	if (made == NULL)
		return ERR_NO_MEMORY;
	made->places = places;
	made->bucket_count = 1;
	while (made->bucket_count < places)
		made->bucket_count *= 2;
	made->items = calloc(places, sizeof *made->items);
	made->heap = calloc(places, sizeof(struct place *));
	made->buckets = calloc(made->bucket_count, sizeof(struct place *));
	if (made->items == NULL || made->heap == NULL || made->buckets == NULL) {
		tally_free(made);
		return ERR_NO_MEMORY;
	}
	*tally = made;
	return ERR_OK;
}

void tally_free(struct tally *tally)
{
	free(tally->items);
	free(tally->heap);
	free(tally->buckets);
	free(tally);
}

static struct place **bucket_of(const struct tally *tally, const char *name)
{
	uint32_t hash = hash_folded(hash_bytes(name, strlen(name)));

	return &tally->buckets[hash & (tally->bucket_count - 1)];
}

static void put_in_heap(struct tally *tally, size_t at, struct place *place)
{
	tally->heap[at] = place;
	place->in_heap = at;
}

/* The place's count has grown. */
static void sink(struct tally *tally, struct place *place)
{
	size_t at = place->in_heap;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < tally->used &&
		    tally->heap[child + 1]->count < tally->heap[child]->count)
			child++;
		if (child >= tally->used || tally->heap[child]->count >= place->count)
			break;
		put_in_heap(tally, at, tally->heap[child]);
		at = child;
	}
	put_in_heap(tally, at, place);
}

/* A new place has the count 0, and none is below that. */
static void rise_to_top(struct tally *tally, struct place *place)
{
	size_t at = tally->used - 1;

	for (; at > 0; at = (at - 1) / 2)
		put_in_heap(tally, at, tally->heap[(at - 1) / 2]);
	put_in_heap(tally, 0, place);
}

static struct place *take_place(struct tally *tally)
{
	struct place *place;
	struct place **at;

	if (tally->used < tally->places) {
		place = &tally->items[tally->used++];
		rise_to_top(tally, place);
		return place;
	}
	place = tally->heap[0];
	for (at = bucket_of(tally, place->name); *at != place; at = &(*at)->next)
		;
	*at = place->next;
	place->slack = place->count;
	return place;
}

void tally_add(struct tally *tally, const char *name)
{
	char cut[TALLY_NAME_MAX + 1];
	size_t length = strnlen(name, TALLY_NAME_MAX);
	struct place **bucket;
	struct place *place;

	memcpy(cut, name, length);
	cut[length] = '\0';
	bucket = bucket_of(tally, cut);
	for (place = *bucket; place != NULL; place = place->next) {
		if (strcmp(place->name, cut) == 0)
			break;
	}
	if (place == NULL) {
		place = take_place(tally);
		memcpy(place->name, cut, length + 1);
		place->next = *bucket;
		*bucket = place;
	}
	place->count++;
	sink(tally, place);
}

size_t tally_count(const struct tally *tally)
{
	return tally->used;
}

static int compare_rows(const void *a, const void *b)
{
	const struct tally_row *left = a;
	const struct tally_row *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	return strcmp(left->name, right->name);
}

size_t tally_top(const struct tally *tally, struct tally_row *rows, size_t most)
{
	size_t count = 0;

	/* Few rows are asked for: each place is put where it belongs among them. */
	for (size_t i = 0; i < tally->used; i++) {
		const struct place *place = &tally->items[i];
		const struct tally_row row = {place->name, place->count, place->slack};
		size_t at = count;

		while (at > 0 && compare_rows(&row, &rows[at - 1]) < 0)
			at--;
		if (at == most)
			continue;
		if (count < most)
			count++;
		memmove(&rows[at + 1], &rows[at], (count - at - 1) * sizeof *rows);
		rows[at] = row;
	}
	return count;
}
