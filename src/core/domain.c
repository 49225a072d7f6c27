/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: validated domain names, and which of them a registry sells.
 *
 * libidn2 is asked about labels that are not plain ASCII or claim to be
 * A-labels, and about nothing else: it refuses "--" where IDNA reserves it, but
 * such ASCII names exist, and the plain name, which nearly all are, costs no
 * allocation. Its STD3 option is not used because it drops the characters that
 * we refuse.
 */
#include "resetguard/domain.h"

#include <errno.h>
#include <idn2.h>
#include <libpsl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	LABEL_MAX = 63,
	TEXT_MAX = 1024, /* of a name in UTF-8 before it is made ASCII */
};

struct domain_suffixes {
	psl_ctx_t *psl;
};

/* ---- the list ---- */

static bool is_suffix(const psl_ctx_t *psl, const char *name, int section)
{
	/* Without the implicit rule "*", so that an unlisted name is told from a
	 * listed one. */
	return psl_is_public_suffix2(psl, name, section | PSL_TYPE_NO_STAR_RULE) != 0;
}

/* psl_load_file takes what it could read of a file for all of it. NULL, with errno. */
static psl_ctx_t *load_list(const char *file)
{
	FILE *stream = fopen(file, "re");
	psl_ctx_t *psl;
	int read_errno;

	if (stream == NULL)
		return NULL;
	errno = 0;
	psl = psl_load_fp(stream);
	read_errno = errno != 0 ? errno : EIO;
	if (ferror(stream)) {
		psl_free(psl);
		psl = NULL;
		errno = read_errno;
	}
	(void)fclose(stream);
	return psl;
}

enum err domain_suffixes_open(const char *file, struct domain_suffixes **suffixes, struct why *why)
{
	struct domain_suffixes *result = malloc(sizeof(*result));
	int open_errno = 0;

	if (result == NULL)
		return err_why(ERR_NO_MEMORY, why, "public suffix list: out of memory");
	/* libpsl would fall back without a word on what it was built with. */
	if (file == NULL && psl_builtin_outdated() == 1)
		file = psl_dist_filename();
	/* libpsl takes any text for a list. Rules outside the ICANN section would
	 * make co.uk a name for sale, so a list without com is none. */
	errno = 0;
	result->psl = file == NULL ? psl_latest(NULL) : load_list(file);
	if (result->psl == NULL) {
		open_errno = errno;
	} else if (is_suffix(result->psl, "com", PSL_TYPE_ICANN)) {
		*suffixes = result;
		return ERR_OK;
	}
	domain_suffixes_close(result);
	if (file == NULL)
		return err_why(ERR_NO_INPUT, why,
			       "libpsl has no public suffix list; install publicsuffix, or name a "
			       "list with public_suffix_file");
	if (open_errno != 0)
		return err_why_errno(open_errno, why, "%s", file);
	return err_why(ERR_DATA, why,
		       "%s is no public suffix list with an ICANN section; "
		       "https://publicsuffix.org/list/ has one",
		       file);
}

int64_t domain_suffixes_date(const char *file)
{
	int64_t built_in = file == NULL ? (int64_t)psl_builtin_file_time() : 0;
	const char *path = file == NULL ? psl_dist_filename() : file;
	struct stat status;

	if (path == NULL || path[0] == '\0' || stat(path, &status) != 0)
		return built_in;
	return status.st_mtime > built_in ? (int64_t)status.st_mtime : built_in;
}

void domain_suffixes_close(struct domain_suffixes *suffixes)
{
	if (suffixes == NULL)
		return;
	psl_free(suffixes->psl);
	free(suffixes);
}

/* ---- reading a name ---- */

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A name in the making, longer than it may become by the trailing dot. */
struct draft {
	size_t length;
	char name[DOMAIN_MAX + 2];
};

static enum err draft_append(struct draft *draft, const char *text, size_t length)
{
	if (length >= sizeof(draft->name) - draft->length)
		return ERR_DATA;
	for (size_t i = 0; i < length; i++)
		draft->name[draft->length + i] = ascii_lower(text[i]);
	draft->length += length;
	draft->name[draft->length] = '\0';
	return ERR_OK;
}

static bool is_plain(const char *label, size_t length)
{
	if (length >= 4 && ascii_lower(label[0]) == 'x' && ascii_lower(label[1]) == 'n' &&
	    label[2] == '-' && label[3] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)label[i] >= 0x80)
			return false;
	}
	return true;
}

/* The text is one label, or several with dots that IDNA maps to "." (U+3002). */
static enum err append_idn(struct draft *draft, const char *text, size_t length)
{
	char terminated[TEXT_MAX + 1];
	uint8_t *ascii = NULL;
	enum err err;
	int status;

