/* SPDX-License-Identifier: BSD-2-Clause */
/* conf_value: types of values: choices, numbers, words and lists of words. */
#include "conf_table.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/time.h"

/* ---- what types share ---- */

enum { QUOTED_MAX = 80 }; /* bytes of a bad value that an error repeats */

enum err conf_not(const struct conf_key *key, const char *value, struct why *why)
{
	const char *hint = strstr(value, " #") == NULL ? "" : "; a comment needs a line of its own";

	return err_why(ERR_CONFIG, why, "\"%.*s\" is not %s%s", QUOTED_MAX, value, key->type->form,
		       hint);
}

enum err conf_no_memory(struct why *why)
{
	return err_why(ERR_NO_MEMORY, why, "out of memory");
}

size_t conf_next_word(const char **at)
{
	*at += strspn(*at, " \t,");
	return strcspn(*at, " \t,");
}

enum err conf_set_string(void *field, const char *value, struct why *why)
{
	char *copy = strdup(value);

	if (copy == NULL)
		return conf_no_memory(why);
	conf_clear_string(field);
	*(char **)field = copy;
	return ERR_OK;
}

void conf_clear_string(void *field)
{
	char **string = field;

	free(*string);
	*string = NULL;
}

void conf_print_string(const void *field, size_t index, FILE *stream)
{
	const char *string = *(char *const *)field;

	(void)index;
	if (string != NULL)
		fputs(string, stream);
}

/* ---- choices ---- */

static const char *const boolean_words[] = {"no", "yes"};
static const char *const log_target_words[] = {"syslog", "stderr"};
static const char *const mode_words[] = {[MODE_ENFORCE] = "enforce", [MODE_OBSERVE] = "observe"};
static const char *const mixed_words[] = {[MIXED_REJECT] = "reject", [MIXED_STRIP] = "strip"};

const char *mode_text(enum mode mode)
{
	return mode_words[mode];
}

static enum err parse_two_words(const struct conf_key *key, const char *const words[2],
				const char *value, bool *second, struct why *why)
{
	bool is_second = strcmp(value, words[1]) == 0;

	if (!is_second && strcmp(value, words[0]) != 0)
		return conf_not(key, value, why);
	*second = is_second;
	return ERR_OK;
}

static enum err parse_boolean(const struct conf_key *key, const struct conf_context *context,
			      const char *value, void *field, struct why *why)
{
	(void)context;
	return parse_two_words(key, boolean_words, value, field, why);
}

static void print_boolean(const void *field, size_t index, FILE *stream)
{
	(void)index;
	fputs(boolean_words[*(const bool *)field ? 1 : 0], stream);
}

const struct conf_type conf_type_boolean = {
	.argument = "yes | no",
	.form = "yes or no",
	.parse = parse_boolean,
	.print = print_boolean,
};

static enum err parse_log_target(const struct conf_key *key, const struct conf_context *context,
				 const char *value, void *field, struct why *why)
{
	(void)context;
	return parse_two_words(key, log_target_words, value, field, why);
}

static void print_log_target(const void *field, size_t index, FILE *stream)
{
	(void)index;
	fputs(log_target_words[*(const bool *)field ? 1 : 0], stream);
}

const struct conf_type conf_type_log_target = {
	.argument = "syslog | stderr",
	.form = "syslog or stderr",
	.parse = parse_log_target,
	.print = print_log_target,
};

static enum err parse_mode(const struct conf_key *key, const struct conf_context *context,
			   const char *value, void *field, struct why *why)
{
	bool second = false;
	enum err err = parse_two_words(key, mode_words, value, &second, why);

	(void)context;
	if (err == ERR_OK)
		*(enum mode *)field = second ? MODE_OBSERVE : MODE_ENFORCE;
	return err;
}

static void print_mode(const void *field, size_t index, FILE *stream)
{
	(void)index;
	fputs(mode_text(*(const enum mode *)field), stream);
}

const struct conf_type conf_type_mode = {
	.argument = "enforce | observe",
	.form = "enforce or observe",
	.parse = parse_mode,
	.print = print_mode,
};

static enum err parse_mixed(const struct conf_key *key, const struct conf_context *context,
			    const char *value, void *field, struct why *why)
{
	bool second = false;
	enum err err = parse_two_words(key, mixed_words, value, &second, why);

	(void)context;
	if (err == ERR_OK)
		*(enum mixed *)field = second ? MIXED_STRIP : MIXED_REJECT;
	return err;
}

static void print_mixed(const void *field, size_t index, FILE *stream)
{
	(void)index;
	fputs(mixed_words[*(const enum mixed *)field], stream);
}

