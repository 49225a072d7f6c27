/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_files: the configuration, the files that it names, the rules, and the public suffix
 * list. */
#include <inttypes.h>
#include <string.h>

#include "doctor.h"
#include "keyfiles.h"
#include "resetguard/domain.h"
#include "resetguard/time.h"

/* Days; TLDs that it does not know are ordinary names. */
enum { SUFFIX_LIST_MAX_AGE = 3 * 365 };

static const char suffix_list_url[] = "https://publicsuffix.org/list/public_suffix_list.dat";

/* ---- the configuration ---- */

struct files {
	struct doctor *doctor;
	unsigned failed;
	bool rules_failed;
	bool rules_counted;
	size_t rule_count;
};

static void take_failed(void *context, const char *key, const char *text)
{
	struct files *files = context;
	struct doctor *doctor = files->doctor;
	struct remedy remedy = {.length = 0};
	const char *place = conf_place(doctor->cli->conf, key);
	bool is_rules = strcmp(key, "messages_file") == 0;

	files->failed++;
	files->rules_failed |= is_rules;
	doctor->misconfigured = true;
	/* A bad line of the file itself, or the line that names the file. */
	if (!remedy_leave_out(&remedy, text) && place != NULL)
		(void)remedy_leave_out(&remedy, place);
	finding_add(&doctor->findings, is_rules ? "rules" : "configuration", LEVEL_ERROR,
		    remedy_text(&remedy), "%s: %s%s", key, text,
		    remedy_text(&remedy) == NULL ? "" : " (the command leaves the line out)");
}

static void take_warned(void *context, const char *text)
{
	struct files *files = context;

	finding_add(&files->doctor->findings, "rules", LEVEL_NOTE, NULL, "%s", text);
}

static void take_rules(void *context, size_t count)
{
	struct files *files = context;

	files->rules_counted = true;
	files->rule_count = count;
}

/* Without rules of its own the milter knows resets by the field of RFC 7293 alone. */
static void judge_rules(const struct files *files)
{
	struct doctor *doctor = files->doctor;
	const char *path = doctor->cli->conf->messages_file;
	struct remedy remedy = {.length = 0};

	if (files->rules_failed)
		return;
	if (files->rules_counted && files->rule_count > 0) {
		finding_add(&doctor->findings, "rules", LEVEL_OK, NULL, "%s: %zu rules", path,
			    files->rule_count);
		return;
	}
	remedy_words(&remedy, (const char *[]){"printf", "pack any\\n", NULL});
	remedy_shell(&remedy, ">>");
	remedy_word(&remedy, path);
	if (doctor->milter == ERR_OK) {
		remedy_and(&remedy);
		doctor_add_reload(&remedy, doctor);
	}
	finding_add(&doctor->findings, "rules", LEVEL_WARNING, remedy_text(&remedy),
		    "%s: %s; a message is a reset only if it has a Require-Recipient-Valid-Since "
		    "field (the command has all packs recognised)",
		    path, files->rules_counted ? "no rules" : "not there");
}

/* ---- the list that grows old ---- */

static void check_suffix_list(struct doctor *doctor)
{
	const struct conf *conf = doctor->cli->conf;
	int64_t date = domain_suffixes_date(conf->public_suffix_file);
	int64_t age = doctor_days(date, doctor->cli->now);
	const char *name =
		conf->public_suffix_file == NULL ? "libpsl's list" : conf->public_suffix_file;
	const char *file = conf->public_suffix_file == NULL
				   ? "/etc/resetguard/public_suffix_list.dat"
				   : conf->public_suffix_file;
	struct remedy remedy = {.length = 0};

	if (date == 0 || age <= SUFFIX_LIST_MAX_AGE) {
		finding_add(&doctor->findings, "suffix-list", LEVEL_OK, NULL, "%s, of %s", name,
			    date == 0 ? "unknown age" : time_format(date).text);
		return;
	}
	remedy_words(&remedy, (const char *[]){"curl", "-fsS", "-o", file, suffix_list_url, NULL});
	if (conf->public_suffix_file == NULL) {
		remedy_and(&remedy);
		doctor_add_key(&remedy, doctor, "public_suffix_file", file);
	}
	finding_add(&doctor->findings, "suffix-list", LEVEL_NOTE, remedy_text(&remedy),
		    "%s is %" PRId64 " days old; below suffixes that are newer, domains of "
		    "different owners are taken for one",
		    name, age);
}

void doctor_files(struct doctor *doctor)
{
	struct files files = {.doctor = doctor};
	const struct keyfiles_sink sink = {take_failed, take_warned, take_rules, &files};

	keyfiles_check(doctor->cli->conf, &sink);
	if (files.failed == 0)
		finding_add(&doctor->findings, "configuration", LEVEL_OK, NULL,
			    "%s, and the files that it names",
			    doctor->cli->conf_path == NULL ? conf_default_path
							   : doctor->cli->conf_path);
	judge_rules(&files);
	check_suffix_list(doctor);
}
