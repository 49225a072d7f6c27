/* SPDX-License-Identifier: BSD-2-Clause */
/* milters: the lists of milters in Postfix's configuration, as values. */
#include "milters.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char separators[] = ", \t\r\n";

static bool copy_text(char *to, size_t size, const char *text, size_t length)
{
	if (length >= size)
		return false;
	memcpy(to, text, length);
	to[length] = '\0';
	return true;
}

/* ---- lists ---- */

/* The next element: up to a separator that is in no braces. Length 0: there is none.
 * False: braces do not match. */
static bool next_element(const char **at, size_t *length)
{
	const char *text = *at + strspn(*at, separators);
	unsigned depth = 0;
	size_t i;

	for (i = 0; text[i] != '\0'; i++) {
		if (depth == 0 && strchr(separators, text[i]) != NULL)
			break;
		if (text[i] == '{' || text[i] == '(')
			depth++;
		else if ((text[i] == '}' || text[i] == ')') && depth-- == 0)
			return false;
	}
	*at = text;
	*length = i;
	return depth == 0;
}

/* What is within the braces about it, without blanks about that; the element itself
 * where there are none. */
static void strip_braces(const char **text, size_t *length)
{
	if (*length < 2 || (*text)[0] != '{' || (*text)[*length - 1] != '}')
		return;
	(*text)++;
	*length -= 2;
	while (*length > 0 && strchr(separators, (*text)[0]) != NULL) {
		(*text)++;
		(*length)--;
	}
	while (*length > 0 && strchr(separators, (*text)[*length - 1]) != NULL)
		(*length)--;
}

/* NAME=VALUE or { NAME = VALUE }. */
static bool read_attribute(const char *text, size_t length, struct milters_entry *entry)
{
	const struct {
		const char *name;
		char *value;
	} attributes[] = {
		{"default_action", entry->default_action},
		{"command_timeout", entry->command_timeout},
	};
	const char *equals;
	size_t name_length;

	strip_braces(&text, &length);
	equals = memchr(text, '=', length);
	if (equals == NULL)
		return false;
	name_length = (size_t)(equals - text);
	while (name_length > 0 && strchr(separators, text[name_length - 1]) != NULL)
		name_length--;
	equals++;
	while (equals < text + length && strchr(separators, *equals) != NULL)
		equals++;
	for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
		if (strlen(attributes[i].name) == name_length &&
		    strncmp(attributes[i].name, text, name_length) == 0)
			return copy_text(attributes[i].value, MILTERS_ATTRIBUTE_MAX, equals,
					 (size_t)(text + length - equals));
	}
	return true;
}

static enum err read_entry(const char *text, size_t length, struct milters_entry *entry)
{
	char inner[sizeof entry->text];
	const char *at = inner;

	*entry = (struct milters_entry){.text = ""};
	if (!copy_text(entry->text, sizeof entry->text, text, length))
		return ERR_DATA;
	strip_braces(&text, &length);
	memcpy(inner, text, length);
	inner[length] = '\0';
	if (!next_element(&at, &length) || length == 0)
		return ERR_DATA;
	copy_text(entry->endpoint, sizeof entry->endpoint, at, length);
	for (at += length; next_element(&at, &length) && length > 0; at += length) {
		if (!read_attribute(at, length, entry))
			return ERR_DATA;
	}
	return *at == '\0' ? ERR_OK : ERR_DATA;
}

enum err milters_parse(const char *value, struct milters *milters)
{
	const char *at = value;
	size_t length;

	milters->count = 0;
	while (next_element(&at, &length)) {
		if (length == 0)
			return ERR_OK;
		if (milters->count == MILTERS_MAX ||
		    read_entry(at, length, &milters->entries[milters->count]) != ERR_OK)
			return ERR_DATA;
		milters->entries[milters->count++].offset = (size_t)(at - value);
		at += length;
	}
	return ERR_DATA;
}

bool milters_refer_to(const struct milters *milters, const char *parameter)
{
	size_t length = strlen(parameter);

	for (size_t i = 0; i < milters->count; i++) {
		const char *name = milters->entries[i].endpoint;
		const char *close = name[1] == '{' ? "}" : name[1] == '(' ? ")" : "";

		if (name[0] != '$')
			continue;
		name += close[0] == '\0' ? 1 : 2;
		if (strncmp(name, parameter, length) == 0 && strcmp(name + length, close) == 0)
			return true;
	}
	return false;
}

