/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recognisebench - how long a message takes with a rule file.
 *
 *	recognisebench PACKS ROUNDS MESSAGES PACK...
 *
 * Each PACK is a rule file of its own, "pack PACK", with the packs of the directory
 * PACKS. In turns, ROUNDS times, MESSAGES messages are matched with each, by their
 * header alone and with their body, in one thread; the time is the processor's. Prints
 * a line for each: PACK, headers a second, messages with a body a second (medians).
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "resetguard/mime.h"
#include "resetguard/rules.h"

enum { ROUNDS_MAX = 99, PACKS_MAX = 8, LIMIT = 256 << 10 };

static char *guarded[] = {"password-reset", "magic-link"};
static const struct conf_list guard = {2, guarded};

static const char *const subjects[] = {
	"Your order from 2026-03-14",
	"[Example Site] New comment on: Hello world",
	"=?UTF-8?Q?R=C3=A9union_de_l=27=C3=A9quipe_lundi?=",
	"Password reset on Example Site",
	"=?UTF-8?B?44GK5pSv5omV44GE44Gu44GU5qGI5YaF?=",
	"Invoice 1042 is due",
	"Welcome to Example, alice!",
	"Re: the minutes of yesterday's meeting, with two remarks",
};

static const char body[] =
	"--b\r\nContent-Type: text/plain; charset=UTF-8\r\n"
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	"Hello alice,\r\n\r\nyour order has been sent. You can follow it here:\r\n\r\n"
	"https://shop.example/account/orders/1042?tracking=3DAB123\r\n\r\n"
	"With kind regards,\r\nthe shop\r\n--b\r\n"
	"Content-Type: text/html; charset=UTF-8\r\n"
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	"<html><body><p>Hello alice,</p><p>your order has been sent. <a href=3D\"https://shop.=\r\n"
	"example/account/orders/1042?tracking=3DAB123\">Follow it</a></p>\r\n"
	"<img src=3D\"https://shop.example/logo.png\"><p>With kind regards, the shop</p>\r\n"
	"<p><a href=3D\"https://shop.example/settings/mail\">Settings</a></p></body></html>\r\n"
	"--b--\r\n";

struct matching {
	const struct rules *rules;
	struct rules_match match;
};

static void on_link(void *context, const char *link, size_t length)
{
	struct matching *matching = context;

	rules_match_link(matching->rules, &matching->match, link, length);
}

static double seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Messages a second. */
static double measure(const struct rules *rules, struct mime_body *mime, bool with_body,
		      long messages)
{
	struct matching matching = {.rules = rules};
	const struct links_sink sink = {on_link, &matching};
	double begin = seconds();

	for (long i = 0; i < messages; i++) {
		struct mime_part part;

		mime_part_init(&part);
		rules_match_init(rules, &matching.match);
		rules_match_envelope(rules, &matching.match, "app@svc.example", NULL);
		rules_match_header(rules, &matching.match, "From", "app@svc.example");
		rules_match_header(rules, &matching.match, "To", "alice@example.com");
		rules_match_header(rules, &matching.match, "Subject",
				   subjects[(size_t)i % (sizeof(subjects) / sizeof(*subjects))]);
		mime_part_header(&part, "Content-Type", "multipart/alternative; boundary=b");
		rules_match_end_headers(rules, &matching.match);
		if (!with_body || !rules_need_body(rules, &matching.match))
			continue;
		mime_body_begin(mime, &part, LIMIT, &sink);
		mime_body_feed(mime, body, sizeof(body) - 1);
		mime_body_end(mime, true);
		rules_match_end_body(rules, &matching.match);
	}
	return (double)messages / (seconds() - begin);
}

static int compare(const void *left, const void *right)
{
	const double *a = left;
	const double *b = right;

	return (*a > *b) - (*a < *b);
}

static struct rules *read_rules(const char *directory, const char *pack)
{
	char path[PATH_MAX];
	struct rules *rules = NULL;
	struct why why;
	FILE *file;

	snprintf(path, sizeof(path), "%s/messages", directory);
	file = fopen(path, "w");
	if (file == NULL || fprintf(file, "pack %s\n", pack) < 0 || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
	if (rules_read(path, &guard, &rules, &why) != ERR_OK) {
		fprintf(stderr, "recognisebench: %s\n", why.text);
		exit(1);
	}
	return rules;
}

int main(int argc, char **argv)
{
	static double rates[PACKS_MAX][2][ROUNDS_MAX];
	struct rules *rules[PACKS_MAX];
	struct mime_body *mime = mime_body_new();
	int packs = argc - 4;
	int rounds = argc > 4 ? atoi(argv[2]) : 0;
	long messages = argc > 4 ? atol(argv[3]) : 0;

	if (packs < 1 || packs > PACKS_MAX || rounds < 1 || rounds > ROUNDS_MAX || messages < 1 ||
	    mime == NULL) {
		fputs("usage: recognisebench DIRECTORY ROUNDS MESSAGES PACK...\n", stderr);
		return 64;
	}
	mime_init();
	for (int i = 0; i < packs; i++)
		rules[i] = read_rules(argv[1], argv[4 + i]);
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < packs; i++) {
			for (int with_body = 0; with_body < 2; with_body++)
				rates[i][with_body][round] =
					measure(rules[i], mime, with_body != 0, messages);
		}
	}
	for (int i = 0; i < packs; i++) {
		for (int with_body = 0; with_body < 2; with_body++)
			qsort(rates[i][with_body], (size_t)rounds, sizeof(double), compare);
		printf("%s %.0f %.0f\n", argv[4 + i], rates[i][0][rounds / 2],
		       rates[i][1][rounds / 2]);
		rules_free(rules[i]);
	}
	mime_body_free(mime);
	return 0;
}
