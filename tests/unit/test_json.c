/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/json.h"

static struct json *parse(const char *text)
{
	struct json *document = NULL;
	struct why why = {""};

	if (json_parse(text, strlen(text), &document, &why) != ERR_OK)
		fail_msg("%s: %s", text, why.text);
	return document;
}

/* ---- reading ---- */

static void members_are_found_by_name_and_type(void **state)
{
	struct json *document =
		parse("{\"s\":\"text\",\"i\":-9007199254740993,\"t\":true,\"f\":false,"
		      "\"n\":null,\"r\":1.5,\"o\":{\"x\":1},\"a\":[10,20]}");
	int64_t integer = 7;

	(void)state;
	assert_true(json_is_object(document));
	assert_false(json_is_array(document));
	assert_string_equal(json_as_string(json_member(document, "s")), "text");
	assert_null(json_as_string(json_member(document, "i")));
	assert_true(json_as_integer(json_member(document, "i"), &integer));
	assert_int_equal(integer, -9007199254740993);
	assert_false(json_as_integer(json_member(document, "s"), &integer));
	assert_false(json_as_integer(json_member(document, "r"), &integer));
	assert_int_equal(integer, -9007199254740993);
	assert_true(json_as_boolean(json_member(document, "t")));
	assert_false(json_as_boolean(json_member(document, "f")));
	assert_false(json_as_boolean(json_member(document, "i")));
	assert_true(json_is_null(json_member(document, "n")));
	assert_true(json_is_null(json_member(document, "none")));
	assert_false(json_is_null(json_member(document, "f")));
	assert_true(json_is_object(json_member(document, "o")));
	assert_true(json_is_array(json_member(document, "a")));
	assert_int_equal(json_length(json_member(document, "a")), 2);
	assert_true(json_as_integer(json_element(json_member(document, "a"), 1), &integer));
	assert_int_equal(integer, 20);
	assert_null(json_element(json_member(document, "a"), 2));
	json_free(document);
}

static void what_is_absent_answers_nothing(void **state)
{
	struct json *document = parse("[]");
	int64_t integer = 7;

	(void)state;
	assert_null(json_member(NULL, "x"));
	assert_null(json_member(document, "x"));
	assert_false(json_is_object(NULL));
	assert_false(json_is_array(NULL));
	assert_null(json_as_string(NULL));
	assert_false(json_as_integer(NULL, &integer));
	assert_int_equal(integer, 7);
	assert_false(json_as_boolean(NULL));
	assert_int_equal(json_length(NULL), 0);
	assert_int_equal(json_length(json_member(document, "x")), 0);
	assert_null(json_element(NULL, 0));
	json_free(document);
	json_free(NULL);
}

static void a_byte_order_mark_is_skipped(void **state)
{
	struct json *document = parse("\xef\xbb\xbf{\"a\":1}");

	(void)state;
	assert_true(json_is_object(document));
	json_free(document);
}

static const struct {
	const char *text;
	size_t length; /* 0: that of the string */
	const char *why;
} wrong[] = {
	{"", 0, "is empty"},
	{"\xef\xbb\xbf", 0, "is empty"},
	{"\xff\xfe{\0}\0", 6, "is UTF-16, not UTF-8"},
	{"\xfe\xff\0{\0}", 6, "is UTF-16, not UTF-8"},
	{"{\0}\0", 4, "is UTF-16, not UTF-8"},
	{"\0{\0}", 4, "is UTF-16, not UTF-8"},
	{"{\"a\":", 0, "is no JSON: line 1, column 5"},
	{"{\n \"a\": x}", 0, "is no JSON: line 2, column 7"},
	{"<html>", 0, "is no JSON: line 1, column 1"},
	{"1", 0, "is no JSON"},
	{"\"text\"", 0, "is no JSON"},
	{"{} {}", 0, "is no JSON"},
	{"{\"a\":1,}", 0, "is no JSON"},
	{"{\"a\":\"\xff\"}", 0, "is no JSON"},
	{"{\"a\":\"\\u0000\"}", 0, "is no JSON"},
	{"{\"a\":99999999999999999999}", 0, "is no JSON"},
	{"{\"a\":1}\0", 8, "is no JSON"},
};

