/* SPDX-License-Identifier: BSD-2-Clause */
/* audit_coverage: what was read. */
#ifndef RESETGUARD_AUDIT_COVERAGE_H
#define RESETGUARD_AUDIT_COVERAGE_H

#include "resetguard/audit.h"

/* A line of that time was read. */
void audit_coverage_time(struct audit_coverage *coverage, int64_t at);
/* A line that was not understood. */
void audit_coverage_sample(struct audit_coverage *coverage, const char *text, size_t length);

#endif
