/* SPDX-License-Identifier: BSD-2-Clause */
/* doctor_mta: whether the MTA's mail passes the milter. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "knock.h"
#include "postfix.h"
#include "resetguard/time.h"
#include "sendmailcf.h"
#include "setup.h"

enum {
	WAIT_MARGIN = 5,      /* seconds that the MTA should wait longer than we do */
	WAIT_USUAL_MS = 3000, /* miss_wait where it is not set */
	SENDMAIL_CF_MAX = 4 << 20,
};

static const char sendmail_cf_usual[] = "/etc/mail/sendmail.cf";

/* ---- Postfix's settings ---- */

static void report_steps(struct doctor *doctor, const struct postfix *postfix,
			 const struct setup *setup)
{
	for (size_t i = 0; i < setup->count; i++) {
		const struct setup_step *step = &setup->steps[i];
		struct remedy remedy = {.length = 0};

		if (step->new != NULL && step->service[0] == '\0') {
			doctor_add_self(&remedy, doctor, "setup");
			remedy_words(&remedy, (const char *[]){"postfix", "--apply", NULL});
			if (doctor->postfix_directory != NULL) {
				remedy_word(&remedy, "--postfix");
				remedy_word(&remedy, postfix->directory);
			}
		} else if (step->new != NULL) {
			struct setup_words words = setup_forth(step);

			setup_add_postconf(&remedy, postfix, &words);
			remedy_and(&remedy);
			setup_add_reload(&remedy, postfix);
		}
		finding_add(&doctor->findings, step->check, step->level, remedy_text(&remedy), "%s",
			    step->problem);
	}
	if (setup->count == 0)
		finding_add(&doctor->findings, "milters", LEVEL_OK, NULL,
			    "smtpd_milters and non_smtpd_milters have resetguard as %s",
			    setup->endpoint);
}

/* What is signed before the milter adds its field is signed without it. */
static void check_order(struct doctor *doctor, const struct postfix *postfix,
			const struct setup *setup)
{
	static const char parameter[] = "smtpd_milters";
	struct milters milters;
	struct milters_view view = {postfix_value(postfix, "queue_directory"), false};
	struct remedy remedy = {.length = 0};
	struct setup_words words = {.option = "-e"};
	size_t place;
	size_t used;

	if (milters_parse(postfix_raw(postfix, parameter), &milters) != ERR_OK)
		return;
	for (place = 0; place < milters.count; place++) {
		if (milters_fit(&milters.entries[place], &setup->socket, &view) != MILTERS_OTHER)
			break;
	}
	if (place == milters.count)
		return;
	if (place == 0 || !doctor->cli->conf->add_rrvs) {
		finding_add(&doctor->findings, "order", LEVEL_OK, NULL, "%s of %zu milters%s",
			    place == 0 ? "the first" : "not the first", milters.count,
			    place == 0 ? ""
				       : "; verdicts do not depend on it, but mail that is refused "
					 "was scanned or signed in vain");
		return;
	}
	used = (size_t)snprintf(words.argument, sizeof words.argument, "%s = %s", parameter,
				milters.entries[place].text);
	for (size_t i = 0; i < milters.count && used < sizeof words.argument; i++) {
		if (i != place)
			used += (size_t)snprintf(words.argument + used,
						 sizeof words.argument - used, ", %s",
						 milters.entries[i].text);
	}
	setup_add_postconf(&remedy, postfix, &words);
	remedy_and(&remedy);
	setup_add_reload(&remedy, postfix);
	finding_add(
		&doctor->findings, "order", LEVEL_WARNING, remedy_text(&remedy),
		"add_rrvs = yes, and %s comes before resetguard: a signature does not cover the "
		"field that is added",
		milters.entries[0].endpoint);
}

/* How long Postfix waits for an answer of ours: the entry's own time, or that of all. */
static const char *command_timeout(const struct postfix *postfix, const struct setup *setup,
				   struct milters *milters)
{
	struct milters_view view = {postfix_value(postfix, "queue_directory"), false};

