/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_sources: whether what a refresh asks can be reached. Everything is asked at the
 * same time, and nothing is stored. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "resetguard/bootstrap.h"
#include "resetguard/dns.h"
#include "resetguard/fastly.h"
#include "resetguard/http.h"
#include "resetguard/time.h"

enum {
	DNS_POLL_MS = 1000,
	BOOTSTRAP_MAX_AGE = 30, /* days */
};

/* Any answer will do, also that there is no such name. */
static const char asked_name[] = "iana.org";

static struct domain asked_domain(void)
{
	struct domain domain = {.length = sizeof asked_name - 1};

	memcpy(domain.name, asked_name, sizeof asked_name);
	return domain;
}

/* Comments out the line that sets the key, if there is one. */
static void leave_out(struct remedy *remedy, const struct doctor *doctor, const char *key)
{
	const char *place = conf_place(doctor->cli->conf, key);

	if (place != NULL)
		(void)remedy_leave_out(remedy, place);
}

/* ---- over HTTP ---- */

static enum err start_fastly(const struct conf *conf, struct http *http, void *tag, struct why *why)
{
	struct domain domain = asked_domain();
	char header[FASTLY_HEADER_MAX];
	const char *headers[] = {header, NULL};
	char url[HTTP_URL_MAX];
	enum err err = fastly_header_read(conf->fastly_key_file, header, why);

	if (err == ERR_OK)
		err = fastly_url(conf->fastly_url, &domain, url);
	if (err == ERR_OK)
		err = http_start(http, url, headers, tag);
	explicit_bzero(header, sizeof header);
	return err;
}

static void judge_reply(struct doctor *doctor, const char *key, const struct http_reply *reply)
{
	const struct conf *conf = doctor->cli->conf;
	const char *url =
		strcmp(key, "rdap_bootstrap") == 0 ? conf->rdap_bootstrap : conf->fastly_url;
	struct remedy remedy = {.length = 0};
	char what[WHY_MAX];

	if (reply->failure == HTTP_DONE && reply->status >= 200 && reply->status < 400) {
		finding_add(&doctor->findings, "sources", LEVEL_OK, NULL, "%s answers", url);
		return;
	}
	if (strcmp(key, "fastly_url") == 0 && fastly_refuses_key(reply)) {
		finding_add(&doctor->findings, "sources", LEVEL_ERROR, NULL,
			    "%s refuses the key in %s: put a good one there", url,
			    conf->fastly_key_file);
		return;
	}
	leave_out(&remedy, doctor, key);
	if (reply->failure == HTTP_DONE)
		snprintf(what, sizeof what, "HTTP status %d", reply->status);
	else
		snprintf(what, sizeof what, "%s", reply->why.text);
	finding_add(&doctor->findings, "sources", LEVEL_ERROR, remedy_text(&remedy),
		    "%s: %s: what is known grows old%s", url, what,
		    remedy.length == 0 ? "" : " (the command goes back to the usual place)");
}

/* Tags are the keys that the URLs are from. */
static void ask_over_http(struct doctor *doctor)
{
	static char bootstrap_key[] = "rdap_bootstrap";
	static char fastly_key[] = "fastly_url";
	const struct conf *conf = doctor->cli->conf;
	const struct http_options options = {
		.allow_http = conf->allow_http,
		.allow_private_addresses = conf->allow_private_addresses,
		.ca_file = conf->ca_file,
		.proxy = conf->proxy,
		.max_reply = BOOTSTRAP_BYTES_MAX,
		.timeout_ms = conf->timeout * 1000,
		.jobs = 2,
	};
	struct http *http = NULL;
	struct http_reply reply;
	struct why why = {""};
	enum err err = http_open(&options, &http, &why);

	if (err == ERR_OK && conf_has_source(conf, SOURCE_RDAP) && bootstrap_is_url(conf))
		err = http_start(http, conf->rdap_bootstrap, NULL, bootstrap_key);
	if (err == ERR_OK && conf_has_source(conf, SOURCE_FASTLY) && conf->fastly_key_file != NULL)
		err = start_fastly(conf, http, fastly_key, &why);
	if (err != ERR_OK)
		finding_add(&doctor->findings, "sources", LEVEL_ERROR, NULL, "%s",
			    why.text[0] == '\0' ? err_text(err) : why.text);
	while (http != NULL && http_pending(http) > 0 && http_next(http, -1, &reply) == ERR_OK)
		judge_reply(doctor, reply.tag, &reply);
	http_close(http);
}

