/* SPDX-License-Identifier: BSD-2-Clause */
/* mtamessage - a whole message, said to a milter in the order in which an MTA says it. */
#ifndef TESTS_MTAMESSAGE_H
#define TESTS_MTAMESSAGE_H

#include "mtaclient.h"

struct mtamessage {
	const char *sender;
	const char *const *recipients; /* ends with NULL */
	const char *text;	       /* RFC 5322, lines end in LF */
	size_t text_length;
};

/*
 * From MAIL to end of message, or to the first verdict that settles it. Refused
 * recipients are left out, and if all are, the last refusal is the verdict and nothing
 * follows. per_recipient has room for one verdict a recipient, or is NULL.
 */
enum mtaclient_verdict mtamessage_send(struct mtaclient *c, const struct mtamessage *m,
				       enum mtaclient_verdict *per_recipient);

/* From the first header to end of message. */
enum mtaclient_verdict mtamessage_send_content(struct mtaclient *c, const char *text,
					       size_t length);

#endif
