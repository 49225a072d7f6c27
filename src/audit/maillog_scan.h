/* SPDX-License-Identifier: BSD-2-Clause */
/* maillog_scan: what the readers of Postfix's, Sendmail's and our own lines share. */
#ifndef RESETGUARD_MAILLOG_SCAN_H
#define RESETGUARD_MAILLOG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/maillog.h"

/* Takes prefix from the front of text, if it is there. */
bool scan_take(struct maillog_text *text, const char *prefix);
/* What stands before the first separator, which is taken as well; all of it if there
 * is none. */
struct maillog_text scan_until(struct maillog_text *text, char separator);
/* Where sought begins in text, or NULL. */
const char *scan_find(struct maillog_text text, const char *sought);
/* Where the last sought begins in text, or NULL. */
const char *scan_find_last(struct maillog_text text, const char *sought);
/* An address: "<...>", with quoted local parts in which anything may stand, or bare up
 * to a comma or blank. Takes it with its angle brackets, gives it without. */
struct maillog_text scan_address(struct maillog_text *text);
/* "QID: " at the front, which is taken, with something behind it. The length of
 * queue_id is 0 for NOQUEUE. */
bool scan_queue_id(struct maillog_text *text, struct maillog_text *queue_id);

/* Each fills what its program's message says; kind is MAILLOG_OTHER before. */
void maillog_postfix(struct maillog_text message, struct maillog_event *event);
void maillog_sendmail(struct maillog_text message, struct maillog_event *event);
void maillog_verdict(struct maillog_text message, struct maillog_event *event);

#endif
