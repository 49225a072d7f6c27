/* SPDX-License-Identifier: BSD-2-Clause */
/* redact: a reset without the names of people. */
#include "resetguard/redact.h"

#include <stdio.h>
#include <string.h>

#include "resetguard/mailbox.h"

enum { HASH_SHOWN = 6 }; /* bytes */

/* "x" and twelve digits; what is no address cannot be told apart. */
static void hashed(const struct addresses_key *key, const char *address, char name[16])
{
	struct mailbox mailbox;
	struct address_hash hash;

	if (mailbox_parse(address, strlen(address), &mailbox) != ERR_OK) {
		snprintf(name, 16, "redacted");
		return;
	}
	hash = addresses_hash(key, &mailbox);
	name[0] = 'x';
	for (int i = 0; i < HASH_SHOWN; i++)
		snprintf(name + 1 + 2 * i, 3, "%02x", hash.bytes[i]);
}

static void redact_address(const struct addresses_key *key, char address[AUDIT_PATH_MAX + 1])
{
	const char *at = strrchr(address, '@');
	char made[AUDIT_PATH_MAX + 1];
	char name[16];

	if (address[0] == '\0')
		return;
	hashed(key, address, name);
	snprintf(made, sizeof made, "%s%s", name, at == NULL ? "" : at);
	memcpy(address, made, sizeof made);
}

static void redact_login(const struct addresses_key *key, char login[AUDIT_NAME_MAX + 1])
{
	char address[AUDIT_NAME_MAX + sizeof "@login.invalid"];

	if (login[0] == '\0')
		return;
	snprintf(address, sizeof address, "%s%s", login,
		 strchr(login, '@') == NULL ? "@login.invalid" : "");
	hashed(key, address, login);
}

void redact_reset(const struct addresses_key *key, struct audit_reset *reset)
{
	redact_address(key, reset->from);
	redact_address(key, reset->rcpt);
	redact_login(key, reset->login);
	/* Replies name the recipient: the codes are what is left. */
	reset->reply[strspn(reset->reply, "0123456789.- ")] = '\0';
}
