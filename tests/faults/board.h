/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * board - what inject.so and whoever arms it share: a file of a few bytes that both
 * map, so that a milter can be armed while it runs, and the count outlives a process
 * that is killed.
 */
#ifndef TESTS_FAULTS_BOARD_H
#define TESTS_FAULTS_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

enum { BOARD_WHERE_MAX = 128 };

struct board {
	char where[BOARD_WHERE_MAX]; /* the last fault's: FUNCTION in OBJECT+OFFSET, a line */
	_Atomic uint64_t calls;	     /* of the class, so far */
	_Atomic uint64_t fail_at;    /* the call that fails, the first being 1; 0: none */
	_Atomic uint64_t faults;     /* injected so far */
	_Atomic int64_t clock_s;     /* added to what the clock on the wall says */
};

#endif
