/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: header values as people read them.
 *
 * GMime's own header decoder will not do here: it remembers every charset name
 * it ever meets, ends the text at a decoded NUL, takes quadratic time for words
 * that never end, and guesses at unknown charsets. Its transfer decodings are
 * used, and the charsets are the C library's.
 */
#include "resetguard/mime.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <iconv.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "mime_charset.h"
#include "resetguard/utf8.h"

enum {
	CHARSETS_MAX = 16, /* opened for one value; a value has room for thousands */
	PIECE_MAX = 512,   /* bytes of a payload decoded at a time */
	CARRY_MAX = 32,	   /* bytes of a character or of an escape sequence cut in two */
};

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

void mime_init(void)
{
	g_mime_init();
}

/* ------------------------------------------------------------ folded text */

/* Takes characters, leaves text in the one form that is compared. */
struct sink {
	char *text;
	size_t room; /* without the NUL */
	size_t length;
	bool blank; /* one stands before the next character */
	bool full;
};

static bool is_blank(const char *character, size_t length)
{
	unsigned char first = (unsigned char)*character;
	gunichar code;

	if (length == 1)
		return first <= ' ' || first == 0x7f;
	code = g_utf8_get_char(character);
	return g_unichar_isspace(code) != 0 || g_unichar_iscntrl(code) != 0;
}

/* One character of well-formed UTF-8. */
static void put(struct sink *sink, const char *character, size_t length)
{
	size_t blanks = sink->blank ? 1 : 0;

	if (is_blank(character, length)) {
		sink->blank = sink->length > 0;
		return;
	}
	if (sink->full || sink->room - sink->length < blanks + length) {
		sink->full = true;
		return;
	}
	if (blanks != 0)
		sink->text[sink->length++] = ' ';
	memcpy(sink->text + sink->length, character, length);
	sink->length += length;
	sink->blank = false;
}

static void put_utf8(struct sink *sink, const char *text, size_t length)
{
	while (length != 0) {
		size_t size = utf8_character(text, length);

		put(sink, text, size);
		text += size;
		length -= size;
	}
}

static void put_latin1(struct sink *sink, char c)
{
	unsigned char byte = (unsigned char)c;
	char character[] = {(char)(0xc0 | byte >> 6), (char)(0x80 | (byte & 0x3f))};

	put(sink, character, sizeof(character));
}

/* The character that text begins with, in UTF-8 or else ISO 8859-1. Returns its
 * bytes. */
static size_t put_raw(struct sink *sink, const char *text, size_t length)
{
	size_t size = utf8_character(text, length);

	if (size != 0) {
		put(sink, text, size);
		return size;
	}
	put_latin1(sink, *text);
	return 1;
}

/* -------------------------------------------------------- encoded words */

/* RFC 2047 section 2, with the language of RFC 2231 section 5. */
struct word {
	char charset[MIME_NAME_MAX + 1];
	GMimeContentEncoding encoding;
	const char *payload;
	size_t payload_length;
	const char *end;
};

static bool is_charset_character(char c)
{
	return g_ascii_isalnum(c) || strchr("-_.:+()", c) != NULL;
}

/* last_close: the last "?=" before end. Blanks in the payload are against the
 * rules and common. */
static bool parse_word(const char *at, const char *end, const char *last_close, struct word *word)
{
	size_t length = 0;

	if (end - at < 2 || at[0] != '=' || at[1] != '?')
		return false;
	at += 2;
	while (length < MIME_NAME_MAX && at < end && is_charset_character(*at))
		word->charset[length++] = *at++;
	word->charset[length] = '\0';
	if (length == 0)
		return false;
	if (at < end && *at == '*') {
		do
			at++;
		while (at < end && (g_ascii_isalnum(*at) || *at == '-'));
	}
	if (end - at < 3 || at[0] != '?' || at[2] != '?')
		return false;
	if (at[1] == 'B' || at[1] == 'b')
		word->encoding = GMIME_CONTENT_ENCODING_BASE64;
	else if (at[1] == 'Q' || at[1] == 'q')
		word->encoding = GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
	else
		return false;
	word->payload = at + 3;
	if (last_close == NULL || word->payload > last_close)
		return false;
	at = memmem(word->payload, (size_t)(end - word->payload), "?=", 2);
	word->payload_length = (size_t)(at - word->payload);
	word->end = at + 2;
	return true;
}

