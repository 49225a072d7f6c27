/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtaclient - the MTA's side of the milter protocol.
 *
 * Modelled on what Postfix 3.7's smtpd(8) and cleanup(8) were seen to send: an
 * SMFIC_MACRO before every command, even where its list is empty or the milter
 * declined the command itself, an SMFIC_ABORT before the next MAIL, and a write
 * of its own after DATA, where smtpd(8) hands the connection to cleanup(8).
 */
#include "mtaclient.h"
#include "mtamacros.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How far the milter's last word reaches. */
enum reach {
	REACH_COMMAND,
	REACH_MESSAGE,
	REACH_CONNECTION,
};

enum { TRACE_MAX = 256 };

struct mtaclient {
	struct milterwire *wire;
	struct mtamacros *macros;
	uint32_t actions;
	uint32_t steps;
	char command;
	bool smtp;	  /* and not sendmail(1) */
	bool transaction; /* MAIL was said since the last ABORT */
	bool queued;	  /* the message has a queue id */
	bool skip_body;
	enum reach reach;
	enum mtaclient_verdict verdict;
	uint64_t queue_number;
	char trace[TRACE_MAX + 1];
	char *reply; /* owned; empty where the milter left the words to the MTA */
	size_t reply_room;
	struct mtaedits *edits;
};

static void edit_keep(struct mtaclient *c, char reply, const char *data, size_t length)
{
	if ((c->actions & mtaedits_action(reply)) == 0 || c->command != SMFIC_BODYEOB)
		milterwire_fail(c->wire, "reply %c to command %c", reply, c->command);
	else if (!mtaedits_add(c->edits, reply, data, length))
		milterwire_fail(c->wire, "reply %c is malformed, or one too many", reply);
}

/* Keeps the reply's text. Postfix and Sendmail differ on a lone %, so none may occur. */
static enum mtaclient_verdict reply_keep(struct mtaclient *c, const char *data, size_t length)
{
	const char *text;
	char *reply;
	char *end;

	if (!milterwire_take_string(&data, &length, &text) || length > 0) {
		milterwire_fail(c->wire, "the reply is not one string");
		return MTACLIENT_FAILED;
	}
	if ((text[0] != '4' && text[0] != '5') || strspn(text, "0123456789") != 3 ||
	    (text[3] != ' ' && text[3] != '-') || text[4] != text[0] || text[5] != '.') {
		milterwire_fail(c->wire, "malformed reply: %s", text);
		return MTACLIENT_FAILED;
	}
	if (strlen(text) >= c->reply_room) {
		reply = realloc(c->reply, strlen(text) + 1);
		if (reply == NULL) {
			milterwire_fail(c->wire, "out of memory");
			return MTACLIENT_FAILED;
		}
		c->reply = reply;
		c->reply_room = strlen(text) + 1;
	}
	for (end = c->reply; *text != '\0'; text++) {
		if (*text == '%') {
			text++;
			if (*text != '%') {
				c->reply[0] = '\0';
				milterwire_fail(c->wire, "a lone %% in the reply");
				return MTACLIENT_FAILED;
			}
		}
		*end++ = *text;
	}
	*end = '\0';
	return c->reply[0] == '4' ? MTACLIENT_TEMPFAIL : MTACLIENT_REJECT;
}

/* Commands */

static const char *command_name(char command)
{
	switch (command) {
	case SMFIC_CONNECT:
		return "CONNECT";
	case SMFIC_HELO:
		return "HELO";
	case SMFIC_MAIL:
		return "MAIL";
	case SMFIC_RCPT:
		return "RCPT";
	case SMFIC_DATA:
		return "DATA";
	case SMFIC_HEADER:
		return "HEADER";
	case SMFIC_EOH:
		return "EOH";
	case SMFIC_BODY:
		return "BODY";
	case SMFIC_BODYEOB:
		return "EOM";
	default:
		return "OTHER";
	}
}

static void trace(struct mtaclient *c, bool answered)
{
	size_t length = strlen(c->trace);
	int more = snprintf(c->trace + length, sizeof c->trace - length, "%s%s%s",
			    length > 0 ? " " : "", command_name(c->command), answered ? "?" : "");

	if (more < 0 || (size_t)more >= sizeof c->trace - length)
		strcpy(c->trace + TRACE_MAX - 3, "...");
}

