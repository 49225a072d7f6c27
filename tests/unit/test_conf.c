/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resetguard/conf.h"

static struct conf *read_text(const char *text)
{
	struct conf *conf = NULL;
	struct why why = {""};

	if (conf_read_text(text, strlen(text), "/etc/rg/rg.conf", &conf, &why) != ERR_OK)
		fail_msg("%s: %s", text, why.text);
	return conf;
}

/* ---- defaults ---- */

static void defaults_are_those_of_the_manual(void **state)
{
	struct conf *conf = read_text("");

	(void)state;
	assert_string_equal(conf->cache_dir, LOCALSTATEDIR "/lib/resetguard");
	assert_int_equal(conf->map_size, 16ULL << 30);
	assert_false(conf->log_to_stderr);
	assert_true(conf->log_localpart);
	assert_null(conf->public_suffix_file);
	assert_int_equal(conf->exempt_domains.count, 0);
	assert_string_equal(conf->milter_user, "resetguard-milter");
	assert_string_equal(conf->socket, "unix:/var/spool/postfix/resetguard/milter.sock");
	assert_int_equal(conf->socket_mode, 0660);
	assert_string_equal(conf->socket_group, "postfix");
	assert_int_equal(conf->mode, MODE_ENFORCE);
	assert_string_equal(conf->messages_file, "/etc/rg/messages");
	assert_int_equal(conf->guard.count, 2);
	assert_true(conf_list_has(&conf->guard, "password-reset"));
	assert_true(conf_list_has(&conf->guard, "Magic-Link"));
	assert_false(conf_list_has(&conf->guard, "other"));
	assert_int_equal(conf->originating_networks.count, 2);
	assert_int_equal(conf->originating_daemons.count, 1);
	assert_int_equal(conf->mixed, MIXED_REJECT);
	assert_int_equal(conf->miss_wait_ms, -1);
	assert_int_equal(conf->recheck_after, 3600);
	assert_int_equal(conf->defer_max, 4 * 3600);
	assert_int_equal(conf->class_count, 1);
	assert_string_equal(conf->classes[0].name, "");
	assert_int_equal(conf->classes[0].policy.max_age, 35 * 86400);
	assert_int_equal(conf->classes[0].policy.first_use_age, 90 * 86400);
	assert_int_equal(conf->classes[0].policy.action[REASON_EXPIRED], ACTION_REJECT);
	assert_int_equal(conf->classes[0].policy.action[REASON_STALE], ACTION_TEMPFAIL);
	assert_null(conf->classes[0].reply[REASON_EXPIRED]);
	assert_null(conf->on_canary_command);
	assert_int_equal(conf->body_limit, 256 << 10);
	assert_false(conf->add_rrvs);
	assert_int_equal(conf->drain_time, 10);
	assert_null(conf->metrics);
	assert_int_equal(conf->wanted_max, 10000);
	assert_string_equal(conf->updater_user, "resetguard");
	assert_int_equal(conf->source_count, 2);
	assert_int_equal(conf->sources[0], SOURCE_RDAP);
	assert_int_equal(conf->sources[1], SOURCE_DNS);
	assert_true(conf_has_source(conf, SOURCE_DNS));
	assert_false(conf_has_source(conf, SOURCE_FASTLY));
	assert_string_equal(conf->rdap_bootstrap, "https://data.iana.org/rdap/dns.json");
	assert_int_equal(conf->rdap_servers.count, 0);
	assert_null(conf->fastly_key_file);
	assert_null(conf->resolver);
	assert_null(conf->dns_trust_anchor);
	assert_int_equal(conf->jobs, 32);
	assert_int_equal(conf->host_jobs, 4);
	assert_int_equal(conf->host_rate.count, 5);
	assert_int_equal(conf->host_rate.per, 1);
	assert_int_equal(conf->max_reply, 1 << 20);
	assert_int_equal(conf->timeout, 20);
	assert_null(conf->proxy);
	assert_int_equal(conf->brake_count, 20);
	assert_int_equal(conf->brake_percent, 1);
	assert_int_equal(conf->max_interval, 30 * 86400);
	assert_int_equal(conf->dns_lapse_after, 7 * 86400);
	assert_null(conf->on_change_command);
	assert_null(conf->on_change_url);
	assert_null(conf->on_change_key_file);
	assert_false(conf->allow_http);
	assert_false(conf->allow_private_addresses);
	assert_null(conf->ca_file);
	conf_free(conf);
	conf_free(NULL);
}

