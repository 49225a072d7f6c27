/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "resetguard/redact.h"

static struct audit_reset redacted(unsigned char key_byte, const char *rcpt, const char *login)
{
	struct addresses_key key;
	struct audit_reset reset = {.from = "App@svc.example", .reply = "550 5.1.2 <bob@x> gone"};

	memset(key.bytes, key_byte, sizeof key.bytes);
	strcpy(reset.rcpt, rcpt);
	strcpy(reset.login, login);
	redact_reset(&key, &reset);
	return reset;
}

static void people_disappear_and_domains_stay(void **state)
{
	struct audit_reset reset = redacted(1, "bob@lapsed.example", "shop");

	(void)state;
	assert_null(strstr(reset.rcpt, "bob"));
	assert_non_null(strstr(reset.rcpt, "@lapsed.example"));
	assert_null(strstr(reset.login, "shop"));
	assert_null(strstr(reset.from, "App"));
	assert_string_equal(reset.reply, "550 5.1.2 ");
}

static void the_same_person_is_the_same_within_one_report(void **state)
{
	struct audit_reset first = redacted(1, "bob@lapsed.example", "bob@lapsed.example");
	struct audit_reset same = redacted(1, "BOB@Lapsed.example", "shop");
	struct audit_reset other_person = redacted(1, "rob@lapsed.example", "shop");
	struct audit_reset other_report = redacted(2, "bob@lapsed.example", "shop");

	(void)state;
	assert_memory_equal(first.rcpt, same.rcpt, strlen("x001122334455"));
	assert_memory_equal(first.rcpt, first.login, strlen("x001122334455"));
	assert_string_not_equal(first.rcpt, other_person.rcpt);
	assert_string_not_equal(first.rcpt, other_report.rcpt);
}

static void what_is_no_address_is_hidden_whole(void **state)
{
	struct audit_reset reset = redacted(1, "bob", "");

	(void)state;
	assert_string_equal(reset.rcpt, "redacted");
	assert_string_equal(reset.login, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_disappear_and_domains_stay),
		cmocka_unit_test(the_same_person_is_the_same_within_one_report),
		cmocka_unit_test(what_is_no_address_is_hidden_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
