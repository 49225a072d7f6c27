/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit_open: the messages that are under way.
 *
 * One table, made once: messages by a hash of their queue id, in four lists by when
 * they were last heard of (with recipients of resets or without, over or not), and a stock of recipients. Room is made by closing the oldest message
 * that is over, else the oldest that is no reset, else the oldest.
 */
#ifndef RESETGUARD_AUDIT_OPEN_H
#define RESETGUARD_AUDIT_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/audit.h"

struct recipient {
	struct recipient *next;
	bool at_rcpt; /* the MTA spoke of it alone */
	struct audit_reset reset;
};

struct message {
	struct message *same_hash;
	struct message *older; /* in its list */
	struct message *newer;
	uint64_t host; /* hashes: nobody outside chooses these names */
	uint64_t instance; /* 0: not known */
	char queue_id[MAILLOG_QUEUE_ID_MAX + 1];
	int64_t first_at;
	int64_t last_at;
	int64_t over_at; /* 0: it is not */
	bool judged;
	enum maillog_status refused_as; /* the MTA's answer to all of it */
	char client[AUDIT_NAME_MAX + 1];
	char login[AUDIT_NAME_MAX + 1];
	char from[AUDIT_PATH_MAX + 1];
	/* Its last delivery, for a line of ours that comes later: logs of several hosts. */
	enum maillog_status delivery;
	int64_t delivered_at;
	uint64_t delivered_to; /* a hash of the address */
	const char *class_name; /* what a rule takes it for; NULL: none does. The rules' */
	const char *rule;
	struct recipient *recipients; /* in order */
	struct recipient *last_recipient;
};

struct open_messages;

/* close is called for each message that the table must let go of, before it is gone. */
MUST_CHECK enum err open_messages_new(void (*close)(void *context, struct message *message,
						     bool evicted),
				      void *context, struct open_messages **open);
void open_messages_free(struct open_messages *open);

/* instance 0: any. NULL: there is none. */
struct message *open_find(struct open_messages *open, uint64_t host, uint64_t instance,
			  struct maillog_text queue_id);
/* With this queue id on any host, the last one heard of, not before since; or NULL. */
struct message *open_find_anywhere(struct open_messages *open, struct maillog_text queue_id,
				   int64_t since);
/* A new one. */
struct message *open_add(struct open_messages *open, uint64_t host, uint64_t instance,
			 struct maillog_text queue_id, int64_t at);
/* It was heard of. */
void open_touch(struct open_messages *open, struct message *message, int64_t at);
/* A new recipient of the message, all zeros but for next. */
struct recipient *open_add_recipient(struct open_messages *open, struct message *message);
/* It is over, but a line about it may be late. */
void open_over(struct open_messages *open, struct message *message, int64_t at);
/* Closes it. */
void open_close(struct open_messages *open, struct message *message);
/* Closes those that are over since then, where they have recipients since the other. */
void open_close_over(struct open_messages *open, int64_t until, int64_t resets_until);
/* Closes all: those that are over first, then the others, the oldest first. */
void open_close_all(struct open_messages *open);

#endif
