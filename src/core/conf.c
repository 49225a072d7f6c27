/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf: resetguard.conf and conf.d as one value.
 *
 * All settings are collected first and applied afterwards: what one means may
 * depend on another that comes later (allow_http; the keys for every class,
 * which a class starts from).
 */
#include "resetguard/conf.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_parse.h"
#include "conf_table.h"

const char conf_default_path[] = SYSCONFDIR "/resetguard/resetguard.conf";

/* ---- from settings to a conf ---- */

static void class_release(struct conf_class *class)
{
	for (size_t i = 0; i < REASON_COUNT; i++)
		free(class->reply[i]);
}

void conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf_key_count; i++) {
		const struct conf_target target = {.key = &conf_keys[i]};

		if (target.key->scope == CONF_GLOBAL && target.key->type->owns_memory)
			target.key->type->clear(conf_field(&target, conf));
	}
	for (size_t i = 0; i < conf->class_count; i++)
		class_release(&conf->classes[i]);
	for (size_t i = 0; conf->places != NULL && i < conf_key_count; i++)
		free(conf->places[i]);
	free(conf->places);
	free(conf->classes);
	free(conf);
}

static struct conf *conf_new(const struct conf_context *context)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (conf == NULL)
		return NULL;
	conf->classes = calloc(CONF_CLASSES_MAX, sizeof(*conf->classes));
	conf->places = calloc(conf_key_count, sizeof *conf->places);
	if (conf->classes == NULL || conf->places == NULL)
		goto fail;
	conf->class_count = 1;
	conf->classes[0].policy = policy_defaults();
	for (size_t i = 0; i < conf_key_count; i++) {
		if (conf_set_default(&conf_keys[i], context, conf) != ERR_OK)
			goto fail;
	}
	return conf;
fail:
	conf_free(conf);
	return NULL;
}

/* The class of that name, which begins as a copy of the keys for every class. */
static enum err get_class(struct conf *conf, const char *name, struct conf_class **class,
			  struct why *why)
{
	struct conf_class *added;

	for (size_t i = 1; i < conf->class_count; i++) {
		if (strcmp(conf->classes[i].name, name) == 0) {
			*class = &conf->classes[i];
			return ERR_OK;
		}
	}
	if (conf->class_count == CONF_CLASSES_MAX)
		return err_why(ERR_CONFIG, why, "more than %d classes have keys of their own",
			       CONF_CLASSES_MAX - 1);
	added = &conf->classes[conf->class_count++];
	snprintf(added->name, sizeof(added->name), "%s", name);
	added->policy = conf->classes[0].policy;
	for (size_t i = 0; i < REASON_COUNT; i++) {
		if (conf->classes[0].reply[i] == NULL)
			continue;
		added->reply[i] = strdup(conf->classes[0].reply[i]);
		if (added->reply[i] == NULL)
			return conf_no_memory(why);
	}
	*class = added;
	return ERR_OK;
}

static enum err set_field(const struct conf_key *key, const struct conf_context *context,
			  const char *value, void *field, struct why *why)
{
	if (value[0] != '\0')
		return key->type->parse(key, context, value, field, why);
	if (!key->optional)
		return err_why(ERR_CONFIG, why, "there is no value; write %s", key->type->form);
	key->type->clear(field);
	return ERR_OK;
}

static enum err note_place(struct conf *conf, const struct conf_setting *setting, struct why *why)
{
	char **place = &conf->places[setting->target.key - conf_keys];

	free(*place);
	*place = strdup(setting->place);
	return *place == NULL ? conf_no_memory(why) : ERR_OK;
}

static enum err apply_setting(struct conf *conf, const struct conf_context *context,
			      const struct conf_setting *setting, struct why *why)
{
	const struct conf_key *key = setting->target.key;
	struct conf_class *class = &conf->classes[0];
	struct why detail = {""};
	enum err err = ERR_OK;
	void *base;

	if (setting->class_name != NULL)
		err = get_class(conf, setting->class_name, &class, &detail);
	if (err == ERR_OK) {
		base = key->scope == CONF_GLOBAL ? (void *)conf : class;
		err = set_field(key, context, setting->value, conf_field(&setting->target, base),
				&detail);
	}
	if (err != ERR_OK)
		return err_why(err, why, "%s: %s: %s", setting->place, setting->name, detail.text);
	return key->scope == CONF_GLOBAL ? note_place(conf, setting, why) : ERR_OK;
}

/* What one key asks of another. */
static enum err check_together(const struct conf *conf, struct why *why)
{
	if (conf->on_change_url == NULL || conf->on_change_key_file != NULL)
		return ERR_OK;
	return err_why(ERR_CONFIG, why,
		       "%s: on_change_url: nothing signs what is posted; let on_change_key_file "
		       "name a file with a key (openssl rand -hex 32)",
		       conf_place(conf, "on_change_url"));
}

static bool is_allow_http(const struct conf_setting *setting)
{
	return setting->target.key->offset == offsetof(struct conf, allow_http) &&
	       setting->target.key->scope == CONF_GLOBAL;
}