static void what_is_no_json_says_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		size_t length = wrong[i].length == 0 ? strlen(wrong[i].text) : wrong[i].length;
		struct json *document = NULL;
		struct why why = {""};

		if (json_parse(wrong[i].text, length, &document, &why) != ERR_DATA ||
		    document != NULL || strncmp(why.text, wrong[i].why, strlen(wrong[i].why)) != 0)
			fail_msg("row %zu: %s", i, why.text);
		assert_null(strchr(why.text, '\n'));
	}
}

static enum err parse_nested(size_t depth, bool closed, struct why *why)
{
	char *text = malloc(2 * depth + 1);
	struct json *document = NULL;
	enum err err;

	assert_non_null(text);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	err = json_parse(text, closed ? 2 * depth : depth, &document, why);
	json_free(document);
	free(text);
	return err;
}

static void depth_is_limited(void **state)
{
	char text[6 + JSON_DEPTH_MAX];
	struct why why = {""};
	struct json *document;

	(void)state;
	assert_int_equal(parse_nested(JSON_DEPTH_MAX, true, &why), ERR_OK);
	assert_int_equal(parse_nested(JSON_DEPTH_MAX + 1, true, &why), ERR_DATA);
	assert_string_equal(why.text, "is nested deeper than 64");
	assert_int_equal(parse_nested(1000000, false, &why), ERR_DATA);
	assert_string_equal(why.text, "is nested deeper than 64");
	/* brackets in a string, after an escaped quotation mark */
	document = parse(
		"[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"]");
	assert_int_equal(json_length(document), 1);
	json_free(document);
	/* brackets after a string that ends in an escaped backslash */
	memset(text, '[', sizeof text);
	memcpy(text, "[\"\\\\\"," , 6);
	assert_int_equal(json_parse(text, sizeof text, &document, &why), ERR_DATA);
	assert_string_equal(why.text, "is nested deeper than 64");
}

static void size_is_limited(void **state)
{
	size_t length = (size_t)JSON_LENGTH_MAX + 1;
	char *text = malloc(length);
	struct json *document = NULL;
	struct why why = {""};

	(void)state;
	assert_non_null(text);
	memset(text, ' ', length);
	text[0] = '[';
	text[1] = ']';
	assert_int_equal(json_parse(text, length, &document, &why), ERR_TOO_LONG);
	assert_string_equal(why.text, "more than 16777216 bytes");
	assert_int_equal(json_parse(text, length - 1, &document, &why), ERR_OK);
	json_free(document);
	free(text);
}

/* ---- writing ---- */

struct written {
	char *text;
	size_t length;
	FILE *stream;
};

static struct written *writing(void)
{
	struct written *written = calloc(1, sizeof(*written));

	assert_non_null(written);
	written->stream = open_memstream(&written->text, &written->length);
	assert_non_null(written->stream);
	return written;
}

static void assert_line(struct written *written, const char *expected)
{
	fclose(written->stream);
	assert_string_equal(written->text, expected);
	assert_int_equal(written->length, strlen(expected));
	free(written->text);
	free(written);
}

static void a_line_is_one_object_with_its_schema(void **state)
{
	struct written *written = writing();
	struct json_line line = json_line_begin(written->stream);

	(void)state;
	json_line_string(&line, "s", "text");
	json_line_string(&line, "none", NULL);
	json_line_time(&line, "at", 1795334400);
	json_line_time(&line, "never", 0);
	json_line_integer(&line, "least", INT64_MIN);
	json_line_integer(&line, "most", INT64_MAX);
	json_line_boolean(&line, "yes", true);
	json_line_boolean(&line, "no", false);
	json_line_null(&line, "n");
	json_line_open(&line, "o");
	json_line_integer(&line, "x", 1);
	json_line_open(&line, "empty");
	json_line_close(&line);
	json_line_integer(&line, "y", 2);
	json_line_close(&line);
	json_line_string(&line, "last", "");
	json_line_end(&line);
	assert_line(written,
		    "{\"schema\":1,\"s\":\"text\",\"none\":null,\"at\":\"2026-11-22T08:00:00Z\","
		    "\"never\":null,\"least\":-9223372036854775808,"
		    "\"most\":9223372036854775807,\"yes\":true,\"no\":false,\"n\":null,"
		    "\"o\":{\"x\":1,\"empty\":{},\"y\":2},\"last\":\"\"}\n");
}

