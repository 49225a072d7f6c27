/* SPDX-License-Identifier: BSD-2-Clause */
/* Which settings a Postfix lacks, and how they are taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/cli/setup.h"

/* As Postfix 3.7 has them. */
#define DEFAULTS                                                                       \
	"queue_directory = /var/spool/postfix\n"                                       \
	"compatibility_level = 3.6\n"                                                  \
	"milter_macro_v = Postfix 3.7.11\n"                                            \
	"milter_connect_macros = j {daemon_name} {daemon_addr} v _\n"                  \
	"milter_mail_macros = i {auth_type} {auth_authen} {auth_author} {mail_addr}\n" \
	"milter_data_macros = i\n"                                                     \
	"milter_end_of_header_macros = i\n"

#define MASTER                        \
	"smtp/inet/chroot = y\n"      \
	"smtp/inet/command = smtpd\n" \
	"cleanup/unix/chroot = y\n"   \
	"cleanup/unix/command = cleanup\n"

struct place {
	struct postfix postfix;
	struct conf *conf;
	struct setup *setup;
	struct remedy remedy;
	struct why why;
	enum err err;
};

/* main: what main.cf sets; master: of master.cf, besides the usual; overrides: of that. */
static void plan(struct place *place, const char *main, const char *master, const char *overrides,
		 const char *conf)
{
	char text[4096];

	*place = (struct place){.err = ERR_OK};
	place->setup = calloc(1, sizeof *place->setup);
	assert_non_null(place->setup);
	/* What is set comes first, and so before its default. */
	snprintf(text, sizeof text, "%smilter_default_action = tempfail\n" DEFAULTS, main);
	assert_int_equal(postfix_pairs_read(text, &place->postfix.expanded), ERR_OK);
	assert_int_equal(postfix_pairs_read(main, &place->postfix.set), ERR_OK);
	snprintf(text, sizeof text, MASTER "%s", master);
	assert_int_equal(postfix_pairs_read(text, &place->postfix.fields), ERR_OK);
	assert_int_equal(postfix_pairs_read(overrides, &place->postfix.overrides), ERR_OK);
	assert_int_equal(conf_read_text(conf, strlen(conf), "test", &place->conf, &place->why),
			 ERR_OK);
	place->err = setup_plan(&place->postfix, place->conf, NULL, place->setup, &place->remedy,
				&place->why);
}

static void clear(struct place *place)
{
	if (place->err == ERR_OK)
		setup_clear(place->setup);
	free(place->setup);
	postfix_clear(&place->postfix);
	conf_free(place->conf);
}

static const char ours[] = "socket = unix:/var/spool/postfix/rg/m.sock\n";

