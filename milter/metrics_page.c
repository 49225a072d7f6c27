/* SPDX-License-Identifier: BSD-2-Clause */
/* metrics_page: what /metrics says, in the text format of OpenMetrics 1.0. */
#include "metrics_page.h"

#include <inttypes.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

const char metrics_page_content_type[] =
	"application/openmetrics-text; version=1.0.0; charset=utf-8";

/* ---- families ---- */

/* unit NULL: none. A unit is also the end of the name, before the "_total" of counters. */
static void begin(FILE *stream, const char *name, const char *type, const char *unit,
		  const char *help)
{
	fprintf(stream, "# TYPE %s %s\n", name, type);
	if (unit != NULL)
		fprintf(stream, "# UNIT %s %s\n", name, unit);
	fprintf(stream, "# HELP %s %s\n", name, help);
}

static void write_gauge(FILE *stream, const char *name, const char *help, uint64_t value)
{
	begin(stream, name, "gauge", NULL, help);
	fprintf(stream, "%s %" PRIu64 "\n", name, value);
}

/* Nothing where the time is not known. */
static void write_time(FILE *stream, const char *name, const char *help, int64_t moment)
{
	if (moment == 0)
		return;
	begin(stream, name, "gauge", "seconds", help);
	fprintf(stream, "%s %" PRId64 "\n", name, moment);
}

static void write_counter(const struct metrics_page *page, FILE *stream, const char *name,
			  const char *help, enum counter counter)
{
	begin(stream, name, "counter", NULL, help);
	fprintf(stream, "%s_total %" PRIu64 "\n", name, counters_total(page->counters, counter));
}

/* ---- tallies ---- */

static void write_class(const struct metrics_page *page, FILE *stream, const char *name,
			enum tally tally, unsigned class)
{
	static const enum mode modes[] = {MODE_ENFORCE, MODE_OBSERVE};
	static const enum verdict verdicts[] = {VERDICT_ACCEPT, VERDICT_TEMPFAIL, VERDICT_REJECT};

	for (size_t i = 0; i < 2; i++) {
		for (size_t j = 0; j < 3; j++) {
			for (int reason = 0; reason < REASON_COUNT; reason++) {
				struct tally_cell cell = {modes[i], class, verdicts[j],
							  (enum reason)reason};
				uint64_t total = counters_tally_total(page->counters, tally, &cell);

				if (total == 0)
					continue;
				fprintf(stream,
					"%s_total{verdict=\"%s\",reason=\"%s\",class=\"%s\","
					"mode=\"%s\"} %" PRIu64 "\n",
					name, verdict_text(cell.verdict), reason_text(cell.reason),
					counters_class_name(page->counters, class),
					mode_text(cell.mode), total);
			}
		}
	}
}

/* What has never been counted is left out. The names of classes need no quoting. */
static void write_tally(const struct metrics_page *page, FILE *stream, const char *name,
			const char *help, enum tally tally)
{
	unsigned classes = counters_class_count(page->counters);

	begin(stream, name, "counter", NULL, help);
	for (unsigned class = 0; class < classes; class ++)
		write_class(page, stream, name, tally, class);
}

/* ---- histograms ---- */

/* "1" is to be "1.0", and 0.00001 "1e-05". */
static void write_bound(FILE *stream, uint64_t nanoseconds)
{
	char text[32];

	snprintf(text, sizeof text, "%g", (double)nanoseconds / (double)SECOND);
	fprintf(stream, "%s%s", text, strpbrk(text, ".e") != NULL ? "" : ".0");
}