	if (length > TEXT_MAX || memchr(text, '\0', length) != NULL)
		return ERR_DATA;
	memcpy(terminated, text, length);
	terminated[length] = '\0';
	status = idn2_lookup_u8((const uint8_t *)terminated, &ascii,
				IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (status == IDN2_MALLOC)
		return ERR_NO_MEMORY;
	if (status != IDN2_OK)
		return ERR_DATA;
	err = draft_append(draft, (const char *)ascii, strlen((const char *)ascii));
	idn2_free(ascii);
	return err;
}

static bool label_is_valid(const char *label, size_t length)
{
	if (length == 0 || length > LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_letter_or_digit(label[i]) && label[i] != '-' && label[i] != '_')
			return false;
	}
	return true;
}

/* An all-numeric TLD would be an IPv4 address in one of its spellings. */
static bool name_is_valid(const char *name)
{
	for (;;) {
		size_t length = strcspn(name, ".");

		if (!label_is_valid(name, length))
			return false;
		if (name[length] == '\0')
			return strspn(name, "0123456789") != length;
		name += length + 1;
	}
}

enum err domain_from_text(const char *text, size_t length, struct domain *domain)
{
	struct draft draft = {.length = 0};
	const char *end = text + length;
	enum err err;

	for (;;) {
		const char *dot = memchr(text, '.', (size_t)(end - text));
		const char *label_end = dot == NULL ? end : dot;
		size_t label_length = (size_t)(label_end - text);

		err = is_plain(text, label_length) ? draft_append(&draft, text, label_length)
						   : append_idn(&draft, text, label_length);
		if (err == ERR_OK && dot != NULL)
			err = draft_append(&draft, ".", 1);
		if (err != ERR_OK)
			return err;
		if (dot == NULL)
			break;
		text = dot + 1;
	}
	if (draft.length != 0 && draft.name[draft.length - 1] == '.')
		draft.name[--draft.length] = '\0';
	/* A NUL within plain text would end the check early. */
	if (draft.length > DOMAIN_MAX || strlen(draft.name) != draft.length ||
	    !name_is_valid(draft.name))
		return ERR_DATA;
	domain->length = (unsigned char)draft.length;
	memcpy(domain->name, draft.name, draft.length + 1);
	return ERR_OK;
}

/* ---- what a name is ---- */

bool domain_is_below_private(const struct domain_suffixes *suffixes, const struct domain *domain)
{
	struct domain_names names;

	return domain_names(suffixes, domain, &names) == ERR_OK &&
	       domain_equal(&names.below_private, domain);
}

const char *domain_tld(const struct domain *domain)
{
	const char *dot = memrchr(domain->name, '.', domain->length);

	return dot == NULL ? domain->name : dot + 1;
}

bool domain_is_special(const struct domain *host)
{
	static const char *const names[] = {"alt",   "arpa",	  "internal", "invalid",
					    "local", "localhost", "onion"};
	const char *tld = domain_tld(host);

	if (tld == host->name)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(tld, names[i]) == 0)
			return true;
	}
	return false;
}

/* Where the longest listed suffix of name begins that has more than one label; the
 * last label if there is none. */
static const char *longest_suffix(const psl_ctx_t *psl, const char *name, int section)
{
	for (;;) {
		const char *dot = strchr(name, '.');

		if (dot == NULL || is_suffix(psl, name, section))
			return name;
		name = dot + 1;
	}
}

/* suffix points into host, behind its first label. */
static void one_label_more(const struct domain *host, const char *suffix, struct domain *domain)
{
	const char *before = suffix - 1;
	const char *dot = memrchr(host->name, '.', (size_t)(before - host->name));
	const char *start = dot == NULL ? host->name : dot + 1;
	size_t length = (size_t)(host->name + host->length - start);

	domain->length = (unsigned char)length;
	memcpy(domain->name, start, length + 1);
}

enum err domain_names(const struct domain_suffixes *suffixes, const struct domain *host,
		      struct domain_names *names)
{
	const char *suffix;
	const char *icann;

	if (domain_is_special(host))
		return ERR_NOT_FOUND;
	/* Nobody needs to be asked about the last label: listed or not, it is a suffix
	 * of names for sale. */
	suffix = longest_suffix(suffixes->psl, host->name, PSL_TYPE_ANY);
	icann = longest_suffix(suffixes->psl, suffix, PSL_TYPE_ICANN);
	if (icann == host->name)
		return ERR_NOT_FOUND;

	one_label_more(host, icann, &names->registrable);
	names->below_private.length = 0;
	names->below_private.name[0] = '\0';
	if (suffix < icann && suffix != host->name)
		one_label_more(host, suffix, &names->below_private);
	return ERR_OK;
}

bool domain_equal(const struct domain *a, const struct domain *b)
{
	return a->length == b->length && memcmp(a->name, b->name, a->length) == 0;
}
