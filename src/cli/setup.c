/* SPDX-License-Identifier: BSD-2-Clause */
/* setup: what a Postfix's configuration lacks so that its mail passes the milter. */
#include "setup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The work under way. */
struct planning {
	const struct postfix *postfix;
	struct setup *setup;
	bool no_memory;
};

/* One way in. */
struct way {
	const char *parameter;
	const char *program; /* whose services have it */
	const char *mail;    /* for people */
};

static const struct way ways[] = {
	{"smtpd_milters", "smtpd", "mail that comes by SMTP"},
	{"non_smtpd_milters", "cleanup", "mail that comes by sendmail(1)"},
};

/* ---- steps ---- */

static struct setup_step *add_step(struct planning *planning, const char *check,
				   const char *service, const char *parameter)
{
	struct setup *setup = planning->setup;
	struct setup_step *step;

	if (setup->count == SETUP_STEPS_MAX) {
		planning->no_memory = true;
		return NULL;
	}
	step = &setup->steps[setup->count++];
	*step = (struct setup_step){.check = check, .level = LEVEL_ERROR, .parameter = parameter};
	snprintf(step->service, sizeof step->service, "%s", service);
	return step;
}

static void describe(struct planning *planning, struct setup_step *step, const char *format, ...)
	PRINTF_LIKE(3, 4);
static void describe(struct planning *planning, struct setup_step *step, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&step->problem, format, arguments) < 0) {
		step->problem = NULL;
		planning->no_memory = true;
	}
	va_end(arguments);
}

/* old NULL: not set. */
static void set_values(struct planning *planning, struct setup_step *step, const char *old,
		       const char *new)
{
	step->old = old == NULL ? NULL : strdup(old);
	step->new = strdup(new);
	if (step->new == NULL || (old != NULL && step->old == NULL))
		planning->no_memory = true;
}

static void set_main_values(struct planning *planning, struct setup_step *step, const char *new)
{
	const struct postfix *postfix = planning->postfix;

	set_values(planning, step,
		   postfix_is_set(postfix, step->parameter) ? postfix_raw(postfix, step->parameter)
							    : NULL,
		   new);
}

/* ---- lists of milters ---- */

const char *setup_action(const struct milters_entry *entry, const char *default_action)
{
	return entry->default_action[0] != '\0' ? entry->default_action : default_action;
}

/* "shutdown" is 3.11's way to defer; "quarantine" puts mail on hold. */
static bool action_is_safe(const char *action)
{
	return strcmp(action, "tempfail") == 0 || strcmp(action, "shutdown") == 0 ||
	       strcmp(action, "quarantine") == 0;
}

/* What a list says of our milter. */
struct listed {
	enum milters_fit fit;	    /* the best of all entries */
	struct milters_entry entry; /* that one */
};

static struct listed find_ours(const struct planning *planning, const struct milters *milters,
			       bool chrooted)
{
	struct milters_view view = {postfix_value(planning->postfix, "queue_directory"), chrooted};
	struct listed found = {.fit = MILTERS_OTHER};

	for (size_t i = 0; i < milters->count && found.fit != MILTERS_OURS; i++) {
		enum milters_fit fit =
			milters_fit(&milters->entries[i], &planning->setup->socket, &view);

		if (fit == MILTERS_OURS || (fit == MILTERS_ASTRAY && found.fit == MILTERS_OTHER))
			found = (struct listed){fit, milters->entries[i]};
	}
	return found;
}

/* One list as one service sees it: whether it will do, and if not, what is wrong. */
static bool list_will_do(struct planning *planning, const struct way *way, const char *value,
			 const struct postfix_service *service, const char *where,
			 struct setup_step *step, bool *is_listed)
{
	const struct postfix *postfix = planning->postfix;
	const char *action = postfix_service_value(postfix, service, "milter_default_action");
	struct milters milters;
	struct listed found;

	*is_listed = false;
	if (milters_parse(value, &milters) != ERR_OK) {
		describe(planning, step, "%s cannot be read: %s", where, value);
		return false;
	}
	found = find_ours(planning, &milters, service->chrooted);
	*is_listed = found.fit != MILTERS_OTHER;
	if (found.fit == MILTERS_OURS && action_is_safe(setup_action(&found.entry, action)))
		return true;
	if (found.fit == MILTERS_OTHER) {
		describe(planning, step, "%s does not have resetguard: no reset in %s is looked at",
			 where, way->mail);
	} else if (found.fit == MILTERS_ASTRAY) {
		struct milters_view view = {postfix_value(postfix, "queue_directory"),
					    service->chrooted};
		char path[PATH_MAX] = "";

		(void)milters_path(found.entry.endpoint, &view, path);
		describe(planning, step,
			 "%s has %s, which leads a %s that is %schrooted to %s, and the milter "
			 "is at %s: no connection, so all mail is deferred",
			 where, found.entry.endpoint, way->program, service->chrooted ? "" : "not ",
			 path, planning->setup->socket.path);
	} else {
		action = setup_action(&found.entry, action);
		step->check = "default-action";
		describe(planning, step,
			 strcmp(action, "accept") == 0
				 ? "%s: with the default action %s every reset goes out while the "
				   "milter is down"
				 : "%s: with the default action %s mail is refused for good while "
				   "the milter is down",
			 where, action);
	}
	return false;
}

