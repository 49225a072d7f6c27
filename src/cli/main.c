/* SPDX-License-Identifier: BSD-2-Clause */
/* resetguard: refreshes and explains the cache of domain facts. */
#include "cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
