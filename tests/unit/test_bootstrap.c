/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_bootstrap: which server is found for a name, what of a document can be
 * read, and the kept copy. Fetching from a real server is tests/refresh/bootstrap's.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "resetguard/bootstrap.h"
#include "resetguard/time.h"

static const char document[] =
	"{\"version\":\"1.0\",\"publication\":\"2026-02-13T23:00:01Z\",\"services\":["
	"[[\"example\",\"TEST\"],[\"https://rdap.registry.example/v1/\"]],"
	"[[\"co.example\"],[\"http://rdap.co.example\",\"https://RDAP.co.example//\"]],"
	"[[\"xn--p1ai\"],[\"https://rdap.idn.example\"]],"
	"[[\"plain\"],[\"http://rdap.plain.example/\"]],"
	"[[\"\"],[\"https://rdap.root.example/\"]],"
	"[[\"twice\"],[\"https://first.example/\"]],"
	"[[\"twice\"],[\"https://second.example/\"]],"
	"[[\"odd\"],[\"https://rdap.odd.example/?x=1\",\"http://odd.example/%%\",7]],"
	"[[\"none\"],[]],[[],[\"https://rdap.empty.example/\"]],[\"text\"],7,null,"
	"[[17,\"late\"],[\"https://u:p@rdap.late.example/\",\"https://rdap.late.example\"]]]}";

static struct domain domain_of(const char *text)
{
	struct domain domain;

	assert_int_equal(domain_from_text(text, strlen(text), &domain), ERR_OK);
	return domain;
}

static struct bootstrap *parse(const char *text, const struct conf *conf)
{
	struct bootstrap *bootstrap = NULL;
	struct why why = {""};