/* Writes the macros, and opens the command's packet. False when the milter declined the
 * command or has said its last word. */
static bool begin(struct mtaclient *c, char command, uint32_t declined)
{
	if (c->reach != REACH_COMMAND || milterwire_failed(c->wire))
		return false;
	if (c->reply != NULL)
		c->reply[0] = '\0';
	c->verdict = MTACLIENT_CONTINUE;
	mtamacros_put(c->macros, command, c->wire);
	if ((c->steps & declined) != 0)
		return false;
	c->command = command;
	milterwire_begin(c->wire, command);
	return true;
}

/* What a command returns that was not sent. */
static enum mtaclient_verdict standing(const struct mtaclient *c)
{
	return milterwire_failed(c->wire) ? MTACLIENT_FAILED : c->verdict;
}

static bool at_connection(const struct mtaclient *c)
{
	return c->command == SMFIC_CONNECT || c->command == SMFIC_HELO;
}

static enum mtaclient_verdict settle(struct mtaclient *c, enum mtaclient_verdict verdict)
{
	if (milterwire_pending(c->wire))
		milterwire_fail(c->wire, "a second reply to command %c", c->command);
	if (verdict == MTACLIENT_DISCARD && at_connection(c))
		milterwire_fail(c->wire, "discard in reply to command %c", c->command);
	c->verdict = verdict;
	if (verdict == MTACLIENT_SHUTDOWN || (verdict != MTACLIENT_CONTINUE && at_connection(c)))
		c->reach = REACH_CONNECTION;
	else if (verdict == MTACLIENT_ACCEPT || verdict == MTACLIENT_DISCARD)
		c->reach = REACH_MESSAGE;
	return standing(c);
}

/* Reads on until a reply is a verdict. */
static enum mtaclient_verdict verdict_read(struct mtaclient *c)
{
	const char *data;
	size_t length;
	char reply;

	while (milterwire_read(c->wire, &reply, &data, &length)) {
		if (reply == SMFIR_REPLYCODE)
			return settle(c, reply_keep(c, data, length));
		if (mtaedits_action(reply) != 0) {
			edit_keep(c, reply, data, length);
			continue;
		}
		if (length > 0)
			milterwire_fail(c->wire, "reply %c with data", reply);
		switch (reply) {
		case SMFIR_PROGRESS:
			break;
		case SMFIR_CONTINUE:
			return settle(c, MTACLIENT_CONTINUE);
		case SMFIR_ACCEPT:
			return settle(c, MTACLIENT_ACCEPT);
		case SMFIR_DISCARD:
			return settle(c, MTACLIENT_DISCARD);
		case SMFIR_REJECT:
			return settle(c, MTACLIENT_REJECT);
		case SMFIR_TEMPFAIL:
			return settle(c, MTACLIENT_TEMPFAIL);
		case SMFIR_SHUTDOWN:
			return settle(c, MTACLIENT_SHUTDOWN);
		case SMFIR_SKIP:
			if (c->command != SMFIC_BODY || (c->steps & SMFIP_SKIP) == 0)
				milterwire_fail(c->wire, "skip in reply to command %c", c->command);
			c->skip_body = true;
			return settle(c, MTACLIENT_CONTINUE);
		default:
			milterwire_fail(c->wire, "unknown reply %c", reply);
			break;
		}
	}
	return MTACLIENT_FAILED;
}

/* Closes the packet, and waits for the reply unless the milter owes none. */
static enum mtaclient_verdict end(struct mtaclient *c, uint32_t unanswered)
{
	milterwire_end(c->wire);
	trace(c, (c->steps & unanswered) == 0);
	if ((c->steps & unanswered) != 0)
		return standing(c);
	milterwire_flush(c->wire);
	return verdict_read(c);
}

static void set_macro(struct mtaclient *c, const char *name, const char *value, size_t length)
{
	if (!mtamacros_set(c->macros, name, value, length))
		milterwire_fail(c->wire, "cannot keep macro %s", name);
}

