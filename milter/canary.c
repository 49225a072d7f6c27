/* SPDX-License-Identifier: BSD-2-Clause */
/* canary: a reset refused as an attack may look, and the command that is told of it. */
#include "canary.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "resetguard/addresses.h"
#include "resetguard/command.h"
#include "resetguard/json.h"
#include "resetguard/log.h"
#include "resetguard/policy.h"

enum { ADDRESS_SHOWN = 256 }; /* bytes: RFC 5321 4.5.3.1.3 */

struct told {
	uint64_t key; /* 0: free */
	int64_t at_ms;
};

struct task {
	struct task *next;
	char *command;
	size_t length;
	char input[COMMAND_INPUT_MAX];
};

struct canary {
	int closing; /* eventfd */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool closed;
	struct task *first;
	struct task **end; /* where the next one goes */
	unsigned waiting;
	int64_t said_ms; /* that something is left out; 0: never */
	unsigned long long left_out;
	struct told told[CANARY_DOMAINS_MAX];
};

/* ---- running ---- */

static void free_task(struct task *task)
{
	free(task->command);
	free(task);
}

/* NULL: closed. */
static struct task *take_task(struct canary *canary)
{
	struct task *task = NULL;

	pthread_mutex_lock(&canary->lock);
	while (canary->first == NULL && !canary->closed)
		pthread_cond_wait(&canary->changed, &canary->lock);
	if (!canary->closed) {
		task = canary->first;
		canary->first = task->next;
		if (canary->first == NULL)
			canary->end = &canary->first;
		canary->waiting--;
	}
	pthread_mutex_unlock(&canary->lock);
	return task;
}

static void run(const struct canary *canary, const struct task *task)
{
	const struct command_options options = {
		.command = task->command,
		.input = {task->input, task->length},
		.timeout_ms = CANARY_COMMAND_MS,
		.stop = canary->closing,
	};
	char output[COMMAND_OUTPUT_MAX + 1];
	struct why why = {""};
	enum err err;

	err = command_run(&options, output, &why);
	if (err == ERR_OK || err == ERR_BUSY) /* that is ourselves who end */
		return;
	output[strcspn(output, "\r\n")] = '\0';
	log_line(LOG_LEVEL_WARNING, "on_canary_command: %s: %s%s%s", task->command, why.text,
		 output[0] != '\0' ? ": " : "", output);
}

static void *run_tasks(void *argument)
{
	struct canary *canary = argument;
	struct task *task;

	for (task = take_task(canary); task != NULL; task = take_task(canary)) {
		run(canary, task);
		free_task(task);
	}
	return NULL;
}

/* ---- its life ---- */

static void free_canary(struct canary *canary)
{
	while (canary->first != NULL) {
		struct task *next = canary->first->next;

		free_task(canary->first);
		canary->first = next;
	}
	if (canary->closing >= 0)
		close(canary->closing);
	pthread_cond_destroy(&canary->changed);
	pthread_mutex_destroy(&canary->lock);
	free(canary);
}

enum err canary_open(struct canary **canary, struct why *why)
{
	struct canary *opened = calloc(1, sizeof *opened);
	int failed;

	if (opened == NULL)
		return err_why(ERR_NO_MEMORY, why, "no memory");
	pthread_mutex_init(&opened->lock, NULL);
	pthread_cond_init(&opened->changed, NULL);
	opened->end = &opened->first;
	opened->closing = eventfd(0, EFD_CLOEXEC);
	failed = opened->closing < 0 ? errno : 0;
	if (failed == 0)
		failed = pthread_create(&opened->thread, NULL, run_tasks, opened);
	if (failed != 0) {
		free_canary(opened);
		return err_why_errno(failed, why, "cannot prepare for on_canary_command");
	}
	*canary = opened;
	return ERR_OK;
}

void canary_close(struct canary *canary)
{
	if (canary == NULL)
		return;
	pthread_mutex_lock(&canary->lock);
	canary->closed = true;
	pthread_cond_signal(&canary->changed);
	pthread_mutex_unlock(&canary->lock);
	if (eventfd_write(canary->closing, 1) == 0)
		(void)pthread_join(canary->thread, NULL);
	free_canary(canary);
}

/* ---- telling ---- */

bool canary_is_one(const struct judgement *judgement)
{
	return judgement->verdict == VERDICT_REJECT &&
	       (judgement->reason == REASON_EXPIRED || judgement->reason == REASON_OWNER_CHANGED ||
		judgement->reason == REASON_UNVERIFIED || judgement->reason == REASON_NEW_DOMAIN);
}

enum claim { CLAIM_OURS, CLAIM_TOLD, CLAIM_NO_ROOM };

/* Under the lock. Two domains of one hash are one domain here: one in 10^16 or so. */
static enum claim claim(struct canary *canary, uint64_t key, int64_t monotonic_ms)
{
	struct told *free_place = NULL;

