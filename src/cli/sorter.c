/* SPDX-License-Identifier: BSD-2-Clause */
/* sorter: more rows than memory holds, brought into the order of their keys. */
#include "sorter.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* How much is written to the file at once, and read at the least. */
enum { BUFFER = 256 << 10, BUFFER_MIN = 4096 };

enum { FEW = 12 }; /* entries that are sorted one by one */

/* A row in the block. Entries grow down from its end, the keys and values that
 * they point to up from its start; the block is full where they meet. */
struct entry {
	uint64_t chunk;	 /* eight bytes of the key, the first ones until it is sorted */
	uint32_t at;	 /* value, then key */
	uint32_t length; /* of the key */
};

/* A row where it lies, in the block or a run's buffer. */
struct head {
	size_t length;
	const unsigned char *key;
	const unsigned char *value;
};

/* A stretch of the file: rows in order, each a length, a value and a key. */
struct run {
	off_t from; /* what has not been read yet */
	off_t end;
	unsigned char *buffer; /* part of the sorter's block */
	size_t have;
	size_t used;
	struct head head; /* its next row */
	uint64_t chunk;	  /* the first of its key */
};

struct sorter {
	char *directory;
	size_t value_size;
	void (*fold)(void *into, const void *from);

	unsigned char *block;
	size_t size;
	size_t used;	/* by keys and values */
	size_t entries; /* before they are sorted out, and how many are left */
	size_t next;
	uint64_t random; /* never 0 */
	uint64_t count;
	uint64_t given; /* rows, by sorter_next */

	int fd;		    /* -1: none needed so far */
	unsigned char *out; /* on its way to the file */
	size_t out_used;
	off_t written;
	struct run *runs;
	size_t run_count;
	size_t run_size;
	size_t buffer_size; /* of each run */
	struct run **heap;  /* the run with the smallest head first */
	size_t heap_count;
};

/* ---- order ---- */

/* The length bytes of key from at on, in a number that is ordered as they are: eight
 * of them, or as many as there are and zeros. */
static uint64_t chunk_at(const unsigned char *key, size_t length, size_t at)
{
	uint64_t chunk = 0;

	if (at < length)
		memcpy(&chunk, key + at, length - at < sizeof chunk ? length - at : sizeof chunk);
	return be64toh(chunk);
}

static int compare_keys(const unsigned char *a, size_t a_length, const unsigned char *b,
			size_t b_length)
{
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	if (order != 0)
		return order;
	return a_length < b_length ? -1 : a_length > b_length;
}

static bool is_before(const struct run *a, const struct run *b)
{
	if (a->chunk != b->chunk)
		return a->chunk < b->chunk;
	return compare_keys(a->head.key, a->head.length, b->head.key, b->head.length) < 0;
}

/* ---- the block ---- */

static struct entry *first_entry(const struct sorter *sorter)
{
	return (struct entry *)(void *)(sorter->block + sorter->size) - sorter->entries;
}

static const unsigned char *key_of(const struct sorter *sorter, const struct entry *entry)
{
	return sorter->block + entry->at + sorter->value_size;
}

/* Of two that have the chunk of one place. */
static bool entry_is_before(const struct sorter *sorter, const struct entry *a,
			    const struct entry *b)
{
	if (a->chunk != b->chunk)
		return a->chunk < b->chunk;
	return compare_keys(key_of(sorter, a), a->length, key_of(sorter, b), b->length) < 0;
}

