/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include "../../milter/scope.h"

static struct conf *read_conf(const char *text)
{
	struct why why = {""};
	struct conf *conf = NULL;

	if (conf_read_text(text, strlen(text), "test", &conf, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return conf;
}

static struct scope_client client_at(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return scope_client((struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return scope_client((struct sockaddr *)&v6);
}

static const struct {
	const char *keys;
	const char *address; /* NULL: none */
	const char *daemon_name;
	bool authenticated;
	bool from_sendmail;
	bool originating;
} cases[] = {
	/* The default networks. */
	{"", "127.0.0.1", "", false, false, true},
	{"", "127.9.9.9", "smtpd", false, false, true},
	{"", "::1", "", false, false, true},
	{"", "::ffff:127.0.0.1", "", false, false, true},
	{"", "192.0.2.7", "", false, false, false},
	{"", "::ffff:192.0.2.7", "", false, false, false},
	{"", "2001:db8::1", "", false, false, false},
	/* Nobody but this host has no address. */
	{"", NULL, "", false, false, true},
	/* The other ways in. */
	{"", "192.0.2.7", "", true, false, true},
	{"", "192.0.2.7", "", false, true, true},
	{"", "192.0.2.7", "ORIGINATING", false, false, true},
	{"", "192.0.2.7", "originating", false, false, true},
	{"", "192.0.2.7", "smtpd", false, false, false},
	/* Networks of our own. */
	{"originating_networks = 192.0.2.0/28 [2001:db8::]/32\n", "192.0.2.7", "", false, false,
	 true},
	{"originating_networks = 192.0.2.0/28 [2001:db8::]/32\n", "::ffff:192.0.2.7", "", false,
	 false, true},
	{"originating_networks = 192.0.2.0/28 [2001:db8::]/32\n", "192.0.2.17", "", false, false,
	 false},
	{"originating_networks = 192.0.2.0/28 [2001:db8::]/32\n", "2001:db8:7::1", "", false, false,
	 true},
	{"originating_networks = 192.0.2.0/28 [2001:db8::]/32\n", "127.0.0.1", "", false, false,
	 false},
	/* What is excluded is out, whatever else holds. */
	{"originating_daemons = !reinject\n", "127.0.0.1", "reinject", false, false, false},
	{"originating_daemons = !reinject\n", "127.0.0.1", "REINJECT", true, true, false},
	{"originating_daemons = !reinject\n", NULL, "reinject", false, false, false},
	{"originating_daemons = reinject !reinject\n", "127.0.0.1", "reinject", false, false,
	 false},
	{"originating_daemons = !reinject\n", "127.0.0.1", "smtpd", false, false, true},
	{"originating_daemons = !reinject\n", "127.0.0.1", "", false, false, true},
	{"originating_daemons = !reinject\n", "192.0.2.7", "!reinject", false, false, false},
};

static void originating_mail_is_told_from_other_mail(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct conf *conf = read_conf(cases[i].keys);
		struct scope_client client = {0};
		struct scope_mail mail = {
			.client = &client,
			.daemon_name = cases[i].daemon_name,
			.authenticated = cases[i].authenticated,
			.from_sendmail = cases[i].from_sendmail,
		};

		if (cases[i].address != NULL)
			client = client_at(cases[i].address);
		if (scope_is_originating(conf, &mail) != cases[i].originating)
			fail_msg("case %zu: %s%s", i, cases[i].keys,
				 cases[i].address != NULL ? cases[i].address : "no address");
		conf_free(conf);
	}
}

static void only_ip_addresses_are_addresses(void **state)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
	struct scope_client v4 = client_at("192.0.2.7");

	(void)state;
	assert_false(scope_client(NULL).has_address);
	assert_false(scope_client((struct sockaddr *)&path).has_address);
	assert_true(v4.has_address);
	assert_true(IN6_IS_ADDR_V4MAPPED(&v4.address));
}

static void sendmail_shows_by_queue_id_and_bare_address_under_postfix(void **state)
{
	(void)state;
	assert_true(scope_is_sendmail(true, "4XyZ1", "app@svc.example"));
	assert_true(scope_is_sendmail(true, "4XyZ1", "\"\""));
	assert_true(scope_is_sendmail(true, "4XyZ1", ""));
	assert_false(scope_is_sendmail(true, "4XyZ1", "<app@svc.example>"));
	assert_false(scope_is_sendmail(true, NULL, "app@svc.example"));
	assert_false(scope_is_sendmail(false, "4XyZ1", "app@svc.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(originating_mail_is_told_from_other_mail),
		cmocka_unit_test(only_ip_addresses_are_addresses),
		cmocka_unit_test(sendmail_shows_by_queue_id_and_bare_address_under_postfix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
