/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_cache: whether the cache can be used, is kept, and is full enough to go by. */
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "resetguard/cache_health.h"
#include "resetguard/privilege.h"
#include "resetguard/time.h"

enum {
	READERS = 2,
	GROUPS_MAX = 256,
	MAP_PERCENT_WARNING = 80,
	MAP_PERCENT_ERROR = 95,
	STALE_PERCENT_MAX = 5,
	UNCHECKED_PERCENT_MAX = 1,
	BEHIND_MAX = 10000, /* commits: what is deleted meanwhile cannot be used again */
	OVERDUE_WARNING = TIME_DAY,
	OVERDUE_ERROR = 2 * TIME_DAY,
};

/* ---- users, owners and modes ---- */

struct layout {
	struct doctor *doctor;
	struct privilege_user updater;
	unsigned wrong;
};

static void check_place(void *context, const struct cache_place *place)
{
	struct layout *layout = context;
	struct doctor *doctor = layout->doctor;
	struct remedy remedy = {.length = 0};
	bool wrong_owner =
		place->owner != layout->updater.uid || place->group != layout->updater.gid;
	char group[DOCTOR_GROUP_MAX];

	if (place->is_missing && !place->is_needed)
		return;
	if (place->is_missing) {
		layout->wrong++;
		doctor_add_self(&remedy, doctor, "refresh");
		finding_add(&doctor->findings, "layout", LEVEL_ERROR, remedy_text(&remedy),
			    "%s is not there", place->path);
		return;
	}
	if (place->is_other_type) {
		layout->wrong++;
		remedy_words(&remedy, (const char *[]){"mv", place->path, NULL});
		remedy_format(&remedy, "%s.moved", place->path);
		remedy_and(&remedy);
		doctor_add_self(&remedy, doctor, "refresh");
		finding_add(&doctor->findings, "layout", LEVEL_ERROR, remedy_text(&remedy),
			    "%s is of another kind, or has a second link", place->path);
		return;
	}
	if (!wrong_owner && place->mode == place->right_mode)
		return;
	layout->wrong++;
	doctor_group_name(layout->updater.gid, group);
	/* chown(1) clears the set-group-id bit: the mode comes after. */
	if (wrong_owner) {
		remedy_word(&remedy, "chown");
		remedy_format(&remedy, "%s:%s", layout->updater.name, group);
		remedy_word(&remedy, place->path);
		remedy_and(&remedy);
	}
	remedy_word(&remedy, "chmod");
	remedy_format(&remedy, "%04o", (unsigned)place->right_mode);
	remedy_word(&remedy, place->path);
	finding_add(&doctor->findings, "layout", LEVEL_ERROR, remedy_text(&remedy),
		    "%s is %u:%u %04o, should be %s:%s %04o: milter and updater share it",
		    place->path, (unsigned)place->owner, (unsigned)place->group,
		    (unsigned)place->mode, layout->updater.name, group,
		    (unsigned)place->right_mode);
}

static bool is_member(const struct privilege_user *user, gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;

	if (getgrouplist(user->name, user->gid, groups, &count) < 0)
		return false;
	for (int i = 0; i < count; i++) {
		if (groups[i] == gid)
			return true;
	}
	return false;
}

static bool find_user(struct doctor *doctor, const char *name, struct privilege_user *user)
{
	struct remedy remedy = {.length = 0};
	struct why why = {""};

	if (privilege_find(name, user, &why) == ERR_OK)
		return true;
	remedy_words(&remedy, (const char *[]){"adduser", "--system", "--group", "--no-create-home",
					       name, NULL});
	finding_add(&doctor->findings, "users", LEVEL_ERROR, remedy_text(&remedy), "%s", why.text);
	return false;
}

static bool check_users(struct doctor *doctor, struct privilege_user *updater)
{
	const struct conf *conf = doctor->cli->conf;
	struct privilege_user milter;
	struct remedy remedy = {.length = 0};
	char group[DOCTOR_GROUP_MAX];

	if (!find_user(doctor, conf->updater_user, updater) ||
	    !find_user(doctor, conf->milter_user, &milter))
		return false;
	if (milter.uid == 0 || is_member(&milter, updater->gid))
		return true;
	doctor_group_name(updater->gid, group);
	remedy_words(&remedy, (const char *[]){"usermod", "-aG", group, milter.name, NULL});
	remedy_and(&remedy);
	doctor_add_start(&remedy, doctor);
	finding_add(&doctor->findings, "users", LEVEL_ERROR, remedy_text(&remedy),
		    "user %s is not in group %s: the milter cannot read the cache", milter.name,
		    group);
	return true;
}

