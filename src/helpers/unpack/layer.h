/*
 * One layer, a plain tar stream (pax, GNU, ustar; image-spec, layer.md), into one directory.
 * libarchive reads, tree.h writes. Owners over 65535 are stored as nobody and reported; device
 * nodes are reported, not made; of extended attributes only user.* (but not overlayfs's own) and
 * security.capability are kept; sockets are left out.
 */
#pragma once

#include <stdint.h>

#include "helpers/unpack/report.h"

/* What an honest layer stays far below. */
struct layer_limits {
	uint64_t entries;
	uint64_t bytes;	     /* written, all files together */
	uint64_t file_bytes; /* of one file as it appears, holes and all */
	size_t path_length, path_depth;
	size_t xattrs, xattr_bytes; /* of one entry */
};
extern const struct layer_limits layer_limits_default;

/* The process's umask must be 0. */
struct error *layer_unpack(int archive, int target, const struct layer_limits *limits,
			   struct report *report) __attribute__((nonnull, warn_unused_result));
