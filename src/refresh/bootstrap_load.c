/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootstrap_load: the document from a file, from the copy that is kept, or from
 * the web.
 */
#include "resetguard/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resetguard/json.h"
#include "resetguard/time.h"

enum { COPY_MODE = 0640 };

/* A document, and what is known of its fetching. */
struct copy {
	char *text; /* the whole file; the document begins at document */
	const char *document;
	size_t length;
	int64_t fetched_at;
	int64_t fresh_until;
	char etag[HTTP_HEADER_MAX];
};

static void copy_free(struct copy *copy)
{
	free(copy->text);
}

bool bootstrap_is_url(const struct conf *conf)
{
	return strstr(conf->rdap_bootstrap, "://") != NULL;
}

static enum err read_file(const char *path, char **text, size_t *length, struct why *why)
{
	FILE *file = fopen(path, "re");
	char *buffer = NULL;
	struct stat status;
	size_t size;
	enum err err = ERR_OK;

	if (file == NULL)
		return err_why_errno(errno, why, "%s", path);
	if (fstat(fileno(file), &status) != 0) {
		err = err_why_errno(errno, why, "%s", path);
		goto out;
	}
	if (!S_ISREG(status.st_mode) || status.st_size > BOOTSTRAP_BYTES_MAX) {
		err = err_why(ERR_DATA, why, "%s: not a file of at most %d bytes", path,
			      BOOTSTRAP_BYTES_MAX);
		goto out;
	}
	size = (size_t)status.st_size;
	buffer = malloc(size + 1);
	if (buffer == NULL) {
		err = err_why(ERR_NO_MEMORY, why, "%s: %s", path, err_text(ERR_NO_MEMORY));
		goto out;
	}
	*length = fread(buffer, 1, size, file);
	if (ferror(file) != 0) {
		err = err_why_errno(errno, why, "%s", path);
		goto out;
	}
	buffer[*length] = '\0';
	*text = buffer;
	buffer = NULL;
out:
	free(buffer);
	(void)fclose(file);
	return err;
}

/* ------------------------------------------------------------- the kept copy */

static enum err copy_path(const struct conf *conf, const char *suffix, char path[PATH_MAX])
{
	int length = snprintf(path, PATH_MAX, "%s/" BOOTSTRAP_FILE "%s", conf->cache_dir, suffix);

	return length < 0 || length >= PATH_MAX ? ERR_TOO_LONG : ERR_OK;
}

static bool member_time(const struct json *object, const char *name, int64_t *moment)
{
	const char *text = json_as_string(json_member(object, name));

	return text != NULL && time_parse(text, 0, moment) == ERR_OK;
}

/* False, and an empty copy, if there is none of what conf names now. */
static bool copy_read(const struct conf *conf, struct copy *copy)
{
	char path[PATH_MAX];
	struct json *head = NULL;
	const char *url;
	const char *etag;
	char *end;
	size_t length;
	bool ok = false;

	memset(copy, 0, sizeof(*copy));
	if (copy_path(conf, "", path) != ERR_OK ||
	    read_file(path, &copy->text, &length, NULL) != ERR_OK)
		return false;
	end = memchr(copy->text, '\n', length);
	if (end == NULL ||
	    json_parse(copy->text, (size_t)(end - copy->text), &head, NULL) != ERR_OK)
		goto out;
	url = json_as_string(json_member(head, "url"));
	etag = json_as_string(json_member(head, "etag"));
	if (url == NULL || strcmp(url, conf->rdap_bootstrap) != 0 ||
	    !member_time(head, "fetched_at", &copy->fetched_at) ||
	    !member_time(head, "fresh_until", &copy->fresh_until))
		goto out;
	if (etag != NULL && strlen(etag) < sizeof(copy->etag))
		strcpy(copy->etag, etag);
	copy->document = end + 1;
	copy->length = length - (size_t)(copy->document - copy->text);
	ok = true;
out:
	json_free(head);
	if (!ok) {
		copy_free(copy);
		memset(copy, 0, sizeof(*copy));
	}
	return ok;
}

