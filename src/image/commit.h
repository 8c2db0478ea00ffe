/*
 * How an image becomes visible: layers that are missing are unpacked, everything is on disk, and
 * then one transaction moves it into place and records it.
 */
#pragma once

#include "image/config.h"
#include "image/layer.h"

/* One image to be recorded, whole or not at all. Everything is the caller's. */
struct commit {
	const char *config; /* its text; the image's id is its digest */
	size_t config_length;
	const char *manifest; /* its text, NULL: none */
	size_t manifest_length;
	char *const *diff_ids;
	char *const *names;   /* short forms with tags */
	char *const *digests; /* "name@sha256:…" */
	/* Called before layers are unpacked, with how many there are; NULL: not. */
	struct error *(*connect)(void *data, size_t n_missing);
	layer_progress *progress; /* NULL: nobody looks */
	void *progress_data;	  /* of both */
};

/* Fills @ret->source and .digest for layer @i of the image. */
typedef struct error *commit_find_layer(void *data, size_t i, struct layer_request *ret);

/* Unpacks what @w's store lacks, asking @find for each layer, and records the image as @ret_id. */
struct error *commit_image(struct work *w, const struct commit *c, commit_find_layer *find,
			   void *data, char ret_id[DIGEST_SIZE])
	__attribute__((nonnull(1, 2, 3, 5), warn_unused_result));

/*
 * An image that is being made, of a layer of its own: what an import and a container's commit are.
 */
struct making {
	struct work w;
	struct layer_request layer;
	struct config_file config;
	char **names;
};
#define MAKING_NONE                                                                                \
	{                                                                                          \
		.w = WORK_NONE, .layer = {.source = EXTENT_NONE, .directory = "layer" }            \
	}
void making_done(struct making *m) __attribute__((nonnull));
#define automaking __attribute__((cleanup(making_done)))

/* Begins the work for an image that is to be called @reference; NULL: to have no name. */
struct error *making_begin(struct making *m, struct image_store *store, const char *reference)
	__attribute__((nonnull(1, 2), warn_unused_result));

/* Records the image of @m's config; @layer: whether its own layer is part of it. */
struct error *making_commit(struct making *m, bool layer, char ret_id[DIGEST_SIZE])
	__attribute__((nonnull, warn_unused_result));
