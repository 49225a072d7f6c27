/* SPDX-License-Identifier: BSD-2-Clause */
/* sorter: more rows than memory holds, brought into the order of their keys. */
#include "sorter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "sorter_order.h"

/* How much is written to the file at once, and read at the least. */
enum { BUFFER = 256 << 10, BUFFER_MIN = 4096 };

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

	/* Entries grow down from its end, the values and keys that they point to up from
	 * its start; the block is full where they meet. */
	unsigned char *block;
	size_t size;
	size_t used;	/* by values and keys */
	size_t entries; /* before they are sorted out, and how many are left */
	size_t next;
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

/* ---- the block ---- */

static struct sorter_entry *first_entry(const struct sorter *sorter)
{
	return (struct sorter_entry *)(void *)(sorter->block + sorter->size) - sorter->entries;
}

static void sort_block(struct sorter *sorter)
{
	/* A key lies behind its value. */
	sorter_order(first_entry(sorter), sorter->entries, sorter->block + sorter->value_size);
}

static struct head head_of_entry(const struct sorter *sorter, const struct sorter_entry *entry)
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

	sort_block(sorter);
	const struct sorter_entry *entry = first_entry(sorter);
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
	run->chunk = sorter_chunk(key, length, 0);
	run->used += 1 + sorter->value_size + length;
	return ERR_OK;
}

/* ---- merging: a binary heap of the runs ---- */

static bool is_before(const struct run *a, const struct run *b)
{
	if (a->chunk != b->chunk)
		return a->chunk < b->chunk;
	return sorter_compare(a->head.key, a->head.length, b->head.key, b->head.length) < 0;
}

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
	new->value_size = options->value_size;
	new->fold = options->fold;
	new->size = options->memory / sizeof(struct sorter_entry) * sizeof(struct sorter_entry);
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

	if (sorter->size - sorter->used - sorter->entries * sizeof(struct sorter_entry) <
	    size + sizeof(struct sorter_entry)) {
		enum err err = spill(sorter, why);

		if (err != ERR_OK)
			return err;
	}
	unsigned char *to = sorter->block + sorter->used;
	memcpy(to, value, sorter->value_size);
	memcpy(to + sorter->value_size, key, length);
	sorter->entries++;
	*first_entry(sorter) = (struct sorter_entry){
		.chunk = sorter_chunk(key, length, 0),
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
		sort_block(sorter);
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
