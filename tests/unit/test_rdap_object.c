/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rdap_object: replies as files, tests/data/rdap: each valid/NAME.json with
 * what it says in NAME.expected, each invalid/NAME.json with the error; and replies
 * of the world's servers, where they are at hand.
 */
#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/rdap.h"
#include "resetguard/time.h"

enum { FILE_MAX = 256 * 1024 };

static const char *source_tree(void)
{
	const char *tree = getenv("SRC");

	return tree != NULL ? tree : ".";
}

static struct domain domain_of(const char *text)
{
	struct domain domain;

	if (domain_from_text(text, strlen(text), &domain) != ERR_OK)
		fail_msg("%s: no domain name", text);
	return domain;
}

static int64_t moment_of(const char *text)
{
	int64_t moment;

	if (time_parse(text, 0, &moment) != ERR_OK)
		fail_msg("%s: no time", text);
	return moment;
}

/* Sunday morning, when all replies of tests/data/rdap came in. */
static int64_t test_now(void)
{
	return moment_of("2026-11-22T07:00:00Z");
}

static size_t read_whole(const char *path, char *text)
{
	FILE *file = fopen(path, "rb");
	size_t length;

	if (file == NULL)
		fail_msg("%s: cannot be opened", path);
	length = fread(text, 1, FILE_MAX - 1, file);
	text[length] = '\0';
	fclose(file);
	return length;
}

static struct rdap_parking *read_parking(void)
{
	struct rdap_parking *parking;
	struct why why;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/tests/data/rdap/parking-name-servers", source_tree());
	if (rdap_parking_read(path, &parking, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return parking;
}

static const char *answer_text(enum observation_answer answer)
{
	switch (answer) {
	case OBSERVATION_FAILED:
		return "failed";
	case OBSERVATION_OBJECT:
		return "object";
	case OBSERVATION_NOT_THERE:
		return "not-there";
	case OBSERVATION_NODATA:
		return "no-data";
	}
	return "?";
}

static const char *time_or_dash(const struct time_text *text)
{
	return text->text[0] != '\0' ? text->text : "-";
}

static void describe(const struct observation *seen, char *text, size_t size)
{
	struct time_text registered = time_format(seen->registered_at);
	struct time_text expires = time_format(seen->expires_at);

	snprintf(text, size,
		 "answer %s\nstate %s\nregistered %s\nexpires %s\nregistrar %u\nparked %s\n",
		 answer_text(seen->answer), state_text(seen->state), time_or_dash(&registered),
		 time_or_dash(&expires), seen->registrar_id, seen->ns_parked ? "yes" : "no");
}

/* ------------------------------------------------------- files of our own */

static int is_json(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 5 && strcmp(entry->d_name + length - 5, ".json") == 0;
}

/* Calls check for each reply of the directory, with what stands beside it: the
 * name asked for, and the rest. */
static void each_reply(const char *directory,
		       void (*check)(const char *path, const char *body, size_t length,
				     const struct domain *asked, const char *expected))
{
	static char body[FILE_MAX];
	static char expected[FILE_MAX];
	char folder[PATH_MAX];
	char path[PATH_MAX + NAME_MAX + 1];
	struct dirent **entries;
	int count;

	snprintf(folder, sizeof(folder), "%s/tests/data/rdap/%s", source_tree(), directory);
	count = scandir(folder, &entries, is_json, alphasort);
	if (count <= 0)
		fail_msg("%s: no replies there", folder);
	for (int i = 0; i < count; i++) {
		struct domain asked;
		size_t length;
		char *end;

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		length = read_whole(path, body);
		strcpy(path + strlen(path) - strlen("json"), "expected");
		read_whole(path, expected);
		end = strchr(expected, '\n');
		if (strncmp(expected, "asked ", 6) != 0 || end == NULL)
			fail_msg("%s: must begin with \"asked NAME\"", path);
		*end = '\0';
		asked = domain_of(expected + 6);
		check(path, body, length, &asked, end + 1);
		free(entries[i]);
	}
	free(entries);
	print_message("# %d replies of %s\n", count, directory);
}

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e)
			return false;
	return true;
}

static void check_valid(const char *path, const char *body, size_t length,
			const struct domain *asked, const char *expected)
{
	struct rdap_parking *parking = read_parking();
	struct observation seen;
	struct why why = {""};
	char text[1024];

	if (rdap_parse(body, length, asked, parking, test_now(), &seen, &why) != ERR_OK)
		fail_msg("%s: refused: %s", path, why.text);
	describe(&seen, text, sizeof(text));
	if (strcmp(text, expected) != 0)
		fail_msg("%s: wanted:\n%sgot:\n%s", path, expected, text);
	if (strncmp(seen.evidence, "status=[", 8) != 0 || !is_plain(seen.evidence))
		fail_msg("%s: evidence: %s", path, seen.evidence);
	assert_int_equal(seen.source, SOURCE_RDAP);
	assert_int_equal(seen.at, test_now());
	rdap_parking_free(parking);
}