const struct conf_type conf_type_mixed = {
	.argument = "reject | strip",
	.form = "reject or strip",
	.parse = parse_mixed,
	.print = print_mixed,
};

static enum err parse_action(const struct conf_key *key, const struct conf_context *context,
			     const char *value, void *field, struct why *why)
{
	(void)context;
	if (action_from_text(value, field) != ERR_OK)
		return conf_not(key, value, why);
	return ERR_OK;
}

static void print_action(const void *field, size_t index, FILE *stream)
{
	(void)index;
	fputs(action_text(*(const enum action *)field), stream);
}

const struct conf_type conf_type_action = {
	.argument = "action",
	.form = "accept, tempfail, reject, quarantine or discard",
	.parse = parse_action,
	.print = print_action,
};

/* ---- numbers ---- */

/* Digits only, and no more of them than a limit can have. */
static bool read_number(const char *text, size_t length, int64_t *number)
{
	int64_t value = 0;

	if (length == 0 || length > 18)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*number = value;
	return true;
}

static void print_range(const struct conf_key *key, FILE *stream,
			void (*print)(int64_t value, FILE *stream))
{
	fputs("from ", stream);
	print(key->least, stream);
	fputs(" to ", stream);
	print(key->most, stream);
}

/* `"90s" is out of range: from 1s to 60s` */
static enum err check_range(const struct conf_key *key, const char *text, int64_t value,
			    struct why *why)
{
	char range[80] = "";
	FILE *stream;

	if (value >= key->least && value <= key->most)
		return ERR_OK;
	stream = fmemopen(range, sizeof(range), "w");
	if (stream == NULL)
		return conf_no_memory(why);
	key->type->print_limits(key, stream);
	fclose(stream);
	return err_why(ERR_CONFIG, why, "\"%.*s\" is out of range: %s", QUOTED_MAX, text, range);
}

static void print_plain(int64_t value, FILE *stream)
{
	fprintf(stream, "%" PRId64, value);
}

static void print_number_limits(const struct conf_key *key, FILE *stream)
{
	print_range(key, stream, print_plain);
}

static enum err parse_number(const struct conf_key *key, const struct conf_context *context,
			     const char *value, void *field, struct why *why)
{
	int64_t number;
	enum err err;

	(void)context;
	if (!read_number(value, strlen(value), &number))
		return conf_not(key, value, why);
	err = check_range(key, value, number, why);
	if (err == ERR_OK)
		*(unsigned *)field = (unsigned)number;
	return err;
}

static void print_number(const void *field, size_t index, FILE *stream)
{
	(void)index;
	fprintf(stream, "%u", *(const unsigned *)field);
}

const struct conf_type conf_type_number = {
	.argument = "number",
	.form = "a number",
	.parse = parse_number,
	.print = print_number,
	.print_limits = print_number_limits,
};

static const char size_units[] = "kmgt";

static void print_bytes(int64_t value, FILE *stream)
{
	size_t unit = 0;

	while (size_units[unit] != '\0' && value != 0 && value % 1024 == 0) {
		value /= 1024;
		unit++;
	}
	fprintf(stream, "%" PRId64, value);
	if (unit != 0)
		fputc(size_units[unit - 1], stream);
}

static void print_size_limits(const struct conf_key *key, FILE *stream)
{
	print_range(key, stream, print_bytes);
}

static enum err parse_size(const struct conf_key *key, const struct conf_context *context,
			   const char *value, void *field, struct why *why)
{
	size_t digits = strspn(value, "0123456789");
	const char *unit = value[digits] == '\0' ? NULL : strchr(size_units, value[digits]);
	int64_t number;
	enum err err;

	(void)context;
	if (!read_number(value, digits, &number) ||
	    (value[digits] != '\0' && (unit == NULL || value[digits + 1] != '\0')))
		return conf_not(key, value, why);
	for (const char *at = size_units; unit != NULL && at <= unit; at++) {
		if (number > INT64_MAX / 1024)
			return conf_not(key, value, why);
		number *= 1024;
	}
	err = check_range(key, value, number, why);
	if (err == ERR_OK)
		*(uint64_t *)field = (uint64_t)number;
	return err;
}

static void print_size(const void *field, size_t index, FILE *stream)
{
	(void)index;
	print_bytes((int64_t) * (const uint64_t *)field, stream);
}

const struct conf_type conf_type_size = {
	.argument = "size",
	.form = "a number of bytes such as 4096, 256k, 1m or 16g",
	.parse = parse_size,
	.print = print_size,
	.print_limits = print_size_limits,
};

