/* SPDX-License-Identifier: BSD-2-Clause */
/* status: one line and an exit code for monitoring. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "commands.h"
#include "counting.h"
#include "resetguard/time.h"

/* In the order, and with the exit codes, of the monitoring plugins' guidelines. */
enum health { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL, HEALTH_UNKNOWN };

enum {
	STALE_PERCENT_MAX = 5, /* of the domains, before it is critical */
	OVERDUE_MAX = 2 * TIME_DAY, /* nobody has refreshed for so long: critical */
};

static const char *health_text(enum health health)
{
	switch (health) {
	case HEALTH_OK:
		return "OK";
	case HEALTH_WARNING:
		return "WARNING";
	case HEALTH_CRITICAL:
		return "CRITICAL";
	case HEALTH_UNKNOWN:
		return "UNKNOWN";
	}
	return "UNKNOWN";
}

static int64_t age_of(int64_t moment, int64_t now)
{
	return moment != 0 && moment < now ? now - moment : 0;
}

static enum health health_of(const struct counting *counting, bool milter_runs, int64_t now)
{
	const struct census *census = &counting->census;
	uint64_t stale = census->reasons[REASON_STALE];
	int64_t overdue = age_of(census->longest_overdue, now);

	if (!milter_runs ||
	    counting_percent(stale, census->domains) > STALE_PERCENT_MAX || overdue > OVERDUE_MAX ||
	    census->reasons[REASON_CACHE_ERROR] > 0)
		return HEALTH_CRITICAL;
	if (stale > 0 || census->held_back > 0 || overdue > TIME_DAY || census->domains == 0)
		return HEALTH_WARNING;
	return HEALTH_OK;
}

static void print_perfdata(const struct counting *counting, int64_t now)
{
	const struct census *census = &counting->census;

	printf(" | domains=%" PRIu64 " oldest_check=%" PRId64 "s stale=%" PRIu64 " due=%" PRIu64
	       " overdue=%" PRId64 "s held_back=%" PRIu64 " wanted=%" PRIu64 " watcher=%d",
	       census->domains, age_of(census->oldest_check, now), census->reasons[REASON_STALE],
	       census->due.now, age_of(census->longest_overdue, now), census->held_back,
	       counting->wanted, counting->watched);
}

/* milter: what is said of it; "" where it is well, or not asked. */
static void print_line(const struct counting *counting, const char *milter, enum health health,
		       bool nagios, int64_t now)
{
	const struct census *census = &counting->census;

	printf("%s%s: %" PRIu64 " domains, the oldest check %" PRId64 " days old, %.1f %% stale, %" PRIu64
	       " due (the first for %" PRId64 " h), %" PRIu64 " held back by the brake, %s%s%s",
	       nagios ? "RESETGUARD " : "", health_text(health), census->domains,
	       age_of(census->oldest_check, now) / TIME_DAY,
	       counting_percent(census->reasons[REASON_STALE], census->domains), census->due.now,
	       age_of(census->longest_overdue, now) / 3600, census->held_back,
	       counting->watched ? "a watcher runs" : "no watcher runs",
	       milter[0] == '\0' ? "" : ", the milter is ", milter);
	if (nagios)
		print_perfdata(counting, now);
	putchar('\n');
}

/* Plain: 0, 75 for what is done in part, 1. */
static void set_exit(struct cli *cli, enum health health, bool nagios)
{
	cli->deferred = health == HEALTH_WARNING;
	cli->negative = health == HEALTH_CRITICAL;
	if (nagios) {
		cli->failed = true;
		cli->error_code = (int)health;
	}
}

/* False: there is nothing to tell but the health. */
static bool look(struct cli *cli, struct counting *counting, struct why *milter,
		 enum health *health)
{
	char *page = NULL;
	bool milter_runs;

	*health = HEALTH_UNKNOWN;
	if (!cli_open_conf(cli))
		return false;
	/* As root while we are: its socket is not the updater's. */
	milter_runs = counting_ask_milter(cli, &page, milter);
	free(page);
	*health = HEALTH_CRITICAL;
	if (!cli_open_reader(cli) || !counting_take(cli, counting))
		return false;
	*health = health_of(counting, milter_runs, cli->now);
	return true;
}

void cmd_status(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"nagios", no_argument, NULL, 'n'},
						{NULL, 0, NULL, 0}};
	struct counting counting = {.census = {.hosts = NULL}};
	enum health health = HEALTH_UNKNOWN;
	struct why milter = {""};
	bool nagios = false;
	bool usable = true;
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		usable &= option == 'n';
		nagios |= option == 'n';
	}
	if (!usable || optind != argc) {
		cli_usage_error(cli, "status: takes --nagios and nothing else");
	} else if (look(cli, &counting, &milter, &health)) {
		print_line(&counting, milter.text, health, nagios, cli->now);
		set_exit(cli, health, nagios);
		goto done;
	}
	/* What is wrong is on stderr; monitors show the first line of stdout. */
	if (nagios) {
		printf("RESETGUARD %s: see 'resetguard status'\n", health_text(health));
		set_exit(cli, health, true);
	}
done:
	counting_clear(&counting);
}
