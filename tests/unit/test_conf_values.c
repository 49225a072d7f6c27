/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each type of value takes and refuses, and how it is printed.
 *
 * "test_conf_values --mdoc" prints the part of resetguard.conf(5) that a test
 * here compares with the table of keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/conf.h"

enum { PRINT_MAX = 1 << 17 };

static struct conf *read_text(const char *text)
{
	struct conf *conf = NULL;
	struct why why = {""};

	if (conf_read_text(text, strlen(text), "/etc/rg/rg.conf", &conf, &why) != ERR_OK)
		fail_msg("%s: %s", text, why.text);
	return conf;
}

static char *printed(const struct conf *conf)
{
	char *text = calloc(1, PRINT_MAX);
	FILE *stream = text == NULL ? NULL : fmemopen(text, PRINT_MAX, "w");

	assert_non_null(stream);
	conf_print(conf, stream);
	assert_int_equal(fclose(stream), 0);
	return text;
}

/* Whether conf_print writes that line for text. */
static bool prints(const char *text, const char *line)
{
	struct conf *conf = read_text(text);
	char *all = printed(conf);
	char *found = strstr(all, line);
	bool result =
		found != NULL && (found == all || found[-1] == '\n') && found[strlen(line)] == '\n';

	free(all);
	conf_free(conf);
	return result;
}

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A100 A50 A50

/* ---- good values ---- */

