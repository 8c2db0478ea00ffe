/*
 * The mount API by descriptors: fsopen(2), fsmount(2), open_tree(2), mount_setattr(2),
 * move_mount(2). A mount made here is detached, seen by nobody, until mount_attach() puts it
 * somewhere; with its last descriptor it is gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* A detached copy of the mount tree at @path below @dir (AT_FDCWD, or "" for @dir itself). */
struct error *mount_clone(int dir, const char *path, bool recursive, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* Gives the detached mount @fd the ids of @userns (mount_setattr(2), MOUNT_ATTR_IDMAP). */
struct error *mount_idmap(int fd, int userns, bool recursive) __attribute__((warn_unused_result));

/* Sets and clears MOUNT_ATTR_* of @fd; @propagation is MS_PRIVATE and such, or 0. */
struct error *mount_attributes(int fd, uint64_t set, uint64_t clear, uint64_t propagation,
			       bool recursive) __attribute__((warn_unused_result));

/*
 * Opens a file system context, and sets options: texts, or with mount_option_fd() a descriptor.
 * NULL value: a flag.
 */
struct error *mount_open_fs(const char *type, int *ret_context)
	__attribute__((nonnull, warn_unused_result));
struct error *mount_option(int context, const char *key, const char *value)
	__attribute__((nonnull(2), warn_unused_result));
struct error *mount_option_fd(int context, const char *key, int fd)
	__attribute__((nonnull, warn_unused_result));

/*
 * Makes the file system of @context and a detached mount of it with @attributes. Errors carry the
 * kernel's own words.
 */
struct error *mount_make(int context, uint64_t attributes, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));

/* Puts the detached mount @fd on the file or directory @target (an O_PATH descriptor). */
struct error *mount_attach(int fd, int target) __attribute__((warn_unused_result));
