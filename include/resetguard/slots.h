/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slots: numbered places that threads claim and give back, without a lock or a
 * system call as long as one is free.
 *
 * A thread that holds a slot must not claim another: it might wait for itself.
 */
#ifndef RESETGUARD_SLOTS_H
#define RESETGUARD_SLOTS_H

#include "resetguard/err.h"

struct slots;

/* count places, at least 1, all free. */
MUST_CHECK enum err slots_new(unsigned count, struct slots **slots);
void slots_free(struct slots *slots);

/* 0 to count - 1; waits while all are taken or the slots are quiesced. What the
 * slot's last holder wrote is seen by the next one. */
unsigned slots_claim(struct slots *slots);
void slots_release(struct slots *slots, unsigned slot);

/* Lets nobody claim a slot any more, and waits until all are given back. One
 * thread at a time, which must hold no slot. */
void slots_quiesce(struct slots *slots);
void slots_resume(struct slots *slots);

#endif
