/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rot ENVIRONMENT DATABASE [BEGIN] - cuts the last byte of each record whose key begins
 * so; exits 1 where there is none.
 */
#include <stdio.h>

#include "rotting.h"

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 4) {
		fputs("usage: rot ENVIRONMENT DATABASE [BEGIN]\n", stderr);
		return 64;
	}
	return rotting_cut(argv[1], argv[2], argc == 4 ? argv[3] : "") > 0 ? 0 : 1;
}