static void check_invalid(const char *path, const char *body, size_t length,
			  const struct domain *asked, const char *expected)
{
	struct observation seen;
	struct observation untouched;
	struct why why = {""};
	size_t wanted = strcspn(expected, "\n");

	memset(&seen, 0x5a, sizeof(seen));
	untouched = seen;
	if (rdap_parse(body, length, asked, NULL, test_now(), &seen, &why) == ERR_OK)
		fail_msg("%s: not refused", path);
	if (memcmp(&seen, &untouched, sizeof(seen)) != 0)
		fail_msg("%s: the observation was touched", path);
	/* What the JSON parser adds to its own messages is its own. */
	if (strncmp(expected, "error ", 6) != 0 || strncmp(why.text, expected + 6, wanted - 6) != 0)
		fail_msg("%s: wanted: %sgot: %s", path, expected, why.text);
}

static void test_valid_replies(void **state)
{
	(void)state;
	each_reply("valid", check_valid);
}

static void test_invalid_replies(void **state)
{
	(void)state;
	each_reply("invalid", check_invalid);
}

/* --------------------------------------------------------- single questions */

static struct observation parse(const char *members)
{
	struct domain domain = domain_of("lapsed.example");
	struct observation seen;
	struct why why = {""};
	char body[64 * 1024];
	int length = snprintf(body, sizeof(body),
			      "{\"objectClassName\":\"domain\",\"ldhName\":\"lapsed.example\"%s}",
			      members);

	if (rdap_parse(body, (size_t)length, &domain, NULL, test_now(), &seen, &why) != ERR_OK)
		fail_msg("%s: %s", body, why.text);
	return seen;
}

static void test_name_servers_are_a_set(void **state)
{
	struct observation one = parse(",\"nameservers\":[{\"ldhName\":\"NS2.A.EXAMPLE.\"},"
				       "{\"ldhName\":\"ns1.a.example\"}]");
	struct observation same =
		parse(",\"nameservers\":[{\"ldhName\":\"ns1.a.example\"},"
		      "{\"ldhName\":\"ns2.a.example\"},{\"ldhName\":\"ns1.a.example\"}]");
	struct observation other = parse(",\"nameservers\":[{\"ldhName\":\"ns1.a.example\"}]");
	struct observation none = parse(",\"nameservers\":[]");

	(void)state;
	assert_true(one.ns_hash == same.ns_hash);
	assert_true(one.ns_hash != other.ns_hash);
	assert_true(none.ns_hash == 0);
	assert_non_null(strstr(one.evidence, "ns=[ns1.a.example ns2.a.example]"));
}

static void test_handles(void **state)
{
	(void)state;
	assert_true(parse(",\"handle\":\"A-1\"").handle_hash !=
		    parse(",\"handle\":\"A-2\"").handle_hash);
	assert_true(parse(",\"handle\":\"\"").handle_hash == 0);
	assert_true(parse("").handle_hash == 0);
}

static void test_evidence(void **state)
{
	struct observation seen =
		parse(",\"status\":[\"Redemption Period\",\"pendingDelete\"],\"handle\":\"H1\","
		      "\"events\":[{\"eventAction\":\"registration\",\"eventDate\":\"2019-03-01T00:"
		      "00:00Z\"},"
		      "{\"eventAction\":\"expiration\",\"eventDate\":\"2026-09-20T00:00:00Z\"}],"
		      "\"nameservers\":[{\"ldhName\":\"ns1.a.example\"}]");
	struct observation crowded;
	char members[8192] = ",\"status\":[\"x\"";

	(void)state;
	assert_string_equal(seen.evidence,
			    "status=[Redemption Period, pendingDelete] "
			    "registered=2019-03-01T00:00:00Z expires=2026-09-20T00:00:00Z "
			    "handle=H1 ns=[ns1.a.example]");
	for (int i = 0; i < 200; i++)
		strcat(members, ",\"client transfer prohibited\"");
	strcat(members, ",\"redemption period\"]");
	crowded = parse(members);
	assert_int_equal(strlen(crowded.evidence), HISTORY_EVIDENCE_MAX);
	assert_int_equal(crowded.state, STATE_REDEMPTION);
}

/* --------------------------------------------------- the world's own replies */

struct real {
	const char *file;
	const char *asked;
	const char *now;  /* when it was recorded */
	const char *says; /* as in a .expected file, in one line, or the error */
};

