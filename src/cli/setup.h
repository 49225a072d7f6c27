/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup: what a Postfix's configuration lacks so that its mail passes the milter, as steps
 * that setup shows or carries out and doctor reports. Pure.
 *
 * - smtpd_milters and non_smtpd_milters have the milter, by the name under which the
 *   daemons reach it. Others keep their order. Ours comes before them: what is refused is
 *   then neither scanned nor signed, and the field that add_rrvs adds is signed.
 * - While the milter is down, mail waits: its default action is none that lets mail go.
 *   milter_default_action is left alone, since it is also that of the other milters.
 * - The macros by which the milter tells what mail is its own are sent.
 *
 * What master.cf sets for one service is reported, and left to the operator.
 */
#ifndef RESETGUARD_SETUP_H
#define RESETGUARD_SETUP_H

#include <stdbool.h>

#include "finding.h"
#include "milters.h"
#include "postfix.h"
#include "remedy.h"
#include "resetguard/conf.h"
#include "resetguard/err.h"

enum { SETUP_STEPS_MAX = 64 };

struct setup_step {
	const char *check;
	enum level level;
	char service[POSTFIX_NAME_MAX + 1]; /* of master.cf; "": main.cf is changed */
	const char *parameter;
	char *old; /* as written; NULL: not set */
	char *new; /* NULL: there is nothing to be changed, this is a remark */
	char *problem;
};

struct setup {
	size_t count;
	struct setup_step steps[SETUP_STEPS_MAX];
	struct milters_socket socket;
	char endpoint[MILTERS_ENTRY_SIZE]; /* under which the daemons know the milter */
};

/* Otherwise why says what stands in the way, and the command of *remedy ends that, if
 * there is one. The caller clears. */
MUST_CHECK enum err setup_plan(const struct postfix *postfix, const struct conf *conf,
			       const char *conf_path, struct setup *setup, struct remedy *remedy,
			       struct why *why);
void setup_clear(struct setup *setup);

/* The words of the command that takes the step, after postconf and its -c: an option, and
 * its argument, which is written to buffer. */
enum { SETUP_ARGUMENT_MAX = MILTERS_VALUE_MAX + 2 * POSTFIX_NAME_MAX };
struct setup_words {
	const char *option;
	char argument[SETUP_ARGUMENT_MAX];
};
struct setup_words setup_forth(const struct setup_step *step);
/* Of the one that takes it back. */
struct setup_words setup_back(const struct setup_step *step);

/* postconf, as an operator types it for this Postfix, and the same for postfix(1). */
void setup_add_postconf(struct remedy *remedy, const struct postfix *postfix,
			const struct setup_words *words);
void setup_add_reload(struct remedy *remedy, const struct postfix *postfix);

/* "tempfail", say: what Postfix does with mail while the milter is down. */
const char *setup_action(const struct milters_entry *entry, const char *default_action);

#endif
