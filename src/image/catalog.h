/*
 * The tables of images. One row of `images` is all that a run needs: the config's text and the
 * names of the layer directories. Functions that write want a transaction of the caller's.
 */
#pragma once

#include <stdbool.h>

#include "image/image.h"

/* What is recorded of a new image. */
struct catalog_image {
	const char *id;
	const char *config; /* its text */
	char *const *layers;
	const char *manifest; /* digest of the OCI manifest; NULL: none */
	uint64_t size_bytes;
};

/* Adds it unless it is there; layers must be there already. */
struct error *catalog_add_image(struct db *db, const struct catalog_image *image)
	__attribute__((nonnull, warn_unused_result));

struct error *catalog_add_layer(struct db *db, const char *name, const char *diff_id,
				uint64_t size_bytes) __attribute__((nonnull, warn_unused_result));
struct error *catalog_has_layer(struct db *db, const char *name, bool *ret)
	__attribute__((nonnull, warn_unused_result));
struct error *catalog_layer_size(struct db *db, const char *name, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));
struct error *catalog_has_blob(struct db *db, const char *hex, bool *ret)
	__attribute__((nonnull, warn_unused_result));

/*
 * The blob @digest of @size_bytes is kept: a layer of diff id @diff_id as it came. It goes with the
 * last layer that has the diff id.
 */
struct error *catalog_add_blob(struct db *db, const char *digest, const char *diff_id,
			       uint64_t size_bytes) __attribute__((nonnull, warn_unused_result));

/*
 * A kept blob of a layer: the one of @digest where there is such a one, else (or with NULL) any
 * that has @diff_id. ERROR_NOT_FOUND.
 */
struct error *catalog_find_blob(struct db *db, const char *diff_id, const char *digest,
				char ret_digest[DIGEST_SIZE], uint64_t *ret_bytes)
	__attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

/* Makes @name (short form, with tag or digest) mean image @id, whatever it meant before. */
struct error *catalog_set_name(struct db *db, const char *name, bool is_digest, const char *id)
	__attribute__((nonnull, warn_unused_result));
struct error *catalog_remove_name(struct db *db, const char *name)
	__attribute__((nonnull, warn_unused_result));

/*
 * Removes the image and its names, and the layers that no other image has: their names in
 * @ret_layers. Blobs of layers that are no more lose their rows too.
 */
struct error *catalog_remove_image(struct db *db, const char *id, char ***ret_layers)
	__attribute__((nonnull, warn_unused_result));

/*
 * The image that @name means, or whose id begins with @prefix; ERROR_NOT_FOUND, or
 * ERROR_BAD_INPUT.
 */
struct error *catalog_find_name(struct db *db, const char *name, struct image **ret)
	__attribute__((nonnull, warn_unused_result));
struct error *catalog_find_id(struct db *db, const char *prefix, struct image **ret)
	__attribute__((nonnull, warn_unused_result));
struct error *catalog_list(struct db *db, struct image ***ret, size_t *ret_n)
	__attribute__((nonnull, warn_unused_result));

/* The digests of all kept blobs of a layer; the caller frees the strv. */
struct error *catalog_blobs_of(struct db *db, const char *diff_id, char ***ret)
	__attribute__((nonnull, warn_unused_result));

/* image_store_size(), image_content_size(), image_shared_size() */
struct error *catalog_size(struct db *db, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));
struct error *catalog_content_size(struct db *db, const char *id, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));
struct error *catalog_shared_size(struct db *db, const char *id, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));

/* The names with a tag of the repository @name; the caller frees the strv. */
struct error *catalog_names_of(struct db *db, const char *name, char ***ret)
	__attribute__((nonnull, warn_unused_result));

/* The digest of the manifest that the image came with; "" where there was none. */
struct error *catalog_manifest(struct db *db, const char *id, char ret_digest[DIGEST_SIZE])
	__attribute__((nonnull, warn_unused_result));

/* The text of an image's config; the caller frees. */
struct error *catalog_config(struct db *db, const char *id, char **ret_text)
	__attribute__((nonnull, warn_unused_result));
