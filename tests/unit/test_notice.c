/* SPDX-License-Identifier: BSD-2-Clause */
/* What the application reads, to the letter; and that any change fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "resetguard/command.h"
#include "resetguard/json.h"
#include "resetguard/notice.h"

static struct outbox_entry lapse(void)
{
	struct outbox_entry entry;

	memset(&entry, 0, sizeof entry);
	entry.waiting = 1 << OUTBOX_URL;
	entry.domain.length = 14;
	strcpy(entry.domain.name, "lapsed.example");
	entry.event.at = 1700000000;
	entry.event.sequence = 17;
	entry.event.kind = HISTORY_OBSERVED;
	entry.event.source = SOURCE_RDAP;
	entry.event.state_before = STATE_GRACE;
	entry.event.state_after = STATE_REDEMPTION;
	entry.event.owner_before.registered_at = 1500000000;
	entry.event.owner_after.registered_at = 1500000000;
	entry.event.owner_after.lapsed_at = 1700000000;
	strcpy(entry.event.host, "rdap.example");
	strcpy(entry.event.evidence, "status \"redemption period\"");
	return entry;
}

static void assert_told(const struct outbox_entry *entry, const char *wanted)
{
	char text[NOTICE_MAX + 1];
	size_t length;

	assert_int_equal(notice_write(entry, text, &length), ERR_OK);
	assert_string_equal(text, wanted);
	assert_int_equal(length, strlen(wanted));
}

static void a_lapse(void **state)
{
	struct outbox_entry entry = lapse();

	(void)state;
	assert_told(&entry,
		    "{\"schema\":1,\"id\":\"lapsed.example/2023-11-14T22:13:20Z/17\","
		    "\"time\":\"2023-11-14T22:13:20Z\",\"domain\":\"lapsed.example\","
		    "\"event\":\"observed\",\"owner_changed\":true,\"lapsed\":true,"
		    "\"taken_back\":false,\"state_before\":\"grace\",\"state\":\"redemption\","
		    "\"owner_since_before\":\"2017-07-14T02:40:00Z\","
		    "\"owner_since\":\"2023-11-14T22:13:20Z\",\"source\":\"rdap\","
		    "\"host\":\"rdap.example\",\"evidence\":\"status \\\"redemption period\\\"\"}");
	/* Told again, to whoever: the same. */
	entry.waiting = 1 << OUTBOX_COMMAND;
	entry.tries[OUTBOX_COMMAND].failures = 3;
	char text[NOTICE_MAX + 1];
	char again[NOTICE_MAX + 1];
	struct outbox_entry first = lapse();
	size_t length;
	assert_int_equal(notice_write(&first, text, &length), ERR_OK);
	assert_int_equal(notice_write(&entry, again, &length), ERR_OK);
	assert_string_equal(text, again);
}

static void what_is_not_known_is_null(void **state)
{
	struct outbox_entry entry = lapse();

	(void)state;
	entry.event.kind = HISTORY_IMPORT;
	entry.event.source = SOURCE_NONE;
	entry.event.state_before = STATE_UNKNOWN;
	entry.event.state_after = STATE_REGISTERED;
	entry.event.owner_before = entry.event.owner_after = (struct history_owner){0};
	entry.event.host[0] = entry.event.evidence[0] = '\0';
	assert_told(&entry,
		    "{\"schema\":1,\"id\":\"lapsed.example/2023-11-14T22:13:20Z/17\","
		    "\"time\":\"2023-11-14T22:13:20Z\",\"domain\":\"lapsed.example\","
		    "\"event\":\"import\",\"owner_changed\":false,\"lapsed\":false,"
		    "\"taken_back\":false,\"state_before\":\"unknown\",\"state\":\"registered\","
		    "\"owner_since_before\":null,\"owner_since\":null,\"source\":null,"
		    "\"host\":null,\"evidence\":\"\"}");
}

static bool member(const struct outbox_entry *entry, const char *name)
{
	char text[NOTICE_MAX + 1];
	size_t length;
	struct json *document;
	struct why why;
	bool value;

	assert_int_equal(notice_write(entry, text, &length), ERR_OK);
	assert_int_equal(json_parse(text, length, &document, &why), ERR_OK);
	value = json_as_boolean(json_member(document, name));
	json_free(document);
	return value;
}

static void flags_say_what_is_to_be_done(void **state)
{
	struct outbox_entry undone = lapse();
	struct outbox_entry grace = lapse();

	(void)state;
	undone.event.kind = HISTORY_UNDONE;
	undone.event.state_before = STATE_UNREGISTERED;
	undone.event.state_after = STATE_REGISTERED;
	undone.event.owner_before = lapse().event.owner_after;
	undone.event.owner_after = lapse().event.owner_before;
	assert_false(member(&undone, "owner_changed"));
	assert_false(member(&undone, "lapsed"));
	assert_true(member(&undone, "taken_back"));
	/* Even where what was undone had moved it back, as an import can. */
	undone.event.owner_after.changed_at = 1800000000;
	assert_false(member(&undone, "owner_changed"));
	grace.event.state_before = STATE_REGISTERED;
	grace.event.state_after = STATE_GRACE;
	grace.event.owner_after = grace.event.owner_before;
	assert_false(member(&grace, "owner_changed"));
	assert_false(member(&grace, "lapsed"));
	grace.event.owner_after.changed_at = 1600000000;
	assert_true(member(&grace, "owner_changed"));

	/* Sold anew within the second in which it was last seen expired. */
	struct outbox_entry sold = lapse();

	sold.event.owner_before.lapsed_at = 1700000000;
	sold.event.owner_after = sold.event.owner_before;
	sold.event.owner_after.changed_at = 1700000000;
	assert_true(member(&sold, "owner_changed"));
}

static void the_longest_change_fits(void **state)
{
	struct outbox_entry entry = lapse();
	char text[NOTICE_MAX + 1];
	size_t length;

	(void)state;
	assert_true(NOTICE_MAX + 1 <= COMMAND_INPUT_MAX);
	memset(entry.domain.name, 'd', DOMAIN_MAX);
	entry.domain.length = DOMAIN_MAX;
	memset(entry.event.host, '\1', DOMAIN_MAX);
	memset(entry.event.evidence, '\1', HISTORY_EVIDENCE_MAX);
	entry.event.sequence = UINT32_MAX;
	entry.event.state_before = entry.event.state_after = STATE_PENDING_DELETE;
	entry.event.source = SOURCE_FASTLY;
	assert_int_equal(notice_write(&entry, text, &length), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lapse),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(flags_say_what_is_to_be_done),
		cmocka_unit_test(the_longest_change_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