static void swap(struct entry *a, struct entry *b)
{
	struct entry c = *a;

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
static uint64_t any_chunk(struct sorter *sorter, const struct entry *entries, size_t count)
{
	sorter->random ^= sorter->random << 13;
	sorter->random ^= sorter->random >> 7;
	sorter->random ^= sorter->random << 17;
	return entries[sorter->random % count].chunk;
}

/* The stretch of entries whose chunk is the pivot's: smaller ones come before it,
 * larger ones behind. */
struct middle {
	size_t from;
	size_t end;
};

static struct middle divide(struct sorter *sorter, struct entry *entries, size_t count)
{
	uint64_t pivot =
		middle_of(any_chunk(sorter, entries, count), any_chunk(sorter, entries, count),
			  any_chunk(sorter, entries, count));
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
	uint32_t a_length = ((const struct entry *)a)->length;
	uint32_t b_length = ((const struct entry *)b)->length;

	return a_length < b_length ? -1 : a_length > b_length;
}

/* Of entries that are equal up to at: gives them the chunk there, and puts in order
 * those, at the front, whose keys are at their end. Returns how many these are. */
static size_t next_chunks(const struct sorter *sorter, struct entry *entries, size_t count,
			  size_t at)
{
	size_t ended = 0;

	for (size_t i = 0; i < count; i++) {
		entries[i].chunk = chunk_at(key_of(sorter, &entries[i]), entries[i].length, at);
		if (entries[i].length <= at)
			swap(&entries[i], &entries[ended++]);
	}
	/* They are one key, but for zeros at the end. */
	qsort(entries, ended, sizeof *entries, by_length);
	return ended;
}

static void sort_few(const struct sorter *sorter, struct entry *entries, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		for (size_t j = i; j > 0 && entry_is_before(sorter, &entries[j], &entries[j - 1]);
		     j--)
			swap(&entries[j], &entries[j - 1]);
	}
}

/* Quicksort of strings by chunks (Bentley and Sedgewick 1997). The entries are equal
 * up to at, and have the chunk that begins there. */
static void sort_entries(struct sorter *sorter, struct entry *entries, size_t count, size_t at)
{
	while (count > FEW) {
		struct middle middle = divide(sorter, entries, count);
		struct entry *equal = entries + middle.from;
		struct entry *larger = entries + middle.end;
		size_t equal_count = middle.end - middle.from;
		size_t larger_count = count - middle.end;
		size_t ended = next_chunks(sorter, equal, equal_count, at + sizeof equal->chunk);

		sort_entries(sorter, equal + ended, equal_count - ended, at + sizeof equal->chunk);
		/* The larger part in this loop, so that the stack stays small. */
		if (middle.from < larger_count) {
			sort_entries(sorter, entries, middle.from, at);
			entries = larger;
			count = larger_count;
		} else {
			sort_entries(sorter, larger, larger_count, at);
			count = middle.from;
		}
	}
	sort_few(sorter, entries, count);
}

static struct head head_of_entry(const struct sorter *sorter, const struct entry *entry)
{
	const unsigned char *value = sorter->block + entry->at;

	return (struct head){entry->length, value + sorter->value_size, value};
}

/* ---- the file ---- */

/* Without a name from the start. */
static enum err make_file(struct sorter *sorter, struct why *why)
{
	char *path = NULL;

	if (sorter->fd >= 0)
		return ERR_OK;
	if (asprintf(&path, "%s/sort.XXXXXX", sorter->directory) < 0)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	sorter->fd = mkostemp(path, O_CLOEXEC);
	if (sorter->fd < 0 || unlink(path) != 0) {
		enum err err = err_why_errno(errno, why, "%s: cannot make a file to sort in",
					     sorter->directory);
		free(path);
		return err;
	}
	free(path);
	return ERR_OK;
}

static enum err flush(struct sorter *sorter, struct why *why)
{
	size_t done = 0;

	while (done < sorter->out_used) {
		ssize_t length = pwrite(sorter->fd, sorter->out + done, sorter->out_used - done,
					sorter->written);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return err_why_errno(
				errno, why, "%s: sorting needs as much room there as the rows have",
				sorter->directory);
		done += (size_t)length;
		sorter->written += length;
	}
	sorter->out_used = 0;
	return ERR_OK;
}

static enum err write_row(struct sorter *sorter, const struct head *head, struct why *why)
{
	if (BUFFER - sorter->out_used < 1 + SORTER_VALUE_MAX + SORTER_KEY_MAX) {
		enum err err = flush(sorter, why);

		if (err != ERR_OK)
			return err;
	}
	unsigned char *to = sorter->out + sorter->out_used;
	*to++ = (unsigned char)head->length;
	memcpy(to, head->value, sorter->value_size);
	to += sorter->value_size;
	memcpy(to, head->key, head->length);
	sorter->out_used += 1 + sorter->value_size + head->length;
	return ERR_OK;
}