/* ---- lines ---- */

static void bytes_that_are_no_text_are_named(void **state)
{
	static const char text[] = "mode = observe\nsocket_group = a\0b\n";
	struct conf *conf = NULL;
	struct why why = {""};

	(void)state;
	assert_int_equal(conf_read_text(text, sizeof(text) - 1, "x.conf", &conf, &why), ERR_CONFIG);
	assert_string_equal(why.text, "x.conf:2: there is a NUL byte; is this text in UTF-8?");
}

static void long_lines_have_an_end(void **state)
{
	static const char key[] = "mode = observe\ncache_dir = /";
	size_t length = sizeof(key) - 1 + 2 * CONF_LINE_MAX;
	char *text = malloc(length);
	struct conf *conf = NULL;
	struct why why = {""};

	(void)state;
	assert_non_null(text);
	memset(text, 'x', length);
	memcpy(text, key, sizeof(key) - 1);
	assert_int_equal(conf_read_text(text, length, "x.conf", &conf, &why), ERR_CONFIG);
	assert_string_equal(why.text, "x.conf:2: the line is longer than 65536 bytes");
	/* The same in continuations. */
	for (size_t i = 200; i < length - 1; i += 100)
		memcpy(text + i, "\n ", 2);
	assert_int_equal(conf_read_text(text, length, "x.conf", &conf, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "the line is longer than 65536 bytes"));
	/* A comment may be as long as it likes. */
	memset(text, 'x', length);
	text[0] = '#';
	assert_int_equal(conf_read_text(text, length, "x.conf", &conf, &why), ERR_OK);
	conf_free(conf);
	free(text);
}

/* ---- classes ---- */

static void classes_start_from_the_common_keys_in_any_order(void **state)
{
	struct conf *conf = read_text("magic-link:on_stale = accept\n"
				      "magic-link:reply_held = mine\n"
				      "on_stale = reject\n"
				      "on_held = accept\n"
				      "max_age = 1d\n"
				      "reply_held = common\n"
				      "reply_expired = gone\n"
				      "other:max_age = 2d\n");
	const struct conf_class *common = conf_class_find(conf, "no such class");
	const struct conf_class *link = conf_class_find(conf, "magic-link");
	const struct conf_class *other = conf_class_find(conf, "other");

	(void)state;
	assert_ptr_equal(common, &conf->classes[0]);
	assert_ptr_equal(conf_class_find(conf, ""), common);
	assert_int_equal(common->policy.action[REASON_STALE], ACTION_REJECT);
	assert_int_equal(common->policy.action[REASON_HELD], ACTION_ACCEPT);
	assert_int_equal(link->policy.action[REASON_STALE], ACTION_ACCEPT);
	assert_int_equal(link->policy.action[REASON_HELD], ACTION_ACCEPT);
	assert_int_equal(link->policy.max_age, 86400);
	assert_string_equal(link->reply[REASON_HELD], "mine");
	assert_string_equal(link->reply[REASON_EXPIRED], "gone");
	assert_int_equal(other->policy.action[REASON_STALE], ACTION_REJECT);
	assert_int_equal(other->policy.max_age, 2 * 86400);
	assert_string_equal(other->reply[REASON_HELD], "common");
	conf_free(conf);
}

static void classes_have_a_limit(void **state)
{
	char text[CONF_CLASSES_MAX * 32] = "";
	struct conf *conf = NULL;
	struct why why = {""};

	(void)state;
	for (int i = 1; i < CONF_CLASSES_MAX; i++)
		sprintf(text + strlen(text), "c%d:max_age = 1d\n", i);
	conf_free(read_text(text));
	strcat(text, "one-more:max_age = 1d\n");
	assert_int_equal(conf_read_text(text, strlen(text), "x", &conf, &why), ERR_CONFIG);
	assert_string_equal(why.text,
			    "x:32: one-more:max_age: more than 31 classes have keys of their own");
}

/* ---- asking ---- */

