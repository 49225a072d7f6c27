/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rdap_object: lenient in what servers add, leave out or spell in their own way;
 * strict in what the object is about and in the types of what is read, because a
 * status that was overlooked would be a wrong accept.
 */
#include "resetguard/rdap_object.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resetguard/addresses.h"
#include "resetguard/time.h"

enum {
	NAME_SERVERS_MAX = 64,
	ENTITY_DEPTH_MAX = 8,
	TOKEN_MAX = 64,
};

/* What the statuses say, together. */
struct statuses {
	bool redemption;
	bool pending_delete;
	bool held;
	bool grace;
	bool free;
};

struct name_servers {
	size_t count; /* 0 if more than the maximum are shown */
	struct domain items[NAME_SERVERS_MAX];
};

/* --------------------------------------------------------- members and types */

/* Absent, or null, which some servers write for absent. */
static bool is_absent(const struct json *value)
{
	int64_t integer;

	return value == NULL ||
	       (!json_is_object(value) && !json_is_array(value) && json_as_string(value) == NULL &&
		!json_as_integer(value, &integer));
}

/* The array called name, or NULL where there is none. */
static enum err array_member(const struct json *object, const char *name, const struct json **array,
			     struct why *why)
{
	const struct json *member = json_member(object, name);

	if (!is_absent(member) && !json_is_array(member))
		return err_why(ERR_DATA, why, "is malformed: \"%s\" is not an array", name);
	*array = json_is_array(member) ? member : NULL;
	return ERR_OK;
}

/* The elements of the array called name must be objects. */
static enum err array_of_objects(const struct json *object, const char *name,
				 const struct json **array, struct why *why)
{
	enum err err = array_member(object, name, array, why);

	for (size_t i = 0; err == ERR_OK && i < json_length(*array); i++)
		if (!json_is_object(json_element(*array, i)))
			err = err_why(ERR_DATA, why,
				      "is malformed: element %zu of \"%s\" is not an object", i,
				      name);
	return err;
}

static bool text_is(const struct json *value, const char *wanted)
{
	const char *text = json_as_string(value);

	return text != NULL && strcasecmp(text, wanted) == 0;
}

/* EPP writes redemptionPeriod, RDAP "redemption period", servers also
 * "REDEMPTION-PERIOD ": letters and digits alone are compared. A link behind them,
 * as in "clientHold https://icann.org/epp#clientHold", does not count. */
static void letters_of(const char *text, char letters[TOKEN_MAX])
{
	size_t length = 0;

	for (; *text != '\0' && length < TOKEN_MAX - 1; text++) {
		if ((*text == 'h' || *text == 'H') && (strncasecmp(text, "http://", 7) == 0 ||
						       strncasecmp(text, "https://", 8) == 0))
			break;
		if (isalnum((unsigned char)*text))
			letters[length++] = (char)tolower((unsigned char)*text);
	}
	letters[length] = '\0';
}

/* ------------------------------------------------------------------ evidence */

/* Appends, and cuts at the maximum. What a server wrote is shown on terminals
 * and in logs: only printable ASCII. */
static void evidence_add(char *evidence, const char *text)
{
	size_t used = strlen(evidence);

	for (; *text != '\0' && used < HISTORY_EVIDENCE_MAX; text++)
		evidence[used++] = *text < 0x20 || *text > 0x7e ? '?' : *text;
	evidence[used] = '\0';
}

/* ------------------------------------------------------------------ statuses */

static enum err read_statuses(const struct json *object, struct statuses *statuses, char *evidence,
			      struct why *why)
{
	static const struct {
		const char *letters;
		size_t flag;
	} known[] = {
		{"redemptionperiod", offsetof(struct statuses, redemption)},
		{"pendingrestore", offsetof(struct statuses, redemption)},
		{"pendingdelete", offsetof(struct statuses, pending_delete)},
		{"clienthold", offsetof(struct statuses, held)},
		{"serverhold", offsetof(struct statuses, held)},
		{"inactive", offsetof(struct statuses, held)},
		{"autorenewperiod", offsetof(struct statuses, grace)},
		{"free", offsetof(struct statuses, free)},
	};
	const struct json *array;
	char letters[TOKEN_MAX];
	enum err err = array_member(object, "status", &array, why);

	if (err != ERR_OK)
		return err;
	evidence_add(evidence, "status=[");
	for (size_t i = 0; i < json_length(array); i++) {
		const char *text = json_as_string(json_element(array, i));

		if (text == NULL)
			return err_why(ERR_DATA, why,
				       "is malformed: a status that is not a string");
		letters_of(text, letters);
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (strcmp(letters, known[k].letters) == 0)
				*(bool *)((char *)statuses + known[k].flag) = true;
		if (i > 0)
			evidence_add(evidence, ", ");
		evidence_add(evidence, text);
	}
	evidence_add(evidence, "]");
	return ERR_OK;
}