	if (bootstrap_parse(text, strlen(text), conf, &bootstrap, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return bootstrap;
}

/* base NULL: no server. */
static void check_found(const struct bootstrap *bootstrap, const char *name, const char *base)
{
	struct domain domain = domain_of(name);
	struct bootstrap_server server = {.base = "untouched"};
	enum err err = bootstrap_find(bootstrap, &domain, &server);

	if (base == NULL) {
		assert_int_equal(err, ERR_NOT_FOUND);
		assert_string_equal(server.base, "untouched");
	} else if (err != ERR_OK || strcmp(server.base, base) != 0) {
		fail_msg("%s: wanted %s, got %s", name, base, server.base);
	}
}

static void test_longest_match(void **state)
{
	struct conf conf = {0};
	struct bootstrap *bootstrap = parse(document, &conf);
	struct bootstrap_server server;
	struct domain domain = domain_of("a.example");

	(void)state;
	check_found(bootstrap, "a.example", "https://rdap.registry.example/v1");
	check_found(bootstrap, "b.a.example", "https://rdap.registry.example/v1");
	check_found(bootstrap, "a.test", "https://rdap.registry.example/v1");
	check_found(bootstrap, "a.co.example", "https://RDAP.co.example");
	check_found(bootstrap, "co.example", "https://RDAP.co.example");
	check_found(bootstrap, "ccco.example", "https://rdap.registry.example/v1");
	check_found(bootstrap, "a.рф", "https://rdap.idn.example");
	check_found(bootstrap, "a.twice", "https://first.example");
	check_found(bootstrap, "a.late", "https://rdap.late.example");
	assert_int_equal(bootstrap_find(bootstrap, &domain, &server), ERR_OK);
	assert_string_equal(server.host, "rdap.registry.example");
	assert_int_equal(server.trust, RDAP_AUTHORITATIVE);
	bootstrap_free(bootstrap);
}

static void test_no_server(void **state)
{
	static const char *const names[] = {"a.plain", "a.odd", "a.none", "a.unlisted", "a.empty"};
	struct conf conf = {0};
	struct bootstrap *bootstrap = parse(document, &conf);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_found(bootstrap, names[i], NULL);
	bootstrap_free(bootstrap);
	conf.allow_http = true;
	bootstrap = parse(document, &conf);
	check_found(bootstrap, "a.plain", "http://rdap.plain.example");
	check_found(bootstrap, "a.co.example", "https://RDAP.co.example");
	check_found(bootstrap, "a.odd", NULL);
	bootstrap_free(bootstrap);
}

static void test_operators_lines_come_first(void **state)
{
	struct conf_rdap_server lines[] = {
		{.tld = (char *)"example", .url = (char *)"https://rdap.operator.example/"},
		{.tld = (char *)".De",
		 .url = (char *)"https://rdap.de.example",
		 .dates_only = true},
		{.tld = (char *)"sub.test", .url = (char *)"https://rdap.sub.example"},
	};
	struct conf conf = {.rdap_servers = {3, lines}};
	struct bootstrap *bootstrap = parse(document, &conf);
	struct domain domain = domain_of("a.de");
	struct bootstrap_server server;

	(void)state;
	check_found(bootstrap, "a.co.example", "https://rdap.operator.example");
	check_found(bootstrap, "a.sub.test", "https://rdap.sub.example");
	check_found(bootstrap, "a.test", "https://rdap.registry.example/v1");
	assert_int_equal(bootstrap_find(bootstrap, &domain, &server), ERR_OK);
	assert_int_equal(server.trust, RDAP_DATES_ONLY);
	bootstrap_free(bootstrap);
}

static void test_operators_mistakes(void **state)
{
	static const struct {
		const char *tld;
		const char *url;
		const char *says;
	} rows[] = {
		{"a..b", "https://rdap.example/", "a..b"},
		{"example", "http://rdap.example/", "not an https URL"},
		{"example", "https://rdap.example/?q=", "no query"},
		{"example", "https://u@rdap.example/", "https://u@rdap.example/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_rdap_server line = {(char *)rows[i].tld, (char *)rows[i].url, false};
		struct conf conf = {.rdap_servers = {1, &line}};
		struct bootstrap *bootstrap;
		struct why why = {""};

		assert_int_equal(
			bootstrap_parse(document, strlen(document), &conf, &bootstrap, &why),
			ERR_CONFIG);
		if (strstr(why.text, rows[i].says) == NULL)
			fail_msg("%s", why.text);
	}
}

static void test_documents_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"<html>",
		"[]",
		"{}",
		"{\"services\":{}}",
		"{\"services\":[]}",
		"{\"services\":[[[\"a\"],[\"http://a.example/\"]]]}",
		"{\"services\":[[[\"\"],[\"https://a.example/\"]]]}",
		"{\"services\":[[[\"a\"],[\"https://a.example/\"]]]",
	};
	struct conf conf = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct bootstrap *bootstrap;
		struct why why = {""};

		if (bootstrap_parse(texts[i], strlen(texts[i]), &conf, &bootstrap, &why) !=
			    ERR_DATA ||
		    why.text[0] == '\0')
			fail_msg("%s: not refused, %s", texts[i], why.text);
	}
}

static void test_too_many_entries(void **state)
{
	size_t size = (BOOTSTRAP_SERVICES_MAX + 1) * 16 + 100;
	char *text = malloc(size);
	char *at = text;
	struct conf conf = {0};
	struct bootstrap *bootstrap;
	struct why why = {""};

	(void)state;
	assert_non_null(text);
	at += sprintf(at, "{\"services\":[[[");
	for (int i = 0; i <= BOOTSTRAP_SERVICES_MAX; i++)
		at += sprintf(at, "%s\"t%d\"", i == 0 ? "" : ",", i);
	at += sprintf(at, "],[\"https://a.example\"]]]}");
	assert_int_equal(bootstrap_parse(text, (size_t)(at - text), &conf, &bootstrap, &why),
			 ERR_DATA);
	assert_non_null(strstr(why.text, "more than 20000 entries"));
	free(text);
}

/* ------------------------------------------------------------ files and copies */

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

struct place {
	char directory[64];
	char file[128];
	struct http *http;
	struct conf conf;
};

