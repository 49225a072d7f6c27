/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world: configuration, rules, public suffix list and what judging needs, as one
 * value that never changes. A reload makes another one beside it.
 *
 * A session holds a world from one message to the next and changes it, where there
 * is a newer one, only between messages: no message is judged by parts of two. An
 * old world ends with the last session that holds it.
 *
 * The cache is opened once and shared by all worlds: LMDB must not be opened twice
 * by a process. So cache_dir and map_size take effect at a restart, as do the keys
 * that are used only at start.
 */
#ifndef RESETGUARD_MILTER_WORLD_H
#define RESETGUARD_MILTER_WORLD_H

#include "resetguard/conf.h"
#include "resetguard/err.h"
#include "resetguard/judge.h"
#include "resetguard/rules.h"
#include "resetguard/wanted.h"

/* Read-only. */
struct world {
	const struct conf *conf;
	const struct rules *rules;
	struct judge judge;
	struct wanted *wanted;
};

/* The one that is in force, and all that are still held. */
struct worlds;

/* Reads and checks what worlds_open reads, and keeps nothing. */
MUST_CHECK enum err worlds_check(const char *conf_path, struct why *why);

/* A cache that cannot be used now is no error. Before any thread. conf_path is kept. */
MUST_CHECK enum err worlds_open(const char *conf_path, struct worlds **worlds, struct why *why);
/* All held worlds must have been released. */
void worlds_close(struct worlds *worlds);

/* Puts a new world in force, or leaves the old one. One thread only. */
MUST_CHECK enum err worlds_reload(struct worlds *worlds, struct why *why);

/* Changes *held, which may be NULL, for the world in force. One atomic load where it is
 * that one already. Any thread. */
void world_renew(struct worlds *worlds, const struct world **held);
/* held may be NULL. Any thread. */
void world_release(const struct world *held);

struct cache *worlds_cache(const struct worlds *worlds);

#endif
