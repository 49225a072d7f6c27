/* SPDX-License-Identifier: BSD-2-Clause */
/* maillog_stamp: when a line was written. */
#include <string.h>
#include <time.h>

#include "resetguard/maillog.h"
#include "resetguard/time.h"

enum {
	TRADITIONAL_MIN = sizeof "Jan 1 00:00:00" - 1,
	RFC3339_MIN = sizeof "2026-01-01T00:00:00Z" - 1,
	SECOND_LENGTH = RFC3339_MIN - 1,
	MONTHS_APART = 6, /* a jump by more is one over New Year */
};

struct maillog_clock maillog_clock_begin(int64_t not_after)
{
	return (struct maillog_clock){.not_after = not_after};
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two digits, or -1. */
static int two_digits(const char *at)
{
	return is_digit(at[0]) && is_digit(at[1]) ? (at[0] - '0') * 10 + at[1] - '0' : -1;
}

/* ---- without a year ---- */

int maillog_stamp_month(const char *text, size_t length)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (length < TRADITIONAL_MIN || text[3] != ' ')
		return 0;
	for (int month = 1; month <= 12; month++) {
		if (memcmp(text, names + 3 * (month - 1), 3) == 0)
			return month;
	}
	return 0;
}

static int64_t local_hour(int year, int month, int day, int hour)
{
	struct tm local = {.tm_year = year - 1900,
			   .tm_mon = month - 1,
			   .tm_mday = day,
			   .tm_hour = hour,
			   .tm_isdst = -1};

	return (int64_t)mktime(&local);
}

/* The last year in which the day is not later than a day after not_after. */
static int first_year(const struct maillog_clock *clock, int month, int day, int hour)
{
	time_t limit = (time_t)(clock->not_after + TIME_DAY);
	struct tm local;

	if (localtime_r(&limit, &local) == NULL)
		return 1970;
	return local_hour(local.tm_year + 1900, month, day, hour) > limit ? local.tm_year + 1899
									  : local.tm_year + 1900;
}

/* The year of this stamp. Lines may be a little out of order: one of December after
 * one of January belongs to the year before, without taking the others back there. */
static int year_of(struct maillog_clock *clock, int month, int day, int hour)
{
	if (clock->year == 0) {
		clock->year = first_year(clock, month, day, hour);
	} else if (month + MONTHS_APART < clock->month) {
		clock->year++;
	} else if (month > clock->month + MONTHS_APART) {
		return clock->year - 1;
	}
	clock->month = month;
	return clock->year;
}

static bool read_traditional(struct maillog_clock *clock, const char *text, size_t length,
			     size_t *taken)
{
	int month = maillog_stamp_month(text, length);
	size_t at = 4;
	int day;
	int hour;
	int minute;
	int second;
	int key;

	if (month == 0)
		return false;
	if (text[at] == ' ')
		at++;
	day = is_digit(text[at]) ? text[at++] - '0' : 0;
	if (is_digit(text[at]))
		day = day * 10 + text[at++] - '0';
	if (day < 1 || day > 31 || length < at + 9 || text[at] != ' ' || text[at + 3] != ':' ||
	    text[at + 6] != ':')
		return false;
	hour = two_digits(text + at + 1);
	minute = two_digits(text + at + 4);
	second = two_digits(text + at + 7);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	*taken = at + 9;
	key = (month * 32 + day) * 24 + hour + 1;
	if (key != clock->hour_key) {
		clock->hour_at = local_hour(year_of(clock, month, day, hour), month, day, hour);
		clock->hour_key = key;
	}
	clock->moment = clock->hour_at + minute * TIME_MINUTE + second;
	return true;
}

/* ---- RFC 3339 ---- */

/* The offset's bytes: "Z", "+01:00", "+0100"; 0: none. */
static size_t offset_length(const char *text, size_t length)
{
	if (length >= 1 && text[0] == 'Z')
		return 1;
	if (length < 5 || (text[0] != '+' && text[0] != '-') || two_digits(text + 1) < 0)
		return 0;
	if (text[3] == ':')
		return length >= 6 && two_digits(text + 4) >= 0 ? 6 : 0;
	return two_digits(text + 3) >= 0 ? 5 : 0;
}

/* The fraction is of no interest; its digits may be any number. */
static bool read_rfc3339(struct maillog_clock *clock, const char *text, size_t length,
			 size_t *taken)
{
	size_t at = SECOND_LENGTH;
	char copy[MAILLOG_STAMP_MAX];
	size_t offset;

	if (length < RFC3339_MIN || text[4] != '-' || text[10] != 'T' || text[13] != ':')
		return false;
	if (text[at] == '.' || text[at] == ',') {
		do
			at++;
		while (at < length && is_digit(text[at]));
	}
	offset = offset_length(text + at, length - at);
	if (offset == 0 || at + offset > MAILLOG_STAMP_MAX)
		return false;
	memcpy(copy, text, SECOND_LENGTH);
	memcpy(copy + SECOND_LENGTH, text + at, offset);
	copy[SECOND_LENGTH + offset] = '\0';
	if (time_parse_lenient(copy, &clock->moment) != ERR_OK)
		return false;
	/* Where both kinds of stamps are mixed, this one tells the year of the others. */
	clock->year = two_digits(text) * 100 + two_digits(text + 2);
	clock->month = two_digits(text + 5);
	clock->fraction_end = at;
	*taken = at + offset;
	return true;
}

/* ---- both ---- */

/* The same second as the line before, in the same form: what is measured in
 * fractions of it may differ. */
static bool repeats(const struct maillog_clock *clock, const char *text, size_t length)
{
	if (clock->length == 0 || length < clock->length)
		return false;
	if (clock->fraction_end == 0)
		return memcmp(text, clock->text, clock->length) == 0;
	if (memcmp(text, clock->text, SECOND_LENGTH) != 0)
		return false;
	if (clock->fraction_end > SECOND_LENGTH && text[SECOND_LENGTH] != clock->text[SECOND_LENGTH])
		return false;
	for (size_t i = SECOND_LENGTH + 1; i < clock->fraction_end; i++) {
		if (!is_digit(text[i]))
			return false;
	}
	return memcmp(text + clock->fraction_end, clock->text + clock->fraction_end,
		      clock->length - clock->fraction_end) == 0;
}

bool maillog_stamp(struct maillog_clock *clock, const char *text, size_t length, int64_t *moment,
		   size_t *taken)
{
	if (!repeats(clock, text, length)) {
		clock->length = 0;
		clock->fraction_end = 0;
		if (!read_rfc3339(clock, text, length, taken) &&
		    !read_traditional(clock, text, length, taken))
			return false;
		clock->length = *taken;
		memcpy(clock->text, text, *taken);
	}
	*taken = clock->length;
	*moment = clock->moment;
	return true;
}
