/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_machine: the clock and the disk. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "doctor.h"

/* A commit of a refresh takes some MiB. */
#define DISK_WARNING (UINT64_C(256) << 20)
#define DISK_ERROR (UINT64_C(32) << 20)

static void check_synchronised(struct doctor *doctor)
{
	struct timex state = {.modes = 0};
	struct remedy remedy = {.length = 0};
	int said = adjtimex(&state);

	if (said < 0)
		return;
	if (said != TIME_ERROR && (state.status & STA_UNSYNC) == 0) {
		finding_add(&doctor->findings, "clock", LEVEL_OK, NULL, "it is synchronised");
		return;
	}
	remedy_words(&remedy, (const char *[]){"timedatectl", "set-ntp", "true", NULL});
	finding_add(&doctor->findings, "clock", LEVEL_NOTE, remedy_text(&remedy),
		    "as far as the system knows nobody keeps it right: a clock that is wrong by a "
		    "day stops every refresh");
}

static void check_disk(struct doctor *doctor)
{
	const char *directory = doctor->cli->conf->cache_dir;
	struct statvfs status;
	struct remedy remedy = {.length = 0};
	uint64_t left;

	if (statvfs(directory, &status) != 0)
		return;
	left = (uint64_t)status.f_bavail * status.f_frsize;
	if (left >= DISK_WARNING) {
		finding_add(&doctor->findings, "disk", LEVEL_OK, NULL,
			    "%" PRIu64 " MiB are left for %s", left >> 20, directory);
		return;
	}
	/* What takes the room is for its owner to tell. */
	remedy_words(&remedy, (const char *[]){"du", "-xh", "--max-depth=2", directory, NULL});
	finding_add(&doctor->findings, "disk", left < DISK_ERROR ? LEVEL_ERROR : LEVEL_WARNING,
		    remedy_text(&remedy),
		    "%" PRIu64
		    " MiB are left for %s: a refresh that finds none stores nothing; make "
		    "room",
		    left >> 20, directory);
}

void doctor_machine(struct doctor *doctor)
{
	check_synchronised(doctor);
	check_disk(doctor);
}