static void check_layout(struct doctor *doctor)
{
	struct layout layout = {.doctor = doctor};
	struct why why = {""};

	if (!check_users(doctor, &layout.updater))
		return;
	if (cache_each_place(doctor->cli->conf->cache_dir, check_place, &layout, &why) != ERR_OK) {
		finding_add(&doctor->findings, "layout", LEVEL_ERROR, NULL, "%s", why.text);
		return;
	}
	if (layout.wrong == 0)
		finding_add(&doctor->findings, "layout", LEVEL_OK, NULL,
			    "%s: owners and modes are right", doctor->cli->conf->cache_dir);
}

/* ---- opening ---- */

struct damage {
	unsigned count;
	char database[32]; /* of the first */
	char name[DOMAIN_MAX + 1];
};

static void count_damaged(void *context, const char *database, const char *name)
{
	struct damage *damage = context;

	if (damage->count++ > 0)
		return;
	snprintf(damage->database, sizeof damage->database, "%s", database);
	snprintf(damage->name, sizeof damage->name, "%s", name);
}

static void report_unusable(struct doctor *doctor, enum err err, const struct why *why)
{
	struct remedy remedy = {.length = 0};

	if (err == ERR_PERMISSION && !doctor->is_root) {
		remedy_word(&remedy, "sudo");
		doctor_add_self(&remedy, doctor, "doctor");
	} else if (err != ERR_PERMISSION) {
		doctor_add_self(&remedy, doctor, err == ERR_NO_INPUT ? "refresh" : "restore");
		if (err != ERR_NO_INPUT)
			remedy_word(&remedy, "BACKUP");
	}
	finding_add(&doctor->findings, "cache", LEVEL_ERROR, remedy_text(&remedy),
		    "%s; every reset is deferred",
		    why->text[0] == '\0' ? err_text(err) : why->text);
}

static enum err take_domain(void *context, const struct domain *domain)
{
	struct doctor *doctor = context;

	doctor->some_domain = *domain;
	return ERR_NOT_FOUND;
}

/* The time of the last commit, and a domain. Reports what fails. */
static bool look(struct doctor *doctor, int64_t *committed_at)
{
	struct cli *cli = doctor->cli;
	struct cache_txn *txn;
	struct why why = {""};
	enum err err = cache_snapshot(cli->cache, time_monotonic_ms(), &txn, &why);

	if (err == ERR_OK) {
		err = cache_last_commit(txn, committed_at);
		if (err == ERR_OK)
			err = cache_each_domain(txn, take_domain, doctor);
		cache_read_end(txn);
	}
	if (err != ERR_OK)
		report_unusable(doctor, err, &why);
	return err == ERR_OK;
}

static void check_clock(struct doctor *doctor, int64_t committed_at)
{
	struct remedy remedy = {.length = 0};
	int64_t now = time_now(); /* an updater may have committed since we began */

	if (committed_at <= now) {
		finding_add(&doctor->findings, "clock", LEVEL_OK, NULL,
			    "it is after the cache's last commit");
		return;
	}
	doctor_add_self(&remedy, doctor, "prune");
	remedy_word(&remedy, "--future");
	finding_add(&doctor->findings, "clock", LEVEL_ERROR, remedy_text(&remedy),
		    "it says %s, and the cache was last written at %s: nothing can be written; set "
		    "the clock right, or, if it was wrong then, mend the cache",
		    time_format(now).text, time_format(committed_at).text);
}

static void check_readers(struct doctor *doctor)
{
	struct store_readers readers;
	struct remedy remedy = {.length = 0};

	if (cache_readers(doctor->cli->cache, &readers) != ERR_OK)
		return;
	doctor_add_self(&remedy, doctor, "refresh");
	if (readers.dead > 0)
		finding_add(&doctor->findings, "readers", LEVEL_WARNING, remedy_text(&remedy),
			    "%u of %u readers were left behind by processes that have ended: what "
			    "they read cannot be used again, and the cache grows",
			    readers.dead, readers.used);
	else if (readers.behind > BEHIND_MAX)
		finding_add(&doctor->findings, "readers", LEVEL_WARNING, NULL,
			    "a reader holds what was there %" PRIu64
			    " commits ago: the cache grows "
			    "until it ends",
			    readers.behind);
	else
		finding_add(&doctor->findings, "readers", LEVEL_OK, NULL, "%u of %u", readers.used,
			    readers.max);
}

/* ---- what is in it ---- */

