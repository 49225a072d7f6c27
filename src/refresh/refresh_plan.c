/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh: what a run would ask of whom, without asking. */
#include <string.h>

#include "refresh_work.h"
#include "resetguard/time.h"

struct plan {
	struct refresh *refresh;
	struct cache_txn *txn;
	int64_t now;
	void (*visit)(void *context, const struct refresh_question *question);
	void *context;
};

/* The registry's question, in question; its host outlives it in route. False: no
 * registry serves the domain. */
static bool find_registry(const struct refresh *refresh, const struct domain *domain,
			  struct refresh_route *route, struct refresh_question *question)
{
	if (refresh_find_route(refresh, domain, route)) {
		question->source = route->source;
		question->host = route->host;
		return true;
	}
	/* Whether RDAP serves it will be known with the bootstrap. */
	question->source = SOURCE_RDAP;
	question->host = NULL;
	return refresh->bootstrap == NULL &&
	       conf_has_source(refresh->options.conf, SOURCE_RDAP) &&
	       !domain_is_below_private(refresh->options.suffixes, domain);
}

static enum err plan_domain(const struct plan *plan, const struct domain *domain, bool forced)
{
	const struct refresh *refresh = plan->refresh;
	struct refresh_question question = {.domain = domain, .forced = forced};
	struct refresh_route route;
	struct facts facts = {.state = STATE_UNKNOWN};
	enum err err = cache_get_facts(plan->txn, domain, &facts);
	bool is_new = err == ERR_NOT_FOUND || err_is_damage(err);
	bool served;

	if (err != ERR_OK && !is_new)
		return err;
	if (refresh->dns != NULL) {
		question.source = SOURCE_DNS;
		question.host = refresh->options.conf->resolver;
		question.due_at = facts.dns.next_check_at;
		plan->visit(plan->context, &question);
	}
	served = find_registry(refresh, domain, &route, &question);
	question.due_at = facts.registry.next_check_at;
	if (served && (forced || is_new || refresh->dns == NULL || question.due_at <= plan->now)) {
		plan->visit(plan->context, &question);
	} else if (!served && refresh->dns == NULL) {
		question.source = SOURCE_NONE;
		plan->visit(plan->context, &question);
	}
	return ERR_OK;
}

enum err refresh_learn_hosts(struct refresh *refresh, int64_t now, struct why *why)
{
	enum err err = ERR_OK;

	why->text[0] = '\0';
	if (refresh->bootstrap == NULL && conf_has_source(refresh->options.conf, SOURCE_RDAP))
		err = bootstrap_load(refresh->options.conf, NULL, now, &refresh->bootstrap, why);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The record knows already whether it is about a name below a private suffix. */
enum source refresh_registry_host(const struct refresh *refresh, const struct domain *domain,
				  const struct facts *facts, char host[DOMAIN_MAX + 1])
{
	struct refresh_route route;

	host[0] = '\0';
	if ((facts->flags & FACTS_PRIVATE_SUFFIX) != 0 ||
	    !refresh_find_next(refresh, domain, 0, &route))
		return SOURCE_NONE;
	memcpy(host, route.host, sizeof route.host);
	return route.source;
}

enum err refresh_plan(struct refresh *refresh, int64_t now,
		      void (*visit)(void *context, const struct refresh_question *question),
		      void *context, struct why *why)
{
	struct plan plan = {.refresh = refresh, .now = now, .visit = visit, .context = context};
	struct domain domain;
	bool forced;
	enum err err = refresh_learn_hosts(refresh, now, why);

	if (err != ERR_OK)
		return err;
	err = cache_snapshot(refresh->options.cache, time_monotonic_ms(), &plan.txn, why);
	if (err != ERR_OK)
		return err;
	while (err == ERR_OK && refresh_take_name(&refresh->queue, &domain, &forced))
		err = plan_domain(&plan, &domain, forced);
	cache_read_end(plan.txn);
	return err == ERR_OK ? err : err_why(err, why, "%s: %s", domain.name, err_text(err));
}
