/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch: the refresh that goes on for ever.
 *
 * It does what is due when it is due, and asks at once about what is put on the
 * wanted list, told by inotify. What is wanted has a quarter of the jobs to itself
 * and goes first at its registry, yet has at most every other request there while
 * others wait; its answer is committed as soon as it is there.
 *
 * A wanted name that cannot be answered leaves the list as soon as that is known, so
 * that nobody waits for it in vain; its record says when it is asked about again, and
 * until then a name that is wanted anew leaves the list at once.
 *
 * Changes are told to the application as they are made, by threads of their own, which
 * hold nothing up.
 *
 * What ends another run (a full cache, a clock that contradicts it, no bootstrap
 * document) is logged here and tried again, after pauses that grow to five minutes.
 * What was under way is forgotten then: it is still due, or still wanted.
 */
#ifndef RESETGUARD_WATCH_H
#define RESETGUARD_WATCH_H

#include "resetguard/refresh.h"

/* Returns 0 after SIGTERM or SIGINT, which it keeps blocked from then on, with the
 * answers that were there committed. options as for refresh_open. Otherwise only
 * what cannot be begun is an error. */
MUST_CHECK enum err watch_run(const struct refresh_options *options, int64_t (*clock)(void),
			      struct why *why);

#endif