	if (milters_parse(postfix_value(postfix, "smtpd_milters"), milters) == ERR_OK) {
		for (size_t i = 0; i < milters->count; i++) {
			const struct milters_entry *entry = &milters->entries[i];

			if (entry->command_timeout[0] != '\0' &&
			    milters_fit(entry, &setup->socket, &view) != MILTERS_OTHER)
				return entry->command_timeout;
		}
	}
	return postfix_value(postfix, "milter_command_timeout");
}

static void check_timeout(struct doctor *doctor, const struct postfix *postfix,
			  const struct setup *setup)
{
	const struct conf *conf = doctor->cli->conf;
	int64_t wait_ms = conf->miss_wait_ms < 0 ? WAIT_USUAL_MS : conf->miss_wait_ms;
	int64_t needed = wait_ms / 1000 + WAIT_MARGIN;
	struct milters milters;
	const char *value = command_timeout(postfix, setup, &milters);
	bool is_global = value == postfix_value(postfix, "milter_command_timeout");
	struct remedy remedy = {.length = 0};
	struct setup_words words = {.option = "-e"};
	int64_t given;

	/* "30s", "5m", "1d"; seconds are Postfix's unit here, too. */
	if (time_parse_duration(value, &given) != ERR_OK || given >= needed)
		return;
	snprintf(words.argument, sizeof words.argument, "milter_command_timeout = %llds",
		 (long long)(needed > 30 ? needed : 30));
	if (is_global) {
		setup_add_postconf(&remedy, postfix, &words);
		remedy_and(&remedy);
		setup_add_reload(&remedy, postfix);
	}
	finding_add(&doctor->findings, "timeout", LEVEL_WARNING, remedy_text(&remedy),
		    "%scommand_timeout = %s, and the milter may wait %lld ms for a registry's "
		    "answer: Postfix gives up before it, and defers",
		    is_global ? "milter_" : "resetguard's own ", value, (long long)wait_ms);
}

static void check_more(struct doctor *doctor, const struct postfix *postfix)
{
	const char *others = postfix_value(postfix, "multi_instance_directories");
	struct remedy remedy = {.length = 0};
	char first[POSTFIX_NAME_MAX + 1];

	if (postfix_value(postfix, "smtpd_milter_maps")[0] != '\0')
		finding_add(
			&doctor->findings, "milters", LEVEL_NOTE, NULL,
			"smtpd_milter_maps decides by client which milters are used: not looked "
			"into");
	others += strspn(others, ", \t");
	if (others[0] == '\0')
		return;
	snprintf(first, sizeof first, "%.*s", (int)strcspn(others, ", \t"), others);
	doctor_add_self(&remedy, doctor, "doctor");
	remedy_words(&remedy, (const char *[]){"--postfix", first, NULL});
	finding_add(&doctor->findings, "postfix", LEVEL_NOTE, remedy_text(&remedy),
		    "there are more instances: %s; ask for each", others);
}

/* ---- whether its daemons can connect ---- */

/* Lets the group of the daemons in, now and at the milter's next start. */
static void add_way_in(struct remedy *remedy, const struct doctor *doctor,
		       const struct knock_as *as, const char *barrier, bool is_socket)
{
	const struct conf *conf = doctor->cli->conf;
	char group[DOCTOR_GROUP_MAX];
	struct stat status;

	doctor_group_name(as->user.gid, group);
	if (stat(barrier, &status) == 0 && status.st_gid != as->user.gid) {
		remedy_words(remedy, (const char *[]){"chgrp", group, barrier, NULL});
		remedy_and(remedy);
	}
	remedy_words(remedy, (const char *[]){"chmod", is_socket ? "g+rw" : "g+x", barrier, NULL});
	if (is_socket && (conf->socket_group == NULL || strcmp(conf->socket_group, group) != 0)) {
		remedy_and(remedy);
		doctor_add_key(remedy, doctor, "socket_group", group);
	}
	if (is_socket && (conf->socket_mode & 0060) != 0060) {
		remedy_and(remedy);
		doctor_add_key(remedy, doctor, "socket_mode", "0660");
	}
}

