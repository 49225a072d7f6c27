/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An MTA's events in any order and with any arguments, at a real session with a real
 * cache: whatever came before, a reset of an application that is in scope is never let
 * through to a domain that has lapsed.
 *
 * An input is a row of events, one byte each, with what belongs to them behind: a byte
 * that picks a word, or 0, a length and as many bytes.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "../../milter/session.h"
#include "../unit/milterplace.h"
#include "../unit/sessionbench.h"
#include "resetguard/log.h"
#include "resetguard/mime.h"

enum { TEXT_MAX = 255, EVENTS_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

/* What must be true of the message in hand. */
struct truth {
	bool from_here; /* of the connection */
	bool is_reset;	/* in scope, of a sender that is a rule */
	bool to_lapsed; /* a recipient that was let through at RCPT */
};

struct player {
	struct input input;
	struct session *session;
	struct session_clock clock;
	struct truth truth;
};

static const char keys[] = "mixed = strip\n"
			   "add_rrvs = yes\n"
			   "on_stale = quarantine\n"
			   "on_owner_changed = discard\n";
static const char rules[] = "header X-Mail-Class: password-reset\n"
			    "header X-Mail-Class: newsletter class=newsletter\n"
			    "sender resets@svc.example\n"
			    "sasl_user reset-service\n"
			    "url /reset/*\n";
static const char lapsed[] = "<bob@lapsed.example>";
static const char reset_sender[] = "<resets@svc.example>";

static void require(bool condition)
{
	if (!condition)
		abort();
}

static struct milterplace *place(void)
{
	static struct milterplace the_place;

