/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links: the links in a text as it streams by, and those wrapped in them.
 *
 * A link is SCHEME://... up to a blank, a quotation mark, < or >, without the
 * punctuation that ends a sentence. In HTML, where these end an attribute's value
 * too, character references are undone. A link that another one carries (as click
 * trackers do: percent-encoded, in base64url, or in base64url of JSON) follows it
 * as a link of its own.
 */
#ifndef RESETGUARD_LINKS_H
#define RESETGUARD_LINKS_H

#include <stdbool.h>
#include <stddef.h>

enum {
	LINKS_LENGTH_MAX = 4096, /* bytes of a link; the rest of it is not seen */
	LINKS_DEPTH_MAX = 3,	 /* links within links */
	LINKS_MAX = 2000,	 /* of one message; a reset has few */
};

/* link is NUL-terminated, and gone when the call returns. */
struct links_sink {
	void (*take)(void *context, const char *link, size_t length);
	void *context;
};

/* A plain value; links_begin makes it ready. */
struct links {
	struct links_sink sink;
	size_t count; /* taken so far, in all texts since links_init */
	bool html;
	unsigned state;
	unsigned char quote; /* the quotation mark before the link, in HTML */
	size_t length;
	char text[LINKS_LENGTH_MAX + 1];
};

void links_init(struct links *links, const struct links_sink *sink);
/* One text: begin, feed in pieces, end. */
void links_begin(struct links *links, bool html);
void links_feed(struct links *links, const char *text, size_t length);
void links_end(struct links *links);

#endif
