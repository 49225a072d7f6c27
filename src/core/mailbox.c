/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox: what an MTA or a person writes as an address, taken apart. */
#include "resetguard/mailbox.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

/* A stretch of the path. */
struct span {
	const char *at;
	const char *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span trim(struct span span)
{
	while (span.at < span.end && is_blank(*span.at))
		span.at++;
	while (span.at < span.end && is_blank(span.end[-1]))
		span.end--;
	return span;
}

static enum err strip_brackets(struct span *span)
{
	bool opens;
	bool closes;

	*span = trim(*span);
	if (span->at == span->end)
		return ERR_DATA;
	opens = *span->at == '<';
	closes = span->end[-1] == '>';
	if (opens != closes || (opens && span->end - span->at < 2))
		return ERR_DATA;
	if (opens)
		*span = trim((struct span){span->at + 1, span->end - 1});
	return ERR_OK;
}

/* "@a,@b:" before the mailbox (RFC 5321 4.1.1.3: ignored). A colon within an
 * address literal ends nothing. */
static enum err strip_source_route(struct span *span)
{
	bool in_literal = false;

	if (span->at == span->end || *span->at != '@')
		return ERR_OK;
	for (const char *at = span->at; at < span->end; at++) {
		if (*at == '[')
			in_literal = true;
		else if (*at == ']')
			in_literal = false;
		else if (*at == ':' && !in_literal) {
			*span = trim((struct span){at + 1, span->end});
			return ERR_OK;
		}
	}
	return ERR_DATA;
}

struct local {
	size_t length;
	bool ascii;
	char text[MAILBOX_LOCAL_MAX];
};

static enum err local_append(struct local *local, char c)
{
	unsigned char byte = (unsigned char)c;

	if (byte < 0x20 || byte == 0x7f || local->length == sizeof(local->text))
		return ERR_DATA;
	if (byte >= 0x80)
		local->ascii = false;
	local->text[local->length++] = c;
	return ERR_OK;
}

/* From behind the opening quotation mark to behind the closing one. */
static enum err take_quoted(struct span *span, struct local *local)
{
	while (span->at < span->end && *span->at != '"') {
		enum err err;

		if (*span->at == '\\' && ++span->at == span->end)
			return ERR_DATA;
		err = local_append(local, *span->at++);
		if (err != ERR_OK)
			return err;
	}
	if (span->at == span->end)
		return ERR_DATA;
	span->at++;
	return ERR_OK;
}

/* Up to and without a dot or "@". Characters that need quoting are refused where
 * programs disagree about them; a blank is not, since MTAs quote it silently. */
static enum err take_atom(struct span *span, struct local *local)
{
	while (span->at < span->end && *span->at != '.' && *span->at != '@') {
		enum err err;

		if (strchr("\"\\<>(),;:[]", *span->at) != NULL)
			return ERR_DATA;
		err = local_append(local, *span->at++);
		if (err != ERR_OK)
			return err;
	}
	return ERR_OK;
}

/* Words, quoted or not, between dots (RFC 5322 4.4), to behind the "@". */
static enum err take_local(struct span *span, struct local *local)
{
	const char *start = span->at;

	for (;;) {
		bool quoted = span->at < span->end && *span->at == '"';
		enum err err;

		if (quoted)
			span->at++;
		err = quoted ? take_quoted(span, local) : take_atom(span, local);
		if (err != ERR_OK)
			return err;
		if (span->at == span->end)
			return ERR_DATA;
		if (*span->at == '@') {
			bool empty = span->at == start;

			span->at++;
			return empty ? ERR_DATA : ERR_OK;
		}
		if (*span->at != '.')
			return ERR_DATA;
		err = local_append(local, *span->at++);
		if (err != ERR_OK)
			return err;
	}
}

static enum err fold_ascii(const struct local *local, struct mailbox *mailbox)
{
	for (size_t i = 0; i < local->length; i++) {
		char c = local->text[i];

		mailbox->local[i] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
	}
	mailbox->local_length = (unsigned char)local->length;
	mailbox->local[local->length] = '\0';
	return ERR_OK;
}

static enum err fold_unicode(const struct local *local, struct mailbox *mailbox)
{
	uint8_t buffer[MAILBOX_LOCAL_MAX];
	size_t length = sizeof(buffer);
	const uint8_t *text = (const uint8_t *)local->text;
	uint8_t *folded;
	enum err err = ERR_DATA;

	if (u8_check(text, local->length) != NULL)
		return ERR_DATA;
	folded = u8_casefold(text, local->length, NULL, UNINORM_NFC, buffer, &length);
	if (folded == NULL)
		return ERR_NO_MEMORY;
	if (length <= MAILBOX_LOCAL_MAX) {
		memcpy(mailbox->local, folded, length);
		mailbox->local[length] = '\0';
		mailbox->local_length = (unsigned char)length;
		err = ERR_OK;
	}
	if (folded != buffer)
		free(folded);
	return err;
}

enum err mailbox_parse(const char *path, size_t length, struct mailbox *mailbox)
{
	struct span span = {path, path + length};
	struct local local;
	struct domain host;
	enum err err;

	if (length > MAILBOX_PATH_MAX)
		return ERR_DATA;
	err = strip_brackets(&span);
	if (err != ERR_OK)
		return err;
	err = strip_source_route(&span);
	if (err != ERR_OK)
		return err;
	local.length = 0;
	local.ascii = true;
	err = take_local(&span, &local);
	if (err != ERR_OK)
		return err;
	err = domain_from_text(span.at, (size_t)(span.end - span.at), &host);
	if (err != ERR_OK)
		return err;
	err = local.ascii ? fold_ascii(&local, mailbox) : fold_unicode(&local, mailbox);
	if (err == ERR_OK)
		mailbox->host = host;
	return err;
}
