/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cache: the records of the store as values, and the only writer of facts, due,
 * history and outbox, which change together in one transaction.
 *
 * Layout below cache_dir: cache/data.mdb, cache/lock.mdb, address.key, wanted/,
 * refresh.lock. Owners and modes (set by fchmod, never left to the umask):
 * cache_dir 2750, cache/ 2750, wanted/ 2770, data.mdb and address.key 0640,
 * lock.mdb 0660, refresh.lock 0640, all of updater_user and its primary group.
 *
 * The due database: key next check (4, big-endian) and the domain, no value. A
 * domain has one entry there, of its facts_next_check_at, or none.
 */
#ifndef RESETGUARD_CACHE_H
#define RESETGUARD_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "resetguard/addresses.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/facts.h"
#include "resetguard/history.h"
#include "resetguard/host_record.h"
#include "resetguard/mailbox.h"
#include "resetguard/outbox.h"
#include "resetguard/parked.h"
#include "resetguard/pins.h"

struct cache;
struct cache_txn;

/* How the cache is kept; strings are copied. */
struct cache_options {
	const char *cache_dir;
	uint64_t map_size;
	unsigned readers;
	unsigned takers; /* who waits for changes: 1 << enum outbox_taker; 0: nobody */
	/* A writer that finds address.key without the cache it belongs to begins a new
	 * one with it, instead of failing. */
	bool begins_anew;
	/* Told of each record that a walk leaves out because it makes no sense; NULL:
	 * nobody is. database is its name on disk, name the domain or address hash. */
	void (*damaged)(void *context, const char *database, const char *name);
	void *context;
};

/* Creates what is missing of the layout above, with owners and modes; existing
 * things with another owner or mode are put right if we may, else ERR_PERMISSION
 * naming the path, what it is and what it should be. owner and group are
 * (uid_t)-1 and (gid_t)-1 to leave them as the process makes them. Call it before
 * the process opens or locks anything there: closing a file drops its locks. */
MUST_CHECK enum err cache_prepare(const char *cache_dir, uid_t owner, gid_t group,
				  struct why *why);

/* For readers: succeeds even if there is no cache yet (see store_open_reader). */
MUST_CHECK enum err cache_open_reader(const struct cache_options *options, struct cache **cache,
				      struct why *why);
/* For writers. Makes address.key and the environment if neither is there yet; a
 * cache whose key is missing or another one is ERR_DAMAGED, and so is a key that has
 * lost its cache. */
MUST_CHECK enum err cache_open_writer(const struct cache_options *options, struct cache **cache,
				      struct why *why);
void cache_close(struct cache *cache);

/* 0, or why nothing can be read now. Any thread. */
enum err cache_status(struct cache *cache, struct why *why);

/* One snapshot; see store_read_begin for cost and threads. ERR_VERSION: made by
 * a program this one does not know; ERR_DAMAGED, ERR_NO_INPUT, ERR_PERMISSION. */
MUST_CHECK enum err cache_read_begin(struct cache *cache, int64_t monotonic_ms,
				     struct cache_txn **txn);
/* The same, and why it could not, also where that has passed since. */
MUST_CHECK enum err cache_snapshot(struct cache *cache, int64_t monotonic_ms,
				   struct cache_txn **txn, struct why *why);
void cache_read_end(struct cache_txn *txn);

/* Waits for whoever writes, and looks at the clock only then: that one has committed
 * later than we came. ERR_CLOCK when it shows a time before the cache's last commit. */
MUST_CHECK enum err cache_write_begin(struct cache *cache, int64_t (*clock)(void),
				      struct cache_txn **txn, struct why *why);
/* The time of the commit before this one; 0: none yet. */
int64_t cache_committed_at(const struct cache_txn *txn);
MUST_CHECK enum err cache_write_commit(struct cache_txn *txn, struct why *why);
void cache_write_abort(struct cache_txn *txn);

/* ---- reading: in a snapshot or a write transaction ---- */

/* ERR_NOT_FOUND: no record. ERR_DAMAGED, ERR_VERSION: a record that makes no sense. */
MUST_CHECK enum err cache_get_facts(struct cache_txn *txn, const struct domain *domain,
				    struct facts *facts);
struct address_hash cache_address_hash(const struct cache_txn *txn, const struct mailbox *mailbox);
MUST_CHECK enum err cache_get_address(struct cache_txn *txn, const struct address_hash *hash,
				      struct address_facts *facts);
/* In force or not. Exactly one of domain and hash is not NULL. */
MUST_CHECK enum err cache_get_pin(struct cache_txn *txn, const struct domain *domain,
				  const struct address_hash *hash, struct pin *pin);
