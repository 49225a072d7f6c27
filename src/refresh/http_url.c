/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http_url: the rules for URLs, asked of the same parser that libcurl follows
 * them with.
 */
#include "resetguard/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <string.h>

static bool percents_are_sound(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '%' &&
		    (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2])))
			return false;
	return true;
}

static enum err host_copy(const char *from, char host[DOMAIN_MAX + 1])
{
	size_t length = strlen(from);

	if (length >= 2 && from[0] == '[' && from[length - 1] == ']') {
		from++;
		length -= 2;
	}
	if (length == 0 || length > DOMAIN_MAX)
		return ERR_DATA;
	for (size_t i = 0; i < length; i++)
		host[i] = (char)tolower((unsigned char)from[i]);
	host[length] = '\0';
	return ERR_OK;
}

enum err http_url_host(const char *url, bool allow_http, char host[DOMAIN_MAX + 1], struct why *why)
{
	CURLU *parts = NULL;
	char *scheme = NULL;
	char *name = NULL;
	CURLUcode code;
	enum err err;

	if (strlen(url) >= HTTP_URL_MAX) {
		err = err_why(ERR_DATA, why, "a URL of more than %d characters", HTTP_URL_MAX - 1);
		goto out;
	}
	parts = curl_url();
	if (parts == NULL) {
		err = err_why(ERR_NO_MEMORY, why, "no memory for a URL");
		goto out;
	}
	code = curl_url_set(parts, CURLUPART_URL, url,
			    CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
	if (code == CURLUE_OK)
		code = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
	if (code == CURLUE_OK)
		code = curl_url_get(parts, CURLUPART_HOST, &name, 0);
	if (code == CURLUE_OUT_OF_MEMORY) {
		err = err_why(ERR_NO_MEMORY, why, "no memory for a URL");
		goto out;
	}
	if (code != CURLUE_OK) {
		err = err_why(ERR_DATA, why, "%.200s: %s", url, curl_url_strerror(code));
		goto out;
	}
	if (strcmp(scheme, "https") != 0 && !(allow_http && strcmp(scheme, "http") == 0)) {
		err = err_why(ERR_DATA, why, "%.200s: not an https URL", url);
		goto out;
	}
	if (!percents_are_sound(url)) {
		err = err_why(ERR_DATA, why, "%.200s: a %% without two hexadecimal digits", url);
		goto out;
	}
	err = host_copy(name, host);
	if (err != ERR_OK)
		(void)err_why(err, why, "%.200s: not a host name", url);
out:
	curl_free(name);
	curl_free(scheme);
	curl_url_cleanup(parts);
	return err;
}
