/* SPDX-License-Identifier: BSD-2-Clause */
/* dns: does a domain exist? The only file that knows libunbound. */
#include "resetguard/dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unbound.h>

#include "resetguard/addresses.h"

enum {
	DNS_CLASS_IN = 1,
	DNS_TYPE_NS = 2,
	DNS_RCODE_NOERROR = 0,
	DNS_RCODE_SERVFAIL = 2,
	DNS_RCODE_NXDOMAIN = 3,
	DNS_RCODE_REFUSED = 5,
	DNS_NAME_SERVERS_MAX = 32, /* of one domain that are looked at */
	DNS_LABEL_MAX = 63,
};

/* One query, in the list of those under way or of those that have ended. */
struct query {
	struct dns *dns;
	struct query *next;
	struct query *previous;
	struct domain domain;
	void *tag;
	int async_id;
	int64_t started_ms;
	int failure; /* of libunbound itself; 0: there is a result */
	struct ub_result *result;
};

struct query_list {
	struct query *first;
	struct query *last;
};

struct dns {
	struct ub_ctx *context;
	int64_t timeout_ms;
	struct query_list under_way;
	struct query_list ended;
	unsigned pending;
};

static void list_add(struct query_list *list, struct query *query)
{
	query->next = NULL;
	query->previous = list->last;
	if (list->last != NULL)
		list->last->next = query;
	else
		list->first = query;
	list->last = query;
}

static void list_remove(struct query_list *list, struct query *query)
{
	if (query->previous != NULL)
		query->previous->next = query->next;
	else
		list->first = query->next;
	if (query->next != NULL)
		query->next->previous = query->previous;
	else
		list->last = query->previous;
}

static void free_query(struct query *query)
{
	ub_resolve_free(query->result);
	free(query);
}

static void free_list(struct query_list *list)
{
	while (list->first != NULL) {
		struct query *query = list->first;

		list_remove(list, query);
		free_query(query);
	}
}

/* ---- opening ---- */

static enum err set_option(struct ub_ctx *context, const char *option, const char *value,
			   struct why *why)
{
	int failure = ub_ctx_set_option(context, option, value);

	if (failure == 0)
		return ERR_OK;
	return err_why(ERR_UNAVAILABLE, why, "libunbound: %s %s: %s", option, value,
		       ub_strerror(failure));
}

/* HOST:PORT or [HOST]:PORT as libunbound writes it: HOST@PORT. */
static enum err forward_to(struct ub_ctx *context, const char *resolver, struct why *why)
{
	const char *port = strrchr(resolver, ':');
	const char *host = resolver + (resolver[0] == '[');
	size_t length;
	char address[128];
	int failure;

	if (port == NULL)
		return err_why(ERR_CONFIG, why, "resolver = %s: it takes HOST:PORT", resolver);
	length = (size_t)(port - host) - (resolver[0] == '[' && port > host);
	snprintf(address, sizeof address, "%.*s@%s", (int)length, host, port + 1);
	failure = ub_ctx_set_fwd(context, address);
	if (failure != 0)
		return err_why(ERR_CONFIG, why, "resolver = %s: %s", resolver,
			       ub_strerror(failure));
	return ERR_OK;
}

static enum err set_up(struct ub_ctx *context, const struct conf *conf, struct why *why)
{
	enum err err;
	int failure;

