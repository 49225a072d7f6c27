/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_text: types of values: text, words, and lists of words. */
#include "conf_table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ---- */

static bool is_printable_ascii(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text < 0x20 || *text > 0x7e)
			return false;
	}
	return true;
}

/* Relative paths start from the directory of the configuration file. */
static enum err parse_path(const struct conf_key *key, const struct conf_context *context,
			   const char *value, void *field, struct why *why)
{
	char path[PATH_MAX];
	const char *directory = value[0] == '/' ? "" : context->directory;
	int length = snprintf(path, sizeof(path), "%s%s%s", directory,
			      directory[0] == '\0' ? "" : "/", value);

	if (length < 0 || (size_t)length >= sizeof(path))
		return conf_not(key, value, why);
	return conf_set_string(field, path, why);
}

const struct conf_type conf_type_path = {
	.argument = "path",
	.form = "a path of at most 4095 bytes",
	.parse = parse_path,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

/* What useradd takes, and the capitals and dots of directory services. */
static enum err parse_account(const struct conf_key *key, const struct conf_context *context,
			      const char *value, void *field, struct why *why)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";

	(void)context;
	if (strspn(value, allowed) != strlen(value) || value[0] == '-' ||
	    strlen(value) > CONF_ACCOUNT_MAX)
		return conf_not(key, value, why);
	return conf_set_string(field, value, why);
}

const struct conf_type conf_type_account = {
	.argument = "name",
	.form = "the name of a user or group",
	.parse = parse_account,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

static enum err parse_command(const struct conf_key *key, const struct conf_context *context,
			      const char *value, void *field, struct why *why)
{
	(void)context;
	if (value[0] != '/')
		return conf_not(key, value, why);
	return conf_set_string(field, value, why);
}

const struct conf_type conf_type_command = {
	.argument = "command",
	.form = "a command that begins with an absolute path",
	.parse = parse_command,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

/* "%" and "\" would be masked in the reply, so that no message can forge one. */
static enum err parse_reply(const struct conf_key *key, const struct conf_context *context,
			    const char *value, void *field, struct why *why)
{
	(void)context;
	if (!is_printable_ascii(value) || strpbrk(value, "%\\") != NULL ||
	    strlen(value) > CONF_REPLY_MAX)
		return conf_not(key, value, why);
	return conf_set_string(field, value, why);
}

const struct conf_type conf_type_reply = {
	.argument = "text",
	.form = "a reply: printable ASCII without % and \\, at most 400 characters",
	.parse = parse_reply,
	.clear = conf_clear_string,
	.print = conf_print_string,
	.owns_memory = true,
};

/* ---- lists of words ---- */

static void list_release(struct conf_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct conf_list){0};
}

static void clear_list(void *field)
{
	list_release(field);
}

static void print_list(const void *field, size_t index, FILE *stream)
{
	const struct conf_list *list = field;

	(void)index;
	for (size_t i = 0; i < list->count; i++)
		fprintf(stream, "%s%s", i == 0 ? "" : " ", list->items[i]);
}

/* Makes of a word what the list keeps: a new string, or NULL without memory; or
 * it gives false for a word that does not belong there. */
typedef bool word_reader(const char *word, char **item);

static enum err list_append(const struct conf_key *key, const char *text, size_t length,
			    word_reader *read, struct conf_list *list, struct why *why)
{
	char *word = strndup(text, length);
	char *item = NULL;
	char **items;
	enum err err = ERR_OK;

	if (word == NULL)
		return conf_no_memory(why);
	if (!read(word, &item)) {
		err = conf_not(key, word, why);
		goto out;
	}
	items = item == NULL ? NULL
			     : reallocarray(list->items, list->count + 1, sizeof(*list->items));
	if (items == NULL) {
		err = conf_no_memory(why);
		free(item);
		goto out;
	}
	list->items = items;
	list->items[list->count++] = item;
out:
	free(word);
	return err;
}

static enum err parse_list(const struct conf_key *key, const char *value, word_reader *read,
			   void *field, struct why *why)
{
	struct conf_list list = {0};
	const char *at = value;

	for (size_t length = conf_next_word(&at); length != 0; length = conf_next_word(&at)) {
		enum err err = list_append(key, at, length, read, &list, why);

		if (err != ERR_OK) {
			list_release(&list);
			return err;
		}
		at += length;
	}
	if (list.count == 0)
		return conf_not(key, value, why);
	clear_list(field);
	*(struct conf_list *)field = list;
	return ERR_OK;
}

bool conf_class_name_is_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t length = strlen(name);

	return length != 0 && length <= CONF_CLASS_MAX && strspn(name, allowed) == length;
}

