/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit_trace: what the logs say of one message, or of the messages of one address.
 *
 * The first reading finds the queue ids that an address is about, the second one the
 * lines of them all: an MTA names the recipient late. A queue id needs no first one.
 */
#ifndef RESETGUARD_AUDIT_TRACE_H
#define RESETGUARD_AUDIT_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/audit.h"

enum { AUDIT_TRACE_MAX = 4096 }; /* messages of one address */

struct audit_trace;

/* sought is kept. NULL: no memory. */
struct audit_trace *audit_trace_new(const char *sought);
void audit_trace_free(struct audit_trace *trace);

/* Whether it is an address, so that the logs must be read twice. */
bool audit_trace_is_address(const struct audit_trace *trace);
/* First reading: remembers the queue id of a line that names the address. */
void audit_trace_learn(struct audit_trace *trace, const struct maillog_event *event);
/* Second reading: whether the line is about one of the messages. */
bool audit_trace_has(const struct audit_trace *trace, const struct maillog_event *event);
bool audit_trace_has_reset(const struct audit_trace *trace, const struct audit_reset *reset);

#endif
