/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rdap: what a whole exchange means. HTTP's status, an error object, a notice
 * and the domain object each have a say.
 */
#include "resetguard/rdap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resetguard/json.h"
#include "resetguard/rdap_object.h"

enum {
	NOTICE_BYTES_MAX = 4096, /* how much of a body that is no JSON is searched */
};

enum err rdap_url(const char *base, const struct domain *domain, char url[HTTP_URL_MAX])
{
	char made[HTTP_URL_MAX];
	int length = snprintf(made, sizeof(made), "%s/domain/%s", base, domain->name);

	if (length < 0 || (size_t)length >= sizeof(made))
		return ERR_TOO_LONG;
	memcpy(url, made, (size_t)length + 1);
	return ERR_OK;
}

/* ----------------------------------------------------------- errors, throttling */

/* errorCode is a number, or a string in some servers' hands. 0: none. */
static int error_code(const struct json *object)
{
	const struct json *member = json_member(object, "errorCode");
	const char *text = json_as_string(member);
	int64_t code = 0;

	if (text != NULL)
		code = strtoll(text, NULL, 10);
	else
		(void)json_as_integer(member, &code);
	return code > 0 && code < 1000 ? (int)code : 0;
}

/* Each phrase has a blank in it: the name asked for, which an error may repeat,
 * has none. */
static bool speaks_of_limits(const char *text, size_t length)
{
	static const char *const phrases[] = {
		"rate limit",	 "too many requests", "too many queries", "limit exceeded",
		"limit reached", "query limit",	      "quota exceeded",	  "query quota",
		"exceeded the ", "exceeded your ",    "been exceeded",	  "excessive querying",
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		size_t wanted = strlen(phrases[i]);

		for (size_t at = 0; at + wanted <= length; at++)
			if (strncasecmp(text + at, phrases[i], wanted) == 0)
				return true;
	}
	return false;
}

static bool member_speaks_of_limits(const struct json *object, const char *name)
{
	const struct json *member = json_member(object, name);
	const char *text = json_as_string(member);
	bool found = text != NULL && speaks_of_limits(text, strlen(text));

	for (size_t i = 0; !found && json_is_array(member) && i < json_length(member); i++) {
		text = json_as_string(json_element(member, i));
		found = text != NULL && speaks_of_limits(text, strlen(text));
	}
	return found;
}

/* Of an error object: its own words. Notices are left out, where terms of use
 * speak of limits to everyone. */
static bool error_speaks_of_limits(const struct json *object)
{
	return member_speaks_of_limits(object, "title") ||
	       member_speaks_of_limits(object, "description");
}

static bool notices_speak_of_limits(const struct json *object)
{
	const struct json *notices = json_member(object, "notices");

	for (size_t i = 0; json_is_array(notices) && i < json_length(notices); i++)
		if (error_speaks_of_limits(json_element(notices, i)))
			return true;
	return false;
}

/* HTTP's status or an error object's code. */
static bool code_speaks_of_limits(int code)
{
	return code == 403 || code == 422 || code == 429;
}

/* ------------------------------------------------------------- whole exchanges */

static void failed(struct observation *observation, const char *format, ...) PRINTF_LIKE(2, 3);
static void failed(struct observation *observation, const char *format, ...)
{
	va_list arguments;

	observation->answer = OBSERVATION_FAILED;
	va_start(arguments, format);
	(void)vsnprintf(observation->error, sizeof(observation->error), format, arguments);
	va_end(arguments);
	for (char *at = observation->error; *at != '\0'; at++)
		if (*at < 0x20 || *at > 0x7e)
			*at = '?';
}

static void throttled(struct observation *observation, const char *host, const char *how)
{
	failed(observation, "%s limits our queries: %s", host, how);
	observation->throttled = true;
}

static void not_there(struct observation *observation, const struct http_reply *reply,
		      enum rdap_trust trust, const char *how)
{
	if (trust == RDAP_AUTHORITATIVE) {
		observation->answer = OBSERVATION_NOT_THERE;
		snprintf(observation->evidence, sizeof(observation->evidence), "%s", how);
	} else {
		failed(observation, "%s says it is not there (%s), but is believed for dates only",
		       reply->host, how);
	}
}

/* A status other than 200, and what the body, if it is an error object, adds. */
static void observe_error(const struct http_reply *reply, const struct json *body,
			  enum rdap_trust trust, struct observation *observation)
{
	int code = error_code(body);
	bool limited = body != NULL ? error_speaks_of_limits(body)
				    : speaks_of_limits(reply->body, reply->length < NOTICE_BYTES_MAX
									    ? reply->length
									    : NOTICE_BYTES_MAX);
	char how[80];

