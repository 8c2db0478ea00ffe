/*
 * An outer archive: what `docker save`, skopeo or buildah wrote, as a plain tar file (read in
 * place, by ranges), a pipe or compressed file (spooled to an unnamed file of the store first), or
 * an OCI layout directory. bulkhead-unpack lists the tar; nothing it says is believed without a
 * digest.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/error.h"

struct archive;

/* Bytes of a file: @fd is the caller's to close. */
struct extent {
	int fd;
	uint64_t offset, length;
};
void extent_done(struct extent *e) __attribute__((nonnull));
#define EXTENT_NONE                                                                                \
	{                                                                                          \
		.fd = -1                                                                           \
	}
#define autoextent __attribute__((cleanup(extent_done)))

/* @fd stays the caller's; @spool_dir is where an unnamed file can be made. */
struct error *archive_open(int fd, int spool_dir, struct archive **ret)
	__attribute__((nonnull, warn_unused_result));
void archive_close(struct archive *a);
DEFINE_AUTO(struct archive *, archive_close);
#define autoarchive __attribute__((cleanup(archive_close_p)))

/* Where the bytes of the file @path are; links inside the archive are followed. ERROR_NOT_FOUND. */
struct error *archive_find(struct archive *a, const char *path, struct extent *ret)
	__attribute__((nonnull, warn_unused_result));

/* The whole of a small file, within the maximum of @b. */
struct error *archive_read(struct archive *a, const char *path, struct buf *b)
	__attribute__((nonnull, warn_unused_result));

/* blobs/sha256/HEX of @digest: its place, or its bytes, which are checked against the digest. */
struct error *archive_find_blob(struct archive *a, const char *digest, struct extent *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *archive_read_blob(struct archive *a, const char *digest, struct buf *b)
	__attribute__((nonnull, warn_unused_result));

/* How many bytes of compressed magic archives begin with, and whether @head is of such a format. */
#define ARCHIVE_MAGIC_SIZE 6
bool archive_is_compressed(const void *head, size_t length) __attribute__((nonnull));