static void judge_knock(struct doctor *doctor, const struct knock_as *as,
			const struct knock_result *result, const char *program)
{
	struct remedy remedy = {.length = 0};
	char barrier[PATH_MAX];
	bool is_socket = strcmp(result->where, as->path) == 0;

	if (result->failure == 0) {
		finding_add(&doctor->findings, "connect", LEVEL_OK, NULL,
			    "user %s, as %s is%s, can connect to %s", as->user.name, program,
			    as->chrooted ? " in its chroot" : "", as->path);
		return;
	}
	if (result->failure == EACCES) {
		snprintf(barrier, sizeof barrier, "%s%s%s",
			 as->chrooted || result->where[0] != '/' ? as->directory : "",
			 result->where[0] == '/' ? "" : "/", result->where);
		add_way_in(&remedy, doctor, as, barrier, is_socket);
		finding_add(&doctor->findings, "connect", LEVEL_ERROR, remedy_text(&remedy),
			    "user %s, as %s is, may not pass %s: no connection, so all mail is "
			    "deferred",
			    as->user.name, program, barrier);
		return;
	}
	finding_add(&doctor->findings, "connect", LEVEL_ERROR, NULL,
		    "user %s, as %s is%s, cannot connect to %s: %s: all mail is deferred",
		    as->user.name, program, as->chrooted ? " in its chroot" : "", as->path,
		    strerror(result->failure));
}

/* Once for those that are chrooted, once for the others. */
static void knock_as_service(struct doctor *doctor, const struct postfix *postfix,
			     const struct setup *setup, const char *program, bool tried[2])
{
	struct postfix_service service;
	size_t index = 0;

	while (postfix_next_service(postfix, &index, program, &service)) {
		struct knock_as as = {.directory = postfix_value(postfix, "queue_directory"),
				      .chrooted = service.chrooted,
				      .path = setup->endpoint + sizeof "unix:" - 1};
		struct knock_result result;
		struct why why = {""};

		if (tried[service.chrooted])
			continue;
		tried[service.chrooted] = true;
		if (privilege_find(postfix_value(postfix, "mail_owner"), &as.user, &why) ==
			    ERR_OK &&
		    knock_as(&as, &result, &why) == ERR_OK)
			judge_knock(doctor, &as, &result, service.name);
		else
			finding_add(&doctor->findings, "connect", LEVEL_WARNING, NULL,
				    "could not be tried: %s", why.text);
	}
}

static void check_connection(struct doctor *doctor, const struct postfix *postfix,
			     const struct setup *setup)
{
	bool tried[2] = {false, false};
	struct remedy remedy = {.length = 0};

	if (setup->socket.path[0] == '\0')
		return;
	if (!doctor->is_root) {
		remedy_word(&remedy, "sudo");
		doctor_add_self(&remedy, doctor, "doctor");
		finding_add(&doctor->findings, "connect", LEVEL_NOTE, remedy_text(&remedy),
			    "not root: whether user %s can connect to the milter was not tried",
			    postfix_value(postfix, "mail_owner"));
		return;
	}
	if (doctor->milter != ERR_OK)
		return;
	knock_as_service(doctor, postfix, setup, "smtpd", tried);
	knock_as_service(doctor, postfix, setup, "cleanup", tried);
}