void mtaclient_set_macro(struct mtaclient *c, const char *name, const char *value)
{
	if (value != NULL)
		set_macro(c, name, value, strlen(value));
	else if (!mtamacros_unset(c->macros, name))
		milterwire_fail(c->wire, "cannot keep macro %s", name);
}

enum mtaclient_verdict mtaclient_connect(struct mtaclient *c, const char *hostname,
					 const char *address, uint16_t port)
{
	struct in6_addr scratch;
	char line[512];
	char family[1] = {SMFIA_UNKNOWN};
	uint16_t wire_port = htons(port);
	char port_bytes[sizeof wire_port];

	if (address != NULL && address[0] == '/')
		family[0] = SMFIA_UNIX;
	else if (address != NULL && inet_pton(AF_INET, address, &scratch) == 1)
		family[0] = SMFIA_INET;
	else if (address != NULL)
		family[0] = SMFIA_INET6;
	snprintf(line, sizeof line, "%s [%s]", hostname, address != NULL ? address : "unknown");
	mtaclient_set_macro(c, "_", line);
	if (!begin(c, SMFIC_CONNECT, SMFIP_NOCONNECT))
		return standing(c);
	milterwire_put_string(c->wire, hostname);
	milterwire_put(c->wire, family, 1);
	if (family[0] != SMFIA_UNKNOWN) {
		memcpy(port_bytes, &wire_port, sizeof wire_port);
		milterwire_put(c->wire, port_bytes, sizeof port_bytes);
		milterwire_put_string(c->wire, address);
	}
	return end(c, SMFIP_NR_CONN);
}

enum mtaclient_verdict mtaclient_helo(struct mtaclient *c, const char *name)
{
	if (!begin(c, SMFIC_HELO, SMFIP_NOHELO))
		return standing(c);
	milterwire_put_string(c->wire, name);
	return end(c, SMFIP_NR_HELO);
}

static void set_queue_id(struct mtaclient *c)
{
	char id[24];

	snprintf(id, sizeof id, "%011llX", (unsigned long long)c->queue_number);
	c->queue_number++;
	c->queued = true;
	mtaclient_set_macro(c, "i", id);
}

/* The address without its angle brackets. */
static const char *bare(const char *address, size_t *length)
{
	*length = strlen(address);
	if (*length < 2 || address[0] != '<' || address[*length - 1] != '>')
		return address;
	*length -= 2;
	return address + 1;
}

/* Sets {mail_addr} or {rcpt_addr}, and over SMTP what smtpd(8) knows besides. */
static void set_address_macros(struct mtaclient *c, const char *address, const char *addr_macro,
			       const char *host_macro, const char *mailer_macro)
{
	size_t length;
	const char *text = bare(address, &length);
	const char *at = memrchr(text, '@', length);
	const char *host = at != NULL ? at + 1 : text + length;

	set_macro(c, addr_macro, text, length);
	if (c->smtp) {
		set_macro(c, host_macro, host, (size_t)(text + length - host));
		mtaclient_set_macro(c, mailer_macro, "smtp");
	}
}

static void put_strings(struct mtaclient *c, const char *first, const char *const *more)
{
	milterwire_put_string(c->wire, first);
	for (; more != NULL && *more != NULL; more++)
		milterwire_put_string(c->wire, *more);
}

enum mtaclient_verdict mtaclient_mail(struct mtaclient *c, const char *sender,
				      const char *const *parameters)
{
	if (c->transaction)
		mtaclient_abort(c);
	mtaedits_clear(c->edits);
	c->trace[0] = '\0';
	c->smtp = sender[0] == '<';
	c->queued = false;
	mtaclient_set_macro(c, "i", NULL);
	if (!c->smtp)
		set_queue_id(c);
	set_address_macros(c, sender, "{mail_addr}", "{mail_host}", "{mail_mailer}");
	c->transaction = true;
	if (!begin(c, SMFIC_MAIL, SMFIP_NOMAIL))
		return standing(c);
	put_strings(c, sender, parameters);
	return end(c, SMFIP_NR_MAIL);
}

