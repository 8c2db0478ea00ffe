/*
 * Locks between processes: open file description locks on a file of ours (fcntl(2), F_OFD_SETLK),
 * and flock(2) on a directory, which cannot be opened for writing. The kernel frees them with the
 * last descriptor, so a killed holder leaves nothing.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Opens (making it, mode 0600) and locks the file @name in @dir, waiting for it; the lock is held
 * while *@ret_fd is open. The file stays: removing a lock file while others wait for it would split
 * the lock.
 */
struct error *lock_take(int dir, const char *name, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* As lock_take() without waiting; *@ret_fd is -1 when somebody else holds it. */
struct error *lock_try(int dir, const char *name, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/*
 * Locks the directory @dir itself, waiting for it; held while *@ret_fd is open. For directories
 * that are removed: who gets the lock asks whether its name still means what was locked.
 */
struct error *lock_take_dir(int dir, int *ret_fd) __attribute__((nonnull, warn_unused_result));
