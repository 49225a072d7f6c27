/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inject - a library to be preloaded that makes one call of a program fail, as a machine
 * that is out of memory, disk or network would, and moves its clock.
 *
 *	FAULT_BOARD  a file made by board(1), where the calls are counted and which of them
 *	             fails is said; without it nothing is done
 *	FAULT_AT     the call that fails, on a board that begins anew; without it the board
 *	             is as it was
 *	FAULT_DO     what it does: fail, which goes without saying; or go on, after SIGKILL
 *	             (kill) or SIGSTOP (stop)
 *	FAULT_CLASS  which calls count and may fail:
 *	             memory   malloc and its kin, by the program and by libc for it (strdup,
 *	                      getline), but not within libc's name service, which dies of
 *	                      it (glibc 2.36: nss_database.c): ENOMEM
 *	             all-memory  by all libraries, but for GLib and GMime, which abort by
 *	                      design, and the loader, which cannot do otherwise
 *	             files    write, pwrite, writev to a regular file: ENOSPC; fsync,
 *	                      fdatasync, msync: EIO; open, fopen: EMFILE; ftruncate, rename,
 *	                      mkdir, mmap
 *	             cache    LMDB's functions, called by the program: LMDB's codes
 *	             network  socket, connect, sendto, sendmsg, recv, recvmsg, and read and
 *	                      write on a socket: ECONNREFUSED, ECONNRESET
 *
 * Any thread may call; the state below is settled before main begins.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <lmdb.h>
#include <netdb.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

enum calls {
	NOTHING,
	MEMORY,
	FILES,
	CACHE,
	NETWORK,
};

/* Some libraries bring more than one piece of code. */
enum { RANGES_MAX = 256 };

struct range {
	uintptr_t begin;
	uintptr_t end;
};

static struct {
	struct board *board; /* NULL: nothing is done */
	enum calls kind;
	int signal; /* 0: the call fails */
	bool by_libraries;
	unsigned count;
	struct range callers[RANGES_MAX]; /* whose calls count */
} state;

/* How deep the thread is within the name service. */
static _Thread_local unsigned name_service_depth;

/* The function that would have been called. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* ---- whose calls count ---- */

static bool counts_as_caller(const char *object)
{
	static const char *const never[] = {"libglib-",	 "libgmime-", "libgobject-",
					    "libgio-",	 "ld-linux",  "linux-vdso",
					    "inject.so", "libgpgme",  "libgmodule-"};

	if (object[0] == '\0' || strstr(object, "/libc.so") != NULL)
		return true;
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
		if (strstr(object, never[i]) != NULL)
			return false;
	}
	return state.by_libraries;
}

static int add_caller(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	(void)context;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0 &&
		    counts_as_caller(info->dlpi_name) && state.count < RANGES_MAX) {
			uintptr_t begin = info->dlpi_addr + part->p_vaddr;

			state.callers[state.count++] = (struct range){begin, begin + part->p_memsz};
		}
	}
	return 0;
}

static bool is_caller(const void *address)
{
	uintptr_t at = (uintptr_t)address;

	for (unsigned i = 0; i < state.count; i++) {
		if (at >= state.callers[i].begin && at < state.callers[i].end)
			return true;
	}
	return false;
}

