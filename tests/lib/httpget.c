/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * httpget - what the updater's HTTP client says of URLs.
 *
 *	httpget [-a] [-h] [-b] [-c CA-FILE] [-p PROXY] [-m MAX] [-t MS] [-j JOBS] [-n TIMES] URL...
 *
 * -a allows private addresses, -h http, -b prints bodies too; each URL is asked
 * for TIMES times. A line for each reply, in the order of their end; with -n above
 * 1 a line for each different one, after the number of times it came.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resetguard/http.h"

enum { LINE_MAX_BYTES = 4096, KINDS_MAX = 64 };

struct kind {
	unsigned count;
	char line[LINE_MAX_BYTES];
};

static struct kind kinds[KINDS_MAX];

static void die(const char *what)
{
	fprintf(stderr, "httpget: %s\n", what);
	exit(EXIT_FAILURE);
}

static void count_line(const char *line)
{
	for (size_t i = 0; i < KINDS_MAX; i++) {
		if (kinds[i].count == 0)
			strcpy(kinds[i].line, line);
		if (strcmp(kinds[i].line, line) == 0) {
			kinds[i].count++;
			return;
		}
	}
	die("too many different replies");
}

static void describe(const struct http_reply *reply, char line[LINE_MAX_BYTES])
{
	snprintf(line, LINE_MAX_BYTES,
		 "%s | status=%d length=%zu host=%s type=%s location=%s etag=%s fresh=%lld "
		 "retry=%lld "
		 "| %s",
		 http_failure_text(reply->failure), reply->status, reply->length, reply->host,
		 reply->content_type, reply->location, reply->etag, (long long)reply->expires_in,
		 (long long)reply->retry_after, reply->why.text);
}

int main(int argc, char **argv)
{
	static const char *const headers[] = {"Accept: application/rdap+json, application/json",
					      NULL};
	struct http_options options = {.max_reply = 1 << 20, .timeout_ms = 10000, .jobs = 32};
	unsigned long times = 1;
	bool bodies = false;
	struct http *http;
	struct http_reply reply;
	struct why why;
	int option;

	while ((option = getopt(argc, argv, "ahbc:p:m:t:j:n:")) != -1) {
		switch (option) {
		case 'a':
			options.allow_private_addresses = true;
			break;
		case 'h':
			options.allow_http = true;
			break;
		case 'b':
			bodies = true;
			break;
		case 'c':
			options.ca_file = optarg;
			break;
		case 'p':
			options.proxy = optarg;
			break;
		case 'm':
			options.max_reply = strtoul(optarg, NULL, 10);
			break;
		case 't':
			options.timeout_ms = strtol(optarg, NULL, 10);
			break;
		case 'j':
			options.jobs = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			times = strtoul(optarg, NULL, 10);
			break;
		default:
			return EXIT_FAILURE;
		}
	}
	if (http_open(&options, &http, &why) != ERR_OK)
		die(why.text);
	for (unsigned long n = 0; n < times; n++)
		for (int i = optind; i < argc; i++)
			if (http_start(http, argv[i], headers, argv[i]) != ERR_OK)
				die("cannot start");
	while (http_pending(http) > 0) {
		char line[LINE_MAX_BYTES];

		if (http_next(http, -1, &reply) != ERR_OK)
			die("nothing ended");
		describe(&reply, line);
		if (times == 1)
			puts(line);
		else
			count_line(line);
		if (bodies)
			fwrite(reply.body, 1, reply.length, stdout);
	}
	for (size_t i = 0; i < KINDS_MAX && kinds[i].count > 0; i++)
		printf("%u %s\n", kinds[i].count, kinds[i].line);
	http_close(http);
	return EXIT_SUCCESS;
}
