/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor: the commands that several of its checks name. */
#include "doctor.h"

#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resetguard/command.h"
#include "resetguard/time.h"

/* The units run with the default configuration. */
static bool has_unit(const struct doctor *doctor, const char *unit)
{
	static const char *const directories[] = {"/etc/systemd/system", "/usr/lib/systemd/system",
						  "/lib/systemd/system"};
	char path[PATH_MAX];

	if (doctor->cli->conf_path != NULL || access("/run/systemd/system", F_OK) != 0)
		return false;
	for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", directories[i], unit);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat a_status;
	struct stat b_status;

	return stat(a, &a_status) == 0 && stat(b, &b_status) == 0 &&
	       a_status.st_dev == b_status.st_dev && a_status.st_ino == b_status.st_ino;
}

/* A program of ours: by its name where a shell finds it, else by its path beside us. */
static void add_program(struct remedy *remedy, const char *name)
{
	char self[PATH_MAX];
	char path[PATH_MAX + 32];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	char *found = command_find(name);

	self[length < 0 ? 0 : length] = '\0';
	snprintf(path, sizeof path, "%.*s/%s",
		 (int)(strrchr(self, '/') == NULL ? 0 : strrchr(self, '/') - self), self, name);
	if (access(path, X_OK) == 0 && (found == NULL || !is_same_file(found, path)))
		remedy_word(remedy, path);
	else
		remedy_word(remedy, name);
	free(found);
}

static void add_conf_path(struct remedy *remedy, const struct doctor *doctor)
{
	char *path;

	if (doctor->cli->conf_path == NULL)
		return;
	path = realpath(doctor->cli->conf_path, NULL);
	remedy_word(remedy, "-c");
	remedy_word(remedy, path == NULL ? doctor->cli->conf_path : path);
	free(path);
}

void doctor_add_self(struct remedy *remedy, const struct doctor *doctor, const char *command)
{
	add_program(remedy, "resetguard");
	add_conf_path(remedy, doctor);
	remedy_word(remedy, command);
}

static void add_unit_command(struct remedy *remedy, const char *verb, const char *unit)
{
	remedy_words(remedy, (const char *[]){"systemctl", verb, unit, NULL});
}

void doctor_add_reload(struct remedy *remedy, const struct doctor *doctor)
{
	if (has_unit(doctor, "resetguard-milter.service")) {
		add_unit_command(remedy, "reload", "resetguard-milter");
	} else if (doctor->milter_pid > 1) {
		remedy_words(remedy, (const char *[]){"kill", "-HUP", NULL});
		remedy_format(remedy, "%d", (int)doctor->milter_pid);
	} else {
		remedy_shell(remedy, "kill -HUP $(pidof resetguard-milter)");
	}
}

void doctor_add_start(struct remedy *remedy, const struct doctor *doctor)
{
	if (has_unit(doctor, "resetguard-milter.service")) {
		add_unit_command(remedy, "restart", "resetguard-milter");
		return;
	}
	if (doctor->milter_pid > 1) {
		remedy_word(remedy, "kill");
		remedy_format(remedy, "%d", (int)doctor->milter_pid);
		remedy_and(remedy);
		remedy_word(remedy, "tail");
		remedy_format(remedy, "--pid=%d", (int)doctor->milter_pid);
		remedy_words(remedy, (const char *[]){"-f", "/dev/null", NULL});
		remedy_and(remedy);
	}
	add_program(remedy, "resetguard-milter");
	add_conf_path(remedy, doctor);
}

void doctor_add_refresh(struct remedy *remedy, const struct doctor *doctor)
{
	if (has_unit(doctor, "resetguard-refresh.service")) {
		remedy_words(remedy, (const char *[]){"systemctl", "enable", "--now",
						      "resetguard-refresh.service", NULL});
		return;
	}
	doctor_add_self(remedy, doctor, "refresh");
}

void doctor_add_key(struct remedy *remedy, const struct doctor *doctor, const char *key,
		    const char *value)
{
	remedy_set_key(remedy, doctor->cli->conf, doctor->cli->conf_path, key, value);
}

void doctor_group_name(gid_t gid, char name[DOCTOR_GROUP_MAX])
{
	const struct group *group = getgrgid(gid);

	if (group != NULL)
		snprintf(name, DOCTOR_GROUP_MAX, "%s", group->gr_name);
	else
		snprintf(name, DOCTOR_GROUP_MAX, "%u", (unsigned)gid);
}

int64_t doctor_days(int64_t from, int64_t to)
{
	return to > from ? (to - from) / TIME_DAY : 0;
}
