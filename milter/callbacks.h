/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callbacks: libmilter's events, handed to sessions, and their answers handed back.
 *
 * What is asked of the MTA is the same on every connection, whatever it offers:
 * libmilter keeps one state table for all. Not sent to us: HELO, body, unknown
 * commands. Not answered: connect, MAIL, headers, which saves a round trip each;
 * libmilter answers for us where the MTA does not know that. DATA is asked for
 * and always answered: the pause in which nothing is read would otherwise meet
 * delayed acknowledgements, and cost 40 ms a message over TCP.
 */
#ifndef RESETGUARD_MILTER_CALLBACKS_H
#define RESETGUARD_MILTER_CALLBACKS_H

#include "resetguard/err.h"
#include "session.h"

/* Once, before any thread. office is kept. */
MUST_CHECK enum err callbacks_register(const struct session_office *office);

#endif