/* No private address is asked, so that every fetch fails at once. */
static void place_open(struct place *place)
{
	struct http_options options = {.max_reply = 1000, .timeout_ms = 1000, .jobs = 1};

	memset(place, 0, sizeof(*place));
	strcpy(place->directory, "/tmp/test_bootstrap.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->file, sizeof(place->file), "%s/" BOOTSTRAP_FILE, place->directory);
	assert_int_equal(http_open(&options, &place->http, NULL), ERR_OK);
	place->conf.cache_dir = place->directory;
	place->conf.rdap_bootstrap = (char *)"https://127.0.0.1:1/rdap/dns.json";
}

static void place_close(struct place *place)
{
	http_close(place->http);
	(void)unlink(place->file);
	assert_int_equal(rmdir(place->directory), 0);
}

static void test_local_file(void **state)
{
	static const char with_mark[] = "\xef\xbb\xbf"
					"{\"services\":[[[\"a\"],[\"https://a.example/\"]]]}";
	struct place place;
	struct bootstrap *bootstrap;
	struct why why = {"x"};

	(void)state;
	place_open(&place);
	place.conf.rdap_bootstrap = place.file;
	assert_int_equal(bootstrap_load(&place.conf, place.http, 1, &bootstrap, &why),
			 ERR_NO_INPUT);
	assert_non_null(strstr(why.text, place.file));
	write_file(place.file, with_mark);
	assert_int_equal(bootstrap_load(&place.conf, place.http, 1, &bootstrap, &why), ERR_OK);
	assert_string_equal(why.text, "");
	check_found(bootstrap, "b.a", "https://a.example");
	bootstrap_free(bootstrap);
	write_file(place.file, "{}");
	assert_int_equal(bootstrap_load(&place.conf, place.http, 1, &bootstrap, &why), ERR_DATA);
	assert_non_null(strstr(why.text, place.file));
	place_close(&place);
}

#define HEAD(url, fetched, until)                                     \
	"{\"schema\":1,\"url\":\"" url "\",\"fetched_at\":\"" fetched \
	"\",\"fresh_until\":\"" until "\",\"etag\":null}\n"
#define URL "https://127.0.0.1:1/rdap/dns.json"
#define SERVICES "{\"services\":[[[\"a\"],[\"https://a.example/\"]]]}"

static void test_kept_copy(void **state)
{
	static const struct {
		const char *what;
		const char *text;
		const char *says; /* NULL: the fetch's failure; "": used in silence */
	} rows[] = {
		{"fresh", HEAD(URL, "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z") SERVICES, ""},
		{"stale", HEAD(URL, "2026-11-01T00:00:00Z", "2026-11-22T00:00:00Z") SERVICES,
		 "using the copy fetched at 2026-11-01T00:00:00Z: rdap_bootstrap: 127.0.0.1"},
		{"from the future",
		 HEAD(URL, "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z") SERVICES,
		 "using the copy fetched at 2027-01-01T00:00:00Z"},
		{"of another URL",
		 HEAD("https://b.example/", "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z")
			 SERVICES,
		 NULL},
		{"cut short", HEAD(URL, "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z") "{\"serv",
		 NULL},
		{"without a document", HEAD(URL, "2026-11-21T00:00:00Z", "2026-11-23T00:00:00Z"),
		 NULL},
		{"without a date", "{\"url\":\"" URL "\"}\n" SERVICES, NULL},
		{"a bare document", SERVICES, NULL},
		{"empty", "", NULL},
	};
	int64_t now;

	(void)state;
	assert_int_equal(time_parse("2026-11-22T07:00:00Z", 0, &now), ERR_OK);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct place place;
		struct bootstrap *bootstrap;
		struct why why = {"x"};
		int64_t fetched_at = 0;
		enum err err;

		place_open(&place);
		write_file(place.file, rows[i].text);
		assert_true(bootstrap_is_url(&place.conf));
		/* Of what cannot be used the beginning may still be told. */
		if (rows[i].says != NULL) {
			assert_int_equal(bootstrap_fetched_at(&place.conf, &fetched_at), ERR_OK);
			assert_true(strstr(rows[i].text, time_format(fetched_at).text) != NULL);
		}
		err = bootstrap_load(&place.conf, place.http, now, &bootstrap, &why);
		if (rows[i].says == NULL) {
			if (err != ERR_UNAVAILABLE ||
			    strstr(why.text, "not a public address") == NULL)
				fail_msg("%s: %s", rows[i].what, why.text);
		} else {
			if (err != ERR_OK ||
			    strncmp(why.text, rows[i].says, strlen(rows[i].says)) != 0 ||
			    (rows[i].says[0] == '\0' && why.text[0] != '\0'))
				fail_msg("%s: %s", rows[i].what, why.text);
			check_found(bootstrap, "b.a", "https://a.example");
			bootstrap_free(bootstrap);
		}
		place_close(&place);
	}
}