static const struct {
	const char *text;
	const char *line; /* of conf_print */
} good[] = {
	{"mode = observe", "mode = observe"},
	{"mode=observe", "mode = observe"},
	{"  # comment\n\nmode   =\tobserve  \n", "mode = observe"},
	{"mode = observe\r\n", "mode = observe"},
	{"\xef\xbb\xbfmode = observe", "mode = observe"},
	{"mode = enforce\nmode = observe\n", "mode = observe"},
	{"mode =\n observe", "mode = observe"},
	{"cache_dir = /a b", "cache_dir = /a b"},
	{"cache_dir = sub", "cache_dir = /etc/rg/sub"},
	{"messages_file = rules/mine", "messages_file = /etc/rg/rules/mine"},
	{"public_suffix_file = /x\npublic_suffix_file =", "public_suffix_file ="},
	{"map_size = 1073741824", "map_size = 1g"},
	{"map_size = 1m", "map_size = 1m"},
	{"map_size = 16t", "map_size = 16t"},
	{"map_size = 1048577", "map_size = 1048577"},
	{"body_limit = 1536k", "body_limit = 1536k"},
	{"log_to = stderr", "log_to = stderr"},
	{"log_localpart = no", "log_localpart = no"},
	{"exempt_domains = Example.org, b\xc3\xbc"
	 "cher.example localhost",
	 "exempt_domains = example.org xn--bcher-kva.example localhost"},
	{"exempt_domains = a.example\n# between\n\n  b.example,\n\tc.example",
	 "exempt_domains = a.example b.example c.example"},
	{"max_age = 12h", "max_age = 12h"},
	{"first_use_age = 0", "first_use_age = 0s"},
	{"socket = unix:/run/m.sock", "socket = unix:/run/m.sock"},
	{"socket = inet:8891@127.0.0.1", "socket = inet:8891@127.0.0.1"},
	{"socket = inet:1@localhost", "socket = inet:1@localhost"},
	{"socket = inet6:65535@[::1]", "socket = inet6:65535@[::1]"},
	{"socket = inet6:65535@::1", "socket = inet6:65535@::1"},
	{"socket = fd:3", "socket = fd:3"},
	{"socket = unix:/" A100 "123456", "socket = unix:/" A100 "123456"},
	{"socket_mode = 666", "socket_mode = 0666"},
	{"socket_mode = 0600", "socket_mode = 0600"},
	{"socket_group =", "socket_group ="},
	{"guard = a,b", "guard = a b"},
	{"originating_networks =", "originating_networks ="},
	{"originating_networks = 192.0.2.1", "originating_networks = 192.0.2.1/32"},
	{"originating_networks = 10.0.0.0/8, 0.0.0.0/0",
	 "originating_networks = 10.0.0.0/8 0.0.0.0/0"},
	{"originating_networks = 2001:db8::/32 [::1]",
	 "originating_networks = [2001:db8::]/32 [::1]/128"},
	{"originating_networks = ::/0", "originating_networks = [::]/0"},
	{"originating_networks = ::ffff:192.0.2.0/120", "originating_networks = 192.0.2.0/24"},
	{"originating_daemons = smtpd !amavis", "originating_daemons = smtpd !amavis"},
	{"originating_daemons =", "originating_daemons ="},
	{"mixed = strip", "mixed = strip"},
	{"miss_wait = 0", "miss_wait = 0s"},
	{"miss_wait = 5s", "miss_wait = 5s"},
	{"miss_wait = 5s\nmiss_wait =", "miss_wait ="},
	{"on_stale = quarantine", "on_stale = quarantine"},
	{"on_owner_changed = discard", "on_owner_changed = discard"},
	{"on_bad_address = accept", "on_bad_address = accept"},
	{"reply_expired = Call {domain}, please = now",
	 "reply_expired = Call {domain}, please = now"},
	{"reply_expired = one\n   two\n\tthree", "reply_expired = one two three"},
	{"reply_pinned = no", "reply_pinned = no"},
	{"reply_held = " A100 A100 A100 A100, "reply_held = " A100 A100 A100 A100},
	{"reply_held = ~", "reply_held = ~"},
	{"on_canary_command = /bin/mail -s x root", "on_canary_command = /bin/mail -s x root"},
	{"metrics = unix:/run/x", "metrics = unix:/run/x"},
	{"metrics = [::1]:9100", "metrics = [::1]:9100"},
	{"sources = dns, fastly, rdap", "sources = dns fastly rdap"},
	{"rdap_bootstrap = /usr/share/dns.json", "rdap_bootstrap = /usr/share/dns.json"},
	{"rdap_bootstrap = https://x.example:8443/a?b#c",
	 "rdap_bootstrap = https://x.example:8443/a?b#c"},
	{"rdap_bootstrap = http://127.0.0.1:80/\nallow_http = yes",
	 "rdap_bootstrap = http://127.0.0.1:80/"},
	{"rdap_server = De https://rdap.denic.example/",
	 "rdap_server = de https://rdap.denic.example/"},
	{"rdap_server = a https://a.example\nrdap_server = b https://b.example dates-only",
	 "rdap_server = a https://a.example\nrdap_server = b https://b.example dates-only"},
	{"rdap_server = a https://a.example\nrdap_server = a https://b.example",
	 "rdap_server = a https://b.example"},
	{"rdap_server = a https://a.example\nrdap_server =", "rdap_server ="},
	{"rdap_server = \xd1\x80\xd1\x84 https://[2001:db8::1]/",
	 "rdap_server = xn--p1ai https://[2001:db8::1]/"},
	{"resolver = 127.0.0.1:53", "resolver = 127.0.0.1:53"},
	{"host_rate = 3000/h", "host_rate = 3000/h"},
	{"host_rate = 100/m", "host_rate = 100/m"},
	{"proxy = http://proxy.example:3128", "proxy = http://proxy.example:3128"},
	{"brake_percent = 0", "brake_percent = 0"},
	/* classes */
	{"magic-link:on_stale = accept", "magic-link:on_stale = accept"},
	{"on_stale = reject\nmagic-link:on_stale = accept\nmagic-link:max_age = 3d",
	 "magic-link:max_age = 3d\nmagic-link:on_stale = accept"},
	{"x:reply_expired =\nreply_expired = common", "x:reply_expired ="},
	{"a.b_c-1:first_use_age = 1d", "a.b_c-1:first_use_age = 1d"},
	{A50 "123456789-123:max_age = 1d", A50 "123456789-123:max_age = 1d"},
};

