/* SPDX-License-Identifier: BSD-2-Clause */
/* mtaedits - the changes to a message that a milter asks for at its end. */
#include "mtaedits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "milterwire.h"

#define EDITS_MAX 10000

struct mtaedits {
	struct mtaedit *list; /* owned, as are its strings */
	size_t count;
};

enum value_form {
	VALUE_NONE,
	VALUE_OPTIONAL,
	VALUE_REQUIRED,
	VALUE_BYTES, /* all there is, and no name */
};

static const struct form {
	char reply;
	uint32_t action;
	bool indexed;
	enum value_form value;
} forms[] = {
	{SMFIR_ADDHEADER, SMFIF_ADDHDRS, false, VALUE_REQUIRED},
	{SMFIR_INSHEADER, SMFIF_ADDHDRS, true, VALUE_REQUIRED},
	{SMFIR_CHGHEADER, SMFIF_CHGHDRS, true, VALUE_REQUIRED},
	{SMFIR_CHGFROM, SMFIF_CHGFROM, false, VALUE_OPTIONAL},
	{SMFIR_ADDRCPT, SMFIF_ADDRCPT, false, VALUE_NONE},
	{SMFIR_ADDRCPT_PAR, SMFIF_ADDRCPT_PAR, false, VALUE_OPTIONAL},
	{SMFIR_DELRCPT, SMFIF_DELRCPT, false, VALUE_NONE},
	{SMFIR_QUARANTINE, SMFIF_QUARANTINE, false, VALUE_NONE},
	{SMFIR_REPLBODY, SMFIF_CHGBODY, false, VALUE_BYTES},
};

struct mtaedits *mtaedits_new(void)
{
	return calloc(1, sizeof(struct mtaedits));
}

void mtaedits_free(struct mtaedits *e)
{
	if (e == NULL)
		return;
	mtaedits_clear(e);
	free(e->list);
	free(e);
}

static const struct form *form_of(char reply)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		if (forms[i].reply == reply)
			return &forms[i];
	}
	return NULL;
}

uint32_t mtaedits_action(char reply)
{
	const struct form *form = form_of(reply);

	return form != NULL ? form->action : 0;
}

/* Splits an edit's data. The strings still lie in the packet. */
static bool parse(const struct form *form, const char *data, size_t length, struct mtaedit *edit)
{
	edit->reply = form->reply;
	if (form->value == VALUE_BYTES) {
		edit->value = data;
		edit->value_length = length;
		return true;
	}
	if (form->indexed && !milterwire_take_number(&data, &length, &edit->index))
		return false;
	if (!milterwire_take_string(&data, &length, &edit->name))
		return false;
	if (form->value == VALUE_REQUIRED || (form->value == VALUE_OPTIONAL && length > 0)) {
		if (!milterwire_take_string(&data, &length, &edit->value))
			return false;
		edit->value_length = strlen(edit->value);
	}
	return length == 0;
}

/* A copy with a NUL after it, or NULL for NULL and without memory. */
static char *copy(const char *data, size_t length)
{
	char *bytes = data != NULL ? malloc(length + 1) : NULL;

	if (bytes != NULL) {
		memcpy(bytes, data, length);
		bytes[length] = '\0';
	}
	return bytes;
}

bool mtaedits_add(struct mtaedits *e, char reply, const char *data, size_t length)
{
	const struct form *form = form_of(reply);
	struct mtaedit edit = {0};
	struct mtaedit *list;
	char *name;
	char *value;

	if (form == NULL || e->count == EDITS_MAX || !parse(form, data, length, &edit))
		return false;
	list = realloc(e->list, (e->count + 1) * sizeof *list);
	if (list == NULL)
		return false;
	e->list = list;
	name = copy(edit.name, edit.name != NULL ? strlen(edit.name) : 0);
	value = copy(edit.value, edit.value_length);
	if ((edit.name != NULL && name == NULL) || (edit.value != NULL && value == NULL)) {
		free(name);
		free(value);
		return false;
	}
	edit.name = name;
	edit.value = value;
	list[e->count++] = edit;
	return true;
}

size_t mtaedits_list(const struct mtaedits *e, const struct mtaedit **edits)
{
	*edits = e->list;
	return e->count;
}

void mtaedits_clear(struct mtaedits *e)
{
	for (size_t i = 0; i < e->count; i++) {
		free((char *)(uintptr_t)e->list[i].name);
		free((char *)(uintptr_t)e->list[i].value);
	}
	e->count = 0;
}
