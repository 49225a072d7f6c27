/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refresh_work: what the parts of refresh share: the tickets of domains on their
 * way, the hosts they wait for, and the batch of answers that waits for its commit.
 */
#ifndef RESETGUARD_REFRESH_WORK_H
#define RESETGUARD_REFRESH_WORK_H

#include "resetguard/bootstrap.h"
#include "resetguard/brake.h"
#include "resetguard/dns.h"
#include "resetguard/fastly.h"
#include "resetguard/hosts.h"
#include "resetguard/http.h"
#include "resetguard/lifecycle.h"
#include "resetguard/rdap.h"
#include "resetguard/refresh.h"

enum {
	REFRESH_BATCH_MAX = 1024,    /* answers of one commit */
	REFRESH_BATCH_AGE_MS = 1000, /* the longest an answer waits for its commit */
	REFRESH_REDIRECTS_MAX = 3,
	REFRESH_UNCONFIRMED_MAX = 64, /* tickets before a server confirmed the clock */
	REFRESH_TICKETS_MAX = 100000, /* domains on their way; the others wait as names */
};

/* The names still to be asked, one after another: REFRESH_DUE or REFRESH_FORCED, the
 * name, its terminating zero. A struct domain is fifteen times as large as most. */
enum {
	REFRESH_DUE = 'd',    /* only the checks that are due */
	REFRESH_FORCED = 'f', /* every check, due or not */
};

struct name_queue {
	char *names;
	size_t length;
	size_t size;
	size_t taken;
};

/* False: none is left. */
bool refresh_take_name(struct name_queue *queue, struct domain *domain, bool *forced);

struct ticket;

struct ticket_line {
	struct ticket *first;
	struct ticket *last;
};

/* One server's host: its limit, and the tickets that wait for it. Those that somebody
 * waits for go first, but while both lines wait each has its turn: that leaves at
 * least half of what the host allows to the others. */
struct refresh_host {
	struct refresh_host *next;
	struct host_limit limit;
	struct ticket_line wanted;
	struct ticket_line others;
	bool others_turn;
	struct host_counts counts; /* as of the last commit with an answer of its */
	struct brake_run run;
	uint64_t held_back; /* since the last report */
	bool in_commit;	    /* counts are those of the transaction under way */
	char name[DOMAIN_MAX + 1];
};

/* One domain on its way: DNS first, then its registry. */
struct ticket {
	struct ticket *next; /* in its host's queue */
	struct ticket *newer; /* in the list of all */
	struct ticket *older;
	struct refresh_host *host;
	char *url; /* where a redirect leads; NULL: to the named server */
	char *earlier; /* why the sources before this one failed; NULL: they did not */
	size_t place;  /* in `sources`, of the one that is asked */
	enum rdap_trust trust;
	int64_t checked_at;
	enum state state; /* these and checked_at on file, before this run */
	enum source source;
	enum dns_state dns_state;
	bool registry_serves;
	bool registry_due;
	bool changed; /* by an answer that is committed already */
	bool wanted;  /* somebody waits for the answer */
	unsigned char redirects;
	unsigned char length;
	char name[]; /* the domain */
};

/* One answer that waits for its commit. */
struct answer {
	struct ticket *ticket;
	struct observation observation;
	struct refresh_host *host; /* whose it is; NULL: nobody's. Set in the commit */
	bool is_last; /* of its ticket, which ends with it */
	enum refresh_outcome outcome;
	enum state state;
	enum source source;
	enum refresh_cause cause; /* if it failed */
	int64_t checked_at;	  /* the last good check */
};

struct refresh {
	struct refresh_options options;
	struct http *http;
	struct dns *dns; /* NULL: not among the sources */
	struct bootstrap *bootstrap;
	struct rdap_parking *parking;
	struct lifecycle_table *lifecycles; /* NULL: none configured */
	char fastly_header[FASTLY_HEADER_MAX]; /* secret */
	bool fastly_refused;		       /* the key is no good: not asked again */
	struct name_queue wanted_queue; /* goes first */
	struct name_queue queue;
	unsigned kept_slots; /* of the jobs, for what is wanted */
	unsigned wanted_tickets;
	struct ticket *newest;
	size_t ticket_count;
	struct refresh_host *hosts;
	struct answer *batch;
	size_t batch_count;
	int64_t batch_since_ms;
	/* Some HTTPS answer agreed with our clock: another that does not is wrong itself. */
	bool clock_confirmed;
	int64_t (*clock)(void);
	struct refresh_totals totals;
};

/* The registry source that is to be asked of a domain, and where. */
struct refresh_route {
	enum source source;
	size_t place; /* in `sources` */
	enum rdap_trust trust;
	char host[DOMAIN_MAX + 1];
	char url[HTTP_URL_MAX];
};