/* ---- sockets ---- */

static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* Without the brackets of an IPv6 address. */
static bool copy_host(char host[DOMAIN_MAX + 1], const char *text, size_t length)
{
	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	return copy_text(host, DOMAIN_MAX + 1, text, length);
}

/* One slash where there are several. */
static bool copy_path(char path[PATH_MAX], const char *text)
{
	size_t length = 0;

	for (; *text != '\0'; text++) {
		if (text[0] == '/' && text[1] == '/')
			continue;
		if (length + 1 >= PATH_MAX)
			return false;
		path[length++] = *text;
	}
	path[length] = '\0';
	return true;
}

enum err milters_socket_read(const char *socket, struct milters_socket *read)
{
	struct milters_socket result = {.path = ""};
	const char *path = after(socket, "unix:");
	const char *at = strchr(socket, '@');
	const char *port = after(socket, "inet:");

	if (port == NULL)
		port = after(socket, "inet6:");
	if (path != NULL) {
		if (!copy_path(result.path, path))
			return ERR_NOT_FOUND;
	} else if (port == NULL || at == NULL || !copy_host(result.host, at + 1, strlen(at + 1)) ||
		   !copy_text(result.port, sizeof result.port, port, (size_t)(at - port))) {
		return ERR_NOT_FOUND;
	}
	*read = result;
	return ERR_OK;
}

static bool is_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
	       strcmp(host, "::1") == 0;
}