static const char *find_last_close(const char *value, const char *end)
{
	for (const char *at = end; at - value >= 2; at--) {
		if (at[-1] == '=' && at[-2] == '?')
			return at - 2;
	}
	return NULL;
}

/* A run of words in one charset: what they decode to is one text, since many
 * programs cut words in the middle of a character. */
struct decoder {
	struct sink *sink;
	struct mime_flaw *flaw;		 /* NULL: nobody asks */
	char charset[MIME_NAME_MAX + 1]; /* of this run or the last; "": there was none */
	iconv_t converter;		 /* (iconv_t)-1: none is needed, for UTF-8 */
	int opened;			 /* converters so far */
	GMimeContentEncoding encoding;
	int state; /* of the transfer decoding */
	guint32 save;
	size_t count; /* decoded bytes that wait to be converted */
	char bytes[CARRY_MAX + PIECE_MAX + 4];
};

static void set_flaw(struct decoder *decoder, enum mime_flaw_kind kind, const char *charset)
{
	struct mime_flaw *flaw = decoder->flaw;

	if (flaw == NULL || flaw->kind != MIME_FLAWLESS)
		return;
	*flaw = (struct mime_flaw){.kind = kind};
	strcpy(flaw->name, charset);
}

static void put_replacement(struct decoder *decoder)
{
	put(decoder->sink, replacement, 3);
	if (!decoder->sink->full) /* else its end may be what found no room */
		set_flaw(decoder, MIME_FLAW_CHARACTERS, decoder->charset);
}

static size_t convert_utf8(struct decoder *decoder, bool final)
{
	const char *at = decoder->bytes;
	size_t left = decoder->count;

	while (left != 0) {
		size_t size = utf8_character(at, left);

		if (size != 0) {
			put(decoder->sink, at, size);
		} else if (left < 4 && !final) {
			break; /* the rest of it may come with the next piece */
		} else {
			put_replacement(decoder);
			size = 1;
		}
		at += size;
		left -= size;
	}
	return left;
}

static size_t convert_iconv(struct decoder *decoder, bool final)
{
	char *at = decoder->bytes;
	size_t left = decoder->count;

	for (;;) {
		char converted[PIECE_MAX];
		char *out = converted;
		size_t room = sizeof(converted);
		bool flush = left == 0;
		size_t before = left;
		size_t result;
		int error;

		if (flush && !final)
			return 0;
		/* Some converters keep a character back until they are flushed. */
		result = flush ? iconv(decoder->converter, NULL, NULL, &out, &room)
			       : iconv(decoder->converter, &at, &left, &out, &room);
		error = errno;
		put_utf8(decoder->sink, converted, sizeof(converted) - room);
		if (flush)
			return 0;
		if (left != before && (result != (size_t)-1 || error == E2BIG))
			continue;
		if (error == EINVAL && !final && left <= CARRY_MAX)
			return left;
		put_replacement(decoder);
		at++;
		left--;
	}
}

static void convert(struct decoder *decoder, bool final)
{
	size_t left = decoder->converter == (iconv_t)-1 ? convert_utf8(decoder, final)
							: convert_iconv(decoder, final);

	memmove(decoder->bytes, decoder->bytes + decoder->count - left, left);
	decoder->count = left;
}

static void decode_piece(struct decoder *decoder, const unsigned char *piece, size_t length)
{
	unsigned char *to = (unsigned char *)decoder->bytes + decoder->count;

	if (decoder->encoding == GMIME_CONTENT_ENCODING_BASE64)
		decoder->count += g_mime_encoding_base64_decode_step(
			piece, length, to, &decoder->state, &decoder->save);
	else
		decoder->count += g_mime_encoding_quoted_decode_step(
			piece, length, to, &decoder->state, &decoder->save);
	convert(decoder, false);
}

/* Base64 without its padding and a lone "=" in Q are common. */
static void end_encoding(struct decoder *decoder)
{
	static const unsigned char padding[] = "==";

	if (decoder->encoding == GMIME_CONTENT_ENCODING_BASE64) {
		if (decoder->state > 1)
			decode_piece(decoder, padding, (size_t)(4 - decoder->state));
	} else if (decoder->state != 0) {
		decoder->bytes[decoder->count++] = '=';
		if (decoder->state == 2)
			decoder->bytes[decoder->count++] = (char)decoder->save;
	}
	decoder->state = 0;
	decoder->save = 0;
}

static void end_run(struct decoder *decoder)
{
	if (decoder->charset[0] == '\0')
		return;
	end_encoding(decoder);
	convert(decoder, true);
}

