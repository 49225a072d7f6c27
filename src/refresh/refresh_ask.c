/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh: domains on their way through the DNS and their registry's server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refresh_work.h"
#include "resetguard/log.h"
#include "resetguard/time.h"

static const char *const rdap_headers[] = {
	"Accept: application/rdap+json, application/json;q=0.9",
	NULL,
};

static unsigned under_way(const struct refresh *refresh)
{
	return http_pending(refresh->http) +
	       (refresh->dns != NULL ? dns_pending(refresh->dns) : 0);
}

bool refresh_is_busy(const struct refresh *refresh)
{
	return refresh->ticket_count > 0 || refresh->queue.taken < refresh->queue.length ||
	       refresh->wanted_queue.taken < refresh->wanted_queue.length;
}

static bool has_waiting(const struct refresh_host *host)
{
	return host->wanted.first != NULL || host->others.first != NULL;
}

bool refresh_is_waiting(const struct refresh *refresh)
{
	const struct refresh_host *host = refresh->hosts;

	while (host != NULL && !has_waiting(host))
		host = host->next;
	return host != NULL || under_way(refresh) > 0;
}

static bool has_slot(const struct refresh *refresh, bool wanted)
{
	unsigned slots = refresh->options.jobs - (wanted ? 0 : refresh->kept_slots);

	return under_way(refresh) < slots;
}

/* Room for one more answer. */
static enum err make_room(struct refresh *refresh, struct why *why)
{
	return refresh->batch_count == REFRESH_BATCH_MAX ? refresh_commit(refresh, why) : ERR_OK;
}

static void fail_at_once(struct refresh *refresh, struct ticket *ticket, enum source source,
			 const char *cause)
{
	struct answer *answer = refresh_new_answer(refresh, ticket, source);

	answer->observation.answer = OBSERVATION_FAILED;
	snprintf(answer->observation.error, sizeof answer->observation.error, "%s", cause);
}

/* ---- hosts ---- */

int64_t refresh_host_rest_ms(const struct refresh *refresh, const struct refresh_host *host)
{
	int64_t rest_ms = host->limit.rests_until_ms - time_monotonic_ms();

	return rest_ms > refresh->options.conf->timeout * 1000 ? rest_ms : 0;
}

/* Whether the next one to be asked of the host is one that somebody waits for. */
static bool wanted_is_next(const struct refresh_host *host)
{
	return host->wanted.first != NULL && (host->others.first == NULL || !host->others_turn);
}

static struct ticket *take_next(struct refresh_host *host)
{
	bool wanted = wanted_is_next(host);
	struct ticket_line *line = wanted ? &host->wanted : &host->others;
	struct ticket *ticket = line->first;

	host->others_turn = wanted;
	line->first = ticket->next;
	if (line->first == NULL)
		line->last = NULL;
	ticket->next = NULL;
	return ticket;
}

static enum err wait_at(struct refresh *refresh, struct ticket *ticket, const char *host_name)
{
	struct refresh_host *host = refresh_find_host(refresh, host_name);
	struct ticket_line *line;

	if (host == NULL)
		return ERR_NO_MEMORY;
	ticket->host = host;
	line = ticket->wanted ? &host->wanted : &host->others;
	if (line->last != NULL)
		line->last->next = ticket;
	else
		line->first = ticket;
	line->last = ticket;
	return ERR_OK;
}

/* ---- the registry ---- */

/* Waits at the first source, from that place in `sources` on, that serves the
 * domain. ERR_NOT_FOUND: none does. */
static enum err wait_for_source(struct refresh *refresh, struct ticket *ticket, size_t place)
{
	const struct domain domain = ticket_domain(ticket);
	struct refresh_route route;
	enum err err;

	if (!refresh_find_next(refresh, &domain, place, &route))
		return ERR_NOT_FOUND;
	err = wait_at(refresh, ticket, route.host);
	if (err != ERR_OK)
		return err;
	free(ticket->url);
	ticket->url = NULL;
	ticket->redirects = 0;
	ticket->place = route.place;
	ticket->trust = route.trust;
	return ERR_OK;
}

/* The source could not tell: the next one may. False: there is none, or no memory. */
static bool ask_the_next(struct refresh *refresh, struct ticket *ticket, const char *cause)
{
	char causes[OBSERVATION_ERROR_MAX + 1];

	if (wait_for_source(refresh, ticket, ticket->place + 1) != ERR_OK)
		return false;
	if (ticket->earlier == NULL)
		snprintf(causes, sizeof causes, "%s", cause);
	else
		snprintf(causes, sizeof causes, "%.95s; %.95s", ticket->earlier, cause);
	free(ticket->earlier);
	ticket->earlier = strdup(causes);
	return true;
}