static enum calls kind_named(const char *name)
{
	if (strcmp(name, "memory") == 0 || strcmp(name, "all-memory") == 0)
		return MEMORY;
	if (strcmp(name, "files") == 0)
		return FILES;
	if (strcmp(name, "cache") == 0)
		return CACHE;
	return strcmp(name, "network") == 0 ? NETWORK : NOTHING;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAULT_BOARD");
	const char *name = getenv("FAULT_CLASS");
	const char *at = getenv("FAULT_AT");
	const char *action = getenv("FAULT_DO");
	void *map = MAP_FAILED;
	int fd = path == NULL ? -1 : REAL(open)(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	map = REAL(mmap)(NULL, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (map == MAP_FAILED)
		return;
	if (at != NULL) {
		memset(map, 0, sizeof(struct board));
		((struct board *)map)->fail_at = strtoull(at, NULL, 10);
	}
	if (action != NULL && strcmp(action, "kill") == 0)
		state.signal = SIGKILL;
	if (action != NULL && strcmp(action, "stop") == 0)
		state.signal = SIGSTOP;
	state.kind = name == NULL ? NOTHING : kind_named(name);
	/* A call on files or the network is the program's, whichever library makes it. */
	state.by_libraries = state.kind == FILES || state.kind == NETWORK ||
			     (state.kind == MEMORY && strcmp(name, "all-memory") == 0);
	(void)dl_iterate_phdr(add_caller, NULL);
	atomic_thread_fence(memory_order_seq_cst);
	state.board = map;
}

static void tell_where(const char *function, const void *address)
{
	Dl_info about;
	const char *object = "?";
	size_t offset = 0;

	if (dladdr(address, &about) != 0) {
		object = strrchr(about.dli_fname, '/');
		object = object == NULL ? about.dli_fname : object + 1;
		offset = (size_t)((uintptr_t)address - (uintptr_t)about.dli_fbase);
	}
	snprintf(state.board->where, sizeof state.board->where, "%s in %s+0x%zx\n", function,
		 object, offset);
}

/* Counts the call, and tells whether it is the one. */
static bool fails(enum calls kind, const char *function, const void *address)
{
	struct board *board = state.board;

	if (board == NULL || kind != state.kind || name_service_depth > 0 || !is_caller(address))
		return false;
	if (atomic_fetch_add(&board->calls, 1) + 1 != atomic_load(&board->fail_at))
		return false;
	tell_where(function, address);
	atomic_fetch_add(&board->faults, 1);
	if (state.signal == 0)
		return true;
	(void)raise(state.signal);
	return false;
}

static bool is_type(int fd, mode_t type)
{
	struct stat status;

	return state.board != NULL && fstat(fd, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

/* What goes to the log and to the terminal is left alone: it is what tells of a fault. */
static enum calls kind_of_write(int fd)
{
	if (fd > STDERR_FILENO && is_type(fd, S_IFREG))
		return FILES;
	return is_type(fd, S_IFSOCK) ? NETWORK : NOTHING;
}

/* NAME as declared, which fails with errno ERROR and FAILURE if its turn has come. */
#define WRAP(kind, type, name, parameters, arguments, failure, error)  \
	type name parameters                                           \
	{                                                              \
		static __typeof__(&name) next;                         \
                                                                       \
		if (next == NULL)                                      \
			next = REAL(name);                             \
		if (fails(kind, #name, __builtin_return_address(0))) { \
			errno = error;                                 \
			return failure;                                \
		}                                                      \
		return next arguments;                                 \
	}

/* ---- memory ---- */

WRAP(MEMORY, void *, malloc, (size_t size), (size), NULL, ENOMEM)
WRAP(MEMORY, void *, calloc, (size_t count, size_t size), (count, size), NULL, ENOMEM)
WRAP(MEMORY, void *, realloc, (void *old, size_t size), (old, size), NULL, ENOMEM)
WRAP(MEMORY, void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size), NULL,
     ENOMEM)
WRAP(MEMORY, void *, aligned_alloc, (size_t align, size_t size), (align, size), NULL, ENOMEM)
WRAP(MEMORY, int, posix_memalign, (void **made, size_t align, size_t size), (made, align, size),
     ENOMEM, ENOMEM)

/* What fails in here is libc's own. */
#define PASS(name, parameters, arguments)      \
	int name parameters                    \
	{                                      \
		static __typeof__(&name) next; \
		int result;                    \
                                               \
		if (next == NULL)              \
			next = REAL(name);     \
		name_service_depth++;          \
		result = next arguments;       \
		name_service_depth--;          \
		return result;                 \
	}

PASS(getpwnam_r,
     (const char *name, struct passwd *user, char *text, size_t size, struct passwd **found),
     (name, user, text, size, found))
PASS(getgrnam_r,
     (const char *name, struct group *group, char *text, size_t size, struct group **found),
     (name, group, text, size, found))
PASS(initgroups, (const char *user, gid_t group), (user, group))
PASS(getaddrinfo,
     (const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found),
     (host, service, hints, found))

/* ---- files ---- */

WRAP(kind_of_write(fd), ssize_t, write, (int fd, const void *bytes, size_t length),
     (fd, bytes, length), -1, state.kind == FILES ? ENOSPC : ECONNRESET)
WRAP(kind_of_write(fd), ssize_t, writev, (int fd, const struct iovec *parts, int count),
     (fd, parts, count), -1, state.kind == FILES ? ENOSPC : ECONNRESET)
WRAP(FILES, ssize_t, pwrite, (int fd, const void *bytes, size_t length, off_t at),
     (fd, bytes, length, at), -1, ENOSPC)
WRAP(FILES, ssize_t, pwrite64, (int fd, const void *bytes, size_t length, off64_t at),
     (fd, bytes, length, at), -1, ENOSPC)
WRAP(FILES, int, fsync, (int fd), (fd), -1, EIO)
WRAP(FILES, int, fdatasync, (int fd), (fd), -1, EIO)
WRAP(FILES, int, msync, (void *at, size_t length, int flags), (at, length, flags), -1, EIO)
WRAP(FILES, int, ftruncate, (int fd, off_t length), (fd, length), -1, ENOSPC)
WRAP(FILES, int, ftruncate64, (int fd, off64_t length), (fd, length), -1, ENOSPC)
WRAP(FILES, int, rename, (const char *from, const char *to), (from, to), -1, EIO)
WRAP(FILES, int, mkdir, (const char *path, mode_t mode), (path, mode), -1, ENOSPC)
WRAP(FILES, FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL, EMFILE)
WRAP(FILES, FILE *, fopen64, (const char *path, const char *mode), (path, mode), NULL, EMFILE)
WRAP(FILES, void *, mmap, (void *at, size_t length, int prot, int flags, int fd, off_t offset),
     (at, length, prot, flags, fd, offset), MAP_FAILED, ENOMEM)
WRAP(FILES, void *, mmap64, (void *at, size_t length, int prot, int flags, int fd, off64_t offset),
     (at, length, prot, flags, fd, offset), MAP_FAILED, ENOMEM)

/* The mode, which there is only where a file may be made. */
#define WRAP_OPEN(name, parameters, arguments)                                    \
	int name parameters                                                       \
	{                                                                         \
		static __typeof__(&name) next;                                    \
		va_list more;                                                     \
		mode_t mode = 0;                                                  \
                                                                                  \
		if (next == NULL)                                                 \
			next = REAL(name);                                        \
		if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) { \
			va_start(more, flags);                                    \
			mode = va_arg(more, mode_t);                              \
			va_end(more);                                             \
		}                                                                 \
		if (fails(FILES, #name, __builtin_return_address(0))) {           \
			errno = EMFILE;                                           \
			return -1;                                                \
		}                                                                 \
		return next arguments;                                            \
	}

WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode))
WRAP_OPEN(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode))

/* ---- the network ---- */

WRAP(NETWORK, int, socket, (int family, int type, int protocol), (family, type, protocol), -1,
     EMFILE)
WRAP(NETWORK, int, connect, (int fd, const struct sockaddr *to, socklen_t length), (fd, to, length),
     -1, ECONNREFUSED)
WRAP(NETWORK, ssize_t, send, (int fd, const void *bytes, size_t length, int flags),
     (fd, bytes, length, flags), -1, ECONNRESET)
WRAP(NETWORK, ssize_t, sendto,
     (int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to,
      socklen_t to_length),
     (fd, bytes, length, flags, to, to_length), -1, ECONNRESET)
WRAP(NETWORK, ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags),
     (fd, message, flags), -1, ECONNRESET)
