/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootstrap: the table of servers, sorted by suffix. How a document gets here is
 * bootstrap_load.c's.
 */
#include "resetguard/bootstrap.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "resetguard/json.h"

enum owner { OWNER_OPERATOR, OWNER_IANA };

struct entry {
	struct domain suffix;
	enum owner owner;
	size_t order;  /* as read: of two for one suffix the first counts */
	size_t server; /* index */
};

struct bootstrap {
	size_t entry_count;
	size_t entry_capacity;
	struct entry *entries; /* by owner, suffix, order */
	size_t server_count;
	size_t server_capacity;
	struct bootstrap_server *servers;
};

/* Room for one more. */
static enum err grow(void **items, size_t count, size_t *capacity, size_t size)
{
	size_t larger = *capacity == 0 ? 64 : *capacity * 2;
	void *moved;

	if (count < *capacity)
		return ERR_OK;
	moved = reallocarray(*items, larger, size);
	if (moved == NULL)
		return ERR_NO_MEMORY;
	*items = moved;
	*capacity = larger;
	return ERR_OK;
}

static enum err add_server(struct bootstrap *bootstrap, const struct bootstrap_server *server)
{
	void *servers = bootstrap->servers;
	enum err err = grow(&servers, bootstrap->server_count, &bootstrap->server_capacity,
			    sizeof(*server));

	bootstrap->servers = servers;
	if (err == ERR_OK)
		bootstrap->servers[bootstrap->server_count++] = *server;
	return err;
}

/* For the server added last. */
static enum err add_suffix(struct bootstrap *bootstrap, enum owner owner,
			   const struct domain *suffix)
{
	void *entries = bootstrap->entries;
	enum err err = grow(&entries, bootstrap->entry_count, &bootstrap->entry_capacity,
			    sizeof(struct entry));

	bootstrap->entries = entries;
	if (err != ERR_OK)
		return err;
	bootstrap->entries[bootstrap->entry_count] = (struct entry){
		.suffix = *suffix,
		.owner = owner,
		.order = bootstrap->entry_count,
		.server = bootstrap->server_count - 1,
	};
	bootstrap->entry_count++;
	return ERR_OK;
}

/* A base URL: what http follows, and "/domain/NAME" can be put behind. */
static enum err read_base(const char *url, bool allow_http, enum rdap_trust trust,
			  struct bootstrap_server *server, struct why *why)
{
	struct bootstrap_server made = {.trust = trust};
	size_t length = strlen(url);
	enum err err = http_url_host(url, allow_http, made.host, why);

	if (err != ERR_OK)
		return err;
	if (strpbrk(url, "?#") != NULL)
		return err_why(ERR_DATA, why, "%.200s: a base URL has no query and no fragment",
			       url);
	while (length > 0 && url[length - 1] == '/')
		length--;
	if (length >= sizeof(made.base))
		return err_why(ERR_DATA, why, "a URL of more than %d characters",
			       RDAP_BASE_MAX - 1);
	memcpy(made.base, url, length);
	*server = made;
	return ERR_OK;
}

/* The https one of several that say the same, else the first that can be used. */
static enum err choose_base(const struct json *urls, bool allow_http,
			    struct bootstrap_server *server)
{
	enum err found = ERR_NOT_FOUND;

	for (size_t i = 0; i < json_length(urls); i++) {
		const char *url = json_as_string(json_element(urls, i));
		bool is_https = url != NULL && strncasecmp(url, "https:", 6) == 0;
		enum err err;

		if (url == NULL || (found == ERR_OK && !is_https))
			continue;
		err = read_base(url, allow_http, RDAP_AUTHORITATIVE, server, NULL);
		if (err == ERR_NO_MEMORY)
			return err;
		if (err == ERR_OK)
			found = ERR_OK;
		if (err == ERR_OK && is_https)
			break;
	}
	return found;
}

