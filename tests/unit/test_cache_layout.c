/* SPDX-License-Identifier: BSD-2-Clause */
/* What lies in cache_dir: owners and modes, the key, the format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/core/cache_layout.h"
#include "cacheplace.h"

static void assert_refuses(struct cacheplace *place, enum err wanted, const char *word)
{
	struct cache_txn *txn;
	struct why why = {""};

	cacheplace_open_reader(place);
	assert_int_equal(cache_status(place->cache, &why), wanted);
	if (strstr(why.text, word) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why.text, word);
	assert_int_equal(cache_read_begin(place->cache, 0, &txn), wanted);
	cacheplace_close(place);
}

/* ---- the layout ---- */

static void assert_mode(const struct cacheplace *place, const char *name, mode_t mode)
{
	struct stat status;

	assert_int_equal(stat(cacheplace_path(place, name), &status), 0);
	if ((status.st_mode & 07777) != mode)
		fail_msg("%s is %04o", name, (unsigned)(status.st_mode & 07777));
}

static void modes_are_those_of_the_manual(void **state)
{
	struct cacheplace *place = *state;

	mode_t before = umask(0077);
	cacheplace_make(place);
	umask(before);
	for (unsigned i = 0; i < 2; i++) {
		assert_mode(place, "", 02750);
		assert_mode(place, "cache", 02750);
		assert_mode(place, "wanted", 02770);
		assert_mode(place, "refresh.lock", 0640);
		assert_mode(place, "address.key", 0640);
		assert_mode(place, "cache/data.mdb", 0640);
		assert_mode(place, "cache/lock.mdb", 0660);

		assert_int_equal(chmod(cacheplace_path(place, "cache"), 0777), 0);
		assert_int_equal(chmod(cacheplace_path(place, "wanted"), 0700), 0);
		assert_int_equal(chmod(cacheplace_path(place, "address.key"), 0644), 0);
		assert_int_equal(chmod(cacheplace_path(place, "cache/lock.mdb"), 0600), 0);
		assert_int_equal(cache_prepare(place->root, (uid_t)-1, (gid_t)-1, &place->why),
				 ERR_OK);
	}
}

static void owners_are_put_right(void **state)
{
	struct cacheplace *place = *state;
	struct stat status;

	if (geteuid() != 0)
		skip();
	cacheplace_make(place);
	assert_int_equal(cache_prepare(place->root, 12345, 54321, &place->why), ERR_OK);
	static const char *const names[] = {"", "cache", "wanted", "refresh.lock", "address.key",
					    "cache/data.mdb", "cache/lock.mdb"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert_int_equal(stat(cacheplace_path(place, names[i]), &status), 0);
		assert_int_equal(status.st_uid, 12345);
		assert_int_equal(status.st_gid, 54321);
	}
	assert_mode(place, "cache", 02750);
}