enum err bootstrap_fetched_at(const struct conf *conf, int64_t *fetched_at)
{
	struct copy copy;

	if (!copy_read(conf, &copy))
		return ERR_NOT_FOUND;
	*fetched_at = copy.fetched_at;
	copy_free(&copy);
	return ERR_OK;
}

static enum err copy_write(const struct conf *conf, const struct copy *copy, struct why *why)
{
	char path[PATH_MAX];
	char fresh[PATH_MAX];
	struct json_line line;
	FILE *file = NULL;
	int fd;
	enum err err;

	if (copy_path(conf, "", path) != ERR_OK || copy_path(conf, ".XXXXXX", fresh) != ERR_OK)
		return err_why(ERR_TOO_LONG, why, "cache_dir: %s", err_text(ERR_TOO_LONG));
	fd = mkostemp(fresh, O_CLOEXEC);
	if (fd < 0)
		return err_why_errno(errno, why, "cannot keep the RDAP bootstrap: %s", path);
	file = fdopen(fd, "w");
	if (file == NULL) {
		err = err_why_errno(errno, why, "cannot keep the RDAP bootstrap: %s", path);
		(void)close(fd);
		(void)unlink(fresh);
		return err;
	}
	line = json_line_begin(file);
	json_line_string(&line, "url", conf->rdap_bootstrap);
	json_line_time(&line, "fetched_at", copy->fetched_at);
	json_line_time(&line, "fresh_until", copy->fresh_until);
	json_line_string(&line, "etag", copy->etag[0] != '\0' ? copy->etag : NULL);
	json_line_end(&line);
	(void)fwrite(copy->document, 1, copy->length, file);
	if (fflush(file) != 0 || ferror(file) != 0 || fchmod(fd, COPY_MODE) != 0 ||
	    fsync(fd) != 0 || rename(fresh, path) != 0) {
		err = err_why_errno(errno, why, "cannot keep the RDAP bootstrap: %s", path);
		(void)unlink(fresh);
	} else {
		err = ERR_OK;
	}
	(void)fclose(file);
	return err;
}

/* -------------------------------------------------------------------- the web */

/* A 200 or a 304. Redirections are followed here, each under http's rules. */
static enum err fetch(const struct conf *conf, struct http *http, const char *etag,
		      struct http_reply *reply, struct why *why)
{
	static const char accept[] = "Accept: application/json";
	char condition[HTTP_HEADER_MAX + sizeof "If-None-Match: "];
	const char *headers[] = {accept, NULL, NULL};
	char url[HTTP_URL_MAX];

	if (strlen(conf->rdap_bootstrap) >= sizeof(url))
		return err_why(ERR_CONFIG, why, "rdap_bootstrap: a URL of more than %d characters",
			       HTTP_URL_MAX - 1);
	strcpy(url, conf->rdap_bootstrap);
	if (etag[0] != '\0') {
		snprintf(condition, sizeof(condition), "If-None-Match: %s", etag);
		headers[1] = condition;
	}
	for (int redirects = 0; redirects <= BOOTSTRAP_REDIRECTS_MAX; redirects++) {
		enum err err = http_start(http, url, headers, NULL);

		if (err == ERR_OK)
			err = http_next(http, -1, reply);
		if (err != ERR_OK)
			return err_why(err, why, "rdap_bootstrap: %s", err_text(err));
		if (reply->failure != HTTP_DONE)
			return err_why(ERR_UNAVAILABLE, why, "rdap_bootstrap: %s", reply->why.text);
		if (reply->status == 200 || (reply->status == 304 && etag[0] != '\0'))
			return ERR_OK;
		if (reply->status < 300 || reply->status >= 400 || reply->location[0] == '\0')
			return err_why(ERR_UNAVAILABLE, why, "rdap_bootstrap: %s: HTTP status %d",
				       reply->host, reply->status);
		strcpy(url, reply->location);
	}
	return err_why(ERR_UNAVAILABLE, why, "rdap_bootstrap: more than %d redirections",
		       BOOTSTRAP_REDIRECTS_MAX);
}