/* What the brake holds back of the domain. ERR_NOT_FOUND: nothing. */
MUST_CHECK enum err cache_get_parked(struct cache_txn *txn, const struct domain *domain,
				     struct parked *parked);
/* What is remembered of a registry's host, by its name, at most DOMAIN_MAX long. */
MUST_CHECK enum err cache_get_host(struct cache_txn *txn, const char *host,
				   struct host_record *known);
/* The change of that sequence, as long as some taker has not taken it. */
MUST_CHECK enum err cache_get_outbox(struct cache_txn *txn, uint32_t sequence,
				     struct outbox_entry *entry);
/* How many changes wait. Costs nothing. */
MUST_CHECK enum err cache_count_outbox(struct cache_txn *txn, uint64_t *changes);
/* ERR_NOT_FOUND: it was never asked. */
MUST_CHECK enum err cache_get_taker(struct cache_txn *txn, enum outbox_taker taker,
				    struct outbox_taker_state *state);
struct addresses_fingerprint cache_key_fingerprint(const struct cache_txn *txn);

/* Walks. Each calls visit for every entry, in key order, until it returns an
 * error, which is passed on; ERR_NOT_FOUND from visit ends the walk with 0. A record
 * that makes no sense is left out, and cache_options.damaged told of it. */
MUST_CHECK enum err cache_each_facts(struct cache_txn *txn,
				     enum err (*visit)(void *context, const struct domain *domain,
						       const struct facts *facts),
				     void *context);
/* The same behind after, which need not be there; NULL: from the first. A record that
 * makes no sense is given as facts NULL, and does not end the walk. */
MUST_CHECK enum err cache_each_facts_after(struct cache_txn *txn, const struct domain *after,
					   enum err (*visit)(void *context,
							     const struct domain *domain,
							     const struct facts *facts),
					   void *context);
/* The names alone, also of those whose record makes no sense. */
MUST_CHECK enum err cache_each_domain(struct cache_txn *txn,
				      enum err (*visit)(void *context, const struct domain *domain),
				      void *context);
/* Domains whose next check is not after until, soonest first. */
MUST_CHECK enum err cache_each_due(struct cache_txn *txn, int64_t until,
				   enum err (*visit)(void *context, const struct domain *domain,
						     int64_t due_at),
				   void *context);
/* Oldest first. domain NULL: of all domains. */
MUST_CHECK enum err cache_each_history(struct cache_txn *txn, const struct domain *domain,
				       enum err (*visit)(void *context, const struct domain *of,
							 const struct history_event *event),
				       void *context);
MUST_CHECK enum err cache_each_address(struct cache_txn *txn,
				       enum err (*visit)(void *context,
							 const struct address_hash *hash,
							 const struct address_facts *facts),
				       void *context);
/* Exactly one of domain and hash is given to visit, the other is NULL. */
MUST_CHECK enum err cache_each_pin(struct cache_txn *txn,
				   enum err (*visit)(void *context, const struct domain *domain,
						     const struct address_hash *hash,
						     const struct pin *pin),
				   void *context);
MUST_CHECK enum err cache_each_parked(struct cache_txn *txn,
				      enum err (*visit)(void *context, const struct domain *domain,
							const struct parked *parked),
				      void *context);

/* Oldest first. One that makes no sense is given to visit with its sequence and nothing
 * else, waiting for nobody: cache_take_outbox mends it. */
MUST_CHECK enum err cache_each_outbox(struct cache_txn *txn,
				      enum err (*visit)(void *context,
							const struct outbox_entry *entry),
				      void *context);

/* ---- writing: only in a write transaction ---- */

/* Stores the facts and keeps due true: before is what the record was in this
 * transaction (NULL: there was none). */
MUST_CHECK enum err cache_put_facts(struct cache_txn *txn, const struct domain *domain,
				    const struct facts *before, const struct facts *after);
/* Stores the facts of a domain that comes behind all others, in the order of the
 * bytes of their names: the quick way for many, see store_append. ERR_EXISTS: it
 * does not; nothing is stored. */
MUST_CHECK enum err cache_append_facts(struct cache_txn *txn, const struct domain *domain,
				       const struct facts *facts);
/* As cache_get_facts, for who is about to store more: a record that makes no sense is
 * replaced by facts_lost first, with an event that says so. flags are for that. */
MUST_CHECK enum err cache_take_facts(struct cache_txn *txn, const struct domain *domain,
				     unsigned flags, struct facts *facts);
/* before as for cache_put_facts; NULL also if the record makes no sense. ERR_NOT_FOUND:
 * there was none. */
