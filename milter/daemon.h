/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: going into the background, with a parent that waits until everything is
 * ready, so that its exit status is true.
 */
#ifndef RESETGUARD_MILTER_DAEMON_H
#define RESETGUARD_MILTER_DAEMON_H

#include <stdbool.h>

#include "resetguard/err.h"

/* Returns in the child only, in a session of its own; the parent ends with 0 when
 * the child calls daemon_release, or with the child's status if that ends before.
 * Before any thread. */
MUST_CHECK enum err daemon_detach(int *parent, struct why *why);

/* Lets the parent go, and the directory and the standard streams. */
void daemon_release(int parent, bool keep_stderr);

#endif
