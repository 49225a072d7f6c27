/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_print: the keys as a file, and as a part of the manual. */
#include "conf_table.h"

#include <stdlib.h>
#include <string.h>

/* ---- as a file ---- */

/* The caller frees; NULL without memory. */
static char *value_text(const struct conf_target *target, const void *base, size_t index)
{
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	if (memory == NULL)
		return NULL;
	target->key->type->print(conf_field(target, (void *)base), index, memory);
	fclose(memory);
	return text;
}

/* "key = value", a line for each value; "key =" for none. */
static void print_target(const char *class_prefix, const struct conf_target *target,
			 const void *base, FILE *stream)
{
	const struct conf_type *type = target->key->type;
	const void *field = conf_field(target, (void *)base);
	size_t count = type->count == NULL ? 1 : type->count(field);
	char name[CONF_NAME_MAX];

	conf_target_name(target, name);
	for (size_t i = 0; i < count || i == 0; i++) {
		char *value = value_text(target, base, i);

		if (value != NULL)
			fprintf(stream, "%s%s =%s%s\n", class_prefix, name,
				value[0] == '\0' ? "" : " ", value);
		free(value);
	}
}

static const void *base_of(const struct conf_key *key, const struct conf *conf)
{
	return key->scope == CONF_GLOBAL ? (const void *)conf : &conf->classes[0];
}

static bool is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same(const struct conf_target *target, const struct conf_class *a,
		    const struct conf_class *b)
{
	const void *in_a = conf_field(target, (void *)a);
	const void *in_b = conf_field(target, (void *)b);

	if (target->key->type == &conf_type_reply)
		return is_same_text(*(char *const *)in_a, *(char *const *)in_b);
	if (target->key->type == &conf_type_action)
		return *(const enum action *)in_a == *(const enum action *)in_b;
	return *(const int64_t *)in_a == *(const int64_t *)in_b;
}

static void print_class(const struct conf *conf, const struct conf_class *class, FILE *stream)
{
	struct conf_target target = {0};
	char prefix[CONF_CLASS_MAX + sizeof ":"];

	snprintf(prefix, sizeof(prefix), "%s:", class->name);
	while (conf_target_next(&target)) {
		if (target.key->scope != CONF_GLOBAL && !is_same(&target, class, &conf->classes[0]))
			print_target(prefix, &target, class, stream);
	}
}

void conf_print(const struct conf *conf, FILE *stream)
{
	struct conf_target target = {0};

	while (conf_target_next(&target))
		print_target("", &target, base_of(target.key, conf), stream);
	for (size_t i = 1; i < conf->class_count; i++)
		print_class(conf, &conf->classes[i], stream);
}

static struct conf *defaults(void)
{
	struct conf *conf;

	return conf_read_text("", 0, "", &conf, NULL) == ERR_OK ? conf : NULL;
}

static void print_lines(const char *text, const char *prefix, FILE *stream)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		fprintf(stream, "%s%.*s\n", prefix, (int)length, text);
		text += length + (text[length] == '\n' ? 1 : 0);
	}
}

void conf_print_defaults(FILE *stream)
{
	struct conf *conf = defaults();
	struct conf_target target = {0};
	const struct conf_key *described = NULL;

	while (conf != NULL && conf_target_next(&target)) {
		if (target.key != described) {
			if (target.key->heading != NULL)
				fprintf(stream, "%s# ---- %s ----\n", described == NULL ? "" : "\n",
					target.key->heading);
			fputc('\n', stream);
			print_lines(target.key->help, "# ", stream);
			described = target.key;
		}
		print_target("", &target, base_of(target.key, conf), stream);
	}
	conf_free(conf);
}

/* ---- in the manual ---- */

static void print_default(const struct conf_key *key, const struct conf *conf, FILE *stream)
{
	const struct conf_target target = {.key = key};
	char *value = value_text(&target, base_of(key, conf), 0);

	if (value != NULL && value[0] != '\0')
		fprintf(stream, "The default is\n.Ql %s .\n", value);
	free(value);
}

/* The reasons and their default actions. */
static void print_actions(const struct conf *conf, FILE *stream)
{
	struct conf_target target = {0};

	fputs("The defaults are:\n.Bl -column \"on_owner_changed\" \"tempfail\" -compact\n",
	      stream);
	while (conf_target_next(&target)) {
		char name[CONF_NAME_MAX];

		if (target.key->type != &conf_type_action)
			continue;
		conf_target_name(&target, name);
		fprintf(stream, ".It Cm %s Ta ", name);
		target.key->type->print(conf_field(&target, &conf->classes[0]), 0, stream);
		fputc('\n', stream);
	}
	fputs(".El\n", stream);
}

static void print_item(const struct conf_key *key, const struct conf *conf, FILE *stream)
{
	fprintf(stream, ".It Cm %s No = Ar %s\n", key->name, key->type->argument);
	print_lines(key->help, "", stream);
	if (key->type->print_limits != NULL) {
		fputs("Allowed is ", stream);
		key->type->print_limits(key, stream);
		fputs(".\n", stream);
	}
	if (key->type == &conf_type_action)
		print_actions(conf, stream);
	else
		print_default(key, conf, stream);
	if (key->scope != CONF_GLOBAL)
		fputs("Can be set per class.\n", stream);
}

void conf_print_mdoc(FILE *stream)
{
	struct conf *conf = defaults();

	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf_key_count; i++) {
		const struct conf_key *key = &conf_keys[i];

		if (key->heading != NULL)
			fprintf(stream, "%s.Ss %s\n.Bl -tag -width Ds\n", i == 0 ? "" : ".El\n",
				key->heading);
		print_item(key, conf, stream);
	}
	fputs(".El\n", stream);
	conf_free(conf);
}
