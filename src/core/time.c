/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * time: moments and durations.
 *
 * Neither locale nor TZ is consulted: the arithmetic is on the proleptic
 * Gregorian calendar in UTC, and the words are the English ones of the RFCs.
 */
#include "resetguard/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { COMMENT_DEPTH_MAX = 16 };

#define DURATION_MAX (INT64_C(36525) * TIME_DAY) /* 100 years */

int64_t time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

int64_t time_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t time_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

/* ---- the calendar ---- */

struct civil {
	int year;
	int month; /* 1-12 */
	int day;   /* 1-31 */
	int hour;
	int minute;
	int second; /* 60 in a leap second, which counts as the next one */
	int offset; /* seconds east of UTC */
};

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days since 1970-01-01. The year is taken to begin in March, so that the leap
 * day is its last, and the months before follow a pattern of 153 days in five. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t march_year = month > 2 ? year : year - 1;
	int march_month = (month + 9) % 12;

	return march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400 +
	       (153 * march_month + 2) / 5 + day - 1 - 719468;
}

static enum err civil_to_moment(const struct civil *civil, int64_t *moment)
{
	int64_t result;

	if (civil->year < 1970 || civil->year > 2106 || civil->month < 1 || civil->month > 12 ||
	    civil->day < 1 || civil->day > days_in_month(civil->year, civil->month) ||
	    civil->hour > 23 || civil->minute > 59 || civil->second > 60)
		return ERR_DATA;
	result = days_from_civil(civil->year, civil->month, civil->day) * TIME_DAY +
		 (int64_t)civil->hour * TIME_HOUR + (int64_t)civil->minute * TIME_MINUTE +
		 civil->second - civil->offset;
	if (result < 1 || result > TIME_MAX)
		return ERR_DATA;
	*moment = result;
	return ERR_OK;
}

struct time_text time_format(int64_t moment)
{
	struct time_text result = {""};
	struct tm tm;
	time_t seconds = moment;