static int64_t fresh_until(const struct http_reply *reply, int64_t now)
{
	return now +
	       (reply->expires_in > BOOTSTRAP_FRESH_MIN ? reply->expires_in : BOOTSTRAP_FRESH_MIN);
}

/* Fetches, and keeps what was fetched. old: the copy, or an empty one. */
static enum err renew(const struct conf *conf, struct http *http, int64_t now, struct copy *old,
		      struct bootstrap **bootstrap, struct why *why)
{
	struct http_reply reply;
	struct copy copy = {.fetched_at = now};
	struct why what = {""};
	enum err err = fetch(conf, http, old->etag, &reply, why);

	if (err != ERR_OK)
		return err;
	if (reply.status == 304) {
		copy.document = old->document;
		copy.length = old->length;
		strcpy(copy.etag, old->etag);
	} else {
		copy.document = reply.body;
		copy.length = reply.length;
		strcpy(copy.etag, reply.etag);
	}
	copy.fresh_until = fresh_until(&reply, now);
	err = bootstrap_parse(copy.document, copy.length, conf, bootstrap, &what);
	if (err != ERR_OK)
		return err == ERR_CONFIG
			       ? err_why(err, why, "%s", what.text)
			       : err_why(err, why, "rdap_bootstrap: %s: %s", reply.host, what.text);
	/* That it cannot be kept costs a fetch the next time, no more. */
	if (copy_write(conf, &copy, &what) != ERR_OK)
		(void)err_why(ERR_OK, why, "%s", what.text);
	return ERR_OK;
}

static enum err load_url(const struct conf *conf, struct http *http, int64_t now,
			 struct bootstrap **bootstrap, struct why *why)
{
	struct copy copy;
	struct bootstrap *kept = NULL;
	struct why what = {""};
	enum err err = copy_read(conf, &copy) ? ERR_OK : ERR_NOT_FOUND;

	if (err == ERR_OK) {
		err = bootstrap_parse(copy.document, copy.length, conf, &kept, &what);
		if (err == ERR_CONFIG || err == ERR_NO_MEMORY) {
			(void)err_why(err, why, "%s", what.text);
			goto out;
		}
	}
	/* A copy that cannot be read is fetched whole. One from the future, by
	 * this clock, is of an unknown age. */
	if (kept == NULL)
		copy.etag[0] = '\0';
	else if (http == NULL || (copy.fetched_at <= now && now < copy.fresh_until))
		goto out;

	if (http == NULL) {
		err = err_why(ERR_NOT_FOUND, why, "rdap_bootstrap: not fetched yet");
		goto out;
	}
	what.text[0] = '\0';
	err = renew(conf, http, now, &copy, bootstrap, &what);
	if (err == ERR_OK) {
		(void)err_why(err, why, "%s", what.text);
		bootstrap_free(kept);
		kept = NULL;
	} else if (kept != NULL) {
		err = err_why(ERR_OK, why, "using the copy fetched at %s: %.400s",
			      time_format(copy.fetched_at).text, what.text);
	} else {
		(void)err_why(err, why, "%s", what.text);
	}
out:
	if (err == ERR_OK && kept != NULL)
		*bootstrap = kept;
	copy_free(&copy);
	return err;
}

enum err bootstrap_load(const struct conf *conf, struct http *http, int64_t now,
			struct bootstrap **bootstrap, struct why *why)
{
	struct why what = {""};
	char *text;
	size_t length;
	enum err err;

	if (why != NULL)
		why->text[0] = '\0';
	if (bootstrap_is_url(conf))
		return load_url(conf, http, now, bootstrap, why);
	err = read_file(conf->rdap_bootstrap, &text, &length, &what);
	if (err != ERR_OK)
		return err_why(err, why, "rdap_bootstrap: %s", what.text);
	err = bootstrap_parse(text, length, conf, bootstrap, &what);
	if (err != ERR_OK)
		(void)err_why(err, why, "%s: %s", conf->rdap_bootstrap, what.text);
	free(text);
	return err;
}