static void test_nothing_to_be_had(void **state)
{
	struct place place;
	struct bootstrap *bootstrap;
	struct why why = {""};

	(void)state;
	place_open(&place);
	assert_int_equal(bootstrap_load(&place.conf, place.http, 1, &bootstrap, &why),
			 ERR_UNAVAILABLE);
	assert_non_null(strstr(why.text, "rdap_bootstrap: 127.0.0.1: not a public address"));
	place_close(&place);
}

/* -------------------------------------------------------- the world's documents */

static void check_world(const char *root, const char *file, const char *name, const char *base)
{
	struct place place;
	struct bootstrap *bootstrap;
	char path[PATH_MAX];
	struct why why = {""};

	place_open(&place);
	snprintf(path, sizeof(path), "%s/%s", root, file);
	place.conf.rdap_bootstrap = path;
	if (bootstrap_load(&place.conf, place.http, 1, &bootstrap, &why) != ERR_OK)
		fail_msg("%s: %s", path, why.text);
	check_found(bootstrap, name, base);
	bootstrap_free(bootstrap);
	place_close(&place);
}

static void test_documents_of_the_world(void **state)
{
	const char *shared = getenv("RESETGUARD_SHARED");
	const char *tree = getenv("SRC");
	char root[PATH_MAX];

	(void)state;
	if (shared != NULL)
		snprintf(root, sizeof(root), "%s/corpus/rdap", shared);
	else
		snprintf(root, sizeof(root), "%s/../shared/corpus/rdap", tree != NULL ? tree : ".");
	if (access(root, R_OK) != 0) {
		print_message("# %s is not there\n", root);
		skip();
	}
	check_world(root, "bootstrap/dns-uptime-kuma-7a16d803d.json", "a.app",
		    "https://pubapi.registry.google/rdap");
	check_world(root, "bootstrap/dns-uptime-kuma-7a16d803d.json", "a.samsung",
		    "https://nic.samsung/rdap");
	check_world(root, "bootstrap/dns-uptime-kuma-7a16d803d.json", "a.kg", NULL);
	check_world(root, "bootstrap/dns-uptime-kuma-7a16d803d.json", "a.de", NULL);
	check_world(root, "bootstrap/dns-openrdap-complex.json", "a.example.com",
		    "https://example.com");
	check_world(root, "bootstrap/dns-openrdap-complex.json", "a.sub.example.com",
		    "https://example.com/sub");
	check_world(root, "bootstrap/dns-openrdap-complex.json", "a.example.org", NULL);
	check_world(root, "malformed/bootstrap-dns_bad_url.json", "a.cz", "https://rdap.nic.cz");
	check_world(root, "malformed/bootstrap-dns_bad_url.json", "a.br",
		    "https://rdap.registro.br");
	check_world(root, "malformed/bootstrap-dns_bad_url.json", "a.example", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_match),
		cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_operators_lines_come_first),
		cmocka_unit_test(test_operators_mistakes),
		cmocka_unit_test(test_documents_refused),
		cmocka_unit_test(test_too_many_entries),
		cmocka_unit_test(test_local_file),
		cmocka_unit_test(test_kept_copy),
		cmocka_unit_test(test_nothing_to_be_had),
		cmocka_unit_test(test_documents_of_the_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