/* What is told in the end: why each source failed. */
static void add_earlier(const struct ticket *ticket, char cause[OBSERVATION_ERROR_MAX + 1])
{
	char last[OBSERVATION_ERROR_MAX + 1];

	if (ticket->earlier == NULL)
		return;
	memcpy(last, cause, sizeof last);
	snprintf(cause, OBSERVATION_ERROR_MAX + 1, "%.95s; %.95s", ticket->earlier, last);
}

static void fail_registry(struct refresh *refresh, struct ticket *ticket, const char *cause)
{
	enum source source = refresh_asked(refresh, ticket);

	if (!ask_the_next(refresh, ticket, cause))
		fail_at_once(refresh, ticket, source, cause);
}

static void ask_registry(struct refresh *refresh, struct ticket *ticket)
{
	const struct domain domain = ticket_domain(ticket);
	const char *const fastly_headers[] = {refresh->fastly_header, NULL};
	bool is_fastly = refresh_asked(refresh, ticket) == SOURCE_FASTLY;
	struct refresh_route route;
	const char *url = ticket->url;
	enum err err;

	if (url == NULL) {
		if (!refresh_find_next(refresh, &domain, ticket->place, &route) ||
		    route.place != ticket->place) {
			fail_registry(refresh, ticket, "it is no longer asked");
			return;
		}
		url = route.url;
	}
	err = http_start(refresh->http, url, is_fastly ? fastly_headers : rdap_headers, ticket);
	if (err == ERR_OK)
		host_limit_started(&ticket->host->limit, time_monotonic_ms());
	else
		fail_registry(refresh, ticket, err_text(err));
}

/* Somebody waits for it: a failure that is stored says when it is asked again, and
 * lets the message go on. */
static void fail_for_now(struct refresh *refresh, struct ticket *ticket, const char *cause,
			 int64_t rest_ms)
{
	struct answer *answer;

	fail_at_once(refresh, ticket, refresh_asked(refresh, ticket), cause);
	answer = &refresh->batch[refresh->batch_count - 1];
	answer->observation.retry_after = rest_ms / 1000;
	answer->cause = REFRESH_CAUSE_THROTTLED;
}

/* A host that asks for more patience than one request has: what waits for it
 * stays due, and the run does not sleep. Their answers of the DNS come first, since
 * a ticket must outlive what is to be committed of it. */
static enum err give_up_on(struct refresh *refresh, struct refresh_host *host, int64_t rest_ms,
			   struct why *why)
{
	char cause[OBSERVATION_ERROR_MAX + 1];
	enum err err = has_waiting(host) ? refresh_commit(refresh, why) : ERR_OK;

	snprintf(cause, sizeof cause,
		 "%.100s limits our queries or does not answer: not asked for another %lld s", host->name,
		 (long long)(rest_ms / 1000));
	while (err == ERR_OK && has_waiting(host)) {
		struct ticket *ticket;

		err = make_room(refresh, why);
		if (err != ERR_OK)
			break;
		ticket = take_next(host);
		if (ask_the_next(refresh, ticket, cause))
			continue;
		if (ticket->wanted)
			fail_for_now(refresh, ticket, cause, rest_ms);
		else
			refresh_give_up(refresh, ticket, cause);
	}
	return err;
}

/* Asks the host as far as it may be asked; *wait_ms: when it may again. */
static enum err ask_host(struct refresh *refresh, struct refresh_host *host, int64_t *wait_ms,
			 struct why *why)
{
	int64_t rest_ms = refresh_host_rest_ms(refresh, host);
	enum err err = ERR_OK;

	if (rest_ms > 0)
		err = give_up_on(refresh, host, rest_ms, why);
	while (err == ERR_OK && has_waiting(host)) {
		int64_t wait = INT64_MAX;

		if (has_slot(refresh, host->wanted.first != NULL))
			wait = host_limit_wait(&host->limit, refresh->options.conf->host_jobs,
					       time_monotonic_ms());
		if (wait > 0) {
			*wait_ms = wait < *wait_ms ? wait : *wait_ms;
			break;
		}
		err = make_room(refresh, why);
		if (err == ERR_OK)
			ask_registry(refresh, take_next(host));
	}
	return err;
}

static enum err ask_hosts(struct refresh *refresh, int64_t *wait_ms, struct why *why)
{
	enum err err = ERR_OK;

