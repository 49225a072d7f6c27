/* SPDX-License-Identifier: BSD-2-Clause */
/* audit_coverage: what was read. */
#include "audit_coverage.h"

#include <string.h>

/* Keeps the longest ones, in order of time. */
static void note_gap(struct audit_coverage *coverage, int64_t from, int64_t until)
{
	unsigned shortest = 0;

	if (coverage->gap_count == AUDIT_GAPS_MAX) {
		for (unsigned i = 1; i < AUDIT_GAPS_MAX; i++) {
			if (coverage->gaps[i].until - coverage->gaps[i].from <
			    coverage->gaps[shortest].until - coverage->gaps[shortest].from)
				shortest = i;
		}
		if (until - from <= coverage->gaps[shortest].until - coverage->gaps[shortest].from)
			return;
		memmove(&coverage->gaps[shortest], &coverage->gaps[shortest + 1],
			(AUDIT_GAPS_MAX - 1 - shortest) * sizeof coverage->gaps[0]);
		coverage->gap_count--;
	}
	coverage->gaps[coverage->gap_count++] = (struct audit_gap){from, until};
}

void audit_coverage_time(struct audit_coverage *coverage, int64_t at)
{
	if (coverage->first_at == 0 || at < coverage->first_at)
		coverage->first_at = at;
	if (coverage->last_at != 0 && at - coverage->last_at >= AUDIT_GAP)
		note_gap(coverage, coverage->last_at, at);
	if (at > coverage->last_at)
		coverage->last_at = at;
}

void audit_coverage_sample(struct audit_coverage *coverage, const char *text, size_t length)
{
	char *sample = coverage->samples[coverage->sample_count];

	coverage->not_understood++;
	if (coverage->sample_count == AUDIT_SAMPLES_MAX)
		return;
	for (size_t i = 0; i < length && i < AUDIT_SAMPLE_MAX; i++) {
		unsigned char c = (unsigned char)text[i];

		sample[i] = (char)(c < 0x20 || c >= 0x7f ? '?' : c);
	}
	coverage->sample_count++;
}
