/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * corpusmails - a corpus of subjects and links as whole messages.
 *
 *	corpusmails MBOX INDEX FILE...
 *
 * Each line of a FILE is a JSON object with app, lang, kind, subject, headers,
 * url_path and perhaps variant. MBOX gets a message for each: the subject raw, in
 * base64 or quoted-printable by turns, a text and an HTML part, and in these the
 * link, if there is one. INDEX gets a line for each, with tabs between: number,
 * FILE's last part without its suffix, app, lang, kind, variant, "link" or "none".
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/json.h"
#include "resetguard/utf8.h"

enum { LINE_MAX_READ = 1 << 20, WORD_MAX = 42 /* bytes of text in an encoded word */ };

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void write_base64(FILE *out, const char *text, size_t length, size_t line_length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t column = 0;

	for (size_t i = 0; i < length; i += 3) {
		unsigned long group = (unsigned long)bytes[i] << 16;

		if (i + 1 < length)
			group |= (unsigned long)bytes[i + 1] << 8;
		if (i + 2 < length)
			group |= bytes[i + 2];
		fputc(base64[group >> 18 & 63], out);
		fputc(base64[group >> 12 & 63], out);
		fputc(i + 1 < length ? base64[group >> 6 & 63] : '=', out);
		fputc(i + 2 < length ? base64[group & 63] : '=', out);
		column += 4;
		if (column == line_length) {
			fputs("\n", out);
			column = 0;
		}
	}
}

static void write_quoted(FILE *out, const char *text, size_t length, bool word)
{
	size_t column = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (!word && c == '\n') {
			fputc('\n', out);
			column = 0;
			continue;
		}
		if (!word && column > 70) {
			fputs("=\n", out);
			column = 0;
		}
		if (word && c == ' ')
			column += (size_t)fprintf(out, "_");
		else if (c < ' ' || c > '~' || strchr("=?_", c) != NULL)
			column += (size_t)fprintf(out, "=%02X", c);
		else
			column += (size_t)fprintf(out, "%c", c);
	}
}

static size_t word_length(const char *text)
{
	size_t length = 0;
	size_t left = strlen(text);

	while (left > length && length < WORD_MAX - 4) {
		size_t size = utf8_character(text + length, left - length);

		length += size == 0 ? 1 : size;
	}
	return length;
}

static void write_subject(FILE *out, const char *subject, unsigned long number)
{
	fputs("Subject: ", out);
	if (number % 3 == 0) {
		fprintf(out, "%s\n", subject);
		return;
	}
	while (*subject != '\0') {
		size_t length = word_length(subject);

		fprintf(out, "=?UTF-8?%c?", number % 3 == 1 ? 'B' : 'Q');
		if (number % 3 == 1)
			write_base64(out, subject, length, 0);
		else
			write_quoted(out, subject, length, true);
		subject += length;
		fputs(*subject == '\0' ? "?=\n" : "?=\n ", out);
	}
}

/* The header fields are an object, whose members are known by name only. */
static void write_headers(FILE *out, const struct json *headers)
{
	static const char *const names[] = {"Auto-Submitted",
					    "List-Id",
					    "List-Unsubscribe",
					    "Precedence",
					    "Reply-To",
					    "Sender",
					    "X-AntiAbuse",
					    "X-Auto-Response-Suppress",
					    "X-DokuWiki-Server",
					    "X-DokuWiki-Title",
					    "X-DokuWiki-User",
					    "X-Friendica-Host",
					    "X-Friendica-Platform",
					    "X-Friendica-Version",
					    "X-MSMail-Priority",
					    "X-Mail-Transport-Agent",
					    "X-Mailer",
					    "X-Mailgun-Suppressions-Bypass",
					    "X-Mailgun-Tag",
					    "X-MimeOLE",
					    "X-Phabricator-Mail-ID",
					    "X-Phabricator-Send-Attempt",
					    "X-Phabricator-Sent-This-Message",
					    "X-Priority",
					    "X-Redmine-Host",
					    "X-Redmine-Site",
					    "X-phpBB-Origin"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = json_as_string(json_member(headers, names[i]));

		if (value != NULL)
			fprintf(out, "%s: %s\n", names[i], value);
	}
}

