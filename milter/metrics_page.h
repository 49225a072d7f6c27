/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics_page: what /metrics says, in the text format of OpenMetrics 1.0. Pure.
 *
 * No name of a domain, an address or a client ever stands there: every label has a few
 * values that the program or the configuration names.
 */
#ifndef RESETGUARD_MILTER_METRICS_PAGE_H
#define RESETGUARD_MILTER_METRICS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "counters.h"
#include "resetguard/conf.h"
#include "survey.h"

/* Of HTTP. */
extern const char metrics_page_content_type[];

/* What is not counted but looked at. Times that are not known are 0. */
struct metrics_page {
	const struct counters *counters;
	const char *version;
	enum mode mode;
	int64_t started_at;
	int64_t loaded_at;  /* when the configuration in force was read */
	bool reload_failed; /* the last one */
	bool is_draining;
	unsigned open_transactions;
	bool has_wanted; /* it could be counted */
	size_t wanted;
	bool cache_usable;
	int64_t due_at; /* of the check that is due first */
	struct survey_result survey;
};

/* Write errors show in ferror(stream). */
void metrics_page_write(const struct metrics_page *page, FILE *stream);

#endif
