/*
 * An image on its way out, to a registry or an archive: the manifest that it came with, byte for
 * byte, and the blobs which that names; where it came without one, or its layers are kept under
 * other digests, a manifest made of what is kept.
 */
#pragma once

#include "base/buf.h"
#include "image/store.h"

struct outgoing_layer {
	char digest[DIGEST_SIZE];
	const char *diff_id; /* the image's */
	uint64_t size;
	int file; /* bytes that were made of the blob for others; -1: the blob itself */
};

struct outgoing {
	const struct image *image; /* the caller's */
	struct outgoing_layer *layers;
	size_t n;
	struct buf manifest;
	char manifest_digest[DIGEST_SIZE];
	char *media_type;
	uint64_t config_size;
};

/* Whose media types a manifest may have. */
enum outgoing_kind {
	/*
	 * Any. One that has to be made is docker's if docker knows the layers, and plain layers go
	 * out compressed: to a registry.
	 */
	OUTGOING_DOCKER,
	OUTGOING_ANY, /* any; one that has to be made is the OCI's */
	OUTGOING_OCI, /* the OCI's only: another is made anew */
};

/* Fills @ret; outgoing_done() frees. */
struct error *outgoing_open(struct image_store *store, const struct image *image,
			    enum outgoing_kind kind, struct outgoing *ret)
	__attribute__((nonnull, warn_unused_result));
void outgoing_done(struct outgoing *o) __attribute__((nonnull));
#define autooutgoing __attribute__((cleanup(outgoing_done)))

/* The bytes of a layer, from the beginning of the file; the caller closes it. */
struct error *outgoing_open_layer(struct image_store *store, const struct outgoing *o, size_t i,
				  int *ret_fd) __attribute__((nonnull, warn_unused_result));

/* A blob of the store, or its size. */
struct error *outgoing_open_blob(struct image_store *store, const char *digest, int *ret_fd)
	__attribute__((nonnull, warn_unused_result));