static void print_seconds(int64_t value, FILE *stream)
{
	fputs(time_format_duration(value).text, stream);
}

static void print_duration_limits(const struct conf_key *key, FILE *stream)
{
	print_range(key, stream, print_seconds);
}

static enum err parse_duration(const struct conf_key *key, const struct conf_context *context,
			       const char *value, void *field, struct why *why)
{
	int64_t seconds;
	enum err err;

	(void)context;
	if (time_parse_duration(value, &seconds) != ERR_OK)
		return conf_not(key, value, why);
	err = check_range(key, value, seconds, why);
	if (err == ERR_OK)
		*(int64_t *)field = seconds;
	return err;
}

static void print_duration(const void *field, size_t index, FILE *stream)
{
	(void)index;
	print_seconds(*(const int64_t *)field, stream);
}

const struct conf_type conf_type_duration = {
	.argument = "duration",
	.form = "a duration such as 30s, 5m, 12h or 30d",
	.parse = parse_duration,
	.print = print_duration,
	.print_limits = print_duration_limits,
};

/* Kept in milliseconds; below 0 while it holds nothing. */
static enum err parse_wait(const struct conf_key *key, const struct conf_context *context,
			   const char *value, void *field, struct why *why)
{
	int64_t seconds = 0;
	enum err err = parse_duration(key, context, value, &seconds, why);

	if (err == ERR_OK)
		*(int64_t *)field = seconds * 1000;
	return err;
}

static void clear_wait(void *field)
{
	*(int64_t *)field = -1;
}

static void print_wait(const void *field, size_t index, FILE *stream)
{
	int64_t milliseconds = *(const int64_t *)field;

	(void)index;
	if (milliseconds >= 0)
		print_seconds(milliseconds / 1000, stream);
}

const struct conf_type conf_type_wait = {
	.argument = "duration",
	.form = "a duration such as 0s or 3s",
	.parse = parse_wait,
	.clear = clear_wait,
	.print = print_wait,
	.print_limits = print_duration_limits,
};

static const struct {
	char unit;
	unsigned seconds;
} rate_units[] = {{'s', 1}, {'m', TIME_MINUTE}, {'h', TIME_HOUR}};

enum { RATE_UNITS = sizeof(rate_units) / sizeof(rate_units[0]) };

static enum err parse_rate(const struct conf_key *key, const struct conf_context *context,
			   const char *value, void *field, struct why *why)
{
	size_t digits = strspn(value, "0123456789");
	int64_t count;
	enum err err;

	(void)context;
	if (!read_number(value, digits, &count) || value[digits] != '/' ||
	    value[digits + 1] == '\0' || value[digits + 2] != '\0')
		return conf_not(key, value, why);
	for (size_t i = 0; i < RATE_UNITS; i++) {
		if (rate_units[i].unit != value[digits + 1])
			continue;
		err = check_range(key, value, count, why);
		if (err == ERR_OK)
			*(struct conf_rate *)field = (struct conf_rate){
				.count = (unsigned)count, .per = rate_units[i].seconds};
		return err;
	}
	return conf_not(key, value, why);
}

static void print_rate(const void *field, size_t index, FILE *stream)
{
	const struct conf_rate *rate = field;

	(void)index;
	for (size_t i = 0; i < RATE_UNITS; i++) {
		if (rate_units[i].seconds == rate->per)
			fprintf(stream, "%u/%c", rate->count, rate_units[i].unit);
	}
}

const struct conf_type conf_type_rate = {
	.argument = "rate",
	.form = "a rate such as 5/s, 100/m or 3000/h",
	.parse = parse_rate,
	.print = print_rate,
	.print_limits = print_number_limits,
};

static enum err parse_file_mode(const struct conf_key *key, const struct conf_context *context,
				const char *value, void *field, struct why *why)
{
	mode_t mode = 0;
	size_t digits = strspn(value, "01234567");

	(void)context;
	if (digits < 3 || digits > 4 || value[digits] != '\0' || (digits == 4 && value[0] != '0'))
		return conf_not(key, value, why);
	for (; *value != '\0'; value++)
		mode = mode * 8 + (mode_t)(*value - '0');
	*(mode_t *)field = mode;
	return ERR_OK;
}

static void print_file_mode(const void *field, size_t index, FILE *stream)
{
	(void)index;
	fprintf(stream, "%04o", (unsigned)*(const mode_t *)field);
}

const struct conf_type conf_type_file_mode = {
	.argument = "mode",
	.form = "a file mode in octal such as 0660",
	.parse = parse_file_mode,
	.print = print_file_mode,
};