static void planted_files_are_not_touched(void **state)
{
	struct cacheplace *place = *state;
	char target[256];
	struct stat status;

	strcpy(target, cacheplace_path(place, "target"));
	assert_int_equal(close(open(target, O_CREAT | O_WRONLY, 0600)), 0);

	assert_int_equal(symlink(target, cacheplace_path(place, "address.key")), 0);
	assert_int_not_equal(cache_prepare(place->root, (uid_t)-1, (gid_t)-1, &place->why), ERR_OK);
	assert_non_null(strstr(place->why.text, "address.key"));
	assert_int_equal(unlink(cacheplace_path(place, "address.key")), 0);

	assert_int_equal(link(target, cacheplace_path(place, "address.key")), 0);
	assert_int_equal(cache_prepare(place->root, (uid_t)-1, (gid_t)-1, &place->why),
			 ERR_PERMISSION);
	assert_non_null(strstr(place->why.text, "other links"));
	assert_int_equal(unlink(cacheplace_path(place, "address.key")), 0);

	assert_int_equal(mkfifo(cacheplace_path(place, "address.key"), 0600), 0);
	assert_int_equal(cache_prepare(place->root, (uid_t)-1, (gid_t)-1, &place->why),
			 ERR_PERMISSION);
	assert_non_null(strstr(place->why.text, "no regular file"));
	assert_int_equal(stat(target, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

static bool may_not_prepare(struct cacheplace *place)
{
	struct why why;

	return setgid(65534) == 0 && setuid(65534) == 0 &&
	       cache_prepare(place->root, 65534, 65534, &why) == ERR_PERMISSION &&
	       strstr(why.text, "is 0:65534 2750, should be 65534:65534 2750") != NULL;
}

static void what_may_not_be_put_right_is_named(void **state)
{
	struct cacheplace *place = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(cache_prepare(place->root, 0, 65534, &place->why), ERR_OK);
	assert_true(cacheplace_in_child(may_not_prepare, place));
}

/* ---- the key and meta ---- */

static void no_cache_is_no_accept(void **state)
{
	struct cacheplace *place = *state;

	assert_refuses(place, ERR_NO_INPUT, "data.mdb is not there");
	assert_int_equal(rmdir(cacheplace_path(place, "cache")), 0);
	assert_refuses(place, ERR_NO_INPUT, "data.mdb is not there");
	assert_int_equal(cacheplace_open_writer(place), ERR_NO_INPUT);
}

static void the_key_stays(void **state)
{
	struct cacheplace *place = *state;
	struct mailbox mailbox = {.local_length = 3, .local = "bob", .host = cacheplace_domain("a.example")};
	struct addresses_fingerprint prints[2];
	struct address_hash hashes[2];

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(cacheplace_open_writer(place), ERR_OK);
		struct cache_txn *txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
		prints[i] = cache_key_fingerprint(txn);
		hashes[i] = cache_address_hash(txn, &mailbox);
		cache_write_abort(txn);
		cacheplace_close(place);
	}
	assert_memory_equal(&prints[0], &prints[1], sizeof prints[0]);
	assert_memory_equal(&hashes[0], &hashes[1], sizeof hashes[0]);
}

static void a_cache_without_its_key_is_refused(void **state)
{
	struct cacheplace *place = *state;

	cacheplace_make(place);
	assert_int_equal(rename(cacheplace_path(place, "address.key"), cacheplace_path(place, "key")), 0);
	assert_refuses(place, ERR_DAMAGED, "address.key is missing");
	assert_int_equal(cacheplace_open_writer(place), ERR_DAMAGED);
	assert_int_equal(access(cacheplace_path(place, "address.key"), F_OK), -1);

	int fd = open(cacheplace_path(place, "address.key"), O_CREAT | O_WRONLY, 0640);
	assert_int_equal(write(fd, "01234567890123456789012345678901", 32), 32);
	assert_refuses(place, ERR_DAMAGED, "belongs to another cache");
	assert_int_equal(ftruncate(fd, 31), 0);
	assert_refuses(place, ERR_DAMAGED, "no key of 32 bytes");
	assert_int_equal(ftruncate(fd, 33), 0);
	assert_refuses(place, ERR_DAMAGED, "no key of 32 bytes");
	close(fd);
	assert_int_equal(rename(cacheplace_path(place, "key"), cacheplace_path(place, "address.key")), 0);
	cacheplace_open_reader(place);
	assert_int_equal(cache_status(place->cache, NULL), ERR_OK);
}

static void write_key(const struct cacheplace *place, const char *name, const char *key)
{
	int fd = open(cacheplace_path(place, name), O_CREAT | O_WRONLY | O_TRUNC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, key, strlen(key)), strlen(key));
	close(fd);
}

static void assert_key(const struct cacheplace *place, const char *name, const char *wanted)
{
	char key[33] = "";
	int fd = open(cacheplace_path(place, name), O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, key, 32), 32);
	close(fd);
	assert_string_equal(key, wanted);
}

