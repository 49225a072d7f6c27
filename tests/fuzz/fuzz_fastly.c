/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the body of a reply of Fastly's, under several HTTP statuses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/fastly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct http_reply *reply, const struct observation *seen)
{
	if (memchr(seen->evidence, '\0', sizeof(seen->evidence)) == NULL ||
	    memchr(seen->error, '\0', sizeof(seen->error)) == NULL)
		abort();
	for (const char *at = seen->evidence; *at != '\0'; at++)
		if (*at < 0x20 || *at > 0x7e)
			abort();
	if ((seen->answer == OBSERVATION_FAILED) != (seen->error[0] != '\0'))
		abort();
	if ((seen->answer == OBSERVATION_OBJECT) != (seen->state != STATE_UNKNOWN))
		abort();
	if (reply->status != 200 && seen->answer != OBSERVATION_FAILED)
		abort();
	if (seen->throttled && seen->answer != OBSERVATION_FAILED)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 302, 401, 403, 404, 429, 503};
	static const char name[] = "lapsed.example";
	const int64_t now = 1795330800; /* 2026-11-22T07:00:00Z */
	struct http_reply reply = {.length = size, .host = "api.example"};
	struct observation seen;
	struct domain domain;
	char *body = malloc(size + 1);

	if (body == NULL || domain_from_text(name, sizeof(name) - 1, &domain) != ERR_OK)
		abort();
	if (size != 0)
		memcpy(body, data, size);
	body[size] = '\0';
	reply.body = body;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		reply.status = statuses[i];
		fastly_observe(&domain, &reply, now, &seen);
		check(&reply, &seen);
		if (fastly_refuses_key(&reply) && seen.answer != OBSERVATION_FAILED)
			abort();
	}
	free(body);
	return 0;
}