/* [[suffix, ...], [url, ...]] */
static enum err read_service(struct bootstrap *bootstrap, const struct json *service,
			     bool allow_http)
{
	const struct json *suffixes = json_element(service, 0);
	struct bootstrap_server server;
	bool added = false;
	enum err err = choose_base(json_element(service, 1), allow_http, &server);

	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_OK : err;
	for (size_t i = 0; i < json_length(suffixes); i++) {
		const char *text = json_as_string(json_element(suffixes, i));
		struct domain suffix;

		if (text == NULL || domain_from_text(text, strlen(text), &suffix) != ERR_OK)
			continue;
		if (bootstrap->entry_count == BOOTSTRAP_SERVICES_MAX)
			return ERR_TOO_LONG;
		if (!added) {
			err = add_server(bootstrap, &server);
			if (err != ERR_OK)
				return err;
			added = true;
		}
		err = add_suffix(bootstrap, OWNER_IANA, &suffix);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

static enum err read_document(struct bootstrap *bootstrap, const char *text, size_t length,
			      bool allow_http, struct why *why)
{
	struct json *document;
	const struct json *services;
	size_t before = bootstrap->entry_count;
	enum err err = json_parse(text, length, &document, why);

	if (err != ERR_OK)
		return err;
	services = json_member(document, "services");
	if (!json_is_array(services))
		err = err_why(ERR_DATA, why, "has no array \"services\"");
	for (size_t i = 0; err == ERR_OK && i < json_length(services); i++)
		err = read_service(bootstrap, json_element(services, i), allow_http);
	if (err == ERR_TOO_LONG)
		err = err_why(ERR_DATA, why, "has more than %d entries", BOOTSTRAP_SERVICES_MAX);
	else if (err == ERR_NO_MEMORY)
		err = err_why(err, why, "%s", err_text(err));
	else if (err == ERR_OK && bootstrap->entry_count == before)
		err = err_why(ERR_DATA, why, "names no server that can be used");
	json_free(document);
	return err;
}

/* rdap_server = TLD URL [dates-only]; TLD may begin with a dot. */
static enum err read_operator(struct bootstrap *bootstrap, const struct conf *conf, struct why *why)
{
	for (size_t i = 0; i < conf->rdap_servers.count; i++) {
		const struct conf_rdap_server *line = &conf->rdap_servers.items[i];
		const char *tld = line->tld + (line->tld[0] == '.');
		struct bootstrap_server server;
		struct domain suffix;
		struct why what = {""};
		enum err err;

		if (domain_from_text(tld, strlen(tld), &suffix) != ERR_OK)
			return err_why(ERR_CONFIG, why, "rdap_server: \"%.100s\" is no domain name",
				       line->tld);
		err = read_base(line->url, conf->allow_http,
				line->dates_only ? RDAP_DATES_ONLY : RDAP_AUTHORITATIVE, &server,
				&what);
		if (err != ERR_OK)
			return err_why(err == ERR_DATA ? ERR_CONFIG : err, why, "rdap_server: %s",
				       what.text);
		err = add_server(bootstrap, &server);
		if (err == ERR_OK)
			err = add_suffix(bootstrap, OWNER_OPERATOR, &suffix);
		if (err != ERR_OK)
			return err_why(err, why, "rdap_server: %s", err_text(err));
	}
	return ERR_OK;
}

static int compare_key(const struct entry *a, const struct entry *b)
{
	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	return strcmp(a->suffix.name, b->suffix.name);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *left = a;
	const struct entry *right = b;
	int order = compare_key(left, right);

	if (order != 0)
		return order;
	return left->order < right->order ? -1 : 1;
}

static void sort_entries(struct bootstrap *bootstrap)
{
	size_t kept = 0;

	if (bootstrap->entry_count == 0)
		return;
	qsort(bootstrap->entries, bootstrap->entry_count, sizeof(struct entry), compare_entries);
	for (size_t i = 1; i < bootstrap->entry_count; i++)
		if (compare_key(&bootstrap->entries[kept], &bootstrap->entries[i]) != 0)
			bootstrap->entries[++kept] = bootstrap->entries[i];
	bootstrap->entry_count = kept + 1;
}

enum err bootstrap_parse(const char *text, size_t length, const struct conf *conf,
			 struct bootstrap **bootstrap, struct why *why)
{
	struct bootstrap *new = calloc(1, sizeof(*new));
	enum err err;

	if (new == NULL)
		return err_why(ERR_NO_MEMORY, why, "%s", err_text(ERR_NO_MEMORY));
	err = read_operator(new, conf, why);
	if (err == ERR_OK)
		err = read_document(new, text, length, conf->allow_http, why);
	if (err != ERR_OK) {
		bootstrap_free(new);
		return err;
	}
	sort_entries(new);
	*bootstrap = new;
	return ERR_OK;
}

void bootstrap_free(struct bootstrap *bootstrap)
{
	if (bootstrap == NULL)
		return;
	free(bootstrap->entries);
	free(bootstrap->servers);
	free(bootstrap);
}

struct key {
	enum owner owner;
	const char *name;
};

static int compare_with_key(const void *key, const void *entry)
{
	const struct key *wanted = key;
	const struct entry *has = entry;

	if (wanted->owner != has->owner)
		return wanted->owner < has->owner ? -1 : 1;
	return strcmp(wanted->name, has->suffix.name);
}

static const struct entry *longest_match(const struct bootstrap *bootstrap, enum owner owner,
					 const struct domain *domain)
{
	struct key key = {.owner = owner, .name = domain->name};

	for (;;) {
		const struct entry *entry =
			bsearch(&key, bootstrap->entries, bootstrap->entry_count,
				sizeof(struct entry), compare_with_key);
		const char *dot;

		if (entry != NULL)
			return entry;
		dot = strchr(key.name, '.');
		if (dot == NULL)
			return NULL;
		key.name = dot + 1;
	}
}

enum err bootstrap_find(const struct bootstrap *bootstrap, const struct domain *domain,
			struct bootstrap_server *server)
{
	const struct entry *entry = longest_match(bootstrap, OWNER_OPERATOR, domain);

	if (entry == NULL)
		entry = longest_match(bootstrap, OWNER_IANA, domain);
	if (entry == NULL)
		return ERR_NOT_FOUND;
	*server = bootstrap->servers[entry->server];
	return ERR_OK;
}
