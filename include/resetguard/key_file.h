/* SPDX-License-Identifier: BSD-2-Clause */
/* key_file: a secret from the first line of a file that not everybody may read. */
#ifndef RESETGUARD_KEY_FILE_H
#define RESETGUARD_KEY_FILE_H

#include "resetguard/err.h"

enum { KEY_FILE_MAX = 256 };

/* The one word, of printable ASCII, in the file's first line. setting is the name of
 * the configuration's key, for why. ERR_CONFIG, or why it cannot be read; why never
 * has anything of the secret. */
MUST_CHECK enum err key_file_read(const char *setting, const char *path,
				  char key[KEY_FILE_MAX + 1], struct why *why);

#endif