WRAP(NETWORK, ssize_t, recv, (int fd, void *bytes, size_t length, int flags),
     (fd, bytes, length, flags), -1, ECONNRESET)
WRAP(NETWORK, ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
     -1, ECONNRESET)
WRAP(is_type(fd, S_IFSOCK) ? NETWORK : NOTHING, ssize_t, read, (int fd, void *bytes, size_t length),
     (fd, bytes, length), -1, ECONNRESET)

/* ---- LMDB ---- */

/* What is there to be begun, opened, read, written or ended. */
#define WRAP_LMDB(name, parameters, arguments, code, cleanup)           \
	int name parameters                                             \
	{                                                               \
		static __typeof__(&name) next;                          \
                                                                        \
		if (next == NULL)                                       \
			next = REAL(name);                              \
		if (fails(CACHE, #name, __builtin_return_address(0))) { \
			cleanup;                                        \
			return code;                                    \
		}                                                       \
		return next arguments;                                  \
	}

WRAP_LMDB(mdb_env_create, (MDB_env * *env), (env), ENOMEM, (void)0)
WRAP_LMDB(mdb_env_open, (MDB_env * env, const char *path, unsigned flags, mdb_mode_t mode),
	  (env, path, flags, mode), ENOMEM, (void)0)
WRAP_LMDB(mdb_env_set_mapsize, (MDB_env * env, size_t size), (env, size), ENOMEM, (void)0)
WRAP_LMDB(mdb_env_set_maxreaders, (MDB_env * env, unsigned readers), (env, readers), EINVAL,
	  (void)0)
WRAP_LMDB(mdb_env_set_maxdbs, (MDB_env * env, MDB_dbi count), (env, count), EINVAL, (void)0)
WRAP_LMDB(mdb_env_get_fd, (MDB_env * env, mdb_filehandle_t *fd), (env, fd), EINVAL, (void)0)
WRAP_LMDB(mdb_reader_check, (MDB_env * env, int *dead), (env, dead), ENOMEM, (void)0)
WRAP_LMDB(mdb_txn_begin, (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn),
	  (env, parent, flags, txn), (flags & MDB_RDONLY) != 0 ? MDB_READERS_FULL : ENOMEM, (void)0)
WRAP_LMDB(mdb_txn_renew, (MDB_txn * txn), (txn), MDB_MAP_RESIZED, (void)0)
WRAP_LMDB(mdb_txn_commit, (MDB_txn * txn), (txn), ENOSPC, mdb_txn_abort(txn))
WRAP_LMDB(mdb_dbi_open, (MDB_txn * txn, const char *name, unsigned flags, MDB_dbi *dbi),
	  (txn, name, flags, dbi), MDB_DBS_FULL, (void)0)
WRAP_LMDB(mdb_get, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data),
	  EIO, (void)0)
