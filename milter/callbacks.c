/* SPDX-License-Identifier: BSD-2-Clause */
/* callbacks: libmilter's events, handed to sessions, and their answers handed back. */
#include "callbacks.h"

#include <libmilter/mfapi.h>
#include <stdio.h>

#include "resetguard/log.h"
#include "resetguard/rrvs.h"
#include "resetguard/time.h"

#define ACTIONS (SMFIF_DELRCPT | SMFIF_QUARANTINE | SMFIF_ADDHDRS)
/* The body is asked for on every connection, since a reload may bring the first rule
 * that needs one: libmilter wants the same flags each time. A message that needs none
 * has had its answer before. */
#define UNWANTED (SMFIP_NOHELO | SMFIP_NOUNKNOWN)
#define UNANSWERED (SMFIP_NR_CONN | SMFIP_NR_MAIL | SMFIP_NR_HDR)

/* libmilter hands no context to its callbacks. Set once, before any thread. */
static const struct session_office *callbacks_office;

/* libmilter's strings are not const, and it does not write to them. */
static char *macro(SMFICTX *ctx, const char *name)
{
	return smfi_getsymval(ctx, (char *)(uintptr_t)name);
}

static struct session_clock clock_now(void)
{
	return (struct session_clock){.now = time_now(), .monotonic_ms = time_monotonic_ms()};
}

/* Gives the session's answer. A reply that libmilter does not take leaves its own
 * general one, of the same kind. */
static sfsistat answer(SMFICTX *ctx, enum session_step step, struct reply *reply)
{
	char code[16];
	char *lines[REPLY_LINES_MAX + 1] = {NULL};

	switch (step) {
	case SESSION_CONTINUE:
		return SMFIS_CONTINUE;
	case SESSION_ACCEPT:
		return SMFIS_ACCEPT;
	case SESSION_DISCARD:
		return SMFIS_DISCARD;
	case SESSION_TEMPFAIL:
	case SESSION_REJECT:
		break;
	}
	snprintf(code, sizeof code, "%d", reply->code.code);
	for (unsigned i = 0; i < reply->line_count; i++)
		lines[i] = reply->lines[i];
	if (smfi_setmlreply(ctx, code, reply->code.enhanced, lines[0], lines[1], lines[2], lines[3],
			    lines[4], lines[5], lines[6], lines[7], lines[8], lines[9], lines[10],
			    lines[11], lines[12], lines[13], lines[14], lines[15], lines[16],
			    lines[17], lines[18], lines[19], lines[20], lines[21], lines[22],
			    lines[23], lines[24], lines[25], lines[26], lines[27], lines[28],
			    lines[29], lines[30], lines[31], lines[32]) != MI_SUCCESS)
		log_line(LOG_LEVEL_ERROR, "libmilter does not take the reply %s %s %s", code,
			 reply->code.enhanced, lines[0] != NULL ? lines[0] : "");
	return step == SESSION_REJECT ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

/* What an MTA does not know libmilter leaves out, or makes up for; without the
 * actions it ends the connection. */
static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
			     unsigned long offered2, unsigned long offered3,
			     unsigned long *want_actions, unsigned long *want_steps,
			     unsigned long *want2, unsigned long *want3)
{
	(void)ctx;
	(void)actions;
	(void)steps;
	(void)offered2;
	(void)offered3;
	*want_actions = ACTIONS;
	*want_steps = UNWANTED | UNANSWERED;
	*want2 = 0;
	*want3 = 0;
	return SMFIS_CONTINUE;
}

/* Without a session, for want of memory, every message is deferred at RCPT. */
static sfsistat on_connect(SMFICTX *ctx, char *hostname, _SOCK_ADDR *address)
{
	struct session *session = session_new(callbacks_office);

	(void)hostname;
	if (session == NULL) {
		log_line(LOG_LEVEL_ERROR, "no memory for a connection: its mail is deferred");
		return SMFIS_NOREPLY;
	}
	session_connect(session, &(struct session_connection){
					 .address = address,
					 .daemon_name = macro(ctx, "{daemon_name}"),
					 .mta_version = macro(ctx, "v"),
				 });
	if (smfi_setpriv(ctx, session) != MI_SUCCESS)
		session_free(session);
	return SMFIS_NOREPLY;
}

