/* SPDX-License-Identifier: BSD-2-Clause */
/* csv: a row of names or addresses as people have them in files. */
#include "csv.h"

#include <string.h>

#include "resetguard/time.h"

/* Takes one CSV field (RFC 4180) in place: at is moved behind its comma. A quote
 * that is not closed before a comma or the end belongs to the text itself, as in
 * "john smith"@example.org. */
static char *take_field(char **at)
{
	char *start = *at + strspn(*at, " \t");
	char *end = start + strcspn(start, ",;\t");

	if (*start == '"') {
		char *to = start;
		char *from = start + 1;

		while (*from != '\0' && (*from != '"' || from[1] == '"')) {
			from += *from == '"';
			from++;
		}
		if (*from == '"' && (from[1] == '\0' || strchr(",;\t ", from[1]) != NULL)) {
			char *close = from;

			for (from = start + 1; from < close; from++) {
				from += *from == '"';
				*to++ = *from;
			}
			end = close + 1 + strcspn(close + 1, ",;\t");
			*to = '\0';
		} else if (*from == '"') {
			end = from + strcspn(from, ",;\t");
		}
	}
	*at = *end == '\0' ? end : end + 1;
	*end = '\0';
	for (end = start + strlen(start); end > start && strchr(" \t", end[-1]) != NULL;)
		*--end = '\0';
	return start;
}

enum err csv_read(char *line, int64_t now, struct csv_row *row, struct why *why)
{
	char *at = line;
	const char *date;

	row->name = take_field(&at);
	row->verified_at = 0;
	date = take_field(&at);
	if (*date != '\0' && time_parse(date, now, &row->verified_at) != ERR_OK &&
	    time_parse_lenient(date, &row->verified_at) != ERR_OK)
		return err_why(ERR_DATA, why, "\"%.40s\" is no time: write 2024-05-01, "
			       "2024-05-01T07:00:00Z or @SECONDS",
			       date);
	return ERR_OK;
}

bool csv_is_heading(const struct csv_row *row)
{
	static const char *const headings[] = {"address", "email", "e-mail", "mail", "domain",
					       "name"};

	for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
		if (strcasecmp(row->name, headings[i]) == 0)
			return true;
	}
	return false;
}
