/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules: the file that says which messages are resets.
 *
 *   # field      pattern                               class (default password-reset)
 *   header       X-Mail-Class: password-reset
 *   subject      /^\[Example\] Reset your password$/i
 *   subject      [*] Password reset
 *   sender       resets@accounts.example.org
 *   sasl_user    reset-service
 *   url          /accounts/reset/
 *   sender       shop@svc.example & subject /^Account help/   magic-link
 *   pack         django
 *
 * UTF-8, one rule a line; a line whose first word begins with # is a comment.
 *
 *   line       = rule / "pack" blanks ( name / "*" )
 *              / "words" blanks name blanks phrase *( "|" phrase )
 *   rule       = condition 0*5( blanks "&" blanks condition ) [ blanks class ]
 *   condition  = [ "!" ] test          ; not all of a rule's have a "!"
 *   test       = "header"    blanks name [ ":" *blank pattern ]
 *              / "subject"   blanks pattern
 *              / "subject_has" blanks name
 *              / "sender"    blanks ( "<>" / "@" domain / address / quoted / regex )
 *              / "sasl_user" blanks ( word / quoted / regex )
 *              / "url"       blanks url
 *   pattern    = text / quoted / regex
 *   text       = word *( " " word )     ; neither the first " or /, nor any & or #
 *   quoted     = DQUOTE text DQUOTE     ; \" and \\ for " and \
 *   regex      = "/" PCRE2 pattern "/" [ "i" ]      ; \/ for /
 *   url        = ( "/" / "#" ) *( segment / "/" ) [ "?" parameter *( "&" parameter ) ]
 *                [ "#" url ]            ; {a,b} anywhere for alternatives
 *   parameter  = name *( "|" name ) "=" value *( "|" value )
 *   class      = "class=" token / token ; lower-case letters, digits, - _ .
 *
 * Without "class=" the class stands as a last word behind a quoted text, a
 * regex, an address, a user, a url or the name of words. Behind a text it is set
 * off by a tab or by two blanks; a text that ends in the name of a guarded class
 * without that is an error, and so is a bare word behind a header's name.
 *
 * Texts, quoted or not, are compared with the whole value, both as mime_normalise
 * has them. Without quotes, * in a text is one or more characters. A regex sees
 * the value as mime_decode_header leaves it. Of several fields of one name any may
 * match. Senders are compared in the canonical form of struct mailbox, so a
 * sender's regex never regards case either; "@domain" is this very domain, without
 * those below it.
 *
 * "words" names phrases for subject_has, which holds for a subject that has one of
 * them, from the start of a word to the end of one; * before or behind a phrase
 * lets the word begin earlier or go on. Lines of one name in one file add up, and
 * stand above the rules that name them.
 *
 * A url's segments are compared with those of each link of the message (links.h),
 * from any of them on, with percent-encoding undone and in any case. Behind the
 * last one anything may follow, unless the url has parameters: then the path ends
 * there, and each of them is one of the link's, in any order. * in a segment, a
 * name or a value is one or more characters. What stands behind # is compared with
 * the link's fragment in the same way.
 *
 * "!" is true of a message that has no such header, subject, link or sender.
 *
 * "pack NAME" adds the rules of the pack (packs.h); "pack *" those of all packs but
 * "any". A pack may name others.
 *
 * A message that matches several rules is taken by the first rule of a guarded
 * class, else by a Require-Recipient-Valid-Since field (rule "rrvs", class
 * password-reset), else by the first rule: no text in a message can hide a reset
 * behind another match. The first is the first in the file, and packs come behind
 * all of its own rules. Links count only where envelope and headers make the
 * message no guarded one, and the first link that does decides. A regex of a
 * guarded class that runs into the limits of match.h counts as matched (as not
 * matched behind "!").
 *
 * A header has no end of its own: of the fields that rules ask for, those beyond
 * RULES_LOOKED_MAX are not looked at, and those beyond RULES_TRIED_MAX not compared
 * with a regex; what they were to decide is then decided as by such a regex.
 */
#ifndef RESETGUARD_RULES_H
#define RESETGUARD_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "resetguard/conf.h"
#include "resetguard/err.h"
#include "resetguard/mime.h"

