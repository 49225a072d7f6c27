/* SPDX-License-Identifier: BSD-2-Clause */
/* setup_commands: the commands that take a step of setup, and take it back. */
#include <stdio.h>

#include "setup.h"

static struct setup_words words_of(const struct setup_step *step, const char *value)
{
	struct setup_words words = {.option = step->service[0] != '\0' ? "-P" : "-e"};

	if (step->service[0] != '\0')
		snprintf(words.argument, sizeof words.argument, "%s/%s=%s", step->service,
			 step->parameter, value);
	else
		snprintf(words.argument, sizeof words.argument, "%s = %s", step->parameter, value);
	return words;
}

struct setup_words setup_forth(const struct setup_step *step)
{
	return words_of(step, step->new);
}

struct setup_words setup_back(const struct setup_step *step)
{
	struct setup_words words = {.option = "-X"};

	if (step->old != NULL)
		return words_of(step, step->old);
	snprintf(words.argument, sizeof words.argument, "%s", step->parameter);
	return words;
}

static void add_program(struct remedy *remedy, const struct postfix *postfix, const char *name)
{
	remedy_word(remedy, name);
	if (postfix->directory != NULL) {
		remedy_word(remedy, "-c");
		remedy_word(remedy, postfix->directory);
	}
}

void setup_add_postconf(struct remedy *remedy, const struct postfix *postfix,
			const struct setup_words *words)
{
	add_program(remedy, postfix, "postconf");
	remedy_word(remedy, words->option);
	remedy_word(remedy, words->argument);
}

void setup_add_reload(struct remedy *remedy, const struct postfix *postfix)
{
	add_program(remedy, postfix, "postfix");
	remedy_word(remedy, "reload");
}
