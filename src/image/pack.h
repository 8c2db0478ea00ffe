/*
 * bulkhead-pack at work: streams of what it makes of the files of a container, and blobs of the
 * store compressed. Plain tar archives around blobs are written here instead (save.c): all that is
 * in them is of our own making or was checked against its digest.
 */
#pragma once

#include "image/sandbox.h"
#include "image/store.h"

/*
 * Starts the helper on the files below the detached mount @tree, "tree" or "diff" of base/pack.h;
 * the stream comes out of *@ret_read. Once that is at its end, sandbox_finish() says whether it
 * was whole.
 */
struct error *pack_start(struct sandbox *s, const char *mode, int tree, int *ret_read)
	__attribute__((nonnull, warn_unused_result));

/* A blob that is to be compressed. */
struct pack_input {
	int fd;		    /* a file */
	const char *digest; /* what its bytes have to be */
	const char *mode;   /* "gzip" or "zstd" */
};

/* Compresses @in into the empty file @out; the same bytes become the same bytes. */
struct error *pack_compress(const struct pack_input *in, int out, char ret_digest[DIGEST_SIZE],
			    uint64_t *ret_bytes) __attribute__((nonnull, warn_unused_result));

/*
 * A detached, read-only mount of what a container of the @n layers, lowest first, and of the upper
 * directory @upper has as its root; its ids are the helpers'.
 */
struct error *pack_view(struct image_store *store, const int *layers, size_t n, int upper,
			int *ret_fd) __attribute__((nonnull, warn_unused_result));