/* What others depend on first, then the keys for every class, then the rest. */
static int rank(const struct conf_setting *setting)
{
	if (is_allow_http(setting))
		return 0;
	return setting->class_name == NULL ? 1 : 2;
}

static enum err build(const struct conf_settings *settings, const char *directory,
		      struct conf **conf, struct why *why)
{
	struct conf_context context = {.directory = directory};
	struct conf *result = conf_new(&context);

	if (result == NULL)
		return conf_no_memory(why);
	for (int step = 0; step <= 2; step++) {
		for (size_t i = 0; i < settings->count; i++) {
			enum err err = ERR_OK;

			if (rank(&settings->items[i]) == step)
				err = apply_setting(result, &context, &settings->items[i], why);
			if (err != ERR_OK) {
				conf_free(result);
				return err;
			}
		}
		context.allow_http = result->allow_http;
	}
	enum err err = check_together(result, why);
	if (err != ERR_OK) {
		conf_free(result);
		return err;
	}
	*conf = result;
	return ERR_OK;
}

/* The directory of path, absolute, so that what is relative to it stays where it
 * is when the process moves. */
static enum err directory_of(const char *path, char directory[PATH_MAX], struct why *why)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
	char base[PATH_MAX] = "";
	int written;

	if (path[0] != '/' && getcwd(base, sizeof(base)) == NULL)
		return err_why_errno(errno, why, "the working directory");
	written = snprintf(directory, PATH_MAX, "%s%s%.*s", base,
			   path[0] == '/' || length == 0 ? "" : "/", (int)length, path);
	if (written < 0 || written >= PATH_MAX)
		return err_why(ERR_CONFIG, why, "%.80s...: the path is too long", path);
	return ERR_OK;
}

enum err conf_read(const char *path, struct conf **conf, struct why *why)
{
	struct conf_settings settings = {0};
	char directory[PATH_MAX];
	char conf_d[PATH_MAX + sizeof "/conf.d"];
	enum err err;

	if (path == NULL)
		path = conf_default_path;
	err = directory_of(path, directory, why);
	if (err != ERR_OK)
		return err;
	snprintf(conf_d, sizeof(conf_d), "%s/conf.d", directory);
	err = conf_collect_file(path, &settings, why);
	if (err == ERR_OK)
		err = conf_collect_directory(conf_d, &settings, why);
	if (err == ERR_OK)
		err = build(&settings, directory, conf, why);
	conf_settings_release(&settings);
	return err;
}

enum err conf_read_text(const char *text, size_t length, const char *name, struct conf **conf,
			struct why *why)
{
	const char *slash = strrchr(name, '/');
	struct conf_settings settings = {0};
	char directory[PATH_MAX] = "";
	enum err err = ERR_OK;

	if (slash != NULL)
		err = directory_of(name, directory, why);
	if (err == ERR_OK)
		err = conf_collect_text(text, length, name, &settings, why);
	if (err == ERR_OK)
		err = build(&settings, directory, conf, why);
	conf_settings_release(&settings);
	return err;
}

/* ---- asking ---- */

bool conf_is_default(const struct conf *conf, const char *name)
{
	struct conf_target target;
	char nearest[CONF_NAME_MAX];
	const char *value;

	if (conf_key_find(name, &target, nearest) != ERR_OK || target.key->default_value == NULL)
		return false;
	value = *(char *const *)((const char *)conf + target.key->offset);
	return value != NULL && strcmp(value, target.key->default_value) == 0;
}

const char *conf_place(const struct conf *conf, const char *name)
{
	struct conf_target target;
	char nearest[CONF_NAME_MAX];

	return conf_key_find(name, &target, nearest) == ERR_OK
		       ? conf->places[target.key - conf_keys]
		       : NULL;
}

const struct conf_class *conf_class_find(const struct conf *conf, const char *class_name)
{
	for (size_t i = 1; i < conf->class_count; i++) {
		if (strcmp(conf->classes[i].name, class_name) == 0)
			return &conf->classes[i];
	}
	return &conf->classes[0];
}

bool conf_list_has(const struct conf_list *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcasecmp(list->items[i], item) == 0)
			return true;
	}
	return false;
}

/* The items of the list are in the form of a struct domain. */
bool conf_is_exempt(const struct conf *conf, const struct domain *host)
{
	for (size_t i = 0; i < conf->exempt_domains.count; i++) {
		const char *item = conf->exempt_domains.items[i];
		size_t length = strlen(item);
		size_t above;

		if (length > host->length)
			continue;
		above = host->length - length;
		if (memcmp(host->name + above, item, length) == 0 &&
		    (above == 0 || host->name[above - 1] == '.'))
			return true;
	}
	return false;
}

bool conf_has_source(const struct conf *conf, enum source source)
{
	for (size_t i = 0; i < conf->source_count; i++) {
		if (conf->sources[i] == source)
			return true;
	}
	return false;
}
