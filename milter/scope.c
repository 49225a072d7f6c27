/* SPDX-License-Identifier: BSD-2-Clause */
/* scope: which mail is ours to judge. */
#include "scope.h"

#include <stdio.h>
#include <string.h>

struct scope_client scope_client(const struct sockaddr *address)
{
	struct scope_client client = {0};
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address == NULL)
		return client;
	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof v4);
		client.has_address = true;
		client.address.s6_addr[10] = 0xff;
		client.address.s6_addr[11] = 0xff;
		memcpy(&client.address.s6_addr[12], &v4.sin_addr, sizeof v4.sin_addr);
	} else if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof v6);
		client.has_address = true;
		client.address = v6.sin6_addr;
	}
	return client;
}

bool scope_is_sendmail(bool mta_is_postfix, const char *queue_id, const char *sender_path)
{
	return mta_is_postfix && queue_id != NULL && sender_path[0] != '<';
}

static bool is_excluded(const struct conf *conf, const char *daemon_name)
{
	char item[1 + SCOPE_DAEMON_NAME_MAX + 1];

	snprintf(item, sizeof item, "!%s", daemon_name);
	return conf_list_has(&conf->originating_daemons, item);
}

bool scope_is_originating(const struct conf *conf, const struct scope_mail *mail)
{
	/* A service whose name begins with "!" cannot be listed. */
	bool has_name = mail->daemon_name[0] != '\0' && mail->daemon_name[0] != '!';

	if (has_name && is_excluded(conf, mail->daemon_name))
		return false;
	if (mail->authenticated || mail->from_sendmail || !mail->client->has_address)
		return true;
	if (has_name && conf_list_has(&conf->originating_daemons, mail->daemon_name))
		return true;
	return conf_networks_have(&conf->originating_networks, &mail->client->address);
}
