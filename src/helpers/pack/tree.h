/*
 * A directory as a tar stream, read by descriptor only: what lives in it may change while it is
 * read, and gets nothing into the archive that is not below it. Names are sorted. Sockets are left
 * out; of extended attributes only user.* (but not overlayfs's own) and security.capability are
 * kept, as bulkhead-unpack keeps them.
 *
 * The root itself is an entry only where it is not what an unpacker makes by itself: 0755, of
 * root, without attributes.
 */
#pragma once

#include <stdbool.h>

#include "helpers/pack/output.h"

/* What an honest tree stays far below; bulkhead-unpack has the same. */
struct tree_limits {
	uint64_t entries;
	size_t path_length, path_depth;
	size_t xattr_bytes; /* of one entry */
	size_t extents;	    /* of one sparse file */
};
extern const struct tree_limits tree_limits_default;

/* @upper: whiteouts and opaque directories of overlayfs become those of layer.md. */
struct error *tree_pack(int dir, bool upper, const struct tree_limits *limits, struct output *out,
			uint64_t *ret_entries) __attribute__((nonnull, warn_unused_result));
