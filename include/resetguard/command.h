/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command: runs a command that an operator has configured.
 *
 * No shell sees it: it is cut into words at blanks, without quotes or expansion; the
 * first one is the path of the program. It gets the input on its standard input, and
 * of the process's surroundings nothing else: the environment is PATH alone, the
 * directory is /, signals are as after login, no other descriptor is open. It leads a
 * process group of its own, which is killed with it when its time is up; what it
 * leaves behind when it ends by itself is its own business.
 *
 * Blocks. Any thread.
 */
#ifndef RESETGUARD_COMMAND_H
#define RESETGUARD_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "resetguard/err.h"
#include "resetguard/wire.h"

enum {
	COMMAND_WORDS_MAX = 64,
	COMMAND_INPUT_MAX = 4096,  /* what any pipe takes at once */
	COMMAND_OUTPUT_MAX = 1024, /* of both its outputs together; the rest is read and lost */
};

struct command_options {
	const char *command;
	struct bytes input;
	int64_t timeout_ms;
	int stop; /* a descriptor: when it is readable the command is killed; -1: none */
};

/* 0: it ended with status 0. ERR_BUSY: stopped. ERR_UNAVAILABLE: whatever else came of
 * it, as why says. output is set in any case, to what it wrote. */
MUST_CHECK enum err command_run(const struct command_options *options,
				char output[COMMAND_OUTPUT_MAX + 1], struct why *why);

/* The same for a program that is given word by word, NULL behind the last, and gets no
 * input. Of its standard output size - 2 bytes are kept, and more are an error; its
 * standard error is kept apart. */
MUST_CHECK enum err command_run_words(const char *const words[], int64_t timeout_ms, char *output,
				      size_t size, char errors[COMMAND_OUTPUT_MAX + 1],
				      struct why *why);

/* The path of a program, found where the commands' own PATH leads; NULL: there is none.
 * The caller frees. */
char *command_find(const char *name);

#endif