static void judge_postfix(struct doctor *doctor, const struct postfix *postfix)
{
	const struct conf *conf = doctor->cli->conf;
	struct setup *setup = calloc(1, sizeof *setup);
	struct remedy remedy = {.length = 0};
	struct why why = {""};
	bool known;
	bool runs = postfix_runs(postfix, &known);

	if (!runs && known) {
		remedy_word(&remedy, "postfix");
		if (postfix->directory != NULL)
			remedy_words(&remedy, (const char *[]){"-c", postfix->directory, NULL});
		remedy_word(&remedy, "start");
	}
	finding_add(&doctor->findings, "postfix", runs || !known ? LEVEL_OK : LEVEL_WARNING,
		    remedy_text(&remedy), "%s of %s%s", "the configuration",
		    postfix_value(postfix, "config_directory"),
		    runs     ? ", which runs"
		    : !known ? "; not root: whether it runs is not known"
			     : ", which does not run");
	remedy.length = 0;
	if (setup == NULL) {
		finding_add(&doctor->findings, "milters", LEVEL_ERROR, NULL, "out of memory");
		return;
	}
	if (setup_plan(postfix, conf, doctor->cli->conf_path, setup, &remedy, &why) != ERR_OK) {
		if (remedy.length > 0) {
			remedy_and(&remedy);
			doctor_add_start(&remedy, doctor);
		}
		finding_add(&doctor->findings, "milters", LEVEL_ERROR, remedy_text(&remedy), "%s",
			    why.text);
	} else {
		report_steps(doctor, postfix, setup);
		check_order(doctor, postfix, setup);
		check_timeout(doctor, postfix, setup);
		check_connection(doctor, postfix, setup);
		setup_clear(setup);
	}
	check_more(doctor, postfix);
	free(setup);
}

/* ---- Sendmail ---- */

static char *read_text(const char *path, struct why *why)
{
	char *text = malloc(SENDMAIL_CF_MAX + 1);
	FILE *file = fopen(path, "re");
	size_t length = 0;

	if (text != NULL && file != NULL)
		length = fread(text, 1, SENDMAIL_CF_MAX, file);
	if (text == NULL || file == NULL || ferror(file) != 0) {
		(void)err_why_errno(errno, why, "%s", path);
		free(text);
		text = NULL;
	} else {
		text[length] = '\0';
	}
	if (file != NULL)
		(void)fclose(file);
	return text;
}

/* In the .mc file beside it, if there is one, since the .cf is made of it. */
static void add_filter(struct remedy *remedy, const char *path, const struct sendmailcf *cf,
		       const char *socket)
{
	char mc[PATH_MAX];
	char line[PATH_MAX + 128];
	size_t length = strlen(path);
	bool is_local = strncmp(socket, "unix:", 5) == 0;

	snprintf(mc, sizeof mc, "%.*s.mc", (int)(length > 3 ? length - 3 : length), path);
	if (access(mc, F_OK) == 0 && cf->name[0] == '\0') {
		snprintf(line, sizeof line,
			 "INPUT_MAIL_FILTER(`resetguard', `S=%s%s, F=T, T=S:30s;R:30s')dnl",
			 is_local ? "local:" : "", socket + (is_local ? 5 : 0));
		remedy_words(remedy, (const char *[]){"printf", "%s\\n", line, NULL});
		remedy_shell(remedy, ">>");
		remedy_word(remedy, mc);
		remedy_and(remedy);
		remedy_words(remedy, (const char *[]){"make", "-C", NULL});
		remedy_format(remedy, "%.*s", (int)(strrchr(mc, '/') - mc), mc);
		return;
	}
	if (cf->name[0] == '\0') {
		snprintf(line, sizeof line, "Xresetguard, S=%s%s, F=T, T=S:30s;R:30s",
			 is_local ? "local:" : "", socket + (is_local ? 5 : 0));
		remedy_words(remedy, (const char *[]){"printf", "%s\\n", line, NULL});
		remedy_shell(remedy, ">>");
		remedy_word(remedy, path);
	}
	if (cf->listed)
		return;
	remedy_and(remedy);
	if (cf->has_filters) {
		snprintf(line, sizeof line, "s/^O InputMailFilters=/&%s%s/",
			 cf->name[0] == '\0' ? "resetguard" : cf->name,
			 cf->filters[0] == '\0' ? "" : ",");
		remedy_words(remedy, (const char *[]){"sed", "-i", line, path, NULL});
	} else {
		snprintf(line, sizeof line, "O InputMailFilters=%s",
			 cf->name[0] == '\0' ? "resetguard" : cf->name);
		remedy_words(remedy, (const char *[]){"printf", "%s\\n", line, NULL});
		remedy_shell(remedy, ">>");
		remedy_word(remedy, path);
	}
}

