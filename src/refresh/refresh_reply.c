/* SPDX-License-Identifier: BSD-2-Clause */
/* refresh_reply: what a reply of a registry's host means for the run. */
#include "refresh_work.h"
#include "resetguard/log.h"
#include "resetguard/time.h"

enum source refresh_asked(const struct refresh *refresh, const struct ticket *ticket)
{
	return refresh->options.conf->sources[ticket->place];
}

bool refresh_reply_redirects(const struct http_reply *reply)
{
	return reply->failure == HTTP_DONE && reply->location[0] != '\0' &&
	       (reply->status == 301 || reply->status == 302 || reply->status == 303 ||
		reply->status == 307 || reply->status == 308);
}

bool refresh_reply_clock_agrees(struct refresh *refresh, const struct http_reply *reply)
{
	int64_t now = refresh->clock();

	if (reply->failure != HTTP_DONE || reply->date == 0)
		return true;
	if (reply->date > now + TIME_DAY || reply->date < now - TIME_DAY)
		return false;
	refresh->clock_confirmed = true;
	return true;
}

void refresh_reply_limit(struct refresh *refresh, struct refresh_host *host,
			 const struct observation *observation)
{
	enum host_answer answer = HOST_ANSWERED;

	if (observation->throttled)
		answer = HOST_THROTTLED;
	else if (observation->answer == OBSERVATION_FAILED)
		answer = HOST_FAILED;
	host_limit_ended(&host->limit, answer, observation->retry_after * 1000,
			 &refresh->options.conf->host_rate, time_monotonic_ms());
}

void refresh_reply_observe(struct refresh *refresh, const struct ticket *ticket,
			   const struct http_reply *reply, struct observation *observation)
{
	const struct domain domain = ticket_domain(ticket);

	if (refresh_asked(refresh, ticket) == SOURCE_RDAP) {
		rdap_observe(&domain, reply, ticket->trust, refresh->parking, refresh->clock(),
			     observation);
		return;
	}
	fastly_observe(&domain, reply, refresh->clock(), observation);
	if (fastly_refuses_key(reply) && !refresh->fastly_refused) {
		refresh->fastly_refused = true;
		log_line(LOG_LEVEL_ERROR,
			 "%s refuses the key: it is not asked again in this run; see "
			 "fastly_key_file",
			 reply->host);
	}
}

enum refresh_cause refresh_reply_cause(const struct http_reply *reply,
				       const struct observation *observation)
{
	switch (reply->failure) {
	case HTTP_DONE:
		break;
	case HTTP_CANNOT_RESOLVE:
		return REFRESH_CAUSE_DNS;
	case HTTP_CANNOT_CONNECT:
		return REFRESH_CAUSE_CONNECT;
	case HTTP_TLS:
		return REFRESH_CAUSE_TLS;
	case HTTP_TIMEOUT:
		return REFRESH_CAUSE_TIMEOUT;
	case HTTP_TOO_LARGE:
	case HTTP_BROKEN_OFF:
		return REFRESH_CAUSE_MALFORMED;
	case HTTP_BAD_URL:
	case HTTP_FORBIDDEN_ADDRESS:
	case HTTP_OTHER:
		return REFRESH_CAUSE_OTHER;
	}
	if (observation->throttled)
		return REFRESH_CAUSE_THROTTLED;
	if (reply->status != 200)
		return REFRESH_CAUSE_STATUS;
	return observation->source == SOURCE_RDAP ? REFRESH_CAUSE_MALFORMED : REFRESH_CAUSE_OTHER;
}