static void good_values_are_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!prints(good[i].text, good[i].line))
			fail_msg("\"%s\" does not give \"%s\"", good[i].text, good[i].line);
	}
}

/* ---- bad values ---- */

static const struct {
	const char *text;
	const char *why; /* behind "/etc/rg/rg.conf:" */
} bad[] = {
	/* lines */
	{"mode", "1: no \"=\" in \"mode\"; write KEY = VALUE"},
	{"# x\n\n  mode = observe", "3: a line that begins with a blank continues the one before, "
				    "but there is none"},
	{"mode = observe\n\nmod = x", "3: mod: unknown key; did you mean mode?"},
	{"mode =\n\n x\nmode = observe", "1: mode: \"x\" is not enforce or observe"},
	{"a = 1", "1: a: unknown key; resetguard config --defaults lists them"},
	{"= 1", "1: : unknown key"},
	{"mode = \xff", "1: this is not UTF-8"},
	{"mode = observe\n# \xc3", "2: this is not UTF-8"},
	/* keys */
	{"cachedir = /x", "1: cachedir: unknown key; did you mean cache_dir?"},
	{"on_owner-changed = reject",
	 "1: on_owner-changed: unknown key; did you mean on_owner_changed?"},
	{"on_pinned = accept", "1: on_pinned: unknown key"},
	{"on_REASON = accept", "1: on_REASON: unknown key"},
	{"x:on_stal = accept", "1: x:on_stal: unknown key; did you mean on_stale?"},
	{"x:mode = observe", "1: x:mode: mode cannot be set for one class"},
	{":max_age = 1d", "1: \"\" is no class of mail"},
	{"a b:max_age = 1d", "1: \"a b\" is no class of mail"},
	{A50 "123456789-1234:max_age = 1d", "1: \"" A50 "123456789-1234\" is no class of mail"},
	{A100 " = 1", "1: " A100 ": unknown key"},
	/* values */
	{"mode =", "1: mode: there is no value; write enforce or observe"},
	{"mode = observe # for now", "1: mode: \"observe # for now\" is not enforce or observe; "
				     "a comment needs a line of its own"},
	{"log_to = file", "1: log_to: \"file\" is not syslog or stderr"},
	{"log_localpart = true", "1: log_localpart: \"true\" is not yes or no"},
	{"mixed = both", "1: mixed: \"both\" is not reject or strip"},
	{"on_stale = defer", "1: on_stale: \"defer\" is not accept, tempfail, reject, quarantine "
			     "or discard"},
	{"jobs = many", "1: jobs: \"many\" is not a number"},
	{"jobs = -1", "1: jobs: \"-1\" is not a number"},
	{"jobs = 1.5", "1: jobs: \"1.5\" is not a number"},
	{"jobs = 99999999999999999999", "1: jobs: \"99999999999999999999\" is not a number"},
	{"jobs = 0", "1: jobs: \"0\" is out of range: from 1 to 1024"},
	{"jobs = 1025", "1: jobs: \"1025\" is out of range: from 1 to 1024"},
	{"map_size = 1k", "1: map_size: \"1k\" is out of range: from 1m to 16t"},
	{"map_size = 17t", "1: map_size: \"17t\" is out of range: from 1m to 16t"},
	{"map_size = 16G", "1: map_size: \"16G\" is not a number of bytes such as"},
	{"map_size = 16gb", "1: map_size: \"16gb\" is not a number of bytes such as"},
	{"map_size = g", "1: map_size: \"g\" is not a number of bytes such as"},
	{"map_size = 999999999999999999t", "1: map_size: \"999999999999999999t\" is not"},
	{"max_age = 35 days",
	 "1: max_age: \"35 days\" is not a duration such as 30s, 5m, 12h or 30d"},
	{"max_age = 0", "1: max_age: \"0\" is out of range: from 1s to 3650d"},
	{"max_age = 3651d", "1: max_age: \"3651d\" is out of range: from 1s to 3650d"},
	{"miss_wait = 61s", "1: miss_wait: \"61s\" is out of range: from 0s to 1m"},
	{"host_rate = 5", "1: host_rate: \"5\" is not a rate such as 5/s, 100/m or 3000/h"},
	{"host_rate = 5/d", "1: host_rate: \"5/d\" is not a rate"},
	{"host_rate = 5/sec", "1: host_rate: \"5/sec\" is not a rate"},
	{"host_rate = /s", "1: host_rate: \"/s\" is not a rate"},
	{"host_rate = 5/", "1: host_rate: \"5/\" is not a rate"},
	{"host_rate = 0/s", "1: host_rate: \"0/s\" is out of range"},
	{"socket_mode = 0888", "1: socket_mode: \"0888\" is not a file mode in octal such as 0660"},
	{"socket_mode = 66", "1: socket_mode: \"66\" is not a file mode"},
	{"socket_mode = 4755", "1: socket_mode: \"4755\" is not a file mode"},
	{"socket_mode = rw", "1: socket_mode: \"rw\" is not a file mode"},
	{"milter_user = a:b", "1: milter_user: \"a:b\" is not the name of a user or group"},
	{"milter_user = -x", "1: milter_user: \"-x\" is not the name"},
	{"on_canary_command = mail root",
	 "1: on_canary_command: \"mail root\" is not a command that "
	 "begins with an absolute path"},
	{"reply_expired = caf\xc3\xa9",
	 "1: reply_expired: \"caf\xc3\xa9\" is not a reply: printable ASCII"},
	{"reply_expired = 100%", "1: reply_expired: \"100%\" is not a reply"},
	{"reply_expired = a\x7f", "1: reply_expired: \"a?\" is not a reply"},
	{"reply_expired = a\\b", "1: reply_expired: \"a\\b\" is not a reply"},
	{"reply_expired = a\tb", "1: reply_expired: \"a?b\" is not a reply"},
	{"reply_expired = " A100 A100 A100 A100 "a", "1: reply_expired: \"aaa"},
	{"guard =", "1: guard: there is no value"},
	{"guard = ,", "1: guard: \",\" is not a class of mail"},
	{"guard = a b/c", "1: guard: \"b/c\" is not a class of mail"},
	{"exempt_domains = a.example b..example",
	 "1: exempt_domains: \"b..example\" is not a domain name"},
	{"exempt_domains = *.example", "1: exempt_domains: \"*.example\" is not a domain name"},
	{"originating_daemons = a !", "1: originating_daemons: \"!\" is not the {daemon_name}"},
	{"originating_networks = 10.0.0.1/8",
	 "1: originating_networks: 10.0.0.1/8 is an address within a network; that is 10.0.0.0/8"},
	{"originating_networks = [2001:db8::1]/32",
	 "1: originating_networks: [2001:db8::1]/32 is an address within a network; that is "
	 "[2001:db8::]/32"},
	{"originating_networks = 10.0.0.0/33",
	 "1: originating_networks: \"10.0.0.0/33\" is not a network"},
	{"originating_networks = 10.0.0.0/",
	 "1: originating_networks: \"10.0.0.0/\" is not a network"},
	{"originating_networks = 10.0.0/24",
	 "1: originating_networks: \"10.0.0/24\" is not a network"},
	{"originating_networks = [10.0.0.0]/24",
	 "1: originating_networks: \"[10.0.0.0]/24\" is not a network"},
	{"originating_networks = host.example",
	 "1: originating_networks: \"host.example\" is not a network"},
	{"originating_networks = ::1/129", "1: originating_networks: \"::1/129\" is not a network"},
	{"socket = /run/m.sock", "1: socket: \"/run/m.sock\" is not unix:/PATH, inet:PORT@HOST, "
				 "inet6:PORT@HOST or fd:NUMBER"},
	{"socket = unix:m.sock", "1: socket: \"unix:m.sock\" is not unix:/PATH"},
	{"socket = unix:/" A100 A100, "1: socket: the path of a socket has at most 107 bytes"},
	{"socket = unix:/" A100 "1234567", "1: socket: the path of a socket has at most 107 bytes"},
	{"socket = inet:127.0.0.1:8891",
	 "1: socket: \"inet:127.0.0.1:8891\" is how Postfix writes it; "
	 "here it is inet:PORT@HOST"},
	{"socket = inet:8891", "1: socket: \"inet:8891\" is not unix:/PATH"},
	{"socket = inet:0@localhost", "1: socket: \"inet:0@localhost\" is not unix:/PATH"},
	{"socket = inet:65536@localhost", "1: socket: \"inet:65536@localhost\" is not unix:/PATH"},
	{"socket = inet:1@", "1: socket: \"inet:1@\" is not unix:/PATH"},
	{"socket = fd:", "1: socket: \"fd:\" is not unix:/PATH"},
	{"socket = fd:x", "1: socket: \"fd:x\" is not unix:/PATH"},
	{"metrics = 9100", "1: metrics: \"9100\" is not unix:/PATH or ADDRESS:PORT"},
	{"metrics = ::1:9100", "1: metrics: \"::1:9100\" is not unix:/PATH or ADDRESS:PORT"},
	{"resolver = 127.0.0.1", "1: resolver: \"127.0.0.1\" is not HOST:PORT"},
	{"sources = rdap whois", "1: sources: \"whois\" is not rdap, fastly or dns"},
	{"sources = none", "1: sources: \"none\" is not rdap, fastly or dns"},
	{"sources = dns dns", "1: sources: dns is there twice"},
	{"sources = ,", "1: sources: \",\" is not"},
	{"rdap_bootstrap = dns.json",
	 "1: rdap_bootstrap: \"dns.json\" is not a URL that begins with "
	 "https://, or an absolute path"},
	{"rdap_bootstrap = http://x.example/",
	 "1: rdap_bootstrap: \"http://x.example/\": without TLS "
	 "anybody on the way can answer; it must begin with https://"},
	{"rdap_bootstrap = https:///x", "1: rdap_bootstrap: \"https:///x\" is not a URL"},
	{"rdap_bootstrap = https://a b/", "1: rdap_bootstrap: \"https://a b/\" is not a URL"},
	{"fastly_url = https://me:pw@x.example/",
	 "1: fastly_url: \"https://me:pw@x.example/\" is not a URL"},
	{"fastly_url = /x", "1: fastly_url: \"/x\" is not a URL that begins with https://"},
	{"rdap_server = de", "1: rdap_server: \"\" is not TLD URL"},
	{"rdap_server = de ftp://x.example/",
	 "1: rdap_server: \"ftp://x.example/\" is not TLD URL"},
	{"rdap_server = de http://x.example/",
	 "1: rdap_server: \"http://x.example/\": without TLS"},
	{"rdap_server = d..e https://x.example/",
	 "1: rdap_server: \"d..e https://x.example/\" is not TLD URL"},
	{"rdap_server = de https://x.example/ dates",
	 "1: rdap_server: \"de https://x.example/ dates\" is not"},
	{"rdap_server = de https://x.example/ dates-only x", "1: rdap_server: \"de https://x"},
	{"proxy = proxy.example:3128",
	 "1: proxy: \"proxy.example:3128\" is not a URL that begins with http://"},
};

