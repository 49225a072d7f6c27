/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keyfiles: whether the files that keys of the configuration name can be used. What it
 * takes to open public_suffix_file is done by cli_open_conf.
 */
#ifndef RESETGUARD_KEYFILES_H
#define RESETGUARD_KEYFILES_H

#include <stddef.h>

#include "resetguard/conf.h"

struct keyfiles_sink {
	void (*failed)(void *context, const char *key, const char *text);
	/* What may not be meant as it stands. */
	void (*warned)(void *context, const char *text);
	/* How many rules the milter has; not called if it would not start. */
	void (*rules)(void *context, size_t count);
	void *context;
};

void keyfiles_check(const struct conf *conf, const struct keyfiles_sink *sink);

#endif
