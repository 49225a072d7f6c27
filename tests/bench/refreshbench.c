/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refreshbench - the work that tests/bench/refresh measures.
 *
 *	refreshbench bodies TEMPLATE DIRECTORY DOMAINS
 *	refreshbench urls   BASE DOMAINS
 *	refreshbench cache  CACHE_DIR DOMAINS DUE
 *	refreshbench bare   BASE CA_FILE DOMAINS JOBS
 *	refreshbench start  LOG COMMAND...
 *	refreshbench run    COMMAND...
 *
 * bodies writes an RDAP object of each domain, made from that of bought.example;
 * urls prints where they are served, as curl's --config takes it; cache fills a cache
 * with domains of which so many are due.
 *
 * bare asks for them with libcurl alone, JOBS at the same time, parses each with
 * jansson, and stores nothing. start does COMMAND until LOG, a server's, grows, kills it,
 * and prints how many milliseconds that took, and how many of them the processor worked
 * for it. run does all of COMMAND and prints milliseconds, milliseconds of processor time,
 * and the most that RssAnon was, in KiB.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "resetguard/cache.h"

#include "../../src/core/cache_txn.h"

#define MAP_SIZE (UINT64_C(16) << 30)

enum {
	BATCH = 100000,
	BODY_MAX = 64 * 1024,
	URL_MAX = 512,
	JOBS_MAX = 1024,
	POLL_US = 500, /* how exactly a start is timed */
	RSS_US = 5000,
};

static const char template_name[] = "bought.example";

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "refreshbench: %s\n", what);
	exit(EX_SOFTWARE);
}

static uint64_t number_of(const char *text)
{
	char *end;
	unsigned long long number = strtoull(text, &end, 10);

	if (number == 0 || *end != '\0')
		fail("a number is wrong");
	return number;
}

static struct domain name_of(uint64_t number)
{
	struct domain domain;

	domain.length = (unsigned char)snprintf(domain.name, sizeof domain.name,
						"d%07" PRIu64 ".example", number);
	return domain;
}

static void url_of(const char *base, uint64_t number, char url[URL_MAX])
{
	struct domain domain = name_of(number);

	if (snprintf(url, URL_MAX, "%sdomain/%s", base, domain.name) >= URL_MAX)
		fail("the URL is too long");
}

/* ---- bodies and urls ---- */

static void write_body(const char *template, const char *path, const char *name)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		fail(path);
	for (;;) {
		const char *found = strstr(template, template_name);

		if (found == NULL)
			break;
		fprintf(file, "%.*s%s", (int)(found - template), template, name);
		template = found + sizeof template_name - 1;
	}
	fputs(template, file);
	if (fclose(file) != 0)
		fail(path);
}

static void bodies(const char *template_path, const char *directory, uint64_t domains)
{
	static char template[BODY_MAX];
	FILE *file = fopen(template_path, "r");
	char path[4096];

	if (file == NULL || fread(template, 1, sizeof template - 1, file) == 0)
		fail(template_path);
	fclose(file);
	for (uint64_t i = 0; i < domains; i++) {
		struct domain domain = name_of(i);

		snprintf(path, sizeof path, "%s/%s.json", directory, domain.name);
		write_body(template, path, domain.name);
	}
}

static void urls(const char *base, uint64_t domains)
{
	char url[URL_MAX];

	for (uint64_t i = 0; i < domains; i++) {
		url_of(base, i, url);
		printf("url = \"%s\"\noutput = \"/dev/null\"\n", url);
	}
}

/* ---- cache ---- */

/* The first `due` domains have never been asked about, the others a while ago. */
static struct facts some_facts(int64_t now, bool is_due)
{
	struct facts facts = facts_new(now, FACTS_IMPORTED);

