/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostilebench - how long the messages of tests/lib/hostile keep the recogniser busy.
 *
 *	hostilebench DIRECTORY ROUNDS
 *
 * DIRECTORY has the packs. Prints a line for each message: the processor's time for it
 * in milliseconds (the least of ROUNDS, which is what the work takes), and its name.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/hostile.h"

enum { LIMIT = 256 << 10 };

static double milliseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double measure(struct classifier *classifier, size_t index, int rounds)
{
	double least = HUGE_VAL;
	size_t length;
	char *text = hostile_make(index, &length);

	if (text == NULL)
		exit(1);
	for (int round = 0; round < rounds; round++) {
		double begin = milliseconds();
		double took;

		hostile_classify(classifier, text, length);
		took = milliseconds() - begin;
		least = took < least ? took : least;
	}
	free(text);
	return least;
}

static struct rules *read_rules(const char *directory)
{
	static char *guarded[] = {"password-reset", "magic-link"};
	static const struct conf_list guard = {2, guarded};
	char path[PATH_MAX];
	struct rules *rules = NULL;
	struct why why = {""};
	FILE *file;

	snprintf(path, sizeof(path), "%s/messages", directory);
	file = fopen(path, "w");
	if (file == NULL || fputs(hostile_rules, file) < 0 || fclose(file) != 0 ||
	    rules_read(path, &guard, &rules, &why) != ERR_OK) {
		fprintf(stderr, "hostilebench: %s %s\n", path, why.text);
		exit(1);
	}
	return rules;
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? atoi(argv[2]) : 0;
	struct classifier classifier;
	struct rules *rules;

	if (rounds < 1) {
		fputs("usage: hostilebench DIRECTORY ROUNDS\n", stderr);
		return 64;
	}
	mime_init();
	rules = read_rules(argv[1]);
	if (classifier_open(&classifier, rules, LIMIT, false) != ERR_OK)
		return 1;
	for (size_t i = 0; i < hostile_count(); i++)
		printf("%.2f %s\n", measure(&classifier, i, rounds), hostile_name(i));
	classifier_close(&classifier);
	rules_free(rules);
	return 0;
}