/* ---- the DNS ---- */

static void judge_dns(struct doctor *doctor, const struct observation *observation)
{
	const char *resolver = doctor->cli->conf->resolver;
	struct remedy remedy = {.length = 0};

	if (observation->answer != OBSERVATION_FAILED) {
		finding_add(&doctor->findings, "resolver", LEVEL_OK, NULL, "%s answers",
			    resolver == NULL ? "the system's" : resolver);
		return;
	}
	if (resolver != NULL)
		leave_out(&remedy, doctor, "resolver");
	else
		remedy_words(&remedy, (const char *[]){"cat", "/etc/resolv.conf", NULL});
	finding_add(&doctor->findings, "resolver", LEVEL_ERROR, remedy_text(&remedy),
		    "%s: %s: no domain can be checked in the DNS%s",
		    resolver == NULL ? "the system's" : resolver, observation->error,
		    resolver == NULL ? "" : " (the command goes back to the system's)");
}

static void ask_dns(struct doctor *doctor)
{
	struct domain domain = asked_domain();
	struct observation observation;
	struct dns *dns = NULL;
	struct why why = {""};
	void *tag;
	enum err err = dns_open(doctor->cli->conf, &dns, &why);

	if (err == ERR_OK)
		err = dns_start(dns, &domain, NULL, time_monotonic_ms());
	while (err == ERR_OK) {
		struct pollfd polled = {.fd = dns_descriptor(dns), .events = POLLIN};

		err = dns_next(dns, doctor->cli->now, time_monotonic_ms(), &tag, &observation);
		if (err == ERR_OK)
			break;
		if (err == ERR_NOT_FOUND) {
			(void)poll(&polled, 1, DNS_POLL_MS);
			err = ERR_OK;
		}
	}
	if (err == ERR_OK)
		judge_dns(doctor, &observation);
	else
		finding_add(&doctor->findings, "resolver", LEVEL_ERROR, NULL, "%s",
			    why.text[0] == '\0' ? err_text(err) : why.text);
	dns_close(dns);
}

/* ---- the kept copy of the bootstrap document ---- */

/* It is fetched by whatever asks a registry: nothing but a question brings a new one. */
static void check_bootstrap(struct doctor *doctor)
{
	const struct conf *conf = doctor->cli->conf;
	struct bootstrap *bootstrap = NULL;
	struct remedy remedy = {.length = 0};
	struct why why = {""};
	int64_t fetched_at = 0;
	int64_t age;
	bool is_there =
		bootstrap_load(conf, NULL, doctor->cli->now, &bootstrap, &why) == ERR_OK;

	bootstrap_free(bootstrap);
	if (!is_there && !bootstrap_is_url(conf)) {
		leave_out(&remedy, doctor, "rdap_bootstrap");
		finding_add(
			&doctor->findings, "bootstrap", LEVEL_ERROR, remedy_text(&remedy),
			"%s: no registry's server is known (the command goes back to IANA's list)",
			why.text);
		return;
	}
	if (!bootstrap_is_url(conf)) {
		finding_add(&doctor->findings, "bootstrap", LEVEL_OK, NULL, "%s",
			    conf->rdap_bootstrap);
		return;
	}
	if (doctor->some_domain.length > 0) {
		doctor_add_self(&remedy, doctor, "refresh");
		remedy_word(&remedy, doctor->some_domain.name);
	}
	if (!is_there || bootstrap_fetched_at(conf, &fetched_at) != ERR_OK) {
		finding_add(&doctor->findings, "bootstrap",
			    remedy.length == 0 ? LEVEL_NOTE : LEVEL_WARNING, remedy_text(&remedy),
			    "%s; the first look-up fetches it", why.text);
		return;
	}
	age = doctor_days(fetched_at, doctor->cli->now);
	if (age > BOOTSTRAP_MAX_AGE)
		finding_add(&doctor->findings, "bootstrap", LEVEL_WARNING, remedy_text(&remedy),
			    "%s was fetched %" PRId64 " days ago; registries move their servers",
			    conf->rdap_bootstrap, age);
	else
		finding_add(&doctor->findings, "bootstrap", LEVEL_OK, NULL,
			    "fetched %" PRId64 " days ago", age);
}

void doctor_sources(struct doctor *doctor)
{
	if (conf_has_source(doctor->cli->conf, SOURCE_RDAP))
		check_bootstrap(doctor);
	ask_over_http(doctor);
	if (conf_has_source(doctor->cli->conf, SOURCE_DNS))
		ask_dns(doctor);
}