	/* The slots go first to those hosts where somebody's answer waits. */
	for (struct refresh_host *host = refresh->hosts; err == ERR_OK && host != NULL;
	     host = host->next) {
		if (host->wanted.first != NULL)
			err = ask_host(refresh, host, wait_ms, why);
	}
	for (struct refresh_host *host = refresh->hosts; err == ERR_OK && host != NULL;
	     host = host->next)
		err = ask_host(refresh, host, wait_ms, why);
	return err;
}

/* Waits at the host that the redirect leads to, under that one's limits. A 404 is
 * believed of the named server only, not of wherever it sends us. A key goes nowhere
 * but where it belongs. */
static bool follow(struct refresh *refresh, struct ticket *ticket, const struct http_reply *reply)
{
	char host[DOMAIN_MAX + 1];
	char *url;

	if (refresh_asked(refresh, ticket) != SOURCE_RDAP || !refresh_reply_redirects(reply) ||
	    ticket->redirects == REFRESH_REDIRECTS_MAX ||
	    http_url_host(reply->location, refresh->options.conf->allow_http, host, NULL) != ERR_OK)
		return false;
	url = strdup(reply->location);
	if (url == NULL || wait_at(refresh, ticket, host) != ERR_OK) {
		free(url);
		return false;
	}
	free(ticket->url);
	ticket->url = url;
	ticket->redirects++;
	ticket->trust = RDAP_DATES_ONLY;
	return true;
}

static enum err take_reply(struct refresh *refresh, const struct http_reply *reply,
			   struct why *why)
{
	struct ticket *ticket = reply->tag;
	struct refresh_host *host = ticket->host;
	struct observation observation;
	struct answer *answer;
	bool agrees = refresh_reply_clock_agrees(refresh, reply);

	if (!agrees && !refresh->clock_confirmed)
		return err_why(ERR_CLOCK, why,
			       "the clock here says %s, %s says %s: nothing is written until they "
			       "agree within a day; set the clock (timedatectl)",
			       time_format(refresh->clock()).text, reply->host,
			       time_format(reply->date).text);
	refresh_reply_observe(refresh, ticket, reply, &observation);
	refresh_reply_limit(refresh, host, &observation);
	if (follow(refresh, ticket, reply))
		return ERR_OK;
	if (!agrees) {
		observation.answer = OBSERVATION_FAILED;
		snprintf(observation.error, sizeof observation.error,
			 "the clock of %.150s is wrong by more than a day", reply->host);
	}
	if (observation.answer == OBSERVATION_FAILED) {
		if (ask_the_next(refresh, ticket, observation.error))
			return ERR_OK;
		add_earlier(ticket, observation.error);
	}
	answer = refresh_new_answer(refresh, ticket, observation.source);
	answer->observation = observation;
	answer->cause = refresh_reply_cause(reply, &observation);
	return ERR_OK;
}

/* ---- the DNS ---- */

static enum dns_state dns_state_of(const struct observation *observation)
{
	switch (observation->answer) {
	case OBSERVATION_FAILED:
		return DNS_STATE_UNKNOWN;
	case OBSERVATION_OBJECT:
		return DNS_STATE_EXISTS;
	case OBSERVATION_NOT_THERE:
		return DNS_STATE_NXDOMAIN;
	case OBSERVATION_NODATA:
		return DNS_STATE_NODATA;
	}
	return DNS_STATE_UNKNOWN;
}

/* A change in the DNS is a reason to ask the registry, due or not. */
static bool shows_change(const struct ticket *ticket, const struct observation *observation)
{
	enum dns_state seen = dns_state_of(observation);

	return seen != DNS_STATE_UNKNOWN && ticket->dns_state != DNS_STATE_UNKNOWN &&
	       seen != ticket->dns_state;
}

static void wait_for_registry(struct refresh *refresh, struct ticket *ticket)
{
	enum err err = wait_for_source(refresh, ticket, 0);

	if (err != ERR_OK)
		fail_at_once(refresh, ticket, SOURCE_RDAP,
			     err == ERR_NOT_FOUND ? "it is no longer asked" : err_text(err));
}

