/* SPDX-License-Identifier: BSD-2-Clause */
/* resetguard: refreshes and explains the cache of domain facts. */
#include <signal.h>

#include "cli.h"

int main(int argc, char **argv)
{
	/* A limit on the size of files is an error as others are, not our death. */
	(void)signal(SIGXFSZ, SIG_IGN);
	return cli_main(argc, argv);
}
