/* SPDX-License-Identifier: BSD-2-Clause */
/* The milters of a Sendmail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/sendmailcf.h"

static void milters_are_found(void **state)
{
	static const struct {
		const char *text;
		const char *name;
		const char *flags;
		bool listed;
	} cases[] = {
		{"", "", "", false},
		{"O InputMailFilters=rg\nXrg, S=local:/run/rg/m.sock, F=T, T=S:30s;R:30s\n", "rg",
		 "T", true},
		{"O InputMailFilters=dkim,rg\nXdkim, S=inet:1@localhost\n"
		 "Xrg,\tS=unix:/run/rg/m.sock,F=R\n",
		 "rg", "R", true},
		{"O InputMailFilters=dkim, rg2\nXrg, S=/run/rg/m.sock\n", "rg", "", false},
		{"Xrg, F=T, S=local:/run/rg/m.sock", "rg", "T", false},
		{"O InputMailFilters=rg\nXrg, S=local:/run/rg/other.sock, F=T\n", "", "", false},
		{"# Xrg, S=local:/run/rg/m.sock\nO InputMailFilters=rg\n", "", "", false},
		/* The last line counts. */
		{"O InputMailFilters=rg\nO InputMailFilters=\nXrg, S=local:/run/rg/m.sock\n", "rg",
		 "", false},
		{"X\nX,\nXrg\nXrg, S=\n", "", "", false},
	};
	struct milters_socket socket;

	(void)state;
	assert_int_equal(milters_socket_read("unix:/run/rg/m.sock", &socket), ERR_OK);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sendmailcf cf = sendmailcf_read(cases[i].text, &socket);

		assert_string_equal(cf.name, cases[i].name);
		assert_string_equal(cf.flags, cases[i].flags);
		assert_int_equal(cf.listed, cases[i].listed);
	}
}

static void sockets_of_the_network_are_found(void **state)
{
	static const char text[] = "O InputMailFilters=rg\nXrg, S=inet:8895@127.0.0.1, F=T\n";
	struct milters_socket socket;

	(void)state;
	assert_int_equal(milters_socket_read("inet:8895@127.0.0.1", &socket), ERR_OK);
	assert_string_equal(sendmailcf_read(text, &socket).name, "rg");
	assert_int_equal(milters_socket_read("inet:8895@0.0.0.0", &socket), ERR_OK);
	assert_string_equal(sendmailcf_read(text, &socket).name, "rg");
	assert_int_equal(milters_socket_read("inet:8896@127.0.0.1", &socket), ERR_OK);
	assert_string_equal(sendmailcf_read(text, &socket).name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(milters_are_found),
		cmocka_unit_test(sockets_of_the_network_are_found),
	};

	return cmocka_run_group_tests_name("sendmailcf", tests, NULL, NULL);
}
