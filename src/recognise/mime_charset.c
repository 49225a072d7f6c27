/* SPDX-License-Identifier: BSD-2-Clause */
/* mime_charset: the charsets of mail. */
#include "mime_charset.h"

#include <strings.h>

enum { ESCAPE = 0x1b };

static const char other = (char)0xff; /* some character that is not ASCII */

/* Most of them as web browsers know them: some names stand for a larger charset than
 * they say. The C library has a thousand more, some of whose converters can be made to
 * run for ever. */
static const struct mime_charset charsets[] = {
	{"utf-8", NULL, MIME_UNITS_BYTES},
	{"utf8", NULL, MIME_UNITS_BYTES},
	{"us-ascii", "CP1252", MIME_UNITS_BYTES},
	{"ascii", "CP1252", MIME_UNITS_BYTES},
	{"ansi_x3.4-1968", "CP1252", MIME_UNITS_BYTES},
	{"iso-8859-1", "CP1252", MIME_UNITS_BYTES},
	{"iso8859-1", "CP1252", MIME_UNITS_BYTES},
	{"latin1", "CP1252", MIME_UNITS_BYTES},
	{"iso-8859-2", "ISO-8859-2", MIME_UNITS_BYTES},
	{"iso-8859-3", "ISO-8859-3", MIME_UNITS_BYTES},
	{"iso-8859-4", "ISO-8859-4", MIME_UNITS_BYTES},
	{"iso-8859-5", "ISO-8859-5", MIME_UNITS_BYTES},
	{"iso-8859-6", "ISO-8859-6", MIME_UNITS_BYTES},
	{"iso-8859-7", "ISO-8859-7", MIME_UNITS_BYTES},
	{"iso-8859-8", "ISO-8859-8", MIME_UNITS_BYTES},
	{"iso-8859-8-i", "ISO-8859-8", MIME_UNITS_BYTES},
	{"iso-8859-9", "CP1254", MIME_UNITS_BYTES},
	{"iso-8859-10", "ISO-8859-10", MIME_UNITS_BYTES},
	{"iso-8859-11", "CP874", MIME_UNITS_BYTES},
	{"iso-8859-13", "ISO-8859-13", MIME_UNITS_BYTES},
	{"iso-8859-14", "ISO-8859-14", MIME_UNITS_BYTES},
	{"iso-8859-15", "ISO-8859-15", MIME_UNITS_BYTES},
	{"iso8859-15", "ISO-8859-15", MIME_UNITS_BYTES},
	{"iso-8859-16", "ISO-8859-16", MIME_UNITS_BYTES},
	{"windows-874", "CP874", MIME_UNITS_BYTES},
	{"tis-620", "CP874", MIME_UNITS_BYTES},
	{"windows-1250", "CP1250", MIME_UNITS_BYTES},
	{"cp1250", "CP1250", MIME_UNITS_BYTES},
	{"windows-1251", "CP1251", MIME_UNITS_BYTES},
	{"cp1251", "CP1251", MIME_UNITS_BYTES},
	{"windows-1252", "CP1252", MIME_UNITS_BYTES},
	{"cp1252", "CP1252", MIME_UNITS_BYTES},
	{"windows-1253", "CP1253", MIME_UNITS_BYTES},
	{"windows-1254", "CP1254", MIME_UNITS_BYTES},
	{"windows-1255", "CP1255", MIME_UNITS_BYTES},
	{"windows-1256", "CP1256", MIME_UNITS_BYTES},
	{"windows-1257", "CP1257", MIME_UNITS_BYTES},
	{"windows-1258", "CP1258", MIME_UNITS_BYTES},
	{"koi8-r", "KOI8-R", MIME_UNITS_BYTES},
	{"koi8-u", "KOI8-U", MIME_UNITS_BYTES},
	{"ibm866", "CP866", MIME_UNITS_BYTES},
	{"cp866", "CP866", MIME_UNITS_BYTES},
	{"macintosh", "MACINTOSH", MIME_UNITS_BYTES},
	{"gb2312", "GBK", MIME_UNITS_PAIRS},
	{"gbk", "GBK", MIME_UNITS_PAIRS},
	{"x-gbk", "GBK", MIME_UNITS_PAIRS},
	{"gb18030", "GB18030", MIME_UNITS_PAIRS},
	{"big5", "BIG5", MIME_UNITS_PAIRS},
	{"big5-hkscs", "BIG5-HKSCS", MIME_UNITS_PAIRS},
	{"euc-jp", "EUC-JP", MIME_UNITS_BYTES},
	{"x-euc-jp", "EUC-JP", MIME_UNITS_BYTES},
	{"iso-2022-jp", "ISO-2022-JP", MIME_UNITS_ESCAPES},
	{"shift_jis", "CP932", MIME_UNITS_SHIFT_JIS},
	{"x-sjis", "CP932", MIME_UNITS_SHIFT_JIS},
	{"windows-31j", "CP932", MIME_UNITS_SHIFT_JIS},
	{"cp932", "CP932", MIME_UNITS_SHIFT_JIS},
	{"euc-kr", "UHC", MIME_UNITS_PAIRS},
	{"ks_c_5601-1987", "UHC", MIME_UNITS_PAIRS},
	{"ks_c_5601-1989", "UHC", MIME_UNITS_PAIRS},
	{"ksc_5601", "UHC", MIME_UNITS_PAIRS},
	{"utf-16", "UTF-16BE", MIME_UNITS_BIG},
	{"utf-16be", "UTF-16BE", MIME_UNITS_BIG},
	{"utf-16le", "UTF-16LE", MIME_UNITS_LITTLE},
};