enum mtaclient_verdict mtaclient_rcpt(struct mtaclient *c, const char *recipient,
				      const char *const *parameters)
{
	enum mtaclient_verdict verdict;

	set_address_macros(c, recipient, "{rcpt_addr}", "{rcpt_host}", "{rcpt_mailer}");
	if (begin(c, SMFIC_RCPT, SMFIP_NORCPT)) {
		put_strings(c, recipient, parameters);
		verdict = end(c, SMFIP_NR_RCPT);
	} else {
		verdict = standing(c);
	}
	if (!c->queued && verdict != MTACLIENT_REJECT && verdict != MTACLIENT_TEMPFAIL)
		set_queue_id(c);
	return verdict;
}

enum mtaclient_verdict mtaclient_data(struct mtaclient *c)
{
	enum mtaclient_verdict verdict = standing(c);

	if (begin(c, SMFIC_DATA, SMFIP_NODATA))
		verdict = end(c, SMFIP_NR_DATA);
	milterwire_flush(c->wire);
	return verdict;
}

enum mtaclient_verdict mtaclient_header(struct mtaclient *c, const char *name, size_t name_length,
					const char *value, size_t value_length)
{
	if (!begin(c, SMFIC_HEADER, SMFIP_NOHDRS))
		return standing(c);
	if ((c->steps & SMFIP_HDR_LEADSPC) == 0 && value_length > 0 && value[0] == ' ') {
		value++;
		value_length--;
	}
	milterwire_put(c->wire, name, name_length);
	milterwire_put(c->wire, "", 1);
	milterwire_put(c->wire, value, value_length);
	milterwire_put(c->wire, "", 1);
	return end(c, SMFIP_NR_HDR);
}

enum mtaclient_verdict mtaclient_eoh(struct mtaclient *c)
{
	if (!begin(c, SMFIC_EOH, SMFIP_NOEOH))
		return standing(c);
	return end(c, SMFIP_NR_EOH);
}

enum mtaclient_verdict mtaclient_body(struct mtaclient *c, const char *chunk, size_t length)
{
	if (c->skip_body || !begin(c, SMFIC_BODY, SMFIP_NOBODY))
		return standing(c);
	milterwire_put(c->wire, chunk, length);
	return end(c, SMFIP_NR_BODY);
}

enum mtaclient_verdict mtaclient_eom(struct mtaclient *c)
{
	if (!begin(c, SMFIC_BODYEOB, 0))
		return standing(c);
	return end(c, 0);
}

enum mtaclient_verdict mtaclient_unknown(struct mtaclient *c, const char *command)
{
	if (!begin(c, SMFIC_UNKNOWN, SMFIP_NOUNKNOWN))
		return standing(c);
	milterwire_put_string(c->wire, command);
	return end(c, SMFIP_NR_UNKN);
}

/* Sends a command that has neither data nor reply. */
static enum mtaclient_verdict notify(struct mtaclient *c, char command)
{
	c->command = command;
	milterwire_begin(c->wire, command);
	milterwire_end(c->wire);
	c->transaction = false;
	c->skip_body = false;
	if (c->reach == REACH_MESSAGE) {
		c->reach = REACH_COMMAND;
		c->verdict = MTACLIENT_CONTINUE;
	}
	return standing(c);
}

enum mtaclient_verdict mtaclient_abort(struct mtaclient *c)
{
	return notify(c, SMFIC_ABORT);
}

enum mtaclient_verdict mtaclient_quit(struct mtaclient *c, bool new_connection)
{
	if (c->transaction)
		mtaclient_abort(c);
	notify(c, new_connection ? SMFIC_QUIT_NC : SMFIC_QUIT);
	if (new_connection) {
		c->reach = REACH_COMMAND;
		c->verdict = MTACLIENT_CONTINUE;
	}
	milterwire_flush(c->wire);
	return standing(c);
}

enum mtaclient_verdict mtaclient_raw(struct mtaclient *c, char command, const char *data,
				     size_t length)
{
	c->command = command;
	milterwire_begin(c->wire, command);
	milterwire_put(c->wire, data, length);
	milterwire_end(c->wire);
	milterwire_flush(c->wire);
	return standing(c);
}

/* Opening and closing */