	return &the_place;
}

static void remove_place(void)
{
	milterplace_remove(place());
}

/* One for all inputs: what sessions share outlives them in the milter, too. */
static const struct session_office *the_office(void)
{
	static struct session_office office;

	if (office.worlds == NULL) {
		log_open(LOG_TO_STDERR, LOG_LEVEL_ERROR, "fuzz_session");
		mime_init();
		milterplace_make(place(), BENCH_NOW);
		atexit(remove_place);
		milterplace_configure(place(), keys);
		milterplace_write(place(), "messages", rules);
		bench_open_office(&office, place()->conf_path);
	}
	return &office;
}

static unsigned byte(struct input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

/* One of the words, or what is in the input; ended by a NUL, as libmilter's are. */
static const char *text(struct input *input, const char *const *words, size_t count,
			char buffer[TEXT_MAX + 1])
{
	unsigned which = byte(input);
	size_t length;

	if (which != 0)
		return words[which % count];
	length = byte(input);
	if (length > input->left)
		length = input->left;
	memcpy(buffer, input->at, length);
	buffer[length] = '\0';
	input->at += length;
	input->left -= length;
	return buffer;
}

#define TEXT(player, buffer, ...)                                                                 \
	text(&(player)->input, (const char *const[]){__VA_ARGS__},                                \
	     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), buffer)

static const char *queue_id(struct player *player, char buffer[TEXT_MAX + 1])
{
	return TEXT(player, buffer, NULL, "4XyZ1", "4XyZ2");
}

/* ---- events ---- */

static void play_connect(struct player *player)
{
	const struct sockaddr_in v4 = {.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct sockaddr_in far = {.sin_family = AF_INET,
					.sin_addr.s_addr = htonl(0xc0000207)};
	const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
					.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const struct sockaddr_un local = {.sun_family = AF_UNIX};
	const struct sockaddr *const addresses[] = {
		NULL,
		(const struct sockaddr *)&v4,
		(const struct sockaddr *)&v6,
		(const struct sockaddr *)&far,
		(const struct sockaddr *)&local,
	};
	unsigned which = byte(&player->input) % 5;
	char daemon[TEXT_MAX + 1];
	char version[TEXT_MAX + 1];
	const struct session_connection connection = {
		.address = addresses[which],
		.daemon_name = TEXT(player, daemon, NULL, "smtpd", "reinject", "ORIGINATING"),
		.mta_version = TEXT(player, version, NULL, "Postfix 3.7.11", "8.17.1.9"),
	};

	/* A message that is open keeps the scope that it began with. */
	player->truth.from_here =
		(which == 1 || which == 2) &&
		(connection.daemon_name == NULL || strcmp(connection.daemon_name, "smtpd") == 0);
	session_connect(player->session, &connection);
}

static void play_mail(struct player *player)
{
	char sender[TEXT_MAX + 1];
	char id[TEXT_MAX + 1];
	char user[TEXT_MAX + 1];
	char type[TEXT_MAX + 1];
	const struct session_mail mail = {
		.sender_path = TEXT(player, sender, reset_sender, "<app@svc.example>", "<>",
				    "app@svc.example"),
		.queue_id = queue_id(player, id),
		.auth_authen = TEXT(player, user, NULL, "reset-service", "app"),
		.auth_type = TEXT(player, type, NULL, "PLAIN"),
	};

	session_mail(player->session, &mail, &player->clock);
	player->truth.is_reset = player->truth.from_here && mail.sender_path == reset_sender;
	player->truth.to_lapsed = false;
}

static void play_rcpt(struct player *player)
{
	char path[TEXT_MAX + 1];
	char id[TEXT_MAX + 1];
	struct reply reply;
	const char *recipient =
		TEXT(player, path, lapsed, "<ann@fine.example>", "<ann@good.example>",
		     "<ann@stale.example>", "<ann@changed.example>", "<ann@never.example>",
		     "<ann@[192.0.2.1]>", "<\"a b\"@fine.example>", "<ann@FINE.example.>");
	enum session_step step =
		session_rcpt(player->session, recipient, queue_id(player, id), &player->clock, &reply);

	require(step != SESSION_DISCARD);
	require(!player->truth.is_reset || step != SESSION_ACCEPT);
	if (step == SESSION_CONTINUE && recipient == lapsed)
		player->truth.to_lapsed = true;
}

static void play_header(struct player *player)
{
	char name[TEXT_MAX + 1];
	char value[TEXT_MAX + 1];
	const char *field = TEXT(player, name, "X-Mail-Class", "Subject", "Content-Type",
				 "Content-Transfer-Encoding", "Require-Recipient-Valid-Since");

	session_header(
		player->session, field,
		TEXT(player, value, "password-reset", "newsletter", "=?utf-8?B?UmVzZXQ=?=",
		     "multipart/mixed; boundary=b", "text/html; charset=utf-8", "base64",
		     "bob@lapsed.example; Tue, 01 Sep 2026 10:00:00 +0000",
		     "ann@changed.example;\n Tue, 1 Sep 2026 10:00:00 GMT (comment)"));
}

static bool is_stripped(const struct session *session, const char *recipient)
{
	size_t next = 0;
	const char *path;

	while ((path = session_next_stripped(session, &next)) != NULL) {
		if (strcmp(path, recipient) == 0)
			return true;
	}
	return false;
}

static void play_eoh(struct player *player)
{
	char id[TEXT_MAX + 1];
	struct reply reply;
	enum session_step step =
		session_eoh(player->session, queue_id(player, id), &player->clock, &reply);

	if (player->truth.is_reset && player->truth.to_lapsed)
		require(step != SESSION_ACCEPT);
}

static void play_body(struct player *player)
{
	char buffer[TEXT_MAX + 1];
	const char *piece = TEXT(player, buffer, "https://svc.example/reset/1\r\n", "\r\n",
				 "--b\r\nContent-Type: text/html\r\n\r\n",
				 "<a href=\"https://svc.example/reset/2\">", "--b--\r\n");
	enum session_step step = session_body(player->session, piece, strlen(piece), "4XyZ1");

	if (player->truth.is_reset && player->truth.to_lapsed)
		require(step != SESSION_ACCEPT);
}

static void play_eom(struct player *player)
{
	char id[TEXT_MAX + 1];
	struct reply reply;
	enum session_step step =
		session_eom(player->session, queue_id(player, id), &player->clock, &reply);

	if (!player->truth.is_reset || !player->truth.to_lapsed)
		return;
	require(step != SESSION_ACCEPT);
	require(step != SESSION_CONTINUE || is_stripped(player->session, lapsed));
}

static void play_end(struct player *player)
{
	session_end(player->session);
	player->truth.is_reset = false;
	player->truth.to_lapsed = false;
}

static void play_time(struct player *player)
{
	int64_t seconds = byte(&player->input);

	player->clock.now += seconds;
	player->clock.monotonic_ms += seconds * 1000;
}

static void play_anew(struct player *player)
{
	session_free(player->session);
	player->session = session_new(the_office());
	require(player->session != NULL);
	player->truth = (struct truth){0};
}

static void play(struct player *player)
{
	static void (*const events[])(struct player *player) = {
		play_connect, play_mail, play_rcpt, play_header, play_eoh,
		play_body,    play_eom,	 play_end,  play_time,	 play_anew,
	};

	for (unsigned i = 0; i < EVENTS_MAX && player->input.left != 0; i++)
		events[byte(&player->input) % (sizeof events / sizeof *events)](player);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct player player = {
		.input = {data, size},
		.clock = {.now = BENCH_NOW, .monotonic_ms = 1000},
	};

	play_anew(&player);
	play(&player);
	session_free(player.session);
	return 0;
}
