/* SPDX-License-Identifier: BSD-2-Clause */
/* world: all that judging rests on, as one value that never changes. */
#include "world.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/cache.h"
#include "resetguard/log.h"

/* Read transactions at one time: one a worker thread, which libmilter makes as
 * sessions ask for them at once. */
enum { CACHE_READERS = 512 };

struct held_world {
	struct world world; /* first: what is handed out is this member */
	struct worlds *worlds;
	unsigned holders; /* under worlds->lock */
	struct conf *conf;
	struct rules *rules;
	struct domain_suffixes *suffixes;
};

struct worlds {
	_Atomic(struct held_world *) current; /* changed under lock */
	pthread_mutex_t lock;
	struct cache *cache;
	char *cache_dir; /* where the cache is, whatever a later configuration says */
	const char *conf_path;
};

static void free_world(struct held_world *held)
{
	wanted_close(held->world.wanted);
	domain_suffixes_close(held->suffixes);
	rules_free(held->rules);
	conf_free(held->conf);
	free(held);
}

static void log_rule_warnings(const struct rules *rules)
{
	for (size_t i = 0; rules_warning(rules, i) != NULL; i++)
		log_line(LOG_LEVEL_WARNING, "%s", rules_warning(rules, i));
}

/* Everything but the cache. cache_dir NULL: as configured. */
static enum err read_world(const char *conf_path, const char *cache_dir, struct held_world **read,
			   struct why *why)
{
	struct held_world *held = calloc(1, sizeof *held);
	enum err err;

	if (held == NULL)
		return err_why(ERR_NO_MEMORY, why, "%s: no memory", conf_path);
	err = conf_read(conf_path, &held->conf, why);
	if (err != ERR_OK)
		goto failed;
	err = rules_read(held->conf->messages_file, &held->conf->guard, &held->rules, why);
	if (err != ERR_OK)
		goto failed;
	log_rule_warnings(held->rules);
	err = domain_suffixes_open(held->conf->public_suffix_file, &held->suffixes, why);
	if (err != ERR_OK)
		goto failed;
	if (cache_dir == NULL)
		cache_dir = held->conf->cache_dir;
	err = wanted_open(cache_dir, held->conf->wanted_max, &held->world.wanted);
	if (err != ERR_OK) {
		err = err_why(err, why, "%s/wanted: %s", cache_dir, err_text(err));
		goto failed;
	}
	held->world.conf = held->conf;
	held->world.rules = held->rules;
	held->world.judge.conf = held->conf;
	held->world.judge.suffixes = held->suffixes;
	*read = held;
	return ERR_OK;

failed:
	free_world(held);
	return err;
}

enum err worlds_check(const char *conf_path, struct why *why)
{
	struct held_world *held;
	enum err err = read_world(conf_path, NULL, &held, why);

	if (err == ERR_OK)
		free_world(held);
	return err;
}

static void put_in_force(struct worlds *worlds, struct held_world *held)
{
	held->worlds = worlds;
	held->holders = 1; /* being in force */
	held->world.judge.cache = worlds->cache;
	atomic_store(&worlds->current, held);
}

enum err worlds_open(const char *conf_path, struct worlds **worlds, struct why *why)
{
	struct worlds *opened = calloc(1, sizeof *opened);
	struct cache_options options;
	struct held_world *held;
	enum err err;

	if (opened == NULL)
		return err_why(ERR_NO_MEMORY, why, "%s: no memory", conf_path);
	err = read_world(conf_path, NULL, &held, why);
	if (err != ERR_OK)
		goto failed;
	options = (struct cache_options){
		.cache_dir = held->conf->cache_dir,
		.map_size = held->conf->map_size,
		.readers = CACHE_READERS,
	};
	opened->cache_dir = strdup(held->conf->cache_dir);
	err = opened->cache_dir != NULL ? cache_open_reader(&options, &opened->cache, why)
					: err_why(ERR_NO_MEMORY, why, "%s: no memory", conf_path);
	if (err != ERR_OK) {
		free_world(held);
		goto failed;
	}
	pthread_mutex_init(&opened->lock, NULL);
	opened->conf_path = conf_path;
	put_in_force(opened, held);
	*worlds = opened;
	return ERR_OK;

failed:
	free(opened->cache_dir);
	free(opened);
	return err;
}

static void drop(struct held_world *held)
{
	bool last;

	pthread_mutex_lock(&held->worlds->lock);
	held->holders--;
	last = held->holders == 0;
	pthread_mutex_unlock(&held->worlds->lock);
	if (last)
		free_world(held);
}

void worlds_close(struct worlds *worlds)
{
	if (worlds == NULL)
		return;
	drop(atomic_load(&worlds->current));
	cache_close(worlds->cache);
	pthread_mutex_destroy(&worlds->lock);
	free(worlds->cache_dir);
	free(worlds);
}

static void mention_restart(const char *key)
{
	log_line(LOG_LEVEL_WARNING, "reload: the new %s takes effect at a restart", key);
}

static bool differ(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "") != 0;
}

static void mention_restart_keys(const struct conf *before, const struct conf *after)
{
	if (differ(before->cache_dir, after->cache_dir))
		mention_restart("cache_dir");
	if (before->map_size != after->map_size)
		mention_restart("map_size");
	if (differ(before->milter_user, after->milter_user))
		mention_restart("milter_user");
	if (differ(before->socket, after->socket))
		mention_restart("socket");
	if (before->socket_mode != after->socket_mode)
		mention_restart("socket_mode");
	if (differ(before->socket_group, after->socket_group))
		mention_restart("socket_group");
	if (before->log_to_stderr != after->log_to_stderr)
		mention_restart("log_to");
}

enum err worlds_reload(struct worlds *worlds, struct why *why)
{
	struct held_world *before = atomic_load(&worlds->current);
	struct held_world *after;
	enum err err = read_world(worlds->conf_path, worlds->cache_dir, &after, why);

	if (err != ERR_OK)
		return err;
	mention_restart_keys(before->conf, after->conf);
	pthread_mutex_lock(&worlds->lock);
	put_in_force(worlds, after);
	pthread_mutex_unlock(&worlds->lock);
	drop(before);
	return ERR_OK;
}

void world_renew(struct worlds *worlds, const struct world **held)
{
	struct held_world *current = atomic_load_explicit(&worlds->current, memory_order_acquire);

	/* What is held cannot have been freed, so an equal address is the same world. */
	if (*held != NULL && *held == &current->world)
		return;
	world_release(*held);
	pthread_mutex_lock(&worlds->lock);
	current = atomic_load(&worlds->current);
	current->holders++;
	pthread_mutex_unlock(&worlds->lock);
	*held = &current->world;
}

void world_release(const struct world *held)
{
	/* The first member's address is the whole's. */
	struct held_world *whole = (struct held_world *)(uintptr_t)held;

	if (whole != NULL)
		drop(whole);
}

struct cache *worlds_cache(const struct worlds *worlds)
{
	return worlds->cache;
}