static const char SOME_KEY[] = "01234567890123456789012345678901";

/* With an empty cache in its place, nothing would be known of anybody. */
static void a_key_that_has_lost_its_cache_begins_no_other(void **state)
{
	struct cacheplace *place = *state;
	struct cache_options options = cacheplace_options(place);

	write_key(place, "address.key", SOME_KEY);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(cacheplace_open_writer(place), ERR_DAMAGED);
		assert_non_null(strstr(place->why.text, "restore"));
		assert_non_null(strstr(place->why.text, "--new"));
		assert_int_equal(access(cacheplace_path(place, "cache/data.mdb"), F_OK), -1);
	}
	options.begins_anew = true;
	assert_int_equal(cache_open_writer(&options, &place->cache, &place->why), ERR_OK);
	cacheplace_close(place);
	assert_key(place, "address.key", SOME_KEY);
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	cacheplace_close(place);

	assert_int_equal(unlink(cacheplace_path(place, "cache/data.mdb")), 0);
	assert_int_equal(cacheplace_open_writer(place), ERR_DAMAGED);
}

static bool stages_no_key(struct cacheplace *place)
{
	const struct rlimit nothing = {0, 0};
	struct addresses_key key = {{1}};
	char missing[PATH_MAX];

	snprintf(missing, sizeof missing, "%s", cacheplace_path(place, "missing"));
	if (cache_layout_stage_key(missing, &key, &place->why) != ERR_NO_INPUT ||
	    strstr(place->why.text, "missing/address.key.new: cannot make it") == NULL)
		return false;
	/* What is half written is taken away again. */
	if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &nothing) != 0)
		return false;
	return cache_layout_stage_key(place->root, &key, &place->why) != ERR_OK &&
	       strstr(place->why.text, "address.key.new: File too large") != NULL &&
	       access(cacheplace_path(place, "address.key.new"), F_OK) != 0;
}

static void a_key_that_cannot_be_written_is_not_left_half(void **state)
{
	struct cacheplace *place = *state;

	cacheplace_make(place);
	assert_true(cacheplace_in_child(stages_no_key, place));
}

static void a_directory_whose_name_is_too_long_is_refused(void **state)
{
	struct cacheplace *place = *state;
	struct addresses_key key = {{1}};
	char directory[PATH_MAX + 1];

	memset(directory, 'd', sizeof directory - 1);
	directory[sizeof directory - 1] = '\0';
	assert_int_equal(cache_prepare(directory, (uid_t)-1, (gid_t)-1, &place->why), ERR_TOO_LONG);
	assert_int_equal(cache_layout_stage_key(directory, &key, &place->why), ERR_TOO_LONG);
	assert_int_equal(cache_layout_take_staged_key(directory, &place->why), ERR_TOO_LONG);
}

/* Whoever makes a cache is killed before the commit, or between it and the rename. */
static void a_key_takes_its_place_with_its_cache(void **state)
{
	struct cacheplace *place = *state;

	write_key(place, "address.key.new", SOME_KEY);
	cacheplace_make(place);
	assert_int_equal(access(cacheplace_path(place, "address.key.new"), F_OK), -1);

	assert_int_equal(rename(cacheplace_path(place, "address.key"),
				cacheplace_path(place, "address.key.new")), 0);
	cacheplace_open_reader(place);
	assert_int_equal(cache_status(place->cache, NULL), ERR_OK);
	cacheplace_close(place);
	write_key(place, "address.key", SOME_KEY);
	cacheplace_open_reader(place);
	assert_int_equal(cache_status(place->cache, NULL), ERR_OK);
	cacheplace_close(place);
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	cacheplace_close(place);
	assert_int_equal(access(cacheplace_path(place, "address.key.new"), F_OK), -1);
	cacheplace_open_reader(place);
	assert_int_equal(cache_status(place->cache, NULL), ERR_OK);
}