/* -------------------------------------------------------------------- events */

/* registration: of several, the latest. expiration: of several, the soonest.
 * "registrar expiration" is not the registry's, and "reregistration" is what some
 * registries call every renewal: neither proves anything. A registration that
 * has not happened yet is a server's mistake, and what is on file never moves
 * back: it counts as not shown. */
static enum err read_events(const struct json *object, int64_t now, int64_t *registered_at,
			    int64_t *expires_at, struct why *why)
{
	const struct json *array;
	enum err err = array_of_objects(object, "events", &array, why);

	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < json_length(array); i++) {
		const struct json *event = json_element(array, i);
		const char *action = json_as_string(json_member(event, "eventAction"));
		const char *date = json_as_string(json_member(event, "eventDate"));
		char letters[TOKEN_MAX];
		int64_t moment;

		if (action == NULL || date == NULL || time_parse_lenient(date, &moment) != ERR_OK)
			continue;
		letters_of(action, letters);
		if (strcmp(letters, "registration") == 0 && moment > *registered_at &&
		    moment <= now + TIME_DAY)
			*registered_at = moment;
		if (strcmp(letters, "expiration") == 0 &&
		    (*expires_at == 0 || moment < *expires_at))
			*expires_at = moment;
	}
	return ERR_OK;
}

/* ------------------------------------------------------------------ entities */

static enum err registrar_of(const struct json *entity, uint32_t *registrar_id, struct why *why)
{
	const struct json *roles;
	const struct json *ids;
	bool is_registrar = false;
	enum err err = array_member(entity, "roles", &roles, why);

	if (err == ERR_OK)
		err = array_member(entity, "publicIds", &ids, why);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; i < json_length(roles); i++)
		is_registrar = is_registrar || text_is(json_element(roles, i), "registrar");
	for (size_t i = 0; is_registrar && i < json_length(ids); i++) {
		const struct json *id = json_element(ids, i);
		const char *text = json_as_string(json_member(id, "identifier"));
		int64_t number = 0;

		if (!text_is(json_member(id, "type"), "IANA Registrar ID"))
			continue;
		if (text != NULL)
			number = strtoll(text, NULL, 10);
		else
			(void)json_as_integer(json_member(id, "identifier"), &number);
		if (number > 0 && number <= UINT32_MAX)
			*registrar_id = (uint32_t)number;
	}
	return ERR_OK;
}

/* Walks all entities, those within entities too, though only the outermost may
 * be the domain's registrar: one that is misshapen throws doubt on the whole. */
static enum err read_entities(const struct json *object, unsigned depth, uint32_t *registrar_id,
			      struct why *why)
{
	const struct json *array;
	uint32_t inner = 0;
	enum err err = array_of_objects(object, "entities", &array, why);

	if (err == ERR_OK && depth == ENTITY_DEPTH_MAX && json_length(array) > 0)
		return err_why(ERR_DATA, why, "is malformed: entities nested deeper than %d",
			       ENTITY_DEPTH_MAX);
	for (size_t i = 0; err == ERR_OK && i < json_length(array); i++) {
		const struct json *entity = json_element(array, i);

		err = registrar_of(entity, depth == 0 ? registrar_id : &inner, why);
		if (err == ERR_OK)
			err = read_entities(entity, depth + 1, registrar_id, why);
	}
	return err;
}

/* -------------------------------------------------------------- name servers */

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct domain *)a)->name, ((const struct domain *)b)->name);
}

static enum err read_name_servers(const struct json *object, struct name_servers *servers,
				  struct why *why)
{
	const struct json *array;
	enum err err = array_of_objects(object, "nameservers", &array, why);

	servers->count = 0;
	if (err != ERR_OK || json_length(array) > NAME_SERVERS_MAX)
		return err;
	for (size_t i = 0; i < json_length(array); i++) {
		const struct json *server = json_element(array, i);
		const char *name = json_as_string(json_member(server, "ldhName"));

		if (name == NULL || name[0] == '\0')
			name = json_as_string(json_member(server, "unicodeName"));
		if (name != NULL &&
		    domain_from_text(name, strlen(name), &servers->items[servers->count]) == ERR_OK)
			servers->count++;
	}
	qsort(servers->items, servers->count, sizeof(servers->items[0]), compare_names);
	return ERR_OK;
}

