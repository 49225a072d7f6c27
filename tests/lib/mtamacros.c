/* SPDX-License-Identifier: BSD-2-Clause */
/* mtamacros - the macros an MTA has, and which of them go with which command. */
#include "mtamacros.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#define MACROS_MAX 64
#define NAME_MAX_LENGTH 63

struct macro {
	char name[NAME_MAX_LENGTH + 1];
	char *value; /* owned; kept when the macro is unset, to be filled again */
	size_t room;
	bool set;
};

struct list {
	struct macro *member[MACROS_MAX];
	size_t count;
};

struct mtamacros {
	struct macro known[MACROS_MAX];
	size_t count;
	struct list lists[SMFIM_LAST + 1];
};

static const char *const postfix_lists[SMFIM_LAST + 1] = {
	[SMFIM_CONNECT] = "j {daemon_name} {daemon_addr} v _",
	[SMFIM_HELO] = "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}",
	[SMFIM_ENVFROM] =
		"i {auth_type} {auth_authen} {auth_author} {mail_addr} {mail_host} {mail_mailer}",
	[SMFIM_ENVRCPT] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
	[SMFIM_DATA] = "i",
	[SMFIM_EOM] = "i",
	[SMFIM_EOH] = "i",
};

struct mtamacros *mtamacros_new(void)
{
	struct mtamacros *m = calloc(1, sizeof *m);

	for (unsigned stage = 0; m != NULL && stage <= SMFIM_LAST; stage++)
		(void)mtamacros_list(m, stage, postfix_lists[stage]);
	return m;
}

void mtamacros_free(struct mtamacros *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++)
		free(m->known[i].value);
	free(m);
}

static struct macro *find(struct mtamacros *m, const char *name, size_t length)
{
	struct macro *macro;

	if (length == 0 || length > NAME_MAX_LENGTH)
		return NULL;
	for (size_t i = 0; i < m->count; i++) {
		macro = &m->known[i];
		if (strncmp(macro->name, name, length) == 0 && macro->name[length] == '\0')
			return macro;
	}
	if (m->count == MACROS_MAX)
		return NULL;
	macro = &m->known[m->count++];
	memcpy(macro->name, name, length);
	return macro;
}

bool mtamacros_set(struct mtamacros *m, const char *name, const char *value, size_t length)
{
	struct macro *macro = find(m, name, strlen(name));
	char *room;

	if (macro == NULL)
		return false;
	if (length >= macro->room) {
		room = realloc(macro->value, length + 1);
		if (room == NULL)
			return false;
		macro->value = room;
		macro->room = length + 1;
	}
	memcpy(macro->value, value, length);
	macro->value[length] = '\0';
	macro->set = true;
	return true;
}

bool mtamacros_unset(struct mtamacros *m, const char *name)
{
	struct macro *macro = find(m, name, strlen(name));

	if (macro == NULL)
		return false;
	macro->set = false;
	return true;
}

bool mtamacros_list(struct mtamacros *m, unsigned stage, const char *names)
{
	struct list *list;
	struct macro *macro;
	size_t length;

	if (stage > SMFIM_LAST)
		return false;
	list = &m->lists[stage];
	list->count = 0;
	for (names += strspn(names, " "); *names != '\0'; names += strspn(names, " ")) {
		length = strcspn(names, " ");
		macro = find(m, names, length);
		if (macro == NULL || list->count == MACROS_MAX)
			return false;
		list->member[list->count++] = macro;
		names += length;
	}
	return true;
}

static const struct list *list_of(const struct mtamacros *m, char command)
{
	switch (command) {
	case SMFIC_CONNECT:
		return &m->lists[SMFIM_CONNECT];
	case SMFIC_HELO:
		return &m->lists[SMFIM_HELO];
	case SMFIC_MAIL:
		return &m->lists[SMFIM_ENVFROM];
	case SMFIC_RCPT:
		return &m->lists[SMFIM_ENVRCPT];
	case SMFIC_DATA:
		return &m->lists[SMFIM_DATA];
	case SMFIC_HEADER:
	case SMFIC_EOH:
		return &m->lists[SMFIM_EOH];
	case SMFIC_BODY:
	case SMFIC_BODYEOB:
		return &m->lists[SMFIM_EOM];
	default:
		return NULL;
	}
}

void mtamacros_put(const struct mtamacros *m, char command, struct milterwire *w)
{
	const struct list *list = list_of(m, command);

	milterwire_begin(w, SMFIC_MACRO);
	milterwire_put(w, &command, 1);
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		if (list->member[i]->set) {
			milterwire_put_string(w, list->member[i]->name);
			milterwire_put_string(w, list->member[i]->value);
		}
	}
	milterwire_end(w);
}
