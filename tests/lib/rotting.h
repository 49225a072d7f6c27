/* SPDX-License-Identifier: BSD-2-Clause */
/* rotting: records of a cache that have lost their last byte, as on a bad disk. */
#ifndef RESETGUARD_TESTS_ROTTING_H
#define RESETGUARD_TESTS_ROTTING_H

/* Cuts each record of the database, in the LMDB environment at path, whose key begins so.
 * Returns how many there were; -1: it could not, and has said why on stderr. */
int rotting_cut(const char *path, const char *database, const char *begin);

#endif
