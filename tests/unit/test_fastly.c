/* SPDX-License-Identifier: BSD-2-Clause */
/* test_fastly: statuses, whole exchanges, and the file with the key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "resetguard/fastly.h"

static const int64_t now = 1795330800; /* 2026-11-22T07:00:00Z */

static struct domain domain_of(const char *text)
{
	struct domain domain;

	if (domain_from_text(text, strlen(text), &domain) != ERR_OK)
		fail_msg("%s: no domain name", text);
	return domain;
}

static struct observation observe(int status, const char *body, bool *refused)
{
	const struct domain domain = domain_of("lapsed.example");
	struct http_reply reply = {
		.status = status,
		.body = body,
		.length = strlen(body),
		.host = "api.example",
		.retry_after = status == 429 ? 90 : 0,
	};
	struct observation seen;

	fastly_observe(&domain, &reply, now, &seen);
	assert_int_equal(seen.source, SOURCE_FASTLY);
	assert_int_equal(seen.at, now);
	assert_string_equal(seen.host, "api.example");
	assert_int_equal(seen.answer == OBSERVATION_FAILED, seen.error[0] != '\0');
	if (refused != NULL)
		*refused = fastly_refuses_key(&reply);
	return seen;
}

/* "available", "failed", or the state; with " parked" where it is. */
static const char *meaning_of(const struct observation *seen)
{
	static char text[64];

	switch (seen->answer) {
	case OBSERVATION_FAILED:
	case OBSERVATION_NODATA:
		return "failed";
	case OBSERVATION_NOT_THERE:
		return "available";
	case OBSERVATION_OBJECT:
		break;
	}
	snprintf(text, sizeof text, "%s%s", state_text(seen->state),
		 seen->ns_parked ? " parked" : "");
	return text;
}

static const struct {
	const char *status;
	const char *meaning;
} statuses[] = {
	{"undelegated inactive", "available"},
	{"inactive", "available"},
	{"  inactive  ", "available"},
	{"inactive premium", "available"},
	{"active", "registered"},
	{"undelegated active", "held"},
	{"parked", "registered parked"},
	{"active parked", "registered parked"},
	{"undelegated parked", "held parked"},
	{"marketed", "registered"},
	{"undelegated marketed", "held"},
	{"priced transferable", "registered"},
	{"active marketed priced", "registered"},
	{"active premium", "registered"},
	{"expiring", "redemption"},
	{"active expiring", "redemption"},
	{"expiring marketed", "redemption"},
	{"undelegated expiring", "redemption"},
	{"deleting", "pending-delete"},
	{"expiring deleting", "pending-delete"},
	{"deleting active", "registered"},
	{"unknown", "failed"},
	{"undelegated unknown", "failed"},
	{"unknown active", "failed"},
	{"", "failed"},
	{"undelegated", "failed"},
	{"premium", "failed"},
	{"claimed", "failed"},
	{"undelegated reserved", "failed"},
	{"disallowed", "failed"},
	{"dpml", "failed"},
	{"invalid", "failed"},
	{"suffix", "failed"},
	{"zone", "failed"},
	{"tld", "failed"},
	{"never-heard-of", "failed"},
	{"active never-heard-of", "failed"},
	{"never-heard-of active", "registered"},
	{"Active", "failed"},
	/* These contradict themselves. */
	{"active inactive", "failed"},
	{"inactive marketed", "failed"},
	{"inactive reserved", "failed"},
	{"deleting inactive", "available"},
	{"inactive deleting", "failed"},
};

static void each_status_has_its_meaning(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		char body[256];
		struct observation seen;

		snprintf(body, sizeof body,
			 "{\"domain\":\"lapsed.example\",\"zone\":\"example\",\"status\":\"%s\","
			 "\"tags\":\"generic\"}",
			 statuses[i].status);
		seen = observe(200, body, NULL);
		if (strcmp(meaning_of(&seen), statuses[i].meaning) != 0)
			fail_msg("\"%s\" is %s, not %s", statuses[i].status, meaning_of(&seen),
				 statuses[i].meaning);
		assert_int_equal(seen.registered_at, 0);
		assert_int_equal(seen.expires_at, 0);
		if (seen.answer != OBSERVATION_FAILED)
			assert_non_null(strstr(seen.evidence, "status=["));
	}
}

