/* SPDX-License-Identifier: BSD-2-Clause */
/* resetguard-milter: keeps password-reset mail away from domains that changed hands. */
#include <errno.h>
#include <getopt.h>
#include <libmilter/mfapi.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "callbacks.h"
#include "daemon.h"
#include "listen.h"
#include "metrics.h"
#include "notify.h"
#include "resetguard/conf.h"
#include "resetguard/log.h"
#include "resetguard/mime.h"
#include "resetguard/privilege.h"
#include "resetguard/time.h"
#include "signals.h"

static const char program[] = "resetguard-milter";

struct options {
	const char *conf_path; /* absolute */
	bool foreground;
	bool check_only;
};

/* The running milter. Nothing of it is ever freed: libmilter's threads may be in a
 * callback until the process ends, and nobody can wait for them. */
struct milter {
	struct session_office office;
	struct metrics *metrics;
	struct signals_duties duties;
	int64_t drain_time;
	char *socket;
};

/* A reload finds the file again from whatever directory. */
static const char *absolute_path(const char *path)
{
	static char absolute[PATH_MAX];
	char *directory;

	if (path[0] == '/')
		return path;
	directory = getcwd(NULL, 0);
	snprintf(absolute, sizeof absolute, "%s/%s", directory != NULL ? directory : ".", path);
	free(directory);
	return absolute;
}

static bool read_options(int argc, char **argv, struct options *options)
{
	int option;

	*options = (struct options){.conf_path = conf_default_path};
	for (option = getopt(argc, argv, "c:ft"); option != -1;
	     option = getopt(argc, argv, "c:ft")) {
		if (option == 'c')
			options->conf_path = absolute_path(optarg);
		else if (option == 'f')
			options->foreground = true;
		else if (option == 't')
			options->check_only = true;
		else
			return false;
	}
	return optind == argc;
}

/* ---- what the thread of signals does ---- */

/* What the newest world means for those parts that are no part of it. */
static void follow_world(struct milter *milter)
{
	const struct world *world = NULL;
	struct why why = {""};

	world_renew(milter->office.worlds, &world);
	counters_name_classes(milter->office.counters, world->conf);
	if (metrics_move(milter->metrics, world->conf, &why) != ERR_OK)
		log_line(LOG_LEVEL_ERROR, "%s; mail is not affected, metrics stay where they were",
			 why.text);
	world_release(world);
}

static void reload(void *context)
{
	struct milter *milter = context;
	struct counters_shard *shard = counters_shard(milter->office.counters);
	struct why why = {""};
	enum err err;

	notify_reloading();
	err = worlds_reload(milter->office.worlds, &why);
	if (err == ERR_OK) {
		counters_add(shard, COUNTER_RELOADS_OK);
		follow_world(milter);
		log_line(LOG_LEVEL_INFO, "reloaded");
	} else {
		counters_add(shard, COUNTER_RELOADS_FAILED);
		log_line(LOG_LEVEL_ERROR, "reload failed, what was in force stays so: %s",
			 why.text);
	}
	metrics_tell_reload(milter->metrics, err != ERR_OK, time_now());
	notify_state("READY=1");
}

static void tick(void *context)
{
	(void)context;
	notify_state("WATCHDOG=1");
}

/* Ends the process, and tears nothing down under libmilter's threads, which run on to
 * the last. smfi_stop would wait for five seconds, and lock what main destroys. */
static void stop(void *context)
{
	/* libmilter sends an answer after the callback that gave it has returned. */
	static const struct timespec last_words = {.tv_nsec = 200000000};
	struct milter *milter = context;
	unsigned left;

	notify_state("STOPPING=1");
	left = traffic_drain(milter->office.traffic, milter->drain_time);
	if (left > 0)
		log_line(LOG_LEVEL_WARNING, "stopping with %u messages half way", left);
	(void)nanosleep(&last_words, NULL);
	listen_remove(milter->socket);
	metrics_remove_socket(milter->metrics);
	log_line(LOG_LEVEL_INFO, "stopped");
	_exit(EXIT_SUCCESS);
}

/* ---- start ---- */

static enum err open_office(const char *conf_path, struct session_office *office, struct why *why)
{
	enum err err = worlds_open(conf_path, &office->worlds, why);

	if (err != ERR_OK)
		return err;
	if (deferrals_open(&office->deferrals) != ERR_OK ||
	    complaints_open(&office->complaints) != ERR_OK ||
	    traffic_open(&office->traffic) != ERR_OK || counters_open(&office->counters) != ERR_OK)
		return err_why(ERR_NO_MEMORY, why, "no memory");
	err = arrivals_open(&office->arrivals, why);
	if (err == ERR_OK)
		err = canary_open(&office->canary, why);
	if (err != ERR_OK)
		return err;
	complaints_cache(office->complaints, worlds_cache(office->worlds), true);
	return ERR_OK;
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum err bind_socket(const struct conf *conf, uid_t owner, struct why *why)
{
	struct listen_key key = {"socket", conf->socket};
	mode_t umask_before;
	bool bound;
	enum err err = listen_check(conf, &key, why);

	if (err != ERR_OK)
		return err;
	/* Nobody connects before owner and mode are right. */
	umask_before = umask(0177);
	errno = 0;
	bound = smfi_setconn(conf->socket) == MI_SUCCESS &&
		smfi_setbacklog(SOMAXCONN) == MI_SUCCESS && smfi_opensocket(true) == MI_SUCCESS;
	(void)umask(umask_before);
	if (!bound)
		return err_why(ERR_CANNOT_CREATE, why, "socket: cannot listen on %s%s%s",
			       conf->socket, errno != 0 ? ": " : "",
			       errno != 0 ? strerror(errno) : "");
	return listen_hand_over(conf, &key, owner, why);
}

/* The milter goes on without metrics: mail is what it is there for, and at a boot nobody
 * may be there to mend this. */
static void go_without_metrics(const struct why *why)
{
	log_line(LOG_LEVEL_ERROR, "%s; going on without metrics, a reload tries again", why->text);
}

/* The sockets are bound as root where that is who started us; everything else is opened
 * as the user that will have to open it again at a reload. */
static enum err bind_and_become_user(const struct conf *conf, struct metrics *metrics,
				     struct why *why)
{
	struct why without = {""};
	struct privilege_user user = {.uid = (uid_t)-1};
	bool is_root = geteuid() == 0;
	enum err err = ERR_OK;