static void write_part(FILE *out, unsigned long number, const char *type, const char *text)
{
	bool in_base64 = number % 2 == 0;

	fprintf(out, "--=_part\nContent-Type: %s; charset=UTF-8\nContent-Transfer-Encoding: %s\n\n",
		type, in_base64 ? "base64" : "quoted-printable");
	if (in_base64)
		write_base64(out, text, strlen(text), 76);
	else
		write_quoted(out, text, strlen(text), false);
	fputs("\n", out);
}

static void write_html_link(char *to, size_t size, const char *link)
{
	size_t length = 0;

	for (; *link != '\0' && length + 6 < size; link++)
		length += (size_t)snprintf(to + length, size - length,
					   *link == '&' ? "&amp;" : "%c", *link);
	to[length] = '\0';
}

static void write_body(FILE *out, const char *path, unsigned long number)
{
	char link[2048];
	char html_link[4096];
	char text[8192];

	snprintf(link, sizeof(link), "https://app.example.com%s", path == NULL ? "/" : path);
	write_html_link(html_link, sizeof(html_link), link);
	fputs("MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=\"=_part\"\n\n",
	      out);
	snprintf(text, sizeof(text),
		 "Hello alice,\n\n%s\n\nYour settings: https://app.example.com/settings/mail\n",
		 link);
	write_part(out, number, "text/plain", text);
	snprintf(text, sizeof(text),
		 "<html><body><p>Hello alice,</p><p><a href=\"%s\">Go on</a></p>"
		 "<img src=\"https://app.example.com/logo.png\"></body></html>\n",
		 html_link);
	write_part(out, number + 1, "text/html", text);
	fputs("--=_part--\n\n", out);
}

static void write_mail(FILE *mbox, FILE *index, const struct json *mail, const char *set,
		       unsigned long number)
{
	const char *subject = json_as_string(json_member(mail, "subject"));
	const char *path = json_as_string(json_member(mail, "url_path"));
	const char *variant = json_as_string(json_member(mail, "variant"));

	fprintf(mbox,
		"From app@svc.example Thu Jan  1 00:00:00 1970\nReturn-Path: <app@svc.example>\n"
		"From: app@svc.example\nTo: alice@example.com\n");
	write_subject(mbox, subject == NULL ? "" : subject, number);
	write_headers(mbox, json_member(mail, "headers"));
	write_body(mbox, path, number);
	fprintf(index, "%lu\t%s\t%s\t%s\t%s\t%s\t%s\n", number, set,
		json_as_string(json_member(mail, "app")), json_as_string(json_member(mail, "lang")),
		json_as_string(json_member(mail, "kind")), variant == NULL ? "-" : variant,
		path == NULL ? "none" : "link");
}

static bool write_file(FILE *mbox, FILE *index, const char *path, unsigned long *number)
{
	const char *slash = strrchr(path, '/');
	char set[64];
	char *line = malloc(LINE_MAX_READ);
	FILE *file = fopen(path, "r");
	bool good = line != NULL && file != NULL;

	snprintf(set, sizeof(set), "%s", slash == NULL ? path : slash + 1);
	set[strcspn(set, ".")] = '\0';
	while (good && fgets(line, LINE_MAX_READ, file) != NULL) {
		struct json *mail;
		struct why why = {""};

		if (json_parse(line, strlen(line), &mail, &why) != ERR_OK) {
			fprintf(stderr, "corpusmails: %s: %s\n", path, why.text);
			good = false;
			break;
		}
		write_mail(mbox, index, mail, set, ++*number);
		json_free(mail);
	}
	if (file != NULL)
		fclose(file);
	free(line);
	return good;
}

int main(int argc, char **argv)
{
	unsigned long number = 0;
	FILE *mbox = argc < 4 ? NULL : fopen(argv[1], "w");
	FILE *index = mbox == NULL ? NULL : fopen(argv[2], "w");
	bool good = index != NULL;

	for (int i = 3; good && i < argc; i++)
		good = write_file(mbox, index, argv[i], &number);
	if (!good) {
		fputs("usage: corpusmails MBOX INDEX FILE...\n", stderr);
		return 1;
	}
	return fclose(mbox) == 0 && fclose(index) == 0 ? 0 : 1;
}
