/* SPDX-License-Identifier: BSD-2-Clause */
/* Any path is a mailbox or not; a mailbox, when it is quoted and read again, is
 * the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resetguard/mailbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t quote(const struct mailbox *mailbox, char *path)
{
	size_t length = 0;

	path[length++] = '"';
	for (size_t i = 0; i < mailbox->local_length; i++) {
		if (mailbox->local[i] == '"' || mailbox->local[i] == '\\')
			path[length++] = '\\';
		path[length++] = mailbox->local[i];
	}
	path[length++] = '"';
	path[length++] = '@';
	memcpy(path + length, mailbox->host.name, mailbox->host.length);
	return length + mailbox->host.length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[2 * MAILBOX_LOCAL_MAX + DOMAIN_MAX + 3];
	struct mailbox mailbox;
	struct mailbox again;

	if (mailbox_parse((const char *)data, size, &mailbox) != ERR_OK)
		return 0;
	if (strlen(mailbox.local) != mailbox.local_length ||
	    strlen(mailbox.host.name) != mailbox.host.length)
		abort();
	if (mailbox_parse(path, quote(&mailbox, path), &again) != ERR_OK ||
	    strcmp(mailbox.local, again.local) != 0 || !domain_equal(&mailbox.host, &again.host))
		abort();
	return 0;
}
