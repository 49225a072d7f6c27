/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings, as people and programs read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/finding.h"

static void print(const struct finding *finding, bool json, bool colour, const char *expected)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	assert_non_null(stream);
	if (json)
		finding_print_json(finding, stream);
	else
		finding_print(finding, colour, stream);
	assert_int_equal(fclose(stream), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void a_finding_is_one_line_and_its_remedy(void **state)
{
	struct findings findings = {.count = 0};

	(void)state;
	finding_add(&findings, "milter", LEVEL_ERROR, "start it", "it does %s", "not run");
	finding_add(&findings, "disk", LEVEL_OK, NULL, "enough");
	print(&findings.items[0], false, false,
	      "error    milter         it does not run\n    mend: start it\n");
	print(&findings.items[0], false, true,
	      "\033[31merror   \033[0m milter         it does not run\n    mend: start it\n");
	print(&findings.items[0], true, false,
	      "{\"schema\":1,\"check\":\"milter\",\"level\":\"error\",\"finding\":\"it does not "
	      "run\",\"remedy\":\"start it\"}\n");
	print(&findings.items[1], false, false, "ok       disk           enough\n");
	print(&findings.items[1], true, false,
	      "{\"schema\":1,\"check\":\"disk\",\"level\":\"ok\",\"finding\":\"enough\","
	      "\"remedy\":null}\n");
	assert_int_equal(findings_count(&findings, LEVEL_OK), 1);
	assert_int_equal(findings_count(&findings, LEVEL_NOTE), 0);
	assert_int_equal(findings_count(&findings, LEVEL_ERROR), 1);
	findings_clear(&findings);
}

static void what_comes_from_outside_forges_no_line(void **state)
{
	struct findings findings = {.count = 0};

	(void)state;
	finding_add(&findings, "postfix", LEVEL_ERROR, NULL, "%s",
		    "postconf: fatal\nerror x\033[0m\n\n");
	assert_string_equal(findings.items[0].text, "postconf: fatal?error x?[0m");
	findings_clear(&findings);
}

static void levels_have_names(void **state)
{
	(void)state;
	assert_string_equal(level_text(LEVEL_OK), "ok");
	assert_string_equal(level_text(LEVEL_NOTE), "note");
	assert_string_equal(level_text(LEVEL_WARNING), "warning");
	assert_string_equal(level_text(LEVEL_ERROR), "error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_is_one_line_and_its_remedy),
		cmocka_unit_test(what_comes_from_outside_forges_no_line),
		cmocka_unit_test(levels_have_names),
	};

	return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}