MUST_CHECK enum err cache_delete_facts(struct cache_txn *txn, const struct domain *domain,
				       const struct facts *before);
/* Sets event->sequence. An event that is already there (an import seen twice:
 * same domain, time and content) is stored once. */
MUST_CHECK enum err cache_add_history(struct cache_txn *txn, const struct domain *domain,
				      struct history_event *event);
/* The same for a change that was made just now, and whose facts are put already: where
 * it is to be told (outbox_is_told), it waits in the outbox for the takers. Where
 * OUTBOX_MAX wait, the oldest is dropped for it, which the commit logs. */
MUST_CHECK enum err cache_add_change(struct cache_txn *txn, const struct domain *domain,
				     struct history_event *event);
/* Replaces the entry of its event's sequence. */
MUST_CHECK enum err cache_put_outbox(struct cache_txn *txn, const struct outbox_entry *entry);
/* As cache_get_outbox; one that makes no sense is made anew from the history, for all
 * takers, or where that has it no more, deleted and ERR_NOT_FOUND; logged. */
MUST_CHECK enum err cache_take_outbox(struct cache_txn *txn, uint32_t sequence,
				      struct outbox_entry *entry);
/* ERR_NOT_FOUND: there was none. */
MUST_CHECK enum err cache_delete_outbox(struct cache_txn *txn, uint32_t sequence);
MUST_CHECK enum err cache_put_taker(struct cache_txn *txn, enum outbox_taker taker,
				    const struct outbox_taker_state *state);
MUST_CHECK enum err cache_put_address(struct cache_txn *txn, const struct address_hash *hash,
				      const struct address_facts *facts);
/* As cache_append_facts. */
MUST_CHECK enum err cache_append_address(struct cache_txn *txn, const struct address_hash *hash,
					 const struct address_facts *facts);
/* As cache_take_facts: of a record that makes no sense it is only known that no
 * verification so far counts. */
MUST_CHECK enum err cache_take_address(struct cache_txn *txn, const struct address_hash *hash,
				       struct address_facts *facts);
/* ERR_NOT_FOUND: there was none. */
MUST_CHECK enum err cache_delete_address(struct cache_txn *txn, const struct address_hash *hash);
/* Exactly one of domain and hash is not NULL. */
MUST_CHECK enum err cache_put_pin(struct cache_txn *txn, const struct domain *domain,
				  const struct address_hash *hash, const struct pin *pin);
/* ERR_NOT_FOUND: there was none. */
MUST_CHECK enum err cache_delete_pin(struct cache_txn *txn, const struct domain *domain,
				     const struct address_hash *hash);
MUST_CHECK enum err cache_put_parked(struct cache_txn *txn, const struct domain *domain,
				     const struct parked *parked);
/* As cache_get_parked; what makes no sense is deleted and logged, and ERR_NOT_FOUND. */
MUST_CHECK enum err cache_take_parked(struct cache_txn *txn, const struct domain *domain,
				      struct parked *parked);
/* ERR_NOT_FOUND: there was none. */
MUST_CHECK enum err cache_delete_parked(struct cache_txn *txn, const struct domain *domain);
MUST_CHECK enum err cache_put_host(struct cache_txn *txn, const char *host,
				   const struct host_record *known);

/* ---- forgetting ---- */

/* What was known of a domain before it was removed. */
struct cache_removed {
	bool had_facts;
	bool facts_damaged;
	struct facts facts; /* if neither missing nor damaged */
	uint64_t events;
	bool had_pin;
	bool had_parked;
};

/* Removes the domain's facts, history, pin and what is held back of it. Its addresses
 * stay: from a hash nobody can tell its domain. */
MUST_CHECK enum err cache_remove_domain(struct cache_txn *txn, const struct domain *domain,
					struct cache_removed *removed);
/* Removes the address's record and pin. ERR_NOT_FOUND: there was neither. */
MUST_CHECK enum err cache_remove_address(struct cache_txn *txn, const struct address_hash *hash);

/* What was written while the clock ran ahead. */
struct cache_future {
	int64_t committed_at; /* the last commit then */
	uint64_t domains;
	uint64_t unverified; /* of those: who owned them since when is no longer known */
	uint64_t addresses;
	uint64_t pins;
	uint64_t hosts;
	uint64_t changes; /* that wait in the outbox */
};

/* In one transaction of its own, which no commit that is yet to come forbids: moments
 * after now become now where that is the more careful, and "not known" elsewhere, as
 * facts_forget_future says. Accept pins that were set then end. History stays. */
MUST_CHECK enum err cache_forget_future(struct cache *cache, int64_t now,
					struct cache_future *forgotten, struct why *why);

#endif