/* Puts a meta record that this program would not write; none if length is 0. */
static bool write_meta(const char *directory, const void *record, size_t length)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi meta;
	MDB_val key = {5, "cache"};
	MDB_val value = {length, (void *)(uintptr_t)record};

	bool done = mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 8) == 0 &&
		    mdb_env_open(env, directory, 0, 0640) == 0 &&
		    mdb_txn_begin(env, NULL, 0, &txn) == 0 &&
		    mdb_dbi_open(txn, "meta", 0, &meta) == 0 &&
		    (length == 0 ? mdb_del(txn, meta, &key, NULL)
				 : mdb_put(txn, meta, &key, &value, 0)) == 0 &&
		    mdb_txn_commit(txn) == 0;
	mdb_env_close(env);
	return done;
}

/* As a version before the brake made it. */
static bool drop_later_databases(const char *directory)
{
	static const char *const later[] = {"parked", "hosts", "outbox"};
	MDB_env *env;
	MDB_txn *txn;
	bool done = mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 8) == 0 &&
		    mdb_env_open(env, directory, 0, 0640) == 0 &&
		    mdb_txn_begin(env, NULL, 0, &txn) == 0;

	for (unsigned i = 0; done && i < sizeof later / sizeof *later; i++) {
		MDB_dbi dbi;

		done = mdb_dbi_open(txn, later[i], 0, &dbi) == 0 && mdb_drop(txn, dbi, 1) == 0;
	}
	done = done && mdb_txn_commit(txn) == 0;
	mdb_env_close(env);
	return done;
}

static enum err no_visit(void *context, const struct domain *domain, const struct parked *parked)
{
	(void)context;
	(void)domain;
	(void)parked;
	return ERR_DATA;
}

static enum err no_change(void *context, const struct outbox_entry *entry)
{
	(void)context;
	(void)entry;
	return ERR_DATA;
}

static void assert_nothing_is_parked(struct cacheplace *place)
{
	struct domain domain = cacheplace_domain("lapsed.example");
	struct host_record host;
	struct parked parked;
	struct facts facts;
	struct cache_txn *txn;
	uint64_t changes;

	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	assert_int_equal(cache_get_facts(txn, &domain, &facts), ERR_OK);
	assert_int_equal(cache_get_parked(txn, &domain, &parked), ERR_NOT_FOUND);
	assert_int_equal(cache_get_host(txn, "rdap.example", &host), ERR_NOT_FOUND);
	assert_int_equal(cache_each_parked(txn, no_visit, NULL), ERR_OK);
	assert_int_equal(cache_each_outbox(txn, no_change, NULL), ERR_OK);
	assert_int_equal(cache_count_outbox(txn, &changes), ERR_OK);
	assert_int_equal(changes, 0);
	cache_read_end(txn);
}

static void an_older_cache_lacks_nothing(void **state)
{
	struct cacheplace *place = *state;

	cacheplace_make(place);
	assert_true(drop_later_databases(cacheplace_path(place, "cache")));
	cacheplace_open_reader(place);
	assert_nothing_is_parked(place);
	cacheplace_close(place);
	/* The writer makes them. */
	assert_int_equal(cacheplace_open_writer(place), ERR_OK);
	assert_nothing_is_parked(place);
	struct cache_txn *txn = cacheplace_begin_write(place, CACHEPLACE_NOW);
	struct host_record host = {.rate = 5};
	assert_int_equal(cache_put_host(txn, "rdap.example", &host), ERR_OK);
	cacheplace_commit(place, txn);
	cacheplace_close(place);
	assert_true(drop_later_databases(cacheplace_path(place, "cache")));
}