enum {
	RULES_FILE_MAX = 4 << 20,
	RULES_LINE_MAX = 8192,
	RULES_MAX = 32768,	    /* rules of a file and its packs */
	RULES_COMBINED_MAX = 4096,  /* of these, rules with & */
	RULES_CONDITIONS_MAX = 6,   /* of one rule */
	RULES_PENDING_MAX = 32,	    /* rules that wait for what must not come */
	RULES_NAME_MAX = 63,	    /* of a pack, or of words */
	RULES_WORDS_MAX = 8192,	    /* phrases of a file */
	RULES_HEADER_MAX = 128,	    /* a header's name */
	RULES_VALUE_MAX = 1 << 16,  /* of a decoded value; Postfix cuts headers at 60000 */
	RULES_LOOKED_MAX = 1 << 18, /* bytes of values of one message */
	RULES_TRIED_MAX = 32,	    /* values of one message compared with a regex */
	RULES_FIELD_COST = 64,	    /* bytes that a field counts for beside its value */
};

/* Compiled rules: read-only, any thread. */
struct rules;

/* How much of a message has been seen. */
enum rules_stage { RULES_AT_HEADERS, RULES_AT_BODY, RULES_AT_END };

/* What one message has matched so far: a plain value that the caller keeps, and
 * resets with rules_match_init for every message. */
struct rules_match {
	size_t taken_by; /* the best rule met so far, in order of precedence */
	bool rrvs;	 /* an RFC 7293 field was seen */
	enum rules_stage stage;
	struct mime_flaw flaw; /* of the header fields that rules have looked at */
	size_t looked;	       /* bytes of these, and RULES_FIELD_COST for each */
	unsigned tried;	       /* of these, compared with a regex */
	/* rules all of whose conditions are met but for those with "!" */
	size_t pending_count; /* may be beyond the maximum: then not all are kept */
	size_t pending[RULES_PENDING_MAX];
	/* for each rule with &, one bit for each test that is true */
	unsigned char met[RULES_COMBINED_MAX];
};

/* guard: the guarded classes; not kept. Packs are looked for in the directory
 * "packs" beside path, then where they are installed. ERR_CONFIG, also for a file
 * that cannot be read; why says "FILE:LINE:COLUMN: what is wrong; what to do", the
 * column in characters. Rules are named after the last part of their file's path.
 * The caller frees. */
MUST_CHECK enum err rules_read(const char *path, const struct conf_list *guard,
			       struct rules **rules, struct why *why);
/* Reads from memory, as if it were the file called name. It can name no packs. */
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

/* After the last header. */
void rules_match_end_headers(const struct rules *rules, struct rules_match *match);
/* False if no link could still make the message one of a guarded class. After
 * rules_match_end_headers. */
bool rules_need_body(const struct rules *rules, const struct rules_match *match);
/* A link of the body. */
void rules_match_link(const struct rules *rules, struct rules_match *match, const char *link,
		      size_t length);
/* After the last link of a body that was needed. */
void rules_match_end_body(const struct rules *rules, struct rules_match *match);

/* False if the message is taken for a guarded class, and no header to come can
 * change that class (the rule's name it may). */
bool rules_need_headers(const struct rules *rules, const struct rules_match *match);

/* How many rules there are, with those of packs. */
size_t rules_count(const struct rules *rules);

/* What may not be meant as it stands in the operator's own file, "FILE:LINE: ...", one
 * a line. NULL behind the last. */
const char *rules_warning(const struct rules *rules, size_t index);

/* The class and the rule's name ("messages:3", "rrvs") that the message is taken
 * for, or false. The strings live as long as rules. */
bool rules_match_result(const struct rules *rules, const struct rules_match *match,
			const char **class_name, const char **rule_name);

/* The line of the rule that the message is taken by, "FILE:LINE: text"; NULL for none
 * and for rrvs. */
const char *rules_match_source(const struct rules *rules, const struct rules_match *match);

/* True if the class is one of the guarded ones. */
bool rules_is_guarded(const struct rules *rules, const char *class_name);

#endif
