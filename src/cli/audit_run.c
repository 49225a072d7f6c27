/* SPDX-License-Identifier: BSD-2-Clause */
/* audit_run: one run of the audit. */
#include "audit_run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "resetguard/json.h"
#include "resetguard/redact.h"
#include "resetguard/time.h"
#include "resetguard/utf8.h"

enum { QUIET_MS = 5000 }; /* after that long without a line, what is over is reported */

/* ---- what the audit gives ---- */

/* Its own snapshot each time: following a log may take weeks. */
static void look_up(const struct audit_run *run, const char *name, struct report_domain *found)
{
	struct domain domain;
	struct facts facts;
	struct cache_txn *txn;

	*found = (struct report_domain){.known = false};
	if (!run->cache_known || domain_from_text(name, strlen(name), &domain) != ERR_OK ||
	    cache_read_begin(run->cli->cache, time_monotonic_ms(), &txn) != ERR_OK)
		return;
	if (cache_get_facts(txn, &domain, &facts) == ERR_OK) {
		found->known = true;
		found->owner_since = facts_owner_since(&facts);
		found->state = facts.state;
	}
	cache_read_end(txn);
}

void audit_run_reset(void *context, const struct audit_reset *reset)
{
	struct audit_run *run = context;
	struct audit_reset shown = *reset;
	struct report_domain domain;

	if (run->learning || reset->at < run->since || reset->at > run->until)
		return;
	if (run->trace != NULL && !audit_trace_has_reset(run->trace, reset))
		return;
	look_up(run, reset->domain, &domain);
	if (run->redact)
		redact_reset(&run->key, &shown);
	report_add(run->report, &shown, &domain);
	if (run->by_kind && !report_is(run->kind, reset, &domain))
		return;
	if (run->json)
		report_json_reset(stdout, &shown, &domain);
	else if (run->by_kind || run->follow || run->trace != NULL)
		report_text_reset(stdout, &shown, &domain);
}

static void put_line(const struct audit_run *run, const char *text, size_t length)
{
	char copy[MAILLOG_LINE_MAX + 1];

	if (!run->json) {
		/* As the log has it, but for what a terminal would obey or not understand. */
		utf8_print(stdout, text, length);
		putchar('\n');
		return;
	}
	memcpy(copy, text, length);
	copy[length] = '\0';
	struct json_line line = json_line_begin(stdout);
	json_line_string(&line, "kind", "line");
	json_line_string(&line, "line", copy);
	json_line_end(&line);
}

void audit_run_line(void *context, const char *text, size_t length,
		    const struct maillog_event *event)
{
	struct audit_run *run = context;

	if (run->learning)
		audit_trace_learn(run->trace, event);
	else if (audit_trace_has(run->trace, event))
		put_line(run, text, length);
}

static void take_line(void *context, const char *text, size_t length)
{
	struct audit_run *run = context;

	audit_line(run->audit, text, length);
}

/* ---- reading ---- */

static void complain(const struct audit_run *run, enum err err, const struct why *why)
{
	if (err != ERR_OK)
		cli_error(run->cli, err, "%s", why->text[0] != '\0' ? why->text : err_text(err));
}

/* A file that is damaged in the middle does not hide what the others say. */
static void read_files(struct audit_run *run)
{
	size_t count = maillog_files_count(run->files);

	for (size_t i = 0; i < count; i++) {
		struct maillog_clock clock = maillog_files_clock(run->files, i);
		bool last = !run->follow || run->learning || i + 1 < count;
		struct why why = {""};

		audit_begin_file(run->audit, &clock);
		complain(run, maillog_files_read(run->files, i, last, take_line, run, &why), &why);
	}
}

static void read_journal(struct audit_run *run)
{
	struct maillog_clock clock = maillog_clock_begin(run->cli->now);
	struct why why = {""};

	audit_begin_file(run->audit, &clock);
	complain(run, journal_read(run->journal, take_line, run, &why), &why);
}

/* An address: which messages it is about. */
static bool learn(struct audit_run *run)
{
	struct why why = {""};
	enum err err;

	if (run->trace == NULL || !audit_trace_is_address(run->trace))
		return true;
	run->learning = true;
	if (run->journal != NULL)
		read_journal(run);
	else
		read_files(run);
	audit_end(run->audit);
	run->learning = false;
	err = run->journal != NULL ? journal_seek(run->journal, "", run->since, &why)
				   : maillog_files_rewind(run->files, run->cli->now, &why);
	complain(run, err, &why);
	return err == ERR_OK;
}

/* ---- following ---- */

static void go_on(struct audit_run *run)
{
	size_t index = run->files == NULL ? 0 : maillog_files_count(run->files) - 1;
	struct maillog_clock clock;
	struct why why = {""};
	enum err err;

	if (run->journal != NULL) {
		journal_woken(run->journal);
		complain(run, journal_read(run->journal, take_line, run, &why), &why);
		return;
	}
	complain(run, maillog_files_read(run->files, index, false, take_line, run, &why), &why);
	if (!maillog_files_is_rotated(run->files, index))
		return;
	err = maillog_files_renew(run->files, index, time_now(), &why);
	if (err == ERR_PERMISSION)
		err_why(err, &why,
			"%s was rotated, and the new one cannot be read by %s: make it a member of "
			"the log's group (Debian: adm)",
			maillog_files_path(run->files, index), run->cli->conf->updater_user);
	complain(run, err, &why);
	if (err != ERR_OK)
		return;
	clock = maillog_files_clock(run->files, index);
	audit_begin_file(run->audit, &clock);
	complain(run, maillog_files_read(run->files, index, false, take_line, run, &why), &why);
}

static int open_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &ends, NULL) != 0)
		return -1;
	return signalfd(-1, &ends, SFD_CLOEXEC);
}

/* Whatever was told is told: it is the file that counts. */
static void drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof events) > 0)
		;
}

static void follow(struct audit_run *run)
{
	struct pollfd ready[2] = {{.fd = -1, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	size_t index = run->files == NULL ? 0 : maillog_files_count(run->files) - 1;
	struct why why = {""};
	enum err err = run->journal != NULL
			       ? journal_watch(run->journal, &ready[1].fd, &why)
			       : maillog_files_watch(run->files, index, &ready[1].fd, &why);

	ready[0].fd = open_signals();
	if (err == ERR_OK && ready[0].fd < 0)
		err = err_why_errno(errno, &why, "signals cannot be waited for");
	complain(run, err, &why);
	/* What was written between the last reading and the watch is read first. */
	for (bool ended = err != ERR_OK; !ended && !run->cli->failed;) {
		go_on(run);
		if (fflush(stdout) != 0)
			break; /* nobody reads it any more */
		if (poll(ready, 2, QUIET_MS) == 0)
			audit_idle(run->audit, time_now());
		ended = ready[0].revents != 0;
		if (ready[1].revents != 0 && run->files != NULL)
			drain(ready[1].fd);
	}
	if (run->files != NULL && ready[1].fd >= 0)
		close(ready[1].fd);
	if (ready[0].fd >= 0)
		close(ready[0].fd);
}

void audit_run_read(struct audit_run *run)
{
	if (!learn(run))
		return;
	if (run->journal != NULL)
		read_journal(run);
	else
		read_files(run);
	if (run->follow)
		follow(run);
	audit_end(run->audit);
}
