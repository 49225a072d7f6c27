/* SPDX-License-Identifier: BSD-2-Clause */
/* test_packs: where packs are found, and what may be one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "resetguard/packs.h"

static const char *const files[] = {"django", "django-oscar", "odoo", "README", ".hidden"};

struct place {
	char directory[32];
};

static int make_place(void **state)
{
	static struct place place;

	strcpy(place.directory, "/tmp/test_packs.XXXXXX");
	if (mkdtemp(place.directory) == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[64];
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", place.directory, files[i]);
		file = fopen(path, "w");
		if (file == NULL || fclose(file) != 0)
			return -1;
	}
	*state = &place;
	return 0;
}

static int remove_place(void **state)
{
	const struct place *place = *state;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "%s/%s", place->directory, files[i]);
		unlink(path);
	}
	return rmdir(place->directory);
}

static void names_have_a_form(void **state)
{
	static const char *const good[] = {"django", "a", "pack-2.0", "2amigos"};
	static const char *const bad[] = {"",	"Django", ".",	 "..",	    ".a",
					  "-a", "a/b",	  "a b", "\xc3\xbc"};
	char name[PACKS_NAME_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(packs_is_name(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(packs_is_name(bad[i]));
	memset(name, 'a', sizeof(name));
	name[PACKS_NAME_MAX + 1] = '\0';
	assert_false(packs_is_name(name));
	name[PACKS_NAME_MAX] = '\0';
	assert_true(packs_is_name(name));
}

/* Those that are installed are in the list too, whatever there are. */
static void those_of_a_directory_are_listed_in_order(void **state)
{
	const struct place *place = *state;
	struct conf_list names;

	assert_int_equal(packs_names(place->directory, &names), ERR_OK);
	assert_true(conf_list_has(&names, "django") && conf_list_has(&names, "django-oscar") &&
		    conf_list_has(&names, "odoo"));
	assert_false(conf_list_has(&names, "README") || conf_list_has(&names, ".hidden"));
	for (size_t i = 1; i < names.count; i++)
		assert_true(strcmp(names.items[i - 1], names.items[i]) < 0);
	packs_free_names(&names);
	assert_int_equal(names.count, 0);
}

static void the_operators_own_is_found_first(void **state)
{
	const struct place *place = *state;
	struct why why = {""};
	char wanted[64];
	char *path;

	snprintf(wanted, sizeof(wanted), "%s/django", place->directory);
	assert_int_equal(packs_find(place->directory, "django", &path, &why), ERR_OK);
	assert_string_equal(path, wanted);
	free(path);
}

static void what_is_missing_is_told_with_what_is_like_it(void **state)
{
	const struct place *place = *state;
	struct why why = {""};
	char *path = NULL;

	assert_int_equal(packs_find(place->directory, "djangoo", &path, &why), ERR_NOT_FOUND);
	assert_null(path);
	assert_non_null(strstr(why.text, "there is no pack \"djangoo\"; did you mean django"));
	assert_int_equal(packs_find(place->directory, "qqq", &path, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "there is no pack \"qqq\" in "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_a_form),
		cmocka_unit_test(those_of_a_directory_are_listed_in_order),
		cmocka_unit_test(the_operators_own_is_found_first),
		cmocka_unit_test(what_is_missing_is_told_with_what_is_like_it),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
