/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the bootstrap document. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/bootstrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void find(const struct bootstrap *bootstrap, const char *name)
{
	struct domain domain;
	struct bootstrap_server server;
	char host[DOMAIN_MAX + 1];

	if (domain_from_text(name, strlen(name), &domain) != ERR_OK)
		abort();
	if (bootstrap_find(bootstrap, &domain, &server) != ERR_OK)
		return;
	/* What is found can be asked. */
	if (server.trust != RDAP_AUTHORITATIVE ||
	    http_url_host(server.base, true, host, NULL) != ERR_OK ||
	    strcmp(host, server.host) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf conf = {.allow_http = true};
	struct bootstrap *bootstrap;
	struct why why = {""};

	if (bootstrap_parse((const char *)data, size, &conf, &bootstrap, &why) != ERR_OK) {
		if (why.text[0] == '\0')
			abort();
		return 0;
	}
	find(bootstrap, "a.co.example");
	find(bootstrap, "example");
	find(bootstrap, "a.xn--p1ai");
	bootstrap_free(bootstrap);
	return 0;
}