const struct mime_charset *mime_charset_find(const char *label)
{
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
		if ((label[0] | ' ') == charsets[i].label[0] &&
		    strcasecmp(label, charsets[i].label) == 0)
			return &charsets[i];
	}
	return NULL;
}

void mime_charset_begin(struct mime_charset_text *text, enum mime_units units)
{
	*text = (struct mime_charset_text){.units = units, .first = true};
}

/* -------------------------------------------------------------- what is ASCII */

/* UTF-16. False: the character is not whole yet. */
static bool take_half(struct mime_charset_text *text, unsigned char byte, char *ascii)
{
	unsigned unit;

	text->begun = !text->begun;
	if (text->begun) {
		text->unit = byte;
		return false;
	}
	if (text->first && text->unit == 0xff && byte == 0xfe)
		text->units = MIME_UNITS_LITTLE;
	text->first = false;
	unit = text->units == MIME_UNITS_LITTLE ? (unsigned)(byte << 8 | text->unit)
						: (unsigned)(text->unit << 8 | byte);
	*ascii = unit < 0x80 ? (char)unit : other;
	return true;
}

static bool is_lead(enum mime_units units, unsigned char byte)
{
	if (units == MIME_UNITS_SHIFT_JIS)
		return (byte >= 0x81 && byte <= 0x9f) || (byte >= 0xe0 && byte <= 0xfc);
	return byte >= 0x81 && byte <= 0xfe;
}

/* A byte of a character of two; the four of GB18030 are two such pairs. No second byte
 * is below '0'. */
static char take_pair(struct mime_charset_text *text, unsigned char byte)
{
	bool second = text->begun && byte >= '0';

	text->begun = !second && is_lead(text->units, byte);
	return second || byte >= 0x80 ? other : (char)byte;
}

/* ISO 2022: ESC, bytes from ' ' to '/', and a last one. False: part of a sequence. A
 * line begins in ASCII. */
static bool take_escaped(struct mime_charset_text *text, unsigned char byte, char *ascii)
{
	if (byte == ESCAPE || byte == '\n') {
		text->begun = byte == ESCAPE;
		text->unit = 0;
		text->foreign = false;
		*ascii = (char)byte;
		return true;
	}
	if (!text->begun) {
		*ascii = text->foreign || byte >= 0x80 ? other : (char)byte;
		return true;
	}
	if (text->unit == 0)
		text->unit = byte;
	if (byte < ' ' || byte > '/') {
		text->begun = false;
		text->foreign = text->unit != '(' || (byte != 'B' && byte != 'J');
	}
	return false;
}

static bool take(struct mime_charset_text *text, unsigned char byte, char *ascii)
{
	switch (text->units) {
	case MIME_UNITS_BIG:
	case MIME_UNITS_LITTLE:
		return take_half(text, byte, ascii);
	case MIME_UNITS_ESCAPES:
		return take_escaped(text, byte, ascii);
	case MIME_UNITS_PAIRS:
	case MIME_UNITS_SHIFT_JIS:
		*ascii = take_pair(text, byte);
		return true;
	case MIME_UNITS_BYTES:
		break;
	}
	*ascii = (char)byte;
	return true;
}

size_t mime_charset_ascii(struct mime_charset_text *text, const unsigned char *bytes, size_t length,
			  char *ascii)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++)
		count += take(text, bytes[i], &ascii[count]) ? 1 : 0;
	return count;
}