static const struct {
	const char *what;
	int status;
	const char *body;
	const char *meaning;
	bool throttled;
	bool refused;
	const char *says;
} exchanges[] = {
	{"upper case and a trailing dot", 200,
	 "{\"domain\":\"LAPSED.example.\",\"status\":\"active\"}", "registered", false, false, ""},
	{"another domain", 200, "{\"domain\":\"other.example\",\"status\":\"inactive\"}", "failed",
	 false, false, "another name"},
	{"no domain", 200, "{\"status\":\"inactive\"}", "failed", false, false, "another name"},
	{"a domain that is none", 200, "{\"domain\":7,\"status\":\"inactive\"}", "failed", false,
	 false, "another name"},
	{"no status", 200, "{\"domain\":\"lapsed.example\"}", "failed", false, false, "no status"},
	{"a status of words in a list", 200,
	 "{\"domain\":\"lapsed.example\",\"status\":[\"inactive\"]}", "failed", false, false,
	 "no status"},
	{"an array", 200, "[]", "failed", false, false, "not an object"},
	{"no JSON", 200, "<html>", "failed", false, false, "no JSON"},
	{"nothing", 200, "", "failed", false, false, "empty"},
	{"a problem under 200", 200, "{\"domain\":\"lapsed.example\",\"status\":500}", "failed",
	 false, false, "problem 500"},
	{"a problem that is no number of HTTP's", 200,
	 "{\"domain\":\"lapsed.example\",\"status\":0}", "failed", false, false, "HTTP status 200"},
	{"a refused key under 200", 200, "{\"title\":\"Unauthorized\",\"status\":401}", "failed",
	 false, true, "key is refused"},
	{"a refused key", 401, "{\"title\":\"Unauthorized\",\"status\":401}", "failed", false,
	 true, "key is refused"},
	{"a key without the right", 403, "{\"title\":\"Forbidden\",\"status\":403}", "failed",
	 false, true, "key is refused"},
	{"401 from somebody between", 401, "<html>", "failed", false, false, "HTTP status 401"},
	{"403 from somebody between", 403, "<html>", "failed", true, false, "limits our queries"},
	{"too many questions", 429, "{\"title\":\"Too Many Requests\",\"status\":429}", "failed",
	 true, false, "limits our queries"},
	{"too many, in HTML", 429, "<html>", "failed", true, false, "limits our queries"},
	{"404 is no answer", 404, "{\"title\":\"Not Found\",\"status\":404}", "failed", false,
	 false, "HTTP status 404"},
	{"404 with a good answer in it", 404,
	 "{\"domain\":\"lapsed.example\",\"status\":\"inactive\"}", "failed", false, false,
	 "HTTP status 404"},
	{"a redirect", 302, "", "failed", false, false, "not followed"},
	{"a server's error", 503, "", "failed", false, false, "HTTP status 503"},
};

static void each_exchange_comes_to_something(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
		bool refused;
		struct observation seen = observe(exchanges[i].status, exchanges[i].body, &refused);

		if (strcmp(meaning_of(&seen), exchanges[i].meaning) != 0 ||
		    seen.throttled != exchanges[i].throttled || refused != exchanges[i].refused ||
		    strstr(seen.error, exchanges[i].says) == NULL)
			fail_msg("%s: %s, throttled %d, refused %d: %s", exchanges[i].what,
				 meaning_of(&seen), seen.throttled, refused, seen.error);
		assert_int_equal(seen.retry_after, exchanges[i].status == 429 ? 90 : 0);
	}
}

static void what_did_not_arrive_has_failed(void **unused)
{
	const struct domain domain = domain_of("lapsed.example");
	struct http_reply reply = {.failure = HTTP_TIMEOUT, .host = "api.example"};
	struct observation seen;

	(void)unused;
	fastly_observe(&domain, &reply, now, &seen);
	assert_int_equal(seen.answer, OBSERVATION_FAILED);
	assert_string_equal(seen.error, http_failure_text(HTTP_TIMEOUT));
	assert_false(fastly_refuses_key(&reply));
}

static void urls_are_made(void **unused)
{
	const struct domain domain = domain_of("lapsed.example");
	char base[HTTP_URL_MAX];
	char url[HTTP_URL_MAX] = "untouched";

	(void)unused;
	memset(base, 'a', sizeof base - 1);
	base[sizeof base - 1] = '\0';
	assert_int_equal(fastly_url(base, &domain, url), ERR_TOO_LONG);
	assert_string_equal(url, "untouched");
	assert_int_equal(fastly_url("https://api.example/status", &domain, url), ERR_OK);
	assert_string_equal(url, "https://api.example/status?domain=lapsed.example");
	assert_int_equal(fastly_url("https://api.example/status?v=1", &domain, url), ERR_OK);
	assert_string_equal(url, "https://api.example/status?v=1&domain=lapsed.example");
}

static void the_key_becomes_a_header(void **unused)
{
	char path[] = "/tmp/test_fastly.XXXXXX";
	char header[FASTLY_HEADER_MAX] = "untouched";
	struct why why = {""};
	int descriptor = mkstemp(path);

	(void)unused;
	assert_true(descriptor >= 0);
	assert_int_equal(fastly_header_read(path, header, &why), ERR_CONFIG);
	assert_string_equal(header, "untouched");
	assert_non_null(strstr(why.text, "fastly_key_file: /tmp/test_fastly."));
	assert_int_equal(write(descriptor, "s3cret\n", 7), 7);
	close(descriptor);
	assert_int_equal(fastly_header_read(path, header, &why), ERR_OK);
	assert_string_equal(header, "Fastly-Key: s3cret");
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_status_has_its_meaning),
		cmocka_unit_test(each_exchange_comes_to_something),
		cmocka_unit_test(what_did_not_arrive_has_failed),
		cmocka_unit_test(urls_are_made),
		cmocka_unit_test(the_key_becomes_a_header),
	};

	return cmocka_run_group_tests_name("fastly", tests, NULL, NULL);
}
