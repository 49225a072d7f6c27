/* SPDX-License-Identifier: BSD-2-Clause */
/* postfix: a Postfix's configuration, as postconf(1) tells it. */
#include "postfix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pairs ---- */

static void pairs_clear(struct postfix_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].name);
		free(pairs->items[i].value);
	}
	free(pairs->items);
	*pairs = (struct postfix_pairs){0};
}

static enum err add_pair(struct postfix_pairs *pairs, const char *line, size_t name_length,
			 const char *value, size_t value_length)
{
	struct postfix_pair *items =
		reallocarray(pairs->items, pairs->count + 1, sizeof *pairs->items);

	if (items == NULL)
		return ERR_NO_MEMORY;
	pairs->items = items;
	items[pairs->count].name = strndup(line, name_length);
	items[pairs->count].value = strndup(value, value_length);
	pairs->count++;
	return items[pairs->count - 1].name != NULL && items[pairs->count - 1].value != NULL
		       ? ERR_OK
		       : ERR_NO_MEMORY;
}

enum err postfix_pairs_read(const char *text, struct postfix_pairs *pairs)
{
	struct postfix_pairs read = {0};
	enum err err = ERR_OK;

	while (*text != '\0' && err == ERR_OK) {
		size_t length = strcspn(text, "\n");
		size_t name_length = strcspn(text, " \n");
		const char *value = text + name_length;

		/* An empty value is written without the blank behind the "=". */
		if (name_length > 0 && name_length <= length && strncmp(value, " =", 2) == 0) {
			value += 2;
			value += *value == ' ';
			err = add_pair(&read, text, name_length, value,
				       (size_t)(text + length - value));
		}
		text += length;
		text += *text == '\n';
	}
	if (err == ERR_OK)
		*pairs = read;
	else
		pairs_clear(&read);
	return err;
}

const char *postfix_pairs_get(const struct postfix_pairs *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (strcmp(pairs->items[i].name, name) == 0)
			return pairs->items[i].value;
	}
	return NULL;
}

/* ---- main.cf ---- */

void postfix_clear(struct postfix *postfix)
{
	free(postfix->program);
	free(postfix->directory);
	pairs_clear(&postfix->set);
	pairs_clear(&postfix->expanded);
	pairs_clear(&postfix->fields);
	pairs_clear(&postfix->overrides);
	pairs_clear(&postfix->overrides_expanded);
	*postfix = (struct postfix){.program = NULL};
}

const char *postfix_value(const struct postfix *postfix, const char *parameter)
{
	const char *value = postfix_pairs_get(&postfix->expanded, parameter);

	return value == NULL ? "" : value;
}

const char *postfix_raw(const struct postfix *postfix, const char *parameter)
{
	const char *value = postfix_pairs_get(&postfix->set, parameter);

	return value == NULL ? postfix_value(postfix, parameter) : value;
}

bool postfix_is_set(const struct postfix *postfix, const char *parameter)
{
	return postfix_pairs_get(&postfix->set, parameter) != NULL;
}

/* ---- master.cf ---- */

/* In the field "-", what was the default before Postfix 3.0 holds for a configuration
 * that says no level. */
static bool chroot_by_default(const struct postfix *postfix)
{
	return strtod(postfix_value(postfix, "compatibility_level"), NULL) < 1;
}

static const char *look_up(const struct postfix_pairs *pairs, const char *service, const char *name)
{
	char key[2 * POSTFIX_NAME_MAX];

	snprintf(key, sizeof key, "%s/%s", service, name);
	return postfix_pairs_get(pairs, key);
}

bool postfix_next_service(const struct postfix *postfix, size_t *index, const char *program,
			  struct postfix_service *service)
{
	static const char suffix[] = "/command";

	while (*index < postfix->fields.count) {
		const struct postfix_pair *pair = &postfix->fields.items[(*index)++];
		size_t length = strlen(pair->name);
		const char *chroot_field;

		if (length <= sizeof suffix - 1 ||
		    strcmp(pair->name + length - (sizeof suffix - 1), suffix) != 0)
			continue;
		snprintf(service->name, sizeof service->name, "%.*s",
			 (int)(length - (sizeof suffix - 1)), pair->name);
		snprintf(service->program, sizeof service->program, "%.*s",
			 (int)strcspn(pair->value, " \t"), pair->value);
		if (strcmp(service->program, program) != 0)
			continue;
		chroot_field = look_up(&postfix->fields, service->name, "chroot");
		service->chrooted = chroot_field == NULL || strcmp(chroot_field, "-") == 0
					    ? chroot_by_default(postfix)
					    : strcmp(chroot_field, "y") == 0;
		return true;
	}
	return false;
}

const char *postfix_override(const struct postfix *postfix, const struct postfix_service *service,
			     const char *parameter)
{
	const char *value = look_up(&postfix->overrides_expanded, service->name, parameter);

	return value == NULL ? postfix_override_raw(postfix, service, parameter) : value;
}

const char *postfix_override_raw(const struct postfix *postfix,
				 const struct postfix_service *service, const char *parameter)
{
	return look_up(&postfix->overrides, service->name, parameter);
}

const char *postfix_service_value(const struct postfix *postfix,
				  const struct postfix_service *service, const char *parameter)
{
	const char *value = postfix_override(postfix, service, parameter);

	return value == NULL ? postfix_value(postfix, parameter) : value;
}
