/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../milter/envelope.h"

static void addresses_are_kept_as_received(void **state)
{
	struct envelope envelope = {0};

	(void)state;
	assert_int_equal(envelope_begin(&envelope, "<App@Svc.Example>"), ERR_OK);
	assert_int_equal(envelope_add(&envelope, "<Bob@Lapsed.Example.>"), ERR_OK);
	assert_int_equal(envelope_add(&envelope, "<@relay.example:\"a b\"@x.example>"), ERR_OK);
	assert_int_equal(envelope_add(&envelope, "b\xc3\xbc@x.example"), ERR_OK);
	assert_string_equal(envelope_sender_path(&envelope), "<App@Svc.Example>");
	assert_int_equal(envelope.recipient_count, 3);
	assert_string_equal(envelope_recipient_path(&envelope, 0), "<Bob@Lapsed.Example.>");
	assert_string_equal(envelope_recipient_path(&envelope, 1),
			    "<@relay.example:\"a b\"@x.example>");
	assert_string_equal(envelope_recipient_path(&envelope, 2), "b\xc3\xbc@x.example");

	assert_int_equal(envelope_begin(&envelope, "<>"), ERR_OK);
	assert_int_equal(envelope.recipient_count, 0);
	assert_string_equal(envelope_sender_path(&envelope), "<>");
	envelope_free(&envelope);
}

static void the_next_message_allocates_nothing(void **state)
{
	struct envelope envelope = {0};
	const char *text;
	const struct envelope_recipient *recipients;

	(void)state;
	assert_int_equal(envelope_begin(&envelope, "<a@x.example>"), ERR_OK);
	assert_int_equal(envelope_add(&envelope, "<b@x.example>"), ERR_OK);
	text = envelope.text;
	recipients = envelope.recipients;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(envelope_begin(&envelope, "<a@x.example>"), ERR_OK);
		assert_int_equal(envelope_add(&envelope, "<b@x.example>"), ERR_OK);
		assert_ptr_equal(envelope.text, text);
		assert_ptr_equal(envelope.recipients, recipients);
	}
	envelope_free(&envelope);
}

static void recipients_have_a_maximum(void **state)
{
	struct envelope envelope = {0};
	char path[64];

	(void)state;
	assert_int_equal(envelope_begin(&envelope, "<a@x.example>"), ERR_OK);
	for (int i = 0; i < ENVELOPE_RECIPIENTS_MAX; i++) {
		snprintf(path, sizeof path, "<user%d@x.example>", i);
		assert_int_equal(envelope_add(&envelope, path), ERR_OK);
	}
	assert_int_equal(envelope_add(&envelope, path), ERR_TOO_LONG);
	assert_int_equal(envelope.recipient_count, ENVELOPE_RECIPIENTS_MAX);
	assert_string_equal(envelope_recipient_path(&envelope, 0), "<user0@x.example>");
	assert_string_equal(envelope_recipient_path(&envelope, ENVELOPE_RECIPIENTS_MAX - 1),
			    "<user9999@x.example>");

	assert_true(envelope.text_size > ENVELOPE_TEXT_KEPT);
	assert_int_equal(envelope_begin(&envelope, "<a@x.example>"), ERR_OK);
	assert_true(envelope.text_size <= ENVELOPE_TEXT_KEPT);
	envelope_free(&envelope);
}

static void so_has_their_text(void **state)
{
	struct envelope envelope = {0};
	size_t length = ENVELOPE_TEXT_MAX / 2;
	char *path = malloc(length + 1);

	(void)state;
	assert_non_null(path);
	memset(path, 'x', length);
	path[length] = '\0';
	assert_int_equal(envelope_begin(&envelope, "<>"), ERR_OK);
	assert_int_equal(envelope_add(&envelope, path), ERR_OK);
	assert_int_equal(envelope_add(&envelope, path), ERR_TOO_LONG);
	assert_int_equal(envelope_add(&envelope, "<a@x.example>"), ERR_OK);
	assert_int_equal(envelope.recipient_count, 2);
	assert_string_equal(envelope_recipient_path(&envelope, 1), "<a@x.example>");
	envelope_free(&envelope);
	free(path);
}

static void brackets_are_taken_off(void **state)
{
	static const struct {
		const char *path;
		const char *bare;
	} cases[] = {
		{"<a@x.example>", "a@x.example"},
		{"a@x.example", "a@x.example"},
		{"<>", ""},
		{"\"\"", ""},
		{"", ""},
		{"<", "<"},
		{"<a@x.example", "<a@x.example"},
		{"\"\"@x.example", "\"\"@x.example"},
	};
	struct envelope_address address;
	char path[3 * MAILBOX_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		envelope_bare(cases[i].path, &address);
		assert_string_equal(address.text, cases[i].bare);
	}
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	envelope_bare(path, &address);
	assert_int_equal(strlen(address.text), MAILBOX_PATH_MAX);
}

static void repeats_are_found_whatever_their_case(void **state)
{
	static const char *const paths[] = {"<a@x.example>", "<b@x.example>", "<A@X.example>",
					    "<a@x.example>", "<c@x.example>", "<B@x.example>"};
	static const uint32_t firsts[] = {0, 1, 0, 0, 4, 1};
	struct envelope envelope = {0};
	char path[32];

	(void)state;
	assert_int_equal(envelope_begin(&envelope, "<s@x.example>"), ERR_OK);
	assert_int_equal(envelope_find_repeats(&envelope), ERR_OK);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		assert_int_equal(envelope_add(&envelope, paths[i]), ERR_OK);
	assert_int_equal(envelope_find_repeats(&envelope), ERR_OK);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		assert_int_equal(envelope.recipients[i].first, firsts[i]);

	assert_int_equal(envelope_begin(&envelope, "<s@x.example>"), ERR_OK);
	for (unsigned i = 0; i < ENVELOPE_RECIPIENTS_MAX; i++) {
		snprintf(path, sizeof path, "<user%u@x.example>", i % 5000);
		assert_int_equal(envelope_add(&envelope, path), ERR_OK);
	}
	assert_int_equal(envelope_find_repeats(&envelope), ERR_OK);
	for (unsigned i = 0; i < ENVELOPE_RECIPIENTS_MAX; i++)
		assert_int_equal(envelope.recipients[i].first, i % 5000);
	envelope_free(&envelope);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_kept_as_received),
		cmocka_unit_test(the_next_message_allocates_nothing),
		cmocka_unit_test(recipients_have_a_maximum),
		cmocka_unit_test(so_has_their_text),
		cmocka_unit_test(brackets_are_taken_off),
		cmocka_unit_test(repeats_are_found_whatever_their_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