	if (code != 0 && code != reply->status)
		snprintf(how, sizeof(how), "HTTP status %d, errorCode %d", reply->status, code);
	else
		snprintf(how, sizeof(how), "HTTP status %d", reply->status);
	if (limited || code_speaks_of_limits(reply->status) || code_speaks_of_limits(code)) {
		throttled(observation, reply->host, how);
		return;
	}
	/* 404 is an answer however its body looks, unless that says otherwise. */
	if (reply->status == 404 && json_member(body, "objectClassName") != NULL)
		failed(observation, "%s: HTTP status 404 with an object", reply->host);
	else if (reply->status == 404 && (code == 0 || code == 404))
		not_there(observation, reply, trust, how);
	else
		failed(observation, "%s: %s", reply->host, how);
}

/* A 200 that is an error object, a notice, or no JSON at all. Only HTTP's own status
 * says that there is no such domain: a 200 with errorCode 404 contradicts itself. */
static void observe_no_object(const struct http_reply *reply, const struct json *body,
			      const struct why *why, struct observation *observation)
{
	int code = error_code(body);
	size_t length = reply->length < NOTICE_BYTES_MAX ? reply->length : NOTICE_BYTES_MAX;
	char how[80];

	snprintf(how, sizeof(how), "HTTP status 200, errorCode %d", code);
	if (body == NULL && speaks_of_limits(reply->body, length))
		throttled(observation, reply->host, "a notice that is no JSON");
	else if (code_speaks_of_limits(code) || error_speaks_of_limits(body))
		throttled(observation, reply->host, how);
	else if (code != 0)
		failed(observation, "%s: %s", reply->host, how);
	else if (json_member(body, "objectClassName") == NULL && notices_speak_of_limits(body))
		throttled(observation, reply->host, "a notice in place of the object");
	else
		failed(observation, "%s: reply %s", reply->host, why->text);
}

static void observe_ok(const struct domain *domain, const struct http_reply *reply,
		       const struct json *body, enum rdap_trust trust,
		       const struct rdap_parking *parking, int64_t now, struct why *why,
		       struct observation *observation)
{
	struct observation seen;

	if (body == NULL || error_code(body) != 0 ||
	    rdap_object_read(body, domain, parking, now, &seen, why) != ERR_OK) {
		observe_no_object(reply, body, why, observation);
		return;
	}
	memcpy(seen.host, observation->host, sizeof(seen.host));
	if (seen.answer == OBSERVATION_NOT_THERE && trust == RDAP_DATES_ONLY)
		not_there(observation, reply, trust, "status free");
	else
		*observation = seen;
}

static void observe_redirect(const struct http_reply *reply, struct observation *observation)
{
	char host[DOMAIN_MAX + 1];

	if (http_url_host(reply->location, true, host, NULL) == ERR_OK)
		failed(observation, "%s: redirected to %.100s", reply->host, host);
	else
		failed(observation, "%s: redirected (%d) without a place to go to", reply->host,
		       reply->status);
}

void rdap_observe(const struct domain *domain, const struct http_reply *reply,
		  enum rdap_trust trust, const struct rdap_parking *parking, int64_t now,
		  struct observation *observation)
{
	struct json *document = NULL;
	const struct json *body = NULL;
	struct why why = {""};

	memset(observation, 0, sizeof(*observation));
	observation->source = SOURCE_RDAP;
	observation->at = now;
	observation->answer = OBSERVATION_FAILED;
	snprintf(observation->host, sizeof(observation->host), "%s", reply->host);

	if (reply->failure != HTTP_DONE) {
		failed(observation, "%s",
		       reply->why.text[0] != '\0' ? reply->why.text
						  : http_failure_text(reply->failure));
		return;
	}
	if (json_parse(reply->body, reply->length, &document, &why) == ERR_OK) {
		if (json_is_object(document))
			body = document;
		else
			(void)err_why(ERR_DATA, &why, "is JSON, but not an object");
	}
	if (reply->status == 200)
		observe_ok(domain, reply, body, trust, parking, now, &why, observation);
	else if (reply->status >= 300 && reply->status < 400)
		observe_redirect(reply, observation);
	else
		observe_error(reply, body, trust, observation);
	if (observation->answer == OBSERVATION_FAILED)
		observation->retry_after = reply->retry_after;
	json_free(document);
}

enum err rdap_parse(const char *body, size_t length, const struct domain *domain,
		    const struct rdap_parking *parking, int64_t now,
		    struct observation *observation, struct why *why)
{
	struct json *document;
	enum err err = json_parse(body, length, &document, why);

	if (err != ERR_OK)
		return err;
	if (error_code(document) != 0)
		err = err_why(ERR_DATA, why, "is an error object, errorCode %d",
			      error_code(document));
	else
		err = rdap_object_read(document, domain, parking, now, observation, why);
	json_free(document);
	return err;
}