	/* The resolver is often on this machine. */
	err = set_option(context, "do-not-query-localhost:", "no", why);
	/* Two refreshes are further apart than any answer should be believed. */
	if (err == ERR_OK)
		err = set_option(context, "cache-max-ttl:", "60", why);
	if (err == ERR_OK)
		err = set_option(context, "cache-max-negative-ttl:", "60", why);
	if (err == ERR_OK && conf->resolver != NULL)
		err = forward_to(context, conf->resolver, why);
	if (err != ERR_OK)
		return err;
	if (conf->resolver == NULL) {
		failure = ub_ctx_resolvconf(context, NULL);
		if (failure != 0)
			return err_why(ERR_UNAVAILABLE, why, "/etc/resolv.conf: %s",
				       ub_strerror(failure));
	}
	if (conf->dns_trust_anchor != NULL) {
		failure = ub_ctx_add_ta_file(context, conf->dns_trust_anchor);
		if (failure != 0)
			return err_why(ERR_CONFIG, why, "dns_trust_anchor = %s: %s",
				       conf->dns_trust_anchor, ub_strerror(failure));
	}
	/* A thread of its own: a forked process would keep our files open. */
	failure = ub_ctx_async(context, 1);
	if (failure != 0)
		return err_why(ERR_UNAVAILABLE, why, "libunbound: %s", ub_strerror(failure));
	return ERR_OK;
}

enum err dns_open(const struct conf *conf, struct dns **dns, struct why *why)
{
	struct dns *made = calloc(1, sizeof *made);
	enum err err = err_why(ERR_NO_MEMORY, why, "out of memory");

	if (made == NULL)
		return err;
	made->timeout_ms = conf->timeout * 1000;
	made->context = ub_ctx_create();
	if (made->context != NULL)
		err = set_up(made->context, conf, why);
	if (err == ERR_OK)
		*dns = made;
	else
		dns_close(made);
	return err;
}

void dns_close(struct dns *dns)
{
	if (dns == NULL)
		return;
	for (struct query *query = dns->under_way.first; query != NULL; query = query->next)
		(void)ub_cancel(dns->context, query->async_id);
	if (dns->context != NULL)
		ub_ctx_delete(dns->context);
	free_list(&dns->under_way);
	free_list(&dns->ended);
	free(dns);
}

enum err dns_check(const struct conf *conf, struct why *why)
{
	struct ub_result *result = NULL;
	struct dns *dns;
	enum err err = dns_open(conf, &dns, why);
	int failure;

	if (err != ERR_OK)
		return err;
	failure = ub_resolve(dns->context, "localhost", DNS_TYPE_NS, DNS_CLASS_IN, &result);
	ub_resolve_free(result);
	dns_close(dns);
	if (failure != 0)
		return err_why(ERR_CONFIG, why, "dns_trust_anchor = %s: %s",
			       conf->dns_trust_anchor, ub_strerror(failure));
	return ERR_OK;
}

int dns_descriptor(const struct dns *dns)
{
	return ub_fd(dns->context);
}

unsigned dns_pending(const struct dns *dns)
{
	return dns->pending;
}

/* ---- asking ---- */

static void on_end(void *data, int failure, struct ub_result *result)
{
	struct query *query = data;

	query->failure = failure;
	query->result = result;
	list_remove(&query->dns->under_way, query);
	list_add(&query->dns->ended, query);
}

enum err dns_start(struct dns *dns, const struct domain *domain, void *tag, int64_t monotonic_ms)
{
	struct query *query = calloc(1, sizeof *query);
	char name[DOMAIN_MAX + 2];
	int failure;

	if (query == NULL)
		return ERR_NO_MEMORY;
	query->dns = dns;
	query->domain = *domain;
	query->tag = tag;
	query->started_ms = monotonic_ms;
	snprintf(name, sizeof name, "%s.", domain->name);
	list_add(&dns->under_way, query);
	dns->pending++;
	failure = ub_resolve_async(dns->context, name, DNS_TYPE_NS, DNS_CLASS_IN, query, on_end,
				   &query->async_id);
	if (failure != 0)
		on_end(query, failure, NULL);
	return ERR_OK;
}