	if (is_root)
		err = privilege_find(conf->milter_user, &user, why);
	if (err == ERR_OK)
		err = bind_socket(conf, user.uid, why);
	if (err == ERR_OK && metrics_bind(metrics, conf, user.uid, &without) != ERR_OK)
		go_without_metrics(&without);
	if (err == ERR_OK && is_root)
		err = privilege_become(&user, why);
	return err;
}

static void warn_of_other_user(const struct conf *conf)
{
	struct privilege_user user;

	if (geteuid() != 0 && privilege_find(conf->milter_user, &user, NULL) == ERR_OK &&
	    user.uid != geteuid())
		log_line(LOG_LEVEL_WARNING, "not started as root: running as user %u, not as %s",
			 (unsigned)geteuid(), conf->milter_user);
}

static enum log_target log_target(const struct options *options, const struct conf *conf)
{
	bool to_stderr = options->foreground && !notify_stderr_is_journal();

	return to_stderr || conf->log_to_stderr ? LOG_TO_STDERR : LOG_TO_SYSLOG;
}

static enum err start(const struct options *options, struct milter *milter, int parent,
		      struct why *why)
{
	int64_t watchdog_ms = notify_watchdog_ms();
	struct why without = {""};
	struct conf *conf;
	enum err err = conf_read(options->conf_path, &conf, why);

	if (err != ERR_OK)
		return err;
	log_open(log_target(options, conf), LOG_LEVEL_INFO, program);
	raise_descriptor_limit();
	mime_init();
	err = signals_block(why);
	if (err == ERR_OK && callbacks_register(&milter->office) != ERR_OK)
		err = err_why(ERR_NO_MEMORY, why, "no memory");
	if (err == ERR_OK && metrics_open(&milter->office, time_now(), &milter->metrics) != ERR_OK)
		err = err_why(ERR_NO_MEMORY, why, "no memory");
	if (err == ERR_OK)
		err = bind_and_become_user(conf, milter->metrics, why);
	if (err == ERR_OK)
		err = open_office(options->conf_path, &milter->office, why);
	if (err != ERR_OK)
		goto out;
	counters_name_classes(milter->office.counters, conf);
	if (metrics_serve(milter->metrics, &without) != ERR_OK)
		go_without_metrics(&without);
	milter->drain_time = conf->drain_time;
	milter->socket = strdup(conf->socket);
	if (milter->socket == NULL) {
		err = err_why(ERR_NO_MEMORY, why, "no memory");
		goto out;
	}
	milter->duties = (struct signals_duties){
		.context = milter,
		.reload = reload,
		.stop = stop,
		.tick = tick,
		.tick_ms = watchdog_ms / 2,
	};
	err = signals_start(&milter->duties, why);
	if (err != ERR_OK)
		goto out;
	warn_of_other_user(conf);
	log_line(LOG_LEVEL_INFO, "%s ready: socket=%s mode=%s", PACKAGE_VERSION, conf->socket,
		 mode_text(conf->mode));
	if (!options->foreground)
		daemon_release(parent, conf->log_to_stderr);
	notify_state("READY=1");
out:
	conf_free(conf);
	return err;
}

static int run(const struct options *options, int parent)
{
	static struct milter milter;
	struct why why = {""};
	enum err err = start(options, &milter, parent, &why);

	if (err != ERR_OK) {
		fprintf(stderr, "%s: %s\n", program, why.text);
		return err_exit(err);
	}
	(void)smfi_main();
	/* It ends by itself after too many failures only, or where a signal escaped us. */
	log_line(LOG_LEVEL_ERROR, "libmilter stopped by itself");
	return err_exit(ERR_BUSY);
}

static int check(const struct options *options)
{
	struct why why = {""};
	enum err err = worlds_check(options->conf_path, &why);

	if (err != ERR_OK)
		fprintf(stderr, "%s: %s\n", program, why.text);
	return err_exit(err);
}

int main(int argc, char **argv)
{
	struct options options;
	struct why why = {""};
	int parent = -1;

	/* A limit on the size of files is an error of the log's, not our death. */
	(void)signal(SIGXFSZ, SIG_IGN);
	if (!read_options(argc, argv, &options)) {
		fprintf(stderr, "usage: %s [-c FILE] [-f] [-t]\n", program);
		return err_exit(ERR_USAGE);
	}
	if (options.check_only)
		return check(&options);
	if (!options.foreground && daemon_detach(&parent, &why) != ERR_OK) {
		fprintf(stderr, "%s: %s\n", program, why.text);
		return EXIT_FAILURE;
	}
	return run(&options, parent);
}