static bool negotiate(struct mtaclient *c, const struct mtaclient_settings *offer)
{
	const char *data;
	const char *names;
	size_t length;
	uint32_t version;
	uint32_t stage;
	char reply;

	c->command = SMFIC_OPTNEG;
	milterwire_begin(c->wire, SMFIC_OPTNEG);
	milterwire_put_number(c->wire, offer->version);
	milterwire_put_number(c->wire, offer->actions);
	milterwire_put_number(c->wire, offer->steps);
	milterwire_end(c->wire);
	milterwire_flush(c->wire);
	if (!milterwire_read(c->wire, &reply, &data, &length))
		return false;
	if (reply != SMFIC_OPTNEG || !milterwire_take_number(&data, &length, &version) ||
	    !milterwire_take_number(&data, &length, &c->actions) ||
	    !milterwire_take_number(&data, &length, &c->steps))
		return milterwire_fail(c->wire, "the negotiation failed with reply %c", reply);
	if (version > offer->version || (c->actions & ~offer->actions) != 0 ||
	    (c->steps & ~offer->steps) != 0)
		return milterwire_fail(
			c->wire, "the milter wants version %lu, actions %#lx, steps %#lx",
			(unsigned long)version, (unsigned long)c->actions, (unsigned long)c->steps);
	while (length > 0) {
		if (!milterwire_take_number(&data, &length, &stage) ||
		    !milterwire_take_string(&data, &length, &names) ||
		    !mtamacros_list(c->macros, stage, names))
			return milterwire_fail(c->wire, "malformed list of macros");
	}
	return true;
}

static struct mtaclient *client_new(int fd)
{
	struct mtaclient *c = calloc(1, sizeof *c);
	struct timespec now;

	if (c == NULL)
		return NULL;
	c->macros = mtamacros_new();
	c->edits = mtaedits_new();
	if (c->macros != NULL && c->edits != NULL)
		c->wire = milterwire_new(fd);
	if (c->wire == NULL) {
		mtaclient_close(c);
		return NULL;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	c->queue_number =
		((uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000) & 0xfffffffffff;
	mtaclient_set_macro(c, "j", "mta.test");
	mtaclient_set_macro(c, "{daemon_name}", "mta.test");
	mtaclient_set_macro(c, "{daemon_addr}", "127.0.0.1");
	mtaclient_set_macro(c, "v", "Postfix 3.7.11");
	return c;
}

struct mtaclient *mtaclient_open(const struct mtaclient_settings *settings, char *problem)
{
	struct mtaclient *c = NULL;
	int fd = milterwire_dial(settings->socket, settings->timeout_ms);

	if (fd < 0) {
		if (problem != NULL)
			snprintf(problem, MILTERWIRE_PROBLEM_MAX, "cannot connect to %s: %s",
				 settings->socket, strerror(errno));
		return NULL;
	}
	c = client_new(fd);
	if (c == NULL) {
		close(fd);
		if (problem != NULL)
			snprintf(problem, MILTERWIRE_PROBLEM_MAX, "out of memory");
		return NULL;
	}
	if (!negotiate(c, settings)) {
		if (problem != NULL)
			snprintf(problem, MILTERWIRE_PROBLEM_MAX, "%s",
				 milterwire_problem(c->wire));
		mtaclient_close(c);
		return NULL;
	}
	return c;
}

void mtaclient_close(struct mtaclient *c)
{
	if (c == NULL)
		return;
	milterwire_free(c->wire);
	mtaedits_free(c->edits);
	mtamacros_free(c->macros);
	free(c->reply);
	free(c);
}

uint32_t mtaclient_actions(const struct mtaclient *c)
{
	return c->actions;
}

uint32_t mtaclient_steps(const struct mtaclient *c)
{
	return c->steps;
}

char mtaclient_command(const struct mtaclient *c)
{
	return c->command;
}

const char *mtaclient_trace(const struct mtaclient *c)
{
	return c->trace;
}

const char *mtaclient_reply(const struct mtaclient *c)
{
	return c->reply != NULL && c->reply[0] != '\0' ? c->reply : NULL;
}

const char *mtaclient_problem(const struct mtaclient *c)
{
	return milterwire_problem(c->wire);
}

size_t mtaclient_edits(const struct mtaclient *c, const struct mtaedit **edits)
{
	return mtaedits_list(c->edits, edits);
}
