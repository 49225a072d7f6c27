/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redact: a reset without the names of people, for showing to others.
 *
 * The local part of each address, and each login, becomes a hash under a key that is
 * made anew for each report: the same person has the same hash within it, and nobody
 * can try names against it afterwards. Domains stay, since they are what it is about.
 */
#ifndef RESETGUARD_REDACT_H
#define RESETGUARD_REDACT_H

#include "resetguard/addresses.h"
#include "resetguard/audit.h"

/* Pure. */
void redact_reset(const struct addresses_key *key, struct audit_reset *reset);

#endif
