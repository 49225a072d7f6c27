/* SPDX-License-Identifier: BSD-2-Clause */
/* milterplace: a directory with all that a milter needs. */
#include "milterplace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "resetguard/cache.h"

#include "../../src/core/cache_txn.h"

const char milterplace_rules[] = "header X-Mail-Class: password-reset\n"
				 "header X-Mail-Class: newsletter class=newsletter\n"
				 "sender resets@svc.example\n"
				 "sasl_user reset-service\n";

struct facts milterplace_good_facts(const struct milterplace *place)
{
	struct facts facts = facts_new(place->now - 400 * MILTERPLACE_DAY, FACTS_IMPORTED);

	facts.state = facts.registry_state = STATE_REGISTERED;
	facts.source = SOURCE_RDAP;
	facts.registered_at = place->now - 3000 * MILTERPLACE_DAY;
	facts.expires_at = place->now + 200 * MILTERPLACE_DAY;
	facts.verified_at = place->now - 300 * MILTERPLACE_DAY;
	facts.registry.checked_at = facts.registry.tried_at = place->now - 1800;
	facts.registry.next_check_at = place->now + MILTERPLACE_DAY;
	return facts;
}

static enum err write_facts(const struct milterplace *place, const char *name,
			    const struct facts *facts, struct why *why)
{
	struct cache_options options = {
		.cache_dir = place->root, .map_size = 16 << 20, .readers = 4};
	struct facts before;
	struct domain domain;
	struct cache *cache;
	struct cache_txn *txn;
	bool had;
	enum err err = domain_from_text(name, strlen(name), &domain);

	if (err == ERR_OK)
		err = cache_open_writer(&options, &cache, why);
	if (err == ERR_OK)
		err = cache_write_begin_at(cache, place->now, false, &txn, why);
	if (err != ERR_OK)
		return err;
	had = cache_get_facts(txn, &domain, &before) == ERR_OK;
	err = cache_put_facts(txn, &domain, had ? &before : NULL, facts);
	return err == ERR_OK ? cache_write_commit(txn, why) : err;
}

void milterplace_put(const struct milterplace *place, const char *domain, const struct facts *facts)
{
	struct why why = {""};
	pid_t child = fork();
	int status;
	enum err err;

	assert_true(child >= 0);
	if (child == 0) {
		err = write_facts(place, domain, facts, &why);
		if (err != ERR_OK)
			fprintf(stderr, "%s: %s: %s\n", domain, err_text(err), why.text);
		_exit(err == ERR_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

void milterplace_write(const struct milterplace *place, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", place->root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void milterplace_configure(const struct milterplace *place, const char *keys)
{
	const struct passwd *user = getpwuid(geteuid());
	char text[4096];

	assert_non_null(user);
	snprintf(text, sizeof text,
		 "cache_dir = %s\n"
		 "map_size = 16m\n"
		 "milter_user = %s\n"
		 "socket = unix:%s/milter.sock\n"
		 "socket_group =\n"
		 "originating_daemons = ORIGINATING !reinject\n"
		 "%s",
		 place->root, user->pw_name, place->root, keys);
	milterplace_write(place, "resetguard.conf", text);
}

void milterplace_make(struct milterplace *place, int64_t now)
{
	struct why why = {""};
	struct facts facts;

	place->now = now;
	strcpy(place->root, "/tmp/milterplace.XXXXXX");
	assert_non_null(mkdtemp(place->root));
	snprintf(place->conf_path, sizeof place->conf_path, "%s/resetguard.conf", place->root);
	if (cache_prepare(place->root, (uid_t)-1, (gid_t)-1, &why) != ERR_OK)
		fail_msg("%s", why.text);
	milterplace_configure(place, "");
	milterplace_write(place, "messages", milterplace_rules);

	facts = milterplace_good_facts(place);
	milterplace_put(place, "fine.example", &facts);
	milterplace_put(place, "good.example", &facts);
	facts.state = facts.registry_state = STATE_REDEMPTION;
	facts.lapsed_at = now - 2 * MILTERPLACE_DAY;
	milterplace_put(place, "lapsed.example", &facts);
	facts = milterplace_good_facts(place);
	facts.registry.checked_at = now - 100 * MILTERPLACE_DAY;
	milterplace_put(place, "stale.example", &facts);
	facts = milterplace_good_facts(place);
	facts.registered_at = now - 100 * MILTERPLACE_DAY;
	milterplace_put(place, "changed.example", &facts);
}

void milterplace_remove(const struct milterplace *place)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf '%s'", place->root);
	assert_int_equal(system(command), 0);
}