static void a_later_format_is_refused(void **state)
{
	struct cacheplace *place = *state;
	unsigned char record[17] = {2};

	cacheplace_make(place);
	assert_true(write_meta(cacheplace_path(place, "cache"), record, sizeof record));
	assert_refuses(place, ERR_VERSION, "does not know");
	assert_int_equal(cacheplace_open_writer(place), ERR_VERSION);
	record[0] = 1;
	assert_true(write_meta(cacheplace_path(place, "cache"), record, sizeof record - 1));
	assert_refuses(place, ERR_DAMAGED, "meta record");
	assert_int_equal(cacheplace_open_writer(place), ERR_DAMAGED);
	assert_true(write_meta(cacheplace_path(place, "cache"), NULL, 0));
	assert_refuses(place, ERR_NO_INPUT, "is empty");
	assert_int_equal(cacheplace_open_writer(place), ERR_DAMAGED);
	assert_non_null(strstr(place->why.text, "lost its meta record"));
}

static bool write_later_format(struct cacheplace *place)
{
	static const unsigned char record[17] = {2};

	return write_meta(cacheplace_path(place, "cache"), record, sizeof record);
}

static void a_later_format_is_seen_by_an_open_reader(void **state)
{
	struct cacheplace *place = *state;
	struct cache_txn *txn;

	cacheplace_make(place);
	cacheplace_open_reader(place);
	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	cache_read_end(txn);
	assert_true(cacheplace_in_child(write_later_format, place));
	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_VERSION);
	assert_int_equal(cache_status(place->cache, NULL), ERR_VERSION);
}

static bool make_another_cache(struct cacheplace *place)
{
	struct cacheplace other = *place;

	other.cache = NULL;
	return cache_prepare(other.root, (uid_t)-1, (gid_t)-1, &other.why) == ERR_OK &&
	       cacheplace_open_writer(&other) == ERR_OK;
}

static void an_exchanged_cache_brings_its_own_key(void **state)
{
	struct cacheplace *place = *state;
	struct mailbox mailbox = {.local_length = 3, .local = "bob", .host = cacheplace_domain("a.example")};
	struct cache_txn *txn;
	char aside[128];

	cacheplace_make(place);
	cacheplace_open_reader(place);
	assert_int_equal(cache_read_begin(place->cache, 0, &txn), ERR_OK);
	struct address_hash before = cache_address_hash(txn, &mailbox);
	cache_read_end(txn);

	snprintf(aside, sizeof aside, "%s.old", place->root);
	assert_int_equal(rename(place->root, aside), 0);
	assert_true(cacheplace_in_child(make_another_cache, place));
	assert_int_equal(cache_read_begin(place->cache, 1000, &txn), ERR_OK);
	struct address_hash after = cache_address_hash(txn, &mailbox);
	cache_read_end(txn);
	assert_memory_not_equal(&before, &after, sizeof before);

	char command[256];
	snprintf(command, sizeof command, "rm -rf %s", aside);
	assert_int_equal(system(command), 0);
}

int main(void)
{
#define AT_A_PLACE(test)                                                                            \
	cmocka_unit_test_setup_teardown(test, cacheplace_set_up, cacheplace_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(modes_are_those_of_the_manual),
		AT_A_PLACE(owners_are_put_right),
		AT_A_PLACE(planted_files_are_not_touched),
		AT_A_PLACE(what_may_not_be_put_right_is_named),
		AT_A_PLACE(no_cache_is_no_accept),
		AT_A_PLACE(the_key_stays),
		AT_A_PLACE(a_cache_without_its_key_is_refused),
		AT_A_PLACE(a_key_that_has_lost_its_cache_begins_no_other),
		AT_A_PLACE(a_key_that_cannot_be_written_is_not_left_half),
		AT_A_PLACE(a_directory_whose_name_is_too_long_is_refused),
		AT_A_PLACE(a_key_takes_its_place_with_its_cache),
		AT_A_PLACE(an_older_cache_lacks_nothing),
		AT_A_PLACE(a_later_format_is_refused),
		AT_A_PLACE(a_later_format_is_seen_by_an_open_reader),
		AT_A_PLACE(an_exchanged_cache_brings_its_own_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
