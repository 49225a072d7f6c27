/* SPDX-License-Identifier: BSD-2-Clause */
/* stats: what the cache holds, in counts and bars. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "commands.h"
#include "counting.h"
#include "live.h"
#include "resetguard/time.h"

enum {
	NAME_WIDTH = 16,
	BAR_BEGIN = NAME_WIDTH + 24, /* the column */
	BAR_MAX = 40,
	TERMINAL_WIDTH = 80, /* where there is none to ask */
};

static unsigned bar_width(void)
{
	struct winsize size = {.ws_col = 0};
	unsigned width = TERMINAL_WIDTH;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		width = size.ws_col;
	if (width < BAR_BEGIN + 4)
		return 0;
	return width - BAR_BEGIN - 1 < BAR_MAX ? width - BAR_BEGIN - 1 : BAR_MAX;
}

static void print_bar_row(const char *name, uint64_t part, uint64_t whole, unsigned width)
{
	double percent = counting_percent(part, whole);
	unsigned length = (unsigned)(percent / 100.0 * width + 0.5);

	if (part == 0)
		return;
	/* What is there is seen. */
	if (length == 0 && width > 0)
		length = 1;
	printf("  %-*s %12" PRIu64 " %6.1f %%%s%.*s\n", NAME_WIDTH, name, part, percent,
	       length > 0 ? " " : "", (int)length, "########################################");
}

static void print_moment(const char *name, int64_t moment, int64_t now)
{
	if (moment == 0)
		return;
	printf("  %-*s %s (%" PRId64 " days ago)\n", NAME_WIDTH, name, time_format(moment).text,
	       now > moment ? (now - moment) / TIME_DAY : 0);
}

static const char *host_name(const struct census_host *host)
{
	return host->name[0] == '\0' ? "no registry" : host->name;
}

static void print_hosts(const struct census_host *const *hosts, size_t count)
{
	printf("%-36s %10s %9s %9s %9s %9s\n", "AT", "domains", "due now", "today", "this week",
	       "held back");
	for (size_t i = 0; i < count; i++)
		printf("  %-34s %10" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
		       "\n",
		       host_name(hosts[i]), hosts[i]->domains, hosts[i]->due.now,
		       hosts[i]->due.today, hosts[i]->due.week, hosts[i]->held_back);
}

static void print_text(const struct cli *cli, const struct counting *counting,
		       const struct census_host *const *hosts, size_t count)
{
	const struct census *census = &counting->census;
	unsigned width = bar_width();

	printf("%" PRIu64 " domains\n", census->domains);
	printf("STATE\n");
	for (unsigned i = 0; i < STATE_COUNT; i++)
		print_bar_row(state_text((enum state)i), census->states[i], census->domains, width);
	printf("REASON, of a reset to it now\n");
	for (unsigned i = 0; i < REASON_COUNT; i++)
		print_bar_row(reason_text((enum reason)i), census->reasons[i], census->domains,
			      width);
	printf("CHECKS\n");
	print_bar_row("stale", census->reasons[REASON_STALE], census->domains, width);
	print_bar_row("never checked", census->unchecked, census->domains, width);
	print_moment("oldest good one", census->oldest_check, cli->now);
	print_moment("overdue since", census->longest_overdue, cli->now);
	for (unsigned i = 0; i < CENSUS_FAILURES_COUNT; i++) {
		char name[NAME_WIDTH + 8];

		snprintf(name, sizeof name, "failed %s",
			 census_failures_text((enum census_failures)i));
		print_bar_row(name, census->failing[i], census->domains, width);
	}
	printf("  %-*s %12" PRIu64 " now, %" PRIu64 " today, %" PRIu64 " this week\n", NAME_WIDTH,
	       "due", census->due.now, census->due.today, census->due.week);
	print_hosts(hosts, count);
	printf("HELD BACK by the brake: %" PRIu64 "\n", census->held_back);
	printf("WANTED by resets: %" PRIu64 "; %s\n", counting->wanted,
	       counting->watched ? "a watcher runs" : "no watcher runs");
	printf("WAITING for the application: %" PRIu64 " changes\n", counting->untold);
	printf("MAP: %" PRIu64 " MiB of %" PRIu64 " MiB (%.1f %%)\n", counting->used >> 20,
	       cli->conf->map_size >> 20, counting_percent(counting->used, cli->conf->map_size));
}

static void json_count(struct json_line *line, const char *name, uint64_t value)
{
	json_line_integer(line, name, (int64_t)value);
}

static void json_due(struct json_line *line, const struct census_due *due)
{
	json_count(line, "due_now", due->now);
	json_count(line, "due_today", due->today);
	json_count(line, "due_this_week", due->week);
}