WRAP_LMDB(mdb_put, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags),
	  (txn, dbi, key, data, flags), MDB_MAP_FULL, (void)0)
WRAP_LMDB(mdb_del, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data),
	  MDB_MAP_FULL, (void)0)
WRAP_LMDB(mdb_drop, (MDB_txn * txn, MDB_dbi dbi, int whole), (txn, dbi, whole), EIO, (void)0)
WRAP_LMDB(mdb_stat, (MDB_txn * txn, MDB_dbi dbi, MDB_stat *stat), (txn, dbi, stat), EIO, (void)0)
WRAP_LMDB(mdb_cursor_open, (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **cursor), (txn, dbi, cursor),
	  ENOMEM, (void)0)
WRAP_LMDB(mdb_cursor_get, (MDB_cursor * cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op),
	  (cursor, key, data, op), MDB_CORRUPTED, (void)0)

/* ---- the clock ---- */

static int64_t ahead_s(void)
{
	return state.board == NULL ? 0 : atomic_load(&state.board->clock_s);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static __typeof__(&clock_gettime) next;
	int failed;

	if (next == NULL)
		next = REAL(clock_gettime);
	failed = next(clock, now);
	if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += ahead_s();
	return failed;
}

time_t time(time_t *kept)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (kept != NULL)
		*kept = now.tv_sec;
	return now.tv_sec;
}
