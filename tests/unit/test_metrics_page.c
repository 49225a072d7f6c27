/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../milter/metrics_page.h"

static char text[65536];

static const char *page_of(const struct metrics_page *page)
{
	FILE *stream = fmemopen(text, sizeof text, "w");

	assert_non_null(stream);
	metrics_page_write(page, stream);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void assert_has_line(const char *line)
{
	const char *at = text;
	size_t length = strlen(line);

	for (at = strstr(at, line); at != NULL; at = strstr(at + 1, line)) {
		if ((at == text || at[-1] == '\n') && at[length] == '\n')
			return;
	}
	fail_msg("no line \"%s\" in: %s", line, text);
}

static void a_fresh_milter_says_what_it_knows(void **state)
{
	struct metrics_page page = {.version = "1.2.3", .started_at = 1700000000};
	struct counters *counters;

	(void)state;
	assert_int_equal(counters_open(&counters), ERR_OK);
	page.counters = counters;
	page_of(&page);
	assert_has_line("resetguard_build_info{version=\"1.2.3\"} 1");
	assert_has_line("# UNIT process_start_time_seconds seconds");
	assert_has_line("process_start_time_seconds 1700000000");
	assert_has_line("resetguard_cache_usable 0");
	assert_has_line("resetguard_sessions_total 0");
	assert_has_line("resetguard_lookup_seconds_bucket{le=\"5e-06\"} 0");
	assert_has_line("resetguard_lookup_seconds_bucket{le=\"0.001\"} 0");
	assert_has_line("resetguard_lookup_seconds_bucket{le=\"1.0\"} 0");
	assert_has_line("resetguard_lookup_seconds_sum 0.000000000");
	/* What is not known has no value. */
	assert_null(strstr(text, "resetguard_cache_domains"));
	assert_null(strstr(text, "resetguard_wanted_domains"));
	assert_null(strstr(text, "resetguard_cache_next_check"));
	assert_null(strstr(text, "resetguard_configuration_timestamp_seconds"));
	assert_string_equal(text + strlen(text) - strlen("\n# EOF\n"), "\n# EOF\n");
	counters_close(counters);
}

static void what_was_counted_is_there(void **state)
{
	struct metrics_page page = {
		.version = "1",
		.mode = MODE_OBSERVE,
		.reload_failed = true,
		.cache_usable = true,
		.has_wanted = true,
		.wanted = 7,
		.due_at = 1700000001,
		.survey = {.ended_at = 1700000002,
			   .domains = {[STATE_REGISTERED] = 3, [STATE_REDEMPTION] = 1},
			   .unchecked = 1,
			   .stale = 1,
			   .oldest_checked_at = 1600000000},
	};
	struct tally_cell cell = {
		.mode = MODE_ENFORCE, .verdict = VERDICT_REJECT, .reason = REASON_OWNER_CHANGED};
	struct counters_shard *shard;
	struct counters *counters;

	(void)state;
	assert_int_equal(counters_open(&counters), ERR_OK);
	page.counters = counters;
	shard = counters_shard(counters);
	counters_tally(shard, TALLY_RECIPIENTS, &cell);
	counters_tally(counters_shard(counters), TALLY_RECIPIENTS, &cell);
	counters_add(shard, COUNTER_SESSIONS_BEGUN);
	counters_add(shard, COUNTER_SESSIONS_BEGUN);
	counters_add(shard, COUNTER_SESSIONS_ENDED);
	counters_observe(shard, HISTOGRAM_WAIT, 60000000);
	counters_observe(shard, HISTOGRAM_WAIT, UINT64_C(3000000000));
	counters_observe(shard, HISTOGRAM_WAIT, UINT64_C(90000000000));
	page_of(&page);
	assert_has_line("resetguard_recipients_total{verdict=\"reject\",reason=\"owner-changed\","
			"class=\"other\",mode=\"enforce\"} 2");
	assert_has_line("# TYPE resetguard_messages counter");
	assert_null(strstr(text, "resetguard_messages_total{"));
	assert_has_line("resetguard_open_sessions 1");
	assert_has_line("resetguard_wait_seconds_bucket{le=\"0.05\"} 0");
	assert_has_line("resetguard_wait_seconds_bucket{le=\"0.1\"} 1");
	assert_has_line("resetguard_wait_seconds_bucket{le=\"3.0\"} 2");
	assert_has_line("resetguard_wait_seconds_bucket{le=\"30.0\"} 2");
	assert_has_line("resetguard_wait_seconds_bucket{le=\"+Inf\"} 3");
	assert_has_line("resetguard_wait_seconds_count 3");
	assert_has_line("resetguard_wait_seconds_sum 93.060000000");
	assert_has_line("resetguard_enforcing 0");
	assert_has_line("resetguard_last_reload_ok 0");
	assert_has_line("resetguard_wanted_domains 7");
	assert_has_line("resetguard_cache_domains{state=\"registered\"} 3");
	assert_has_line("resetguard_cache_domains{state=\"unknown\"} 0");
	assert_has_line("resetguard_cache_stale_ratio 0.250000");
	assert_has_line("resetguard_cache_oldest_check_timestamp_seconds 1600000000");
	assert_has_line("resetguard_cache_next_check_timestamp_seconds 1700000001");
	counters_close(counters);
}

/* The rules of the format that hold for any page. */
static void each_family_is_described_and_in_one_piece(void **state)
{
	struct metrics_page page = {.version = "1",
				    .started_at = 1,
				    .loaded_at = 1,
				    .due_at = 1,
				    .has_wanted = true,
				    .survey = {.ended_at = 1, .oldest_checked_at = 1}};
	struct counters *counters;
	char family[128] = "";
	char names[64][128];
	size_t count = 0;

	(void)state;
	assert_int_equal(counters_open(&counters), ERR_OK);
	page.counters = counters;
	page_of(&page);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (sscanf(line, "# TYPE %127s", family) == 1) {
			for (size_t i = 0; i < count; i++)
				assert_string_not_equal(names[i], family);
			assert_true(count < 64);
			strcpy(names[count++], family);
		} else if (strcmp(line, "# EOF") != 0) {
			const char *name = line[0] == '#' ? line + strlen("# HELP ") : line;

			assert_memory_equal(name, family, strlen(family));
		}
	}
	counters_close(counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_milter_says_what_it_knows),
		cmocka_unit_test(what_was_counted_is_there),
		cmocka_unit_test(each_family_is_described_and_in_one_piece),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