static void bad_values_name_place_key_and_remedy(void **state)
{
	static const char place[] = "/etc/rg/rg.conf:";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct conf *conf = NULL;
		struct why why = {""};
		enum err err = conf_read_text(bad[i].text, strlen(bad[i].text), "/etc/rg/rg.conf",
					      &conf, &why);

		if (err != ERR_CONFIG || conf != NULL ||
		    strncmp(why.text, place, strlen(place)) != 0 ||
		    strncmp(why.text + strlen(place), bad[i].why, strlen(bad[i].why)) != 0)
			fail_msg("\"%s\": err %d: %s", bad[i].text, (int)err, why.text);
	}
}

/* ---- printing ---- */

static char *print_with(void (*print)(FILE *stream))
{
	char *text = calloc(1, PRINT_MAX);
	FILE *stream = text == NULL ? NULL : fmemopen(text, PRINT_MAX, "w");

	assert_non_null(stream);
	print(stream);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void printed_defaults_are_the_defaults(void **state)
{
	char *text = print_with(conf_print_defaults);
	struct conf *from_text = read_text(text);
	struct conf *built_in = read_text("");
	char *a = printed(from_text);
	char *b = printed(built_in);

	(void)state;
	assert_string_equal(a, b);
	assert_non_null(strstr(text, "\n# The directory of the cache.\ncache_dir = "));
	assert_non_null(strstr(text, "\n# ---- The milter ----\n"));
	assert_non_null(strstr(text, "\non_owner_changed = reject\n"));
	assert_null(strstr(text, " \n"));
	free(a);
	free(b);
	free(text);
	conf_free(from_text);
	conf_free(built_in);
}

static void what_is_printed_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct conf *first = read_text(good[i].text);
		char *a = printed(first);
		struct conf *second = read_text(a);
		char *b = printed(second);

		assert_string_equal(a, b);
		free(a);
		free(b);
		conf_free(first);
		conf_free(second);
	}
}

