/*
 * overlayfs (kernel: filesystems/overlayfs.rst) over detached mounts, its own attributes in user.*
 * so that files of any owner can carry them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct overlay {
	const int *layers; /* detached mounts of directories, the lowest first; at least one */
	size_t n_layers;
	int upper; /* one in which are "diff" and "work"; -1: read-only, of two layers at least */
	bool volatile_upper;
	uid_t ids; /* the file system ids to mount with: what id 0 is on the upper mount */
	uint64_t attributes; /* MOUNT_ATTR_* */
	const char *place;   /* a directory that older kernels mount over, in a namespace apart */
};

/*
 * A detached mount of it. The caller is root of the initial user namespace; the layers remain its
 * own.
 */
struct error *overlay_make(const struct overlay *o, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));
