/* SPDX-License-Identifier: BSD-2-Clause */
/* complaints: what is wrong for many messages at once, said once. */
#include "complaints.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "resetguard/log.h"

/* Something that is said at most once a minute. */
struct complaint {
	_Atomic int64_t said_ms; /* 0: never */
	atomic_ullong times;
};

struct complaints {
	pthread_mutex_t lock;  /* of the cache's two */
	_Atomic int cache_err; /* enum err that was last spoken of */
	struct complaint wanted;
	struct complaint out_of_scope;
};

enum err complaints_open(struct complaints **complaints)
{
	struct complaints *opened = calloc(1, sizeof *opened);

	if (opened == NULL)
		return ERR_NO_MEMORY;
	pthread_mutex_init(&opened->lock, NULL);
	*complaints = opened;
	return ERR_OK;
}

void complaints_close(struct complaints *complaints)
{
	if (complaints == NULL)
		return;
	pthread_mutex_destroy(&complaints->lock);
	free(complaints);
}

void complaints_cache(struct complaints *complaints, struct cache *cache, bool out_of_order)
{
	struct why why = {""};
	int spoken_of = atomic_load_explicit(&complaints->cache_err, memory_order_relaxed);
	enum err err;

	if (!out_of_order && spoken_of == ERR_OK)
		return;
	err = cache_status(cache, &why);
	if ((int)err == spoken_of)
		return;
	pthread_mutex_lock(&complaints->lock);
	if (atomic_load(&complaints->cache_err) == spoken_of) {
		if (err == ERR_OK)
			log_line(LOG_LEVEL_INFO, "the cache is in order again");
		else
			log_line(LOG_LEVEL_ERROR,
				 "the cache cannot be used, every reset is a cache-error: %s",
				 why.text);
		atomic_store(&complaints->cache_err, (int)err);
	}
	pthread_mutex_unlock(&complaints->lock);
}

/* Counts it, and tells whether to speak of it now. */
static bool is_due(struct complaint *complaint, int64_t monotonic_ms, unsigned long long *times)
{
	int64_t said_ms = atomic_load(&complaint->said_ms);

	*times = atomic_fetch_add(&complaint->times, 1) + 1;
	if (said_ms != 0 && monotonic_ms - said_ms < COMPLAINTS_INTERVAL_MS)
		return false;
	return atomic_compare_exchange_strong(&complaint->said_ms, &said_ms, monotonic_ms);
}

void complaints_wanted(struct complaints *complaints, const struct domain *domain, enum err err,
		       int64_t monotonic_ms)
{
	unsigned long long times;

	if (!is_due(&complaints->wanted, monotonic_ms, &times))
		return;
	if (err == ERR_FULL)
		log_line(LOG_LEVEL_WARNING,
			 "the wanted list is full, %s is not on it (%llu so far): does "
			 "'resetguard refresh --watch' run? (wanted_max)",
			 domain->name, times);
	else
		log_line(LOG_LEVEL_WARNING, "cannot put %s on the wanted list (%llu so far): %s",
			 domain->name, times, err_text(err));
}

void complaints_out_of_scope(struct complaints *complaints, const char *sender,
			     const struct scope_client *client, const char *rule,
			     int64_t monotonic_ms)
{
	char address[INET6_ADDRSTRLEN] = "unknown";
	unsigned long long times;

	if (!is_due(&complaints->out_of_scope, monotonic_ms, &times))
		return;
	if (client->has_address)
		inet_ntop(AF_INET6, &client->address, address, sizeof address);
	log_line(LOG_LEVEL_WARNING,
		 "mail from <%s> by client %s matches rule %s but is not originating mail, and was "
		 "not judged (%llu so far): if it is an application of yours, add its host to "
		 "originating_networks",
		 sender, address, rule, times);
}
