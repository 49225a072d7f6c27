/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of milters as Postfix has them, and which entry is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/milters.h"

static const char queue[] = "/var/spool/postfix";

static struct milters_socket socket_of(const char *text)
{
	struct milters_socket socket;

	assert_int_equal(milters_socket_read(text, &socket), ERR_OK);
	return socket;
}

static void lists_are_cut_into_entries(void **state)
{
	static const struct {
		const char *value;
		const char *entries; /* endpoint/default_action, by blanks */
	} cases[] = {
		{"", ""},
		{"  ,\t ", ""},
		{"inet:localhost:8891", "inet:localhost:8891/"},
		{"unix:a, inet:b:1,unix:c", "unix:a/ inet:b:1/ unix:c/"},
		{"{ unix:a, default_action=accept } inet:b:1", "unix:a/accept inet:b:1/"},
		{"{unix:a,{ default_action = quarantine },command_timeout=3s}",
		 "unix:a/quarantine"},
		{"$my_milters, ${other} $(third) ${x?{y}:{z}}",
		 "$my_milters/ ${other}/ $(third)/ ${x?{y}:{z}}/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct milters milters;
		char seen[512] = "";

		assert_int_equal(milters_parse(cases[i].value, &milters), ERR_OK);
		for (size_t j = 0; j < milters.count; j++) {
			size_t length = strlen(seen);

			snprintf(seen + length, sizeof seen - length, "%s%s/%s", j == 0 ? "" : " ",
				 milters.entries[j].endpoint, milters.entries[j].default_action);
			assert_memory_equal(cases[i].value + milters.entries[j].offset,
					    milters.entries[j].text,
					    strlen(milters.entries[j].text));
		}
		assert_string_equal(seen, cases[i].entries);
	}
}

static void what_does_not_match_is_refused(void **state)
{
	static const char *const values[] = {"{ unix:a", "unix:a }", "{ unix:a, nonsense }", "{ }",
					     "${a"};
	struct milters milters;

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		assert_int_equal(milters_parse(values[i], &milters), ERR_DATA);
}

static void too_much_is_refused(void **state)
{
	char value[2 * (MILTERS_MAX + 1) + 1] = "";
	char entry[600];
	struct milters milters;

	(void)state;
	for (size_t i = 0; i < MILTERS_MAX; i++)
		strcat(value, "a ");
	assert_int_equal(milters_parse(value, &milters), ERR_OK);
	strcat(value, "a ");
	assert_int_equal(milters_parse(value, &milters), ERR_DATA);
	memset(entry, 'a', sizeof entry - 1);
	entry[sizeof entry - 1] = '\0';
	assert_int_equal(milters_parse(entry, &milters), ERR_DATA);
}

static void references_are_seen(void **state)
{
	struct milters milters;

	(void)state;
	assert_int_equal(milters_parse("inet:a:1 ${smtpd_milters}", &milters), ERR_OK);
	assert_true(milters_refer_to(&milters, "smtpd_milters"));
	assert_false(milters_refer_to(&milters, "smtpd_milter"));
	assert_int_equal(milters_parse("$smtpd_milters", &milters), ERR_OK);
	assert_true(milters_refer_to(&milters, "smtpd_milters"));
	assert_int_equal(milters_parse("$(smtpd_milters)", &milters), ERR_OK);
	assert_true(milters_refer_to(&milters, "smtpd_milters"));
	assert_int_equal(milters_parse("$smtpd_milters_too smtpd_milters", &milters), ERR_OK);
	assert_false(milters_refer_to(&milters, "smtpd_milters"));
}

static void ours_is_told_by_where_it_leads(void **state)
{
	static const struct {
		const char *socket;
		const char *entry;
		bool chrooted;
		enum milters_fit fit;
	} cases[] = {
		/* Below the queue directory, the bare path means the same to all. */
		{"unix:/var/spool/postfix/rg/m.sock", "unix:rg/m.sock", true, MILTERS_OURS},
		{"unix:/var/spool/postfix/rg/m.sock", "unix:rg/m.sock", false, MILTERS_OURS},
		{"unix:/var/spool/postfix/rg/m.sock", "unix:/rg/m.sock", true, MILTERS_OURS},
		{"unix:/var/spool/postfix/rg/m.sock", "unix:/rg/m.sock", false, MILTERS_ASTRAY},
		{"unix:/var/spool/postfix/rg/m.sock", "unix:/var/spool/postfix/rg/m.sock", true,
		 MILTERS_ASTRAY},
		{"unix:/var/spool/postfix/rg/m.sock", "unix:/var/spool//postfix/rg/m.sock", false,
		 MILTERS_OURS},
		{"unix:/var/spool/postfix/rg/m.sock", "unix:rg/n.sock", true, MILTERS_OTHER},
		{"unix:/var/spool/postfix/rg/m.sock", "inet:localhost:1", true, MILTERS_OTHER},
		{"unix:/run/rg/m.sock", "unix:/run/rg/m.sock", false, MILTERS_OURS},
		{"unix:/run/rg/m.sock", "unix:/run/rg/m.sock", true, MILTERS_ASTRAY},
		{"unix:/run/rg/m.sock", "{ unix:/run/rg/m.sock, default_action=accept }", false,
		 MILTERS_OURS},
		{"inet:8895@127.0.0.1", "inet:127.0.0.1:8895", true, MILTERS_OURS},
		{"inet:8895@127.0.0.1", "inet:localhost:8895", true, MILTERS_OURS},
		{"inet:8895@0.0.0.0", "inet:mx.svc.example:8895", true, MILTERS_OURS},
		{"inet:8895@127.0.0.1", "inet:192.0.2.1:8895", true, MILTERS_OTHER},
		{"inet:8895@127.0.0.1", "inet:127.0.0.1:8896", true, MILTERS_OTHER},
		{"inet6:8895@::1", "inet:[::1]:8895", true, MILTERS_OURS},
		{"inet:8895@127.0.0.1", "inet:8895", true, MILTERS_OTHER},
		{"inet:8895@127.0.0.1", "unix:8895", true, MILTERS_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct milters_socket socket = socket_of(cases[i].socket);
		struct milters_view view = {queue, cases[i].chrooted};
		struct milters milters;

		assert_int_equal(milters_parse(cases[i].entry, &milters), ERR_OK);
		assert_int_equal(milters.count, 1);
		if (milters_fit(&milters.entries[0], &socket, &view) != cases[i].fit)
			fail_msg("%s for %s%s", cases[i].entry, cases[i].socket,
				 cases[i].chrooted ? ", chrooted" : "");
	}
}

static void a_socket_that_is_handed_on_is_nowhere(void **state)
{
	struct milters_socket socket;

	(void)state;
	assert_int_equal(milters_socket_read("fd:3", &socket), ERR_NOT_FOUND);
}

static void daemons_have_a_name_for_it(void **state)
{
	static const struct {
		const char *socket;
		bool chrooted;
		const char *endpoint; /* NULL: they cannot reach it */
	} cases[] = {
		{"unix:/var/spool/postfix/rg/m.sock", true, "unix:rg/m.sock"},
		{"unix:/var/spool/postfix/rg/m.sock", false, "unix:rg/m.sock"},
		{"unix:/var/spool/postfix-two/m.sock", true, NULL},
		{"unix:/run/rg/m.sock", false, "unix:/run/rg/m.sock"},
		{"unix:/run/rg/m.sock", true, NULL},
		{"inet:8895@127.0.0.1", true, "inet:127.0.0.1:8895"},
		{"inet:8895@0.0.0.0", true, "inet:127.0.0.1:8895"},
		{"inet6:8895@::1", true, "inet:[::1]:8895"},
		{"inet6:8895@[::1]", true, "inet:[::1]:8895"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct milters_socket socket = socket_of(cases[i].socket);
		struct milters_view view = {queue, cases[i].chrooted};
		char endpoint[512];
		enum err err = milters_name(&socket, &view, endpoint);

		assert_int_equal(err, cases[i].endpoint == NULL ? ERR_UNAVAILABLE : ERR_OK);
		if (err == ERR_OK)
			assert_string_equal(endpoint, cases[i].endpoint);
	}
}

static void others_keep_their_order(void **state)
{
	static const struct {
		const char *value;
		const char *action;
		const char *with;
	} cases[] = {
		{"", "", "unix:rg/m.sock"},
		{"", "tempfail", "{ unix:rg/m.sock, default_action=tempfail }"},
		{"inet:a:1", "", "unix:rg/m.sock inet:a:1"},
		{"inet:a:1, inet:b:2", "", "unix:rg/m.sock, inet:a:1, inet:b:2"},
		{"inet:a:1, { inet:b:2, default_action=accept }", "",
		 "unix:rg/m.sock, inet:a:1, { inet:b:2, default_action=accept }"},
		{"$mine inet:a:1", "", "unix:rg/m.sock $mine inet:a:1"},
		/* One that is there stays where it is. */
		{"inet:a:1 unix:rg/m.sock inet:b:2", "", "inet:a:1 unix:rg/m.sock inet:b:2"},
		{"inet:a:1,unix:/var/spool/postfix/rg/m.sock,inet:b:2", "",
		 "inet:a:1,unix:rg/m.sock,inet:b:2"},
		{"unix:rg/m.sock inet:a:1", "tempfail",
		 "{ unix:rg/m.sock, default_action=tempfail } inet:a:1"},
		{"{ unix:rg/m.sock, default_action=accept, connect_timeout=3s }, inet:a:1",
		 "tempfail",
		 "{ unix:rg/m.sock, connect_timeout=3s, default_action=tempfail }, inet:a:1"},
		{"{ unix:/rg/m.sock, { connect_timeout = 3s } }", "",
		 "{ unix:rg/m.sock, { connect_timeout = 3s } }"},
		{"{unix:rg/m.sock,connect_timeout=3s}", "tempfail",
		 "{ unix:rg/m.sock, connect_timeout=3s, default_action=tempfail }"},
		{"{unix:/rg/m.sock,{ connect_timeout = 3s }}", "",
		 "{ unix:rg/m.sock, { connect_timeout = 3s } }"},
		{"{unix:/rg/m.sock,default_action=accept}", "", "unix:rg/m.sock"},
		/* One is enough. */
		{"unix:/rg/m.sock inet:a:1 unix:rg/m.sock inet:b:2", "",
		 "unix:rg/m.sock inet:a:1 inet:b:2"},
		/* A longer name is another one's. */
		{"unix:rg/m.sock2 unix:rg/m.sock", "", "unix:rg/m.sock2 unix:rg/m.sock"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct milters_socket socket = socket_of("unix:/var/spool/postfix/rg/m.sock");
		struct milters_view view = {queue, true};
		char with[MILTERS_VALUE_MAX];
		char again[MILTERS_VALUE_MAX];

		assert_int_equal(milters_with(cases[i].value, "unix:rg/m.sock", cases[i].action,
					      &socket, &view, with),
				 ERR_OK);
		assert_string_equal(with, cases[i].with);
		assert_int_equal(milters_with(with, "unix:rg/m.sock", cases[i].action, &socket,
					      &view, again),
				 ERR_OK);
		assert_string_equal(again, with);
	}
}

static void a_list_that_cannot_be_read_stays(void **state)
{
	struct milters_socket socket = socket_of("inet:1@127.0.0.1");
	struct milters_view view = {queue, true};
	char with[MILTERS_VALUE_MAX];
	char value[MILTERS_VALUE_MAX];

	(void)state;
	assert_int_equal(milters_with("{ a", "b", "", &socket, &view, with), ERR_DATA);
	memset(value, ' ', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	assert_int_equal(milters_with(value, "b", "", &socket, &view, with), ERR_TOO_LONG);
}

static void words_are_found_whole(void **state)
{
	(void)state;
	assert_true(milters_words_have("a, no_milters b", "no_milters"));
	assert_true(milters_words_have("no_milters", "no_milters"));
	assert_false(milters_words_have("no_milters_at_all x_no_milters", "no_milters"));
	assert_false(milters_words_have("", "i"));
	assert_true(milters_words_have("i {auth_type}", "i"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_cut_into_entries),
		cmocka_unit_test(what_does_not_match_is_refused),
		cmocka_unit_test(too_much_is_refused),
		cmocka_unit_test(references_are_seen),
		cmocka_unit_test(ours_is_told_by_where_it_leads),
		cmocka_unit_test(a_socket_that_is_handed_on_is_nowhere),
		cmocka_unit_test(daemons_have_a_name_for_it),
		cmocka_unit_test(others_keep_their_order),
		cmocka_unit_test(a_list_that_cannot_be_read_stays),
		cmocka_unit_test(words_are_found_whole),
	};

	return cmocka_run_group_tests_name("milters", tests, NULL, NULL);
}