static const struct real reals[] = {
	{"real/20c.com.json", "20c.com", "2024-07-24",
	 "registered 2004-06-28T18:28:14Z 2025-06-28T18:28:14Z 0"},
	{"real/abc.xyz-whodap.json", "abc.xyz", "2021-05-07",
	 "registered 2014-03-20T12:59:17Z 2025-03-20T07:00:00Z 292"},
	{"real/afnic.fr-onderka.json", "afnic.fr", "2022-10-01",
	 "registered 2001-12-10T23:00:00Z 2029-07-18T08:26:59Z 9999"},
	{"real/amazon.cyou-whodap.json", "amazon.cyou", "2021-04-15",
	 "registered 2020-05-14T00:00:00Z 2021-05-14T00:00:00Z 470"},
	{"real/amazon.ooo-whodap.json", "amazon.ooo", "2021-05-04",
	 "registered 2014-10-23T00:00:00Z 2021-10-23T00:00:00Z 470"},
	{"real/arin.net-2018.json", "arin.net", "2018-06-01",
	 "registered 1996-12-19T00:00:00Z 2024-06-13T18:33:47Z 93"},
	{"real/bitcoin.org-whodap-old.json", "bitcoin.org", "2021-05-07",
	 "registered 2008-08-18T13:19:55Z 2029-08-18T13:19:55Z 0"},
	{"real/bitcoin.org-whodap.json", "bitcoin.org", "2021-05-07",
	 "registered 2008-08-18T13:19:55Z 2029-08-18T13:19:55Z 0"},
	{"real/bitcoin.top-whodap.json", "bitcoin.top", "2021-04-17",
	 "registered 2014-11-17T16:00:29Z 2021-11-17T16:00:29Z 1556"},
	{"real/deep.surf-whodap.json", "deep.surf", "2021-04-17",
	 "registered 2020-07-01T14:05:58Z 2021-07-01T14:05:58Z 0"},
	{"real/ecotroph.net-verisign-pilot.json", "ecotroph.net", "2018-06-01",
	 "registered 2000-01-24T17:23:52Z 2019-01-24T17:23:52Z 2"},
	{"real/example.com-verisign-2025.json", "example.com", "2025-01-28",
	 "registered 1995-08-14T04:00:00Z 2025-08-13T04:00:00Z 376"},
	{"real/foo.cz-2018.json", "foo.cz", "2018-06-01",
	 "registered 2001-09-14T11:51:00Z 2025-09-15T12:00:00Z 0"},
	{"real/google.com-verisign-flipbit.json", "google.com", "2026-07-26",
	 "registered 1997-09-15T04:00:00Z 2028-09-14T04:00:00Z 292"},
	{"real/google.com-whodap.json", "google.com", "2021-04-14",
	 "registered 1997-09-15T07:00:00Z 2028-09-13T07:00:00Z 292"},
	{"real/google.com-whoisit-a.json", "google.com", "2021-06-09",
	 "registered 1997-09-15T04:00:00Z 2028-09-14T04:00:00Z 292"},
	{"real/google.pw-whodap.json", "google.pw", "2021-04-17",
	 "registered 2012-10-12T10:19:46Z 2022-02-10T08:00:00Z 292"},
	{"real/hhgames.com-registrar.json", "hhgames.com", "2023-12-05",
	 "registered 2011-01-01T01:01:01Z 2024-01-01T01:01:01Z 0"},
	{"real/home.moscow.json", "home.moscow", "2024-06-18",
	 "registered 2021-10-19T19:28:12Z 2024-10-19T19:28:12Z 1606"},
	{"real/icann_org_real_world.json", "icann.org", "2026-01-01", "is not a domain object"},
	{"real/nic.br-2018.json", "nic.br", "2018-06-01", "registered 1997-07-11T12:00:00Z  0"},
	{"real/nic.cz-onderka.json", "nic.cz", "2018-06-01",
	 "registered 1997-10-30T00:00:00Z 2027-03-15T13:00:00Z 0"},
	{"real/norway.no.json", "norway.no", "2022-01-01", "registered 2017-01-24T12:09:23Z  0"},
	{"real/themarquetry.com.json", "themarquetry.com", "2022-01-20",
	 "registered 2021-03-16T17:07:37Z 2022-03-16T17:07:37Z 1647"},
	{"real/you.tube-whodap.json", "you.tube", "2021-04-16",
	 "registered 2016-04-17T11:31:13Z 2022-04-16T23:59:59Z 292"},
	{"rfc/rfc9083-domain-23-reverse.json", "0.2.192.in-addr.arpa", "2026-01-01",
	 "registered 1990-12-31T23:59:59Z  0"},
	{"rfc/rfc9083-domain-24-onderka.json", "xn--fo-5ja.example", "2010-01-01",
	 "registered 1990-12-31T23:59:59Z 2016-12-31T23:59:59Z 0"},
	{"rfc/rfc9083-domain-dnr.json", "xn--fo-5ja.example", "2026-01-01",
	 "grace 1990-12-31T23:59:59Z 2016-12-31T23:59:59Z 0"},
	{"rfc/rfc9537-lookup_with_redaction.json", "example.com", "2020-06-01",
	 "registered 1997-06-03T00:00:00Z 2021-06-03T04:00:00Z 1"},
	{"server-golden/nomulus/rdap_domain.json", "cat.lol", "2000-01-01",
	 "is about \"%DOMAIN_PUNYCODE_NAME_1%\", which is no domain name"},
	{"server-golden/nomulus/rdap_domain_auto_renew_grace_period.json", "autorenew.lol",
	 "2000-01-01", "grace 1998-12-31T00:00:00Z 2000-12-31T00:00:00Z 1"},
	{"server-golden/nomulus/rdap_domain_pending_delete_redemption_grace_period.json",
	 "redemption.lol", "2000-01-01", "redemption 1999-01-01T00:00:00Z  1"},
	{"server-golden/nomulus/rdap_error.json", "cat.lol", "2000-01-01", "is no JSON: line 3"},
	{"server-golden/nomulus/rdapjson_domain_logged_out.json", "cat.xn--q9jyb4c", "2000-01-01",
	 "registered 1999-09-01T00:00:00Z  1"},
	{"errors/error_28.json", "a.example", "2026-01-01", "is an error object, errorCode 418"},
	{"errors/error_ripe_404.json", "a.example", "2026-01-01",
	 "is an error object, errorCode 404"},
	{"malformed/bootstrap-dns_bad_url.json", "a.example", "2026-01-01",
	 "is not a domain object"},
	{"malformed/floxync.com-utf16le-bom.json", "floxync.com", "2026-01-01", "is UTF-16"},
	{"malformed/openrdap-malformed.json", "a.example", "2026-01-01", "is no JSON: line 2"},
	{"malformed/whodap-bad_response_01.json", "something-not-real.com", "2023-10-02",
	 "is malformed: \"entities\" is not an array"},
};

