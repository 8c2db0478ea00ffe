/* What mount.c does without mount_setattr(2). */
#pragma once

#include <stdbool.h>
#include <sys/mount.h>

#include "base/error.h"

/*
 * Gives the mount of @fd what @attr says by mount(2): now, where it is attached, else when
 * mount_flags_attached() is told that it has been. Ids cannot be mapped so: ERROR_UNSUPPORTED.
 */
struct error *mount_flags_set(int fd, const struct mount_attr *attr, bool recursive)
	__attribute__((nonnull, warn_unused_result));
struct error *mount_flags_attached(int fd) __attribute__((warn_unused_result));

/* Called before a clone: what waits here may be attached there. */
struct error *mount_flags_share(void) __attribute__((warn_unused_result));