static bool read_class(const char *word, char **item)
{
	if (!conf_class_name_is_valid(word))
		return false;
	*item = strdup(word);
	return true;
}

static enum err parse_classes(const struct conf_key *key, const struct conf_context *context,
			      const char *value, void *field, struct why *why)
{
	(void)context;
	return parse_list(key, value, read_class, field, why);
}

const struct conf_type conf_type_classes = {
	.argument = "class ...",
	.form = "a class of mail: letters, digits, \"-\", \"_\" and \".\", at most 63",
	.parse = parse_classes,
	.clear = clear_list,
	.print = print_list,
	.owns_memory = true,
};

/* NAME, or !NAME for one that is left out. */
static bool read_daemon(const char *word, char **item)
{
	if (!is_printable_ascii(word) || strcmp(word, "!") == 0)
		return false;
	*item = strdup(word);
	return true;
}

static enum err parse_daemons(const struct conf_key *key, const struct conf_context *context,
			      const char *value, void *field, struct why *why)
{
	(void)context;
	return parse_list(key, value, read_daemon, field, why);
}

const struct conf_type conf_type_daemons = {
	.argument = "[!]name ...",
	.form = "the {daemon_name} of a service, or one with \"!\" before it",
	.parse = parse_daemons,
	.clear = clear_list,
	.print = print_list,
	.owns_memory = true,
};

/* "[" something "]", RFC 5321 4.1.3: compared as it stands. */
static bool is_address_literal(const char *word)
{
	size_t length = strlen(word);

	return length > 2 && word[0] == '[' && word[length - 1] == ']' && is_printable_ascii(word);
}

/* In the form that is compared. */
static bool read_domain(const char *word, char **item)
{
	struct domain domain;

	if (is_address_literal(word)) {
		*item = strdup(word);
		return true;
	}
	if (domain_from_text(word, strlen(word), &domain) != ERR_OK)
		return false;
	*item = strdup(domain.name);
	return true;
}

static enum err parse_domains(const struct conf_key *key, const struct conf_context *context,
			      const char *value, void *field, struct why *why)
{
	(void)context;
	return parse_list(key, value, read_domain, field, why);
}

const struct conf_type conf_type_domains = {
	.argument = "domain|[address] ...",
	.form = "a domain name such as example.org, which stands for what lies below it too, "
		"or an address literal such as [192.0.2.1]",
	.parse = parse_domains,
	.clear = clear_list,
	.print = print_list,
	.owns_memory = true,
};

/* ---- sources ---- */

/* The field is source_count; the sources lie beside it. */
static enum err parse_sources(const struct conf_key *key, const struct conf_context *context,
			      const char *value, void *field, struct why *why)
{
	struct conf *conf = (struct conf *)(void *)((char *)field - key->offset);
	enum source sources[SOURCE_COUNT];
	size_t count = 0;
	const char *at = value;

	(void)context;
	for (size_t length = conf_next_word(&at); length != 0; length = conf_next_word(&at)) {
		char word[16];
		enum source source;

		snprintf(word, sizeof(word), "%.*s", (int)length, at);
		if (length >= sizeof(word) || source_from_text(word, &source) != ERR_OK ||
		    source == SOURCE_NONE)
			return conf_not(key, at, why);
		for (size_t i = 0; i < count; i++) {
			if (sources[i] == source)
				return err_why(ERR_CONFIG, why, "%s is there twice", word);
		}
		sources[count++] = source;
		at += length;
	}
	if (count == 0)
		return conf_not(key, value, why);
	memcpy(conf->sources, sources, sizeof(sources[0]) * count);
	conf->source_count = count;
	return ERR_OK;
}

static void print_sources(const void *field, size_t index, FILE *stream)
{
	const struct conf *conf =
		(const void *)((const char *)field - offsetof(struct conf, source_count));

	(void)index;
	for (size_t i = 0; i < conf->source_count; i++)
		fprintf(stream, "%s%s", i == 0 ? "" : " ", source_text(conf->sources[i]));
}

const struct conf_type conf_type_sources = {
	.argument = "source ...",
	.form = "rdap, fastly or dns",
	.parse = parse_sources,
	.print = print_sources,
};
