/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milterwire - milter protocol packets over a socket: four bytes of length in network
 * order, one of command, then data. What is written is held back until the caller needs
 * a reply or the buffer is full. The first failure stays, and makes all that follows
 * a no-op, so a conversation needs one check at its end.
 */
#ifndef TESTS_MILTERWIRE_H
#define TESTS_MILTERWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MILTERWIRE_PROBLEM_MAX 256

struct milterwire;

/* Connects to unix:PATH, inet:PORT@HOST or inet6:PORT@HOST; timeout_ms goes for every
 * later read and write too. Returns a descriptor, or -1 and errno. */
int milterwire_dial(const char *socket, int timeout_ms);

/* Takes over the descriptor. Returns NULL, with fd still the caller's, without memory. */
struct milterwire *milterwire_new(int fd);
void milterwire_free(struct milterwire *w);

/* Remembers the first failure. Returns false, always. */
__attribute__((format(printf, 2, 3))) bool milterwire_fail(struct milterwire *w, const char *format,
							   ...);
bool milterwire_failed(const struct milterwire *w);
const char *milterwire_problem(const struct milterwire *w);

/* One packet: begin, any number of puts, end. */
void milterwire_begin(struct milterwire *w, char command);
void milterwire_put(struct milterwire *w, const char *data, size_t length);
void milterwire_put_string(struct milterwire *w, const char *text); /* with its NUL */
void milterwire_put_number(struct milterwire *w, uint32_t number);
void milterwire_end(struct milterwire *w);
void milterwire_flush(struct milterwire *w);

/* Waits for a packet. The data are valid until the next read. */
bool milterwire_read(struct milterwire *w, char *command, const char **data, size_t *length);

/* Whether more has arrived than was read. */
bool milterwire_pending(const struct milterwire *w);

/* Take a NUL-terminated string, or a number, off the front of a packet's data. */
bool milterwire_take_string(const char **data, size_t *length, const char **text);
bool milterwire_take_number(const char **data, size_t *length, uint32_t *number);

#endif