/* The list as written with ours in it, and with a default action where Postfix's will not
 * do. False: nothing can be improved, or is; what stands in a parameter of another name is
 * not ours to change. */
static bool improve(const struct planning *planning, const char *value,
		    const struct postfix_service *service, bool is_listed,
		    char improved[MILTERS_VALUE_MAX])
{
	const struct postfix *postfix = planning->postfix;
	struct milters_view view = {postfix_value(postfix, "queue_directory"), service->chrooted};
	const char *action = postfix_service_value(postfix, service, "milter_default_action");
	struct milters milters;
	struct listed found;

	if (milters_parse(value, &milters) != ERR_OK)
		return false;
	found = find_ours(planning, &milters, service->chrooted);
	if (is_listed && found.fit == MILTERS_OTHER)
		return false;
	action = setup_action(&found.entry, action);
	return milters_with(value, planning->setup->endpoint,
			    !action_is_safe(action) ? "tempfail" : found.entry.default_action,
			    &planning->setup->socket, &view, improved) == ERR_OK &&
	       strcmp(improved, value) != 0;
}

/* postconf -P takes no blanks in a value. */
static void close_up(char *value)
{
	size_t length = 0;

	for (const char *at = value; *at != '\0'; at++) {
		bool is_separator = strchr(", \t", *at) != NULL;
		char last = length == 0 ? '\0' : value[length - 1];

		if (is_separator && (last == '\0' || strchr(",{", last) != NULL))
			continue;
		/* Of blanks before a closing brace nothing is left either. */
		if (*at == '}' && last == ',')
			length--;
		value[length++] = is_separator ? ',' : *at;
	}
	while (length > 0 && value[length - 1] == ',')
		length--;
	value[length] = '\0';
}

/* The services of a way that go by main.cf: the first one for which its list will not do.
 * False: it will do for all. */
static bool main_list_fails(struct planning *planning, const struct way *way,
			    struct postfix_service *service, struct setup_step *step,
			    bool *is_listed)
{
	const struct postfix *postfix = planning->postfix;
	const char *value = postfix_value(postfix, way->parameter);
	struct postfix_service next = {.name = ""};
	size_t index = 0;
	bool any = false;

	while (postfix_next_service(postfix, &index, way->program, &next)) {
		if (postfix_override(postfix, &next, way->parameter) != NULL)
			continue;
		any = true;
		*service = next;
		if (!list_will_do(planning, way, value, &next, way->parameter, step, is_listed))
			return true;
	}
	if (any)
		return false;
	*service = next;
	return !list_will_do(planning, way, value, service, way->parameter, step, is_listed);
}

static bool is_to_change(struct planning *planning, const struct way *way)
{
	struct setup_step wrong = {.problem = NULL};
	struct postfix_service service;
	bool is_listed;
	bool fails = main_list_fails(planning, way, &service, &wrong, &is_listed);

	free(wrong.problem);
	return fails;
}

/* Once the other list has been changed, one that refers to it has, too. */
static bool follows_the_other(struct planning *planning, const struct way *way)
{
	const char *raw = postfix_raw(planning->postfix, way->parameter);
	struct milters milters;

	if (milters_parse(raw, &milters) != ERR_OK)
		return false;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		if (&ways[i] != way && milters_refer_to(&milters, ways[i].parameter))
			return is_to_change(planning, &ways[i]);
	}
	return false;
}

static void plan_list(struct planning *planning, const struct way *way)
{
	const char *raw = postfix_raw(planning->postfix, way->parameter);
	struct setup_step wrong = {.check = "milters"};
	struct postfix_service service = {.name = ""};
	char improved[MILTERS_VALUE_MAX];
	struct setup_step *step;
	bool is_listed;

	if (!main_list_fails(planning, way, &service, &wrong, &is_listed) ||
	    follows_the_other(planning, way)) {
		free(wrong.problem);
		return;
	}
	step = add_step(planning, wrong.check, "", way->parameter);
	if (step == NULL) {
		free(wrong.problem);
		return;
	}
	step->problem = wrong.problem;
	if (improve(planning, raw, &service, is_listed, improved))
		set_main_values(planning, step, improved);
}