static void print_json_host(const struct census_host *host)
{
	struct json_line line = json_line_begin(stdout);

	json_line_string(&line, "kind", "host");
	json_line_string(&line, "host", host->name[0] == '\0' ? NULL : host->name);
	json_count(&line, "domains", host->domains);
	json_due(&line, &host->due);
	json_count(&line, "held_back", host->held_back);
	json_line_end(&line);
}

static void print_json(const struct cli *cli, const struct counting *counting,
		       const struct census_host *const *hosts, size_t count)
{
	const struct census *census = &counting->census;
	struct json_line line = json_line_begin(stdout);

	json_line_string(&line, "kind", "summary");
	json_count(&line, "domains", census->domains);
	json_line_open(&line, "states");
	for (unsigned i = 0; i < STATE_COUNT; i++)
		json_count(&line, state_text((enum state)i), census->states[i]);
	json_line_close(&line);
	json_line_open(&line, "reasons");
	for (unsigned i = 0; i < REASON_COUNT; i++)
		json_count(&line, reason_text((enum reason)i), census->reasons[i]);
	json_line_close(&line);
	json_line_open(&line, "failing");
	for (unsigned i = 0; i < CENSUS_FAILURES_COUNT; i++)
		json_count(&line, census_failures_text((enum census_failures)i),
			   census->failing[i]);
	json_line_close(&line);
	json_count(&line, "never_checked", census->unchecked);
	json_line_time(&line, "oldest_check", census->oldest_check);
	json_line_time(&line, "overdue_since", census->longest_overdue);
	json_due(&line, &census->due);
	json_count(&line, "held_back", census->held_back);
	json_count(&line, "untold", counting->untold);
	json_count(&line, "wanted", counting->wanted);
	json_line_boolean(&line, "watcher", counting->watched);
	json_count(&line, "map_used", counting->used);
	json_count(&line, "map_size", cli->conf->map_size);
	json_line_end(&line);
	for (size_t i = 0; i < count; i++)
		print_json_host(hosts[i]);
}

/* ---- the milter ---- */

/* Whether it is a counter, which ends so, before its labels. */
static bool is_counter(const char *name)
{
	static const char suffix[] = "_total";
	size_t length = strcspn(name, "{");

	return length > sizeof suffix - 1 &&
	       strncmp(name + length - (sizeof suffix - 1), suffix, sizeof suffix - 1) == 0;
}

static void print_milter_text(const char *place, char *page, const struct why *why)
{
	const char *name;
	const char *value;

	printf("MILTER: %s\n", place == NULL ? "not asked: metrics is not set"
			       : page == NULL ? why->text
					      : "it runs");
	while (page != NULL && live_next(&page, &name, &value)) {
		if (is_counter(name) && strcmp(value, "0") != 0)
			printf("  %12s %s\n", value, name);
	}
}

/* page NULL: it does not run, or cannot be asked. */
static void print_milter_json(const char *place, char *page, const struct why *why)
{
	struct json_line line = json_line_begin(stdout);
	const char *name;
	const char *value;

	json_line_string(&line, "kind", "milter");
	json_line_string(&line, "metrics", place);
	json_line_boolean(&line, "running", page != NULL);
	json_line_string(&line, "error", why->text[0] == '\0' ? NULL : why->text);
	json_line_open(&line, "counters");
	while (page != NULL && live_next(&page, &name, &value)) {
		if (is_counter(name))
			json_line_integer(&line, name, strtoll(value, NULL, 10));
	}
	json_line_close(&line);
	json_line_end(&line);
}

void cmd_stats(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{NULL, 0, NULL, 0}};
	struct counting counting = {.census = {.hosts = NULL}};
	struct why why = {""};
	char *page = NULL;
	const struct census_host **hosts;
	size_t count;
	bool json = false;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		if (option != 'j') {
			cli_usage_error(cli, "stats: that is no option of this command");
			return;
		}
		json = true;
	}
	if (optind != argc) {
		cli_usage_error(cli, "stats: takes no names");
		return;
	}
	if (!cli_open_conf(cli))
		return;
	/* As root while we are: its socket is not the updater's. */
	counting_ask_milter(cli, &page, &why);
	if (cli_open_reader(cli) && counting_take(cli, &counting)) {
		if (census_hosts(&counting.census, &hosts, &count) != ERR_OK) {
			cli_error(cli, ERR_NO_MEMORY, "out of memory");
		} else {
			(json ? print_json : print_text)(cli, &counting, hosts, count);
			free(hosts);
			(json ? print_milter_json : print_milter_text)(cli->conf->metrics, page,
								       &why);
		}
	}
	free(page);
	counting_clear(&counting);
}