static bool is_any(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static bool inet_is_ours(const char *endpoint, const struct milters_socket *socket)
{
	const char *place = after(endpoint, "inet:");
	const char *colon = place == NULL ? NULL : strrchr(place, ':');
	char host[DOMAIN_MAX + 1];

	if (colon == NULL || socket->path[0] != '\0' || strcmp(colon + 1, socket->port) != 0 ||
	    !copy_host(host, place, (size_t)(colon - place)))
		return false;
	return strcasecmp(host, socket->host) == 0 || is_any(socket->host) ||
	       (is_loopback(host) && is_loopback(socket->host));
}

static bool join(const char *directory, const char *path, char joined[PATH_MAX])
{
	char text[PATH_MAX];
	int length = snprintf(text, sizeof text, "%s/%s", directory, path);

	return length >= 0 && (size_t)length < sizeof text && copy_path(joined, text);
}

bool milters_path(const char *endpoint, const struct milters_view *view, char path[PATH_MAX])
{
	const char *named = after(endpoint, "unix:");

	if (named == NULL)
		return false;
	if (named[0] == '/' && !view->chrooted)
		return copy_path(path, named);
	return join(view->queue_directory, named, path);
}

enum milters_fit milters_fit(const struct milters_entry *entry, const struct milters_socket *socket,
			     const struct milters_view *view)
{
	struct milters_view other = {view->queue_directory, !view->chrooted};
	char path[PATH_MAX];

	if (inet_is_ours(entry->endpoint, socket))
		return MILTERS_OURS;
	if (socket->path[0] == '\0' || !milters_path(entry->endpoint, view, path))
		return MILTERS_OTHER;
	if (strcmp(path, socket->path) == 0)
		return MILTERS_OURS;
	return milters_path(entry->endpoint, &other, path) && strcmp(path, socket->path) == 0
		       ? MILTERS_ASTRAY
		       : MILTERS_OTHER;
}

enum err milters_name(const struct milters_socket *socket, const struct milters_view *view,
		      char endpoint[MILTERS_ENTRY_SIZE])
{
	char queue[PATH_MAX];
	const char *inside;
	const char *host = is_any(socket->host) ? "127.0.0.1" : socket->host;
	bool is_v6 = strchr(host, ':') != NULL;
	int length;

	if (socket->path[0] == '\0') {
		length = snprintf(endpoint, MILTERS_ENTRY_SIZE, "inet:%s%s%s:%s", is_v6 ? "[" : "",
				  host, is_v6 ? "]" : "", socket->port);
		return length < MILTERS_ENTRY_SIZE ? ERR_OK : ERR_TOO_LONG;
	}
	if (!join(view->queue_directory, "/", queue))
		return ERR_TOO_LONG;
	inside = after(socket->path, queue);
	if (inside == NULL && view->chrooted)
		return ERR_UNAVAILABLE;
	length = snprintf(endpoint, MILTERS_ENTRY_SIZE, "unix:%s",
			  inside == NULL ? socket->path : inside);
	return length < MILTERS_ENTRY_SIZE ? ERR_OK : ERR_TOO_LONG;
}

/* ---- a list with ours ---- */

struct writer {
	size_t length;
	bool cut;
	char *text;
};

static void write_text(struct writer *writer, const char *text, size_t length)
{
	if (length >= MILTERS_VALUE_MAX - writer->length) {
		writer->cut = true;
		return;
	}
	memcpy(writer->text + writer->length, text, length);
	writer->length += length;
	writer->text[writer->length] = '\0';
}

/* The next attribute but for default_action, from *at on. */
static bool next_kept(const char **at, size_t *length)
{
	while (next_element(at, length) && *length > 0) {
		struct milters_entry read = {.text = ""};

		if (!read_attribute(*at, *length, &read) || read.default_action[0] == '\0')
			return true;
		*at += *length;
	}
	return false;
}

/* action alone is changed of an entry with braces of its own; the other attributes are
 * the operator's. */
static void write_entry(struct writer *writer, const struct milters_entry *old,
			const char *endpoint, const char *action)
{
	char inner[MILTERS_ENTRY_SIZE] = "";
	const char *attributes = inner;
	const char *at;
	size_t length;
	bool braces;

	if (old != NULL && old->text[0] == '{') {
		const char *text = old->text;

		length = strlen(text);
		strip_braces(&text, &length);
		memcpy(inner, text, length);
		attributes = inner + strlen(old->endpoint);
	}
	at = attributes;
	braces = action[0] != '\0' || next_kept(&at, &length);
	if (braces)
		write_text(writer, "{ ", 2);
	write_text(writer, endpoint, strlen(endpoint));
	for (at = attributes; next_kept(&at, &length); at += length) {
		write_text(writer, ", ", 2);
		write_text(writer, at, length);
	}
	if (action[0] != '\0') {
		write_text(writer, ", default_action=", sizeof ", default_action=" - 1);
		write_text(writer, action, strlen(action));
	}
	if (braces)
		write_text(writer, " }", 2);
}

enum err milters_with(const char *value, const char *endpoint, const char *action,
		      const struct milters_socket *socket, const struct milters_view *view,
		      char with[MILTERS_VALUE_MAX])
{
	struct milters milters;
	struct writer writer = {.text = with};
	const char *at = value;
	bool written = false;

	if (milters_parse(value, &milters) != ERR_OK)
		return ERR_DATA;
	with[0] = '\0';
	for (size_t i = 0; i < milters.count; i++) {
		const struct milters_entry *entry = &milters.entries[i];
		const char *start = value + entry->offset;

		if (milters_fit(entry, socket, view) == MILTERS_OTHER)
			continue;
		/* Of two, the first one stays. */
		write_text(&writer, at, (size_t)(start - at));
		at = start + strlen(entry->text);
		if (!written)
			write_entry(&writer, entry, endpoint, action);
		else
			at += strspn(at, separators);
		written = true;
	}
	if (!written) {
		const char *separator = milters.count == 0	     ? ""
					: strchr(value, ',') == NULL ? " "
								     : ", ";
		write_entry(&writer, NULL, endpoint, action);
		write_text(&writer, separator, strlen(separator));
	}
	write_text(&writer, at, strlen(at));
	return writer.cut ? ERR_TOO_LONG : ERR_OK;
}

/* ---- other lists ---- */

bool milters_words_have(const char *words, const char *word)
{
	size_t wanted = strlen(word);

	for (words += strspn(words, separators); *words != '\0';) {
		size_t length = strcspn(words, separators);

		if (length == wanted && strncmp(words, word, length) == 0)
			return true;
		words += length;
		words += strspn(words, separators);
	}
	return false;
}