/* ---- the answer as an observation ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* A name in wire format (RFC 1035 3.1) as lower-case text. False: it is none. */
static bool name_text(const char *wire, int length, char text[DOMAIN_MAX + 1])
{
	size_t used = 0;
	int at = 0;

	while (at < length && wire[at] != 0) {
		int label = (unsigned char)wire[at];

		if (label > DNS_LABEL_MAX || at + 1 + label >= length ||
		    used + (size_t)label + 1 > DOMAIN_MAX)
			return false;
		if (used > 0)
			text[used++] = '.';
		for (int i = 0; i < label; i++) {
			char c = wire[at + 1 + i];

			text[used++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		}
		at += 1 + label;
	}
	text[used] = '\0';
	return used > 0;
}

static uint64_t name_servers_hash(const struct ub_result *result)
{
	char names[DNS_NAME_SERVERS_MAX][DOMAIN_MAX + 1];
	char joined[DNS_NAME_SERVERS_MAX * (DOMAIN_MAX + 1)];
	size_t count = 0;
	size_t length = 0;

	for (int i = 0; result->data[i] != NULL && count < DNS_NAME_SERVERS_MAX; i++) {
		if (name_text(result->data[i], result->len[i], names[count]))
			count++;
	}
	qsort(names, count, sizeof *names, by_text);
	for (size_t i = 0; i < count; i++) {
		size_t name_length = strlen(names[i]);

		memcpy(joined + length, names[i], name_length);
		length += name_length;
		joined[length++] = ' ';
	}
	return addresses_text_hash(joined, length);
}

static const char *rcode_text(int rcode)
{
	if (rcode == DNS_RCODE_SERVFAIL)
		return "SERVFAIL";
	if (rcode == DNS_RCODE_REFUSED)
		return "REFUSED";
	return "an error";
}

static void fail(struct observation *observation, const char *cause, const char *detail)
{
	observation->answer = OBSERVATION_FAILED;
	snprintf(observation->error, sizeof observation->error, "DNS: %.60s%.120s", cause, detail);
}

static void read_result(const struct ub_result *result, struct observation *observation)
{
	const char *proof = result->secure ? " (proven by DNSSEC)" : "";

	if (result->bogus) {
		fail(observation, "bogus: ", result->why_bogus != NULL ? result->why_bogus : "");
	} else if (result->nxdomain || result->rcode == DNS_RCODE_NXDOMAIN) {
		observation->answer = OBSERVATION_NOT_THERE;
		snprintf(observation->evidence, sizeof observation->evidence, "NXDOMAIN%s", proof);
	} else if (result->rcode != DNS_RCODE_NOERROR) {
		fail(observation, rcode_text(result->rcode), "");
	} else if (!result->havedata) {
		observation->answer = OBSERVATION_NODATA;
		snprintf(observation->evidence, sizeof observation->evidence, "NODATA%s", proof);
	} else {
		observation->answer = OBSERVATION_OBJECT;
		observation->ns_hash = name_servers_hash(result);
		snprintf(observation->evidence, sizeof observation->evidence, "exists%s", proof);
	}
}

static void end_overdue(struct dns *dns, int64_t monotonic_ms)
{
	while (dns->under_way.first != NULL &&
	       dns->under_way.first->started_ms + dns->timeout_ms <= monotonic_ms) {
		struct query *query = dns->under_way.first;

		(void)ub_cancel(dns->context, query->async_id);
		on_end(query, UB_NOERROR, NULL);
	}
}

enum err dns_next(struct dns *dns, int64_t now, int64_t monotonic_ms, void **tag,
		  struct observation *observation)
{
	struct query *query;

	(void)ub_process(dns->context);
	end_overdue(dns, monotonic_ms);
	query = dns->ended.first;
	if (query == NULL)
		return ERR_NOT_FOUND;
	list_remove(&dns->ended, query);
	dns->pending--;
	memset(observation, 0, sizeof *observation);
	observation->source = SOURCE_DNS;
	observation->at = now;
	snprintf(observation->host, sizeof observation->host, "the DNS");
	if (query->failure != 0)
		fail(observation, ub_strerror(query->failure), "");
	else if (query->result == NULL)
		fail(observation, "no answer in time", "");
	else
		read_result(query->result, observation);
	*tag = query->tag;
	free_query(query);
	return ERR_OK;
}
