/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milterplace: a directory with all that a milter needs, for the tests of the milter:
 * a configuration, rules, and a cache with these domains:
 *
 *   fine.example, good.example   well, checked half an hour ago
 *   lapsed.example               in redemption
 *   stale.example                checked too long ago
 *   changed.example              registered after it was last verified
 *
 * What goes wrong ends the test.
 */
#ifndef RESETGUARD_TESTS_MILTERPLACE_H
#define RESETGUARD_TESTS_MILTERPLACE_H

#include <stdint.h>

#include "resetguard/facts.h"

enum { MILTERPLACE_DAY = 86400 };

struct milterplace {
	char root[32];
	char conf_path[64];
	int64_t now; /* the present of its facts */
};

void milterplace_make(struct milterplace *place, int64_t now);
void milterplace_remove(const struct milterplace *place);

/* keys come after what every test has. */
void milterplace_configure(const struct milterplace *place, const char *keys);
/* A file in the directory. */
void milterplace_write(const struct milterplace *place, const char *name, const char *text);

/* A domain of an old customer, well and checked half an hour ago. */
struct facts milterplace_good_facts(const struct milterplace *place);
/* In a process of its own, since none may open one environment twice. */
void milterplace_put(const struct milterplace *place, const char *domain,
		     const struct facts *facts);

/* Rules: 1 header X-Mail-Class: password-reset, 2 the same with newsletter, of no guarded
 * class, 3 sender resets@svc.example, 4 sasl_user reset-service. */
extern const char milterplace_rules[];

#endif
