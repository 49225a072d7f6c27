/* SPDX-License-Identifier: BSD-2-Clause */
/* key_file: a secret from the first line of a file that not everybody may read. */
#include "resetguard/key_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum err read_line(FILE *file, const char *setting, const char *path,
			  char key[KEY_FILE_MAX + 1], struct why *why)
{
	static const char blanks[] = " \t\r\n";
	char line[KEY_FILE_MAX + 2];
	const char *word;
	size_t length;
	enum err err = ERR_OK;

	if (fgets(line, sizeof(line), file) == NULL)
		return err_why(ERR_CONFIG, why, "%s: %s: is empty; its first line is to be the key",
			       setting, path);
	word = line + strspn(line, blanks);
	length = strcspn(word, blanks);
	if (strchr(line, '\n') == NULL && strlen(line) > KEY_FILE_MAX)
		err = err_why(ERR_CONFIG, why,
			      "%s: %s: the first line is longer than a key, %d characters", setting,
			      path, KEY_FILE_MAX);
	else if (length == 0)
		err = err_why(ERR_CONFIG, why, "%s: %s: the first line is empty; it is to be the key",
			      setting, path);
	else if (word[length + strspn(word + length, blanks)] != '\0')
		err = err_why(ERR_CONFIG, why, "%s: %s: the first line is more than one word",
			      setting, path);
	for (size_t i = 0; err == ERR_OK && i < length; i++) {
		if (word[i] <= 0x20 || word[i] > 0x7e)
			err = err_why(ERR_CONFIG, why, "%s: %s: a key has printable ASCII only",
				      setting, path);
	}
	if (err == ERR_OK)
		snprintf(key, KEY_FILE_MAX + 1, "%.*s", (int)length, word);
	explicit_bzero(line, sizeof line);
	return err;
}

enum err key_file_read(const char *setting, const char *path, char key[KEY_FILE_MAX + 1],
		       struct why *why)
{
	FILE *file = fopen(path, "re");
	struct stat status;
	enum err err;

	if (file == NULL)
		return err_why_errno(errno, why, "%s: %s", setting, path);
	if (fstat(fileno(file), &status) != 0)
		err = err_why_errno(errno, why, "%s: %s", setting, path);
	else if ((status.st_mode & S_IROTH) != 0)
		err = err_why(ERR_CONFIG, why,
			      "%s: %s: everybody may read the key; chmod o-r %s, and have a new key "
			      "made",
			      setting, path, path);
	else
		err = read_line(file, setting, path, key, why);
	(void)fclose(file);
	return err;
}
