/* SPDX-License-Identifier: BSD-2-Clause */
/* census: what a cache holds, counted in one pass. */
#include "resetguard/census.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/time.h"

enum { FEW = 4 };

static int compare_hosts(const void *a, const void *b)
{
	return strcmp(((const struct census_host *)a)->name, ((const struct census_host *)b)->name);
}

/* NULL: no memory. */
static struct census_host *host_of(struct census *census, const char *name)
{
	struct census_host key = {.domains = 0};
	struct census_host *host;
	void *node;

	snprintf(key.name, sizeof key.name, "%s", name);
	node = tfind(&key, &census->hosts, compare_hosts);
	if (node != NULL)
		return *(struct census_host **)node;
	host = malloc(sizeof *host);
	if (host == NULL)
		return NULL;
	*host = key;
	if (tsearch(host, &census->hosts, compare_hosts) == NULL) {
		free(host);
		return NULL;
	}
	return host;
}

static void count_due(struct census_due *due, int64_t next_check_at, int64_t now)
{
	if (next_check_at == 0)
		return;
	due->now += next_check_at <= now;
	due->today += next_check_at <= now + TIME_DAY;
	due->week += next_check_at <= now + 7 * TIME_DAY;
}

static void count_failures(struct census *census, const struct facts *facts)
{
	unsigned failures = facts->registry.failures > facts->dns.failures ? facts->registry.failures
									   : facts->dns.failures;

	if (failures == 0)
		return;
	census->failing[failures == 1	  ? CENSUS_FAILED_ONCE
			: failures <= FEW ? CENSUS_FAILED_FEW
					  : CENSUS_FAILED_MANY]++;
}

enum err census_add_check(struct census *census, const char *host, int64_t next_check_at,
			  int64_t now)
{
	struct census_host *counted = host_of(census, host);

	if (counted == NULL)
		return ERR_NO_MEMORY;
	counted->domains++;
	count_due(&counted->due, next_check_at, now);
	return ERR_OK;
}

enum err census_add(struct census *census, const struct facts *facts, enum reason reason,
		    const char *host, int64_t now)
{
	int64_t checked_at = facts_checked_at(facts);
	int64_t next = facts_next_check_at(facts);

	census->domains++;
	census->states[facts->state]++;
	census->reasons[reason]++;
	census->unchecked += checked_at == 0;
	if (checked_at != 0 && (census->oldest_check == 0 || checked_at < census->oldest_check))
		census->oldest_check = checked_at;
	if (next != 0 && next <= now &&
	    (census->longest_overdue == 0 || next < census->longest_overdue))
		census->longest_overdue = next;
	count_due(&census->due, next, now);
	count_failures(census, facts);
	return census_add_check(census, host, facts->registry.next_check_at, now);
}

enum err census_add_held_back(struct census *census, const char *host)
{
	struct census_host *counted = host_of(census, host);

	if (counted == NULL)
		return ERR_NO_MEMORY;
	counted->held_back++;
	census->held_back++;
	return ERR_OK;
}

/* ---- the hosts in order ---- */

struct gathering {
	const struct census_host **hosts;
	size_t count;
};

static void count_node(const void *node, VISIT visit, void *context)
{
	struct gathering *gathering = context;

	if (visit != postorder && visit != leaf)
		return;
	if (gathering->hosts != NULL)
		gathering->hosts[gathering->count] = *(struct census_host *const *)node;
	gathering->count++;
}

static int most_domains_first(const void *a, const void *b)
{
	const struct census_host *left = *(const struct census_host *const *)a;
	const struct census_host *right = *(const struct census_host *const *)b;

	if (left->domains != right->domains)
		return left->domains > right->domains ? -1 : 1;
	return strcmp(left->name, right->name);
}

enum err census_hosts(const struct census *census, const struct census_host ***hosts, size_t *count)
{
	struct gathering gathering = {.hosts = NULL};

	twalk_r(census->hosts, count_node, &gathering);
	gathering.hosts = calloc(gathering.count + 1, sizeof *gathering.hosts);
	if (gathering.hosts == NULL)
		return ERR_NO_MEMORY;
	gathering.count = 0;
	twalk_r(census->hosts, count_node, &gathering);
	qsort(gathering.hosts, gathering.count, sizeof *gathering.hosts, most_domains_first);
	*hosts = gathering.hosts;
	*count = gathering.count;
	return ERR_OK;
}

void census_clear(struct census *census)
{
	tdestroy(census->hosts, free);
	census->hosts = NULL;
}

const char *census_failures_text(enum census_failures failures)
{
	switch (failures) {
	case CENSUS_FAILED_ONCE:
		return "once";
	case CENSUS_FAILED_FEW:
		return "2-4 times";
	case CENSUS_FAILED_MANY:
		return "more often";
	}
	return "?";
}
