/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milters: the lists of milters in Postfix's configuration (smtpd_milters), as values.
 *
 *   unix:PATH  inet:HOST:PORT  { unix:PATH, default_action=accept }  $name
 *
 * separated by commas or blanks (MILTER_README). A daemon that is chrooted sees its queue
 * directory as /; one that is not has it as its working directory. So a path that does not
 * begin with a slash means the same to both. Pure.
 */
#ifndef RESETGUARD_MILTERS_H
#define RESETGUARD_MILTERS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "resetguard/domain.h"
#include "resetguard/err.h"

enum {
	MILTERS_MAX = 64,
	MILTERS_VALUE_MAX = 8192,   /* of a whole list */
	MILTERS_ENTRY_SIZE = 512,   /* of one, with its terminator */
	MILTERS_ATTRIBUTE_MAX = 64, /* of an attribute's value */
};

struct milters_entry {
	size_t offset;				    /* in the list */
	char text[MILTERS_ENTRY_SIZE];		    /* as written, with its braces */
	char endpoint[MILTERS_ENTRY_SIZE];	    /* the first word within them */
	char default_action[MILTERS_ATTRIBUTE_MAX]; /* "": that of milter_default_action */
	char command_timeout[MILTERS_ATTRIBUTE_MAX];
};

struct milters {
	size_t count;
	struct milters_entry entries[MILTERS_MAX];
};

/* ERR_DATA: braces that do not match, or too much of something. */
MUST_CHECK enum err milters_parse(const char *value, struct milters *milters);

/* Whether some entry refers to the parameter: $name, ${name} or $(name). */
bool milters_refer_to(const struct milters *milters, const char *parameter);

/* Where our milter listens, as conf.socket has it. */
struct milters_socket {
	char path[PATH_MAX]; /* "": it is no UNIX socket */
	char host[DOMAIN_MAX + 1];
	char port[6];
};

/* ERR_NOT_FOUND: fd:N, of which only who passes it knows where it is. */
MUST_CHECK enum err milters_socket_read(const char *socket, struct milters_socket *read);

/* Where the daemon that has the entry in its list connects to. */
struct milters_view {
	const char *queue_directory;
	bool chrooted;
};

enum milters_fit {
	MILTERS_OTHER,
	MILTERS_OURS,
	MILTERS_ASTRAY, /* it names our socket, but leads elsewhere as the daemon sees it */
};

enum milters_fit milters_fit(const struct milters_entry *entry, const struct milters_socket *socket,
			     const struct milters_view *view);

/* The file that a UNIX socket's entry leads to, seen from outside. False: it is no such
 * entry, or too long. */
bool milters_path(const char *endpoint, const struct milters_view *view, char path[PATH_MAX]);

/* The endpoint by which the daemons are to name our socket. ERR_UNAVAILABLE: they are
 * chrooted, and it is outside. */
MUST_CHECK enum err milters_name(const struct milters_socket *socket,
				 const struct milters_view *view,
				 char endpoint[MILTERS_ENTRY_SIZE]);

/* The list with an entry of ours: replaced where one is already, ours or astray, and else
 * before all others, which keep their order. action "" is none. ERR_DATA, ERR_TOO_LONG. */
MUST_CHECK enum err milters_with(const char *value, const char *endpoint, const char *action,
				 const struct milters_socket *socket,
				 const struct milters_view *view, char with[MILTERS_VALUE_MAX]);

/* Whether a list of words, separated by blanks or commas as both MTAs have them, has the
 * word. */
bool milters_words_have(const char *words, const char *word);

#endif