	if (moment < 1 || moment > TIME_MAX || gmtime_r(&seconds, &tm) == NULL)
		return result;
	strftime(result.text, sizeof(result.text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return result;
}

/* No program here sets a locale, so names are English. */
struct time_rfc5322 time_format_rfc5322(int64_t moment)
{
	struct time_rfc5322 result = {""};
	struct tm tm;
	time_t seconds = moment;

	if (moment < 1 || moment > TIME_MAX || gmtime_r(&seconds, &tm) == NULL)
		return result;
	strftime(result.text, sizeof(result.text), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	return result;
}

/* ---- reading ---- */

struct cursor {
	const char *at;
	const char *end;
};

static struct cursor cursor_over(const char *text)
{
	return (struct cursor){.at = text, .end = text + strlen(text)};
}

static bool at_end(const struct cursor *cursor)
{
	return cursor->at == cursor->end;
}

static char peek(const struct cursor *cursor)
{
	return at_end(cursor) ? '\0' : *cursor->at;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool take(struct cursor *cursor, char c)
{
	if (at_end(cursor) || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

static bool take_one_of(struct cursor *cursor, const char *set)
{
	if (at_end(cursor) || strchr(set, *cursor->at) == NULL || *cursor->at == '\0')
		return false;
	cursor->at++;
	return true;
}

/* Between least and most digits (at most 9, so that an int holds them), and not
 * one digit more. Tells how many there were. */
static size_t take_digits(struct cursor *cursor, size_t least, size_t most, int *number)
{
	size_t count = 0;
	int value = 0;

	while (count < (size_t)(cursor->end - cursor->at) && is_digit(cursor->at[count])) {
		if (count == most)
			return 0;
		value = value * 10 + (cursor->at[count] - '0');
		count++;
	}
	if (count < least)
		return 0;
	cursor->at += count;
	*number = value;
	return count;
}

/* Words are ASCII letters, so one bit is the case. */
static bool same_word(const char *word, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (word[i] == '\0' || (word[i] | 0x20) != (text[i] | 0x20))
			return false;
	}
	return word[length] == '\0';
}

/* The index of the word that stands here, in any case and with no letter after
 * it; -1 if none does. */
static int take_word(struct cursor *cursor, const char *const words[], size_t count)
{
	size_t length = 0;

	while (length < (size_t)(cursor->end - cursor->at) && is_letter(cursor->at[length]))
		length++;
	for (size_t i = 0; i < count; i++) {
		if (same_word(words[i], cursor->at, length)) {
			cursor->at += length;
			return (int)i;
		}
	}
	return -1;
}

static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const day_names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const long_day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
					     "Friday", "Saturday", "Sunday"};

enum { MONTHS = 12, DAYS = 7 };

static bool take_month(struct cursor *cursor, struct civil *civil)
{
	civil->month = take_word(cursor, month_names, MONTHS) + 1;
	return civil->month != 0;
}

static bool take_clock(struct cursor *cursor, struct civil *civil)
{
	return take_digits(cursor, 2, 2, &civil->hour) != 0 && take(cursor, ':') &&
	       take_digits(cursor, 2, 2, &civil->minute) != 0 && take(cursor, ':') &&
	       take_digits(cursor, 2, 2, &civil->second) != 0;
}

/* ---- RFC 3339, and what resembles it ---- */

struct iso_style {
	bool zone_optional;
	bool short_offset; /* +0000 and +00 beside +00:00 */
	bool bare_point;   /* a decimal point without digits */
};

static bool take_iso_offset(struct cursor *cursor, struct iso_style style, struct civil *civil)
{
	bool west = peek(cursor) == '-';
	int hours;
	int minutes = 0;

	if (take_one_of(cursor, "Zz"))
		return true;
	if (!take_one_of(cursor, "+-"))
		return style.zone_optional && at_end(cursor);
	if (style.short_offset && cursor->end - cursor->at == 4) {
		if (take_digits(cursor, 4, 4, &hours) == 0)
			return false;
		minutes = hours % 100;
		hours /= 100;
	} else {
		if (take_digits(cursor, 2, 2, &hours) == 0)
			return false;
		if (!take(cursor, ':')) {
			if (!style.short_offset || !at_end(cursor))
				return false;
		} else if (take_digits(cursor, 2, 2, &minutes) == 0) {
			return false;
		}
	}
	if (hours > 23 || minutes > 59)
		return false;
	civil->offset = (hours * TIME_HOUR + minutes * TIME_MINUTE) * (west ? -1 : 1);
	return true;
}

static void skip_digits(struct cursor *cursor)
{
	while (is_digit(peek(cursor)))
		cursor->at++;
}

static enum err parse_iso(const char *text, struct iso_style style, int64_t *moment)
{
	struct cursor cursor = cursor_over(text);
	struct civil civil = {0};

	if (take_digits(&cursor, 4, 4, &civil.year) == 0 || !take(&cursor, '-') ||
	    take_digits(&cursor, 2, 2, &civil.month) == 0 || !take(&cursor, '-') ||
	    take_digits(&cursor, 2, 2, &civil.day) == 0)
		return ERR_DATA;
	if (at_end(&cursor))
		return civil_to_moment(&civil, moment);
	if (!take_one_of(&cursor, "Tt ") || !take_clock(&cursor, &civil))
		return ERR_DATA;
	if (take(&cursor, '.')) {
		if (!is_digit(peek(&cursor)) && !style.bare_point)
			return ERR_DATA;
		skip_digits(&cursor);
	}
	if (!take_iso_offset(&cursor, style, &civil) || !at_end(&cursor))
		return ERR_DATA;
	return civil_to_moment(&civil, moment);
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

enum err time_parse_lenient(const char *text, int64_t *moment)
{
	static const struct iso_style lenient = {
		.zone_optional = true, .short_offset = true, .bare_point = true};
	char trimmed[64];
	size_t length;

	text = skip_blanks(text);
	length = strlen(text);
	while (length != 0 && strchr(" \t", text[length - 1]) != NULL)
		length--;
	if (length >= sizeof(trimmed))
		return ERR_DATA;
	memcpy(trimmed, text, length);
	trimmed[length] = '\0';
	return parse_iso(trimmed, lenient, moment);
}

/* ---- durations, and moments as operators write them ---- */

static int64_t unit_seconds(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return TIME_MINUTE;
	case 'h':
		return TIME_HOUR;
	case 'd':
		return TIME_DAY;
	case 'w':
		return 7 * TIME_DAY;
	}
	return 0;
}

/* Digits up to 2^53, far beyond any limit here. */
static bool take_number(struct cursor *cursor, int64_t *number)
{
	int64_t value = 0;

	if (!is_digit(peek(cursor)))
		return false;
	while (is_digit(peek(cursor))) {
		value = value * 10 + (*cursor->at - '0');
		if (value >= INT64_C(1) << 53)
			return false;
		cursor->at++;
	}
	*number = value;
	return true;
}

static enum err parse_duration(const char *text, bool unit_optional, int64_t *seconds)
{
	struct cursor cursor = cursor_over(text);
	int64_t number;
	int64_t unit = 1;

	if (!take_number(&cursor, &number))
		return ERR_DATA;
	if (!at_end(&cursor)) {
		unit = unit_seconds(*cursor.at);
		cursor.at++;
	} else if (!unit_optional) {
		return ERR_DATA;
	}
	if (unit == 0 || !at_end(&cursor) || number > DURATION_MAX / unit)
		return ERR_DATA;
	*seconds = number * unit;
	return ERR_OK;
}

enum err time_parse_duration(const char *text, int64_t *seconds)
{
	return parse_duration(text, true, seconds);
}

struct time_text time_format_duration(int64_t seconds)
{
	static const char units[] = "dhm";
	struct time_text result;
	char unit = 's';

	for (const char *at = units; *at != '\0' && unit == 's' && seconds != 0; at++) {
		if (seconds % unit_seconds(*at) == 0)
			unit = *at;
	}
	snprintf(result.text, sizeof(result.text), "%lld%c",
		 (long long)(seconds / unit_seconds(unit)), unit);
	return result;
}

enum err time_parse(const char *text, int64_t now, int64_t *moment)
{
	static const struct iso_style strict = {.zone_optional = false};
	int64_t age;
	int64_t result;

	if (text[0] == '@') {
		struct cursor cursor = cursor_over(text + 1);

		if (!take_number(&cursor, &result) || !at_end(&cursor))
			return ERR_DATA;
	} else if (parse_duration(text, false, &age) == ERR_OK) {
		result = now - age;
	} else {
		return parse_iso(text, strict, moment);
	}
	if (result < 1 || result > TIME_MAX)
		return ERR_DATA;
	*moment = result;
	return ERR_OK;
}

/* ---- RFC 5322 ---- */

/* Comments nest, and a backslash takes the next character out of the game. */
static bool skip_comment(struct cursor *cursor)
{
	int depth = 0;

	do {
		if (at_end(cursor))
			return false;
		if (*cursor->at == '(')
			depth++;
		else if (*cursor->at == ')')
			depth--;
		else if (*cursor->at == '\\' && cursor->end - cursor->at > 1)
			cursor->at++;
		cursor->at++;
	} while (depth > 0 && depth <= COMMENT_DEPTH_MAX);
	return depth == 0;
}

static bool skip_cfws(struct cursor *cursor)
{
	for (;;) {
		if (peek(cursor) == '(') {
			if (!skip_comment(cursor))
				return false;
		} else if (!take_one_of(cursor, " \t\r\n")) {
			return true;
		}
	}
}

static bool take_cfws(struct cursor *cursor, char c)
{
	return skip_cfws(cursor) && take(cursor, c) && skip_cfws(cursor);
}

/* RFC 5322 4.3: a zone that nobody can interpret is UTC. So are the military
 * letters, which RFC 822 had with the wrong sign. */
static bool take_zone(struct cursor *cursor, struct civil *civil)
{
	static const char *const names[] = {"EDT", "EST", "CDT", "CST", "MDT", "MST", "PDT", "PST"};
	static const int hours_west[] = {4, 5, 5, 6, 6, 7, 7, 8};
	bool west = peek(cursor) == '-';
	int number;
	int index;

	if (take_one_of(cursor, "+-")) {
		if (take_digits(cursor, 4, 4, &number) == 0 || number / 100 > 23 ||
		    number % 100 > 59)
			return false;
		civil->offset =
			(number / 100 * TIME_HOUR + number % 100 * TIME_MINUTE) * (west ? -1 : 1);
		return true;
	}
	index = take_word(cursor, names, sizeof(names) / sizeof(names[0]));
	if (index >= 0) {
		civil->offset = -hours_west[index] * TIME_HOUR;
		return true;
	}
	if (!is_letter(peek(cursor)))
		return false;
	while (is_letter(peek(cursor)))
		cursor->at++;
	return true;
}

static bool take_rfc5322_year(struct cursor *cursor, struct civil *civil)
{
	size_t digits = take_digits(cursor, 2, 9, &civil->year);

	if (digits == 2)
		civil->year += civil->year < 50 ? 2000 : 1900;
	else if (digits == 3)
		civil->year += 1900;
	return digits != 0;
}

static bool take_rfc5322(struct cursor *cursor, struct civil *civil)
{
	if (!skip_cfws(cursor))
		return false;
	if (take_word(cursor, day_names, DAYS) >= 0 && !take_cfws(cursor, ','))
		return false;
	if (take_digits(cursor, 1, 2, &civil->day) == 0 || !skip_cfws(cursor) ||
	    !take_month(cursor, civil) || !skip_cfws(cursor) || !take_rfc5322_year(cursor, civil) ||
	    !skip_cfws(cursor) || take_digits(cursor, 2, 2, &civil->hour) == 0 ||
	    !take_cfws(cursor, ':') || take_digits(cursor, 2, 2, &civil->minute) == 0 ||
	    !skip_cfws(cursor))
		return false;
	if (peek(cursor) == ':' &&
	    (!take_cfws(cursor, ':') || take_digits(cursor, 2, 2, &civil->second) == 0))
		return false;
	return skip_cfws(cursor) && take_zone(cursor, civil) && skip_cfws(cursor) && at_end(cursor);
}

enum err time_parse_rfc5322(const char *text, size_t length, int64_t *moment)
{
	struct cursor cursor = {.at = text, .end = text + length};
	struct civil civil = {0};

	if (!take_rfc5322(&cursor, &civil))
		return ERR_DATA;
	return civil_to_moment(&civil, moment);
}

/* ---- HTTP-date ---- */

static bool take_imf_fixdate(struct cursor cursor, struct civil *civil)
{
	return take_word(&cursor, day_names, DAYS) >= 0 && take(&cursor, ',') &&
	       take(&cursor, ' ') && take_digits(&cursor, 2, 2, &civil->day) != 0 &&
	       take(&cursor, ' ') && take_month(&cursor, civil) && take(&cursor, ' ') &&
	       take_digits(&cursor, 4, 4, &civil->year) != 0 && take(&cursor, ' ') &&
	       take_clock(&cursor, civil) && strcmp(cursor.at, " GMT") == 0;
}

/* RFC 9110 would have a two-digit year more than 50 years ahead mean the past;
 * no date of a live answer comes near either end of 1970-2069. */
static bool take_rfc850_date(struct cursor cursor, struct civil *civil)
{
	if (take_word(&cursor, long_day_names, DAYS) < 0 || !take(&cursor, ',') ||
	    !take(&cursor, ' ') || take_digits(&cursor, 2, 2, &civil->day) == 0 ||
	    !take(&cursor, '-') || !take_month(&cursor, civil) || !take(&cursor, '-') ||
	    take_digits(&cursor, 2, 2, &civil->year) == 0 || !take(&cursor, ' ') ||
	    !take_clock(&cursor, civil))
		return false;
	civil->year += civil->year < 70 ? 2000 : 1900;
	return strcmp(cursor.at, " GMT") == 0;
}

static bool take_asctime_date(struct cursor cursor, struct civil *civil)
{
	if (take_word(&cursor, day_names, DAYS) < 0 || !take(&cursor, ' ') ||
	    !take_month(&cursor, civil) || !take(&cursor, ' '))
		return false;
	if (take(&cursor, ' ') ? take_digits(&cursor, 1, 1, &civil->day) == 0
			       : take_digits(&cursor, 2, 2, &civil->day) == 0)
		return false;
	return take(&cursor, ' ') && take_clock(&cursor, civil) && take(&cursor, ' ') &&
	       take_digits(&cursor, 4, 4, &civil->year) != 0 && at_end(&cursor);
}

enum err time_parse_http(const char *text, int64_t *moment)
{
	struct cursor cursor = cursor_over(text);
	struct civil civil = {0};

	if (!take_imf_fixdate(cursor, &civil) && !take_rfc850_date(cursor, &civil) &&
	    !take_asctime_date(cursor, &civil))
		return ERR_DATA;
	return civil_to_moment(&civil, moment);
}
