/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rdap_parking: the list of parking name servers, the one that is shipped too.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "resetguard/rdap_parking.h"

static bool has(const struct rdap_parking *parking, const char *name)
{
	struct domain domain;

	assert_int_equal(domain_from_text(name, strlen(name), &domain), ERR_OK);
	return rdap_parking_has(parking, &domain);
}

/* Reads text as a file; ERR_OK leaves parking to the caller. */
static enum err read_text(const char *text, struct rdap_parking **parking, struct why *why)
{
	char path[] = "/tmp/test_rdap_parking.XXXXXX";
	int fd = mkstemp(path);
	enum err err;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err = rdap_parking_read(path, parking, why);
	(void)unlink(path);
	return err;
}

static void test_list(void **state)
{
	struct rdap_parking *parking;
	struct why why = {""};

	(void)state;
	assert_int_equal(
		read_text("# a comment\n\n b.example # behind\r\nns1.A.Example.\nc.example",
			  &parking, &why),
		ERR_OK);
	assert_true(has(parking, "b.example"));
	assert_true(has(parking, "ns1.b.example"));
	assert_true(has(parking, "x.ns1.a.example"));
	assert_true(has(parking, "c.example"));
	assert_false(has(parking, "ns2.a.example"));
	assert_false(has(parking, "bb.example"));
	assert_false(has(parking, "example"));
	rdap_parking_free(parking);
}

static void test_empty(void **state)
{
	struct rdap_parking *parking;
	struct why why = {""};

	(void)state;
	assert_int_equal(read_text("# nobody\n", &parking, &why), ERR_OK);
	assert_false(has(parking, "b.example"));
	rdap_parking_free(parking);
	rdap_parking_free(NULL);
}

static void test_mistakes(void **state)
{
	struct rdap_parking *parking;
	struct why why = {""};
	char line[RDAP_PARKING_LINE_MAX + 10];

	(void)state;
	assert_int_equal(read_text("a.example\nb.example c.example\n", &parking, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, ":2: \"b.example c.example\" is no domain name"));
	memset(line, ' ', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(read_text(line, &parking, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, ":1: a line of more than"));
	assert_int_equal(rdap_parking_read("/nonexistent/list", &parking, &why), ERR_NO_INPUT);
	assert_non_null(strstr(why.text, "parking_name_servers: /nonexistent/list"));
}

static void test_shipped_list(void **state)
{
	const char *tree = getenv("SRC");
	struct rdap_parking *parking;
	struct why why = {""};
	char path[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/conf/parking-name-servers", tree != NULL ? tree : ".");
	if (rdap_parking_read(path, &parking, &why) != ERR_OK)
		fail_msg("%s", why.text);
	assert_true(has(parking, "ns1.sedoparking.com"));
	assert_true(has(parking, "ns2.pendingrenewaldeletion.com"));
	/* Hosts of living domains. */
	assert_false(has(parking, "ns1.domaincontrol.com"));
	assert_false(has(parking, "ns1.dns-parking.com"));
	rdap_parking_free(parking);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_shipped_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
