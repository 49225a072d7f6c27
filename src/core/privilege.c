/* SPDX-License-Identifier: BSD-2-Clause */
/* privilege: giving up root for good. */
#include "resetguard/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PASSWD_BUFFER_SIZE = 16384 };

enum err privilege_find(const char *name, struct privilege_user *user, struct why *why)
{
	char buffer[PASSWD_BUFFER_SIZE];
	struct passwd entry;
	struct passwd *found;
	int failure;

	if (strlen(name) >= sizeof user->name)
		return err_why(ERR_CONFIG, why, "user name %.40s... is too long", name);
	failure = getpwnam_r(name, &entry, buffer, sizeof buffer, &found);
	if (failure != 0)
		return err_why_errno(failure, why, "looking up user %s", name);
	if (found == NULL)
		return err_why(ERR_CONFIG, why,
			       "there is no user %s; make it (adduser --system --group "
			       "--no-create-home %s) or name another in the configuration",
			       name, name);
	memset(user, 0, sizeof *user);
	memcpy(user->name, name, strlen(name));
	user->uid = entry.pw_uid;
	user->gid = entry.pw_gid;
	return ERR_OK;
}

enum err privilege_become(const struct privilege_user *user, struct why *why)
{
	if (geteuid() != 0 || user->uid == 0)
		return ERR_OK;
	if (initgroups(user->name, user->gid) != 0)
		return err_why_errno(errno, why, "taking the groups of %s", user->name);
	if (setresgid(user->gid, user->gid, user->gid) != 0)
		return err_why_errno(errno, why, "becoming group %u", (unsigned)user->gid);
	if (setresuid(user->uid, user->uid, user->uid) != 0)
		return err_why_errno(errno, why, "becoming user %s", user->name);
	if (setuid(0) == 0)
		return err_why(ERR_PERMISSION, why, "giving up root did not last");
	return ERR_OK;
}
