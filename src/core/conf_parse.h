/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_parse: from files to settings, whose values nobody has looked at yet.
 */
#ifndef RESETGUARD_CONF_PARSE_H
#define RESETGUARD_CONF_PARSE_H

#include <stddef.h>

#include "conf_table.h"

struct conf_setting {
	struct conf_target target;
	char *class_name; /* NULL: every class */
	char *name;	  /* as it was written */
	char *value;
	char *place; /* "FILE:LINE" */
};

/* In the order in which they were read. Begins as zeros. */
struct conf_settings {
	size_t count;
	struct conf_setting *items;
};

/* These add to settings, on failure perhaps some. */
MUST_CHECK enum err conf_collect_text(const char *text, size_t length, const char *name,
				      struct conf_settings *settings, struct why *why);
MUST_CHECK enum err conf_collect_file(const char *path, struct conf_settings *settings,
				      struct why *why);
/* Every *.conf in it, in order of the bytes of their names. There may be none. */
MUST_CHECK enum err conf_collect_directory(const char *directory, struct conf_settings *settings,
					   struct why *why);
void conf_settings_release(struct conf_settings *settings);

#endif