static void assert_words(const struct setup *setup,
			 struct setup_words (*words_of)(const struct setup_step *step),
			 const char *expected)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	assert_non_null(stream);
	for (size_t i = 0; i < setup->count; i++) {
		struct setup_words words = words_of(&setup->steps[i]);

		assert_non_null(setup->steps[i].problem);
		fprintf(stream, "%s %s\n", words.option, words.argument);
	}
	assert_int_equal(fclose(stream), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void what_is_missing_is_set(void **state)
{
	static const struct {
		const char *main;
		const char *forth; /* arguments of postconf, one a line */
		const char *back;
	} cases[] = {
		{"", "-e smtpd_milters = unix:rg/m.sock\n-e non_smtpd_milters = unix:rg/m.sock\n",
		 "-X smtpd_milters\n-X non_smtpd_milters\n"},
		{"smtpd_milters = inet:a:1\nnon_smtpd_milters = $smtpd_milters\n",
		 "-e smtpd_milters = unix:rg/m.sock inet:a:1\n", "-e smtpd_milters = inet:a:1\n"},
		{"smtpd_milters = $non_smtpd_milters\nnon_smtpd_milters = inet:a:1, inet:b:2\n",
		 "-e non_smtpd_milters = unix:rg/m.sock, inet:a:1, inet:b:2\n",
		 "-e non_smtpd_milters = inet:a:1, inet:b:2\n"},
		{"smtpd_milters = unix:rg/m.sock\nnon_smtpd_milters = unix:rg/m.sock\n", "", ""},
		/* That of the other milters stays as it is. */
		{"smtpd_milters = inet:a:1 unix:rg/m.sock\nnon_smtpd_milters = unix:rg/m.sock\n"
		 "milter_default_action = accept\n",
		 "-e smtpd_milters = inet:a:1 { unix:rg/m.sock, default_action=tempfail }\n"
		 "-e non_smtpd_milters = { unix:rg/m.sock, default_action=tempfail }\n",
		 "-e smtpd_milters = inet:a:1 unix:rg/m.sock\n"
		 "-e non_smtpd_milters = unix:rg/m.sock\n"},
		{"smtpd_milters = unix:/var/spool/postfix/rg/m.sock\n"
		 "non_smtpd_milters = unix:rg/m.sock\n",
		 "-e smtpd_milters = unix:rg/m.sock\n",
		 "-e smtpd_milters = unix:/var/spool/postfix/rg/m.sock\n"},
		{"smtpd_milters = unix:rg/m.sock\nnon_smtpd_milters = unix:rg/m.sock\n"
		 "milter_mail_macros = {auth_type} x\nmilter_macro_v = Mailer\n"
		 "receive_override_options = no_address_mappings, no_milters\n",
		 "-e receive_override_options = no_address_mappings\n"
		 "-e milter_mail_macros = {auth_type} x i {auth_authen}\n"
		 "-e milter_macro_v = Postfix $mail_version\n",
		 "-e receive_override_options = no_address_mappings, no_milters\n"
		 "-e milter_mail_macros = {auth_type} x\n-e milter_macro_v = Mailer\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct place place;

		plan(&place, cases[i].main, "", "", ours);
		assert_int_equal(place.err, ERR_OK);
		assert_words(place.setup, setup_forth, cases[i].forth);
		assert_words(place.setup, setup_back, cases[i].back);
		clear(&place);
	}
}

static const char listed[] = "smtpd_milters = unix:rg/m.sock\nnon_smtpd_milters = unix:rg/m.sock\n";

static void services_with_lists_of_their_own_are_named(void **state)
{
	struct place place;
	struct setup_words words;

	(void)state;
	plan(&place, listed, "submission/inet/chroot = y\nsubmission/inet/command = smtpd\n",
	     "submission/inet/smtpd_milters = { inet:a:1, default_action=accept } inet:b:2\n",
	     ours);
	assert_int_equal(place.err, ERR_OK);
	assert_int_equal(place.setup->count, 1);
	assert_string_equal(place.setup->steps[0].service, "submission/inet");
	assert_int_equal(place.setup->steps[0].level, LEVEL_WARNING);
	/* postconf -P takes no blanks. */
	words = setup_forth(&place.setup->steps[0]);
	assert_string_equal(words.option, "-P");
	assert_string_equal(words.argument,
			    "submission/inet/smtpd_milters="
			    "unix:rg/m.sock,{inet:a:1,default_action=accept},inet:b:2");
	clear(&place);
}

static void the_way_back_from_a_filter_is_as_it_should_be(void **state)
{
	struct place place;

	(void)state;
	plan(&place, listed, "10025/inet/chroot = y\n10025/inet/command = smtpd\n",
	     "10025/inet/smtpd_milters =\n10025/inet/content_filter =\n"
	     "10025/inet/receive_override_options = no_milters\n",
	     ours);
	assert_int_equal(place.err, ERR_OK);
	assert_int_equal(place.setup->count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(place.setup->steps[i].level, LEVEL_NOTE);
		assert_null(place.setup->steps[i].new);
	}
	clear(&place);
}

/* The list expands to ours, and its own text does not have it. */
static void what_another_parameter_says_is_left(void **state)
{
	struct place place;

	(void)state;
	plan(&place, "non_smtpd_milters = unix:rg/m.sock\n", "", "", ours);
	setup_clear(place.setup);
	postfix_clear(&place.postfix);
	assert_int_equal(postfix_pairs_read("smtpd_milters = $mine\n", &place.postfix.set), ERR_OK);
	assert_int_equal(postfix_pairs_read("smtpd_milters = unix:/var/spool/postfix/rg/m.sock\n"
					    "non_smtpd_milters = unix:rg/m.sock\n"
					    "milter_default_action = tempfail\n" DEFAULTS,
					    &place.postfix.expanded),
			 ERR_OK);
	assert_int_equal(postfix_pairs_read(MASTER, &place.postfix.fields), ERR_OK);
	place.err = setup_plan(&place.postfix, place.conf, NULL, place.setup, &place.remedy,
			       &place.why);
	assert_int_equal(place.err, ERR_OK);
	assert_int_equal(place.setup->count, 1);
	assert_null(place.setup->steps[0].new);
	assert_non_null(strstr(place.setup->steps[0].problem, "smtpd_milters"));
	clear(&place);
}

/* A service of its own, whose receive_override_options is written so, and comes to that. */
static void plan_expanded(struct place *place, const char *written, const char *expanded)
{
	static const char name[] = "587/inet/receive_override_options";
	char text[256];

	snprintf(text, sizeof text, "%s = %s\n", name, written);
	plan(place, listed, "587/inet/chroot = y\n587/inet/command = smtpd\n", text, ours);
	setup_clear(place->setup);
	snprintf(text, sizeof text, "%s = %s\n", name, expanded);
	assert_int_equal(postfix_pairs_read(text, &place->postfix.overrides_expanded), ERR_OK);
	place->err = setup_plan(&place->postfix, place->conf, NULL, place->setup, &place->remedy,
				&place->why);
	assert_int_equal(place->err, ERR_OK);
	assert_int_equal(place->setup->count, 1);
}

/* The way back says what was written, not what that came to. */
static void what_a_service_said_is_kept_as_it_was_written(void **state)
{
	struct place place;

	(void)state;
	plan_expanded(&place, "$mine,no_milters", "no_address_mappings,no_milters");
	assert_string_equal(place.setup->steps[0].old, "$mine,no_milters");
	assert_string_equal(place.setup->steps[0].new, "$mine");
	clear(&place);
}

/* Only whoever set the other parameter can take it out there. */
static void a_word_of_another_parameter_is_not_taken_out(void **state)
{
	struct place place;

	(void)state;
	plan_expanded(&place, "$mine", "no_milters");
	assert_non_null(strstr(place.setup->steps[0].problem, "no_milters"));
	assert_null(place.setup->steps[0].new);
	clear(&place);
}

/* smtpd is in no chroot, cleanup is: what one list says means two things. */
static void a_list_that_follows_is_looked_at_as_its_daemon_does(void **state)
{
	static const char set[] = "smtpd_milters = unix:/var/spool/postfix/rg/m.sock\n"
				  "non_smtpd_milters = $smtpd_milters\n";
	struct place place;

	(void)state;
	plan(&place, set, "", "", ours);
	setup_clear(place.setup);
	postfix_clear(&place.postfix);
	assert_int_equal(postfix_pairs_read(set, &place.postfix.set), ERR_OK);
	assert_int_equal(
		postfix_pairs_read("smtpd_milters = unix:/var/spool/postfix/rg/m.sock\n"
				   "non_smtpd_milters = unix:/var/spool/postfix/rg/m.sock\n"
				   "milter_default_action = tempfail\n" DEFAULTS,
				   &place.postfix.expanded),
		ERR_OK);
	assert_int_equal(postfix_pairs_read("smtp/inet/chroot = n\nsmtp/inet/command = smtpd\n"
					    "cleanup/unix/chroot = y\n"
					    "cleanup/unix/command = cleanup\n",
					    &place.postfix.fields),
			 ERR_OK);
	place.err = setup_plan(&place.postfix, place.conf, NULL, place.setup, &place.remedy,
			       &place.why);
	assert_int_equal(place.err, ERR_OK);
	assert_int_equal(place.setup->count, 1);
	assert_string_equal(place.setup->steps[0].parameter, "non_smtpd_milters");
	assert_null(place.setup->steps[0].new);
	clear(&place);
}

static void a_socket_out_of_reach_is_to_move(void **state)
{
	struct place place;

	(void)state;
	plan(&place, "", "", "", "socket = unix:/run/rg/m.sock\n");
	assert_int_equal(place.err, ERR_UNAVAILABLE);
	assert_non_null(strstr(place.why.text, "/var/spool/postfix"));
	assert_non_null(
		strstr(remedy_text(&place.remedy), "/var/spool/postfix/resetguard/milter.sock"));
	clear(&place);
	plan(&place, "", "", "", "socket = fd:3\n");
	assert_int_equal(place.err, ERR_NOT_FOUND);
	clear(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_missing_is_set),
		cmocka_unit_test(services_with_lists_of_their_own_are_named),
		cmocka_unit_test(the_way_back_from_a_filter_is_as_it_should_be),
		cmocka_unit_test(what_another_parameter_says_is_left),
		cmocka_unit_test(what_a_service_said_is_kept_as_it_was_written),
		cmocka_unit_test(a_word_of_another_parameter_is_not_taken_out),
		cmocka_unit_test(a_list_that_follows_is_looked_at_as_its_daemon_does),
		cmocka_unit_test(a_socket_out_of_reach_is_to_move),
	};

	return cmocka_run_group_tests_name("setup", tests, NULL, NULL);
}
