/* SPDX-License-Identifier: BSD-2-Clause */
/* test_texts: which wordings a text matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resetguard/mime.h"
#include "resetguard/texts.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ANY "\001"

static void on_hit(void *context, uint32_t id)
{
	bool *hits = context;

	hits[id] = true;
}

static struct texts *make(const char *pattern, bool phrase)
{
	struct texts *texts = texts_new();

	assert_non_null(texts);
	assert_int_equal(phrase ? texts_add_phrase(texts, pattern, 0)
				: texts_add(texts, pattern, 0),
			 ERR_OK);
	assert_int_equal(texts_index(texts), ERR_OK);
	return texts;
}

struct row {
	const char *pattern;
	const char *text;
	bool matches;
};

static void check(const struct row *rows, size_t count, bool phrase)
{
	for (size_t i = 0; i < count; i++) {
		struct texts *texts = make(rows[i].pattern, phrase);
		bool hit = false;

		texts_match(texts, rows[i].text, strlen(rows[i].text), on_hit, &hit);
		if (hit != rows[i].matches)
			fail_msg("row %zu: \"%s\"", i, rows[i].text);
		texts_free(texts);
	}
}

static void whole_texts_and_patterns(void **state)
{
	static const struct row rows[] = {
		{"reset your password", "reset your password", true},
		{"reset your password", "reset your passwords", false},
		{"reset your password", "reset your passwor", false},
		{"a", "a", true},
		{"reset on " ANY, "reset on a", true},
		{"reset on " ANY, "reset on ", false},
		{"[" ANY "] reset", "[my site] reset", true},
		{"[" ANY "] reset", "[] reset", false},
		{"[" ANY "] reset", "[a] reset of b", false},
		{ANY "reset" ANY, "a reset b", true},
		{ANY "reset" ANY, "reset b", false},
		{ANY "ab" ANY "ab", "xabab", false},
		{ANY "ab" ANY "ab", "xabxabxab", true},
		/* shorter than what is filed */
		{ANY "b", "ab", true},
		{ANY "b" ANY, "abc", true},
	};

	(void)state;
	check(rows, COUNT(rows), false);
}

static void phrases_lie_between_words(void **state)
{
	static const struct row rows[] = {
		{"was changed", "it was changed", true},
		{"was changed", "was changed, then", true},
		{"was changed", "it wwas changed", false},
		{"was changed", "was changedd", false},
		{ANY "was changed", "it wwas changed", true},
		{"was changed" ANY, "was changedd", true},
		/* one that is none comes before one that is */
		{"was changed", "xwas changed was changed", true},
		/* a mark belongs to the letter before it */
		{"uber",
		 "u\xcc\x88"
		 "ber",
		 false},
		{"ber",
		 "u\xcc\x88"
		 "ber",
		 false},
	};

	(void)state;
	check(rows, COUNT(rows), true);
}

static void long_texts_match_the_same(void **state)
{
	struct texts *texts = make(ANY "reset your password" ANY, false);
	char text[4096];
	bool hit = false;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text + 3000, "reset your password", 19);
	texts_match(texts, text, sizeof(text) - 1, on_hit, &hit);
	assert_true(hit);
	hit = false;
	text[3005] = '-';
	texts_match(texts, text, sizeof(text) - 1, on_hit, &hit);
	assert_false(hit);
	texts_free(texts);
}

static void many_are_told_apart(void **state)
{
	enum { MANY = 3000 };
	static bool hits[MANY];
	struct texts *texts = texts_new();

	(void)state;
	assert_non_null(texts);
	for (uint32_t i = 0; i < MANY; i++) {
		char text[64];

		snprintf(text, sizeof(text),
			 i % 3 == 0   ? "site %u"
			 : i % 3 == 1 ? "site %u of " ANY
				      : ANY " at site %u",
			 i);
		assert_int_equal(texts_add(texts, text, i), ERR_OK);
	}
	assert_int_equal(texts_index(texts), ERR_OK);
	for (uint32_t i = 0; i < MANY; i++) {
		char text[64];

		memset(hits, 0, sizeof(hits));
		snprintf(text, sizeof(text),
			 i % 3 == 0   ? "site %u"
			 : i % 3 == 1 ? "site %u of x"
				      : "x at site %u",
			 i);
		texts_match(texts, text, strlen(text), on_hit, hits);
		for (uint32_t j = 0; j < MANY; j++)
			assert_int_equal(hits[j], i == j);
	}
	texts_free(texts);
}

static void none_are_none(void **state)
{
	struct texts *texts = texts_new();
	bool hit = false;

	(void)state;
	assert_non_null(texts);
	assert_int_equal(texts_index(texts), ERR_OK);
	texts_match(texts, "", 0, on_hit, &hit);
	texts_match(texts, "reset", 5, on_hit, &hit);
	assert_false(hit);
	texts_free(texts);
	texts_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_texts_and_patterns),
		cmocka_unit_test(phrases_lie_between_words),
		cmocka_unit_test(long_texts_match_the_same),
		cmocka_unit_test(many_are_told_apart),
		cmocka_unit_test(none_are_none),
	};

	mime_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
