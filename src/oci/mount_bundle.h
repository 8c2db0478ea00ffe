/* What the mounts of a bundle have beyond those of the engine (config.md, Mounts). */
#pragma once

#include "oci/oci.h"

/*
 * A detached mount of the file system @m asks for, with its own attributes; @mode NULL: as it says.
 */
struct error *mount_make_other(const struct oci_mount *m, const char *mode, int *ret_fd)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* A tmpfs is made read-only last: devices and mount points have to be made in it. */
bool mount_made_readonly_later(const struct oci_mount *m) __attribute__((nonnull));

/* Gives the detached copy @fd the attributes of the bind mount @m. */
struct error *mount_adjust(const struct oci_mount *m, int fd)
	__attribute__((nonnull, warn_unused_result));

/*
 * "remount": flags and data of what is mounted on @target, with "bind" of this mount of it alone.
 */
struct error *mount_again(const struct oci_mount *m, int target)
	__attribute__((nonnull, warn_unused_result));

/* The propagations of @m, in their order, on @fd, which is attached. */
struct error *mount_propagate(const struct oci_mount *m, int fd)
	__attribute__((nonnull, warn_unused_result));

/*
 * "copy-symlink" of crun's, for @m with a symlink as its source: it is to be made anew, whatever it
 * leads to.
 */
struct error *mount_take_link(struct oci_mount *m) __attribute__((nonnull, warn_unused_result));

/* Makes the symlink @m; one that is there already has to lead to the same place. */
struct error *mount_make_link(const struct oci_mount *m, int root)
	__attribute__((nonnull, warn_unused_result));

/*
 * Whether @m may lie in /proc: proc itself, and single files that programs put over the kernel's.
 */
bool mount_may_be_in_proc(const struct oci_mount *m) __attribute__((nonnull));