static void networks_take_the_addresses_within(void **state)
{
	static const struct {
		const char *networks;
		const char *address;
		bool within;
	} rows[] = {
		{"127.0.0.0/8 [::1]/128", "::ffff:127.0.0.1", true},
		{"127.0.0.0/8 [::1]/128", "::ffff:127.255.255.255", true},
		{"127.0.0.0/8 [::1]/128", "::ffff:128.0.0.0", false},
		{"127.0.0.0/8 [::1]/128", "::1", true},
		{"127.0.0.0/8 [::1]/128", "::2", false},
		{"192.0.2.128/25", "::ffff:192.0.2.127", false},
		{"192.0.2.128/25", "::ffff:192.0.2.128", true},
		{"192.0.2.7", "::ffff:192.0.2.7", true},
		{"192.0.2.7", "::ffff:192.0.2.6", false},
		{"0.0.0.0/0", "::ffff:203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "2001:db8::1", true},
		{"2001:db8::/33", "2001:db8:7fff::", true},
		{"2001:db8::/33", "2001:db8:8000::", false},
		{"", "::1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];
		struct in6_addr address;
		struct conf *conf;

		snprintf(text, sizeof(text), "originating_networks = %s", rows[i].networks);
		conf = read_text(text);
		assert_int_equal(inet_pton(AF_INET6, rows[i].address, &address), 1);
		if (conf_networks_have(&conf->originating_networks, &address) != rows[i].within)
			fail_msg("%s in %s", rows[i].address, rows[i].networks);
		conf_free(conf);
	}
}

static void exempt_domains_take_what_lies_below(void **state)
{
	static const struct {
		const char *host;
		bool exempt;
	} rows[] = {{"example.org", true},
		    {"a.b.example.org", true},
		    {"notexample.org", false},
		    {"org", false},
		    {"localhost", true},
		    {"x.localhost", true},
		    {"xn--bcher-kva.example", true}};
	struct conf *conf = read_text("exempt_domains = Example.ORG. localhost b\xc3\xbc"
				      "cher.example");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct domain host;

		assert_int_equal(domain_from_text(rows[i].host, strlen(rows[i].host), &host),
				 ERR_OK);
		if (conf_is_exempt(conf, &host) != rows[i].exempt)
			fail_msg("%s", rows[i].host);
	}
	conf_free(conf);
}

static void modes_have_names(void **state)
{
	(void)state;
	assert_string_equal(mode_text(MODE_ENFORCE), "enforce");
	assert_string_equal(mode_text(MODE_OBSERVE), "observe");
}

/* ---- files ---- */

struct directory {
	char path[64];
};

static int make_directory(void **state)
{
	struct directory *directory = calloc(1, sizeof(*directory));

	assert_non_null(directory);
	strcpy(directory->path, "/tmp/test_conf.XXXXXX");
	assert_non_null(mkdtemp(directory->path));
	*state = directory;
	return 0;
}

static int remove_directory(void **state)
{
	struct directory *directory = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory->path);
	assert_int_equal(system(command), 0);
	free(directory);
	return 0;
}

static const char *path_in(const struct directory *directory, const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s", directory->path, name);
	return path;
}