/* The first registry source that serves the domain. False: none does. */
bool refresh_find_route(const struct refresh *refresh, const struct domain *domain,
			struct refresh_route *route);
/* The same from that place in `sources` on, of a domain that one serves. */
bool refresh_find_next(const struct refresh *refresh, const struct domain *domain, size_t place,
		       struct refresh_route *route);
/* Queues a domain that somebody waits for; or one whose due checks are to be made. */
MUST_CHECK enum err refresh_add_wanted(struct refresh *refresh, const struct domain *domain);
MUST_CHECK enum err refresh_add_if_due(struct refresh *refresh, const struct domain *domain);

/* Anew; what was loaded before stays if that fails. Nothing may be under way. */
MUST_CHECK enum err refresh_load_bootstrap(struct refresh *refresh, struct why *why);

/* Asks, waits for an event (a second at most), takes, and commits where it is time. */
MUST_CHECK enum err refresh_step(struct refresh *refresh, struct why *why);

/* ERR_NO_MEMORY. */
MUST_CHECK enum err ticket_new(struct refresh *refresh, const struct domain *domain,
			       struct ticket **ticket);
/* What is on file decides which checks are due. */
MUST_CHECK enum err ticket_read(struct refresh *refresh, struct ticket *ticket,
			       const struct domain *domain, bool forced);
void ticket_end(struct refresh *refresh, struct ticket *ticket);
struct domain ticket_domain(const struct ticket *ticket);

/* Takes a place in the batch for an answer of the ticket from source, at the
 * clock's time. The batch has room: it is committed when it is full. */
struct answer *refresh_new_answer(struct refresh *refresh, struct ticket *ticket,
				  enum source source);

bool refresh_batch_is_ripe(const struct refresh *refresh);
/* Stores the batch in one transaction, tells, and ends the tickets that are done. */
MUST_CHECK enum err refresh_commit(struct refresh *refresh, struct why *why);

/* Ends a ticket without storing anything: it stays due. */
void refresh_give_up(struct refresh *refresh, struct ticket *ticket, const char *cause);

/* Starts what there is room for, and takes what has ended. */
MUST_CHECK enum err refresh_ask(struct refresh *refresh, struct why *why);

/* The source that the ticket is at. */
enum source refresh_asked(const struct refresh *refresh, const struct ticket *ticket);

bool refresh_reply_redirects(const struct http_reply *reply);
/* Our clock against the server's: more than a day apart, one of them is wrong. */
bool refresh_reply_clock_agrees(struct refresh *refresh, const struct http_reply *reply);
void refresh_reply_observe(struct refresh *refresh, const struct ticket *ticket,
			   const struct http_reply *reply, struct observation *observation);
/* What the observation teaches of its host's limit. */
void refresh_reply_limit(struct refresh *refresh, struct refresh_host *host,
			 const struct observation *observation);
enum refresh_cause refresh_reply_cause(const struct http_reply *reply,
				       const struct observation *observation);

/* Whether anything is left to do. */
bool refresh_is_busy(const struct refresh *refresh);
/* Whether a host or the DNS is waited for. */
bool refresh_is_waiting(const struct refresh *refresh);

/* The host of that name with its limit as it was learned, in this run or an earlier
 * one. NULL: out of memory. */
struct refresh_host *refresh_find_host(struct refresh *refresh, const char *name);
/* NULL: it was not asked in this run. */
struct refresh_host *refresh_listed_host(const struct refresh *refresh, const char *name);
void refresh_free_hosts(struct refresh_host *hosts);
/* For how long the host may not be asked, where that is longer than one request may
 * take; otherwise 0. */
int64_t refresh_host_rest_ms(const struct refresh *refresh, const struct refresh_host *host);

/* Around the answers of a commit: reads what is remembered of their hosts, and keeps
 * what has become of it. */
MUST_CHECK enum err refresh_brake_begin(struct refresh *refresh, struct cache_txn *txn);
MUST_CHECK enum err refresh_brake_end(struct refresh *refresh, struct cache_txn *txn);
/* brake_decide, with the counts of the answer's host. */
enum brake_decision refresh_brake(struct refresh *refresh, const struct answer *answer,
				  const struct facts *before, const struct apply_rules *apply_rules,
				  const struct apply_result *applied);
/* Keeps what the facts would be. */
MUST_CHECK enum err refresh_park(struct cache_txn *txn, const struct domain *domain,
				 const struct answer *answer, const struct facts *would_be);
/* A loud line for each host with something held back since the last report. */
void refresh_brake_report(struct refresh *refresh);


#endif
