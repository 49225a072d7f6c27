/* SPDX-License-Identifier: BSD-2-Clause */
/* fastly: what Fastly's Domain Research API says of a domain. */
#include "resetguard/fastly.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "resetguard/json.h"
#include "resetguard/key_file.h"

enum { WORD_MAX = 32 };

/* ---- the key ---- */

enum err fastly_header_read(const char *path, char header[FASTLY_HEADER_MAX], struct why *why)
{
	char key[KEY_FILE_MAX + 1];
	enum err err = key_file_read("fastly_key_file", path, key, why);

	if (err == ERR_OK)
		snprintf(header, FASTLY_HEADER_MAX, "Fastly-Key: %s", key);
	explicit_bzero(key, sizeof key);
	return err;
}

/* ---- the question ---- */

enum err fastly_url(const char *base, const struct domain *domain, char url[HTTP_URL_MAX])
{
	char made[HTTP_URL_MAX];
	int length = snprintf(made, sizeof(made), "%s%cdomain=%s", base,
			      strchr(base, '?') == NULL ? '?' : '&', domain->name);

	if (length < 0 || (size_t)length >= sizeof(made))
		return ERR_TOO_LONG;
	memcpy(url, made, (size_t)length + 1);
	return ERR_OK;
}

/* ---- the answer ---- */

static void make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e)
			*text = '?';
}

static void failed(struct observation *observation, const char *format, ...) PRINTF_LIKE(2, 3);
static void failed(struct observation *observation, const char *format, ...)
{
	va_list arguments;

	observation->answer = OBSERVATION_FAILED;
	va_start(arguments, format);
	(void)vsnprintf(observation->error, sizeof(observation->error), format, arguments);
	va_end(arguments);
	make_printable(observation->error);
}

/* What a word says of the life of the domain. */
enum life {
	LIFE_NOTHING, /* nothing by itself */
	LIFE_AVAILABLE,
	LIFE_REGISTERED,
	LIFE_EXPIRING,
	LIFE_DELETING,
	LIFE_UNKNOWN,
};

struct word {
	const char *text;
	enum life life;
	bool for_sale;	   /* by its holder: it has one */
	bool names_no_one; /* not a name that anybody may hold: at odds with "available" */
};

static const struct word words[] = {
	{"inactive", LIFE_AVAILABLE, false, false},
	{"active", LIFE_REGISTERED, false, false},
	{"parked", LIFE_REGISTERED, false, false},
	{"expiring", LIFE_EXPIRING, false, false},
	{"deleting", LIFE_DELETING, false, false},
	{"unknown", LIFE_UNKNOWN, false, false},
	{"undelegated", LIFE_NOTHING, false, false},
	{"marketed", LIFE_NOTHING, true, false},
	{"priced", LIFE_NOTHING, true, false},
	{"transferable", LIFE_NOTHING, true, false},
	{"premium", LIFE_NOTHING, false, false},
	{"claimed", LIFE_NOTHING, false, true},
	{"reserved", LIFE_NOTHING, false, true},
	{"disallowed", LIFE_NOTHING, false, true},
	{"dpml", LIFE_NOTHING, false, true},
	{"invalid", LIFE_NOTHING, false, true},
	{"suffix", LIFE_NOTHING, false, true},
	{"zone", LIFE_NOTHING, false, true},
	{"tld", LIFE_NOTHING, false, true},
};

static const struct word *find_word(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].text) == length && strncmp(words[i].text, text, length) == 0)
			return &words[i];
	return NULL;
}

/* The words of a status, taken together. */
struct meaning {
	enum life life; /* of the last word that has one */
	bool available;
	bool registered;
	bool undelegated;
	bool parked;
	bool for_sale;
	bool names_no_one;
	bool unknown; /* the last word is not one of ours, or some word is "unknown" */
};

static struct meaning read_status(const char *status)
{
	static const char blanks[] = " \t\r\n";
	struct meaning meaning = {.life = LIFE_NOTHING};
	bool last_is_known = false;
	bool says_unknown = false;

	for (const char *at = status + strspn(status, blanks); *at != '\0';
	     at += strspn(at, blanks)) {
		size_t length = strcspn(at, blanks);
		const struct word *word = length < WORD_MAX ? find_word(at, length) : NULL;

		at += length;
		last_is_known = word != NULL;
		if (word == NULL)
			continue;
		if (word->life != LIFE_NOTHING)
			meaning.life = word->life;
		says_unknown |= word->life == LIFE_UNKNOWN;
		meaning.available |= word->life == LIFE_AVAILABLE;
		meaning.registered |= word->life == LIFE_REGISTERED;
		meaning.undelegated |= strcmp(word->text, "undelegated") == 0;
		meaning.parked |= strcmp(word->text, "parked") == 0;
		meaning.for_sale |= word->for_sale;
		meaning.names_no_one |= word->names_no_one;
	}
	meaning.unknown = says_unknown || !last_is_known;
	if (meaning.life == LIFE_NOTHING && meaning.for_sale)
		meaning.life = LIFE_REGISTERED;
	return meaning;
}