static void write_file(const struct directory *directory, const char *name, const char *text)
{
	FILE *file = fopen(path_in(directory, name), "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void files_of_conf_d_follow_in_order(void **state)
{
	struct directory *directory = *state;
	struct conf *conf = NULL;
	struct why why = {""};

	write_file(directory, "resetguard.conf", "jobs = 1\nhost_jobs = 1\nbrake_count = 1");
	assert_int_equal(mkdir(path_in(directory, "conf.d"), 0755), 0);
	write_file(directory, "conf.d/B.conf", "jobs = 2\nhost_jobs = 2\n");
	write_file(directory, "conf.d/a.conf", "jobs = 3\n");
	write_file(directory, "conf.d/.hidden.conf", "jobs = 4\n");
	write_file(directory, "conf.d/z.conf~", "jobs = 5\n");
	write_file(directory, "conf.d/README", "jobs = 6\n");
	assert_int_equal(conf_read(path_in(directory, "resetguard.conf"), &conf, &why), ERR_OK);
	assert_int_equal(conf->jobs, 3);
	assert_int_equal(conf->host_jobs, 2);
	assert_int_equal(conf->brake_count, 1);
	assert_string_equal(conf->messages_file, path_in(directory, "messages"));
	conf_free(conf);

	conf = NULL;
	write_file(directory, "conf.d/a.conf", "# x\njobs = 0\n");
	assert_int_equal(conf_read(path_in(directory, "resetguard.conf"), &conf, &why), ERR_CONFIG);
	assert_null(conf);
	assert_memory_equal(why.text, path_in(directory, "conf.d/a.conf:2: jobs: "),
			    strlen(path_in(directory, "conf.d/a.conf:2: jobs: ")));
}

static void relative_names_start_from_the_working_directory(void **state)
{
	struct directory *directory = *state;
	struct conf *conf = NULL;
	struct why why = {""};
	char *before = getcwd(NULL, 0);

	assert_non_null(before);
	write_file(directory, "my.conf", "cache_dir = cache");
	assert_int_equal(chdir(directory->path), 0);
	assert_int_equal(conf_read("my.conf", &conf, &why), ERR_OK);
	assert_string_equal(conf->cache_dir, path_in(directory, "cache"));
	assert_int_equal(chdir(before), 0);
	free(before);
	conf_free(conf);
}

static void files_that_cannot_be_read_are_named(void **state)
{
	struct directory *directory = *state;
	struct conf *conf = NULL;
	struct why why = {""};
	char expected[WHY_MAX];

	assert_int_equal(conf_read(path_in(directory, "none.conf"), &conf, &why), ERR_CONFIG);
	snprintf(expected, sizeof(expected), "%s: No such file or directory",
		 path_in(directory, "none.conf"));
	assert_string_equal(why.text, expected);
	assert_int_equal(conf_read(directory->path, &conf, &why), ERR_CONFIG);
	snprintf(expected, sizeof(expected), "%s: Is a directory", directory->path);
	assert_string_equal(why.text, expected);
	write_file(directory, "x.conf", "");
	write_file(directory, "conf.d", "no directory");
	assert_int_equal(conf_read(path_in(directory, "x.conf"), &conf, &why), ERR_CONFIG);
	snprintf(expected, sizeof(expected), "%s: Not a directory", path_in(directory, "conf.d"));
	assert_string_equal(why.text, expected);
	assert_null(conf);
}

static void what_is_posted_is_signed(void **state)
{
	static const char text[] = "mode = observe\non_change_url = https://app.example/hook\n";
	static const char whole[] = "on_change_url = https://app.example/hook\n"
				    "on_change_key_file = /etc/key\n";
	struct conf *conf;
	struct why why = {""};

	(void)state;
	assert_int_equal(conf_read_text(text, strlen(text), "etc", &conf, &why), ERR_CONFIG);
	assert_string_equal(why.text,
			    "etc:2: on_change_url: nothing signs what is posted; let "
			    "on_change_key_file name a file with a key (openssl rand -hex 32)");
	assert_int_equal(conf_read_text(whole, strlen(whole), "etc", &conf, &why), ERR_OK);
	assert_string_equal(conf->on_change_key_file, "/etc/key");
	conf_free(conf);
}

static void keys_know_where_they_were_set(void **state)
{
	static const char text[] = "mode = observe\n\nca_file = /a\nca_file = /b\n";
	struct conf *conf;

	(void)state;
	assert_int_equal(conf_read_text(text, strlen(text), "etc", &conf, NULL), ERR_OK);
	assert_string_equal(conf_place(conf, "ca_file"), "etc:4");
	assert_null(conf_place(conf, "tld_lifecycle"));
	assert_true(conf_is_default(conf, "tld_lifecycle"));
	assert_false(conf_is_default(conf, "ca_file"));
	assert_string_equal(conf->tld_lifecycle, PKGDATADIR "/tld-lifecycle");
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_manual),
		cmocka_unit_test(bytes_that_are_no_text_are_named),
		cmocka_unit_test(long_lines_have_an_end),
		cmocka_unit_test(classes_start_from_the_common_keys_in_any_order),
		cmocka_unit_test(classes_have_a_limit),
		cmocka_unit_test(networks_take_the_addresses_within),
		cmocka_unit_test(exempt_domains_take_what_lies_below),
		cmocka_unit_test(modes_have_names),
		cmocka_unit_test(keys_know_where_they_were_set),
		cmocka_unit_test_setup_teardown(files_of_conf_d_follow_in_order, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(relative_names_start_from_the_working_directory,
						make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(files_that_cannot_be_read_are_named, make_directory,
						remove_directory),
		cmocka_unit_test(what_is_posted_is_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
