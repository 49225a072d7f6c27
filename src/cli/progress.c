/* SPDX-License-Identifier: BSD-2-Clause */
/* progress: one line on a terminal that says how far a long command has got. */
#include "progress.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DRAW_INTERVAL_MS = 200, BAR_MAX = 30, BAR_MIN = 5, WIDTH_UNKNOWN = 80 };

struct number_text {
	char text[sizeof "18,446,744,073,709,551,615"];
};

/* With a comma between the thousands. */
static struct number_text number_text(uint64_t number)
{
	struct number_text result = {""};
	char digits[21];
	size_t length = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number);
	char *to = result.text;

	for (size_t i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	return result;
}

static unsigned percent_of(const struct progress_state *state)
{
	double share = (double)state->done / (double)state->all;

	return share >= 1 ? 100 : (unsigned)(share * 100);
}

void progress_line(const struct progress_state *state, int64_t elapsed_ms, size_t width,
		   char line[PROGRESS_LINE_MAX])
{
	char counts[64];
	char bar[BAR_MAX + 1] = "";
	double seconds = (double)(elapsed_ms > 0 ? elapsed_ms : 1) / 1000;
	uint64_t rate = (uint64_t)((double)state->count / seconds);

	snprintf(counts, sizeof counts, "%s %s, %s/s", number_text(state->count).text, state->units,
		 number_text(rate).text);
	if (width > PROGRESS_LINE_MAX)
		width = PROGRESS_LINE_MAX;
	/* The last column stays free: some terminals go to the next line there. */
	if (state->all == 0) {
		snprintf(line, width, "%s  %s", state->what, counts);
		return;
	}
	size_t others = strlen(state->what) + strlen(counts) + sizeof "   100 %  []";
	size_t room = width > others ? width - others : 0;
	if (room > BAR_MAX)
		room = BAR_MAX;
	if (room < BAR_MIN) {
		snprintf(line, width, "%s  %3u %%  %s", state->what, percent_of(state), counts);
		return;
	}
	memset(bar, '-', room);
	memset(bar, '#', room * percent_of(state) / 100);
	snprintf(line, width, "%s [%s] %3u %%  %s", state->what, bar, percent_of(state), counts);
}

struct progress progress_begin(bool quiet, int64_t now_ms)
{
	return (struct progress){
		.stream = !quiet && isatty(STDERR_FILENO) ? stderr : NULL,
		.began_ms = now_ms,
		.drawn_ms = now_ms,
	};
}

void progress_restart(struct progress *progress, int64_t now_ms)
{
	progress_clear(progress);
	progress->began_ms = now_ms;
	progress->drawn_ms = now_ms;
}

static size_t terminal_width(FILE *stream)
{
	struct winsize size;

	if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return WIDTH_UNKNOWN;
	return size.ws_col;
}

void progress_clear(struct progress *progress)
{
	if (!progress->drawn)
		return;
	fputs("\r\033[K", progress->stream);
	fflush(progress->stream);
	progress->drawn = false;
}

void progress_show(struct progress *progress, const struct progress_state *state, int64_t now_ms)
{
	char line[PROGRESS_LINE_MAX];

	if (progress->stream == NULL || now_ms - progress->drawn_ms < DRAW_INTERVAL_MS)
		return;
	progress_line(state, now_ms - progress->began_ms, terminal_width(progress->stream), line);
	fprintf(progress->stream, "\r%s\033[K", line);
	fflush(progress->stream);
	progress->drawn_ms = now_ms;
	progress->drawn = true;
}
