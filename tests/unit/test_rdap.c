/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rdap: whole exchanges, and what each comes to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/rdap.h"

static const int64_t now = 1795330800; /* 2026-11-22T07:00:00Z */

static struct domain domain_of(const char *text)
{
	struct domain domain;

	if (domain_from_text(text, strlen(text), &domain) != ERR_OK)
		fail_msg("%s: no domain name", text);
	return domain;
}

static const char *answer_text(enum observation_answer answer)
{
	switch (answer) {
	case OBSERVATION_FAILED:
		return "failed";
	case OBSERVATION_OBJECT:
		return "object";
	case OBSERVATION_NOT_THERE:
		return "not-there";
	case OBSERVATION_NODATA:
		return "no-data";
	}
	return "?";
}

static const char object[] =
	"{\"objectClassName\":\"domain\",\"ldhName\":\"lapsed.example\",\"status\":[\"active\"]}";
static const char free_object[] =
	"{\"objectClassName\":\"domain\",\"ldhName\":\"lapsed.example\",\"status\":[\"free\"]}";

struct exchange {
	const char *what;
	int status;
	const char *body;
	enum rdap_trust trust;
	enum observation_answer answer;
	bool throttled;
	const char *says; /* in the error, or in the evidence */
};

static const struct exchange exchanges[] = {
	{"an object", 200, object, RDAP_AUTHORITATIVE, OBSERVATION_OBJECT, false,
	 "status=[active]"},
	{"an object for dates", 200, object, RDAP_DATES_ONLY, OBSERVATION_OBJECT, false,
	 "status=[active]"},
	{"free", 200, free_object, RDAP_AUTHORITATIVE, OBSERVATION_NOT_THERE, false,
	 "status=[free]"},
	{"free, believed for dates", 200, free_object, RDAP_DATES_ONLY, OBSERVATION_FAILED, false,
	 "dates only"},
	{"404, empty", 404, "", RDAP_AUTHORITATIVE, OBSERVATION_NOT_THERE, false,
	 "HTTP status 404"},
	{"404, JSON", 404, "{\"errorCode\":404,\"title\":\"Not Found\"}", RDAP_AUTHORITATIVE,
	 OBSERVATION_NOT_THERE, false, "HTTP status 404"},
	{"404, HTML", 404, "<html><h1>404 Not Found</h1></html>", RDAP_AUTHORITATIVE,
	 OBSERVATION_NOT_THERE, false, "HTTP status 404"},
	{"404 with terms of use", 404,
	 "{\"errorCode\":404,\"notices\":[{\"title\":\"Terms\",\"description\":[\"Do not exceed "
	 "the rate limit of 10/s\"]}]}",
	 RDAP_AUTHORITATIVE, OBSERVATION_NOT_THERE, false, "HTTP status 404"},
	{"404, name of a quota", 404,
	 "{\"errorCode\":404,\"description\":[\"query-quota.example\"]}", RDAP_AUTHORITATIVE,
	 OBSERVATION_NOT_THERE, false, "HTTP status 404"},
	{"404, believed for dates", 404, "", RDAP_DATES_ONLY, OBSERVATION_FAILED, false,
	 "dates only"},
	{"404 that is a 429", 404, "{\"errorCode\":429}", RDAP_AUTHORITATIVE, OBSERVATION_FAILED,
	 true, "errorCode 429"},
	{"404 that is a 500", 404, "{\"errorCode\":500}", RDAP_AUTHORITATIVE, OBSERVATION_FAILED,
	 false, "errorCode 500"},
	{"404 that speaks of limits", 404, "{\"errorCode\":404,\"title\":\"Rate limit exceeded\"}",
	 RDAP_AUTHORITATIVE, OBSERVATION_FAILED, true, "limits our queries"},
	{"404, HTML that speaks of limits", 404, "<h1>Too Many Requests</h1>", RDAP_AUTHORITATIVE,
	 OBSERVATION_FAILED, true, "limits our queries"},
	{"404 with an object in it", 404, object, RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false,
	 "with an object"},
	{"200, errorCode 404", 200, "{\"errorCode\":404}", RDAP_AUTHORITATIVE,
	 OBSERVATION_FAILED, false, "errorCode 404"},
	{"200, errorCode 429", 200, "{\"errorCode\":429}", RDAP_AUTHORITATIVE, OBSERVATION_FAILED,
	 true, "errorCode 429"},
	{"200, errorCode in words", 200, "{\"errorCode\":\"422\"}", RDAP_AUTHORITATIVE,
	 OBSERVATION_FAILED, true, "errorCode 422"},
	{"200, errorCode 503", 200, "{\"errorCode\":503}", RDAP_AUTHORITATIVE, OBSERVATION_FAILED,
	 false, "errorCode 503"},
	{"200, a notice of limits", 200,
	 "{\"notices\":[{\"title\":\"Quota\",\"description\":[\"You have exceeded your quota\"]}]}",
	 RDAP_AUTHORITATIVE, OBSERVATION_FAILED, true, "notice"},
	{"200, a notice in plain text", 200, "Query limit reached, try later\n", RDAP_AUTHORITATIVE,
	 OBSERVATION_FAILED, true, "limits our queries"},
	{"200, misshapen, with terms", 200,
	 "{\"objectClassName\":\"domain\",\"ldhName\":\"lapsed.example\",\"status\":{},"
	 "\"notices\":[{\"description\":[\"There is a rate limit\"]}]}",
	 RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false, "\"status\" is not an array"},
	{"200, empty", 200, "", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false, "is empty"},
	{"200, HTML", 200, "<html>", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false, "is no JSON"},
	{"200, not an object", 200, "[1]", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false,
	 "not an object"},
	{"200, another name", 200, "{\"objectClassName\":\"domain\",\"ldhName\":\"a.example\"}",
	 RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false, "about another name, a.example"},
	{"204", 204, "", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false, "HTTP status 204"},
	{"206", 206, object, RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false, "HTTP status 206"},
	{"301", 301, "", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false,
	 "redirected to elsewhere.example"},
	{"400", 400, "", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false, "HTTP status 400"},
	{"400 of limits", 400, "{\"errorCode\":400,\"description\":\"too many queries\"}",
	 RDAP_AUTHORITATIVE, OBSERVATION_FAILED, true, "HTTP status 400"},
	{"403, HTML", 403, "<h1>Forbidden</h1>", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, true,
	 "HTTP status 403"},
	{"410", 410, "", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false, "HTTP status 410"},
	{"422", 422, "{\"errorCode\":\"422\"}", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, true,
	 "HTTP status 422"},
	{"429", 429, "", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, true, "HTTP status 429"},
	{"500 that says 404", 500, "{\"errorCode\":404}", RDAP_AUTHORITATIVE, OBSERVATION_FAILED,
	 false, "HTTP status 500"},
	{"503", 503, "busy", RDAP_AUTHORITATIVE, OBSERVATION_FAILED, false, "HTTP status 503"},
};