static void judge_sendmail(struct doctor *doctor, const char *path, const struct sendmailcf *cf)
{
	struct remedy remedy = {.length = 0};
	char script[3 * SENDMAILCF_NAME_MAX];

	if (cf->name[0] == '\0' || !cf->listed) {
		add_filter(&remedy, path, cf, doctor->cli->conf->socket);
		finding_add(
			&doctor->findings, "sendmail", LEVEL_ERROR, remedy_text(&remedy),
			cf->name[0] == '\0'
				? "%s has no milter at our socket: no mail is looked at"
				: "%s does not list its resetguard in InputMailFilters: no mail "
				  "is looked at",
			path);
		return;
	}
	if (strchr(cf->flags, 'T') == NULL && strchr(cf->flags, '4') == NULL) {
		if (cf->flags[0] == '\0')
			snprintf(script, sizeof script, "s/^X%s,/& F=T,/", cf->name);
		else
			snprintf(script, sizeof script, "/^X%s,/s/F=%s/F=T/", cf->name, cf->flags);
		remedy_words(&remedy, (const char *[]){"sed", "-i", script, path, NULL});
		finding_add(
			&doctor->findings, "sendmail", LEVEL_ERROR, remedy_text(&remedy),
			cf->flags[0] == '\0'
				? "%s: %s has no F=T: every reset goes out while the milter is "
				  "down; mend INPUT_MAIL_FILTER in the .mc file too"
				: "%s: %s has not F=T: mail is refused for good while the milter "
				  "is down; mend INPUT_MAIL_FILTER in the .mc file too",
			path, cf->name);
		return;
	}
	finding_add(&doctor->findings, "sendmail", LEVEL_OK, NULL,
		    "%s lists %s, and defers while it is down", path, cf->name);
}

static void check_sendmail(struct doctor *doctor, const char *path)
{
	struct milters_socket socket;
	struct sendmailcf cf;
	struct why why = {""};
	char *text = read_text(path, &why);

	if (text == NULL) {
		finding_add(&doctor->findings, "sendmail", LEVEL_ERROR, NULL, "%s", why.text);
		return;
	}
	if (milters_socket_read(doctor->cli->conf->socket, &socket) == ERR_OK) {
		cf = sendmailcf_read(text, &socket);
		judge_sendmail(doctor, path, &cf);
	}
	free(text);
}

/* Debian's packages of the two MTAs exclude each other: what is left of a Sendmail beside
 * a Postfix is looked at only if somebody says so. */
void doctor_mta(struct doctor *doctor)
{
	struct postfix postfix = {.program = NULL};
	struct why why = {""};
	enum err err = postfix_ask(doctor->postfix_directory, &postfix, &why);
	const char *cf = doctor->sendmail_cf;

	if (err == ERR_OK) {
		judge_postfix(doctor, &postfix);
		postfix_clear(&postfix);
	} else if (err != ERR_NOT_FOUND) {
		finding_add(&doctor->findings, "postfix", LEVEL_ERROR, NULL, "%s", why.text);
	} else if (cf == NULL && access(sendmail_cf_usual, F_OK) == 0) {
		cf = sendmail_cf_usual;
	}
	if (cf != NULL)
		check_sendmail(doctor, cf);
	else if (err == ERR_NOT_FOUND)
		finding_add(&doctor->findings, "postfix", LEVEL_NOTE, NULL,
			    "neither Postfix nor Sendmail is on this machine: name the milter's "
			    "socket in the MTA's configuration where it runs");
}