/* Where the file ends now. NULL: out of memory. */
static struct run *new_run(struct sorter *sorter)
{
	if (sorter->run_count == sorter->run_size) {
		size_t size = sorter->run_size == 0 ? 16 : sorter->run_size * 2;
		struct run *runs = reallocarray(sorter->runs, size, sizeof *runs);

		if (runs == NULL)
			return NULL;
		sorter->runs = runs;
		sorter->run_size = size;
	}
	struct run *run = &sorter->runs[sorter->run_count++];
	*run = (struct run){.from = sorter->written};
	return run;
}

/* Empties the block into the file. */
static enum err spill(struct sorter *sorter, struct why *why)
{
	enum err err = make_file(sorter, why);
	if (err != ERR_OK)
		return err;
	struct run *run = new_run(sorter);
	if (sorter->out == NULL)
		sorter->out = malloc(BUFFER);
	if (run == NULL || sorter->out == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");

	sort_entries(sorter, first_entry(sorter), sorter->entries, 0);
	const struct entry *entry = first_entry(sorter);
	for (size_t i = 0; i < sorter->entries && err == ERR_OK; i++) {
		struct head head = head_of_entry(sorter, &entry[i]);
		err = write_row(sorter, &head, why);
	}
	if (err == ERR_OK)
		err = flush(sorter, why);
	run->end = sorter->written;
	sorter->used = 0;
	sorter->entries = 0;
	return err;
}

/* Makes sure that length bytes of the run's next row are at hand. */
static enum err fill(struct sorter *sorter, struct run *run, size_t length, struct why *why)
{
	if (run->have - run->used >= length)
		return ERR_OK;
	memmove(run->buffer, run->buffer + run->used, run->have - run->used);
	run->have -= run->used;
	run->used = 0;
	while (run->have < length && run->from < run->end) {
		size_t room = sorter->buffer_size - run->have;
		size_t left = (size_t)(run->end - run->from);
		ssize_t got = pread(sorter->fd, run->buffer + run->have, room < left ? room : left,
				    run->from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_why(ERR_IO, why,
				       "%s: what was written for sorting cannot be "
				       "read: %s",
				       sorter->directory,
				       got < 0 ? strerror(errno) : "the file is cut short");
		run->have += (size_t)got;
		run->from += got;
	}
	return ERR_OK;
}

/* Moves the run's head to its next row. ERR_NOT_FOUND: there is none. */
static enum err advance(struct sorter *sorter, struct run *run, struct why *why)
{
	enum err err = fill(sorter, run, 1 + SORTER_VALUE_MAX + SORTER_KEY_MAX, why);
	if (err != ERR_OK)
		return err;
	if (run->used == run->have)
		return ERR_NOT_FOUND;
	const unsigned char *row = run->buffer + run->used;
	size_t length = row[0];
	const unsigned char *key = row + 1 + sorter->value_size;
	run->head = (struct head){length, key, row + 1};
	run->chunk = chunk_at(key, length, 0);
	run->used += 1 + sorter->value_size + length;
	return ERR_OK;
}

/* ---- merging: a binary heap of the runs ---- */

static void sink(struct sorter *sorter, size_t at)
{
	struct run **heap = sorter->heap;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= sorter->heap_count)
			return;
		if (child + 1 < sorter->heap_count && is_before(heap[child + 1], heap[child]))
			child++;
		if (!is_before(heap[child], heap[at]))
			return;
		struct run *smaller = heap[child];
		heap[child] = heap[at];
		heap[at] = smaller;
		at = child;
	}
}

static enum err begin_merge(struct sorter *sorter, struct why *why)
{
	size_t buffer_size = sorter->size / sorter->run_count;

	if (buffer_size > BUFFER)
		buffer_size = BUFFER;
	if (buffer_size < BUFFER_MIN)
		buffer_size = BUFFER_MIN;
	sorter->buffer_size = buffer_size;
	free(sorter->block);
	sorter->block = malloc(sorter->run_count * buffer_size);
	sorter->heap = calloc(sorter->run_count, sizeof(struct run *));
	if (sorter->block == NULL || sorter->heap == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	for (size_t i = 0; i < sorter->run_count; i++) {
		struct run *run = &sorter->runs[i];
		run->buffer = sorter->block + i * buffer_size;
		enum err err = advance(sorter, run, why);
		if (err == ERR_OK)
			sorter->heap[sorter->heap_count++] = run;
		else if (err != ERR_NOT_FOUND)
			return err;
	}
	for (size_t i = sorter->heap_count; i-- > 0;)
		sink(sorter, i);
	return ERR_OK;
}

/* ---- the sorter ---- */

enum err sorter_new(const struct sorter_options *options, struct sorter **sorter)
{
	struct sorter *new = calloc(1, sizeof *new);
	if (new == NULL)
		return ERR_NO_MEMORY;

