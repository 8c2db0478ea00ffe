/*
 * Files by directory descriptor. Inside a container's or image's root nothing is resolved by
 * string: openat2(2) with RESOLVE_IN_ROOT (symlinks stay inside, as in a chroot) or RESOLVE_BENEATH
 * (leaving is an error), then work on the descriptor. Names that our own directories hold are plain
 * names without '/'.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* "/proc/self/fd/N", for system calls that only take paths. */
#define PATH_PROC_FD_SIZE 32
void path_proc_fd(char text[PATH_PROC_FD_SIZE], int fd) __attribute__((nonnull));

/* The path of the open file as the kernel names it (proc(5), /proc/PID/fd); the caller frees. */
struct error *path_of_fd(int fd, char **ret) __attribute__((nonnull, warn_unused_result));

/*
 * Opens @path as seen from inside @root: absolute paths, "..", and symlinks never leave it; magic
 * links are refused.
 */
struct error *path_open_in_root(int root, const char *path, int flags, mode_t mode, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* Opens @path below @dir without ever leaving it and without following any symlink. */
struct error *path_open_beneath(int dir, const char *path, int flags, mode_t mode, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/*
 * path_open_beneath() of what must lie on the kernel's proc: anything else in its place is
 * ERROR_REFUSED (CVE-2019-19921, CVE-2025-52881).
 */
struct error *path_check_on_proc(int fd, const char *path)
	__attribute__((nonnull, warn_unused_result));
struct error *path_open_on_proc(int dir, const char *path, int flags, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/*
 * Opens the directory @path inside @root, making what is missing with @mode, owned by @uid:@gid
 * (-1: not changed). Existing symlinks are followed inside the root.
 */
struct error *path_make_dirs_in_root(int root, const char *path, mode_t mode, uid_t uid, gid_t gid,
				     int *ret_fd) __attribute__((nonnull, warn_unused_result));

/*
 * @path as seen from inside @root without symlinks and "..", where what they lead to need not be
 * there. ELOOP where there are too many. The caller frees.
 */
struct error *path_resolve_in_root(int root, const char *path, char **ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * Opens the directory @name in @dir, made with @mode when missing; a symlink is refused. dir may be
 * AT_FDCWD.
 */
struct error *path_open_dir(int dir, const char *name, mode_t mode, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* As path_open_dir() for an absolute @path of ours, every missing part made. */
struct error *path_make_dirs(const char *path, mode_t mode, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/*
 * Reads the whole file @name in @dir into @b (within its maximum). path_read_text() returns a
 * string the caller frees.
 */
struct error *path_read(int dir, const char *name, struct buf *b)
	__attribute__((nonnull, warn_unused_result));
struct error *path_read_text(int dir, const char *name, size_t max, char **ret_text)
	__attribute__((nonnull, warn_unused_result));

/* Writes @data to the existing file @name in @dir (cgroup and /proc files). */
struct error *path_write_existing(int dir, const char *name, const char *data)
	__attribute__((nonnull, warn_unused_result));

/*
 * Puts a file @name with @data in @dir, whole or not at all: temporary name, rename(2). With
 * @durable also fsync(2) of the file and the directory.
 */
struct error *path_replace(int dir, const char *name, const void *data, size_t length, mode_t mode,
			   bool durable) __attribute__((nonnull(2), warn_unused_result));

/*
 * Removes @name in @dir and everything below, never crossing a mount and never following a link;
 * missing is success.
 */
struct error *path_remove_tree(int dir, const char *name)
	__attribute__((nonnull, warn_unused_result));

/* Whether @name is a plain file name: not empty, ".", "..", and without '/'. */
bool path_is_name(const char *name) __attribute__((nonnull));

/* @path without ".", empty parts and "..", as if from "/"; always absolute. The caller frees. */
char *path_normalize(const char *path) __attribute__((nonnull, returns_nonnull, malloc));

/* The last part of @path, "" where it ends in '/'. */
const char *path_last(const char *path) __attribute__((nonnull, returns_nonnull));