static char *source_file(const char *name)
{
	const char *source = getenv("SRC");
	char path[4096];
	char *text = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", source == NULL ? "." : source, name);
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	assert_true(getdelim(&text, &size, '\0', file) >= 0);
	fclose(file);
	return text;
}

/* The manual has the usual directories, whatever configure was told. */
static void print_manual(FILE *stream)
{
	static const char *const built_in[][2] = {
		{LOCALSTATEDIR "/lib/resetguard", "/var/lib/resetguard"},
		{PKGDATADIR "/tld", "/usr/share/resetguard/tld"},
		{PKGDATADIR "/parking", "/usr/share/resetguard/parking"},
	};
	char *text = print_with(conf_print_mdoc);
	const char *from = text;

	for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++) {
		const char *at = strstr(from, built_in[i][0]);

		assert_non_null(at);
		fprintf(stream, "%.*s%s", (int)(at - from), from, built_in[i][1]);
		from = at + strlen(built_in[i][0]);
	}
	fputs(from, stream);
	free(text);
}

static void the_manual_says_what_the_table_says(void **state)
{
	char *manual = source_file("conf/resetguard.conf.5");
	char *keys = print_with(print_manual);

	(void)state;
	if (strstr(manual, keys) == NULL)
		fail_msg("conf/resetguard.conf.5 differs from the table of keys; its part is what "
			 "\"tests/unit/test_conf_values --mdoc\" prints");
	free(manual);
	free(keys);
}

static void the_shipped_file_is_good_and_observes(void **state)
{
	char *text = source_file("conf/resetguard.conf");
	struct conf *conf = read_text(text);
	struct conf *built_in = read_text("mode = observe");
	char *a = printed(conf);
	char *b = printed(built_in);

	(void)state;
	assert_int_equal(conf->mode, MODE_OBSERVE);
	assert_string_equal(a, b);
	free(a);
	free(b);
	free(text);
	conf_free(conf);
	conf_free(built_in);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_values_are_kept),
		cmocka_unit_test(bad_values_name_place_key_and_remedy),
		cmocka_unit_test(printed_defaults_are_the_defaults),
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(the_manual_says_what_the_table_says),
		cmocka_unit_test(the_shipped_file_is_good_and_observes),
	};

	if (argc == 2 && strcmp(argv[1], "--mdoc") == 0) {
		print_manual(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
