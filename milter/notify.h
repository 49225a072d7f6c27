/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify: telling the service manager how we are, as sd_notify(3) does. Does nothing
 * where no service manager asks for it ($NOTIFY_SOCKET).
 */
#ifndef RESETGUARD_MILTER_NOTIFY_H
#define RESETGUARD_MILTER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* state is one assignment a line, e.g. "READY=1". What cannot be sent is lost. */
void notify_state(const char *state);

/* RELOADING=1 with the time that systemd wants to know beside it. */
void notify_reloading(void);

/* Standard error leads into systemd's journal, $JOURNAL_STREAM: it also listens where
 * syslog(3) writes, and there learns facility and priority of each line. */
bool notify_stderr_is_journal(void);

/* How often, in milliseconds, WATCHDOG=1 is expected of this process; 0: never. */
int64_t notify_watchdog_ms(void);

#endif