static sfsistat on_envfrom(SMFICTX *ctx, char **arguments)
{
	struct session *session = smfi_getpriv(ctx);
	struct session_clock clock = clock_now();

	if (session != NULL)
		session_mail(session,
			     &(struct session_mail){
				     .sender_path = arguments[0],
				     .queue_id = macro(ctx, "i"),
				     .auth_authen = macro(ctx, "{auth_authen}"),
				     .auth_type = macro(ctx, "{auth_type}"),
			     },
			     &clock);
	return SMFIS_NOREPLY;
}

static sfsistat on_envrcpt(SMFICTX *ctx, char **arguments)
{
	struct session *session = smfi_getpriv(ctx);
	struct session_clock clock = clock_now();
	struct reply reply;
	enum session_step step;

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	step = session_rcpt(session, arguments[0], macro(ctx, "i"), &clock, &reply);
	return answer(ctx, step, &reply);
}

static sfsistat on_data(SMFICTX *ctx)
{
	(void)ctx;
	return SMFIS_CONTINUE;
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *session = smfi_getpriv(ctx);

	if (session != NULL)
		session_header(session, name, value);
	return SMFIS_NOREPLY;
}

static sfsistat on_eoh(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);
	struct session_clock clock = clock_now();
	struct reply reply;
	enum session_step step;

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	step = session_eoh(session, macro(ctx, "i"), &clock, &reply);
	return answer(ctx, step, &reply);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t length)
{
	struct session *session = smfi_getpriv(ctx);

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	return session_body(session, (const char *)bytes, length, macro(ctx, "i")) == SESSION_ACCEPT
		       ? SMFIS_ACCEPT
		       : SMFIS_CONTINUE;
}

/* If the message cannot be changed as it should be, it is deferred. */
static sfsistat change_message(SMFICTX *ctx, struct session *session)
{
	static char held_because[] = "resetguard: the owner of a recipient's domain is in doubt";
	static char name[] = RRVS_FIELD;
	sfsistat status = SMFIS_CONTINUE;
	const char *path;
	const char *field;
	size_t next = 0;

	for (path = session_next_stripped(session, &next); path != NULL;
	     path = session_next_stripped(session, &next)) {
		if (smfi_delrcpt(ctx, (char *)(uintptr_t)path) != MI_SUCCESS)
			status = SMFIS_TEMPFAIL;
	}
	if (session_is_held(session) && smfi_quarantine(ctx, held_because) != MI_SUCCESS)
		status = SMFIS_TEMPFAIL;
	field = session_added_field(session);
	if (field != NULL && smfi_addheader(ctx, name, (char *)(uintptr_t)field) != MI_SUCCESS)
		status = SMFIS_TEMPFAIL;
	session_end(session);
	if (status == SMFIS_TEMPFAIL)
		log_line(LOG_LEVEL_ERROR, "%s: libmilter cannot change the message: deferred",
			 macro(ctx, "i") != NULL ? macro(ctx, "i") : "NOQUEUE");
	return status;
}

/* Comes only for a message whose body was read, or that is to be changed. */
static sfsistat on_eom(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);
	struct session_clock clock = clock_now();
	struct reply reply;
	enum session_step step;

	if (session == NULL)
		return SMFIS_TEMPFAIL;
	step = session_eom(session, macro(ctx, "i"), &clock, &reply);
	return step == SESSION_CONTINUE ? change_message(ctx, session) : answer(ctx, step, &reply);
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	if (session != NULL)
		session_end(session);
	return SMFIS_CONTINUE;
}

/* Also where there never was a handshake. */
static sfsistat on_close(SMFICTX *ctx)
{
	session_free(smfi_getpriv(ctx));
	(void)smfi_setpriv(ctx, NULL);
	return SMFIS_CONTINUE;
}

enum err callbacks_register(const struct session_office *office)
{
	static char name[] = "resetguard-milter";
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = ACTIONS,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_envfrom,
		.xxfi_envrcpt = on_envrcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_eoh,
		.xxfi_body = on_body,
		.xxfi_eom = on_eom,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_data = on_data,
		.xxfi_negotiate = on_negotiate,
	};

	callbacks_office = office;
	return smfi_register(description) == MI_SUCCESS ? ERR_OK : ERR_NO_MEMORY;
}
