/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "../../milter/validity.h"

/* 2024-05-01 and 2026-01-01, midnight UTC */
#define MAY_2024 INT64_C(1714521600)
#define JAN_2026 INT64_C(1767225600)

static const char bob_2024[] = "bob@lapsed.example; Wed, 1 May 2024 00:00:00 +0000";
static const char bob_2026[] = "bob@lapsed.example; Thu, 1 Jan 2026 00:00:00 +0000";

static void a_field_speaks_of_its_recipient(void **state)
{
	struct validity validity = {0};

	(void)state;
	validity_begin(&validity);
	assert_int_equal(validity_since(&validity, "<bob@lapsed.example>"), 0);
	validity_add(&validity, bob_2024);
	assert_int_equal(validity_since(&validity, "<bob@lapsed.example>"), MAY_2024);
	assert_int_equal(validity_since(&validity, "BOB@Lapsed.Example."), MAY_2024);
	assert_int_equal(validity_since(&validity, "<@relay.example:\"bob\"@lapsed.example>"),
			 MAY_2024);
	assert_int_equal(validity_since(&validity, "<alice@lapsed.example>"), 0);
	assert_int_equal(validity_since(&validity, "<bob@other.example>"), 0);
	assert_int_equal(validity_since(&validity, "no address"), 0);

	validity_begin(&validity);
	assert_int_equal(validity_since(&validity, "<bob@lapsed.example>"), 0);
	validity_free(&validity);
}

static void of_several_the_earliest_counts(void **state)
{
	struct validity validity = {0};

	(void)state;
	validity_begin(&validity);
	validity_add(&validity, bob_2026);
	validity_add(&validity, bob_2024);
	validity_add(&validity, "alice@lapsed.example; Thu, 1 Jan 2026 00:00:00 +0000");
	assert_int_equal(validity_since(&validity, "<bob@lapsed.example>"), MAY_2024);
	assert_int_equal(validity_since(&validity, "<alice@lapsed.example>"), JAN_2026);
	validity_free(&validity);
}

static void an_unreadable_field_says_nothing(void **state)
{
	struct validity validity = {0};

	(void)state;
	validity_begin(&validity);
	validity_add(&validity, "bob@lapsed.example");
	validity_add(&validity, "bob@lapsed.example; yesterday");
	validity_add(&validity, "");
	assert_int_equal(validity.unreadable, 3);
	assert_int_equal(validity_since(&validity, "<bob@lapsed.example>"), 0);
	validity_add(&validity, bob_2026);
	assert_int_equal(validity_since(&validity, "<bob@lapsed.example>"), JAN_2026);
	validity_free(&validity);
}

static void too_many_are_not_believed(void **state)
{
	struct validity validity = {0};
	char value[128];

	(void)state;
	validity_begin(&validity);
	validity_add(&validity, bob_2026);
	for (int i = 1; i < VALIDITY_FIELDS_MAX; i++) {
		snprintf(value, sizeof value, "user%d@x.example; Wed, 1 May 2024 00:00:00 +0000",
			 i);
		validity_add(&validity, value);
	}
	assert_false(validity.too_many);
	assert_int_equal(validity_since(&validity, "<bob@lapsed.example>"), JAN_2026);
	assert_int_equal(validity_since(&validity, "<user99@x.example>"), MAY_2024);
	validity_add(&validity, bob_2024);
	assert_true(validity.too_many);
	assert_int_equal(validity_since(&validity, "<bob@lapsed.example>"), 0);

	validity_begin(&validity);
	validity_add(&validity, bob_2024);
	assert_int_equal(validity_since(&validity, "<bob@lapsed.example>"), MAY_2024);
	validity_free(&validity);
}

static void a_field_is_made_that_says_what_is_meant(void **state)
{
	static const struct {
		const char *path;
		const char *value; /* NULL: none */
	} cases[] = {
		{"<bob@lapsed.example>", "bob@lapsed.example; Wed, 01 May 2024 00:00:00 +0000"},
		{"Bob@Lapsed.Example.", "Bob@lapsed.example; Wed, 01 May 2024 00:00:00 +0000"},
		{"<@relay.example,@b.example:bob@lapsed.example>",
		 "bob@lapsed.example; Wed, 01 May 2024 00:00:00 +0000"},
		{"<\"a@b; \\\"c\"@lapsed.example>",
		 "\"a@b; \\\"c\"@lapsed.example; Wed, 01 May 2024 00:00:00 +0000"},
		{"<bob@b\xc3\xbc"
		 "cher.example>",
		 "bob@xn--bcher-kva.example; Wed, 01 May 2024 00:00:00 +0000"},
		{"<b\xc3\xb6"
		 "b@lapsed.example>",
		 NULL},
		{"<bob@[192.0.2.1]>", NULL},
		{"<bob>", NULL},
		{"<>", NULL},
		{"<\"a\nb\"@lapsed.example>", NULL},
		{"<bob(x)@lapsed.example>", NULL},
	};
	char value[VALIDITY_FIELD_MAX];
	char path[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		enum err err = validity_make_field(cases[i].path, MAY_2024, value);

		if ((err == ERR_OK) != (cases[i].value != NULL))
			fail_msg("%s: %s", cases[i].path, err_text(err));
		if (err == ERR_OK)
			assert_string_equal(value, cases[i].value);
	}
	memset(path, 'x', sizeof path);
	snprintf(path + MAILBOX_LOCAL_MAX, sizeof path - MAILBOX_LOCAL_MAX, "@lapsed.example");
	assert_int_equal(validity_make_field(path, MAY_2024, value), ERR_OK);
}

static void what_is_spoken_of(void **state)
{
	struct validity validity = {0};

	(void)state;
	validity_begin(&validity);
	assert_false(validity_is_spoken_of(&validity, "<bob@lapsed.example>"));
	validity_add(&validity, bob_2024);
	assert_true(validity_is_spoken_of(&validity, "<bob@lapsed.example>"));
	assert_false(validity_is_spoken_of(&validity, "<eve@lapsed.example>"));
	validity_add(&validity, "eve@lapsed.example; soon");
	assert_true(validity_is_spoken_of(&validity, "<eve@lapsed.example>"));
	validity_free(&validity);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_speaks_of_its_recipient),
		cmocka_unit_test(of_several_the_earliest_counts),
		cmocka_unit_test(an_unreadable_field_says_nothing),
		cmocka_unit_test(too_many_are_not_believed),
		cmocka_unit_test(a_field_is_made_that_says_what_is_meant),
		cmocka_unit_test(what_is_spoken_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
