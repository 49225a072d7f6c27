/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../milter/canary.h"
#include "resetguard/command.h"
#include "resetguard/json.h"

enum { NOW = 1790000000 };

/* The command hands on what it is told by a FIFO. */
static char directory[] = "/tmp/canary.XXXXXX";
static char command[128];
static int told = -1;
static struct canary *canary;

static int set_up(void **state)
{
	char path[64];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/told", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	told = open(path, O_RDWR | O_CLOEXEC);
	assert_true(told >= 0);
	snprintf(command, sizeof command, "%s/command %s", directory, path);
	snprintf(path, sizeof path, "%s/command", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("#!/bin/sh\nexec cat >\"$1\"\n", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0755), 0);
	return 0;
}

static int tear_down(void **state)
{
	char remove[64];

	(void)state;
	close(told);
	snprintf(remove, sizeof remove, "rm -rf '%s'", directory);
	return system(remove);
}

static int open_one(void **state)
{
	struct why why = {""};

	(void)state;
	return canary_open(&canary, &why) == ERR_OK ? 0 : -1;
}

static int close_one(void **state)
{
	(void)state;
	canary_close(canary);
	return 0;
}

static struct judgement refusal_of(const char *name)
{
	struct judgement judgement = {.verdict = VERDICT_REJECT,
				      .reason = REASON_EXPIRED,
				      .action = ACTION_REJECT,
				      .has_domain = true,
				      .has_facts = true,
				      .owner_since = NOW - 5};

	assert_int_equal(domain_from_text(name, strlen(name), &judgement.domain), ERR_OK);
	judgement.facts.state = STATE_REDEMPTION;
	return judgement;
}

static const struct render_event usual = {
	.queue_id = "4XyZ1",
	.class_name = "password-reset",
	.rule = "messages:3",
	.sender = "app@svc.example",
	.recipient = "bob@lapsed.example",
	.log_localpart = true,
};

static void tell(const char *domain, const struct render_event *event, int64_t monotonic_ms)
{
	struct judgement judgement = refusal_of(domain);

	canary_tell(canary, command, &judgement, event, NOW, monotonic_ms);
}

/* Waits for the next line. The caller frees. */
static struct json *take_line(void)
{
	static char line[COMMAND_INPUT_MAX];
	struct json *document;
	struct why why = {""};
	size_t length = 0;

	do {
		assert_true(length < sizeof line);
		assert_int_equal(read(told, line + length, 1), 1);
	} while (line[length++] != '\n');
	if (json_parse(line, length, &document, &why) != ERR_OK)
		fail_msg("%s: %.*s", why.text, (int)length, line);
	return document;
}

static void assert_told(const char *name, const char *value)
{
	struct json *document = take_line();

	assert_string_equal(json_as_string(json_member(document, name)), value);
	json_free(document);
}

static void the_command_is_told_what_is_known(void **state)
{
	static const char *const members[][2] = {
		{"kind", "canary"},	      {"queue_id", "4XyZ1"},
		{"from", "app@svc.example"},  {"rcpt", "bob@lapsed.example"},
		{"domain", "lapsed.example"}, {"class", "password-reset"},
		{"rule", "messages:3"},	      {"mode", "enforce"},
		{"verdict", "reject"},	      {"reason", "expired"},
		{"state", "redemption"},
	};
	struct json *document;

	(void)state;
	tell("lapsed.example", &usual, 1);
	document = take_line();
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		assert_string_equal(json_as_string(json_member(document, members[i][0])),
				    members[i][1]);
	assert_non_null(json_as_string(json_member(document, "owner_since")));
	assert_true(json_is_null(json_member(document, "verified_at")));
	json_free(document);
}

static void a_domain_is_told_of_once_an_hour(void **state)
{
	(void)state;
	tell("lapsed.example", &usual, 1000);
	tell("lapsed.example", &usual, 1001);
	tell("lapsed.example", &usual, 1000 + CANARY_INTERVAL_MS - 1);
	tell("other.example", &usual, 1002);
	assert_told("domain", "lapsed.example");
	assert_told("domain", "other.example");
	tell("lapsed.example", &usual, 1000 + CANARY_INTERVAL_MS);
	assert_told("domain", "lapsed.example");
}

static void local_parts_are_hidden_where_the_log_hides_them(void **state)
{
	struct render_event event = usual;

	(void)state;
	event.log_localpart = false;
	tell("lapsed.example", &event, 1);
	assert_told("rcpt", "*@lapsed.example");
}

static void what_a_message_says_cannot_forge_the_object(void **state)
{
	static char huge[1024];
	struct render_event event = usual;
	struct json *document;

	(void)state;
	memset(huge, '\x01', sizeof huge - 1);
	event.sender = huge;
	event.recipient = "\"a\\\"}\n{\"@lapsed.example";
	tell("lapsed.example", &event, 1);
	document = take_line();
	assert_string_equal(json_as_string(json_member(document, "rcpt")), event.recipient);
	assert_int_equal(strlen(json_as_string(json_member(document, "from"))), 256);
	json_free(document);
}

static void neither_too_many_nor_a_failure_holds_anything_up(void **state)
{
	struct judgement judgement = refusal_of("failing.example");
	char name[32];

	(void)state;
	canary_tell(canary, "/nonexistent/command", &judgement, &usual, NOW, 1);
	for (int i = 0; i < CANARY_DOMAINS_MAX + 1000; i++) {
		snprintf(name, sizeof name, "d%d.example", i);
		judgement = refusal_of(name);
		canary_tell(canary, "/bin/true", &judgement, &usual, NOW, 1);
	}
}

static void a_command_that_hangs_ends_with_us(void **state)
{
	struct judgement judgement = refusal_of("slow.example");

	(void)state;
	canary_tell(canary, "/bin/sleep 600", &judgement, &usual, NOW, 1);
}

static void which_refusals_are_canaries(void **state)
{
	(void)state;
	for (int reason = 0; reason < REASON_COUNT; reason++) {
		struct judgement judgement = {.reason = (enum reason)reason,
					      .verdict = VERDICT_REJECT};
		bool expected = reason == REASON_EXPIRED || reason == REASON_OWNER_CHANGED ||
				reason == REASON_UNVERIFIED || reason == REASON_NEW_DOMAIN;

		assert_int_equal(canary_is_one(&judgement), expected);
		judgement.verdict = VERDICT_TEMPFAIL;
		assert_false(canary_is_one(&judgement));
		judgement.verdict = VERDICT_ACCEPT;
		assert_false(canary_is_one(&judgement));
	}
}

#define WITH_CANARY(test) cmocka_unit_test_setup_teardown(test, open_one, close_one)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CANARY(the_command_is_told_what_is_known),
		WITH_CANARY(a_domain_is_told_of_once_an_hour),
		WITH_CANARY(local_parts_are_hidden_where_the_log_hides_them),
		WITH_CANARY(what_a_message_says_cannot_forge_the_object),
		WITH_CANARY(neither_too_many_nor_a_failure_holds_anything_up),
		WITH_CANARY(a_command_that_hangs_ends_with_us),
		cmocka_unit_test(which_refusals_are_canaries),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