static void write_histogram(const struct metrics_page *page, FILE *stream, const char *name,
			    const char *help, enum histogram histogram)
{
	struct distribution found = counters_distribution(page->counters, histogram);
	uint64_t count = 0;

	begin(stream, name, "histogram", "seconds", help);
	for (unsigned i = 0; i < found.bound_count; i++) {
		count += found.counts[i];
		fprintf(stream, "%s_bucket{le=\"", name);
		write_bound(stream, found.bounds[i]);
		fprintf(stream, "\"} %" PRIu64 "\n", count);
	}
	count += found.counts[found.bound_count];
	fprintf(stream, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
	fprintf(stream, "%s_count %" PRIu64 "\n", name, count);
	fprintf(stream, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", name, found.sum / SECOND,
		found.sum % SECOND);
}

/* ---- the page ---- */

static void write_program(const struct metrics_page *page, FILE *stream)
{
	begin(stream, "resetguard_build", "info", NULL, "The milter that runs.");
	fprintf(stream, "resetguard_build_info{version=\"%s\"} 1\n", page->version);
	write_time(stream, "process_start_time_seconds", "When the milter was started.",
		   page->started_at);
	write_gauge(stream, "resetguard_enforcing", "1: mode is enforce; 0: observe.",
		    page->mode == MODE_ENFORCE);
	write_gauge(stream, "resetguard_draining", "1: the milter is about to stop.",
		    page->is_draining);
	begin(stream, "resetguard_reloads", "counter", NULL, "Reloads of the configuration.");
	fprintf(stream, "resetguard_reloads_total{result=\"ok\"} %" PRIu64 "\n",
		counters_total(page->counters, COUNTER_RELOADS_OK));
	fprintf(stream, "resetguard_reloads_total{result=\"failed\"} %" PRIu64 "\n",
		counters_total(page->counters, COUNTER_RELOADS_FAILED));
	write_gauge(stream, "resetguard_last_reload_ok",
		    "0: the last reload failed, and what was in force before stays so.",
		    !page->reload_failed);
	write_time(stream, "resetguard_configuration_timestamp_seconds",
		   "When the configuration in force was read.", page->loaded_at);
}

static void write_mail(const struct metrics_page *page, FILE *stream)
{
	uint64_t ended = counters_total(page->counters, COUNTER_SESSIONS_ENDED);
	uint64_t begun = counters_total(page->counters, COUNTER_SESSIONS_BEGUN);

	write_counter(page, stream, "resetguard_sessions", "Connections from the MTA.",
		      COUNTER_SESSIONS_BEGUN);
	write_gauge(stream, "resetguard_open_sessions", "Connections from the MTA now.",
		    begun > ended ? begun - ended : 0);
	write_counter(page, stream, "resetguard_transactions",
		      "Mail transactions begun, of whatever mail.", COUNTER_TRANSACTIONS);
	write_gauge(stream, "resetguard_open_transactions", "Mail transactions under way.",
		    page->open_transactions);
	write_counter(page, stream, "resetguard_out_of_scope",
		      "Mail that matched a rule by its envelope, but is not originating mail.",
		      COUNTER_OUT_OF_SCOPE);
	write_tally(page, stream, "resetguard_messages",
		    "Guarded messages, each by the worst verdict on its recipients.",
		    TALLY_MESSAGES);
	write_tally(page, stream, "resetguard_recipients",
		    "Recipients of guarded messages, as in the lines of the log.",
		    TALLY_RECIPIENTS);
	write_counter(page, stream, "resetguard_deferral_repeats",
		      "Messages from sendmail(1) that were deferred once more.",
		      COUNTER_DEFERRAL_REPEATS);
	write_counter(page, stream, "resetguard_canary",
		      "Recipients refused as an attack may look: expired, owner-changed, "
		      "unverified or new-domain.",
		      COUNTER_CANARY);
	write_histogram(page, stream, "resetguard_lookup_seconds",
			"How long it took to judge one recipient.", HISTOGRAM_LOOKUP);
	write_histogram(page, stream, "resetguard_wait_seconds",
			"How long messages were kept waiting for newer facts.", HISTOGRAM_WAIT);
}

static void write_survey(const struct survey_result *survey, FILE *stream)
{
	uint64_t domains = 0;

	if (survey->ended_at == 0)
		return;
	begin(stream, "resetguard_cache_domains", "gauge", NULL, "Domains in the cache.");
	for (int state = 0; state < STATE_COUNT; state++) {
		domains += survey->domains[state];
		fprintf(stream, "resetguard_cache_domains{state=\"%s\"} %" PRIu64 "\n",
			state_text((enum state)state), survey->domains[state]);
	}
	write_gauge(stream, "resetguard_cache_damaged_records", "Records that make no sense.",
		    survey->damaged);
	write_gauge(stream, "resetguard_cache_unchecked_domains",
		    "Domains never checked with success.", survey->unchecked);
	begin(stream, "resetguard_cache_stale_ratio", "gauge", "ratio",
	      "The share of domains last checked longer than max_age ago.");
	fprintf(stream, "resetguard_cache_stale_ratio %.6f\n",
		domains > 0 ? (double)survey->stale / (double)domains : 0.0);
	write_time(stream, "resetguard_cache_oldest_check_timestamp_seconds",
		   "The last good check of the domain that was not checked for the longest time.",
		   survey->oldest_checked_at);
	write_time(stream, "resetguard_cache_survey_timestamp_seconds",
		   "When the domains were counted, which is done every few minutes.",
		   survey->ended_at);
}

static void write_cache(const struct metrics_page *page, FILE *stream)
{
	write_gauge(stream, "resetguard_cache_usable",
		    "0: the cache cannot be read, and every reset is a cache-error.",
		    page->cache_usable);
	write_time(stream, "resetguard_cache_next_check_timestamp_seconds",
		   "When the check that is due first is due; long ago: the updater is behind.",
		   page->due_at);
	write_survey(&page->survey, stream);
	if (page->has_wanted)
		write_gauge(stream, "resetguard_wanted_domains",
			    "Domains on the list of wanted ones.", page->wanted);
	write_counter(page, stream, "resetguard_wanted_dropped",
		      "Domains that found no place on the list of wanted ones.",
		      COUNTER_WANTED_DROPPED);
}

void metrics_page_write(const struct metrics_page *page, FILE *stream)
{
	write_program(page, stream);
	write_mail(page, stream);
	write_cache(page, stream);
	fputs("# EOF\n", stream);
}
