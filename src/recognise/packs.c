/* SPDX-License-Identifier: BSD-2-Clause */
/* packs: where the rules of applications lie. */
#include "resetguard/packs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char installed[] = PACKSDIR;

bool packs_is_name(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.");

	return length > 0 && length <= PACKS_NAME_MAX && name[length] == '\0' && name[0] != '.' &&
	       name[0] != '-';
}

/* ---------------------------------------------------------------------- names */

static enum err add_name(struct conf_list *names, const char *name)
{
	char **grown;

	if (conf_list_has(names, name))
		return ERR_OK;
	grown = realloc(names->items, (names->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return ERR_NO_MEMORY;
	names->items = grown;
	names->items[names->count] = strdup(name);
	if (names->items[names->count] == NULL)
		return ERR_NO_MEMORY;
	names->count++;
	return ERR_OK;
}

static enum err add_directory(struct conf_list *names, const char *directory)
{
	DIR *listing = opendir(directory);
	const struct dirent *entry;
	enum err err = ERR_OK;

	if (listing == NULL)
		return ERR_OK;
	for (entry = readdir(listing); err == ERR_OK && entry != NULL; entry = readdir(listing)) {
		if (packs_is_name(entry->d_name))
			err = add_name(names, entry->d_name);
	}
	closedir(listing);
	return err;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

void packs_free_names(struct conf_list *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct conf_list){0};
}

enum err packs_names(const char *own, struct conf_list *names)
{
	struct conf_list found = {0};
	enum err err = add_directory(&found, own);

	if (err == ERR_OK)
		err = add_directory(&found, installed);
	if (err != ERR_OK) {
		packs_free_names(&found);
		return err;
	}
	if (found.count != 0)
		qsort(found.items, found.count, sizeof(*found.items), compare_names);
	*names = found;
	return ERR_OK;
}

/* -------------------------------------------------------------------- finding */

static size_t common_beginning(const char *a, const char *b)
{
	size_t length = 0;

	while (a[length] != '\0' && a[length] == b[length])
		length++;
	return length;
}

/* Begins alike, or one is within the other. */
static bool is_similar(const char *a, const char *b)
{
	return common_beginning(a, b) >= 3 || strstr(a, b) != NULL || strstr(b, a) != NULL;
}

static enum err not_found(const char *own, const char *name, struct why *why)
{
	struct conf_list names = {0};
	char similar[256] = "";
	size_t length = 0;

	if (packs_names(own, &names) != ERR_OK)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	for (size_t i = 0; i < names.count && length < sizeof(similar) - PACKS_NAME_MAX - 3; i++) {
		if (is_similar(names.items[i], name))
			length += (size_t)snprintf(similar + length, sizeof(similar) - length,
						   "%s%s", length == 0 ? "" : ", ", names.items[i]);
	}
	if (names.count == 0)
		err_why(ERR_NOT_FOUND, why, "there are no packs in %s, nor in %s", own, installed);
	else if (length != 0)
		err_why(ERR_NOT_FOUND, why, "there is no pack \"%s\"; did you mean %s?", name,
			similar);
	else
		err_why(ERR_NOT_FOUND, why, "there is no pack \"%s\" in %s, nor in %s", name, own,
			installed);
	packs_free_names(&names);
	return ERR_NOT_FOUND;
}

enum err packs_find(const char *own, const char *name, char **path, struct why *why)
{
	const char *directories[] = {own, installed};

	for (size_t i = 0; i < 2; i++) {
		char *candidate;

		if (asprintf(&candidate, "%s/%s", directories[i], name) < 0)
			return err_why(ERR_NO_MEMORY, why, "out of memory");
		if (access(candidate, F_OK) == 0) {
			*path = candidate;
			return ERR_OK;
		}
		free(candidate);
	}
	return not_found(own, name, why);
}
