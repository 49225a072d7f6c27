/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milterload - speaks the MTA's side of the milter protocol to one milter as fast as the
 * milter answers, and says how fast that was.
 *
 *	milterload [-kr] [-n MESSAGES] [-s SESSIONS] [-c MESSAGES] [-d DOMAINS] [-f FILE]
 *	           [-w MICROSECONDS] [-p PID] SOCKET
 *	milterload [-r] -t
 *	milterload [-r] [-f FILE] -e SOCKET
 *
 *	-n MESSAGES  in all (20000); with 0 it connects, negotiates and leaves
 *	-s SESSIONS  at the same time, a thread each (1)
 *	-c MESSAGES  over one connection, before the next is opened (10)
 *	-r           password resets, not ordinary mail
 *	-d DOMAINS   recipients are at d0000000.example and so on, drawn from that many (1)
 *	-f FILE      that message instead
 *	-w MICROSECONDS  each session pauses so long before a message, so that none waits
 *	             for another
 *	-p PID       the milter's, to say how much processor time it took
 *	-k           the result as one line of KEY=VALUE
 *	-t           prints the message instead
 *	-e           sends one message, and prints it with the header fields that the
 *	             milter wants at its top
 *
 * A message's latency is that of its whole dialogue, from MAIL to the verdict. Two runs with
 * the same options draw the same recipients. Exit status 1: some dialogue broke.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "../lib/mtaclient.h"
#include "../lib/mtamessage.h"

#define SESSIONS_MAX 1000
#define MESSAGES_MAX 100000000
#define DOMAINS_MAX 10000000
#define TEXT_MAX 65536
#define PAUSE_MAX 1000000
#define DOMAIN "d0000000.example" /* the digits are overwritten: seven, for DOMAINS_MAX */
#define VERDICTS (MTACLIENT_FAILED + 1)

static const char ordinary_text[] =
	"Received: from web3.shop.example (web3.shop.example [192.0.2.17])\n"
	"\tby app1.shop.example (Postfix) with ESMTPS id 4XyZ1k2v3Wz9s7\n"
	"\tfor <customer@" DOMAIN ">; Sun, 22 Nov 2026 07:30:43 +0000 (UTC)\n"
	"Date: Sun, 22 Nov 2026 07:30:43 +0000\n"
	"From: Example Shop <orders@shop.example>\n"
	"Reply-To: Example Shop <help@shop.example>\n"
	"To: customer@" DOMAIN "\n"
	"Message-ID: <5f3a1c0e-9d7b-4c1e-8a55-0b6d2f9e7a11@shop.example>\n"
	"In-Reply-To: <5f3a1c0e-9d7b-4c1e-8a55-0b6d2f9e7a10@shop.example>\n"
	"Subject: Your order 2026-11-4711 has left our warehouse and is on its way\n"
	"MIME-Version: 1.0\n"
	"Content-Type: multipart/alternative;\n"
	" boundary=\"--==_mimepart_6559c1d2b0f3a_1a2b3c4d5e6f\";\n"
	" charset=UTF-8\n"
	"Content-Transfer-Encoding: 7bit\n"
	"Auto-Submitted: auto-generated\n"
	"List-Unsubscribe: <https://shop.example/unsubscribe/8c1f0d2e>,\n"
	" <mailto:unsubscribe@shop.example>\n"
	"X-Mailer: ShopMailer 7.2\n"
	"X-Order-Id: 2026-11-4711\n"
	"\n"
	"Your order is on its way.\n";

static const char reset_text[] =
	"Received: from web3.svc.example (web3.svc.example [192.0.2.17])\n"
	"\tby app1.svc.example (Postfix) with ESMTPS id 4XyZ1k2v3Wz9s7\n"
	"\tfor <customer@" DOMAIN ">; Sun, 22 Nov 2026 07:30:43 +0000 (UTC)\n"
	"Date: Sun, 22 Nov 2026 07:30:43 +0000\n"
	"From: Example Service <accounts@svc.example>\n"
	"Reply-To: Example Service <help@svc.example>\n"
	"To: customer@" DOMAIN "\n"
	"Message-ID: <5f3a1c0e-9d7b-4c1e-8a55-0b6d2f9e7a11@svc.example>\n"
	"Subject: Reset your password\n"
	"MIME-Version: 1.0\n"
	"Content-Type: multipart/alternative;\n"
	" boundary=\"--==_mimepart_6559c1d2b0f3a_1a2b3c4d5e6f\";\n"
	" charset=UTF-8\n"
	"Content-Transfer-Encoding: 7bit\n"
	"Auto-Submitted: auto-generated\n"
	"X-Auto-Response-Suppress: All\n"
	"X-Entity-Ref-ID: 8c1f0d2e\n"
	"X-Mailer: ServiceMailer 7.2\n"
	"X-Request-Id: 0b6d2f9e-7a11\n"
	"\n"
	"Somebody, hopefully you, asked to reset your password.\n";

