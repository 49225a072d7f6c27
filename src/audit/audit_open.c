/* SPDX-License-Identifier: BSD-2-Clause */
/* audit_open: the messages that are under way. */
#include "audit_open.h"

#include <stdlib.h>
#include <string.h>

#include "resetguard/hash.h"

enum { BUCKETS = 2 * AUDIT_OPEN_MAX }; /* a power of two */

/* By when they were last heard of. */
struct list {
	struct message *oldest;
	struct message *newest;
};

struct open_messages {
	void (*close)(void *context, struct message *message, bool evicted);
	void *context;
	struct message *buckets[BUCKETS];
	struct list plain;
	struct list resets; /* those with recipients */
	struct list over;
	struct list over_resets;
	struct message *spare_messages; /* by same_hash */
	struct recipient *spare_recipients;
	size_t messages_used; /* of the stock below */
	size_t recipients_used;
	struct message *messages;
	struct recipient *recipients;
};

enum err open_messages_new(void (*close)(void *context, struct message *message, bool evicted),
			   void *context, struct open_messages **open)
{
	struct open_messages *made = calloc(1, sizeof *made);

	if (made == NULL)
		return ERR_NO_MEMORY;
	/* Untouched pages cost nothing. */
	made->messages = calloc(AUDIT_OPEN_MAX, sizeof *made->messages);
	made->recipients = calloc(AUDIT_RESETS_MAX, sizeof *made->recipients);
	if (made->messages == NULL || made->recipients == NULL) {
		open_messages_free(made);
		return ERR_NO_MEMORY;
	}
	made->close = close;
	made->context = context;
	*open = made;
	return ERR_OK;
}

void open_messages_free(struct open_messages *open)
{
	free(open->messages);
	free(open->recipients);
	free(open);
}

/* ---- the lists ---- */

static struct list *list_of(struct open_messages *open, const struct message *message)
{
	if (message->over_at != 0)
		return message->recipients != NULL ? &open->over_resets : &open->over;
	return message->recipients != NULL ? &open->resets : &open->plain;
}

static void unlink_message(struct list *list, struct message *message)
{
	if (message->older != NULL)
		message->older->newer = message->newer;
	else
		list->oldest = message->newer;
	if (message->newer != NULL)
		message->newer->older = message->older;
	else
		list->newest = message->older;
}

static void append_message(struct list *list, struct message *message)
{
	message->older = list->newest;
	message->newer = NULL;
	if (list->newest != NULL)
		list->newest->newer = message;
	else
		list->oldest = message;
	list->newest = message;
}

void open_touch(struct open_messages *open, struct message *message, int64_t at)
{
	struct list *list = list_of(open, message);

	message->last_at = at;
	if (list->newest == message || message->over_at != 0)
		return;
	unlink_message(list, message);
	append_message(list, message);
}

/* ---- finding ---- */

static size_t bucket_of(struct maillog_text queue_id)
{
	return hash_folded(hash_bytes(queue_id.at, queue_id.length)) & (BUCKETS - 1);
}

static bool has_id(const struct message *message, struct maillog_text queue_id)
{
	return memcmp(message->queue_id, queue_id.at, queue_id.length) == 0 &&
	       message->queue_id[queue_id.length] == '\0';
}

struct message *open_find(struct open_messages *open, uint64_t host, uint64_t instance,
			  struct maillog_text queue_id)
{
	struct message *at = open->buckets[bucket_of(queue_id)];

	/* The newest comes first. */
	for (; at != NULL; at = at->same_hash) {
		if (at->host == host && (instance == 0 || at->instance == 0 || at->instance == instance) &&
		    has_id(at, queue_id))
			return at;
	}
	return NULL;
}

struct message *open_find_anywhere(struct open_messages *open, struct maillog_text queue_id,
				   int64_t since)
{
	struct message *found = NULL;

	for (struct message *at = open->buckets[bucket_of(queue_id)]; at != NULL;
	     at = at->same_hash) {
		if (at->last_at >= since && has_id(at, queue_id) &&
		    (found == NULL || at->last_at > found->last_at))
			found = at;
	}
	return found;
}

/* ---- coming and going ---- */

static void spare_recipients_of(struct open_messages *open, struct message *message)
{
	if (message->recipients == NULL)
		return;
	message->last_recipient->next = open->spare_recipients;
	open->spare_recipients = message->recipients;
}

