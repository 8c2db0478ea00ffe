/* What the engine does with images, knowing the containers made of them; part of engine.h. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "image/image.h"

struct engine;

/*
 * Writes the files of a container, running or not, as a tar archive to @out: what it sees without
 * its mounts.
 */
struct error *engine_export(struct engine *e, const char *ref, int out)
	__attribute__((nonnull, warn_unused_result));

struct engine_commit {
	const char *reference, *author, *message; /* NULL: none */
	char **changes;				  /* as of struct image_import */
	bool pause;				  /* while its files are read */
};
/* Makes an image of what a container has changed in its own. */
struct error *engine_commit(struct engine *e, const char *ref, const struct engine_commit *request,
			    char ret_id[DIGEST_SIZE]) __attribute__((nonnull, warn_unused_result));

/*
 * Removes the images that no container was made of: those without a tag, or with .all any of which
 * .test (NULL: no further test) says so. Lines as of image_remove(); *@ret_bytes is what the store
 * has become smaller by.
 */
struct engine_image_prune {
	bool all;
	struct error *(*test)(void *data, const struct image *image, bool *ret);
	void *data;
};
struct error *engine_image_prune(struct engine *e, const struct engine_image_prune *prune,
				 char ***ret_lines, uint64_t *ret_bytes)
	__attribute__((nonnull, warn_unused_result));

/* image_verify(), kept from layers that running containers lie on. */
struct error *engine_image_verify(struct engine *e, const struct image_verify *what,
				  struct image_verified *ret)
	__attribute__((nonnull, warn_unused_result));

/* The JSON of GET /system/df: images, containers and volumes with what they take. */
struct error *engine_disk_usage(struct engine *e, json_t **ret)
	__attribute__((nonnull, warn_unused_result));
