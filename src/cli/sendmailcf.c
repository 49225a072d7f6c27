/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmailcf: the milters in Sendmail's configuration. */
#include "sendmailcf.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void copy(char *to, size_t size, const char *text, size_t length)
{
	snprintf(to, size, "%.*s", (int)length, text);
}

/* The value of NAME=VALUE among what follows an X line's name; 0: there is none. */
static size_t find_equate(const char *line, size_t length, char name, const char **value)
{
	for (size_t i = 0; i < length; i++) {
		size_t start = i + strspn(line + i, ", \t");
		size_t end;

		if (start >= length)
			return 0;
		for (end = start; end < length && line[end] != ','; end++)
			;
		if (line[start] == name && start + 1 < end && line[start + 1] == '=') {
			*value = line + start + 2;
			return end - start - 2;
		}
		i = end;
	}
	return 0;
}

/* unix:PATH, local:PATH, inet:PORT@HOST, inet6:PORT@HOST, or a bare path. */
static bool is_ours(const char *text, size_t length, const struct milters_socket *socket)
{
	struct milters_socket read;
	char written[PATH_MAX];
	char *at;

	if (length >= sizeof written)
		return false;
	copy(written, sizeof written, text, length);
	if (socket->path[0] != '\0') {
		at = strchr(written, ':');
		return strcmp(at == NULL ? written : at + 1, socket->path) == 0;
	}
	return milters_socket_read(written, &read) == ERR_OK &&
	       strcmp(read.port, socket->port) == 0 &&
	       (strcasecmp(read.host, socket->host) == 0 || strcmp(socket->host, "0.0.0.0") == 0 ||
		strcmp(socket->host, "::") == 0);
}

static void take_filter(struct sendmailcf *cf, const char *line, size_t length,
			const struct milters_socket *socket)
{
	size_t name_length = strcspn(line, ", \t\n");
	const char *value = NULL;
	size_t value_length = find_equate(line + name_length, length - name_length, 'S', &value);

	if (value_length == 0 || !is_ours(value, value_length, socket))
		return;
	copy(cf->name, sizeof cf->name, line, name_length);
	value_length = find_equate(line + name_length, length - name_length, 'F', &value);
	copy(cf->flags, sizeof cf->flags, value == NULL ? "" : value, value_length);
}

struct sendmailcf sendmailcf_read(const char *text, const struct milters_socket *socket)
{
	static const char option[] = "O InputMailFilters=";
	struct sendmailcf cf = {.name = ""};

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		if (length >= sizeof option - 1 &&
		    strncasecmp(text, option, sizeof option - 1) == 0) {
			copy(cf.filters, sizeof cf.filters, text + sizeof option - 1,
			     length - (sizeof option - 1));
			cf.has_filters = true;
		} else if (text[0] == 'X') {
			take_filter(&cf, text + 1, length - 1, socket);
		}
		text += length;
		text += *text == '\n';
	}
	cf.listed = cf.name[0] != '\0' && milters_words_have(cf.filters, cf.name);
	return cf;
}