	if (is_due)
		return facts;
	facts.state = facts.registry_state = STATE_REGISTERED;
	facts.source = SOURCE_RDAP;
	facts.registered_at = now - 100000000;
	facts.registry.checked_at = facts.registry.tried_at = now - 1000;
	facts.registry.next_check_at = now + 1000000;
	return facts;
}

static void put_batch(struct cache *cache, uint64_t from, uint64_t end, uint64_t due)
{
	int64_t now = (int64_t)time(NULL);
	struct cache_txn *txn;
	struct why why;

	if (cache_write_begin_at(cache, now, false, &txn, &why) != ERR_OK)
		fail(why.text);
	for (uint64_t i = from; i < end; i++) {
		struct domain domain = name_of(i);
		struct facts facts = some_facts(now, i < due);

		if (cache_put_facts(txn, &domain, NULL, &facts) != ERR_OK)
			fail("cannot store");
	}
	if (cache_write_commit(txn, &why) != ERR_OK)
		fail(why.text);
}

static void fill_cache(const char *cache_dir, uint64_t domains, uint64_t due)
{
	struct cache_options options = {
		.cache_dir = cache_dir, .map_size = MAP_SIZE, .readers = 8};
	struct cache *cache;
	struct why why;

	if (cache_prepare(cache_dir, (uid_t)-1, (gid_t)-1, &why) != ERR_OK ||
	    cache_open_writer(&options, &cache, &why) != ERR_OK)
		fail(why.text);
	for (uint64_t from = 0; from < domains; from += BATCH)
		put_batch(cache, from, from + BATCH < domains ? from + BATCH : domains, due);
	cache_close(cache);
}

/* ---- bare ---- */

struct transfer {
	CURL *easy;
	size_t length;
	char body[BODY_MAX];
};

static size_t on_body(char *data, size_t one, size_t length, void *context)
{
	struct transfer *transfer = context;

	(void)one;
	if (length > sizeof transfer->body - transfer->length)
		return 0;
	memcpy(transfer->body + transfer->length, data, length);
	transfer->length += length;
	return length;
}

static struct transfer *transfer_new(const char *ca_file)
{
	struct transfer *transfer = malloc(sizeof *transfer);

	if (transfer == NULL)
		fail("out of memory");
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL ||
	    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer) != CURLE_OK ||
	    curl_easy_setopt(transfer->easy, CURLOPT_CAINFO, ca_file) != CURLE_OK ||
	    curl_easy_setopt(transfer->easy, CURLOPT_PIPEWAIT, 1L) != CURLE_OK ||
	    curl_easy_setopt(transfer->easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    curl_easy_setopt(transfer->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS) !=
		    CURLE_OK ||
	    curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_body) != CURLE_OK ||
	    curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer) != CURLE_OK)
		fail("libcurl cannot be set up");
	return transfer;
}

static void transfer_start(CURLM *multi, struct transfer *transfer, const char *base,
			   uint64_t number)
{
	char url[URL_MAX];

	url_of(base, number, url);
	transfer->length = 0;
	if (curl_easy_setopt(transfer->easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_multi_add_handle(multi, transfer->easy) != CURLM_OK)
		fail("a transfer cannot be started");
}

static void transfer_take(CURLM *multi, const CURLMsg *message, struct transfer **transfer)
{
	json_error_t error;
	json_t *document;
	char *private;

	if (message->data.result != CURLE_OK)
		fail(curl_easy_strerror(message->data.result));
	(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
	*transfer = (void *)private;
	(void)curl_multi_remove_handle(multi, (*transfer)->easy);
	document = json_loadb((*transfer)->body, (*transfer)->length, 0, &error);
	if (document == NULL || json_object_get(document, "objectClassName") == NULL)
		fail("an answer is no object");
	json_decref(document);
}

static void bare(const char *base, const char *ca_file, uint64_t domains, unsigned jobs)
{
	CURLM *multi;
	uint64_t started = 0;
	uint64_t ended = 0;
	int count;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || jobs > JOBS_MAX)
		fail("libcurl cannot be set up");
	multi = curl_multi_init();
	if (multi == NULL)
		fail("libcurl cannot be set up");
	(void)curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	while (started < domains && started < jobs)
		transfer_start(multi, transfer_new(ca_file), base, started++);
	while (ended < domains) {
		const CURLMsg *message;

		if (curl_multi_perform(multi, &count) != CURLM_OK)
			fail("libcurl stopped");
		for (message = curl_multi_info_read(multi, &count); message != NULL;
		     message = curl_multi_info_read(multi, &count)) {
			struct transfer *transfer;

			transfer_take(multi, message, &transfer);
			ended++;
			if (started < domains) {
				transfer_start(multi, transfer, base, started++);
			} else {
				curl_easy_cleanup(transfer->easy);
				free(transfer);
			}
		}
		if (ended < domains && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)
			fail("libcurl stopped");
	}
	curl_multi_cleanup(multi);
	curl_global_cleanup();
}

/* ---- run ---- */

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static off_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_size : 0;
}

