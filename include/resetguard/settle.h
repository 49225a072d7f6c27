/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settle: what an operator decides of changes that a registry's host said without
 * its explicit word: those held back are released or discarded, those stored already
 * are undone.
 *
 * Each domain is settled whole, in write transactions of some hundred domains, with
 * an event of its history; what is settled leaves its host's count. A release says that
 * the host is right, so all its changes leave the count.
 */
#ifndef RESETGUARD_SETTLE_H
#define RESETGUARD_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "resetguard/cache.h"
#include "resetguard/domain.h"
#include "resetguard/err.h"
#include "resetguard/facts.h"

enum settle_outcome {
	SETTLE_RELEASED,
	SETTLE_DISCARDED,
	SETTLE_UNDONE,
	SETTLE_KEPT, /* not undone: more has happened to the domain since */
};

struct settle_result {
	const struct domain *domain;
	enum settle_outcome outcome;
	enum state state; /* now */
	enum source source;
};

struct settle_totals {
	uint64_t settled;
	uint64_t kept; /* those whose facts are damaged, too, which are logged */
};

struct settle_options {
	struct cache *cache; /* a writer's */
	int64_t now;
	int64_t (*clock)(void); /* of the commits */
	/* Told after the commit. */
	void (*told)(void *context, const struct settle_result *result);
	void *context;
};

/* What is held back of host's changes, or of everybody's if host is NULL. */
MUST_CHECK enum err settle_release(const struct settle_options *options, const char *host,
				   struct settle_totals *totals, struct why *why);
MUST_CHECK enum err settle_discard(const struct settle_options *options, const char *host,
				   struct settle_totals *totals, struct why *why);
/* What host has changed from since on, newest first, in the domains whose facts are
 * still as it made them. Explicit changes stay. */
MUST_CHECK enum err settle_undo(const struct settle_options *options, const char *host,
				int64_t since, struct settle_totals *totals, struct why *why);

const char *settle_outcome_text(enum settle_outcome outcome);

#endif
