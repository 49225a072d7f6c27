/* SPDX-License-Identifier: BSD-2-Clause */
/* lifecycle: a sorted table, asked for a name's parents, the longest first. */
#include "resetguard/lifecycle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/time.h"

struct row {
	struct domain suffix;
	struct lifecycle lifecycle;
};

struct lifecycle_table {
	size_t count;
	size_t capacity;
	struct row *rows; /* by suffix */
};

static int compare_rows(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->suffix.name, ((const struct row *)b)->suffix.name);
}

static int compare_name(const void *name, const void *row)
{
	return strcmp(name, ((const struct row *)row)->suffix.name);
}

static enum err add(struct lifecycle_table *table, const struct row *row)
{
	if (table->count == table->capacity) {
		size_t capacity = table->capacity == 0 ? 16 : table->capacity * 2;
		struct row *rows = reallocarray(table->rows, capacity, sizeof(*rows));

		if (rows == NULL)
			return ERR_NO_MEMORY;
		table->rows = rows;
		table->capacity = capacity;
	}
	table->rows[table->count++] = *row;
	return ERR_OK;
}

/* The next word of *at, NULL where there is none. */
static char *next_word(char **at)
{
	static const char blanks[] = " \t\r\n";
	char *word = *at + strspn(*at, blanks);

	if (*word == '\0')
		return NULL;
	*at = word + strcspn(word, blanks);
	if (**at != '\0')
		*(*at)++ = '\0';
	return word;
}

static bool read_days(const char *word, long least, int64_t *seconds)
{
	char *end;
	long days;

	if (word == NULL || word[0] < '0' || word[0] > '9')
		return false;
	days = strtol(word, &end, 10);
	if (*end != '\0' || days < least || days > LIFECYCLE_DAYS_MAX)
		return false;
	*seconds = days * TIME_DAY;
	return true;
}

/* ERR_NOT_FOUND: nothing on this line. */
static enum err read_row(char *line, struct row *row)
{
	const char *suffix;
	bool sound;

	line[strcspn(line, "#")] = '\0';
	suffix = next_word(&line);
	if (suffix == NULL)
		return ERR_NOT_FOUND;
	sound = domain_from_text(suffix, strlen(suffix), &row->suffix) == ERR_OK;
	sound = read_days(next_word(&line), 0, &row->lifecycle.gone_after) && sound;
	sound = read_days(next_word(&line), 1, &row->lifecycle.watch_before) && sound;
	return sound && next_word(&line) == NULL ? ERR_OK : ERR_DATA;
}

static enum err read_lines(FILE *file, const char *path, struct lifecycle_table *table,
			   struct why *why)
{
	char line[LIFECYCLE_LINE_MAX];

	for (unsigned number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
		struct row row;
		enum err err;

		if (strchr(line, '\n') == NULL && feof(file) == 0)
			return err_why(ERR_CONFIG, why, "%s:%u: a line of more than %d characters",
				       path, number, LIFECYCLE_LINE_MAX - 2);
		err = read_row(line, &row);
		if (err == ERR_NOT_FOUND)
			continue;
		if (err != ERR_OK)
			return err_why(ERR_CONFIG, why,
				       "%s:%u: wanted is a suffix, the days from expiry to "
				       "deletion, and the days before expiry to look daily, both at "
				       "most %d",
				       path, number, LIFECYCLE_DAYS_MAX);
		if (table->count == LIFECYCLE_ROWS_MAX)
			return err_why(ERR_CONFIG, why, "%s:%u: more than %d rows", path, number,
				       LIFECYCLE_ROWS_MAX);
		err = add(table, &row);
		if (err != ERR_OK)
			return err_why(err, why, "%s: %s", path, err_text(err));
	}
	return ferror(file) != 0 ? err_why_errno(errno, why, "%s", path) : ERR_OK;
}

static enum err sort(struct lifecycle_table *table, const char *path, struct why *why)
{
	if (table->count > 0)
		qsort(table->rows, table->count, sizeof(table->rows[0]), compare_rows);
	for (size_t i = 1; i < table->count; i++)
		if (compare_rows(&table->rows[i - 1], &table->rows[i]) == 0)
			return err_why(ERR_CONFIG, why, "%s: two rows for %s", path,
				       table->rows[i].suffix.name);
	return ERR_OK;
}

enum err lifecycle_read(const char *path, struct lifecycle_table **table, struct why *why)
{
	struct lifecycle_table *new = NULL;
	FILE *file = fopen(path, "re");
	enum err err;

	if (file == NULL)
		return err_why_errno(errno, why, "tld_lifecycle: %s", path);
	new = calloc(1, sizeof(*new));
	err = new == NULL ? err_why(ERR_NO_MEMORY, why, "%s: %s", path, err_text(ERR_NO_MEMORY))
			  : read_lines(file, path, new, why);
	(void)fclose(file);
	if (err == ERR_OK)
		err = sort(new, path, why);
	if (err != ERR_OK) {
		lifecycle_free(new);
		return err;
	}
	*table = new;
	return ERR_OK;
}

void lifecycle_free(struct lifecycle_table *table)
{
	if (table == NULL)
		return;
	free(table->rows);
	free(table);
}

struct lifecycle lifecycle_of(const struct lifecycle_table *table, const struct domain *domain)
{
	const char *name = domain->name;

	while (table != NULL && table->count > 0 && name != NULL) {
		const struct row *row = bsearch(name, table->rows, table->count,
						sizeof(table->rows[0]), compare_name);

		if (row != NULL)
			return row->lifecycle;
		name = strchr(name, '.');
		if (name != NULL)
			name++;
	}
	return (struct lifecycle){.watch_before = 0};
}
