/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * time: moments and durations.
 *
 * A moment is int64_t Unix seconds; 0 is "not known". On disk it has 32 bits,
 * so TIME_MAX (2106-02-07) is the last one. Nothing here looks at a clock but
 * time_now, which only the edges call.
 */
#ifndef RESETGUARD_TIME_H
#define RESETGUARD_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"

#define TIME_MAX INT64_C(0xffffffff)

enum { TIME_TEXT_MAX = sizeof "2026-11-22T07:00:00Z" };

enum {
	TIME_MINUTE = 60,
	TIME_HOUR = 3600,
	TIME_DAY = 86400,
};

struct time_text {
	char text[TIME_TEXT_MAX];
};

/* The wall clock. */
int64_t time_now(void);

/* Monotonic milliseconds, for measuring waits. */
int64_t time_monotonic_ms(void);
/* The same clock in nanoseconds. */
uint64_t time_monotonic_ns(void);

/* RFC 3339 in UTC with seconds and "Z"; "" for 0. */
struct time_text time_format(int64_t moment);

/* RFC 5322 date-time in UTC: "Thu, 01 Oct 2026 00:00:00 +0000"; "" for 0. */
struct time_rfc5322 {
	char text[sizeof "Thu, 01 Oct 2026 00:00:00 +0000"];
};
struct time_rfc5322 time_format_rfc5322(int64_t moment);

/* A moment as operators write it: RFC 3339 (any offset), a bare date (midnight
 * UTC), "@unix", or an age such as "30d", "12h" (that long before now).
 * ERR_DATA if it is none of these or outside 1..TIME_MAX. */
MUST_CHECK enum err time_parse(const char *text, int64_t now, int64_t *moment);

/* A date as registries write it: RFC 3339 with 0-6 digits of fraction, offset
 * with or without colon or absent (then UTC), a blank for the T, a bare date.
 * Years outside 1970-2106 are ERR_DATA: such a date is "not known". */
MUST_CHECK enum err time_parse_lenient(const char *text, int64_t *moment);

/* RFC 5322 date-time, with the obsolete forms of section 4.3 (two- and
 * three-digit years, zone names), comments and folding white space.
 * text need not be terminated at length. */
MUST_CHECK enum err time_parse_rfc5322(const char *text, size_t length, int64_t *moment);

/* HTTP-date, RFC 9110 5.6.7, all three forms. */
MUST_CHECK enum err time_parse_http(const char *text, int64_t *moment);

/* A duration: number and one of s m h d w, e.g. "30s", "35d"; a bare number is
 * seconds. Result in seconds. ERR_DATA also beyond 100 years. */
MUST_CHECK enum err time_parse_duration(const char *text, int64_t *seconds);

/* In the largest of s m h d that is exact: 7200 -> "2h", 3024000 -> "35d". */
struct time_text time_format_duration(int64_t seconds);

#endif