	new->fd = -1;
	new->random = 1;
	new->value_size = options->value_size;
	new->fold = options->fold;
	new->size = options->memory / sizeof(struct entry) * sizeof(struct entry);
	new->directory = strdup(options->directory);
	new->block = malloc(new->size);
	if (new->directory == NULL || new->block == NULL) {
		sorter_free(new);
		return ERR_NO_MEMORY;
	}
	*sorter = new;
	return ERR_OK;
}

void sorter_free(struct sorter *sorter)
{
	if (sorter == NULL)
		return;
	if (sorter->fd >= 0)
		close(sorter->fd);
	free(sorter->directory);
	free(sorter->block);
	free(sorter->out);
	free(sorter->runs);
	free(sorter->heap);
	free(sorter);
}

enum err sorter_add(struct sorter *sorter, const void *key, size_t length, const void *value,
		    struct why *why)
{
	size_t size = sorter->value_size + length;

	if (sorter->size - sorter->used - sorter->entries * sizeof(struct entry) <
	    size + sizeof(struct entry)) {
		enum err err = spill(sorter, why);

		if (err != ERR_OK)
			return err;
	}
	unsigned char *to = sorter->block + sorter->used;
	memcpy(to, value, sorter->value_size);
	memcpy(to + sorter->value_size, key, length);
	sorter->entries++;
	*first_entry(sorter) = (struct entry){
		.chunk = chunk_at(key, length, 0),
		.at = (uint32_t)sorter->used,
		.length = (uint32_t)length,
	};
	sorter->used += size;
	sorter->count++;
	return ERR_OK;
}

uint64_t sorter_count(const struct sorter *sorter)
{
	return sorter->count;
}

enum err sorter_finish(struct sorter *sorter, struct why *why)
{
	if (sorter->run_count == 0) {
		sort_entries(sorter, first_entry(sorter), sorter->entries, 0);
		return ERR_OK;
	}
	enum err err = spill(sorter, why);
	return err == ERR_OK ? begin_merge(sorter, why) : err;
}

/* The smallest of what is left. */
static enum err peek(const struct sorter *sorter, struct head *head)
{
	if (sorter->run_count > 0) {
		if (sorter->heap_count == 0)
			return ERR_NOT_FOUND;
		*head = sorter->heap[0]->head;
		return ERR_OK;
	}
	if (sorter->next == sorter->entries)
		return ERR_NOT_FOUND;
	*head = head_of_entry(sorter, &first_entry(sorter)[sorter->next]);
	return ERR_OK;
}

static enum err drop(struct sorter *sorter, struct why *why)
{
	sorter->given++;
	if (sorter->run_count == 0) {
		sorter->next++;
		return ERR_OK;
	}
	enum err err = advance(sorter, sorter->heap[0], why);
	if (err == ERR_NOT_FOUND)
		sorter->heap[0] = sorter->heap[--sorter->heap_count];
	else if (err != ERR_OK)
		return err;
	sink(sorter, 0);
	return ERR_OK;
}

enum err sorter_next(struct sorter *sorter, struct sorter_row *row, struct why *why)
{
	struct head head;

	enum err err = peek(sorter, &head);
	if (err != ERR_OK)
		return err;
	row->length = head.length;
	memcpy(row->key, head.key, head.length);
	memcpy(row->value, head.value, sorter->value_size);
	err = drop(sorter, why);
	while (err == ERR_OK && peek(sorter, &head) == ERR_OK && head.length == row->length &&
	       memcmp(head.key, row->key, row->length) == 0) {
		sorter->fold(row->value, head.value);
		err = drop(sorter, why);
	}
	row->folded = sorter->given;
	return err;
}
