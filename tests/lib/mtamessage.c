/* SPDX-License-Identifier: BSD-2-Clause */
/* mtamessage - a whole message, said to a milter in the order in which an MTA says it. */
#include "mtamessage.h"

#include <string.h>

struct chunk {
	size_t length;
	char bytes[MILTER_CHUNK_SIZE];
};

static enum mtaclient_verdict chunk_add(struct mtaclient *c, struct chunk *chunk, char byte)
{
	chunk->bytes[chunk->length++] = byte;
	if (chunk->length < sizeof chunk->bytes)
		return MTACLIENT_CONTINUE;
	chunk->length = 0;
	return mtaclient_body(c, chunk->bytes, sizeof chunk->bytes);
}

/* Sends the body with CRLF, in chunks as large as the protocol has them. */
static enum mtaclient_verdict send_body(struct mtaclient *c, const char *text, size_t length)
{
	enum mtaclient_verdict verdict = MTACLIENT_CONTINUE;
	struct chunk chunk;

	chunk.length = 0;
	for (size_t i = 0; i < length && verdict == MTACLIENT_CONTINUE; i++) {
		if (text[i] == '\n')
			verdict = chunk_add(c, &chunk, '\r');
		if (verdict == MTACLIENT_CONTINUE)
			verdict = chunk_add(c, &chunk, text[i]);
	}
	if (verdict == MTACLIENT_CONTINUE && chunk.length > 0)
		verdict = mtaclient_body(c, chunk.bytes, chunk.length);
	return verdict;
}

/* The length of the header field at the front, with its folds and without its last LF;
 * 0 when the text does not begin with one. */
static size_t field_length(const char *text, size_t length, size_t *name_length)
{
	const char *colon = memchr(text, ':', length);
	const char *stop = text;

	if (colon == NULL || colon == text)
		return 0;
	*name_length = (size_t)(colon - text);
	for (size_t i = 0; i < *name_length; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return 0;
	}
	do {
		stop = memchr(stop, '\n', (size_t)(text + length - stop));
		if (stop == NULL)
			return length;
		stop++;
	} while (stop < text + length && (*stop == ' ' || *stop == '\t'));
	return (size_t)(stop - 1 - text);
}

enum mtaclient_verdict mtamessage_send_content(struct mtaclient *c, const char *text, size_t length)
{
	enum mtaclient_verdict verdict = MTACLIENT_CONTINUE;
	size_t name_length;
	size_t field;

	for (field = field_length(text, length, &name_length);
	     field > 0 && verdict == MTACLIENT_CONTINUE;
	     field = field_length(text, length, &name_length)) {
		verdict = mtaclient_header(c, text, name_length, text + name_length + 1,
					   field - name_length - 1);
		if (field < length)
			field++;
		text += field;
		length -= field;
	}
	if (length > 0 && text[0] == '\n') {
		text++;
		length--;
	}
	if (verdict == MTACLIENT_CONTINUE)
		verdict = mtaclient_eoh(c);
	if (verdict == MTACLIENT_CONTINUE && (mtaclient_steps(c) & SMFIP_NOBODY) == 0)
		verdict = send_body(c, text, length);
	if (verdict == MTACLIENT_CONTINUE)
		verdict = mtaclient_eom(c);
	return verdict;
}

enum mtaclient_verdict mtamessage_send(struct mtaclient *c, const struct mtamessage *m,
				       enum mtaclient_verdict *per_recipient)
{
	enum mtaclient_verdict verdict = mtaclient_mail(c, m->sender, NULL);
	enum mtaclient_verdict answer = verdict;
	size_t accepted = 0;

	for (size_t i = 0; m->recipients[i] != NULL && verdict == MTACLIENT_CONTINUE; i++) {
		answer = mtaclient_rcpt(c, m->recipients[i], NULL);
		if (per_recipient != NULL)
			per_recipient[i] = answer;
		if (answer == MTACLIENT_CONTINUE)
			accepted++;
		else if (answer != MTACLIENT_REJECT && answer != MTACLIENT_TEMPFAIL)
			verdict = answer;
	}
	if (verdict != MTACLIENT_CONTINUE)
		return verdict;
	if (accepted == 0)
		return answer;
	verdict = mtaclient_data(c);
	if (verdict != MTACLIENT_CONTINUE)
		return verdict;
	return mtamessage_send_content(c, m->text, m->text_length);
}