static bool contradicts_itself(const struct meaning *meaning)
{
	return meaning->available &&
	       (meaning->registered || meaning->for_sale || meaning->names_no_one ||
		meaning->life != LIFE_AVAILABLE);
}

static void observe_status(const char *status, struct observation *observation)
{
	const struct meaning meaning = read_status(status);

	observation->answer = OBSERVATION_OBJECT;
	if (meaning.unknown || contradicts_itself(&meaning)) {
		failed(observation, "%.80s cannot tell: status \"%.80s\"", observation->host,
		       status);
		return;
	}
	switch (meaning.life) {
	case LIFE_AVAILABLE:
		observation->answer = OBSERVATION_NOT_THERE;
		break;
	case LIFE_REGISTERED:
		observation->state = meaning.undelegated ? STATE_HELD : STATE_REGISTERED;
		observation->ns_parked = meaning.parked;
		break;
	case LIFE_EXPIRING:
		observation->state = STATE_REDEMPTION;
		break;
	case LIFE_DELETING:
		observation->state = STATE_PENDING_DELETE;
		break;
	case LIFE_NOTHING:
	case LIFE_UNKNOWN:
		failed(observation, "%.80s cannot tell: status \"%.80s\"", observation->host,
		       status);
		return;
	}
	snprintf(observation->evidence, sizeof(observation->evidence), "status=[%.200s]", status);
	make_printable(observation->evidence);
}

static bool is_about(const struct json *body, const struct domain *domain)
{
	const char *text = json_as_string(json_member(body, "domain"));
	struct domain about;

	return text != NULL && domain_from_text(text, strlen(text), &about) == ERR_OK &&
	       domain_equal(&about, domain);
}

/* A document about a problem (RFC 9457) has a number where an answer has words. 0: none. */
static int problem_status(const struct json *body)
{
	int64_t status = 0;

	if (!json_as_integer(json_member(body, "status"), &status))
		return 0;
	return status > 0 && status < 1000 ? (int)status : -1;
}

static bool status_refuses_key(int status)
{
	return status == 401 || status == 403;
}

static void throttled(struct observation *observation, const char *how)
{
	failed(observation, "%.100s limits our queries: %s", observation->host, how);
	observation->throttled = true;
}

static void observe_problem(const struct http_reply *reply, int problem,
			    struct observation *observation)
{
	int status = problem > 0 && reply->status == 200 ? problem : reply->status;
	char how[80];

	snprintf(how, sizeof(how), "HTTP status %d", reply->status);
	if (problem != 0 && problem != reply->status)
		snprintf(how, sizeof(how), "HTTP status %d, problem %d", reply->status, problem);
	if (problem > 0 && status_refuses_key(status))
		failed(observation, "%.100s: the key is refused: %s (see fastly_key_file)",
		       observation->host, how);
	else if (status == 429 || (status == 403 && problem == 0))
		throttled(observation, how);
	else
		failed(observation, "%.100s: %s", observation->host, how);
}

static void observe_document(const struct domain *domain, const struct http_reply *reply,
			     const struct json *body, const struct why *why,
			     struct observation *observation)
{
	const char *status = json_as_string(json_member(body, "status"));
	int problem = problem_status(body);

	if (reply->status >= 300 && reply->status < 400)
		failed(observation, "%.100s: HTTP status %d; redirects are not followed with a key",
		       observation->host, reply->status);
	else if (reply->status != 200 || problem != 0)
		observe_problem(reply, problem, observation);
	else if (!json_is_object(body))
		failed(observation, "%.100s: reply %.80s", observation->host,
		       why->text[0] != '\0' ? why->text : "is not an object");
	else if (!is_about(body, domain))
		failed(observation, "%.100s: reply is about another name", observation->host);
	else if (status == NULL)
		failed(observation, "%.100s: reply has no status", observation->host);
	else
		observe_status(status, observation);
}

void fastly_observe(const struct domain *domain, const struct http_reply *reply, int64_t now,
		    struct observation *observation)
{
	struct json *body = NULL;
	struct why why = {""};

	memset(observation, 0, sizeof(*observation));
	observation->source = SOURCE_FASTLY;
	observation->at = now;
	observation->answer = OBSERVATION_FAILED;
	snprintf(observation->host, sizeof(observation->host), "%s", reply->host);
	if (reply->failure != HTTP_DONE) {
		failed(observation, "%s",
		       reply->why.text[0] != '\0' ? reply->why.text
						  : http_failure_text(reply->failure));
		return;
	}
	if (json_parse(reply->body, reply->length, &body, &why) != ERR_OK)
		body = NULL;
	observe_document(domain, reply, body, &why, observation);
	if (observation->answer == OBSERVATION_FAILED)
		observation->retry_after = reply->retry_after;
	json_free(body);
}

bool fastly_refuses_key(const struct http_reply *reply)
{
	struct json *body = NULL;
	struct why why;
	bool refuses;

	if (reply->failure != HTTP_DONE ||
	    json_parse(reply->body, reply->length, &body, &why) != ERR_OK)
		return false;
	refuses = problem_status(body) > 0 &&
		  status_refuses_key(reply->status == 200 ? problem_status(body) : reply->status);
	json_free(body);
	return refuses;
}
