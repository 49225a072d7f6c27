/* SPDX-License-Identifier: BSD-2-Clause */
/* Names as they are given to commands, and which exit code wins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/cli.h"

static int open_suffixes(void **state)
{
	static struct cli cli;
	struct why why = {""};

	memset(&cli, 0, sizeof cli);
	assert_int_equal(domain_suffixes_open(NULL, &cli.suffixes, &why), ERR_OK);
	*state = &cli;
	return 0;
}

static int close_suffixes(void **state)
{
	struct cli *cli = *state;

	domain_suffixes_close(cli->suffixes);
	return 0;
}

static void names_are_domains_or_addresses(void **state)
{
	static const struct {
		const char *text;
		bool has_mailbox;
		const char *registrable;
		const char *below_private;
	} cases[] = {
		{"Example.COM", false, "example.com", ""},
		{"mail.example.co.uk.", false, "example.co.uk", ""},
		{"bob@mail.example.com", true, "example.com", ""},
		{"b\xc3\xbc""cher.example", false, "xn--bcher-kva.example", ""},
		{"x@a.bob.uk.com", true, "uk.com", "bob.uk.com"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cli_name name;
		struct why why = {""};
		const struct domain *domains[2];

		assert_int_equal(cli_name_read(*state, cases[i].text, &name, &why), ERR_OK);
		assert_int_equal(name.has_mailbox, cases[i].has_mailbox);
		assert_string_equal(name.names.registrable.name, cases[i].registrable);
		assert_string_equal(name.names.below_private.name, cases[i].below_private);
		assert_string_equal(name.text, cases[i].text);
		assert_int_equal(cli_name_domains(&name, domains),
				 cases[i].below_private[0] == '\0' ? 1 : 2);
	}
}

static void other_names_are_refused(void **state)
{
	static char too_long[CLI_NAME_MAX + 2];
	const char *names[] = {"", "a b", "bob@@x.com", "bob@localhost", "co.uk", "[192.0.2.1]",
			       too_long};

	memset(too_long, 'a', sizeof too_long - 1);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct cli_name name;
		struct why why = {""};

		assert_int_equal(cli_name_read(*state, names[i], &name, &why), ERR_DATA);
		assert_true(why.text[0] != '\0');
	}
}

/* With several names: an error's code, else 1, else 75, else 0. */
static void the_worst_exit_code_wins(void **state)
{
	struct cli cli = {.quiet = true};

	(void)state;
	assert_int_equal(cli_exit_code(&cli), 0);
	cli.deferred = true;
	assert_int_equal(cli_exit_code(&cli), 75);
	cli.negative = true;
	assert_int_equal(cli_exit_code(&cli), 1);
	cli_error(&cli, ERR_DATA, "an error that this test makes");
	cli_error(&cli, ERR_CONFIG, "a second one");
	assert_int_equal(cli_exit_code(&cli), 65);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_domains_or_addresses, open_suffixes,
						close_suffixes),
		cmocka_unit_test_setup_teardown(other_names_are_refused, open_suffixes,
						close_suffixes),
		cmocka_unit_test(the_worst_exit_code_wins),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
