/* SPDX-License-Identifier: BSD-2-Clause */
/* store_files: the files of an LMDB environment, as the file system shows them. */
#ifndef RESETGUARD_STORE_FILES_H
#define RESETGUARD_STORE_FILES_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "resetguard/err.h"

enum { STORE_DATA_MODE = 0640, STORE_LOCK_MODE = 0660 };

struct store_paths {
	char *directory;
	char *data; /* directory/data.mdb */
	char *lock; /* directory/lock.mdb */
};

struct file_id {
	dev_t device;
	ino_t inode;
};

struct store_files {
	struct file_id data;
	struct file_id lock;
	off_t data_size;
};

/* The caller frees the paths, also after ERR_NO_MEMORY. */
MUST_CHECK enum err store_paths_init(const char *directory, struct store_paths *paths);
void store_paths_free(struct store_paths *paths);

struct file_id file_id_of(const struct stat *status);
bool file_id_equal(const struct file_id *a, const struct file_id *b);

/* What is there now. */
MUST_CHECK enum err store_files_look(const struct store_paths *paths, struct store_files *files,
				     struct why *why);
/* The same, before LMDB opens it: without write access to lock.mdb LMDB may read
 * without a reader's slot, and an empty data.mdb it takes for a new one. */
MUST_CHECK enum err store_files_check(const struct store_paths *paths, struct store_files *files,
				      struct why *why);
/* Makes what a writer needs before LMDB opens the environment: lock.mdb with its
 * mode, and a new one if there is no data.mdb, so that nobody who still has the
 * old pair open works on with half of it. Call it with store_files_lock. */
MUST_CHECK enum err store_files_make(const struct store_paths *paths, bool *new, struct why *why);

/* One writer at a time makes or opens the environment; ends with close(*lock). */
MUST_CHECK enum err store_files_lock(const struct store_paths *paths, int *lock, struct why *why);

/* ERR_DAMAGED, with the words for it. */
enum err store_files_cut_short(const struct store_paths *paths, off_t size, struct why *why);

#endif
