/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootstrap: which RDAP server answers for a domain (RFC 9224).
 *
 * IANA's document of services, from a URL (kept in cache_dir/bootstrap.json for as
 * long as its HTTP headers say, at least a day; an older copy serves when the
 * fetch fails) or from a local file, with the operator's rdap_server lines before it.
 *
 * The kept copy is a line of JSON with url, fetched_at, fresh_until and etag, and
 * the document as it was fetched: one file, so that the two never part.
 */
#ifndef RESETGUARD_BOOTSTRAP_H
#define RESETGUARD_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resetguard/conf.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/http.h"
#include "resetguard/rdap.h"

enum {
	BOOTSTRAP_BYTES_MAX = 4 * 1024 * 1024, /* IANA's is 50 kB */
	BOOTSTRAP_SERVICES_MAX = 20000,
	BOOTSTRAP_FRESH_MIN = 86400,
	BOOTSTRAP_REDIRECTS_MAX = 3,
};

/* Beside cache_dir's other files. */
#define BOOTSTRAP_FILE "bootstrap.json"

struct bootstrap; /* read-only once made */

struct bootstrap_server {
	char base[RDAP_BASE_MAX]; /* without the trailing slash */
	char host[DOMAIN_MAX + 1];
	enum rdap_trust trust;
};

/* Pure: the document's bytes. http URLs are passed over unless allow_http. An
 * entry that cannot be read is passed over; a document without any that can is
 * ERR_DATA. An rdap_server line that cannot be read is ERR_CONFIG. */
MUST_CHECK enum err bootstrap_parse(const char *text, size_t length, const struct conf *conf,
				    struct bootstrap **bootstrap, struct why *why);

/* From where conf says, by http, looking after the kept copy. now: for its age.
 * Nothing else may be under way in http. http NULL: nobody is asked, a copy of any
 * age serves, and without one it is ERR_NOT_FOUND. Where it succeeds although something
 * went wrong (an older copy serves, the copy cannot be kept), why says what;
 * else why is "". */
MUST_CHECK enum err bootstrap_load(const struct conf *conf, struct http *http, int64_t now,
				   struct bootstrap **bootstrap, struct why *why);
/* When the kept copy was fetched. ERR_NOT_FOUND: there is none of what conf names. */
MUST_CHECK enum err bootstrap_fetched_at(const struct conf *conf, int64_t *fetched_at);
/* Whether conf names a URL, not a file. */
bool bootstrap_is_url(const struct conf *conf);
void bootstrap_free(struct bootstrap *bootstrap);

/* Label-wise longest match; the operator's lines first; https preferred.
 * ERR_NOT_FOUND: no server is known for this domain. The entry for the root, if
 * there is one, is about top-level domains and does not count. */
MUST_CHECK enum err bootstrap_find(const struct bootstrap *bootstrap, const struct domain *domain,
				   struct bootstrap_server *server);

#endif