	if (canary->waiting == CANARY_WAITING_MAX)
		return CLAIM_NO_ROOM;
	for (unsigned step = 0; step < CANARY_WINDOW; step++) {
		struct told *told = &canary->told[(key + step) % CANARY_DOMAINS_MAX];
		bool is_over = told->key == 0 || monotonic_ms - told->at_ms >= CANARY_INTERVAL_MS;

		if (told->key == key && !is_over)
			return CLAIM_TOLD;
		if (is_over && free_place == NULL)
			free_place = told;
	}
	if (free_place == NULL)
		return CLAIM_NO_ROOM;
	*free_place = (struct told){.key = key, .at_ms = monotonic_ms};
	return CLAIM_OURS;
}

static void write_address(struct json_line *line, const char *name, const char *address, bool hide)
{
	char shown[ADDRESS_SHOWN + 1];
	const char *at = strrchr(address, '@');

	if (hide)
		snprintf(shown, sizeof shown, "*%s", at != NULL ? at : "");
	else
		snprintf(shown, sizeof shown, "%s", address);
	json_line_string(line, name, shown);
}

static void write_event(FILE *stream, const struct judgement *judgement,
			const struct render_event *event, int64_t now)
{
	struct json_line line = json_line_begin(stream);

	json_line_string(&line, "kind", "canary");
	json_line_time(&line, "time", now);
	json_line_string(&line, "queue_id", event->queue_id);
	write_address(&line, "from", event->sender, false);
	write_address(&line, "rcpt", event->recipient, !event->log_localpart);
	json_line_string(&line, "domain", judgement->domain.name);
	json_line_string(&line, "class", event->class_name);
	json_line_string(&line, "rule", event->rule);
	json_line_string(&line, "mode", mode_text(event->mode));
	json_line_string(&line, "verdict", verdict_text(judgement->verdict));
	json_line_string(&line, "reason", reason_text(judgement->reason));
	json_line_string(&line, "state", state_text(judgement->facts.state));
	json_line_time(&line, "owner_since", judgement->owner_since);
	json_line_time(&line, "verified_at", judgement->verified_at);
	json_line_end(&line);
}

/* NULL: no memory. */
static struct task *make_task(const char *command, const struct judgement *judgement,
			      const struct render_event *event, int64_t now)
{
	struct task *task = calloc(1, sizeof *task);
	FILE *stream = task != NULL ? fmemopen(task->input, sizeof task->input, "w") : NULL;
	bool failed = stream == NULL;

	if (stream != NULL) {
		write_event(stream, judgement, event, now);
		failed = fflush(stream) != 0 || ferror(stream) != 0;
		task->length = (size_t)ftell(stream);
		fclose(stream);
		task->command = strdup(command);
	}
	if (failed || task->command == NULL) {
		if (task != NULL)
			free_task(task);
		return NULL;
	}
	return task;
}

static void add_task(struct canary *canary, struct task *task)
{
	pthread_mutex_lock(&canary->lock);
	*canary->end = task;
	canary->end = &task->next;
	canary->waiting++;
	pthread_cond_signal(&canary->changed);
	pthread_mutex_unlock(&canary->lock);
}

/* Says so, at most once a minute. */
static void leave_out(struct canary *canary, const struct domain *domain, const char *reason,
		      int64_t monotonic_ms)
{
	unsigned long long left_out;
	bool is_due;

	pthread_mutex_lock(&canary->lock);
	left_out = ++canary->left_out;
	is_due = canary->said_ms == 0 || monotonic_ms - canary->said_ms >= CANARY_COMPLAINT_MS;
	if (is_due)
		canary->said_ms = monotonic_ms;
	pthread_mutex_unlock(&canary->lock);
	if (is_due)
		log_line(LOG_LEVEL_WARNING, "on_canary_command is not run for %s (%llu so far): %s",
			 domain->name, left_out, reason);
}

void canary_tell(struct canary *canary, const char *command, const struct judgement *judgement,
		 const struct render_event *event, int64_t now, int64_t monotonic_ms)
{
	uint64_t key = addresses_text_hash(judgement->domain.name, judgement->domain.length);
	struct task *task = NULL;
	enum claim claimed;

	pthread_mutex_lock(&canary->lock);
	claimed = claim(canary, key, monotonic_ms);
	pthread_mutex_unlock(&canary->lock);
	if (claimed == CLAIM_TOLD)
		return;
	if (claimed == CLAIM_OURS)
		task = make_task(command, judgement, event, now);
	if (task != NULL)
		add_task(canary, task);
	else
		leave_out(canary, &judgement->domain,
			  claimed == CLAIM_OURS ? "no memory" : "too many such domains at one time",
			  monotonic_ms);
}
