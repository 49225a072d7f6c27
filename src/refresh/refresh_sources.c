/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh: which registry source is asked of a domain, and where. */
#include <string.h>

#include "refresh_work.h"

static bool find_rdap(const struct refresh *refresh, const struct domain *domain,
		      struct refresh_route *route)
{
	struct bootstrap_server server;

	if (refresh->bootstrap == NULL ||
	    bootstrap_find(refresh->bootstrap, domain, &server) != ERR_OK ||
	    rdap_url(server.base, domain, route->url) != ERR_OK)
		return false;
	memcpy(route->host, server.host, sizeof route->host);
	route->trust = server.trust;
	return true;
}

static bool find_fastly(const struct refresh *refresh, const struct domain *domain,
			struct refresh_route *route)
{
	const struct conf *conf = refresh->options.conf;

	return !refresh->fastly_refused &&
	       fastly_url(conf->fastly_url, domain, route->url) == ERR_OK &&
	       http_url_host(route->url, conf->allow_http, route->host, NULL) == ERR_OK;
}

static bool find(const struct refresh *refresh, const struct domain *domain, size_t place,
		 struct refresh_route *route)
{
	route->source = refresh->options.conf->sources[place];
	route->place = place;
	switch (route->source) {
	case SOURCE_RDAP:
		return find_rdap(refresh, domain, route);
	case SOURCE_FASTLY:
		return find_fastly(refresh, domain, route);
	case SOURCE_NONE:
	case SOURCE_DNS:
		break;
	}
	return false;
}

bool refresh_find_next(const struct refresh *refresh, const struct domain *domain, size_t place,
		       struct refresh_route *route)
{
	for (; place < refresh->options.conf->source_count; place++)
		if (find(refresh, domain, place, route))
			return true;
	return false;
}

bool refresh_find_route(const struct refresh *refresh, const struct domain *domain,
			struct refresh_route *route)
{
	return !domain_is_below_private(refresh->options.suffixes, domain) &&
	       refresh_find_next(refresh, domain, 0, route);
}