/* A service behind a content filter gets mail that has passed before. */
static bool is_way_back(const struct postfix *postfix, const struct postfix_service *service)
{
	const char *filter = postfix_override(postfix, service, "content_filter");

	return filter != NULL && filter[0] == '\0';
}

static void plan_override(struct planning *planning, const struct way *way,
			  const struct postfix_service *service)
{
	const struct postfix *postfix = planning->postfix;
	const char *value = postfix_override(postfix, service, way->parameter);
	const char *raw = postfix_override_raw(postfix, service, way->parameter);
	struct setup_step wrong = {.check = "milters"};
	char improved[MILTERS_VALUE_MAX];
	char where[2 * POSTFIX_NAME_MAX];
	struct setup_step *step;
	bool is_listed;

	if (value == NULL || raw == NULL)
		return;
	snprintf(where, sizeof where, "%s of %s in master.cf", way->parameter, service->name);
	if (list_will_do(planning, way, value, service, where, &wrong, &is_listed))
		return;
	step = add_step(planning, wrong.check, service->name, way->parameter);
	if (step == NULL) {
		free(wrong.problem);
		return;
	}
	step->problem = wrong.problem;
	step->level = LEVEL_WARNING;
	if (is_way_back(postfix, service)) {
		step->level = LEVEL_NOTE;
		return;
	}
	if (improve(planning, raw, service, is_listed, improved)) {
		close_up(improved);
		set_values(planning, step, raw, improved);
	}
}

/* ---- words in lists ---- */

/* Without a word, in the same order; blanks between. False where it is not there: it may
 * stand in a parameter that is named there. */
static bool takes_word_out(const char *words, const char *word, char without[MILTERS_VALUE_MAX])
{
	static const char separators[] = ", \t";
	size_t used = 0;

	if (!milters_words_have(words, word))
		return false;
	without[0] = '\0';
	for (words += strspn(words, separators); *words != '\0';
	     words += strspn(words, separators)) {
		size_t length = strcspn(words, separators);

		if (used + length + 2 >= MILTERS_VALUE_MAX)
			return false;
		if (length != strlen(word) || strncmp(words, word, length) != 0)
			used += (size_t)snprintf(without + used, MILTERS_VALUE_MAX - used, "%s%.*s",
						 used == 0 ? "" : " ", (int)length, words);
		words += length;
	}
	return true;
}

static void plan_no_milters(struct planning *planning)
{
	static const char parameter[] = "receive_override_options";
	const struct postfix *postfix = planning->postfix;
	struct postfix_service service;
	char without[MILTERS_VALUE_MAX];
	size_t index = 0;

	if (milters_words_have(postfix_value(postfix, parameter), "no_milters")) {
		struct setup_step *step = add_step(planning, "milters", "", parameter);

		if (step != NULL) {
			describe(planning, step, "%s has no_milters: no mail passes any milter",
				 parameter);
			if (takes_word_out(postfix_raw(postfix, parameter), "no_milters", without))
				set_main_values(planning, step, without);
		}
	}
	while (postfix_next_service(postfix, &index, "smtpd", &service)) {
		const char *value = postfix_override(postfix, &service, parameter);
		const char *raw = postfix_override_raw(postfix, &service, parameter);
		struct setup_step *step;

		if (value == NULL || raw == NULL || !milters_words_have(value, "no_milters"))
			continue;
		step = add_step(planning, "milters", service.name, parameter);
		if (step == NULL)
			continue;
		describe(planning, step,
			 "%s of %s in master.cf has no_milters: no mail there is looked at",
			 parameter, service.name);
		step->level = is_way_back(postfix, &service) ? LEVEL_NOTE : LEVEL_WARNING;
		if (step->level == LEVEL_WARNING &&
		    takes_word_out(raw, "no_milters", without)) {
			close_up(without);
			set_values(planning, step, raw, without);
		}
	}
}

