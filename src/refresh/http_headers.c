/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_headers: a table of fields, and the arithmetic of their dates.
 */
#include "resetguard/http_headers.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "resetguard/time.h"

struct field {
	const char *name;
	void (*take)(struct http_headers *headers, const char *value);
};

static int64_t clamp_seconds(int64_t seconds)
{
	if (seconds < 0)
		return 0;
	return seconds < HTTP_SECONDS_MAX ? seconds : HTTP_SECONDS_MAX;
}

/* Delta-seconds, cut at the maximum; -1 if it is none. */
static int64_t seconds_from_text(const char *text)
{
	int64_t seconds = 0;

	if (!isdigit((unsigned char)*text))
		return -1;
	for (; isdigit((unsigned char)*text); text++)
		seconds = clamp_seconds(seconds * 10 + (*text - '0'));
	return seconds;
}

static int64_t date_from_text(const char *text)
{
	int64_t moment;

	return time_parse_http(text, &moment) == ERR_OK ? moment : 0;
}

static void take_content_type(struct http_headers *headers, const char *value)
{
	strcpy(headers->content_type, value);
}

static void take_etag(struct http_headers *headers, const char *value)
{
	strcpy(headers->etag, value);
}

static void take_date(struct http_headers *headers, const char *value)
{
	headers->date = date_from_text(value);
}

static void take_expires(struct http_headers *headers, const char *value)
{
	headers->expires = date_from_text(value);
}

static void take_age(struct http_headers *headers, const char *value)
{
	headers->age = clamp_seconds(seconds_from_text(value));
}

static void take_cache_control(struct http_headers *headers, const char *value)
{
	static const char max_age[] = "max-age=";

	while (*value != '\0') {
		size_t length;

		value += strspn(value, ", \t");
		length = strcspn(value, ", \t");
		if ((length == 8 && strncasecmp(value, "no-store", 8) == 0) ||
		    (length >= 8 && strncasecmp(value, "no-cache", 8) == 0)) {
			headers->no_store = true;
		} else if (strncasecmp(value, max_age, sizeof(max_age) - 1) == 0) {
			const char *number = value + sizeof(max_age) - 1;

			headers->max_age =
				clamp_seconds(seconds_from_text(number + (*number == '"')));
		}
		value += length;
	}
}

static void take_retry_after(struct http_headers *headers, const char *value)
{
	int64_t seconds = seconds_from_text(value);

	headers->retry_after_seconds = seconds < 0 ? 0 : seconds;
	headers->retry_after_date = seconds < 0 ? date_from_text(value) : 0;
}

static const struct field fields[] = {
	{"Content-Type", take_content_type},
	{"ETag", take_etag},
	{"Date", take_date},
	{"Expires", take_expires},
	{"Age", take_age},
	{"Cache-Control", take_cache_control},
	{"Retry-After", take_retry_after},
};

void http_headers_init(struct http_headers *headers)
{
	memset(headers, 0, sizeof(*headers));
	headers->max_age = -1;
}

static void take_line(struct http_headers *headers, const char *line, size_t length)
{
	const char *colon = memchr(line, ':', length);
	const char *end = line + length;
	const char *start;
	char value[HTTP_HEADER_MAX];

	if (colon == NULL)
		return;
	start = colon + 1;
	while (start < end && (*start == ' ' || *start == '\t'))
		start++;
	while (end > start && isspace((unsigned char)end[-1]))
		end--;
	if ((size_t)(end - start) >= sizeof(value) ||
	    memchr(start, '\0', (size_t)(end - start)) != NULL)
		return;
	memcpy(value, start, (size_t)(end - start));
	value[end - start] = '\0';

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (strlen(fields[i].name) == (size_t)(colon - line) &&
		    strncasecmp(fields[i].name, line, (size_t)(colon - line)) == 0)
			fields[i].take(headers, value);
}

bool http_headers_line(struct http_headers *headers, const char *line, size_t length)
{
	size_t total = headers->total + length;

	if (length >= 5 && memcmp(line, "HTTP/", 5) == 0)
		http_headers_init(headers);
	else
		take_line(headers, line, length);
	headers->total = total;
	return total <= HTTP_HEADERS_TOTAL_MAX;
}

int64_t http_headers_expires_in(const struct http_headers *headers)
{
	int64_t fresh = 0;

	if (headers->no_store)
		return 0;
	if (headers->max_age >= 0)
		fresh = headers->max_age;
	else if (headers->expires != 0 && headers->date != 0)
		fresh = headers->expires - headers->date;
	return clamp_seconds(fresh - headers->age);
}

int64_t http_headers_retry_after(const struct http_headers *headers, int64_t now)
{
	if (headers->retry_after_date != 0)
		return clamp_seconds(headers->retry_after_date -
				     (headers->date != 0 ? headers->date : now));
	return headers->retry_after_seconds;
}
