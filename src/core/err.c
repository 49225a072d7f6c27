/* SPDX-License-Identifier: BSD-2-Clause */
/* err: errors as values, their words and their exit codes. */
#include "resetguard/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

const char *err_text(enum err err)
{
	switch (err) {
	case ERR_OK:
		return "success";
	case ERR_USAGE:
		return "wrong usage";
	case ERR_DATA:
		return "cannot be read as what it should be";
	case ERR_NO_INPUT:
		return "not there";
	case ERR_UNAVAILABLE:
		return "not available";
	case ERR_CANNOT_CREATE:
		return "cannot be created";
	case ERR_IO:
		return "input or output failed";
	case ERR_BUSY:
		return "in use by another process";
	case ERR_PERMISSION:
		return "not permitted";
	case ERR_CONFIG:
		return "wrong configuration";
	case ERR_NO_MEMORY:
		return "out of memory";
	case ERR_NOT_FOUND:
		return "no such record";
	case ERR_EXISTS:
		return "exists already";
	case ERR_TOO_LONG:
		return "too long";
	case ERR_FULL:
		return "no space left, on the disk or within map_size";
	case ERR_DAMAGED:
		return "damaged";
	case ERR_VERSION:
		return "of an unknown version";
	case ERR_CLOCK:
		return "the clock contradicts what is on file";
	}
	return "unknown error";
}

int err_exit(enum err err)
{
	switch (err) {
	case ERR_OK:
		return EX_OK;
	case ERR_USAGE:
		return EX_USAGE;
	case ERR_DATA:
	case ERR_TOO_LONG:
		return EX_DATAERR;
	case ERR_NO_INPUT:
	case ERR_NOT_FOUND:
		return EX_NOINPUT;
	case ERR_UNAVAILABLE:
		return EX_UNAVAILABLE;
	case ERR_CANNOT_CREATE:
	case ERR_EXISTS:
		return EX_CANTCREAT;
	case ERR_IO:
	case ERR_FULL:
	case ERR_DAMAGED:
	case ERR_VERSION:
		return EX_IOERR;
	case ERR_BUSY:
	case ERR_NO_MEMORY:
	case ERR_CLOCK:
		return EX_TEMPFAIL;
	case ERR_PERMISSION:
		return EX_NOPERM;
	case ERR_CONFIG:
		return EX_CONFIG;
	}
	return EX_SOFTWARE;
}

bool err_is_damage(enum err err)
{
	return err == ERR_DAMAGED || err == ERR_VERSION;
}

/* Never ERR_OK: the caller has failed, whatever errno says. */
enum err err_from_errno(int errno_value)
{
	switch (errno_value) {
	case ENOENT:
	case ENOTDIR:
		return ERR_NO_INPUT;
	case EACCES:
	case EPERM:
		return ERR_PERMISSION;
	case EROFS:
		return ERR_CANNOT_CREATE;
	case EEXIST:
	case ENOTEMPTY:
		return ERR_EXISTS;
	case ENOMEM:
		return ERR_NO_MEMORY;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_FULL;
	case EAGAIN:
	case EBUSY:
	case ETXTBSY:
	case EINTR:
		return ERR_BUSY;
	case ENAMETOOLONG:
	case E2BIG:
	case EMSGSIZE:
		return ERR_TOO_LONG;
	case ECONNREFUSED:
	case ECONNRESET:
	case ECONNABORTED:
	case ENETUNREACH:
	case ENETDOWN:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
	case ETIMEDOUT:
		return ERR_UNAVAILABLE;
	}
	return ERR_IO;
}

/* What is quoted from outside must not break the line. */
static void flatten(char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f)
			*text = '?';
	}
}

/* The arguments may point into why->text, to say more about what is there. */
static PRINTF_LIKE(2, 0) void set_text(struct why *why, const char *format, va_list arguments)
{
	char text[WHY_MAX];

	vsnprintf(text, sizeof(text), format, arguments);
	flatten(text);
	memcpy(why->text, text, sizeof(text));
}

enum err err_why(enum err err, struct why *why, const char *format, ...)
{
	va_list arguments;

	if (why == NULL)
		return err;
	va_start(arguments, format);
	set_text(why, format, arguments);
	va_end(arguments);
	return err;
}

enum err err_why_errno(int errno_value, struct why *why, const char *format, ...)
{
	enum err err = err_from_errno(errno_value);
	char buffer[128];
	va_list arguments;
	size_t length;

	if (why == NULL)
		return err;
	va_start(arguments, format);
	set_text(why, format, arguments);
	va_end(arguments);
	length = strlen(why->text);
	snprintf(why->text + length, sizeof(why->text) - length, ": %s",
		 strerror_r(errno_value, buffer, sizeof(buffer)));
	return err;
}
