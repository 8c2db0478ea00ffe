/*
 * Tar archives, written: POSIX ustar, and pax records where ustar cannot hold something
 * (pax(1), "ustar Interchange Format", "pax Extended Header"): long names, large numbers, parts of
 * a second, extended attributes as SCHILY.xattr, holes as GNU.sparse 1.0 (tar's manual, "Storing
 * Sparse Files"). The same entries give the same bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/buf.h"
#include "base/error.h"

#define TAR_BLOCK 512

struct tar_xattr {
	char *name;
	void *value;
	size_t size;
};

struct tar_extent {
	uint64_t offset, length;
};

struct tar_entry {
	const char *path; /* relative; of a directory without '/' at its end */
	mode_t mode;	  /* with its type */
	uint64_t uid, gid;
	struct timespec mtime;
	uint64_t size;	  /* of a regular file */
	const char *link; /* where a symbolic link leads, or what a hard link is the same file as */
	bool is_hard_link;
	dev_t device;
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
	/* where a sparse file has bytes, in order; then only they follow the header */
	bool is_sparse;
	const struct tar_extent *extents;
	size_t n_extents;
};

/*
 * Adds what stands before the bytes of @e. Those follow, *@ret_bytes in number, and then
 * tar_padding(*@ret_bytes) zeroes. ERROR_BAD_INPUT for what no tar can hold.
 */
struct error *tar_add_header(struct buf *b, const struct tar_entry *e, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));
size_t tar_padding(uint64_t bytes);

/* Adds the end of an archive. */
struct error *tar_add_end(struct buf *b) __attribute__((nonnull, warn_unused_result));
