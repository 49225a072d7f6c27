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

/* postconf with one more option. */
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
	words[count] = option;
	err = command_run_words(words, ASK_TIMEOUT_MS, output, POSTFIX_OUTPUT_MAX, errors, &what);
	if (err != ERR_OK)
		return err_why(err, why, "%s: %s: %.300s", postfix->program, what.text, errors);
	err = postfix_pairs_read(output, pairs);
	return err == ERR_OK ? ERR_OK : err_why(err, why, "out of memory");
}

static bool has_references(const struct postfix_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		if (strchr(pairs->items[i].value, '$') != NULL)
			return true;
	}
	return false;
}

static enum err ask_all(struct postfix *postfix, struct why *why)
{
	char *output = malloc(POSTFIX_OUTPUT_MAX);
	enum err err;

	if (output == NULL)
		return err_why(ERR_NO_MEMORY, why, "out of memory");
	err = ask(postfix, "-n", output, &postfix->set, why);
	if (err == ERR_OK)
		err = ask(postfix, "-x", output, &postfix->expanded, why);
	if (err == ERR_OK)
		err = ask(postfix, "-F", output, &postfix->fields, why);
	if (err == ERR_OK)
		err = ask(postfix, "-P", output, &postfix->overrides, why);
	if (err == ERR_OK && has_references(&postfix->overrides))
		err = ask(postfix, "-xP", output, &postfix->overrides_expanded, why);
	free(output);
	return err;
}

enum err postfix_ask(const char *directory, struct postfix *postfix, struct why *why)
{
	struct postfix asked = {.program = command_find("postconf")};
	enum err err = ERR_OK;

	if (asked.program == NULL)
		return err_why(ERR_NOT_FOUND, why,
			       "there is no postconf: Postfix is not installed");
	if (directory == NULL)
		directory = getenv("MAIL_CONFIG");
	/* postconf is started in another directory. */
	if (directory != NULL)
		asked.directory = realpath(directory, NULL);
	if (directory != NULL && asked.directory == NULL)
		err = err_why_errno(errno, why, "%s", directory);
	if (err == ERR_OK)
		err = ask_all(&asked, why);
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
