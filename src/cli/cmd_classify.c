/* SPDX-License-Identifier: BSD-2-Clause */
/* classify: which rule, if any, takes each message of a file or folder. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "classifier.h"
#include "commands.h"
#include "mailfiles.h"
#include "resetguard/utf8.h"

enum { CLASSES_MAX = 64 }; /* counted apart; a file with more classes is no file of ours */

struct count {
	const char *class_name;
	size_t messages;
};

struct classify {
	struct cli *cli;
	bool json;
	bool explain;
	const struct rules *rules;
	struct classifier classifier;

	const char *file; /* of the present message */
	unsigned number;

	size_t messages;
	size_t taken;
	size_t class_count;
	struct count classes[CLASSES_MAX];
};

static void count_class(struct classify *classify, const char *class_name)
{
	size_t i = 0;

	while (i < classify->class_count &&
	       strcmp(classify->classes[i].class_name, class_name) != 0)
		i++;
	if (i == CLASSES_MAX)
		return;
	if (i == classify->class_count)
		classify->classes[classify->class_count++] =
			(struct count){.class_name = class_name};
	classify->classes[i].messages++;
}

static size_t kept_links(const struct classifier *classifier)
{
	return classifier->link_count < CLASSIFIER_LINKS_MAX ? classifier->link_count
							     : CLASSIFIER_LINKS_MAX;
}

/* NULL: there is none. */
static const char *flaw_text(const struct classifier *classifier, char text[MIME_FLAW_TEXT_MAX + 1])
{
	const struct mime_flaw *flaw = classifier_flaw(classifier);

	if (flaw->kind == MIME_FLAWLESS)
		return NULL;
	mime_flaw_print(flaw, text);
	return text;
}

static void print_json(const struct classify *classify, const char *class_name,
		       const char *rule_name)
{
	const struct classifier *classifier = &classify->classifier;
	struct json_line line = json_line_begin(stdout);
	char flaw[MIME_FLAW_TEXT_MAX + 1];

	json_line_string(&line, "file", classify->file);
	if (classify->number != 0)
		json_line_integer(&line, "message", classify->number);
	json_line_string(&line, "class", class_name);
	json_line_string(&line, "rule", rule_name);
	if (class_name != NULL)
		json_line_boolean(&line, "guarded", rules_is_guarded(classify->rules, class_name));
	if (classify->explain) {
		json_line_string(&line, "subject",
				 classifier->has_subject ? classifier->subject : NULL);
		json_line_strings(&line, "links", (const char *const *)classifier->links,
				  kept_links(classifier));
		json_line_string(&line, "source",
				 rules_match_source(classify->rules, &classifier->match));
		json_line_string(&line, "flaw", flaw_text(classifier, flaw));
	}
	json_line_end(&line);
}

/* Text of a message, on a terminal that it shall not control. */
static void print_foreign(const char *label, const char *text)
{
	printf("    %-8s ", label);
	utf8_print(stdout, text, strlen(text));
	putchar('\n');
}

static void explain(const struct classify *classify)
{
	const struct classifier *classifier = &classify->classifier;
	const char *source = rules_match_source(classify->rules, &classifier->match);
	size_t count = kept_links(classifier);
	char flaw[MIME_FLAW_TEXT_MAX + 1];

	print_foreign("subject", classifier->has_subject ? classifier->subject : "(none)");
	for (size_t i = 0; i < count; i++)
		print_foreign("link", classifier->links[i]);
	if (classifier->link_count > count)
		printf("    %-8s (%zu more)\n", "link", classifier->link_count - count);
	if (source != NULL)
		print_foreign("rule", source);
	if (flaw_text(classifier, flaw) != NULL)
		printf("    %-8s %s\n", "flaw", flaw);
}

static void print_text(const struct classify *classify, const char *class_name,
		       const char *rule_name)
{
	printf("%s", classify->file);
	if (classify->number != 0)
		printf(":%u", classify->number);
	if (class_name == NULL)
		puts(": not recognised");
	else
		printf(": %s %s%s\n", class_name, rule_name,
		       rules_is_guarded(classify->rules, class_name) ? "" : " (not guarded)");
	if (classify->explain)
		explain(classify);
}

/* ----------------------------------------------------------- what mailfiles gives */

static void on_begin(void *context, const char *file, unsigned number)
{
	struct classify *classify = context;

	classify->file = file;
	classify->number = number;
	classifier_begin(&classify->classifier);
}

static void on_line(void *context, const char *line, size_t length)
{
	struct classify *classify = context;

	classifier_line(&classify->classifier, line, length);
}

static void on_end(void *context)
{
	struct classify *classify = context;
	const char *class_name = NULL;
	const char *rule_name = NULL;

	classifier_end(&classify->classifier);
	classify->messages++;
	if (rules_match_result(classify->rules, &classify->classifier.match, &class_name,
			       &rule_name)) {
		classify->taken++;
		count_class(classify, class_name);
	}
	if (classify->json)
		print_json(classify, class_name, rule_name);
	else
		print_text(classify, class_name, rule_name);
}

static void on_failed(void *context, const char *file, enum err err, const char *why)
{
	struct classify *classify = context;

	cli_name_error(classify->cli, classify->json, file, err, why);
}

/* ------------------------------------------------------------------- the command */

static void summarise(const struct classify *classify)
{
	const struct cli *cli = classify->cli;

	fflush(stdout); /* before what is said of it */
	cli_say(cli, "%zu messages, %zu of them recognised", classify->messages, classify->taken);
	for (size_t i = 0; i < classify->class_count; i++)
		cli_say(cli, "%8zu %s%s", classify->classes[i].messages,
			classify->classes[i].class_name,
			rules_is_guarded(classify->rules, classify->classes[i].class_name)
				? ""
				: " (not guarded)");
}

static void classify_all(struct classify *classify, int count, char **paths)
{
	const struct mailfiles_sink sink = {on_begin, on_line, on_end, on_failed, classify};

	for (int i = 0; i < count; i++)
		mailfiles_read(paths[i], &sink);
	summarise(classify);
	if (classify->taken == 0)
		classify->cli->negative = true;
}

static void run(struct classify *classify, int count, char **paths)
{
	struct cli *cli = classify->cli;
	const struct conf *conf = cli->conf;
	struct rules *rules;
	struct why why = {""};
	enum err err;

	mime_init();
	err = rules_read(conf->messages_file, &conf->guard, &rules, &why);
	if (err != ERR_OK) {
		cli_error(cli, err, "%s", why.text);
		return;
	}
	classify->rules = rules;
	err = classifier_open(&classify->classifier, rules, conf->body_limit, classify->explain);
	if (err == ERR_OK) {
		classify_all(classify, count, paths);
		classifier_close(&classify->classifier);
	} else {
		cli_error(cli, err, "out of memory");
	}
	rules_free(rules);
}

void cmd_classify(struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
						{"explain", no_argument, NULL, 'e'},
						{NULL, 0, NULL, 0}};
	struct classify classify = {.cli = cli};
	int option;

	for (option = getopt_long(argc, argv, "", options, NULL); option >= 0;
	     option = getopt_long(argc, argv, "", options, NULL)) {
		switch (option) {
		case 'j':
			classify.json = true;
			break;
		case 'e':
			classify.explain = true;
			break;
		default: /* foreign enum */
			cli_usage_error(cli, "classify: that is no option of this command");
			return;
		}
	}
	if (optind == argc) {
		cli_usage_error(cli, "classify: name a file or a folder, or - for stdin");
		return;
	}
	if (cli_open_conf(cli))
		run(&classify, argc - optind, argv + optind);
}