static void observe_name_servers(const struct name_servers *servers,
				 const struct rdap_parking *parking,
				 struct observation *observation)
{
	char joined[NAME_SERVERS_MAX * (DOMAIN_MAX + 1)];
	size_t length = 0;

	evidence_add(observation->evidence, " ns=[");
	for (size_t i = 0; i < servers->count; i++) {
		const struct domain *server = &servers->items[i];

		if (i > 0 && domain_equal(server, server - 1))
			continue;
		memcpy(joined + length, server->name, server->length);
		length += server->length;
		joined[length++] = ' ';
		if (i > 0)
			evidence_add(observation->evidence, " ");
		evidence_add(observation->evidence, server->name);
		if (parking != NULL && rdap_parking_has(parking, server))
			observation->ns_parked = true;
	}
	evidence_add(observation->evidence, "]");
	observation->ns_hash = addresses_text_hash(joined, length);
}

/* -------------------------------------------------------------- domain objects */

static enum err check_name(const struct json *object, const struct domain *domain, struct why *why)
{
	/* unicodeName is for people, and has been seen mangled: it counts only
	 * where nothing else names the object. */
	const char *text = json_as_string(json_member(object, "ldhName"));
	struct domain named;

	if (text == NULL || text[0] == '\0')
		text = json_as_string(json_member(object, "unicodeName"));
	if (text == NULL)
		return err_why(ERR_DATA, why, "is malformed: a domain object without a name");
	if (domain_from_text(text, strlen(text), &named) != ERR_OK)
		return err_why(ERR_DATA, why, "is about \"%.100s\", which is no domain name", text);
	if (!domain_equal(&named, domain))
		return err_why(ERR_DATA, why, "is about another name, %.253s", named.name);
	return ERR_OK;
}

/* In the order of what is worse for a mailbox there. */
static enum state state_of(const struct statuses *statuses, const struct observation *observation,
			   int64_t now)
{
	bool past_expiry = observation->expires_at != 0 && observation->expires_at <= now;

	if (statuses->redemption)
		return STATE_REDEMPTION;
	if (statuses->pending_delete)
		return STATE_PENDING_DELETE;
	if (statuses->held)
		return STATE_HELD;
	if (statuses->grace || past_expiry)
		return STATE_GRACE; /* parked or not: facts_apply weighs that */
	return STATE_REGISTERED;
}

static void evidence_of_facts(struct observation *observation, const char *handle)
{
	char *evidence = observation->evidence;
	char text[80];

	if (observation->registered_at != 0) {
		evidence_add(evidence, " registered=");
		evidence_add(evidence, time_format(observation->registered_at).text);
	}
	if (observation->expires_at != 0) {
		evidence_add(evidence, " expires=");
		evidence_add(evidence, time_format(observation->expires_at).text);
	}
	if (observation->registrar_id != 0) {
		snprintf(text, sizeof(text), " registrar=%u", observation->registrar_id);
		evidence_add(evidence, text);
	}
	if (handle[0] != '\0') {
		snprintf(text, sizeof(text), " handle=%.64s", handle);
		evidence_add(evidence, text);
	}
}

enum err rdap_object_read(const struct json *object, const struct domain *domain,
			  const struct rdap_parking *parking, int64_t now,
			  struct observation *observation, struct why *why)
{
	struct observation seen = {.source = SOURCE_RDAP, .answer = OBSERVATION_OBJECT, .at = now};
	struct statuses statuses = {0};
	struct name_servers servers;
	const char *handle = json_as_string(json_member(object, "handle"));
	enum err err;

	if (!text_is(json_member(object, "objectClassName"), "domain"))
		return err_why(ERR_DATA, why, "is not a domain object");
	err = check_name(object, domain, why);
	if (err == ERR_OK)
		err = read_statuses(object, &statuses, seen.evidence, why);
	if (err == ERR_OK)
		err = read_events(object, now, &seen.registered_at, &seen.expires_at, why);
	if (err == ERR_OK)
		err = read_entities(object, 0, &seen.registrar_id, why);
	if (err == ERR_OK)
		err = read_name_servers(object, &servers, why);
	if (err != ERR_OK)
		return err;

	if (handle == NULL)
		handle = "";
	seen.handle_hash = addresses_text_hash(handle, strlen(handle));
	evidence_of_facts(&seen, handle);
	observe_name_servers(&servers, parking, &seen);
	seen.state = state_of(&statuses, &seen, now);
	if (statuses.free) {
		seen.answer = OBSERVATION_NOT_THERE;
		seen.state = STATE_UNKNOWN;
	}
	*observation = seen;
	return ERR_OK;
}
