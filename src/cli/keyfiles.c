/* SPDX-License-Identifier: BSD-2-Clause */
/* keyfiles: whether the files that keys of the configuration name can be used. */
#include "keyfiles.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "resetguard/deliver.h"
#include "resetguard/dns.h"
#include "resetguard/fastly.h"
#include "resetguard/lifecycle.h"
#include "resetguard/mime.h"
#include "resetguard/rdap_parking.h"
#include "resetguard/rules.h"

/* A machine may run the updater alone: the default rules may be missing. */
static enum err check_messages(const struct conf *conf, const struct keyfiles_sink *sink,
			       struct why *why)
{
	struct why missing = {""};
	struct rules *rules;
	enum err err;

	if (conf_place(conf, "messages_file") == NULL && access(conf->messages_file, F_OK) != 0) {
		(void)err_why(ERR_OK, &missing,
			      "%s: there is no such file; the milter would not start",
			      conf->messages_file);
		sink->warned(sink->context, missing.text);
		return ERR_OK;
	}
	mime_init();
	err = rules_read(conf->messages_file, &conf->guard, &rules, why);
	if (err != ERR_OK)
		return err;
	for (size_t i = 0; rules_warning(rules, i) != NULL; i++)
		sink->warned(sink->context, rules_warning(rules, i));
	sink->rules(sink->context, rules_count(rules));
	rules_free(rules);
	return ERR_OK;
}

static enum err check_fastly_key(const struct conf *conf, const struct keyfiles_sink *sink,
				 struct why *why)
{
	char header[FASTLY_HEADER_MAX];
	enum err err = fastly_header_read(conf->fastly_key_file, header, why);

	(void)sink;
	explicit_bzero(header, sizeof header);
	return err;
}

static enum err check_on_change_key(const struct conf *conf, const struct keyfiles_sink *sink,
				    struct why *why)
{
	char key[KEY_FILE_MAX + 1];
	enum err err = deliver_read_key(conf, key, why);

	(void)sink;
	explicit_bzero(key, sizeof key);
	return err;
}

static enum err check_lifecycle(const struct conf *conf, const struct keyfiles_sink *sink,
				struct why *why)
{
	struct lifecycle_table *table;
	enum err err = lifecycle_read(conf->tld_lifecycle, &table, why);

	(void)sink;
	if (err == ERR_OK)
		lifecycle_free(table);
	return err;
}

static enum err check_parking(const struct conf *conf, const struct keyfiles_sink *sink,
			      struct why *why)
{
	struct rdap_parking *parking;
	enum err err = rdap_parking_read(conf->parking_name_servers, &parking, why);

	(void)sink;
	if (err == ERR_OK)
		rdap_parking_free(parking);
	return err;
}

/* Whether there is anything to read. */
static enum err check_readable(const char *path, struct why *why)
{
	FILE *file = fopen(path, "re");
	enum err err = ERR_OK;

	if (file == NULL)
		return err_why_errno(errno, why, "%s", path);
	errno = 0;
	if (fgetc(file) == EOF)
		err = errno != 0 ? err_why_errno(errno, why, "%s", path)
				 : err_why(ERR_CONFIG, why, "%s: is empty", path);
	(void)fclose(file);
	return err;
}

static enum err check_trust_anchor(const struct conf *conf, const struct keyfiles_sink *sink,
				   struct why *why)
{
	enum err err = check_readable(conf->dns_trust_anchor, why);

	(void)sink;
	return err == ERR_OK ? dns_check(conf, why) : err;
}

static enum err check_ca_file(const struct conf *conf, const struct keyfiles_sink *sink,
			      struct why *why)
{
	(void)sink;
	return check_readable(conf->ca_file, why);
}

void keyfiles_check(const struct conf *conf, const struct keyfiles_sink *sink)
{
	const struct {
		const char *key;
		const char *path;
		enum err (*check)(const struct conf *conf, const struct keyfiles_sink *sink,
				  struct why *why);
		bool is_installed; /* the default: none in a build tree */
	} files[] = {
		{"messages_file", conf->messages_file, check_messages, false},
		{"fastly_key_file", conf->fastly_key_file, check_fastly_key, false},
		{"dns_trust_anchor", conf->dns_trust_anchor, check_trust_anchor, false},
		{"tld_lifecycle", conf->tld_lifecycle, check_lifecycle, true},
		{"parking_name_servers", conf->parking_name_servers, check_parking, true},
		{"on_change_key_file", conf->on_change_key_file, check_on_change_key, false},
		{"ca_file", conf->ca_file, check_ca_file, false},
	};

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct why why = {""};
		enum err err;

		if (files[i].path == NULL)
			continue;
		err = files[i].check(conf, sink, &why);
		if (err == ERR_NO_INPUT && files[i].is_installed &&
		    conf_is_default(conf, files[i].key))
			continue;
		if (err != ERR_OK)
			sink->failed(sink->context, files[i].key, why.text);
	}
}
