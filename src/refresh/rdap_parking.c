/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rdap_parking: a sorted list, asked for a name and each of its parents.
 */
#include "resetguard/rdap_parking.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rdap_parking {
	size_t count;
	size_t capacity;
	struct domain *domains; /* by name */
};

static int compare_domains(const void *a, const void *b)
{
	return strcmp(((const struct domain *)a)->name, ((const struct domain *)b)->name);
}

static int compare_name(const void *name, const void *domain)
{
	return strcmp(name, ((const struct domain *)domain)->name);
}

static enum err add(struct rdap_parking *parking, const struct domain *domain)
{
	if (parking->count == parking->capacity) {
		size_t capacity = parking->capacity == 0 ? 64 : parking->capacity * 2;
		struct domain *domains = reallocarray(parking->domains, capacity, sizeof(*domains));

		if (domains == NULL)
			return ERR_NO_MEMORY;
		parking->domains = domains;
		parking->capacity = capacity;
	}
	parking->domains[parking->count++] = *domain;
	return ERR_OK;
}

/* Without the comment and the blanks around the rest. */
static char *trim(char *line)
{
	static const char blanks[] = " \t\r\n";
	char *end;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, blanks);
	end = line + strlen(line);
	while (end > line && strchr(blanks, end[-1]) != NULL)
		end--;
	*end = '\0';
	return line;
}

static enum err read_lines(FILE *file, const char *path, struct rdap_parking *parking,
			   struct why *why)
{
	char line[RDAP_PARKING_LINE_MAX];

	for (unsigned number = 1; fgets(line, sizeof(line), file) != NULL; number++) {
		struct domain domain;
		const char *word;
		enum err err;

		if (strchr(line, '\n') == NULL && feof(file) == 0)
			return err_why(ERR_CONFIG, why, "%s:%u: a line of more than %d characters",
				       path, number, RDAP_PARKING_LINE_MAX - 2);
		word = trim(line);
		if (word[0] == '\0')
			continue;
		if (domain_from_text(word, strlen(word), &domain) != ERR_OK)
			return err_why(ERR_CONFIG, why,
				       "%s:%u: \"%.100s\" is no domain name; one a line is wanted",
				       path, number, word);
		if (parking->count == RDAP_PARKING_DOMAINS_MAX)
			return err_why(ERR_CONFIG, why, "%s:%u: more than %d domains", path, number,
				       RDAP_PARKING_DOMAINS_MAX);
		err = add(parking, &domain);
		if (err != ERR_OK)
			return err_why(err, why, "%s: %s", path, err_text(err));
	}
	return ferror(file) != 0 ? err_why_errno(errno, why, "%s", path) : ERR_OK;
}

enum err rdap_parking_read(const char *path, struct rdap_parking **parking, struct why *why)
{
	struct rdap_parking *new = NULL;
	FILE *file = fopen(path, "re");
	enum err err;

	if (file == NULL)
		return err_why_errno(errno, why, "parking_name_servers: %s", path);
	new = calloc(1, sizeof(*new));
	err = new == NULL ? err_why(ERR_NO_MEMORY, why, "%s: %s", path, err_text(ERR_NO_MEMORY))
			  : read_lines(file, path, new, why);
	(void)fclose(file);
	if (err != ERR_OK) {
		rdap_parking_free(new);
		return err;
	}
	if (new->count > 0)
		qsort(new->domains, new->count, sizeof(new->domains[0]), compare_domains);
	*parking = new;
	return ERR_OK;
}

void rdap_parking_free(struct rdap_parking *parking)
{
	if (parking == NULL)
		return;
	free(parking->domains);
	free(parking);
}

bool rdap_parking_has(const struct rdap_parking *parking, const struct domain *name_server)
{
	const char *name = name_server->name;

	if (parking->count == 0)
		return false;
	while (name != NULL) {
		if (bsearch(name, parking->domains, parking->count, sizeof(parking->domains[0]),
			    compare_name) != NULL)
			return true;
		name = strchr(name, '.');
		if (name != NULL)
			name++;
	}
	return false;
}