static void let_go(struct open_messages *open, struct message *message, bool evicted)
{
	struct maillog_text queue_id = {message->queue_id, strlen(message->queue_id)};
	struct message **at = &open->buckets[bucket_of(queue_id)];

	open->close(open->context, message, evicted);
	while (*at != message)
		at = &(*at)->same_hash;
	*at = message->same_hash;
	unlink_message(list_of(open, message), message);
	spare_recipients_of(open, message);
	message->same_hash = open->spare_messages;
	open->spare_messages = message;
}

/* The one that is missed the least. */
static void evict(struct open_messages *open)
{
	if (open->over.oldest != NULL)
		let_go(open, open->over.oldest, false);
	else if (open->over_resets.oldest != NULL)
		let_go(open, open->over_resets.oldest, false);
	else if (open->plain.oldest != NULL)
		let_go(open, open->plain.oldest, true);
	else
		let_go(open, open->resets.oldest, true);
}

static struct message *take_message(struct open_messages *open)
{
	struct message *taken;

	if (open->spare_messages == NULL && open->messages_used < AUDIT_OPEN_MAX)
		return &open->messages[open->messages_used++];
	if (open->spare_messages == NULL)
		evict(open);
	taken = open->spare_messages;
	open->spare_messages = taken->same_hash;
	return taken;
}

struct message *open_add(struct open_messages *open, uint64_t host, uint64_t instance,
			 struct maillog_text queue_id, int64_t at)
{
	struct message *message = take_message(open);
	struct message **bucket = &open->buckets[bucket_of(queue_id)];

	message->host = host;
	message->instance = instance;
	maillog_text_copy(queue_id, message->queue_id, sizeof message->queue_id);
	message->first_at = at;
	message->last_at = at;
	message->over_at = 0;
	message->judged = false;
	message->delivery = MAILLOG_STATUS_NONE;
	message->refused_as = MAILLOG_STATUS_NONE;
	message->client[0] = '\0';
	message->login[0] = '\0';
	message->from[0] = '\0';
	message->class_name = NULL;
	message->rule = NULL;
	message->recipients = NULL;
	message->last_recipient = NULL;
	message->same_hash = *bucket;
	*bucket = message;
	append_message(&open->plain, message);
	return message;
}

/* Reports the recipients of the message that are known, and forgets them. */
static void shed(struct open_messages *open, struct message *message)
{
	open->close(open->context, message, true);
	unlink_message(list_of(open, message), message);
	spare_recipients_of(open, message);
	message->recipients = NULL;
	message->last_recipient = NULL;
	append_message(list_of(open, message), message);
}

/* Frees recipients: of a message that is over, else of the oldest one. */
static void make_room(struct open_messages *open, struct message *message)
{
	while (open->spare_recipients == NULL) {
		struct message *oldest = open->over_resets.oldest != NULL ? open->over_resets.oldest
								      : open->resets.oldest;

		if (oldest == message)
			shed(open, message);
		else
			let_go(open, oldest, oldest->over_at == 0);
	}
}

struct recipient *open_add_recipient(struct open_messages *open, struct message *message)
{
	struct recipient *taken;

	if (open->spare_recipients == NULL && open->recipients_used == AUDIT_RESETS_MAX)
		make_room(open, message);
	taken = open->spare_recipients;
	if (taken != NULL)
		open->spare_recipients = taken->next;
	else
		taken = &open->recipients[open->recipients_used++];
	memset(taken, 0, sizeof *taken);
	if (message->recipients == NULL) {
		unlink_message(list_of(open, message), message);
		message->recipients = taken;
		append_message(list_of(open, message), message);
	} else {
		message->last_recipient->next = taken;
	}
	message->last_recipient = taken;
	return taken;
}

void open_over(struct open_messages *open, struct message *message, int64_t at)
{
	if (message->over_at != 0)
		return;
	unlink_message(list_of(open, message), message);
	message->over_at = at;
	append_message(list_of(open, message), message);
}

void open_close(struct open_messages *open, struct message *message)
{
	let_go(open, message, false);
}

static void close_over(struct open_messages *open, struct list *list, int64_t until)
{
	while (list->oldest != NULL && list->oldest->over_at <= until)
		let_go(open, list->oldest, false);
}

void open_close_over(struct open_messages *open, int64_t until, int64_t resets_until)
{
	close_over(open, &open->over, until);
	close_over(open, &open->over_resets, resets_until);
}

void open_close_all(struct open_messages *open)
{
	struct list *const lists[] = {&open->over, &open->over_resets, &open->plain,
				      &open->resets};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		while (lists[i]->oldest != NULL)
			let_go(open, lists[i]->oldest, false);
	}
}
