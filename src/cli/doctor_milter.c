/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_milter: whether the milter runs, and what it says of itself. */
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "live.h"

static void report_socket(struct doctor *doctor)
{
	struct remedy remedy = {.length = 0};

	if (doctor->milter == ERR_OK) {
		finding_add(&doctor->findings, "milter", LEVEL_OK, NULL, "it listens at %s",
			    doctor->cli->conf->socket);
		return;
	}
	if (doctor->milter == ERR_NOT_FOUND) {
		finding_add(&doctor->findings, "milter", LEVEL_NOTE, NULL, "socket = %s",
			    doctor->milter_why.text);
		return;
	}
	if (doctor->milter == ERR_PERMISSION && !doctor->is_root) {
		finding_add(&doctor->findings, "milter", LEVEL_NOTE, NULL,
			    "%s: who is not root cannot tell whether it runs",
			    doctor->milter_why.text);
		return;
	}
	doctor_add_start(&remedy, doctor);
	finding_add(&doctor->findings, "milter", LEVEL_ERROR, remedy_text(&remedy),
		    "%s: as long as it does not run, the MTA defers mail", doctor->milter_why.text);
}

/* The value of a sample on the page, which is used up; NULL: it has no such sample. */
static const char *sample(char *page, const char *wanted)
{
	const char *name;
	const char *value;

	while (live_next(&page, &name, &value)) {
		if (strcmp(name, wanted) == 0)
			return value;
	}
	return NULL;
}

static bool says(const char *page, const char *wanted, const char *value)
{
	char *copy = strdup(page);
	const char *found = copy == NULL ? NULL : sample(copy, wanted);
	bool says = found != NULL && strcmp(found, value) == 0;

	free(copy);
	return says;
}

static void judge_page(struct doctor *doctor, const char *page)
{
	const char *metrics = doctor->cli->conf->metrics;
	struct remedy remedy = {.length = 0};

	if (says(page, "resetguard_cache_usable", "0")) {
		finding_add(
			&doctor->findings, "metrics", LEVEL_ERROR, NULL,
			"the running milter cannot read the cache: every reset is deferred; see "
			"what is said of the cache, and of the milter's user");
		return;
	}
	if (says(page, "resetguard_last_reload_ok", "0")) {
		doctor_add_reload(&remedy, doctor);
		finding_add(&doctor->findings, "metrics", LEVEL_WARNING, remedy_text(&remedy),
			    "the running milter's last reload failed: it goes by what was "
			    "configured before");
		return;
	}
	finding_add(&doctor->findings, "metrics", LEVEL_OK, NULL, "%s answers", metrics);
}

static void check_metrics(struct doctor *doctor)
{
	struct remedy remedy = {.length = 0};
	struct why why = {""};
	char *page = NULL;

	if (doctor->cli->conf->metrics == NULL) {
		finding_add(&doctor->findings, "metrics", LEVEL_OK, NULL, "not asked for");
		return;
	}
	if (doctor->milter != ERR_OK)
		return;
	if (live_read(doctor->cli->conf->metrics, &page, &why) == ERR_OK) {
		judge_page(doctor, page);
		free(page);
		return;
	}
	/* It may take root to bind the socket, which a milter that runs no longer is. */
	doctor_add_start(&remedy, doctor);
	finding_add(&doctor->findings, "metrics", LEVEL_WARNING, remedy_text(&remedy),
		    "%s: nobody watches the milter", why.text);
}

void doctor_milter(struct doctor *doctor)
{
	report_socket(doctor);
	check_metrics(doctor);
}
