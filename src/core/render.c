/* SPDX-License-Identifier: BSD-2-Clause */
/* render: a judgement as an SMTP reply and as a log line. Pure. */
#include "resetguard/render.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "resetguard/time.h"

/* How much of a recipient or domain a reply shows: RFC 5321 4.5.3.1.3. */
enum { REPLY_NAME_MAX = 256 };

/* A text that grows up to its size and is cut there. */
struct render_text {
	char *text;
	size_t size;
	size_t length;
};

static void add_char(struct render_text *out, char c)
{
	if (out->length + 1 < out->size)
		out->text[out->length++] = c;
	out->text[out->length] = '\0';
}

static void add_text(struct render_text *out, const char *text)
{
	size_t room = out->size - 1 - out->length;
	size_t length = strlen(text);

	if (length > room)
		length = room;
	memcpy(out->text + out->length, text, length);
	out->length += length;
	out->text[out->length] = '\0';
}

/* ---- the reply ---- */

/* Names come from the message: only what no reply line can be forged with. */
static void add_harmless(struct render_text *out, const char *name)
{
	for (size_t i = 0; i < REPLY_NAME_MAX && name[i] != '\0'; i++) {
		unsigned char c = (unsigned char)name[i];

		add_char(out, c > 0x20 && c < 0x7f && c != '%' && c != '\\' ? (char)c : '?');
	}
}

/* The built-in texts: why, and what to do where it is refused for good. */
struct builtin_text {
	const char *cause;
	const char *remedy;
};

#define PROVE_OTHERWISE "verify the person by other means"
#define ASK_POSTMASTER "ask the postmaster"

static struct builtin_text builtin_text(enum reason reason)
{
	switch (reason) {
	case REASON_EXEMPT:
	case REASON_UNDATED:
	case REASON_GRACE:
	case REASON_OK:
		return (struct builtin_text){"not allowed by this server", ASK_POSTMASTER};
	case REASON_BAD_ADDRESS:
		return (struct builtin_text){"no domain can be read from the address",
					     "correct it"};
	case REASON_CACHE_ERROR:
		return (struct builtin_text){"the domain check is out of order", ASK_POSTMASTER};
	case REASON_PINNED:
		return (struct builtin_text){"pinned by the postmaster", ASK_POSTMASTER};
	case REASON_NO_RECORD:
		return (struct builtin_text){"domain {domain} has not been checked yet",
					     ASK_POSTMASTER};
	case REASON_EXPIRED:
		return (struct builtin_text){"domain {domain} has expired ({state})",
					     "use another address of this person"};
	case REASON_OWNER_CHANGED:
		return (struct builtin_text){
			"domain {domain} has changed hands since this address was verified",
			PROVE_OTHERWISE};
	case REASON_UNVERIFIED:
		return (struct builtin_text){
			"the address has not been verified since domain {domain} may have "
			"changed hands",
			PROVE_OTHERWISE};
	case REASON_NEW_DOMAIN:
		return (struct builtin_text){
			"domain {domain} is too new to vouch for its owner", PROVE_OTHERWISE};
	case REASON_DISPUTED:
		return (struct builtin_text){"what is known of domain {domain} is being reviewed",
					     ASK_POSTMASTER};
	case REASON_HELD:
		return (struct builtin_text){"domain {domain} is on hold, or gone from the DNS",
					     "use another address of this person"};
	case REASON_UNCHECKED:
	case REASON_UNKNOWN:
		return (struct builtin_text){"domain {domain} could not be checked yet",
					     ASK_POSTMASTER};
	case REASON_STALE:
		return (struct builtin_text){"domain {domain} has not been checked for too long",
					     ASK_POSTMASTER};
	}
	return (struct builtin_text){"", ""};
}

/* The names are still placeholders here. */
static void write_builtin_template(const struct judgement *judgement,
				   char template[RENDER_REPLY_MAX])
{
	struct builtin_text text = builtin_text(judgement->reason);
	bool refused = judgement->verdict == VERDICT_REJECT;

	snprintf(template, RENDER_REPLY_MAX, "Reset mail to <{recipient}> %s: %s; %s",
		 refused ? "refused" : "deferred", text.cause,
		 refused ? text.remedy : "try again later");
}

static bool takes(const char **at, const char *placeholder)
{
	size_t length = strlen(placeholder);

	if (strncmp(*at, placeholder, length) != 0)
		return false;
	*at += length;
	return true;
}

