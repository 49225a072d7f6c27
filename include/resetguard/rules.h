/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules: the file that says which messages are resets.
 *
 *   # field      pattern                               class (default password-reset)
 *   header       X-Mail-Class: password-reset
 *   subject      /^\[Example\] Reset your password$/i
 *   sender       resets@accounts.example.org
 *   sasl_user    reset-service
 *   sender       shop@svc.example & subject /^Account help/   magic-link
 *
 * UTF-8, one rule a line; a line whose first word begins with # is a comment.
 *
 *   rule       = condition 0*3( blanks "&" blanks condition ) [ blanks class ]
 *   condition  = "header"    blanks name [ ":" *blank pattern ]
 *              / "subject"   blanks pattern
 *              / "sender"    blanks ( "<>" / "@" domain / address / quoted / regex )
 *              / "sasl_user" blanks ( word / quoted / regex )
 *   pattern    = text / quoted / regex
 *   text       = word *( " " word )     ; neither the first " or /, nor any & or #
 *   quoted     = DQUOTE text DQUOTE     ; \" and \\ for " and \
 *   regex      = "/" PCRE2 pattern "/" [ "i" ]      ; \/ for /
 *   class      = "class=" token / token ; lower-case letters, digits, - _ .
 *
 * Without "class=" the class stands as a last word behind a quoted text, a
 * regex, an address or a user. Behind a text it is set off by a tab or by two
 * blanks; a text that ends in the name of a guarded class without that is an
 * error, and so is a bare word behind a header's name.
 *
 * Texts, quoted or not, are compared with the whole value, without regard to
 * case. Header values are seen as mime_decode_header leaves them; of several
 * fields of one name any may match. Senders are compared in the canonical form
 * of struct mailbox, so a sender's regex never regards case either; "@domain"
 * is this very domain, without those below it.
 *
 * A message that matches several rules is taken by the first rule of a guarded
 * class, else by a Require-Recipient-Valid-Since field (rule "rrvs", class
 * password-reset), else by the first rule: no text in a message can hide a reset
 * behind another match. For the same reason a regex of a guarded class that
 * runs into the limits of match.h counts as matched.
 */
#ifndef RESETGUARD_RULES_H
#define RESETGUARD_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/conf.h"
#include "resetguard/err.h"

enum {
	RULES_FILE_MAX = 4 << 20,
	RULES_LINE_MAX = 8192,
	RULES_MAX = 4096,	   /* rules of one file */
	RULES_COMBINED_MAX = 512,  /* of these, rules with & */
	RULES_CONDITIONS_MAX = 4,  /* of one rule */
	RULES_HEADER_MAX = 128,	   /* a header's name */
	RULES_VALUE_MAX = 1 << 16, /* of a decoded value; Postfix cuts headers at 60000 */
};

/* Compiled rules: read-only, any thread. */
struct rules;

/* What one message has matched so far: a plain value that the caller keeps, and
 * resets with rules_match_init for every message. */
struct rules_match {
	size_t taken_by; /* the best rule met so far, in order of precedence */
	bool rrvs;	 /* an RFC 7293 field was seen */
	/* for each rule with &, one bit for each condition that is met */
	unsigned char met[RULES_COMBINED_MAX];
};

/* guard: the guarded classes; not kept. ERR_CONFIG, also for a file that cannot
 * be read; why says "FILE:LINE:COLUMN: what is wrong; what to do", the column in
 * characters. Rules are named after the last part of path. The caller frees. */
MUST_CHECK enum err rules_read(const char *path, const struct conf_list *guard,
			       struct rules **rules, struct why *why);
/* Reads from memory, as if it were the file called name. */
MUST_CHECK enum err rules_read_text(const char *text, size_t length, const char *name,
				    const struct conf_list *guard, struct rules **rules,
				    struct why *why);
void rules_free(struct rules *rules);

void rules_match_init(const struct rules *rules, struct rules_match *match);
/* sender without angle brackets, "" for the empty one; sasl_user may be NULL. */
void rules_match_envelope(const struct rules *rules, struct rules_match *match, const char *sender,
			  const char *sasl_user);
/* name and value as they arrive; the value is decoded and unfolded here, and only
 * if some rule that could still change the result asks for it. */
void rules_match_header(const struct rules *rules, struct rules_match *match, const char *name,
			const char *value);

/* False if the message is taken for a guarded class, and no header to come can
 * change that class (the rule's name it may). */
bool rules_need_headers(const struct rules *rules, const struct rules_match *match);

/* The class and the rule's name ("messages:3", "rrvs") that the message is taken
 * for, or false. The strings live as long as rules. */
bool rules_match_result(const struct rules *rules, const struct rules_match *match,
			const char **class_name, const char **rule_name);

/* True if the class is one of the guarded ones. */
bool rules_is_guarded(const struct rules *rules, const char *class_name);

#endif