static void test_exchanges(void **state)
{
	struct domain domain = domain_of("lapsed.example");

	(void)state;
	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		const struct exchange *row = &exchanges[i];
		struct http_reply reply = {
			.status = row->status,
			.body = row->body,
			.length = strlen(row->body),
			.host = "rdap.registry.example",
			.location = "https://elsewhere.example/domain/lapsed.example",
			.retry_after = 17,
		};
		struct observation seen;

		rdap_observe(&domain, &reply, row->trust, NULL, now, &seen);
		if (seen.answer != row->answer || seen.throttled != row->throttled ||
		    strstr(seen.answer == OBSERVATION_FAILED ? seen.error : seen.evidence,
			   row->says) == NULL)
			fail_msg("%s: %s, %sthrottled, \"%s\", \"%s\"", row->what,
				 answer_text(seen.answer), seen.throttled ? "" : "not ", seen.error,
				 seen.evidence);
		assert_string_equal(seen.host, "rdap.registry.example");
		assert_int_equal(seen.source, SOURCE_RDAP);
		assert_int_equal(seen.at, now);
		assert_int_equal(seen.retry_after, seen.answer == OBSERVATION_FAILED ? 17 : 0);
	}
}

static void test_failed_exchange(void **state)
{
	struct domain domain = domain_of("lapsed.example");
	struct http_reply reply = {
		.failure = HTTP_TIMEOUT, .body = "", .why = {"rdap.example: no answer\x1b"}};
	struct observation seen;

	(void)state;
	rdap_observe(&domain, &reply, RDAP_AUTHORITATIVE, NULL, now, &seen);
	assert_int_equal(seen.answer, OBSERVATION_FAILED);
	assert_string_equal(seen.error, "rdap.example: no answer?");
	assert_false(seen.throttled);
}

static void test_url(void **state)
{
	struct domain domain = domain_of("lapsed.example");
	char url[HTTP_URL_MAX] = "untouched";
	char base[HTTP_URL_MAX];

	(void)state;
	assert_int_equal(rdap_url("https://rdap.example/com/v1", &domain, url), ERR_OK);
	assert_string_equal(url, "https://rdap.example/com/v1/domain/lapsed.example");
	memset(base, 'a', sizeof(base));
	base[sizeof(base) - 1] = '\0';
	assert_int_equal(rdap_url(base, &domain, url), ERR_TOO_LONG);
	assert_string_equal(url, "https://rdap.example/com/v1/domain/lapsed.example");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_failed_exchange),
		cmocka_unit_test(test_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
