/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * err: errors as values.
 *
 * A function that can fail returns enum err; 0 is success. Results come last
 * in the argument list and stay untouched on failure. Where a person will read
 * about the failure, the function also takes a struct why and fills it with one
 * line that names the place and the remedy.
 */
#ifndef RESETGUARD_ERR_H
#define RESETGUARD_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

enum err {
	ERR_OK = 0,
	ERR_USAGE,	 /* the command line is wrong */
	ERR_DATA,	 /* input that cannot be read as what it should be */
	ERR_NO_INPUT,	 /* a file or name that was asked for is not there */
	ERR_UNAVAILABLE, /* nothing that was asked for could be reached */
	ERR_CANNOT_CREATE,
	ERR_IO,
	ERR_BUSY, /* somebody else holds it; again later */
	ERR_PERMISSION,
	ERR_CONFIG,
	ERR_NO_MEMORY,
	ERR_NOT_FOUND, /* a look-up that found nothing: often no failure */
	ERR_EXISTS,
	ERR_TOO_LONG, /* over a named maximum */
	ERR_FULL,     /* the cache's map or the disk is full */
	ERR_DAMAGED,  /* stored data that makes no sense */
	ERR_VERSION,  /* stored data of a version this program does not know */
	ERR_CLOCK,    /* the clock contradicts what is on file */
};

/* One line for a person, without a newline; "" when nothing was said. */
enum { WHY_MAX = 512 };

struct why {
	char text[WHY_MAX];
};

/* A few words for err, e.g. "no such record". Static storage. */
const char *err_text(enum err err);

/* The sysexits(3) code with which a command ends for err: 0, 64-78. */
int err_exit(enum err err);

/* Whether it is a stored record that makes no sense to this program: damaged, or of a
 * version it does not know. */
bool err_is_damage(enum err err);

/* The err that stands for a system errno value (ENOENT -> ERR_NO_INPUT, ...). */
enum err err_from_errno(int errno_value);

/* Writes the message into why (which may be NULL), cut at WHY_MAX, and returns
 * err, so that a failing function can end with one statement. */
enum err err_why(enum err err, struct why *why, const char *format, ...) PRINTF_LIKE(3, 4);

/* As err_why, with ": " and the text of errno_value appended, returning
 * err_from_errno(errno_value). */
enum err err_why_errno(int errno_value, struct why *why, const char *format, ...)
	PRINTF_LIKE(3, 4);

#endif