void render_reply(const struct judgement *judgement, const struct conf_class *class,
		  const char *recipient, struct render_reply *reply)
{
	const char *template = class->reply[judgement->reason];
	struct render_text out = {reply->text, sizeof reply->text, 0};
	const char *reason = reason_text(judgement->reason);
	const char *state =
		state_text(judgement->has_facts ? judgement->facts.state : STATE_UNKNOWN);
	bool is_builtin = template == NULL;
	char builtin[RENDER_REPLY_MAX];

	if (is_builtin) {
		write_builtin_template(judgement, builtin);
		template = builtin;
	}
	reply->code = policy_reply_code(judgement->reason, judgement->verdict);
	reply->text[0] = '\0';
	for (const char *at = template; *at != '\0';) {
		if (takes(&at, "{recipient}"))
			add_harmless(&out, recipient);
		else if (takes(&at, "{domain}"))
			add_harmless(&out, judgement->has_domain ? judgement->domain.name
								 : "unknown");
		else if (takes(&at, "{reason}"))
			add_text(&out, reason);
		else if (takes(&at, "{state}"))
			add_text(&out, state);
		else
			add_char(&out, *at++);
	}
	if (is_builtin) {
		/* The token must not be what a long name pushes over the edge. */
		size_t needed = strlen(reason) + sizeof " []";

		if (out.length + needed > out.size)
			out.length = out.size - needed;
		add_text(&out, " [");
		add_text(&out, reason);
		add_text(&out, "]");
	}
}

/* ---- the log line ---- */

static bool needs_quotes(const char *value)
{
	if (*value == '\0')
		return true;
	for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++) {
		if (*c <= 0x20 || *c >= 0x7f || *c == '"' || *c == '=' || *c == '\\')
			return true;
	}
	return false;
}

static void add_escaped(struct render_text *out, const char *value)
{
	static const char digits[] = "0123456789abcdef";

	for (const unsigned char *c = (const unsigned char *)value; *c != '\0'; c++) {
		if (*c >= 0x20 && *c < 0x7f && *c != '"' && *c != '\\') {
			add_char(out, (char)*c);
			continue;
		}
		add_text(out, "\\x");
		add_char(out, digits[*c >> 4]);
		add_char(out, digits[*c & 0xf]);
	}
}

static void add_value(struct render_text *out, const char *key, const char *value)
{
	add_char(out, ' ');
	add_text(out, key);
	add_char(out, '=');
	if (!needs_quotes(value)) {
		add_text(out, value);
		return;
	}
	add_char(out, '"');
	add_escaped(out, value);
	add_char(out, '"');
}

static void add_time(struct render_text *out, const char *key, int64_t moment)
{
	if (moment != 0)
		add_value(out, key, time_format(moment).text);
}

/* <address>, its local part hidden where the operator wants that. */
static void add_address(struct render_text *out, const char *key, const char *address, bool hide)
{
	char bracketed[RENDER_LINE_MAX / 4];
	const char *at = strrchr(address, '@');

	if (hide)
		snprintf(bracketed, sizeof bracketed, "<*%s>", at != NULL ? at : "");
	else
		snprintf(bracketed, sizeof bracketed, "<%s>", address);
	add_value(out, key, bracketed);
}

/* What the client was told, or what became of the whole message. */
static void add_reply(struct render_text *out, const struct judgement *judgement,
		      const struct render_reply *reply)
{
	char codes[16];

	if (judgement->action == ACTION_QUARANTINE || judgement->action == ACTION_DISCARD) {
		add_value(out, "reply", action_text(judgement->action));
	} else if (reply != NULL) {
		snprintf(codes, sizeof codes, "%d %s", reply->code.code, reply->code.enhanced);
		add_value(out, "reply", codes);
	}
}

size_t render_log_line(const struct judgement *judgement, const struct render_event *event,
		       char line[RENDER_LINE_MAX])
{
	struct render_text out = {line, RENDER_LINE_MAX, 0};
	char wait_ms[24];

	line[0] = '\0';
	add_text(&out, event->queue_id != NULL ? event->queue_id : "NOQUEUE");
	add_char(&out, ':');
	add_value(&out, "verdict", verdict_text(judgement->verdict));
	add_value(&out, "mode", mode_text(event->mode));
	add_value(&out, "class", event->class_name);
	add_value(&out, "rule", event->rule);
	add_address(&out, "from", event->sender, false);
	add_address(&out, "rcpt", event->recipient, !event->log_localpart);
	if (judgement->has_domain)
		add_value(&out, "domain", judgement->domain.name);
	add_value(&out, "reason", reason_text(judgement->reason));
	if (judgement->has_facts) {
		add_value(&out, "state", state_text(judgement->facts.state));
		add_time(&out, "owner_since", judgement->owner_since);
		add_time(&out, "verified_at", judgement->verified_at);
		add_time(&out, "checked_at", facts_checked_at(&judgement->facts));
		if (judgement->facts.source != SOURCE_NONE)
			add_value(&out, "source", source_text(judgement->facts.source));
	}
	add_reply(&out, judgement, event->reply);
	snprintf(wait_ms, sizeof wait_ms, "%lld", (long long)event->wait_ms);
	add_value(&out, "wait_ms", wait_ms);
	return out.length;
}
