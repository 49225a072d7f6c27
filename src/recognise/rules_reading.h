/* SPDX-License-Identifier: BSD-2-Clause */
/* rules_reading: a rule file and its packs while they are read. */
#ifndef RESETGUARD_RULES_READING_H
#define RESETGUARD_RULES_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "rules_table.h"

/* A pack that the operator's file names: read when that has been read. */
struct wanted_pack {
	char name[RULES_NAME_MAX + 1];
	size_t number; /* of the line */
	size_t offset;
};

/* All that is read for one table. */
struct library {
	struct rules *rules;
	const struct conf_list *guard;
	char *own_packs; /* the operator's directory; NULL: no packs may be named */
	size_t file_count;
	size_t draft_count;
	struct draft *drafts;
	size_t phrase_count;
	struct phrase *phrases;
	size_t wanted_count;
	struct wanted_pack *wanted;
	struct conf_list seen; /* names of packs that have been read */
};

/* One file. */
struct reading {
	struct library *library;
	const char *path; /* as errors name it */
	const char *name; /* as rules are named */
	bool is_pack;
	size_t file;   /* its number */
	size_t number; /* of the line, from 1 */
	const char *line;
	size_t length;
	size_t fault_offset; /* in the line */
	bool placed;	     /* why has its place already */
	struct why why;
};

enum err rules_out_of_memory(struct reading *reading);

/* The name of words as conditions and phrases have it: they belong to their file. The
 * caller frees. */
MUST_CHECK enum err rules_name_words(struct reading *reading, const char *name, char **words);

/* Makes the condition, which is zero, of what was parsed; on failure what it holds is
 * still to be freed. */
MUST_CHECK enum err rules_compile(struct reading *reading, const struct rules_condition *parsed,
				  struct condition *condition);

#endif