static void check_map(struct doctor *doctor, const struct counting *counting)
{
	uint64_t size = doctor->cli->conf->map_size;
	double percent = counting_percent(counting->used, size);
	struct remedy remedy = {.length = 0};
	char larger[32];

	if (percent < MAP_PERCENT_WARNING) {
		finding_add(&doctor->findings, "map", LEVEL_OK, NULL,
			    "%" PRIu64 " MiB of %" PRIu64 " MiB", counting->used >> 20, size >> 20);
		return;
	}
	snprintf(larger, sizeof larger, "%" PRIu64 "m", (counting->used >> 20) * 4 + 64);
	doctor_add_key(&remedy, doctor, "map_size", larger);
	if (doctor->milter == ERR_OK) {
		remedy_and(&remedy);
		doctor_add_reload(&remedy, doctor);
	}
	finding_add(&doctor->findings, "map",
		    percent < MAP_PERCENT_ERROR ? LEVEL_WARNING : LEVEL_ERROR, remedy_text(&remedy),
		    "%.0f %% of map_size are used: a full map takes no more domains", percent);
}

static void check_damage(struct doctor *doctor, const struct damage *damage)
{
	bool begins_anew =
		strcmp(damage->database, "facts") == 0 || strcmp(damage->database, "parked") == 0;
	struct remedy remedy = {.length = 0};

	if (damage->count == 0)
		return;
	doctor_add_self(&remedy, doctor, begins_anew ? "refresh" : "restore");
	remedy_word(&remedy, begins_anew ? damage->name : "BACKUP");
	finding_add(&doctor->findings, "records", LEVEL_ERROR, remedy_text(&remedy),
		    "%u damaged; the first is %s in %s: resets there are deferred", damage->count,
		    damage->name, damage->database);
}

static enum level level_of_share(uint64_t part, uint64_t whole, unsigned max_percent)
{
	if (part == 0)
		return LEVEL_OK;
	return counting_percent(part, whole) > max_percent ? LEVEL_WARNING : LEVEL_NOTE;
}

static void check_ages(struct doctor *doctor, const struct census *census)
{
	uint64_t stale = census->reasons[REASON_STALE];
	enum level level =
		level_of_share(census->unchecked, census->domains, UNCHECKED_PERCENT_MAX);
	struct remedy remedy = {.length = 0};

	doctor_add_self(&remedy, doctor, "refresh");
	finding_add(&doctor->findings, "unchecked", level,
		    level == LEVEL_OK ? NULL : remedy_text(&remedy),
		    "%" PRIu64 " of %" PRIu64 " domains were never checked%s", census->unchecked,
		    census->domains, level == LEVEL_OK ? "" : ": resets there are deferred");
	level = level_of_share(stale, census->domains, STALE_PERCENT_MAX);
	finding_add(
		&doctor->findings, "stale", level, level == LEVEL_OK ? NULL : remedy_text(&remedy),
		"%" PRIu64 " of %" PRIu64 " domains were checked too long ago%s; the oldest check "
		"is of %s",
		stale, census->domains, level == LEVEL_OK ? "" : ": resets there are deferred",
		census->oldest_check == 0 ? "never" : time_format(census->oldest_check).text);
}

static void check_brake(struct doctor *doctor, const struct census *census)
{
	struct remedy remedy = {.length = 0};

	if (census->held_back == 0) {
		finding_add(&doctor->findings, "brake", LEVEL_OK, NULL, "it holds nothing back");
		return;
	}
	doctor_add_self(&remedy, doctor, "refresh");
	remedy_word(&remedy, "--release");
	finding_add(&doctor->findings, "brake", LEVEL_WARNING, remedy_text(&remedy),
		    "it holds back %" PRIu64
		    " changes, and resets there are deferred: look at them "
		    "with 'resetguard list --reason disputed'; where the registry is wrong, "
		    "--discard instead",
		    census->held_back);
}

static int64_t hours(int64_t from, int64_t to)
{
	return from != 0 && to > from ? (to - from) / TIME_HOUR : 0;
}

static void check_refresh(struct doctor *doctor, const struct counting *counting,
			  int64_t committed_at)
{
	const struct census *census = &counting->census;
	int64_t now = doctor->cli->now;
	int64_t overdue = census->longest_overdue == 0 ? 0 : now - census->longest_overdue;
	struct remedy remedy = {.length = 0};

	if (overdue > OVERDUE_WARNING) {
		doctor_add_refresh(&remedy, doctor);
		finding_add(&doctor->findings, "refresh",
			    overdue > OVERDUE_ERROR ? LEVEL_ERROR : LEVEL_WARNING,
			    remedy_text(&remedy),
			    "%" PRIu64 " checks are due, the first for %" PRId64
			    " h; %s, and the last commit is %" PRId64 " h old",
			    census->due.now, hours(census->longest_overdue, now),
			    counting->watched ? "a watcher runs" : "no watcher runs",
			    hours(committed_at, now));
		return;
	}
	if (counting->watched) {
		finding_add(&doctor->findings, "refresh", LEVEL_OK, NULL,
			    "a watcher runs; %" PRIu64 " checks are due", census->due.now);
		return;
	}
	doctor_add_refresh(&remedy, doctor);
	if (remedy.length > 0 && strstr(remedy.text, "systemctl") != remedy.text)
		remedy_word(&remedy, "--watch");
	finding_add(
		&doctor->findings, "refresh", LEVEL_NOTE, remedy_text(&remedy),
		"no watcher runs; the last commit is %" PRId64 " h old, %" PRIu64
		" checks are due: a domain that was sold minutes ago is not noticed when a reset "
		"is asked for",
		hours(committed_at, now), census->due.now);
}

