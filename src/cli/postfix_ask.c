/* SPDX-License-Identifier: BSD-2-Clause */
/* postfix_ask: asks postconf(1) what a Postfix's configuration says. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix.h"
#include "resetguard/command.h"

enum { ASK_TIMEOUT_MS = 30000 };

/* postconf with one more option, or none. */
static enum err ask(const struct postfix *postfix, const char *option, char *output,
		    struct postfix_pairs *pairs, struct why *why)
{
	const char *words[5] = {postfix->program};
	size_t count = 1;
	char errors[COMMAND_OUTPUT_MAX + 1];
	struct why what = {""};
	enum err err;

	if (postfix->directory != NULL) {
		words[count++] = "-c";
		words[count++] = postfix->directory;
	}
	if (option != NULL)
		words[count++] = option;
	err = command_run_words(words, ASK_TIMEOUT_MS, output, POSTFIX_OUTPUT_MAX, errors, &what);
	if (err != ERR_OK)
		return err_why(err, why, "%s: %s: %.300s", postfix->program, what.text, errors);
	err = postfix_pairs_read(output, pairs);
	return err == ERR_OK ? ERR_OK : err_why(err, why, "out of memory");
}

enum err postfix_ask(const char *directory, struct postfix *postfix, struct why *why)
{
	struct postfix asked = {.program = command_find("postconf")};
	struct {
		const char *option;
		struct postfix_pairs *pairs;
	} const questions[] = {
		{NULL, &asked.raw},    {"-x", &asked.expanded},	  {"-n", &asked.set},
		{"-F", &asked.fields}, {"-xP", &asked.overrides}, {"-P", &asked.overrides_raw},
	};
	char *output;
	enum err err = ERR_OK;

	if (asked.program == NULL)
		return err_why(ERR_NOT_FOUND, why,
			       "there is no postconf: Postfix is not installed");
	if (directory == NULL)
		directory = getenv("MAIL_CONFIG");
	/* postconf is started in another directory. */
	if (directory != NULL)
		asked.directory = realpath(directory, NULL);
	output = malloc(POSTFIX_OUTPUT_MAX);
	if (directory != NULL && asked.directory == NULL)
		err = err_why_errno(errno, why, "%s", directory);
	else if (output == NULL)
		err = err_why(ERR_NO_MEMORY, why, "out of memory");
	for (size_t i = 0; err == ERR_OK && i < sizeof questions / sizeof questions[0]; i++)
		err = ask(&asked, questions[i].option, output, questions[i].pairs, why);
	free(output);
	if (err == ERR_OK)
		*postfix = asked;
	else
		postfix_clear(&asked);
	return err;
}

/* Whether there is such a process, and it is no zombie, which has ended. */
static bool is_master(long pid)
{
	char path[64];
	char name[16] = "";
	char state = 'Z';
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fscanf(file, "%*d (%15[^)]) %c", name, &state) != 2)
		name[0] = '\0';
	(void)fclose(file);
	return strcmp(name, "master") == 0 && state != 'Z';
}

bool postfix_runs(const struct postfix *postfix, bool *known)
{
	char path[PATH_MAX];
	long pid = 0;
	FILE *file;

	snprintf(path, sizeof path, "%s/pid/master.pid", postfix_value(postfix, "queue_directory"));
	file = fopen(path, "re");
	*known = file != NULL || errno == ENOENT;
	if (file == NULL)
		return false;
	if (fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	(void)fclose(file);
	return pid > 0 && is_master(pid);
}
