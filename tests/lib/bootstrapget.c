/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootstrapget - loads the RDAP bootstrap as the updater does and says which server
 * answers for each name.
 *
 *	bootstrapget CACHE-DIR CA-FILE URL-OR-FILE [NAME]...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/bootstrap.h"
#include "resetguard/time.h"

int main(int argc, char **argv)
{
	struct http_options options = {.allow_private_addresses = true,
				       .max_reply = 1 << 20,
				       .timeout_ms = 5000,
				       .jobs = 1};
	struct conf conf = {0};
	struct http *http;
	struct bootstrap *bootstrap;
	struct why why = {""};
	enum err err;

	if (argc < 4) {
		fputs("usage: bootstrapget CACHE-DIR CA-FILE URL-OR-FILE [NAME]...\n", stderr);
		return EXIT_FAILURE;
	}
	conf.cache_dir = argv[1];
	options.ca_file = argv[2];
	conf.rdap_bootstrap = argv[3];
	err = http_open(&options, &http, &why);
	if (err != ERR_OK) {
		fprintf(stderr, "bootstrapget: %s\n", why.text);
		return EXIT_FAILURE;
	}
	err = bootstrap_load(&conf, http, time_now(), &bootstrap, &why);
	printf("%s%s%s\n", err == ERR_OK ? "loaded" : "failed", why.text[0] != '\0' ? " | " : "",
	       why.text);
	for (int i = 4; err == ERR_OK && i < argc; i++) {
		struct bootstrap_server server = {.base = "none"};
		struct domain domain;

		if (domain_from_text(argv[i], strlen(argv[i]), &domain) == ERR_OK)
			(void)!bootstrap_find(bootstrap, &domain, &server);
		printf("%s %s\n", argv[i], server.base);
	}
	if (err == ERR_OK)
		bootstrap_free(bootstrap);
	http_close(http);
	return EXIT_SUCCESS;
}
