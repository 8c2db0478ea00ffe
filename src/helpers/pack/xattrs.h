/*
 * The extended attributes of a file that are worth an archive: those of user.*, but for
 * overlayfs's own, and security.capability.
 */
#pragma once

#include "base/tar.h"

struct xattrs {
	struct tar_xattr *list; /* by name */
	size_t n, bytes;
};
void xattrs_done(struct xattrs *x) __attribute__((nonnull));
#define autoxattrs __attribute__((cleanup(xattrs_done)))

/* Fills the zeroed @x; more than @most bytes of names and values are ERROR_LIMIT. */
struct error *xattrs_read(int fd, size_t most, struct xattrs *x)
	__attribute__((nonnull, warn_unused_result));