static enum err take_dns_answers(struct refresh *refresh, struct why *why)
{
	for (;;) {
		struct observation observation;
		struct answer *answer;
		struct ticket *ticket;
		void *tag;
		enum err err = make_room(refresh, why);

		if (err != ERR_OK)
			return err;
		err = dns_next(refresh->dns, refresh->clock(), time_monotonic_ms(), &tag,
			       &observation);
		if (err != ERR_OK)
			return err == ERR_NOT_FOUND ? ERR_OK : err;
		ticket = tag;
		answer = refresh_new_answer(refresh, ticket, SOURCE_DNS);
		answer->observation = observation;
		answer->cause = REFRESH_CAUSE_DNS;
		answer->is_last = !ticket->registry_serves ||
				  !(ticket->registry_due || shows_change(ticket, &observation));
		if (!answer->is_last) {
			err = make_room(refresh, why);
			if (err != ERR_OK)
				return err;
			wait_for_registry(refresh, ticket);
		}
	}
}

/* ---- new tickets ---- */

bool refresh_take_name(struct name_queue *queue, struct domain *domain, bool *forced)
{
	const char *name;
	size_t length;

	if (queue->taken == queue->length) {
		queue->taken = queue->length = 0;
		return false;
	}
	name = queue->names + queue->taken + 1;
	*forced = name[-1] == REFRESH_FORCED;
	length = strlen(name);
	memcpy(domain->name, name, length + 1);
	domain->length = (unsigned char)length;
	queue->taken += length + 2;
	return true;
}

static void say_no_source(struct refresh *refresh, struct ticket *ticket,
			  const struct domain *domain)
{
	char cause[OBSERVATION_ERROR_MAX + 1];

	if (domain_is_below_private(refresh->options.suffixes, domain))
		snprintf(cause, sizeof cause, "no registry serves a name below a private suffix, "
					      "and dns is not among the sources");
	else
		snprintf(cause, sizeof cause,
			 "no RDAP server is known for .%.63s (rdap_server names one), and neither "
			 "fastly nor dns is among the sources",
			 domain_tld(domain));
	fail_at_once(refresh, ticket, SOURCE_RDAP, cause);
}

static enum err start_ticket(struct refresh *refresh, const struct domain *domain, bool forced,
			     bool wanted)
{
	struct ticket *ticket;
	enum err err = ticket_new(refresh, domain, &ticket);

	if (err != ERR_OK)
		return err;
	ticket->wanted = wanted;
	refresh->wanted_tickets += wanted;
	err = ticket_read(refresh, ticket, domain, forced);
	if (err != ERR_OK)
		return err;
	if (refresh->dns != NULL) {
		err = dns_start(refresh->dns, domain, ticket, time_monotonic_ms());
		if (err != ERR_OK)
			fail_at_once(refresh, ticket, SOURCE_DNS, err_text(err));
	} else if (ticket->registry_serves) {
		wait_for_registry(refresh, ticket);
	} else {
		say_no_source(refresh, ticket, domain);
	}
	return ERR_OK;
}

static enum err start_from(struct refresh *refresh, struct name_queue *queue, struct why *why)
{
	bool wanted = queue == &refresh->wanted_queue;
	struct domain domain;
	bool forced;
	enum err err = ERR_OK;

	while (err == ERR_OK && has_slot(refresh, wanted) &&
	       (wanted || refresh->ticket_count < (refresh->clock_confirmed
							   ? REFRESH_TICKETS_MAX
							   : REFRESH_UNCONFIRMED_MAX)) &&
	       refresh_take_name(queue, &domain, &forced)) {
		err = make_room(refresh, why);
		if (err == ERR_OK)
			err = start_ticket(refresh, &domain, forced, wanted);
	}
	return err;
}

enum err refresh_ask(struct refresh *refresh, struct why *why)
{
	static const int64_t longest_wait = REFRESH_BATCH_AGE_MS;
	int64_t wait_ms = longest_wait;
	struct http_reply reply;
	enum err err = start_from(refresh, &refresh->wanted_queue, why);

	if (err == ERR_OK)
		err = ask_hosts(refresh, &wait_ms, why);
	if (err == ERR_OK)
		err = start_from(refresh, &refresh->queue, why);
	if (err == ERR_OK && refresh->dns == NULL)
		err = ask_hosts(refresh, &wait_ms, why);
	if (err == ERR_OK && refresh_is_waiting(refresh))
		err = http_next(refresh->http, (int)wait_ms, &reply);
	else if (err == ERR_OK)
		err = ERR_NOT_FOUND;
	if (err == ERR_OK) {
		err = make_room(refresh, why);
		if (err == ERR_OK)
			err = take_reply(refresh, &reply, why);
	} else if (err == ERR_NOT_FOUND) {
		err = ERR_OK;
	}
	if (err == ERR_OK && refresh->dns != NULL)
		err = take_dns_answers(refresh, why);
	return err;
}
