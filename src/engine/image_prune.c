/* The images that nobody needs, and what all of them take (daemon/images/image_prune.go). */
#include <stdlib.h>

#include "base/strv.h"
#include "engine/record.h"

#include "base/banned.h"

/* Whether the image may go: no container was made of it, and it has no tag or @all is said. */
static struct error *is_unused(struct engine *e, const struct image *image, bool all, bool *ret)
{
	char **users autostrv = NULL, **running autostrv = NULL;

	*ret = all || !image->names;
	if (!*ret)
		return NULL;
	TRY(record_image_users(e, image->id, &users, &running));
	*ret = !users;
	return NULL;
}

/* By its names and digests, as docker does, so that each "untagged" is told; else by its id. */
static struct error *remove_image(struct engine *e, const struct image *image, char ***lines)
{
	char **names autostrv = strv_copy(image->names);

	for (char **d = image->digests; d && *d; d++)
		strv_add(&names, *d);
	if (!names)
		return engine_image_remove(e, image->id, false, lines);
	for (char **name = names; *name; name++) {
		struct error *err = engine_image_remove(e, *name, false, lines);

		/* A digest went with the last tag. */
		if (error_is(err, ERROR_NOT_FOUND)) {
			error_free(err);
			continue;
		}
		TRY(err);
	}
	return NULL;
}

static struct error *prune_one(struct engine *e, const struct image *image,
			       const struct engine_image_prune *prune, char ***lines)
{
	struct error *err;
	bool wanted;

	TRY(is_unused(e, image, prune->all, &wanted));
	if (wanted && prune->test)
		TRY(prune->test(prune->data, image, &wanted));
	if (!wanted)
		return NULL;
	err = remove_image(e, image, lines);
	if (error_is(err, ERROR_CONFLICT)) { /* a container was made of it meanwhile */
		error_free(err);
		return NULL;
	}
	return err;
}

struct error *engine_image_prune(struct engine *e, const struct engine_image_prune *prune,
				 char ***ret_lines, uint64_t *ret_bytes)
{
	uint64_t before, after;
	struct image **images = NULL;
	struct error *err = NULL;
	size_t n = 0;

	TRY(image_store_size(engine_images(e), &before));
	TRY(image_list(engine_images(e), &images, &n));
	for (size_t i = 0; i < n; i++) {
		if (!err)
			err = prune_one(e, images[i], prune, ret_lines);
		image_free(images[i]);
	}
	free(images);
	TRY(err);
	TRY(image_store_size(engine_images(e), &after));
	*ret_bytes = before > after ? before - after : 0;
	return NULL;
}