static const char *const verdict_names[VERDICTS] = {
	[MTACLIENT_CONTINUE] = "continue", [MTACLIENT_ACCEPT] = "accept",
	[MTACLIENT_DISCARD] = "discard",   [MTACLIENT_REJECT] = "reject",
	[MTACLIENT_TEMPFAIL] = "tempfail", [MTACLIENT_SHUTDOWN] = "shutdown",
	[MTACLIENT_FAILED] = "failed",
};

struct load {
	struct mtaclient_settings settings;
	unsigned long messages;
	unsigned long sessions;
	unsigned long per_connection;
	unsigned long domains;
	unsigned long pause_us;
	const char *text;
	size_t text_length;
	const char *sender;
	bool key_value;
	long milter_pid;
	uint64_t *latency_ns; /* one a message, each written by one session only */
	atomic_ulong taken;   /* messages that some session has begun or done */
	pthread_barrier_t start;
};

struct session {
	pthread_t thread;
	struct load *load;
	char *text; /* a copy of its own, with the recipient written in */
	char recipient[sizeof "<customer@" DOMAIN ">"];
	unsigned long verdicts[VERDICTS];
	char problem[MILTERWIRE_PROBLEM_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The same number for the same message in every run (the finalizer of splitmix64). */
static unsigned long draw(unsigned long message, unsigned long bound)
{
	uint64_t x = (uint64_t)message + 0x9e3779b97f4a7c15;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return (unsigned long)((x ^ (x >> 31)) % bound);
}

/* Writes the seven digits of the domain wherever the text names one. */
static void address_to(char *text, unsigned long domain)
{
	char digits[8];
	char *at = text;

	snprintf(digits, sizeof digits, "%07lu", domain % DOMAINS_MAX);
	for (at = strstr(at, "@d"); at != NULL; at = strstr(at + 1, "@d"))
		memcpy(at + 2, digits, 7);
}

static void send_one(struct session *s, struct mtaclient *client, unsigned long number)
{
	const struct load *load = s->load;
	const char *recipients[] = {s->recipient, NULL};
	const struct mtamessage message = {
		.sender = load->sender,
		.recipients = recipients,
		.text = s->text,
		.text_length = load->text_length,
	};
	const struct timespec pause = {.tv_sec = (time_t)(load->pause_us / 1000000),
				       .tv_nsec = (long)(load->pause_us % 1000000) * 1000};
	enum mtaclient_verdict verdict;
	uint64_t start;

	if (load->pause_us > 0)
		(void)nanosleep(&pause, NULL);
	address_to(s->text, draw(number, load->domains));
	address_to(s->recipient, draw(number, load->domains));
	start = now_ns();
	verdict = mtamessage_send(client, &message, NULL);
	load->latency_ns[number] = now_ns() - start;
	s->verdicts[verdict]++;
	if (verdict == MTACLIENT_FAILED)
		snprintf(s->problem, sizeof s->problem, "%s", mtaclient_problem(client));
}

/* One connection's messages. */
static void send_batch(struct session *s, unsigned long first, unsigned long end)
{
	struct mtaclient *client = mtaclient_open(&s->load->settings, s->problem);

	if (client == NULL) {
		s->verdicts[MTACLIENT_FAILED] += end - first;
		return;
	}
	mtaclient_connect(client, "localhost", "127.0.0.1", 40000);
	mtaclient_helo(client, "app1.svc.example");
	for (unsigned long number = first; number < end; number++)
		send_one(s, client, number);
	mtaclient_quit(client, false);
	mtaclient_close(client);
}

static void *run_session(void *argument)
{
	struct session *s = argument;
	struct load *load = s->load;
	unsigned long first;
	unsigned long end;

	pthread_barrier_wait(&load->start);
	first = atomic_fetch_add(&load->taken, load->per_connection);
	while (first < load->messages && s->verdicts[MTACLIENT_FAILED] == 0) {
		end = first + load->per_connection;
		send_batch(s, first, end < load->messages ? end : load->messages);
		first = atomic_fetch_add(&load->taken, load->per_connection);
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a;
	uint64_t y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Microseconds of the latency that the given share of the messages, in thousandths, did
 * not exceed. */
static double percentile(const struct load *load, unsigned thousandths)
{
	unsigned long rank = load->messages * thousandths / 1000;

	return (double)load->latency_ns[rank] / 1e3;
}

/* Processor time so far, in seconds: ours, or that of the milter, 0 where there is none. */
static double own_seconds(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static double process_seconds(long pid)
{
	char path[64];
	char line[1024];
	unsigned long long user = 0;
	unsigned long long system = 0;
	const char *after_name;
	FILE *file;

	if (pid <= 0)
		return 0;
	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	after_name = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
	if (after_name == NULL ||
	    sscanf(after_name, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
		   &system) != 2)
		user = system = 0;
	fclose(file);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

struct result {
	double seconds;
	double own_us;	  /* processor time a message */
	double milter_us; /* the same, of the milter */
	unsigned long verdicts[VERDICTS];
};

static void print_result(struct load *load, const struct result *r)
{
	double rate = (double)load->messages / r->seconds;

	qsort(load->latency_ns, load->messages, sizeof load->latency_ns[0], compare);
	if (load->key_value) {
		printf("messages=%lu sessions=%lu seconds=%.3f rate=%.1f median_us=%.1f "
		       "p99_us=%.1f p999_us=%.1f own_us=%.1f milter_us=%.1f",
		       load->messages, load->sessions, r->seconds, rate, percentile(load, 500),
		       percentile(load, 990), percentile(load, 999), r->own_us, r->milter_us);
		for (size_t i = 0; i < VERDICTS; i++)
			printf(" %s=%lu", verdict_names[i], r->verdicts[i]);
		putchar('\n');
		return;
	}
	printf("%.0f messages/s, median %.3f ms, 99th percentile %.3f ms "
	       "(%lu messages, %lu sessions, %.2f s)\n",
	       rate, percentile(load, 500) / 1e3, percentile(load, 990) / 1e3, load->messages,
	       load->sessions, r->seconds);
	printf("processor time a message: %.1f us here", r->own_us);
	if (load->milter_pid > 0)
		printf(", %.1f us in the milter", r->milter_us);
	printf("\nverdicts:");
	for (size_t i = 0; i < VERDICTS; i++) {
		if (r->verdicts[i] > 0)
			printf(" %s %lu", verdict_names[i], r->verdicts[i]);
	}
	putchar('\n');
}

static int probe(const struct load *load)
{
	char problem[MILTERWIRE_PROBLEM_MAX];
	struct mtaclient *client = mtaclient_open(&load->settings, problem);

	if (client == NULL) {
		fprintf(stderr, "milterload: %s\n", problem);
		return EXIT_FAILURE;
	}
	printf("actions=%#lx steps=%#lx\n", (unsigned long)mtaclient_actions(client),
	       (unsigned long)mtaclient_steps(client));
	mtaclient_quit(client, false);
	mtaclient_close(client);
	return EXIT_SUCCESS;
}

/* One message, printed as the milter wants its header to be. */
static int edit(const struct load *load)
{
	char problem[MILTERWIRE_PROBLEM_MAX];
	const char *const recipients[] = {"<customer@" DOMAIN ">", NULL};
	const struct mtaedit *edits;
	struct mtaclient *client = mtaclient_open(&load->settings, problem);
	enum mtaclient_verdict verdict;
	size_t count;

	if (client == NULL) {
		fprintf(stderr, "milterload: %s\n", problem);
		return EXIT_FAILURE;
	}
	mtaclient_connect(client, "localhost", "127.0.0.1", 40000);
	mtaclient_helo(client, "app1.svc.example");
	verdict = mtamessage_send(client,
				  &(struct mtamessage){.sender = load->sender,
						       .recipients = recipients,
						       .text = load->text,
						       .text_length = load->text_length},
				  NULL);
	count = mtaclient_edits(client, &edits);
	for (size_t i = 0; i < count; i++) {
		if (edits[i].reply == SMFIR_INSHEADER || edits[i].reply == SMFIR_ADDHEADER)
			printf("%s:%s%.*s\n", edits[i].name, edits[i].value[0] == ' ' ? "" : " ",
			       (int)edits[i].value_length, edits[i].value);
	}
	fputs(load->text, stdout);
	if (verdict == MTACLIENT_FAILED)
		fprintf(stderr, "milterload: %s\n", mtaclient_problem(client));
	mtaclient_quit(client, false);
	mtaclient_close(client);
	return verdict == MTACLIENT_FAILED ? EXIT_FAILURE : EXIT_SUCCESS;
}

static struct session *sessions_start(struct load *load)
{
	struct session *sessions = calloc(load->sessions, sizeof *sessions);

	load->latency_ns = calloc(load->messages, sizeof load->latency_ns[0]);
	if (sessions == NULL || load->latency_ns == NULL)
		return NULL;
	pthread_barrier_init(&load->start, NULL, (unsigned)load->sessions + 1);
	for (size_t i = 0; i < load->sessions; i++) {
		sessions[i].load = load;
		sessions[i].text = strdup(load->text);
		strcpy(sessions[i].recipient, "<customer@" DOMAIN ">");
		if (sessions[i].text == NULL ||
		    pthread_create(&sessions[i].thread, NULL, run_session, &sessions[i]) != 0)
			return NULL;
	}
	return sessions;
}

static int run(struct load *load)
{
	struct session *sessions = sessions_start(load);
	struct result result = {0};
	double own;
	double milter;
	uint64_t start;

	if (sessions == NULL) {
		fprintf(stderr, "milterload: cannot start %lu sessions\n", load->sessions);
		return EX_OSERR;
	}
	own = own_seconds();
	milter = process_seconds(load->milter_pid);
	start = now_ns();
	pthread_barrier_wait(&load->start);
	for (size_t i = 0; i < load->sessions; i++) {
		pthread_join(sessions[i].thread, NULL);
		for (size_t v = 0; v < VERDICTS; v++)
			result.verdicts[v] += sessions[i].verdicts[v];
		if (sessions[i].problem[0] != '\0')
			fprintf(stderr, "milterload: %s\n", sessions[i].problem);
		free(sessions[i].text);
	}
	result.seconds = (double)(now_ns() - start) / 1e9;
	result.own_us = (own_seconds() - own) * 1e6 / (double)load->messages;
	result.milter_us =
		(process_seconds(load->milter_pid) - milter) * 1e6 / (double)load->messages;
	free(sessions);
	pthread_barrier_destroy(&load->start);
	if (result.verdicts[MTACLIENT_FAILED] == 0)
		print_result(load, &result);
	free(load->latency_ns);
	return result.verdicts[MTACLIENT_FAILED] == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void usage(void)
{
	fprintf(stderr, "usage: milterload [-kr] [-n MESSAGES] [-s SESSIONS] [-c MESSAGES] "
			"[-d DOMAINS] [-f FILE] [-w MICROSECONDS] [-p PID] SOCKET\n"
			"       milterload [-r] -t\n"
			"       milterload [-r] [-f FILE] -e SOCKET\n");
	exit(EX_USAGE);
}

static unsigned long number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < least ||
	    value > most) {
		fprintf(stderr, "milterload: %s is not a number from %lu to %lu\n", text, least,
			most);
		exit(EX_USAGE);
	}
	return value;
}

static const char *read_text(const char *path)
{
	static char text[TEXT_MAX + 1];
	FILE *file = fopen(path, "re");
	size_t length = file != NULL ? fread(text, 1, TEXT_MAX, file) : 0;

	if (length == 0 || !feof(file)) {
		fprintf(stderr, "milterload: %s cannot be read, or is longer than %d bytes\n", path,
			TEXT_MAX);
		exit(EX_NOINPUT);
	}
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	static struct load load = {
		.messages = 20000,
		.sessions = 1,
		.per_connection = 10,
		.domains = 1,
		.text = ordinary_text,
		.sender = "<orders@shop.example>",
	};
	const struct mtaclient_settings postfix = MTACLIENT_POSTFIX(NULL);
	bool print_text = false;
	bool print_edited = false;
	int option;

	while ((option = getopt(argc, argv, "c:d:ef:kn:p:rs:tw:")) != -1) {
		switch (option) {
		case 'c':
			load.per_connection = number(optarg, 1, MESSAGES_MAX);
			break;
		case 'd':
			load.domains = number(optarg, 1, DOMAINS_MAX);
			break;
		case 'e':
			print_edited = true;
			break;
		case 'f':
			load.text = read_text(optarg);
			break;
		case 'k':
			load.key_value = true;
			break;
		case 'n':
			load.messages = number(optarg, 0, MESSAGES_MAX);
			break;
		case 'p':
			load.milter_pid = (long)number(optarg, 1, INT32_MAX);
			break;
		case 'r':
			load.text = reset_text;
			load.sender = "<accounts@svc.example>";
			break;
		case 's':
			load.sessions = number(optarg, 1, SESSIONS_MAX);
			break;
		case 't':
			print_text = true;
			break;
		case 'w':
			load.pause_us = number(optarg, 1, PAUSE_MAX);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != (print_text ? 0 : 1))
		usage();
	if (print_text)
		return fputs(load.text, stdout) < 0 ? EX_IOERR : EXIT_SUCCESS;
	load.settings = postfix;
	load.settings.socket = argv[optind];
	load.text_length = strlen(load.text);
	if (print_edited)
		return edit(&load);
	return load.messages == 0 ? probe(&load) : run(&load);
}