static void check_waiting(struct doctor *doctor, const struct counting *counting)
{
	struct remedy remedy = {.length = 0};

	if (counting->untold > 0) {
		doctor_add_self(&remedy, doctor, "refresh");
		finding_add(&doctor->findings, "outbox", LEVEL_NOTE, remedy_text(&remedy),
			    "%" PRIu64
			    " changes wait for the application, which has not taken them",
			    counting->untold);
	}
	remedy.length = 0;
	if (counting->wanted > 0 && !counting->watched) {
		doctor_add_self(&remedy, doctor, "refresh");
		finding_add(&doctor->findings, "wanted", LEVEL_NOTE, remedy_text(&remedy),
			    "%" PRIu64 " domains that resets were meant for wait to be looked up",
			    counting->wanted);
	}
}

static void check_mode(struct doctor *doctor, const struct census *census)
{
	const struct conf *conf = doctor->cli->conf;
	struct remedy remedy = {.length = 0};
	bool full = census->domains > 0 && census->held_back == 0 &&
		    counting_percent(census->unchecked, census->domains) <= UNCHECKED_PERCENT_MAX &&
		    counting_percent(census->reasons[REASON_STALE], census->domains) <=
			    STALE_PERCENT_MAX;

	if (conf->mode == MODE_ENFORCE) {
		finding_add(&doctor->findings, "mode", LEVEL_OK, NULL, "enforce");
		return;
	}
	if (full) {
		doctor_add_key(&remedy, doctor, "mode", "enforce");
		remedy_and(&remedy);
		doctor_add_reload(&remedy, doctor);
	} else if (census->domains > 0) {
		doctor_add_self(&remedy, doctor, "refresh");
	}
	finding_add(
		&doctor->findings, "mode", LEVEL_NOTE, remedy_text(&remedy),
		full ? "observe: nothing is refused; the cache is full enough to enforce"
		     : "observe: nothing is refused; the cache is not full enough to enforce yet");
}

static void check_contents(struct doctor *doctor, const struct damage *damage, int64_t committed_at)
{
	struct counting counting = {.census = {.hosts = NULL}};
	struct remedy remedy = {.length = 0};

	if (!counting_take(doctor->cli, &counting)) {
		finding_add(&doctor->findings, "cache", LEVEL_ERROR, NULL,
			    "what is in it could not be counted: see what is said beside this");
	} else {
		if (counting.census.domains == 0) {
			doctor_add_self(&remedy, doctor, "import");
			remedy_word(&remedy, "ACCOUNTS.csv");
		}
		finding_add(&doctor->findings, "cache",
			    counting.census.domains == 0 ? LEVEL_WARNING : LEVEL_OK,
			    remedy_text(&remedy), "%" PRIu64 " domains%s", counting.census.domains,
			    counting.census.domains == 0
				    ? ": every reset is deferred until its domain "
				      "has been looked up"
				    : "");
		check_damage(doctor, damage);
		check_map(doctor, &counting);
		check_ages(doctor, &counting.census);
		check_brake(doctor, &counting.census);
		check_refresh(doctor, &counting, committed_at);
		check_waiting(doctor, &counting);
		check_mode(doctor, &counting.census);
	}
	counting_clear(&counting);
}

void doctor_cache(struct doctor *doctor)
{
	struct cli *cli = doctor->cli;
	struct damage damage = {.count = 0};
	struct cache_options options = cli_cache_options(cli);
	struct why why = {""};
	int64_t committed_at = 0;
	enum err err;

	check_layout(doctor);
	options.readers = READERS;
	options.damaged = count_damaged;
	options.context = &damage;
	err = cache_open_reader(&options, &cli->cache, &why);
	if (err != ERR_OK) {
		report_unusable(doctor, err, &why);
		return;
	}
	if (look(doctor, &committed_at)) {
		check_clock(doctor, committed_at);
		check_readers(doctor);
		check_contents(doctor, &damage, committed_at);
	}
	cache_close(cli->cache);
	cli->cache = NULL;
}