static long rss_anon(pid_t pid)
{
	char path[64];
	char line[256];
	long kib = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	}
	if (file != NULL)
		fclose(file);
	return kib;
}

static int64_t milliseconds(struct timeval time)
{
	return (int64_t)time.tv_sec * 1000 + time.tv_usec / 1000;
}

static pid_t begin(char **command)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		execv(command[0], command);
		_exit(127);
	}
	return pid;
}

static int start(const char *log, char **command)
{
	off_t log_size = size_of(log);
	int64_t begun = now_us();
	pid_t pid = begin(command);
	struct rusage usage;
	int64_t first;
	int status;

	while (size_of(log) == log_size) {
		if (wait4(pid, &status, WNOHANG, &usage) != 0)
			fail("it ended without asking anybody");
		usleep(POLL_US);
	}
	first = now_us();
	(void)kill(pid, SIGKILL);
	(void)wait4(pid, &status, 0, &usage);
	printf("%" PRId64 " %" PRId64 "\n", (first - begun) / 1000,
	       milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime));
	return EX_OK;
}

static int run(char **command)
{
	int64_t begun = now_us();
	pid_t pid = begin(command);
	struct rusage usage;
	long most = 0;
	int status;

	while (wait4(pid, &status, WNOHANG, &usage) == 0) {
		long kib = rss_anon(pid);

		most = kib > most ? kib : most;
		usleep(RSS_US);
	}
	printf("%" PRId64 " %" PRId64 " %ld\n", (now_us() - begun) / 1000,
	       milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime), most);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 5 && strcmp(what, "bodies") == 0) {
		bodies(argv[2], argv[3], number_of(argv[4]));
	} else if (argc == 4 && strcmp(what, "urls") == 0) {
		urls(argv[2], number_of(argv[3]));
	} else if (argc == 5 && strcmp(what, "cache") == 0) {
		fill_cache(argv[2], number_of(argv[3]), number_of(argv[4]));
	} else if (argc == 6 && strcmp(what, "bare") == 0) {
		bare(argv[2], argv[3], number_of(argv[4]), (unsigned)number_of(argv[5]));
	} else if (argc > 3 && strcmp(what, "start") == 0) {
		return start(argv[2], argv + 3);
	} else if (argc > 2 && strcmp(what, "run") == 0) {
		return run(argv + 2);
	} else {
		fputs("usage: refreshbench bodies TEMPLATE DIRECTORY DOMAINS\n"
		      "       refreshbench urls BASE DOMAINS\n"
		      "       refreshbench cache CACHE_DIR DOMAINS DUE\n"
		      "       refreshbench bare BASE CA_FILE DOMAINS JOBS\n"
		      "       refreshbench start LOG COMMAND...\n"
		      "       refreshbench run COMMAND...\n",
		      stderr);
		return EX_USAGE;
	}
	return EX_OK;
}