/* After the run: the next one is likely to want the same charset. */
static void close_charset(struct decoder *decoder)
{
	if (decoder->converter != (iconv_t)-1)
		iconv_close(decoder->converter);
	decoder->converter = (iconv_t)-1;
	decoder->charset[0] = '\0';
}

/* False: the charset is not known, here or to the C library. */
static bool open_charset(struct decoder *decoder, const char *label, iconv_t *converter)
{
	const struct mime_charset *charset = mime_charset_find(label);

	*converter = (iconv_t)-1;
	if (charset != NULL && charset->name == NULL)
		return true;
	if (charset != NULL && decoder->opened == CHARSETS_MAX)
		return false;
	if (charset != NULL) {
		decoder->opened++;
		*converter = iconv_open("UTF-8", charset->name);
	}
	if (*converter == (iconv_t)-1)
		set_flaw(decoder, MIME_FLAW_CHARSET, label);
	return *converter != (iconv_t)-1;
}

/* Makes the decoder ready for the word. False, and nothing has changed, for a
 * charset that is not known. */
static bool begin_word(struct decoder *decoder, const struct word *word)
{
	iconv_t converter;

	if (strcasecmp(decoder->charset, word->charset) == 0) {
		if (decoder->encoding != word->encoding)
			end_encoding(decoder);
		decoder->encoding = word->encoding;
		return true;
	}
	if (!open_charset(decoder, word->charset, &converter))
		return false;
	end_run(decoder);
	close_charset(decoder);
	strcpy(decoder->charset, word->charset);
	decoder->converter = converter;
	decoder->encoding = word->encoding;
	return true;
}

static void decode_q(struct decoder *decoder, const char *payload, size_t length)
{
	unsigned char piece[PIECE_MAX];

	for (size_t i = 0; i < length; i++)
		piece[i] = payload[i] == '_' ? ' ' : (unsigned char)payload[i];
	decode_piece(decoder, piece, length);
}

/* Padding ends a piece, not the word; GMime's versions differ about it. Returns how
 * far it came. */
static size_t decode_b(struct decoder *decoder, const char *payload, size_t length)
{
	const char *padding = memchr(payload, '=', length);

	if (padding == payload) {
		end_encoding(decoder);
		return 1;
	}
	if (padding != NULL)
		length = (size_t)(padding - payload);
	decode_piece(decoder, (const unsigned char *)payload, length);
	return length;
}

static void decode_word(struct decoder *decoder, const struct word *word)
{
	const char *at = word->payload;
	size_t left = word->payload_length;

	while (left != 0 && !decoder->sink->full) {
		size_t length = left < PIECE_MAX ? left : PIECE_MAX;

		if (decoder->encoding == GMIME_CONTENT_ENCODING_BASE64)
			length = decode_b(decoder, at, length);
		else
			decode_q(decoder, at, length);
		at += length;
		left -= length;
	}
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && strchr(" \t\r\n", *at) != NULL)
		at++;
	return at;
}

/* Decodes the words that at begins with, and the blanks between them go (RFC 2047
 * section 6.2). Returns how far it came. */
static const char *take_words(struct decoder *decoder, const char *at, const char *end,
			      const char *last_close)
{
	const char *next = at;
	struct word word;

	while (!decoder->sink->full && parse_word(next, end, last_close, &word)) {
		if (!begin_word(decoder, &word)) {
			end_run(decoder);
			if (next != at) /* the blanks before it count */
				return at;
			while (next < word.end)
				next += put_raw(decoder->sink, next, (size_t)(word.end - next));
			return word.end;
		}
		decode_word(decoder, &word);
		at = word.end;
		next = skip_blanks(at, end);
	}
	end_run(decoder);
	return at;
}

size_t mime_decode_header(const char *value, char *text, size_t size, struct mime_flaw *flaw)
{
	struct sink sink = {.text = text, .room = size - 1};
	struct decoder decoder = {.sink = &sink, .flaw = flaw, .converter = (iconv_t)-1};
	const char *end = value + strlen(value);
	const char *last_close = find_last_close(value, end);

	while (value < end && !sink.full) {
		const char *after = value;

		if (*value == '=')
			after = take_words(&decoder, value, end, last_close);
		if (after == value)
			after += put_raw(&sink, value, (size_t)(end - value));
		value = after;
	}
	close_charset(&decoder);
	text[sink.length] = '\0';
	return sink.length;
}
