/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mailfiles: the messages in a file, a folder, an mbox or a Maildir, a line at a
 * time. No message is held in memory.
 */
#ifndef RESETGUARD_MAILFILES_H
#define RESETGUARD_MAILFILES_H

#include <stddef.h>

#include "resetguard/err.h"

enum {
	MAILFILES_LINE_MAX = 8192, /* a longer line comes in pieces */
	MAILFILES_DEPTH_MAX = 32,  /* folders in folders */
};

struct mailfiles_sink {
	/* number: of the message in an mbox, from 1; 0: the file is one message */
	void (*begin)(void *context, const char *file, unsigned number);
	/* with its line end, if this piece has it */
	void (*line)(void *context, const char *line, size_t length);
	void (*end)(void *context);
	/* a file that cannot be read; the others are */
	void (*failed)(void *context, const char *file, enum err err, const char *why);
	void *context;
};

/* path: a file, an mbox, a folder with all that is in it, a Maildir, or "-" for
 * stdin. */
void mailfiles_read(const char *path, const struct mailfiles_sink *sink);

#endif