/* What the milter asks for: see callbacks.c. They are Postfix's defaults. */
static void plan_macros(struct planning *planning)
{
	static const struct {
		const char *parameter;
		const char *macros[4];
		const char *meaning;
	} lists[] = {
		{"milter_connect_macros",
		 {"{daemon_name}", "v"},
		 "which service and which MTA it talks to"},
		{"milter_mail_macros",
		 {"i", "{auth_type}", "{auth_authen}"},
		 "who logged in, and what is sendmail(1)'s"},
		{"milter_data_macros", {"i"}, "the queue id, for its log"},
		{"milter_end_of_header_macros", {"i"}, "the queue id, for its log"},
	};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		const char *raw = postfix_raw(planning->postfix, lists[i].parameter);
		const char *value = postfix_value(planning->postfix, lists[i].parameter);
		char new[MILTERS_VALUE_MAX];
		size_t length = (size_t)snprintf(new, sizeof new, "%s", raw);
		struct setup_step *step;

		for (size_t j = 0; j < 4 && lists[i].macros[j] != NULL; j++) {
			if (length < sizeof new && !milters_words_have(value, lists[i].macros[j]))
				length += (size_t)snprintf(new + length, sizeof new - length,
							   "%s%s", length == 0 ? "" : " ",
							   lists[i].macros[j]);
		}
		if (length >= sizeof new || strcmp(new, raw) == 0)
			continue;
		step = add_step(planning, "macros", "", lists[i].parameter);
		if (step == NULL)
			continue;
		describe(planning, step, "%s lacks%s: the milter cannot tell %s",
			 lists[i].parameter, new + strlen(raw), lists[i].meaning);
		set_main_values(planning, step, new);
	}
}

/* By its name the milter knows that sendmail(1) mail must not be refused at RCPT. */
static void plan_version(struct planning *planning)
{
	static const char parameter[] = "milter_macro_v";
	const char *value = postfix_value(planning->postfix, parameter);
	struct setup_step *step;

	if (strncmp(value, "Postfix", 7) == 0)
		return;
	step = add_step(planning, "macros", "", parameter);
	if (step == NULL)
		return;
	describe(planning, step,
		 "%s is %s: the milter takes this for no Postfix, and refused mail of sendmail(1) "
		 "would be tried for ever",
		 parameter, value);
	set_main_values(planning, step, "Postfix $mail_version");
}

/* ---- the plan ---- */

/* Whether some daemon that connects to the milter by main.cf or master.cf is chrooted. */
static bool any_is_chrooted(const struct postfix *postfix)
{
	struct postfix_service service;

	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		size_t index = 0;

		while (postfix_next_service(postfix, &index, ways[i].program, &service)) {
			if (service.chrooted)
				return true;
		}
	}
	return false;
}

static enum err find_name(const struct postfix *postfix, const struct conf *conf,
			  const char *conf_path, struct setup *setup, struct remedy *remedy,
			  struct why *why)
{
	const char *queue = postfix_value(postfix, "queue_directory");
	struct milters_view view = {queue, any_is_chrooted(postfix)};
	char better[PATH_MAX];
	enum err err = milters_socket_read(conf->socket, &setup->socket);

	if (err != ERR_OK)
		return err_why(
			err, why,
			"socket = %s: only who passes it on knows where it is, and what Postfix "
			"is to call it",
			conf->socket);
	err = milters_name(&setup->socket, &view, setup->endpoint);
	if (err == ERR_OK)
		return ERR_OK;
	if (err == ERR_UNAVAILABLE &&
	    snprintf(better, sizeof better, "unix:%s/resetguard/milter.sock", queue) <
		    (int)sizeof better) {
		remedy_set_key(remedy, conf, conf_path, "socket", better);
		return err_why(err, why,
			       "socket = %s is not below %s, and Postfix, which is chrooted there, "
			       "sees nothing else",
			       conf->socket, queue);
	}
	return err_why(err, why, "socket = %s is too long", conf->socket);
}

enum err setup_plan(const struct postfix *postfix, const struct conf *conf, const char *conf_path,
		    struct setup *setup, struct remedy *remedy, struct why *why)
{
	struct planning planning = {.postfix = postfix, .setup = setup};
	enum err err;

	setup->count = 0;
	err = find_name(postfix, conf, conf_path, setup, remedy, why);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		plan_list(&planning, &ways[i]);
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct postfix_service service;
		size_t index = 0;

		while (postfix_next_service(postfix, &index, ways[i].program, &service))
			plan_override(&planning, &ways[i], &service);
	}
	plan_no_milters(&planning);
	plan_macros(&planning);
	plan_version(&planning);
	if (!planning.no_memory)
		return ERR_OK;
	setup_clear(setup);
	return err_why(ERR_NO_MEMORY, why, "too much is to be changed, or memory ran out");
}

void setup_clear(struct setup *setup)
{
	for (size_t i = 0; i < setup->count; i++) {
		free(setup->steps[i].old);
		free(setup->steps[i].new);
		free(setup->steps[i].problem);
	}
	setup->count = 0;
}
