/*
 * The words between bulkhead-pack and the folder that starts it: bulkhead-unpack's (base/unpack.h)
 * for the other way. Its report is UNPACK_DONE (u64 entries, u64 bytes written) or UNPACK_ERROR.
 *
 *   tree   everything below PACK_FD_TREE as a tar stream
 *   diff   the same of an upper directory of overlayfs (base/overlay.h), as a layer: what it hides
 *          of the lower directories becomes whiteouts (image-spec, layer.md)
 *   gzip   the bytes of PACK_FD_IN, compressed (RFC 1952); the same bytes give the same bytes
 *   zstd   the same in RFC 8878's format
 */
#pragma once

#define PACK_PROGRAM "bulkhead-pack"

enum pack_fd {
	PACK_FD_IN = 0, /* gzip, zstd; else the report's pipe too */
	PACK_FD_OUT = 1,
	PACK_FD_STDERR = 2,
	PACK_FD_REPORT = 3,
	PACK_FD_TREE = 4, /* tree, diff: a detached, idmapped, read-only mount */
	PACK_FD_END,
};