static const struct real *find_real(const char *file)
{
	for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++)
		if (strcmp(reals[i].file, file) == 0)
			return &reals[i];
	return NULL;
}

static void check_real(const struct real *row, const char *body, size_t length)
{
	struct domain asked = domain_of(row->asked);
	struct observation seen;
	struct why why = {""};
	char text[1024];

	if (rdap_parse(body, length, &asked, NULL, moment_of(row->now), &seen, &why) == ERR_OK)
		snprintf(text, sizeof(text), "%s %s %s %u", state_text(seen.state),
			 time_format(seen.registered_at).text, time_format(seen.expires_at).text,
			 seen.registrar_id);
	else
		snprintf(text, sizeof(text), "%s", why.text);
	if (strncmp(text, row->says, strlen(row->says)) != 0)
		fail_msg("%s: wanted: %s, got: %s", row->file, row->says, text);
}

/* Each file there must have its row: one that nobody has looked at proves nothing. */
static void test_replies_of_the_world(void **state)
{
	static const char *const folders[] = {"real", "rfc", "server-golden/nomulus", "errors",
					      "malformed"};
	static char body[FILE_MAX];
	const char *shared = getenv("RESETGUARD_SHARED");
	char root[PATH_MAX];
	unsigned count = 0;

	(void)state;
	if (shared != NULL)
		snprintf(root, sizeof(root), "%s/corpus/rdap", shared);
	else
		snprintf(root, sizeof(root), "%s/../shared/corpus/rdap", source_tree());
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char folder[PATH_MAX + 64];
		struct dirent **entries;
		int found;

		snprintf(folder, sizeof(folder), "%s/%s", root, folders[i]);
		found = scandir(folder, &entries, is_json, alphasort);
		if (found < 0) {
			print_message("# %s is not there\n", folder);
			skip();
		}
		for (int k = 0; k < found; k++) {
			char path[PATH_MAX + 512];
			const struct real *row;

			snprintf(path, sizeof(path), "%s/%s", folder, entries[k]->d_name);
			row = find_real(path + strlen(root) + 1);
			if (row == NULL)
				fail_msg("%s: no row says what it means", path);
			check_real(row, body, read_whole(path, body));
			count++;
			free(entries[k]);
		}
		free(entries);
	}
	print_message("# %u replies of the world's servers\n", count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_replies),
		cmocka_unit_test(test_invalid_replies),
		cmocka_unit_test(test_name_servers_are_a_set),
		cmocka_unit_test(test_handles),
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_replies_of_the_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
