/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtaclient - the MTA's side of the milter protocol, so that a test can say to a
 * milter what Postfix says, in the same packets and the same writes.
 *
 * One struct mtaclient is one connection to a milter, used by one thread at a
 * time. It sends no step that the milter declined, waits for no reply that the
 * milter said it would not send, goes silent after an ACCEPT, and holds back
 * what needs no reply until something does, as Postfix does. What the protocol
 * does not allow the milter is an MTACLIENT_FAILED, also where Postfix or
 * Sendmail alone would have let it pass.
 *
 *	struct mtaclient_settings settings = MTACLIENT_POSTFIX("unix:/run/milter.sock");
 *	struct mtaclient *c = mtaclient_open(&settings, problem);
 *
 *	mtaclient_connect(c, "localhost", "127.0.0.1", 40000);
 *	mtaclient_helo(c, "app.example");
 *	if (mtamessage_send(c, &message, NULL) == MTACLIENT_REJECT)
 *		puts(mtaclient_reply(c));
 *	mtaclient_quit(c, false);
 *	mtaclient_close(c);
 */
#ifndef TESTS_MTACLIENT_H
#define TESTS_MTACLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "milterwire.h"
#include "mtaedits.h"

struct mtaclient;

enum mtaclient_verdict {
	MTACLIENT_CONTINUE, /* also where the milter was not asked, or owed no reply */
	MTACLIENT_ACCEPT,
	MTACLIENT_DISCARD,
	MTACLIENT_REJECT,
	MTACLIENT_TEMPFAIL,
	MTACLIENT_SHUTDOWN, /* 421 to the SMTP client */
	MTACLIENT_FAILED,   /* no reply in time, or one that breaks the protocol */
};

struct mtaclient_settings {
	const char *socket; /* unix:PATH, inet:PORT@HOST or inet6:PORT@HOST */
	uint32_t version;
	uint32_t actions; /* SMFIF_* that the MTA offers */
	uint32_t steps;	  /* SMFIP_* that the MTA offers */
	int timeout_ms;	  /* for the milter's reply to one command */
};

/* What Postfix 3.7 offers with milter_protocol = 6. */
#define MTACLIENT_POSTFIX(where)                                            \
	{                                                                   \
		.socket = (where), .version = 6, .actions = SMFI_CURR_ACTS, \
		.steps = SMFI_CURR_PROT, .timeout_ms = 10000,               \
	}

/* Connects and negotiates. Returns NULL on failure, with the reason in problem
 * (MILTERWIRE_PROBLEM_MAX bytes, or NULL). settings is not kept. */
struct mtaclient *mtaclient_open(const struct mtaclient_settings *settings, char *problem);

/* Ends without a word, as a killed MTA does. c may be NULL. */
void mtaclient_close(struct mtaclient *c);

/* What the milter asked for in the negotiation. */
uint32_t mtaclient_actions(const struct mtaclient *c);
uint32_t mtaclient_steps(const struct mtaclient *c);

/*
 * Sets a macro for all later commands of the connection, NULL for "the MTA has none".
 * Name as on the wire: j, i, {auth_authen}. Which command carries it follows Postfix's
 * lists, or those that the milter set. _, i, {mail_*} and {rcpt_*} are set by the commands
 * they belong to, so a value set by hand lasts until the next of these.
 */
void mtaclient_set_macro(struct mtaclient *c, const char *name, const char *value);

/* The SMTP client. The address is IPv4, IPv6 or the path of a UNIX socket; NULL is unknown. */
enum mtaclient_verdict mtaclient_connect(struct mtaclient *c, const char *hostname,
					 const char *address, uint16_t port);
enum mtaclient_verdict mtaclient_helo(struct mtaclient *c, const char *name);

/*
 * Addresses go out as they are written. Angle brackets are SMTP's: where the sender has
 * none, the mail is sendmail(1)'s, and the queue id is there from MAIL on. parameters are
 * ESMTP's, end with NULL, and may be NULL.
 */
enum mtaclient_verdict mtaclient_mail(struct mtaclient *c, const char *sender,
				      const char *const *parameters);
enum mtaclient_verdict mtaclient_rcpt(struct mtaclient *c, const char *recipient,
				      const char *const *parameters);
enum mtaclient_verdict mtaclient_data(struct mtaclient *c);

/* value as it stands after the colon, folds being bare LF: the blank that an MTA eats is
 * eaten here. */
enum mtaclient_verdict mtaclient_header(struct mtaclient *c, const char *name, size_t name_length,
					const char *value, size_t value_length);
enum mtaclient_verdict mtaclient_eoh(struct mtaclient *c);

/* One chunk, at most MILTER_CHUNK_SIZE bytes. */
enum mtaclient_verdict mtaclient_body(struct mtaclient *c, const char *chunk, size_t length);
enum mtaclient_verdict mtaclient_eom(struct mtaclient *c);
enum mtaclient_verdict mtaclient_unknown(struct mtaclient *c, const char *command);

/* RSET. Before the next MAIL it is sent without being asked, as smtpd(8) does. */
enum mtaclient_verdict mtaclient_abort(struct mtaclient *c);

/* QUIT. With new_connection (SMFIC_QUIT_NC) the socket is ready for the next
 * mtaclient_connect; otherwise only mtaclient_close is left to do. */
enum mtaclient_verdict mtaclient_quit(struct mtaclient *c, bool new_connection);

/* Sends any bytes as one packet and waits for nothing. */
enum mtaclient_verdict mtaclient_raw(struct mtaclient *c, char command, const char *data,
				     size_t length);

/* The command last sent to the milter, an SMFIC_* value. */
char mtaclient_command(const struct mtaclient *c);

/* The commands sent since the last MAIL, that included, or since the connection was made:
 * "MAIL RCPT? DATA?", with "?" behind those whose reply was waited for, and "..." where
 * there is no room for more. Valid until the next command. */
const char *mtaclient_trace(const struct mtaclient *c);

/* "550 5.1.2 text" of the last verdict, lines separated by CRLF, or NULL if the milter
 * left the words to the MTA. Valid until the next command. */
const char *mtaclient_reply(const struct mtaclient *c);

/* Why the verdict was MTACLIENT_FAILED. */
const char *mtaclient_problem(const struct mtaclient *c);

/* The message's edits, in order, until the next MAIL. Returns their number. */
size_t mtaclient_edits(const struct mtaclient *c, const struct mtaedit **edits);

#endif