static void a_list_of_strings_may_be_empty(void **state)
{
	static const char *const links[] = {"https://a.example/?x=\"", "#b"};
	struct written *written = writing();
	struct json_line line = json_line_begin(written->stream);

	(void)state;
	json_line_strings(&line, "links", links, 2);
	json_line_strings(&line, "none", NULL, 0);
	json_line_end(&line);
	assert_line(written, "{\"schema\":1,\"links\":[\"https://a.example/?x=\\\"\",\"#b\"],"
			     "\"none\":[]}\n");
}

static void lines_follow_one_another(void **state)
{
	struct written *written = writing();

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct json_line line = json_line_begin(written->stream);

		json_line_end(&line);
	}
	assert_line(written, "{\"schema\":1}\n{\"schema\":1}\n");
}

static const struct {
	const char *value;
	const char *written;
} strings[] = {
	{"plain", "plain"},
	{"\"\\/", "\\\"\\\\/"},
	{"\b\f\n\r\t", "\\b\\f\\n\\r\\t"},
	{"\x01\x1b\x1f\x7f", "\\u0001\\u001b\\u001f\\u007f"},
	{"\xc2\x80\xc2\x9f\xc2\xa0", "\\u0080\\u009f\xc2\xa0"},
	{"na\xc3\xafve \xf0\x9f\x98\x80", "na\xc3\xafve \xf0\x9f\x98\x80"},
	{"\xff", "\xef\xbf\xbd"},
	{"a\xc3", "a\xef\xbf\xbd"},
	{"\xe2\x82z", "\xef\xbf\xbd\xef\xbf\xbdz"},
	{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	{"</script>", "</script>"},
};

static void strings_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct written *written = writing();
		struct json_line line = json_line_begin(written->stream);
		char expected[128];

		json_line_string(&line, strings[i].value, strings[i].value);
		json_line_end(&line);
		snprintf(expected, sizeof(expected), "{\"schema\":1,\"%s\":\"%s\"}\n",
			 strings[i].written, strings[i].written);
		assert_line(written, expected);
	}
}

/* Any bytes give a line that is JSON; without bad UTF-8 they come back. */
static void what_is_written_is_read_back(void **state)
{
	unsigned short seed[3] = {4, 5, 6};

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct written *written = writing();
		struct json_line line = json_line_begin(written->stream);
		struct json *document;
		char value[33];
		size_t length = (size_t)nrand48(seed) % 32;
		bool ascii = nrand48(seed) % 2 == 0;

		for (size_t i = 0; i < length; i++)
			value[i] = (char)(1 + nrand48(seed) % (ascii ? 127 : 255));
		value[length] = '\0';
		json_line_string(&line, "v", value);
		json_line_end(&line);
		fclose(written->stream);
		assert_true(written->text[written->length - 1] == '\n');
		assert_ptr_equal(strchr(written->text, '\n'), written->text + written->length - 1);
		document = parse(written->text);
		if (ascii)
			assert_string_equal(json_as_string(json_member(document, "v")), value);
		json_free(document);
		free(written->text);
		free(written);
	}
}

static void write_errors_show_in_the_stream(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct json_line line;

	(void)state;
	assert_non_null(full);
	line = json_line_begin(full);
	json_line_end(&line);
	fflush(full);
	assert_true(ferror(full) != 0);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_by_name_and_type),
		cmocka_unit_test(what_is_absent_answers_nothing),
		cmocka_unit_test(a_byte_order_mark_is_skipped),
		cmocka_unit_test(what_is_no_json_says_why),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(a_line_is_one_object_with_its_schema),
		cmocka_unit_test(a_list_of_strings_may_be_empty),
		cmocka_unit_test(lines_follow_one_another),
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(write_errors_show_in_the_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
